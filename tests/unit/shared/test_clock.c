#include "shared/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void formats(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        const char *text, *compact;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z", "19700101T000000Z"},
        {1795223979123456, "2026-11-21T01:19:39.123456Z", "20261121T011939Z"},
        {-1, "1969-12-31T23:59:59.999999Z", "19691231T235959Z"},
        {253402300799999999, "9999-12-31T23:59:59.999999Z", "99991231T235959Z"},
    };
    char text[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(clock_format(cases[i].at, text), cases[i].text);
        assert_string_equal(clock_format_compact(cases[i].at, text), cases[i].compact);
    }
}

static void frozen(void **state)
{
    (void)state;
    setenv("SLUICE_CLOCK", "1795223979123456", 1);
    assert_int_equal(clock_now(), 1795223979123456);
    setenv("SLUICE_CLOCK", "", 1);
    assert_true(clock_now() > 1700000000000000);
    unsetenv("SLUICE_CLOCK");
    assert_true(clock_now() > 1700000000000000);
}

static void never_back(void **state)
{
    (void)state;
    int64_t before = clock_monotonic();
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_monotonic();
        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats), cmocka_unit_test(frozen), cmocka_unit_test(never_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
