#include "shared/fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void fails_at_the_nth(void **state)
{
    (void)state;
    struct err err;
    setenv("SLUICE_FAULT", "fail:here:2", 1);
    assert_true(fault_pass("here", NULL, &err));
    assert_true(fault_pass("there", NULL, &err));
    assert_true(fault_pass("her", NULL, &err));
    assert_false(fault_pass("here", "a file", &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_string_equal(err.message, "injected fault at here of a file");
    assert_true(fault_pass("here", NULL, &err));
    assert_int_equal(fault_passed(), 5);
    unsetenv("SLUICE_FAULT");
}

static void every_passage(void **state)
{
    (void)state;
    struct err err;
    setenv("SLUICE_FAULT", "fail:here:*", 1);
    assert_false(fault_pass("here", NULL, &err));
    assert_false(fault_pass("here", NULL, &err));
    unsetenv("SLUICE_FAULT");
    assert_true(fault_pass("here", NULL, &err));
}

static void nonsense_is_no_fault(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "x", "fail", "fail:", "kill:", ":", "fail::"};
    struct err err;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        setenv("SLUICE_FAULT", texts[i], 1);
        assert_true(fault_pass("here", NULL, &err));
    }
    unsetenv("SLUICE_FAULT");
}

static void kills(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        setenv("SLUICE_FAULT", "kill:gone", 1);
        for (int i = 0; i < 10; i++)
            fault_here("gone");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(void)
{
    /* kills first: matches are counted a process, and its default is the first one */
    const struct CMUnitTest tests[] = {cmocka_unit_test(kills), cmocka_unit_test(fails_at_the_nth),
        cmocka_unit_test(every_passage), cmocka_unit_test(nonsense_is_no_fault)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
