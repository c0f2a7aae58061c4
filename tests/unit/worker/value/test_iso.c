#include "tests/unit/worker/value/check.h"

#include "worker/value/lane.h"

static const struct {
    const char *text;
    enum type_kind kind;
    enum value_result result;
    const char *value;
} cases[] = {
    {"2026-11-21", TYPE_DATE, OK, "2026-11-21"},
    {" 2026-11-21 ", TYPE_DATE, OK, "2026-11-21"},
    {"0001-01-01", TYPE_DATE, OK, "0001-01-01"},
    {"9999-12-31", TYPE_DATE, OK, "9999-12-31"},
    {"2024-02-29", TYPE_DATE, OK, "2024-02-29"},
    {"2000-02-29", TYPE_DATE, OK, "2000-02-29"},
    {"1900-02-29", TYPE_DATE, RANGE, NULL},
    {"2026-02-29", TYPE_DATE, RANGE, NULL},
    {"2026-02-31", TYPE_DATE, RANGE, NULL},
    {"2026-04-31", TYPE_DATE, RANGE, NULL},
    {"2026-13-01", TYPE_DATE, RANGE, NULL},
    {"2026-00-10", TYPE_DATE, RANGE, NULL},
    {"2026-01-00", TYPE_DATE, RANGE, NULL},
    {"0000-01-01", TYPE_DATE, RANGE, NULL},
    {"2026-1-01", TYPE_DATE, BAD, NULL},
    {"26-01-01", TYPE_DATE, BAD, NULL},
    {"2026/01/01", TYPE_DATE, BAD, NULL},
    {"20260101", TYPE_DATE, BAD, NULL},
    {"-2026-01-01", TYPE_DATE, BAD, NULL},
    {"2026-01-01T00:00:00", TYPE_DATE, BAD, NULL},
    {"2026-01-011", TYPE_DATE, BAD, NULL},
    {"2026-0:-01", TYPE_DATE, BAD, NULL},
    {"2026-01-0/", TYPE_DATE, BAD, NULL},
    {"\xB2\xB0\xB2\xB6-11-21", TYPE_DATE, BAD, NULL},
    {"", TYPE_DATE, BAD, NULL},
    {"01:02:03", TYPE_TIME, OK, "01:02:03"},
    {"01:02", TYPE_TIME, OK, "01:02:00"},
    {"23:59:59.999999", TYPE_TIME, OK, "23:59:59.999999"},
    {"00:00:00.5", TYPE_TIME, OK, "00:00:00.5"},
    {"24:00:00", TYPE_TIME, RANGE, NULL},
    {"12:60", TYPE_TIME, RANGE, NULL},
    {"23:59:60", TYPE_TIME, RANGE, NULL},
    {"1:02:03", TYPE_TIME, BAD, NULL},
    {"01:02:03Z", TYPE_TIME, BAD, NULL},
    {"01", TYPE_TIME, BAD, NULL},
    {"01:02:", TYPE_TIME, BAD, NULL},
    {"01:02:03.", TYPE_TIME, BAD, NULL},
    {"2026-11-21T01:02:03Z", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03+00"},
    {"2026-11-21 01:02:03+00", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03+00"},
    {"2026-11-21 01:02:03", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03+00"},
    {"2026-11-21T01:02", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:00+00"},
    {"2026-11-21T01:02Z", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:00+00"},
    {"2026-11-21", TYPE_TIMESTAMP, OK, "2026-11-21 00:00:00+00"},
    {"2026-11-21T01:02:03.123456Z", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03.123456+00"},
    {"2026-11-21T01:02:03.120", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03.12+00"},
    {"2026-11-21T01:02:03.123456000Z", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03.123456+00"},
    {"2026-11-21T01:02:03.1234567Z", TYPE_TIMESTAMP, RANGE, NULL},
    {"2026-11-21T01:02:03.123456001", TYPE_TIMESTAMP, RANGE, NULL},
    {"2026-11-21T01:02:03.1234560000Z", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03.Z", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03,5Z", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03+01:00", TYPE_TIMESTAMP, OK, "2026-11-21 00:02:03+00"},
    {"2026-11-21T01:02:03+01", TYPE_TIMESTAMP, OK, "2026-11-21 00:02:03+00"},
    {"2026-11-21T01:02:03-05:30", TYPE_TIMESTAMP, OK, "2026-11-21 06:32:03+00"},
    {"2026-11-21T01:02:03.5-05:30", TYPE_TIMESTAMP, OK, "2026-11-21 06:32:03.5+00"},
    {"2026-11-21T01:02:03+15:59", TYPE_TIMESTAMP, OK, "2026-11-20 09:03:03+00"},
    {"2026-11-21T01:02:03+16:00", TYPE_TIMESTAMP, RANGE, NULL},
    {"2026-11-21T01:02:03+01:60", TYPE_TIMESTAMP, RANGE, NULL},
    {"2026-11-21T01:02:03+0100", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03 Z", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03z", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21t01:02:03Z", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21  01:02:03", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03+", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03+1", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:03ZZ", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T24:00:00", TYPE_TIMESTAMP, RANGE, NULL},
    {"2016-12-31T23:59:60Z", TYPE_TIMESTAMP, RANGE, NULL},
    {"2026-02-30T00:00:00", TYPE_TIMESTAMP, RANGE, NULL},
    {"0001-01-01T00:00:00Z", TYPE_TIMESTAMP, OK, "0001-01-01 00:00:00+00"},
    {"0001-01-01T00:00:00+01:00", TYPE_TIMESTAMP, RANGE, NULL},
    {"9999-12-31T23:59:59.999999Z", TYPE_TIMESTAMP, OK, "9999-12-31 23:59:59.999999+00"},
    {"9999-12-31T23:59:59-00:01", TYPE_TIMESTAMP, RANGE, NULL},
    {"1969-12-31T23:59:59.999999Z", TYPE_TIMESTAMP, OK, "1969-12-31 23:59:59.999999+00"},
    {"2026-11-21T01:02:03.\xC2\xA0", TYPE_TIMESTAMP, BAD, NULL},
    {"/026-11-21T01:02:03", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01:02:0:", TYPE_TIMESTAMP, BAD, NULL},
    {"2026-11-21T01;02:03", TYPE_TIMESTAMP, BAD, NULL},
};

static void iso(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_text(cases[i].text, TYPE(cases[i].kind), NULL, cases[i].result, cases[i].value);
}

/* One byte of a good text replaced by each other byte: the fast lane takes it only as the careful lane reads it. */
static void lanes_agree(void **state)
{
    (void)state;
    static const char good[] = "2024-12-29 19:58:57.25+10:30";
    static const size_t lengths[] = {10, 19, 22, 28};
    for (size_t k = 0; k < COUNT(lengths); k++)
        for (size_t at = 0; at < lengths[k]; at++)
            for (int byte = 0; byte < 256; byte++) {
                char text[sizeof good + 1] = " ";
                memcpy(text + 1, good, lengths[k]);
                text[1 + at] = (char)byte;
                int64_t fast = 0, careful = 0;
                struct str plain = {text + 1, lengths[k]}, spaced = {text, lengths[k] + 1};
                enum value_result result = value_parse_timestamp(spaced, NULL, &careful);
                assert_int_equal(value_parse_timestamp(plain, NULL, &fast), result);
                if (result == OK)
                    assert_int_equal(fast, careful);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(iso), cmocka_unit_test(lanes_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
