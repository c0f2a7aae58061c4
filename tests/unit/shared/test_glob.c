/* str_glob() against a table, against the plain recursive definition, and against names made to be slow. */
#include "shared/str.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

static const struct {
    const char *pattern, *text;
    bool matches;
} cases[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "a", true},
    {"a", "A", false},
    {"?", "a", true},
    {"?", "/", false},
    {"*", "", true},
    {"*", "abc", true},
    {"*", "a/b", false},
    {"**", "a/b", true},
    {"raw/*.csv", "raw/a.csv", true},
    {"raw/*.csv", "raw/x/a.csv", false},
    {"raw/**/*.csv", "raw/a.csv", true},
    {"raw/**/*.csv", "raw/x/y/a.csv", true},
    {"raw/**/*.csv", "rawa.csv", false},
    {"raw/sales/**/*.csv*", "raw/sales/2026/x.csv.gz", true},
    {"raw/**/sales*", "raw/a/sales_1.csv", true},
    {"raw/**/sales*", "raw/a/xsales", false},
    {"**/x", "yx", false},
    {"**/x", "x", true},
    {"a**/b", "ab", true},
    {"a**/b", "axx/b", true},
    {"**a**/b", "aab", true},
    {"*a*b", "ab/ab", false},
    {"**a*b", "ab/ab", true},
    {"a*b*c", "aXbXbXc", true},
};

static void matches_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (str_glob(str_of(cases[i].pattern), str_of(cases[i].text)) != cases[i].matches)
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
}

/* Any run of s, then rest. */
static bool by_definition(const char *p, const char *s);

static bool after_any_run(const char *rest, const char *s)
{
    do {
        if (by_definition(rest, s))
            return true;
    } while (*s++);
    return false;
}

/* What the header says, word by word. */
static bool by_definition(const char *p, const char *s)
{
    if (!*p)
        return !*s;
    if (p[0] == '*' && p[1] == '*')
        return (p[2] == '/' && by_definition(p + 3, s)) || after_any_run(p + 2, s);
    if (*p == '*')
        return by_definition(p + 1, s) || (*s && *s != '/' && by_definition(p, s + 1));
    return *s && (*p == '?' ? *s != '/' : *p == *s) && by_definition(p + 1, s + 1);
}

static void agrees_with_the_definition(void **state)
{
    uint64_t seed = 42;
    (void)state;
    for (int round = 0; round < 200000; round++) {
        char pattern[8] = {0}, text[8] = {0};
        for (int i = 0; i < 7; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            pattern[i] = "a/*?*b*"[(seed >> 33) % 8 % 7];
            text[i] = "a/ab"[(seed >> 50) % 4];
        }
        pattern[(seed >> 40) % 7] = 0;
        text[(seed >> 44) % 7] = 0;
        if (str_glob(str_of(pattern), str_of(text)) != by_definition(pattern, text))
            fail_msg("'%s' and '%s'", pattern, text);
    }
}

static void hostile_names_end_soon(void **state)
{
    char pattern[GLOB_MAX + 1], text[4096];
    (void)state;
    for (size_t i = 0; i < GLOB_MAX; i++)
        pattern[i] = "*a"[i % 2];
    pattern[GLOB_MAX] = 'b';
    memset(text, 'a', sizeof text);
    assert_false(str_glob((struct str){pattern, GLOB_MAX - 1}, (struct str){text, 400}));
    pattern[GLOB_MAX - 1] = 'b';
    assert_false(str_glob((struct str){pattern, GLOB_MAX}, (struct str){text, sizeof text}));
    text[sizeof text - 1] = 'b';
    assert_true(str_glob((struct str){pattern, GLOB_MAX}, (struct str){text, sizeof text}));
    assert_false(str_glob((struct str){pattern, GLOB_MAX + 1}, (struct str){text, sizeof text}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_the_table_says),
        cmocka_unit_test(agrees_with_the_definition),
        cmocka_unit_test(hostile_names_end_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
