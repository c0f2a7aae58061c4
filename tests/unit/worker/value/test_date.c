#include "tests/unit/worker/value/check.h"

static void known_days(void **state)
{
    (void)state;
    /* Python: (date(y, m, d) - date(1970, 1, 1)).days */
    static const struct {
        int year, month, day;
        int32_t days;
    } cases[] = {{1970, 1, 1, 0}, {1969, 12, 31, -1}, {2000, 2, 29, 11016}, {2000, 3, 1, 11017}, {1900, 3, 1, -25508},
        {1, 1, 1, -719162}, {9999, 12, 31, 2932896}, {2026, 11, 21, 20778}, {1600, 2, 29, -135081}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int year, month, day;
        assert_int_equal(date_from_civil(cases[i].year, cases[i].month, cases[i].day), cases[i].days);
        date_to_civil(cases[i].days, &year, &month, &day);
        assert_int_equal(year, cases[i].year);
        assert_int_equal(month, cases[i].month);
        assert_int_equal(day, cases[i].day);
    }
}

/* Every day from 400 BC to 10400, one after the other. */
static void calendar(void **state)
{
    (void)state;
    int year = -400, month = 1, day = 1;
    int32_t last = date_from_civil(10400, 1, 1);
    for (int32_t days = date_from_civil(year, month, day); days < last; days++) {
        int y, m, d;
        date_to_civil(days, &y, &m, &d);
        if (y != year || m != month || d != day || date_from_civil(y, m, d) != days)
            fail_msg("%d-%d-%d is not day %d", year, month, day, days);
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        int length = month == 2 ? 28 + leap : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
        assert_int_equal(date_valid(year, month, day), year >= 1 && year <= 9999);
        assert_false(date_valid(year, month, length + 1));
        if (day++ == length) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
    assert_int_equal(year, 10400);
}

static void extremes(void **state)
{
    (void)state;
    int year, month, day;
    date_to_civil(INT32_MAX, &year, &month, &day);
    assert_int_equal(year, 5881580);
    assert_int_equal(month * 100 + day, 711);
    date_to_civil(INT32_MIN, &year, &month, &day);
    assert_int_equal(year, -5877641);
    assert_int_equal(month * 100 + day, 623);
    assert_false(date_valid(2026, 0, 1));
    assert_false(date_valid(2026, 13, 1));
    assert_false(date_valid(2026, 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days), cmocka_unit_test(calendar), cmocka_unit_test(extremes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
