#include "shared/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *pattern, *name;
    bool matches;
} globs[] = {
    {"raw/sales/**/*.csv*", "raw/sales/a.csv", true},
    {"raw/sales/**/*.csv*", "raw/sales/2026/week07/a.csv.gz", true},
    {"raw/sales/**/*.csv*", "raw/salesx/a.csv", false},
    {"raw/sales/**/*.csv*", "raw/sales/a.json", false},
    {"raw/sales/**/*.csv*", "raw/sales/x.csv/y.json", false},
    {"raw/*.csv", "raw/a/b.csv", false},
    {"raw/**.csv", "raw/a/b.csv", true},
    {"raw/**", "raw/a/b.csv", true},
    {"raw/**", "raw/", true},
    {"raw/**", "raw", false},
    {"**", "", true},
    {"**", "a/b", true},
    {"*", "", true},
    {"*", "a/b", false},
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"a?c", "abc", true},
    {"a?c", "a/c", false},
    {"a?", "a", false},
    {"**/b", "b", true},
    {"**/b", "a/b", true},
    {"**/b", "ab", false},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/xb", false},
    {"**/a/**/b", "x/a/y/a/b", true},
    {"**/a*c/d", "ab/abc/axc/d", true},
    {"*a*b", "xaab", true},
    {"*a*b", "xaabc", false},
    {"*ab*ab", "abab", true},
    {"*/a*/b", "x/aa/b", true},
    {"**a**/b", "xa_ab", true},
    {"**a**/b", "xa_a/b", true},
    {"**/x/*.csv", "x/x/y/x/a.csv", true},
};

static void glob(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof globs / sizeof globs[0]; i++)
        if (str_glob(str_of(globs[i].pattern), str_of(globs[i].name)) != globs[i].matches)
            fail_msg("%s against %s is not %d", globs[i].pattern, globs[i].name, globs[i].matches);
}

/* A producer's name of 4,000 letters against many stars: with plain backtracking this test would not end. */
static void glob_hostile(void **state)
{
    (void)state;
    char *name = malloc(4000);
    assert_non_null(name);
    memset(name, 'a', 4000);
    assert_false(str_glob(STR("*a*a*a*a*a*a*a*a*a*a*b"), (struct str){name, 4000}));
    assert_false(str_glob(STR("**a**a**a**a**a**a**a**a**b"), (struct str){name, 4000}));
    for (size_t i = 1; i < 4000; i += 2)
        name[i] = '/';
    assert_false(str_glob(STR("**/a/**/a/**/a/**/a/**/*a*/*b"), (struct str){name, 4000}));
    free(name);
}

static void order(void **state)
{
    (void)state;
    assert_int_equal(str_cmp(STR("a"), STR("a")), 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_true(str_cmp(STR("\x7F"), STR("\xC3")) < 0);
    assert_int_equal(str_cmp((struct str){0}, STR("")), 0);
    assert_true(str_eq((struct str){0}, STR("")));
    assert_true(str_eq_nocase_ascii(STR("aBc"), STR("AbC")));
    assert_false(str_eq_nocase_ascii(STR("["), STR("{")));
}

static void parts(void **state)
{
    (void)state;
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_false(str_ends(STR("c"), STR("bc")));
    assert_true(str_eq(str_trim(STR(" \t\r\n a b \v\f")), STR("a b")));
    assert_int_equal(str_trim(STR("   ")).n, 0);
    assert_int_equal(str_find_byte(STR("abc"), 'c'), 2);
    assert_int_equal(str_find_byte(STR("abc"), 'x'), 3);
    assert_int_equal(str_of(NULL).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glob), cmocka_unit_test(glob_hostile), cmocka_unit_test(order), cmocka_unit_test(parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
