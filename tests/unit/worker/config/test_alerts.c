#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/config/alerts.h"

#include <time.h>

static struct alerts read_alerts(const char *text, struct arena *arena)
{
    struct alerts alerts;
    struct yaml_fault fault;
    struct err err;
    const struct yaml_node *root = yaml_parse(str_of(text), arena, &fault);
    assert_non_null(root);
    assert_true(alerts_read("sluice.yaml", root, &alerts, arena, &err));
    return alerts;
}

/* Microseconds of a UTC time in July 2026, when Berlin is two hours ahead. */
static int64_t july(int day, int hour, int minute)
{
    struct tm tm = {.tm_year = 126, .tm_mon = 6, .tm_mday = day, .tm_hour = hour, .tm_min = minute};
    return (int64_t)timegm(&tm) * 1000000;
}

static void test_quiet_hours(void **state)
{
    struct arena *arena = arena_new(0);
    const struct alerts alerts =
        read_alerts("channels: [{name: a, type: slack, url: x, quiet: '22:00-07:00 Europe/Berlin'}, "
                    "{name: b, type: slack, url: x, quiet: '12:00-13:30', quiet_except: error}]",
            arena);
    const struct alert_quiet *night = &alerts.channels[0].quiet, *noon = &alerts.channels[1].quiet;
    (void)state;
    assert_int_equal(alerts_quiet_until(night, ALERT_ERROR, july(10, 19, 59)), 0);
    assert_int_equal(alerts_quiet_until(night, ALERT_ERROR, july(10, 20, 0)), july(11, 5, 0));
    assert_int_equal(alerts_quiet_until(night, ALERT_ERROR, july(10, 23, 0)), july(11, 5, 0));
    assert_int_equal(alerts_quiet_until(night, ALERT_ERROR, july(11, 4, 59)), july(11, 5, 0));
    assert_int_equal(alerts_quiet_until(night, ALERT_ERROR, july(11, 5, 0)), 0);
    assert_int_equal(alerts_quiet_until(night, ALERT_CRITICAL, july(10, 23, 0)), 0);
    assert_int_equal(alerts_quiet_until(noon, ALERT_WARNING, july(10, 12, 0)), july(10, 13, 30));
    assert_int_equal(alerts_quiet_until(noon, ALERT_WARNING, july(10, 13, 30)), 0);
    assert_int_equal(alerts_quiet_until(noon, ALERT_ERROR, july(10, 12, 30)), 0);
    arena_free(arena);
}

static void test_routes(void **state)
{
    struct arena *arena = arena_new(0);
    const struct alerts all =
        read_alerts("channels: [{name: a, type: slack, url: x}, {name: b, type: slack, url: x}]", arena);
    const struct alerts some =
        read_alerts("routes: [{dataset: 's*', channels: a}, {severity: critical, channels: [b, a]}]\n"
                    "channels: [{name: a, type: slack, url: x}, {name: b, type: slack, url: x}]",
            arena);
    (void)state;
    assert_int_equal(alerts_route(&all, STR("x"), ALERT_WARNING), 3);
    assert_int_equal(alerts_route(&some, STR("sales"), ALERT_WARNING), 1);
    assert_int_equal(alerts_route(&some, STR("x"), ALERT_WARNING), 0);
    assert_int_equal(alerts_route(&some, STR(""), ALERT_CRITICAL), 3);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quiet_hours), cmocka_unit_test(test_routes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
