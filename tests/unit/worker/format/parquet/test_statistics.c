/* Bounds by plain comparison; cut texts after parquet.thrift's words on is_max_value_exact. */
#include "worker/format/parquet/statistics.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <math.h>

struct written {
    struct str min, max;
    int64_t nulls;
    int min_exact, max_exact; /* -1: not stated */
};

/* What stands in the structure at field 12. */
static void read_back(const struct buf *out, struct written *w)
{
    struct thrift_reader reader;
    struct thrift_field field;
    int16_t last = 0;
    *w = (struct written){.min_exact = -1, .max_exact = -1, .nulls = -1};
    thrift_read_init(&reader, out->p, out->n);
    assert_true(thrift_read_field(&reader, &last, &field));
    assert_int_equal(field.id, 12);
    for (last = 0; thrift_read_field(&reader, &last, &field);) {
        if (field.id == 3)
            w->nulls = thrift_read_int(&reader, field);
        else if (field.id == 5)
            w->max = thrift_read_binary(&reader, field);
        else if (field.id == 6)
            w->min = thrift_read_binary(&reader, field);
        else if (field.id == 7)
            w->max_exact = thrift_read_bool(&reader, field);
        else if (field.id == 8)
            w->min_exact = thrift_read_bool(&reader, field);
        else
            fail_msg("field %d", field.id);
    }
    assert_false(reader.failed);
}

static void write_out(const struct statistics *statistics, struct type type, struct buf *out, struct written *w)
{
    struct thrift_writer writer;
    buf_reset(out);
    thrift_init(&writer, out);
    statistics_write(statistics, type, &writer, 12);
    read_back(out, w);
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void string_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *values[4];
        const char *min, *max; /* NULL: none */
        bool min_exact, max_exact;
    } cases[] = {
        {{"b", "a", "c"}, "a", "c", true, true},
        {{"", "x"}, "", "x", true, true},
        {{"abcdefgh", "abcdefghi", "abcdefg"}, "abcdefg", "abcdefghi", true, true},
        {{"z", "é", "日"}, "z", "日", true, true}, /* by unsigned bytes */
        {{SIXTY "0123"}, SIXTY "0123", SIXTY "0123", true, true},
        {{SIXTY "01234"}, SIXTY "0123", SIXTY "0124", false, false},
        {{SIXTY "01234", SIXTY "0123"}, SIXTY "0123", SIXTY "0124", true, false},
        {{SIXTY "0129", SIXTY "01234"}, SIXTY "0123", SIXTY "0129", false, true},
        /* the 64th byte lies within é, which goes; then 2 becomes 3 */
        {{SIXTY "012éx"}, SIXTY "012", SIXTY "013", false, false},
        /* the last letter is U+D7FF: the next one is U+E000, as there are no surrogates */
        {{SIXTY "0\xed\x9f\xbfxyz"}, SIXTY "0\xed\x9f\xbf", SIXTY "0\xee\x80\x80", false, false},
        /* U+10FFFF can't be raised: the one before it is */
        {{SIXTY "\xf4\x8f\xbf\xbfx"}, SIXTY "\xf4\x8f\xbf\xbf", TEN TEN TEN TEN TEN "012345678:", false, false},
        /* U+007F becomes two bytes */
        {{SIXTY "012\x7fx"}, SIXTY "012\x7f", SIXTY "012\xc2\x80", false, false},
        /* bytes that are not UTF-8 are stated nowhere */
        {{"\xff\xfe"}, NULL, NULL, false, false},
    };
    struct buf out;
    buf_init(&out, 10000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct statistics statistics;
        struct written w;
        statistics_reset(&statistics);
        for (size_t v = 0; v < 4 && cases[i].values[v]; v++)
            statistics_add_str(&statistics, str_of(cases[i].values[v]));
        write_out(&statistics, TYPE(TYPE_STRING), &out, &w);
        assert_true(str_eq(w.min, str_of(cases[i].min)));
        assert_true(str_eq(w.max, str_of(cases[i].max)));
        assert_int_equal(w.min_exact, cases[i].min ? cases[i].min_exact : -1);
        assert_int_equal(w.max_exact, cases[i].max ? cases[i].max_exact : -1);
    }
    buf_dispose(&out);
}

static void nothing_but_the_last_code_point(void **state)
{
    (void)state;
    struct statistics statistics;
    struct written w;
    struct buf out;
    char text[80];
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "\xf4\x8f\xbf\xbf"[i % 4];
    statistics_reset(&statistics);
    statistics_add_str(&statistics, (struct str){text, sizeof text});
    write_out(&statistics, TYPE(TYPE_STRING), &out, &w);
    assert_int_equal(w.min.n, 64);
    assert_null(w.max.p);
    assert_int_equal(w.max_exact, -1);
    buf_dispose(&out);
}

static void double_bounds(void **state)
{
    (void)state;
    static const struct {
        double values[4];
        uint32_t n;
        const char *min, *max; /* little-endian */
    } cases[] = {
        {{0.0, 0.0}, 2, "\0\0\0\0\0\0\0\x80", "\0\0\0\0\0\0\0\0"},
        {{-0.0}, 1, "\0\0\0\0\0\0\0\x80", "\0\0\0\0\0\0\0\0"},
        {{NAN, 1.0, NAN, 2.0}, 4, "\0\0\0\0\0\0\xf0\x3f", "\0\0\0\0\0\0\0\x40"},
        {{NAN, NAN}, 2, NULL, NULL},
        {{-INFINITY, INFINITY}, 2, "\0\0\0\0\0\0\xf0\xff", "\0\0\0\0\0\0\xf0\x7f"},
    };
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct statistics statistics;
        struct written w;
        statistics_reset(&statistics);
        statistics_add_fixed(&statistics, TYPE(TYPE_DOUBLE), cases[i].values, cases[i].n);
        write_out(&statistics, TYPE(TYPE_DOUBLE), &out, &w);
        assert_int_equal(w.min.p != NULL, cases[i].min != NULL);
        if (cases[i].min) {
            assert_memory_equal(w.min.p, cases[i].min, 8);
            assert_memory_equal(w.max.p, cases[i].max, 8);
        }
    }
    buf_dispose(&out);
}

static void number_bounds(void **state)
{
    (void)state;
    const int64_t integers[] = {3, INT64_MIN, 258, -1};
    const int32_t dates[] = {-1, 256, 0};
    const uint8_t booleans[] = {1, 1};
    const int128 wide[] = {-1, (int128)1 << 64, 5};
    const struct {
        struct type type;
        const void *values;
        uint32_t n;
        const char *min, *max;
        size_t size;
    } cases[] = {
        {TYPE(TYPE_INTEGER), integers, 4, "\0\0\0\0\0\0\0\x80", "\2\1\0\0\0\0\0\0", 8},
        {TYPE(TYPE_DATE), dates, 3, "\xff\xff\xff\xff", "\0\1\0\0", 4},
        {TYPE(TYPE_BOOLEAN), booleans, 2, "\1", "\1", 1},
        {TYPE_DEC(38, 9), wide, 3, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 16},
    };
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct statistics statistics;
        struct written w;
        statistics_reset(&statistics);
        statistics.nulls = 7;
        statistics_add_fixed(&statistics, cases[i].type, cases[i].values, 1);
        statistics_add_fixed(
            &statistics, cases[i].type, (const char *)cases[i].values + type_size(cases[i].type), cases[i].n - 1);
        write_out(&statistics, cases[i].type, &out, &w);
        assert_int_equal(w.nulls, 7);
        assert_int_equal(w.min.n, cases[i].size);
        assert_memory_equal(w.min.p, cases[i].min, cases[i].size);
        assert_memory_equal(w.max.p, cases[i].max, cases[i].size);
    }
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(string_bounds),
        cmocka_unit_test(nothing_but_the_last_code_point),
        cmocka_unit_test(double_bounds),
        cmocka_unit_test(number_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
