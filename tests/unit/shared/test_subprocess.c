#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/fs.h"
#include "shared/subprocess.h"

#include <sys/wait.h>
#include <unistd.h>

static void test_talks_both_ways(void **state)
{
    static const char text[] = "one\ntwo\n";
    char back[64];
    char cat[] = "cat";
    char *argv[] = {cat, NULL};
    struct subprocess process;
    struct err err;
    size_t got = 0;
    int status;
    (void)state;
    assert_true(subprocess_start(&process, argv, &err));
    assert_true(fs_write_all(process.in, text, sizeof text - 1, "cat", &err));
    while (got < sizeof text - 1) {
        ssize_t n = read(process.out, back + got, sizeof back - got);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(back, text, sizeof text - 1);
    assert_true(subprocess_end(&process, &status, &err));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_its_exit_code(void **state)
{
    char sh[] = "/bin/sh", c[] = "-c", script[] = "exit 7";
    char *argv[] = {sh, c, script, NULL};
    struct subprocess process;
    struct err err;
    int status;
    (void)state;
    assert_true(subprocess_start(&process, argv, &err));
    assert_true(subprocess_end(&process, &status, &err));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void test_no_such_program(void **state)
{
    char name[] = "/no/such/program";
    char *argv[] = {name, NULL};
    struct subprocess process;
    struct err err;
    (void)state;
    assert_false(subprocess_start(&process, argv, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_string_equal(err.message, "cannot start /no/such/program: No such file or directory");
}

/* Else a child that was started later would keep the pipe open, and the first would never see its end. */
static void test_pipes_are_not_inherited(void **state)
{
    char cat[] = "cat";
    char *argv[] = {cat, NULL};
    struct subprocess first, second;
    struct err err;
    int status;
    (void)state;
    assert_true(subprocess_start(&first, argv, &err));
    assert_true(subprocess_start(&second, argv, &err));
    assert_true(subprocess_end(&first, &status, &err));
    assert_true(subprocess_end(&second, &status, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talks_both_ways),
        cmocka_unit_test(test_its_exit_code),
        cmocka_unit_test(test_no_such_program),
        cmocka_unit_test(test_pipes_are_not_inherited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
