#include "tests/unit/worker/value/check.h"

static const struct {
    const char *pattern, *text;
    enum type_kind kind;
    enum value_result result;
    const char *value;
} cases[] = {
    {"%d/%m/%Y %H:%M", "21/11/2026 13:45", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:00+00"},
    {"%d/%m/%Y %H:%M", "1/2/2026 3:04", TYPE_TIMESTAMP, OK, "2026-02-01 03:04:00+00"},
    {"%d/%m/%Y %H:%M", "21/11/2026   13:45", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:00+00"},
    {"%d/%m/%Y %H:%M", "21/11/202613:45", TYPE_TIMESTAMP, BAD, NULL},
    {"%d/%m/%Y %H:%M", "21/11/2026 13:45 ", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:00+00"},
    {"%d/%m/%Y %H:%M", "21/11/2026 13:45x", TYPE_TIMESTAMP, BAD, NULL},
    {"%d/%m/%Y %H:%M", "21/11/2026", TYPE_TIMESTAMP, BAD, NULL},
    {"%d/%m/%Y", "31/02/2026", TYPE_DATE, RANGE, NULL},
    {"%d/%m/%Y", "11/31/2026", TYPE_DATE, RANGE, NULL},
    {"%d/%m/%Y", "123/01/2026", TYPE_DATE, BAD, NULL},
    {"%d/%m/%Y", "01/01/26", TYPE_DATE, BAD, NULL},
    {"%d/%m/%y", "01/01/68", TYPE_DATE, OK, "2068-01-01"},
    {"%d/%m/%y", "01/01/69", TYPE_DATE, OK, "1969-01-01"},
    {"%D", "12/31/99", TYPE_DATE, OK, "1999-12-31"},
    {"%d/%m/%y", "01/01/2026", TYPE_DATE, BAD, NULL},
    {"%Y%m%d", "20261121", TYPE_DATE, OK, "2026-11-21"},
    {"%Y%m%d", "2026111", TYPE_DATE, BAD, NULL},
    {"%Y%m%d%H%M%S", "20261121134559", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:59+00"},
    {"%d%m%Y", "1032026", TYPE_DATE, BAD, NULL},
    {"%Y%m%dT%H%M%SZ", "20261121T134559Z", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:59+00"},
    {"%F %T", "2026-11-21 13:45:59", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:59+00"},
    {"%F %T.%f", "2026-11-21 13:45:59.25", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:59.25+00"},
    {"%F %T.%f", "2026-11-21 13:45:59.1234567", TYPE_TIMESTAMP, RANGE, NULL},
    {"%F %T%z", "2026-11-21 13:45:59+0100", TYPE_TIMESTAMP, OK, "2026-11-21 12:45:59+00"},
    {"%F %T%z", "2026-11-21 13:45:59+01:00", TYPE_TIMESTAMP, OK, "2026-11-21 12:45:59+00"},
    {"%F %T%z", "2026-11-21 13:45:59-08", TYPE_TIMESTAMP, OK, "2026-11-21 21:45:59+00"},
    {"%F %T%z", "2026-11-21 13:45:59Z", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:59+00"},
    {"%F %T%z", "2026-11-21 13:45:59", TYPE_TIMESTAMP, BAD, NULL},
    {"%F %T %Z", "2026-11-21 13:45:59 UTC", TYPE_TIMESTAMP, OK, "2026-11-21 13:45:59+00"},
    {"%F %T %Z", "2026-11-21 13:45:59 CET", TYPE_TIMESTAMP, BAD, NULL},
    {"%I:%M %p", "12:00 AM", TYPE_TIME, OK, "00:00:00"},
    {"%I:%M %p", "12:30 pm", TYPE_TIME, OK, "12:30:00"},
    {"%I:%M%p", "1:05PM", TYPE_TIME, OK, "13:05:00"},
    {"%I:%M %p", "13:00 PM", TYPE_TIME, RANGE, NULL},
    {"%I:%M %p", "0:30 AM", TYPE_TIME, RANGE, NULL},
    {"%I:%M %p", "1:00", TYPE_TIME, BAD, NULL},
    {"%d %b %Y", "3 Mar 2026", TYPE_DATE, OK, "2026-03-03"},
    {"%d %b %Y", "3 MARCH 2026", TYPE_DATE, OK, "2026-03-03"},
    {"%d %B %Y", "03 march 2026", TYPE_DATE, OK, "2026-03-03"},
    {"%d %b %Y", "3 Mrz 2026", TYPE_DATE, BAD, NULL},
    {"%d %b %Y", "3 Marc 2026", TYPE_DATE, BAD, NULL},
    {"%d-%b-%y", "03-May-26", TYPE_DATE, OK, "2026-05-03"},
    {"%e %b %Y", "3 Mar 2026", TYPE_DATE, OK, "2026-03-03"},
    {"%b %e %Y", "Mar  3 2026", TYPE_DATE, OK, "2026-03-03"},
    {"%a, %d %b %Y %T %z", "Sat, 21 Nov 2026 01:02:03 +0000", TYPE_TIMESTAMP, OK, "2026-11-21 01:02:03+00"},
    {"%A %d %b %Y", "saturday 21 Nov 2026", TYPE_DATE, OK, "2026-11-21"},
    {"%a %d %b %Y", "Sun 21 Nov 2026", TYPE_DATE, RANGE, NULL},
    {"%a %d %b %Y", "Thu 01 Jan 1970", TYPE_DATE, OK, "1970-01-01"},
    {"%a %d %b %Y", "Wed 31 Dec 1969", TYPE_DATE, OK, "1969-12-31"},
    {"%Y-%j", "2026-060", TYPE_DATE, OK, "2026-03-01"},
    {"%Y-%j", "2024-060", TYPE_DATE, OK, "2024-02-29"},
    {"%Y-%j", "2024-366", TYPE_DATE, OK, "2024-12-31"},
    {"%Y-%j", "2026-366", TYPE_DATE, RANGE, NULL},
    {"%Y-%j", "2026-000", TYPE_DATE, RANGE, NULL},
    {"%Y%j", "2026060", TYPE_DATE, OK, "2026-03-01"},
    {"%Y-%m", "2026-03", TYPE_DATE, OK, "2026-03-01"},
    {"%Y", "2026", TYPE_DATE, OK, "2026-01-01"},
    {"%Y-%m-%d %H:%M:%S", "2026-03-04 00:00:00", TYPE_DATE, OK, "2026-03-04"},
    {"%Y-%m-%d %H:%M:%S", "2026-03-04 10:00:00", TYPE_DATE, RANGE, NULL},
    {"%d/%m", "21/11", TYPE_DATE, BAD, NULL},
    {"%H:%M", "10:30", TYPE_TIMESTAMP, BAD, NULL},
    {"%Y-%m-%d", "2026-03-04", TYPE_TIME, BAD, NULL},
    {"%%%Y", "%2026", TYPE_DATE, OK, "2026-01-01"},
    {"Q%Y", "Q2026", TYPE_DATE, OK, "2026-01-01"},
    {"Q%Y", "q2026", TYPE_DATE, BAD, NULL},
    {"%Y-%m-%d", "0000-01-01", TYPE_DATE, RANGE, NULL},
    {"%Y-%m-%d", "", TYPE_DATE, BAD, NULL},
    {"%q", "x", TYPE_DATE, BAD, NULL},
    {"%Y%", "2026%", TYPE_DATE, OK, "2026-01-01"},
};

static void patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct moment_format moment = {MOMENT_PATTERN, str_of(cases[i].pattern)};
        struct value_format format = {.moments = &moment, .moment_count = 1};
        check_text(cases[i].text, TYPE(cases[i].kind), &format, cases[i].result, cases[i].value);
    }
}

static const struct {
    const char *pattern, *complaint; /* NULL: good */
} checks[] = {
    {"%Y-%m-%d", NULL},
    {"%d.%m.%y %H:%M", NULL},
    {"%I:%M %p", NULL},
    {"%F %T.%f%z", NULL},
    {"%a %d %B %Y %%", NULL},
    {"%Y-%j", NULL},
    {"%Y-%Q", "the pattern \"%Y-%Q\" has the unknown directive %Q"},
    {"%Y-%m-%", "the pattern \"%Y-%m-%\" ends with a single %"},
    {"%Y-%m-%m", "the pattern \"%Y-%m-%m\" says twice what %m says"},
    {"%I:%M", "in the pattern \"%I:%M\" %I needs %p"},
    {"%H:%M %p", "in the pattern \"%H:%M %p\" %p goes with %I"},
    {"%Y %y", "in the pattern \"%Y %y\" %Y and %y both say the year"},
    {"%Y %m %j", "in the pattern \"%Y %m %j\" %j already says month and day"},
    {"%Y %d", "in the pattern \"%Y %d\" a day needs a month"},
    {"%H:%S", "in the pattern \"%H:%S\" %S needs %M"},
    {"", "the pattern \"\" has no directive"},
    {"%%", "the pattern \"%%\" has no directive"},
};

static void checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(checks); i++) {
        struct err err = {0};
        bool good = moment_pattern_check(str_of(checks[i].pattern), &err);
        assert_int_equal(good, !checks[i].complaint);
        if (!good) {
            assert_int_equal(err.kind, ERR_CONFIG);
            assert_string_equal(err.message, checks[i].complaint);
        }
    }
}

static void checked_for_a_type(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        bool date, time, timestamp;
    } table[] = {
        {"%Y-%m-%d", true, false, true},
        {"%F %T", true, false, true},
        {"%H:%M", false, true, false},
        {"%d/%m", false, false, false},
        {"%T %z", false, false, false},
    };
    struct err err;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct str pattern = str_of(table[i].pattern);
        assert_int_equal(moment_pattern_check_for(pattern, TYPE_DATE, &err), table[i].date);
        assert_int_equal(moment_pattern_check_for(pattern, TYPE_TIME, &err), table[i].time);
        assert_int_equal(moment_pattern_check_for(pattern, TYPE_TIMESTAMP, &err), table[i].timestamp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns), cmocka_unit_test(checked), cmocka_unit_test(checked_for_a_type)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
