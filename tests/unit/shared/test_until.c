/* Times ahead and past, as people say them. */
#include "shared/until.h"

#include <stdlib.h>
#include <time.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

/* 2026-11-27T14:00:00Z; in Berlin 15:00. Expected: what `date -u -d … +%s` gives. */
#define NOW INT64_C(1795788000000000)

static const struct {
    const char *zone, *text;
    int64_t seconds; /* since the epoch; 0: refused */
} cases[] = {
    {"UTC", "15:30", 1795793400},
    {"UTC", "09:00", 1795856400}, /* tomorrow's */
    {"UTC", "14:00", 1795874400}, /* now is over */
    {"Europe/Berlin", "15:30", 1795789800},
    {"UTC", "2h", 1795795200},
    {"UTC", "1d12h", 1795917600},
    {"UTC", "2026-12-01", 1796083200},
    {"Europe/Berlin", "2026-12-01", 1796079600},
    {"Europe/Berlin", "2026-07-01 09:00", 1782889200},
    {"Europe/Berlin", "2026-12-01T09:00Z", 1796115600},
    {"Europe/Berlin", "2026-12-01T09:00:30.000000Z", 1796115630},
    {"UTC", "2026-12-01T09:00:30+02:00", 1796108430},
    {"UTC", "2026-12-01T09:00:30-05:30", 1796135430},
    {"UTC", "2026-02-30", 0},
    {"UTC", "2026-12-01T24:00", 0},
    {"UTC", "2026-12-01T09:00Zulu", 0},
    {"UTC", "25:00", 0},
    {"UTC", "9", 0},
    {"UTC", "tomorrow", 0},
    {"UTC", "", 0},
};

static void reads(void **state)
{
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t at = 0;
        setenv("TZ", cases[i].zone, 1);
        tzset();
        bool ok = until_read(str_of(cases[i].text), NOW, &at, &err);
        if (ok != (cases[i].seconds != 0) || (ok && at != cases[i].seconds * 1000000))
            fail_msg("%s '%s' gives %lld", cases[i].zone, cases[i].text, ok ? (long long)at : -1LL);
    }
}

static const struct {
    const char *zone, *text;
    int64_t seconds;
} past[] = {
    {"UTC", "13:30", 1795786200},
    {"UTC", "14:00", 1795788000}, /* now */
    {"UTC", "15:30", 1795707000}, /* yesterday's */
    {"Europe/Berlin", "15:30", 1795703400},
    {"UTC", "2h", 1795780800},
    {"UTC", "7d", 1795183200},
    {"UTC", "2026-11-01", 1793491200},
    {"Europe/Berlin", "2026-11-01T09:00Z", 1793523600},
    {"UTC", "yesterday", 0},
    {"UTC", "", 0},
};

static void looks_back(void **state)
{
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
        int64_t at = 0;
        setenv("TZ", past[i].zone, 1);
        tzset();
        bool ok = since_read(str_of(past[i].text), NOW, &at, &err);
        if (ok != (past[i].seconds != 0) || (ok && at != past[i].seconds * 1000000))
            fail_msg("%s '%s' gives %lld", past[i].zone, past[i].text, ok ? (long long)at : -1LL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(looks_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
