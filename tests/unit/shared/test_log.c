#include "shared/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_TEXT = 4096 };

static FILE *caught;
static int saved = -1;

static int catch_stderr(void **state)
{
    (void)state;
    setenv("SLUICE_CLOCK", "1795223979123456", 1);
    caught = tmpfile();
    saved = dup(STDERR_FILENO);
    return caught && saved >= 0 && dup2(fileno(caught), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int release_stderr(void **state)
{
    (void)state;
    unsetenv("SLUICE_CLOCK");
    fclose(caught);
    return close(saved);
}

static void check_caught(const char *expected)
{
    char text[MAX_TEXT] = "";
    fflush(stderr);
    rewind(caught);
    size_t n = fread(text, 1, sizeof text - 1, caught);
    dup2(saved, STDERR_FILENO); /* so that a failure is seen */
    text[n] = '\0';
    assert_string_equal(text, expected);
}

static void lines(void **state)
{
    (void)state;
    struct err err;
    ERR(&err, ERR_IO, "cannot read \"a\"");
    log_event(LOG_DEBUG, "hidden", NULL);
    log_event(LOG_WARN, "file", "key", "raw/a\n", "status", "PENDING", NULL);
    log_set_level(LOG_ERROR);
    log_event(LOG_WARN, "hidden", NULL);
    log_err(LOG_ERROR, "fault", &err);
    log_set_level(LOG_INFO);
    check_caught("{\"at\":\"2026-11-21T01:19:39.123456Z\",\"level\":\"warn\",\"event\":\"file\",\"key\":\"raw/a\\n\","
                 "\"status\":\"PENDING\"}\n"
                 "{\"at\":\"2026-11-21T01:19:39.123456Z\",\"level\":\"error\",\"event\":\"fault\",\"kind\":\"io\","
                 "\"message\":\"cannot read \\\"a\\\"\",\"hint\":\"\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(lines, catch_stderr, release_stderr)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
