#include "tests/unit/worker/value/check.h"

static const struct {
    const char *text;
    enum type_kind kind;
    enum value_result result;
    const char *value;
} cases[] = {
    {"2026-11-21", TYPE_DATE, OK, "2026-11-21"},
    {"2026/11/21", TYPE_DATE, OK, "2026-11-21"},
    {"2026.11.21", TYPE_DATE, OK, "2026-11-21"},
    {"2026/1/2", TYPE_DATE, OK, "2026-01-02"},
    {"2026/11-21", TYPE_DATE, BAD, NULL},
    {"20261121", TYPE_DATE, OK, "2026-11-21"},
    {"20261321", TYPE_DATE, RANGE, NULL},
    {"2026112", TYPE_DATE, BAD, NULL},
    {"21/11/2026", TYPE_DATE, OK, "2026-11-21"},
    {"11/21/2026", TYPE_DATE, OK, "2026-11-21"},
    {"21.11.2026", TYPE_DATE, OK, "2026-11-21"},
    {"21-11-2026", TYPE_DATE, OK, "2026-11-21"},
    {"03/04/2026", TYPE_DATE, AMBIGUOUS, NULL},
    {"3.4.2026", TYPE_DATE, AMBIGUOUS, NULL},
    {"03/03/2026", TYPE_DATE, OK, "2026-03-03"},
    {"31/02/2026", TYPE_DATE, RANGE, NULL},
    {"32/13/2026", TYPE_DATE, RANGE, NULL},
    {"30/02/2026", TYPE_DATE, RANGE, NULL},
    {"03/04/26", TYPE_DATE, BAD, NULL},
    {"003/04/2026", TYPE_DATE, BAD, NULL},
    {"3 Mar 2026", TYPE_DATE, OK, "2026-03-03"},
    {"03-Mar-2026", TYPE_DATE, OK, "2026-03-03"},
    {"3 march 2026", TYPE_DATE, OK, "2026-03-03"},
    {"March 3, 2026", TYPE_DATE, OK, "2026-03-03"},
    {"Mar. 3, 2026", TYPE_DATE, OK, "2026-03-03"},
    {"Mar 3 2026", TYPE_DATE, OK, "2026-03-03"},
    {"2026-Mar-03", TYPE_DATE, OK, "2026-03-03"},
    {"2026 Mar 3", TYPE_DATE, OK, "2026-03-03"},
    {"Sat, 21 Nov 2026", TYPE_DATE, OK, "2026-11-21"},
    {"Mon, 21 Nov 2026", TYPE_DATE, RANGE, NULL},
    {"3 Mar", TYPE_DATE, BAD, NULL},
    {"Mar 2026", TYPE_DATE, BAD, NULL},
    {"3Mar2026", TYPE_DATE, BAD, NULL},
    {"2026", TYPE_DATE, BAD, NULL},
    {"tomorrow", TYPE_DATE, BAD, NULL},
    {"", TYPE_DATE, BAD, NULL},
    {"2026-11-21 00:00", TYPE_DATE, OK, "2026-11-21"},
    {"2026-11-21 00:01", TYPE_DATE, RANGE, NULL},
    {"2026-11-21T01:02:03Z", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03+00"},
    {"2026-11-21 01:02:03.5 +0100", TYPE_TIMESTAMP, OK, "2026-11-21 00:02:03.5+00"},
    {"21/11/2026 1:02 PM", TYPE_TIMESTAMP, OK, "2026-11-21 13:02:00+00"},
    {"21/11/2026 1:02pm", TYPE_TIMESTAMP, OK, "2026-11-21 13:02:00+00"},
    {"11/21/2026 12:02:03 AM", TYPE_TIMESTAMP, OK, "2026-11-21 00:02:03+00"},
    {"21/11/2026 13:02 PM", TYPE_TIMESTAMP, RANGE, NULL},
    {"March 3, 2026, 10:00", TYPE_TIMESTAMP, OK, "2026-03-03 10:00:00+00"},
    {"20261121 10:00", TYPE_TIMESTAMP, OK, "2026-11-21 10:00:00+00"},
    {"Sat, 21 Nov 2026 01:02:03 GMT", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03+00"},
    {"Sat, 21 Nov 2026 01:02:03 -0800", TYPE_TIMESTAMP, OK, "2026-11-21 09:02:03+00"},
    {"2026-11-21 01:02 CET", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21 25:00", TYPE_TIMESTAMP, RANGE, NULL},
    {"03/04/2026 10:00", TYPE_TIMESTAMP, AMBIGUOUS, NULL},
    {"31/12/9999 23:00 -0800", TYPE_TIMESTAMP, RANGE, NULL},
    {"1:02 PM", TYPE_TIME, OK, "13:02:00"},
    {"01:02:03.25", TYPE_TIME, OK, "01:02:03.25"},
    {"01:02 Z", TYPE_TIME, BAD, NULL},
};

static void any(void **state)
{
    (void)state;
    static const struct moment_format moment = {.kind = MOMENT_ANY};
    static const struct value_format format = {.moments = &moment, .moment_count = 1};
    for (size_t i = 0; i < COUNT(cases); i++)
        check_text(cases[i].text, TYPE(cases[i].kind), &format, cases[i].result, cases[i].value);
}

static void order_decided(void **state)
{
    (void)state;
    static const struct moment_format day = {.kind = MOMENT_ANY_DAY_FIRST}, month = {.kind = MOMENT_ANY_MONTH_FIRST};
    int32_t date;
    int64_t at;
    assert_int_equal(value_parse_date_with(STR("03/04/2026"), &day, &date), OK);
    assert_int_equal(date, date_from_civil(2026, 4, 3));
    assert_int_equal(value_parse_date_with(STR("03/04/2026"), &month, &date), OK);
    assert_int_equal(date, date_from_civil(2026, 3, 4));
    assert_int_equal(value_parse_date_with(STR("21/11/2026"), &month, &date), RANGE);
    assert_int_equal(value_parse_date_with(STR("2026-11-21"), &month, &date), OK);
    assert_int_equal(value_parse_timestamp_with(STR("11/21/2026 10:00"), &day, NULL, &at), RANGE);
    assert_int_equal(value_parse_timestamp_with(STR("01/01/1970 00:00:01"), &day, NULL, &at), OK);
    assert_int_equal(at, 1000000);
    assert_int_equal(value_parse_time_with(STR("1:00 AM"), &day, &at), OK);
    assert_int_equal(at, 3600000000);
}

/* Several formats: a value beats what is out of range, two values that differ are ambiguous. */
static void several(void **state)
{
    (void)state;
    static const struct moment_format both[] = {
        {MOMENT_ISO, {0}}, {MOMENT_PATTERN, STR("%d/%m/%Y")}, {MOMENT_PATTERN, STR("%m/%d/%Y")}};
    static const struct value_format format = {.moments = both, .moment_count = 3};
    check_text("2026-11-21", TYPE(TYPE_DATE), &format, OK, "2026-11-21");
    check_text("21/11/2026", TYPE(TYPE_DATE), &format, OK, "2026-11-21");
    check_text("11/21/2026", TYPE(TYPE_DATE), &format, OK, "2026-11-21");
    check_text("03/04/2026", TYPE(TYPE_DATE), &format, AMBIGUOUS, NULL);
    check_text("04/04/2026", TYPE(TYPE_DATE), &format, OK, "2026-04-04");
    check_text("31/02/2026", TYPE(TYPE_DATE), &format, RANGE, NULL);
    check_text("2026-02-31", TYPE(TYPE_DATE), &format, RANGE, NULL);
    check_text("x", TYPE(TYPE_DATE), &format, BAD, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any), cmocka_unit_test(order_decided), cmocka_unit_test(several)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
