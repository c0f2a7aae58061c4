#include "worker/run/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_names(void **state)
{
    static const struct {
        const char *prefix, *name, *arrival, *expected;
    } cases[] = {
        {"archive/validated/", "{name}_{ts}_{run}", "raw/sales/x.csv", "archive/validated/x.csv_20260102T030405Z_RUN"},
        {"kept/", "{path}", "raw/sales/2026/x.csv", "kept/sales/2026/x.csv"},
        {"kept/", "{path}", "input/x.csv", "kept/input/x.csv"},
        {"kept/", "{run}/{name}", "raw/x.csv", "kept/RUN/x.csv"},
        {"kept/", "{what}{name}{", "raw/x.csv", "kept/{what}x.csv{"},
        {"", "{name}", "raw/{ts}", "{ts}"}, /* what is put in is not looked at again */
        {"kept/", "{name}{name}", "raw/a", "kept/aa"},
    };
    struct arena *arena = arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct contract contract = {.archive_prefix = str_of(cases[i].prefix), .archive_name = str_of(cases[i].name)};
        /* 2026-01-02T03:04:05Z, by date -u -d @1767323045 */
        struct str key = archive_key(&contract, str_of(cases[i].arrival), 1767323045000000, "RUN", arena);
        assert_non_null(key.p);
        assert_string_equal(key.p, cases[i].expected);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
