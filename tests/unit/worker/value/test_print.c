#include "tests/unit/worker/value/check.h"
#include "tests/unit/worker/value/expected_print.h"

static void check_print(struct type type, const void *value, const char *expected)
{
    struct buf out;
    buf_init(&out, 4096);
    value_print(&out, type, value);
    assert_string_equal(out.p, expected);
    buf_dispose(&out);
}

static void moments_as_postgres(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++) {
        int32_t days = (int32_t)dates[i].value;
        check_print(TYPE(TYPE_DATE), &days, dates[i].text);
    }
    for (size_t i = 0; i < COUNT(timestamps); i++)
        check_print(TYPE(TYPE_TIMESTAMP), &timestamps[i].value, timestamps[i].text);
    for (size_t i = 0; i < COUNT(times); i++)
        check_print(TYPE(TYPE_TIME), &times[i].value, times[i].text);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        struct type type;
        int64_t value;
        const char *text;
    } cases[] = {
        {{.kind = TYPE_INTEGER}, 0, "0"},
        {{.kind = TYPE_INTEGER}, INT64_MIN, "-9223372036854775808"},
        {{.kind = TYPE_INTEGER}, INT64_MAX, "9223372036854775807"},
        {{TYPE_DECIMAL, 18, 2}, 0, "0.00"},
        {{TYPE_DECIMAL, 18, 2}, 5, "0.05"},
        {{TYPE_DECIMAL, 18, 2}, -5, "-0.05"},
        {{TYPE_DECIMAL, 18, 2}, 1250, "12.50"},
        {{TYPE_DECIMAL, 18, 0}, 1250, "1250"},
        {{TYPE_DECIMAL, 18, 0}, 0, "0"},
        {{TYPE_DECIMAL, 18, 18}, -999999999999999999, "-0.999999999999999999"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_print(cases[i].type, &cases[i].value, cases[i].text);
    int128 wide = 1;
    for (int i = 0; i < 38; i++)
        wide *= 10;
    wide = -(wide - 1);
    check_print(TYPE_DEC(38, 0), &wide, "-99999999999999999999999999999999999999");
    check_print(TYPE_DEC(38, 38), &wide, "-0.99999999999999999999999999999999999999");
    check_print(TYPE_DEC(38, 9), &wide, "-99999999999999999999999999999.999999999");
    int128 least = (int128)((uint128)1 << 127); /* more digits than a decimal has: a sum's intermediate value */
    struct buf out;
    buf_init(&out, 100);
    value_print_decimal(&out, least, 2);
    assert_string_equal(out.p, "-1701411834604692317316873037158841057.28");
    buf_dispose(&out);
}

static void others(void **state)
{
    (void)state;
    uint8_t yes = 1, no = 0;
    struct str text = STR("a b");
    check_print(TYPE(TYPE_BOOLEAN), &yes, "t");
    check_print(TYPE(TYPE_BOOLEAN), &no, "f");
    check_print(TYPE(TYPE_STRING), &text, "a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_as_postgres), cmocka_unit_test(numbers), cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
