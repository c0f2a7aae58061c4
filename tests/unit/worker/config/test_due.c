/* By when a file is expected. The instants are those of GNU date. */
#include "worker/config/due.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define SATURDAY INT64_C(1795219200) /* 2026-11-21T00:00:00Z */
#define SPRING INT64_C(1774656000)   /* 2026-03-28T00:00:00Z; the clocks go forward on the 29th at 01:00Z */

static const struct {
    int64_t every; /* seconds, as all here */
    const char *by;
    int64_t last, due;
} cases[] = {
    {HOUR, "", SATURDAY, SATURDAY + HOUR},
    {7 * DAY, "", SATURDAY + 1, SATURDAY + 1 + 7 * DAY},
    /* in time, late by half an hour, early for the next day */
    {0, "06:00", SATURDAY + 5 * HOUR, SATURDAY + 30 * HOUR},
    {0, "06:00", SATURDAY + 6 * HOUR + 1800, SATURDAY + 30 * HOUR},
    {0, "06:00", SATURDAY + 23 * HOUR, SATURDAY + 54 * HOUR},
    {DAY, "06:00 UTC", SATURDAY + 5 * HOUR, SATURDAY + 30 * HOUR},
    {DAY, "06:00 Europe/Berlin", SATURDAY + 4 * HOUR, SATURDAY + 29 * HOUR},
    {7 * DAY, "06:00", SATURDAY + 5 * HOUR, SATURDAY + 7 * DAY + 6 * HOUR},
    {HOUR, "06:00", SATURDAY + 5 * HOUR, SATURDAY + 6 * HOUR},
    /* 06:00 in Berlin is 05:00Z on the 28th, 04:00Z on the 29th; 02:30 is not on that day's clock, 03:30 is 01:30Z */
    {0, "06:00 Europe/Berlin", SPRING + 4 * HOUR, SPRING + 28 * HOUR},
    {0, "02:30 Europe/Berlin", SPRING + HOUR, SPRING + DAY + HOUR + 1800},
};

static void the_next_file(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct contract contract = {.expect_every_us = cases[i].every * 1000000, .expect_by = str_of(cases[i].by)};
        int64_t due = contract_due(&contract, cases[i].last * 1000000, arena);
        if (due != cases[i].due * 1000000)
            fail_msg("case %zu: %lld seconds off", i, (long long)(due / 1000000 - cases[i].due));
    }
    arena_free(arena);
}

static void nothing_is_expected(void **state)
{
    (void)state;
    struct contract contract = {.expect_rows_max = 1};
    struct arena *arena = arena_new(0);
    assert_true(contract_due(&contract, SATURDAY, arena) == INT64_MAX);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_file),
        cmocka_unit_test(nothing_is_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
