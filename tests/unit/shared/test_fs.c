#include "shared/fs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Each test works in a folder of its own, as its current one. */
static int enter(void **state)
{
    char *name = strdup("/tmp/test_fs.XXXXXX");
    *state = name;
    return name && mkdtemp(name) && chdir(name) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    struct err err;
    bool ok = chdir("/") == 0 && fs_remove_tree(*state, &err) && access(*state, F_OK) != 0;
    free(*state);
    return ok ? 0 : -1;
}

static void put(const char *path, const char *content)
{
    struct err err;
    if (!fs_write_atomic(path, str_of(content), &err))
        fail_msg("%s", err.message);
}

static void check_content(const char *path, const char *expected)
{
    struct buf buf;
    struct err err;
    buf_init(&buf, 1000);
    if (!fs_read(path, &buf, &err))
        fail_msg("%s", err.message);
    assert_string_equal(buf.n ? buf.p : "", expected);
    buf_dispose(&buf);
}

static bool there(const char *path)
{
    bool exists = false;
    struct err err;
    assert_true(fs_exists(path, &exists, &err));
    return exists;
}

static void reads_and_writes(void **state)
{
    (void)state;
    struct buf buf;
    struct err err;
    char **names;
    size_t count;
    struct arena *arena = arena_new(0);
    put("a", "one");
    check_content("a", "one");
    put("a", "two");
    check_content("a", "two");
    assert_true(fs_replace("a", STR("three"), &err));
    check_content("a", "three");
    put("empty", "");
    check_content("empty", "");
    assert_true(fs_list(".", arena, &names, &count, &err)); /* no temporary file is left */
    assert_int_equal(count, 2);
    buf_init(&buf, 2);
    assert_false(fs_read("a", &buf, &err));
    assert_int_equal(err.kind, ERR_MEMORY);
    buf_dispose(&buf);
    assert_false(fs_read("none", &buf, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_string_equal(err.message, "cannot open none: No such file or directory");
    assert_false(fs_write_atomic("no/folder", STR("x"), &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    arena_free(arena);
}

static void a_failed_write_leaves_the_old(void **state)
{
    (void)state;
    static const char *const faults[] = {"fail:write:*", "fail:sync:*", "fail:rename:*"};
    struct err err;
    struct arena *arena = arena_new(0);
    char **names;
    size_t count;
    put("a", "old");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        setenv("SLUICE_FAULT", faults[i], 1);
        assert_false(fs_write_atomic("a", STR("new"), &err));
        assert_int_equal(err.kind, ERR_UNAVAILABLE);
        unsetenv("SLUICE_FAULT");
        check_content("a", "old");
        assert_true(fs_list(".", arena, &names, &count, &err));
        assert_int_equal(count, 1);
    }
    setenv("SLUICE_FAULT", "x", 1); /* nonsense means no fault */
    put("a", "new");
    unsetenv("SLUICE_FAULT");
    arena_free(arena);
}

static void folders(void **state)
{
    (void)state;
    struct err err;
    assert_true(fs_make_dirs("a/b/c", &err));
    assert_true(fs_make_dirs("a/b/c", &err));
    assert_true(fs_make_dirs("a/b/c/d/", &err));
    assert_true(fs_make_parent("x/y/file", &err));
    assert_true(there("x/y"));
    assert_false(there("x/y/file"));
    put("a/file", "");
    assert_false(fs_make_dirs("a/file", &err));
    assert_false(fs_make_dirs("a/file/b", &err));
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_false(fs_make_dirs("dangling", &err));
    assert_true(there("dangling"));
    assert_false(there("a/file/b"));
}

static void renames(void **state)
{
    (void)state;
    struct err err;
    put("a", "one");
    put("b", "two");
    assert_false(fs_rename_new("a", "b", &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    check_content("b", "two");
    assert_true(fs_rename_new("a", "c", &err));
    check_content("c", "one");
    assert_false(there("a"));
    assert_false(fs_rename_new("a", "d", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void removes(void **state)
{
    (void)state;
    struct err err;
    assert_true(fs_make_dirs("t/u", &err));
    assert_true(fs_make_dirs("kept", &err));
    put("kept/file", "x");
    put("t/u/f", "x");
    assert_int_equal(symlink("../kept", "t/link"), 0);
    assert_true(fs_remove_tree("t", &err));
    assert_false(there("t"));
    check_content("kept/file", "x"); /* links are not followed */
    assert_true(fs_remove_tree("t", &err));
    assert_true(fs_remove("kept/file", &err));
    assert_true(fs_remove("kept/file", &err));
    assert_false(fs_remove("kept", &err));
}

static void prunes(void **state)
{
    (void)state;
    struct err err;
    assert_true(fs_make_dirs("lake/a/b/c", &err));
    assert_true(fs_make_dirs("lake/ab/c", &err));
    put("lake/a/file", "x");
    fs_prune_empty("lake/ab/c", "lake/a"); /* not below it */
    assert_true(there("lake/ab/c"));
    fs_prune_empty("lake/a/b/c", "lake");
    assert_false(there("lake/a/b"));
    assert_true(there("lake/a/file"));
    fs_prune_empty("lake/ab/c", "lake/");
    assert_false(there("lake/ab"));
    assert_true(there("lake"));
}

static void lists(void **state)
{
    (void)state;
    struct err err;
    struct arena *arena = arena_new(0);
    char **names;
    size_t count;
    static const char *const made[] = {"b", "a", "B", ".hidden", "\xC3\xA9"};
    static const char *const sorted[] = {".hidden", "B", "a", "b", "\xC3\xA9"};
    for (size_t i = 0; i < 5; i++)
        put(made[i], "");
    assert_true(fs_list(".", arena, &names, &count, &err));
    assert_int_equal(count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(names[i], sorted[i]);
    assert_false(fs_list("none", arena, &names, &count, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    arena_free(arena);
}

static void space(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    struct err err;
    assert_true(fs_free_bytes(".", &bytes, &err));
    assert_true(bytes > 0);
    assert_false(fs_free_bytes("none", &bytes, &err));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static void parts_are_written_in_order(void **state)
{
    (void)state;
    char one[] = "one ", none[] = "", three[] = "three";
    struct iovec parts[] = {{none, 0}, {one, 4}, {none, 0}, {three, 5}};
    struct err err;
    int fd = open("parts", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    assert_true(fs_write_parts(fd, parts, 4, "parts", &err));
    assert_true(fs_write_parts(fd, parts, 0, "parts", &err));
    close(fd);
    check_content("parts", "one three");
    fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct iovec again = {three, 5};
    assert_false(fs_write_parts(fd, &again, 1, "/dev/full", &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(reads_and_writes), IN_FOLDER(parts_are_written_in_order),
        IN_FOLDER(a_failed_write_leaves_the_old), IN_FOLDER(folders), IN_FOLDER(renames), IN_FOLDER(removes),
        IN_FOLDER(prunes), IN_FOLDER(lists), IN_FOLDER(space)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
