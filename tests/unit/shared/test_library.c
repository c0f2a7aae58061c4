#include "shared/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct mathematics {
    double (*sqrt)(double), (*fmax)(double, double);
};

static const struct library_row rows[] = {
    {"sqrt", offsetof(struct mathematics, sqrt)}, {"fmax", offsetof(struct mathematics, fmax)}};

static void its_functions(void **state)
{
    (void)state;
    struct mathematics table = {0};
    struct err err = {0};
    struct library library = {"libm.so.6", rows, 2, &table, false};
    assert_true(library_load(&library, &err));
    assert_true(library_load(&library, &err));
    assert_true(table.sqrt(9) == 3);
    assert_true(table.fmax(2, 5) == 5);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    static const struct library_row strange[] = {{"no_such_function", 0}};
    struct mathematics table = {0};
    struct err err = {0};
    struct library none = {"libnone.so.9", rows, 2, &table, false}, other = {"libm.so.6", strange, 1, &table, false};
    assert_false(library_load(&none, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.message, "libnone.so.9"));
    assert_non_null(strstr(err.hint, "libnone.so.9"));
    assert_false(library_load(&other, &err));
    assert_non_null(strstr(err.message, "no_such_function"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(its_functions), cmocka_unit_test(what_is_missing_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
