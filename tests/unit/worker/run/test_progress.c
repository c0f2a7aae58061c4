#include "worker/run/progress.h"

#include "shared/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What stands on stderr after a file went through, where it is no terminal. */
static void lines(bool forced, char *out, size_t size)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    struct progress *progress = progress_new(forced);
    progress_total(progress, 2, 100);
    progress_file(progress, STR("a\033[31m.csv"), 60);
    progress_at(progress, 30, 10, 1);
    progress_done(progress, "loaded", 12, 1);
    progress_file(progress, STR("b.csv"), 40);
    progress_done(progress, "quarantined", 0, 0);
    progress_free(progress);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void test_a_line_a_file(void **state)
{
    char text[1024];
    (void)state;
    lines(true, text, sizeof text);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "loaded"));
    assert_non_null(strstr(text, "12 rows, 1 rejected\n"));
    assert_non_null(strstr(text, "  quarantined  b.csv\n"));
}

static void test_silent_elsewhere(void **state)
{
    char text[1024];
    (void)state;
    lines(false, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_line_a_file), cmocka_unit_test(test_silent_elsewhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
