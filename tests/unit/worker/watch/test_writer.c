#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/fs.h"
#include "worker/watch/changes.h"
#include "worker/watch/writer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void test_writer(void **state)
{
    char path[] = "/tmp/sluice-writer-XXXXXX";
    int writing = mkstemp(path);
    int reading = open(path, O_RDONLY | O_CLOEXEC);
    (void)state;
    if (writer_of(reading) == WRITER_UNKNOWN) {
        close(writing);
        close(reading);
        unlink(path);
        print_message("skipped: the file system of /tmp has no leases\n");
        skip();
    }
    assert_int_equal(writer_of(reading), WRITER_PRESENT);
    close(writing);
    assert_int_equal(writer_of(reading), WRITER_NONE);
    assert_int_equal(writer_of(reading), WRITER_NONE);
    writing = open(path, O_WRONLY | O_APPEND);
    assert_true(writing >= 0); /* the lease was given back: opening does not wait */
    assert_int_equal(writer_of(reading), WRITER_PRESENT);
    close(writing);
    close(reading);
    unlink(path);
}

static void put(const char *path, const char *text)
{
    struct err err;
    assert_true(fs_write_atomic(path, str_of(text), &err));
}

static void test_changes(void **state)
{
    char base[] = "/tmp/sluice-changes-XXXXXX", path[64];
    struct changes changes;
    struct err err;
    (void)state;
    assert_non_null(mkdtemp(base));
    snprintf(path, sizeof path, "%s/a.yaml", base);
    put(path, "dataset: a\n");
    changes_init(&changes, base);
    assert_false(changes_settled(&changes));
    put(path, "dataset: b\n");
    assert_false(changes_settled(&changes)); /* seen once */
    assert_true(changes_settled(&changes));
    assert_false(changes_settled(&changes));
    put(path, "dataset: c\n");
    assert_false(changes_settled(&changes));
    put(path, "dataset: cc\n"); /* it goes on changing */
    assert_false(changes_settled(&changes));
    assert_true(changes_settled(&changes));
    unlink(path);
    assert_false(changes_settled(&changes));
    assert_true(changes_settled(&changes));
    assert_true(fs_remove_tree(base, &err));
    changes_init(&changes, NULL);
    assert_false(changes_settled(&changes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_writer), cmocka_unit_test(test_changes)};
    signal(SIGIO, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
