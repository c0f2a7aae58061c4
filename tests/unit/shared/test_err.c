#include "shared/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void sets(void **state)
{
    (void)state;
    struct err err;
    assert_false(ERR(&err, ERR_CONFIG, "no %s in %d", "x", 3));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.message, "no x in 3");
    assert_string_equal(err.hint, "");
    assert_null(err.code);
    assert_non_null(strstr(err.source_file, "test_err.c"));
    assert_int_equal(err_exit_code(&err), 2);
    assert_false(err_hint(&err, "Put %s there.", "x"));
    assert_string_equal(err.hint, "Put x there.");
    assert_false(err_context(&err, "file %s", "a"));
    assert_string_equal(err.message, "file a: no x in 3");
    assert_false(ERR_REJECT(&err, "missing-label", "no label"));
    assert_string_equal(err.code, "missing-label");
    assert_int_equal(err_action(&err), ERR_ACTION_REJECT);
    assert_string_equal(err_kind_name(ERR_UNAVAILABLE), "unavailable");
    err_clear(&err);
    assert_int_equal(err.kind, ERR_NONE);
}

static void from_errno(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum err_kind kind;
    } cases[] = {{ENOSPC, ERR_UNAVAILABLE}, {EROFS, ERR_UNAVAILABLE}, {EACCES, ERR_UNAVAILABLE},
        {ENOENT, ERR_NOT_FOUND}, {EEXIST, ERR_EXISTS}, {ENOMEM, ERR_MEMORY}, {EIO, ERR_IO}, {EINVAL, ERR_IO}};
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        errno = cases[i].number;
        assert_false(ERR_ERRNO(&err, "cannot"));
        assert_int_equal(err.kind, cases[i].kind);
    }
    errno = ENOENT;
    assert_false(ERR_ERRNO(&err, "cannot open %s", "f"));
    assert_string_equal(err.message, "cannot open f: No such file or directory");
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char text[2000];
    struct err err;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(ERR(&err, ERR_BUG, "%s", text));
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_false(err_context(&err, "%s", "short"));
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_memory_equal(err.message, "short: xxx", 10);
    assert_false(err_context(&err, "%s", text));
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_false(err_hint(&err, "%s", text));
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets), cmocka_unit_test(from_errno), cmocka_unit_test(long_texts_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
