/* Bytes as the compact protocol's specification and parquet.thrift state them, worked out by hand. */
#include "worker/format/parquet/thrift.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void fields_are_delta_coded(void **state)
{
    (void)state;
    struct buf out;
    struct thrift_writer writer;
    buf_init(&out, 1000);
    thrift_init(&writer, &out);
    thrift_i32(&writer, 1, 1);                   /* 15 02 */
    thrift_bool(&writer, 3, true);               /* 21 */
    thrift_i64(&writer, 20, -1);                 /* 06 28 01: too far for a delta, zigzag id 40 */
    thrift_binary(&writer, 21, STR("ab"));       /* 18 02 61 62 */
    thrift_list(&writer, 22, THRIFT_I32, 2);     /* 19 25 */
    thrift_element_i32(&writer, 150);            /* ac 02: zigzag 300 */
    thrift_element_i32(&writer, -2);             /* 03 */
    thrift_begin_field(&writer, 23);             /* 1c */
    thrift_bool(&writer, 1, false);              /* 12 */
    thrift_end(&writer);                         /* 00 */
    thrift_list(&writer, 24, THRIFT_STRUCT, 15); /* 19 fc 0f */
    thrift_end(&writer);
    static const uint8_t expected[] = {0x15, 0x02, 0x21, 0x06, 0x28, 0x01, 0x18, 0x02, 0x61, 0x62, 0x19, 0x25, 0xAC,
        0x02, 0x03, 0x1C, 0x12, 0x00, 0x19, 0xFC, 0x0F, 0x00};
    assert_int_equal(out.n, sizeof expected);
    assert_memory_equal(out.p, expected, sizeof expected);
    buf_dispose(&out);
}

static void a_structure_is_read_back(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x15, 0x02, 0x21, 0x06, 0x28, 0x01, 0x18, 0x02, 0x61, 0x62, 0x19, 0x25, 0xAC, 0x02,
        0x03, 0x1C, 0x12, 0x00, 0x00};
    struct thrift_reader reader;
    struct thrift_field field;
    int16_t last = 0;
    thrift_read_init(&reader, bytes, sizeof bytes);
    assert_true(thrift_read_field(&reader, &last, &field));
    assert_int_equal(field.id, 1);
    assert_int_equal(thrift_read_i32(&reader, field), 1);
    assert_true(thrift_read_field(&reader, &last, &field));
    assert_int_equal(field.id, 3);
    assert_true(thrift_read_bool(&reader, field));
    assert_true(thrift_read_field(&reader, &last, &field));
    assert_int_equal(field.id, 20);
    assert_int_equal(thrift_read_int(&reader, field), -1);
    assert_true(thrift_read_field(&reader, &last, &field));
    assert_true(str_eq(thrift_read_binary(&reader, field), STR("ab")));
    while (thrift_read_field(&reader, &last, &field))
        thrift_skip(&reader, field);
    assert_int_equal(field.id, 23);
    assert_false(reader.failed);
    assert_true(reader.at == reader.end);
}

static void hostile_bytes_fail(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes;
        size_t n;
    } cases[] = {
        {"nothing", "", 0},
        {"no stop", "\x15\x02", 2},
        {"a varint without an end", "\x15\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12},
        {"a text longer than the rest", "\x18\x7f\x61", 3},
        {"a text of 2^63", "\x18\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x61", 11},
        {"a list longer than the rest", "\x19\xfc\xff\x7f\x00", 5},
        {"a list of an unknown type", "\x19\x2f\x00\x00", 4},
        {"a map longer than the rest", "\x1b\xff\xff\x03\x88\x00", 6},
        {"an unknown type", "\x1f\x00", 2},
        {"a field id out of range", "\x05\xff\xff\x7f\x00\x00", 6},
        {"structures in structures",
            "\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c", 21},
        {"lists in lists", "\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19",
            22},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct thrift_reader reader;
        struct thrift_field field;
        int16_t last = 0;
        thrift_read_init(&reader, cases[i].bytes, cases[i].n);
        while (thrift_read_field(&reader, &last, &field))
            thrift_skip(&reader, field);
        if (!reader.failed)
            fail_msg("%s: not refused", cases[i].what);
    }
}

static void types_are_checked(void **state)
{
    (void)state;
    struct thrift_reader reader;
    struct thrift_field text = {THRIFT_BINARY, 1}, number = {THRIFT_I64, 1};
    thrift_read_init(&reader, "\x02\x61\x62", 3);
    thrift_read_int(&reader, text);
    assert_true(reader.failed);
    thrift_read_init(&reader, "\x80\x80\x80\x80\x80\x01", 6); /* 2^34: no 32-bit number */
    thrift_read_i32(&reader, number);
    assert_true(reader.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_delta_coded),
        cmocka_unit_test(a_structure_is_read_back),
        cmocka_unit_test(hostile_bytes_fail),
        cmocka_unit_test(types_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
