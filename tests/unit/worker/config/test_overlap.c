/* Overlapping patterns, each verdict also checked against str_glob() by the witness. */
#include "worker/config/contract.h"
#include "worker/config/load.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static const struct {
    const char *a, *b;
    bool overlap;
} cases[] = {
    {"raw/a.csv", "raw/a.csv", true},
    {"raw/a.csv", "raw/b.csv", false},
    {"raw/*.csv", "raw/a*", true},
    {"raw/*.csv", "raw/*.json", false},
    {"raw/*.csv", "raw/x/*", false},
    {"raw/**/*.csv", "raw/x/*", true},
    {"raw/**/*.csv", "raw/x/y?csv", true},
    {"raw/**/*.csv", "raw/*.json", false},
    {"raw/sales/**/*.csv*", "raw/**/fact*", true},
    {"raw/**/sales*", "raw/**/hmrc*", false},
    {"raw/**/sales*", "raw/**/sales_eu*", true},
    {"raw/**/*sales", "raw/**/sales*", true},
    {"raw/**/s*", "raw/s/**", true},
    {"raw/?", "raw/ab", false},
    {"raw/?", "raw//", false},
    {"raw/a?c", "raw/a/c", false},
    {"raw/a**c", "raw/a/c", true},
    {"raw/**/x", "raw/x", true},
    {"**", "*", true},
    {"*a*b*c*", "*c*b*a*", true},
    {"a*", "*b", true},
    {"a*a", "a", false},
    {"", "", true},
    {"", "*", true},
    {"", "?", false},
    {"**/x", "yx", false},
    {"**/x", "y/x", true},
};

static void tells_overlaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int swap = 0; swap < 2; swap++) {
            struct arena *arena = arena_new(0);
            struct str a = str_of(swap ? cases[i].b : cases[i].a), b = str_of(swap ? cases[i].a : cases[i].b), key;
            if (globs_overlap(a, b, arena, &key) != cases[i].overlap)
                fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
            if (cases[i].overlap) {
                assert_non_null(key.p);
                assert_true(str_glob(a, key));
                assert_true(str_glob(b, key));
            }
            arena_free(arena);
        }
    }
}

static void hostile_patterns_end_soon(void **state)
{
    char a[GLOB_MAX], b[GLOB_MAX];
    struct arena *arena = arena_new(0);
    struct str key;
    (void)state;
    for (size_t i = 0; i < GLOB_MAX; i++)
        a[i] = "*a"[i % 2], b[i] = "*b"[i % 2];
    a[GLOB_MAX - 1] = 'x';
    b[GLOB_MAX - 1] = 'y';
    assert_false(globs_overlap((struct str){a, GLOB_MAX}, (struct str){b, GLOB_MAX}, arena, &key));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_overlaps),
        cmocka_unit_test(hostile_patterns_end_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
