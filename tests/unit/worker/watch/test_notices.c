#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/fs.h"
#include "worker/watch/notices.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { QUIET = 2000, DEADLINE_MS = 10000 };

struct fixture {
    char base[40];
    struct arena *arena;
    struct notices *notices;
    struct err err;
    char taken[4096]; /* keys that were due, each with a space; renamed ones with a '!' */
    int64_t again;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->base, sizeof f->base, "/tmp/sluice-notices-XXXXXX");
    f->arena = arena_new(0);
    if (!mkdtemp(f->base) || !fs_make_dirs(arena_printf(f->arena, "%s/raw/sales", f->base), &f->err))
        return -1;
    f->notices = notices_new(f->base, &f->err);
    *state = f;
    return f->notices && notices_refresh(f->notices, STR("raw/"), &f->err) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    notices_free(f->notices);
    bool ok = fs_remove_tree(f->base, &f->err);
    arena_free(f->arena);
    free(f);
    return ok ? 0 : -1;
}

static const char *path(struct fixture *f, const char *key)
{
    return arena_printf(f->arena, "%s/%s", f->base, key);
}

/* The kernel queues an event before the call that caused it returns: nothing needs to be waited for. */
static bool read_all(struct fixture *f, int64_t now)
{
    bool overflow = false;
    assert_true(notices_read(f->notices, now, QUIET, &overflow, &f->err));
    return overflow;
}

static void wait_for_events(struct fixture *f)
{
    struct pollfd fd = {.fd = notices_fd(f->notices), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
}

static int64_t take(void *context, struct str key, bool renamed)
{
    struct fixture *f = context;
    size_t n = strlen(f->taken);
    snprintf(f->taken + n, sizeof f->taken - n, STR_FMT "%s ", STR_ARG(key), renamed ? "!" : "");
    return f->again;
}

static const char *due(struct fixture *f, int64_t now)
{
    f->taken[0] = '\0';
    notices_due(f->notices, now, take, f);
    return f->taken;
}

static void create(struct fixture *f, const char *key)
{
    int fd = open(path(f, key), O_WRONLY | O_CREAT | O_APPEND, 0666);
    assert_true(fd >= 0);
    close(fd);
}

static void append(int fd)
{
    assert_int_equal(write(fd, "1,2\n", 4), 4);
}

static void rename_to(struct fixture *f, const char *from, const char *to)
{
    assert_int_equal(rename(path(f, from), path(f, to)), 0);
}

static void test_renamed_in_is_due_at_once(void **state)
{
    struct fixture *f = *state;
    create(f, "outside.csv");
    rename_to(f, "outside.csv", "raw/sales/a.csv");
    wait_for_events(f);
    assert_false(read_all(f, 1000));
    assert_int_equal(notices_next(f->notices), 1000);
    assert_string_equal(due(f, 1000), "raw/sales/a.csv! ");
    assert_string_equal(due(f, 1000), "");
    assert_int_equal(notices_next(f->notices), INT64_MAX);
}

static void test_written_waits_for_close_and_quiet(void **state)
{
    struct fixture *f = *state;
    int fd = open(path(f, "raw/a.csv"), O_WRONLY | O_CREAT, 0666);
    append(fd);
    wait_for_events(f);
    read_all(f, 1000);
    assert_true(notices_is_open(f->notices, STR("raw/a.csv")));
    assert_string_equal(due(f, INT64_MAX - 1), "");
    append(fd);
    read_all(f, 50000);
    assert_int_equal(notices_next(f->notices), INT64_MAX);
    close(fd);
    read_all(f, 90000);
    assert_false(notices_is_open(f->notices, STR("raw/a.csv")));
    assert_string_equal(due(f, 90000 + QUIET - 1), "");
    assert_string_equal(due(f, 90000 + QUIET), "raw/a.csv ");
}

static void test_growing_file_starts_anew(void **state)
{
    struct fixture *f = *state;
    create(f, "raw/a.csv");
    wait_for_events(f);
    read_all(f, 1000);
    create(f, "raw/a.csv");
    int fd = open(path(f, "raw/a.csv"), O_WRONLY | O_APPEND);
    append(fd);
    close(fd);
    read_all(f, 2500);
    assert_string_equal(due(f, 1000 + QUIET), "");
    assert_string_equal(due(f, 2500 + QUIET), "raw/a.csv ");
}

static void test_renamed_then_written_waits(void **state)
{
    struct fixture *f = *state;
    int fd = open(path(f, "outside.csv"), O_WRONLY | O_CREAT, 0666);
    rename_to(f, "outside.csv", "raw/a.csv");
    append(fd);
    wait_for_events(f);
    read_all(f, 1000);
    assert_string_equal(due(f, 1000000), "");
    close(fd);
    read_all(f, 2000);
    assert_string_equal(due(f, 2000 + QUIET), "raw/a.csv ");
}

static void test_hard_link_has_no_close(void **state)
{
    struct fixture *f = *state;
    create(f, "outside.csv");
    assert_int_equal(link(path(f, "outside.csv"), path(f, "raw/a.csv")), 0);
    wait_for_events(f);
    read_all(f, 1000);
    assert_string_equal(due(f, 1000 + QUIET), "raw/a.csv ");
}

static void test_unfinished_names_are_left_alone(void **state)
{
    struct fixture *f = *state;
    create(f, "raw/.hidden");
    create(f, "raw/a.csv.tmp");
    create(f, "raw/b.csv.part");
    wait_for_events(f);
    read_all(f, 1000);
    assert_string_equal(due(f, 1000000), "");
    rename_to(f, "raw/a.csv.tmp", "raw/a.csv");
    read_all(f, 1000);
    assert_string_equal(due(f, 1000), "raw/a.csv! ");
}

static void test_removed_before_due_is_forgotten(void **state)
{
    struct fixture *f = *state;
    create(f, "raw/a.csv");
    create(f, "raw/b.csv");
    unlink(path(f, "raw/a.csv"));
    rename_to(f, "raw/b.csv", "elsewhere.csv");
    wait_for_events(f);
    read_all(f, 1000);
    assert_string_equal(due(f, 1000000), "");
    assert_int_equal(notices_next(f->notices), INT64_MAX);
}

static void test_folder_made_later(void **state)
{
    struct fixture *f = *state;
    assert_true(fs_make_dirs(path(f, "raw/2026/week07"), &f->err));
    create(f, "raw/2026/week07/before.csv"); /* before there was a watch on its folder */
    wait_for_events(f);
    read_all(f, 1000);
    assert_string_equal(due(f, 1000 + QUIET), "raw/2026/week07/before.csv ");
    create(f, "raw/2026/week07/after.csv");
    wait_for_events(f);
    read_all(f, 5000);
    assert_string_equal(due(f, 5000 + QUIET), "raw/2026/week07/after.csv ");
}

static void test_folder_moved_in_with_files(void **state)
{
    struct fixture *f = *state;
    assert_true(fs_make_dirs(path(f, "ready/part"), &f->err));
    create(f, "ready/part/x.csv");
    rename_to(f, "ready", "raw/ready");
    wait_for_events(f);
    read_all(f, 1000);
    assert_string_equal(due(f, 1000 + QUIET), "raw/ready/part/x.csv ");
}

static void test_renamed_folder_gives_new_keys(void **state)
{
    struct fixture *f = *state;
    create(f, "raw/sales/old.csv");
    rename_to(f, "raw/sales", "raw/sold");
    wait_for_events(f);
    read_all(f, 1000);
    assert_string_equal(due(f, 1000 + QUIET), "raw/sold/old.csv ");
    create(f, "raw/sold/new.csv");
    wait_for_events(f);
    read_all(f, 9000);
    assert_string_equal(due(f, 9000 + QUIET), "raw/sold/new.csv ");
}

static void test_folder_moved_away_tells_nothing(void **state)
{
    struct fixture *f = *state;
    create(f, "raw/sales/a.csv");
    rename_to(f, "raw/sales", "sales");
    wait_for_events(f);
    read_all(f, 1000);
    create(f, "sales/b.csv");
    read_all(f, 1000);
    assert_string_equal(due(f, 1000000), "");
}

static void test_put_off(void **state)
{
    struct fixture *f = *state;
    assert_true(notices_put(f->notices, STR("raw/a.csv"), 500, &f->err));
    assert_true(notices_put(f->notices, STR("raw/a.csv"), 100, &f->err)); /* what is known stays */
    assert_string_equal(due(f, 499), "");
    f->again = 700;
    assert_string_equal(due(f, 500), "raw/a.csv ");
    assert_int_equal(notices_next(f->notices), 700);
    f->again = 0;
    assert_string_equal(due(f, 700), "raw/a.csv ");
    assert_true(notices_put(f->notices, STR("raw/b.csv"), 500, &f->err));
    notices_forget(f->notices, STR("raw/b.csv"));
    notices_forget(f->notices, STR("raw/never.csv"));
    assert_string_equal(due(f, INT64_MAX - 1), "");
}

static void test_too_many_are_left_to_the_sweep(void **state)
{
    struct fixture *f = *state;
    char key[32];
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "raw/%d.csv", i);
        assert_true(notices_put(f->notices, str_of(key), 1, &f->err));
    }
    assert_true(read_all(f, 1));
    assert_string_equal(due(f, INT64_MAX - 1), "");
    assert_false(read_all(f, 1));
}

static void test_missing_prefix_is_waited_for(void **state)
{
    struct fixture *f = *state;
    assert_true(notices_refresh(f->notices, STR("input/"), &f->err));
    assert_int_equal(notices_unwatched(f->notices), 0);
    assert_true(fs_make_dirs(path(f, "input"), &f->err));
    assert_true(notices_refresh(f->notices, STR("input/"), &f->err));
    create(f, "input/a.csv");
    wait_for_events(f);
    read_all(f, 10);
    assert_string_equal(due(f, 10 + QUIET), "input/a.csv ");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_renamed_in_is_due_at_once),
        TEST(test_written_waits_for_close_and_quiet),
        TEST(test_growing_file_starts_anew),
        TEST(test_renamed_then_written_waits),
        TEST(test_hard_link_has_no_close),
        TEST(test_unfinished_names_are_left_alone),
        TEST(test_removed_before_due_is_forgotten),
        TEST(test_folder_made_later),
        TEST(test_folder_moved_in_with_files),
        TEST(test_renamed_folder_gives_new_keys),
        TEST(test_folder_moved_away_tells_nothing),
        TEST(test_put_off),
        TEST(test_too_many_are_left_to_the_sweep),
        TEST(test_missing_prefix_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
