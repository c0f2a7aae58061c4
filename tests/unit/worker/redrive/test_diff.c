/* Differences of texts; expected is what diff -u prints behind the names. */
#include "worker/redrive/diff.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static const struct {
    const char *before, *after, *expected;
} cases[] = {
    {"a\n", "a\n", ""},
    {"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
    {"a\n", "", "@@ -1 +0,0 @@\n-a\n"},
    {"a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
    {"a\nb", "a\nc", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"},
    {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n3\n4\n5\n6\n7\n8\n9\n0\n",
        "@@ -1,5 +1,4 @@\n 1\n-2\n 3\n 4\n 5\n@@ -7,3 +6,4 @@\n 7\n 8\n 9\n+0\n"},
    {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n",
        "@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -8,3 +9,4 @@\n 8\n 9\n 10\n+11\n"},
};

static void differs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        struct err err;
        buf_init(&out, 4096);
        assert_true(diff_unified(str_of(cases[i].before), str_of(cases[i].after), STR("x"), &out, &err));
        if (cases[i].expected[0])
            assert_memory_equal(out.p, "--- x\n+++ x\n", 12);
        struct str rest = out.n ? (struct str){out.p + 12, out.n - 12} : STR("");
        if (!str_eq(rest, str_of(cases[i].expected)))
            fail_msg("case %zu gives " STR_FMT, i, STR_ARG(rest));
        buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(differs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
