#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/log.h"
#include "shared/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_errors(void **state)
{
    struct err err;
    (void)state;
    ERR(&err, ERR_IO, "login with pa/ss\"wo failed");
    assert_string_equal(err.message, "login with pa/ss\"wo failed");
    secret_hide(STR("pa/ss\"wo"));
    ERR(&err, ERR_IO, "login with pa/ss\"wo, pa%%2Fss%%22wo and pa/ss\\\"wo failed: pa/ss\"wo");
    assert_string_equal(err.message, "login with ***, *** and *** failed: ***");
    err_hint(&err, "is pa/ss\"wo right?");
    assert_string_equal(err.hint, "is *** right?");
    err_context(&err, "at pa/ss\"wo");
    assert_string_equal(err.message, "at ***: login with ***, *** and *** failed: ***");
}

/* What was cut in the midst of it. */
static void test_cut(void **state)
{
    struct err err;
    char text[17] = "0123456789longer";
    (void)state;
    secret_hide(STR("longer-than-that"));
    secret_mask(text, sizeof text);
    assert_string_equal(text, "0123456789***");
    char whole[40] = "0123456789longer";
    secret_mask(whole, sizeof whole);
    assert_string_equal(whole, "0123456789longer");
    ERR(&err, ERR_IO, "%0*d%s", (int)sizeof err.message - 7, 0, "longer-than-that");
    assert_null(strstr(err.message, "long"));
}

static void test_short_ones_stay(void **state)
{
    char text[8] = "abc abc";
    (void)state;
    secret_hide(STR("abc"));
    secret_hide(STR(""));
    secret_mask(text, sizeof text);
    assert_string_equal(text, "abc abc");
}

static void test_log(void **state)
{
    char name[] = "/tmp/sluice-secret-XXXXXX", text[1024] = "";
    int fd = mkstemp(name), saved = dup(STDERR_FILENO);
    (void)state;
    assert_true(fd >= 0 && saved >= 0);
    unlink(name);
    secret_hide(STR("in\"a\"log"));
    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    log_event(LOG_ERROR, "tried", "url", "https://host/in\"a\"log", NULL);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    close(fd);
    assert_non_null(strstr(text, "\"url\":\"https://host/***\""));
}

static void test_guard(void **state)
{
    struct rlimit limit;
    (void)state;
    secret_guard();
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
}

/* More than are kept: the oldest are forgotten, nothing else happens. */
static void test_many(void **state)
{
    char text[32];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "rotated-%d", i);
        secret_hide(str_of(text));
    }
    snprintf(text, sizeof text, "now rotated-999.");
    secret_mask(text, sizeof text);
    assert_string_equal(text, "now ***.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_short_ones_stay),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
