#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/fs.h"
#include "worker/storage/beneath.h"
#include "worker/storage/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    struct arena *arena;
    struct storage *lake;
    char base[32]; /* holds lake/ and outside/ */
    struct buf seen;
};

static char *at(struct fixture *f, const char *path)
{
    return arena_printf(f->arena, "%s/%s", f->base, path);
}

static void put(struct fixture *f, const char *path, const char *text)
{
    struct err err;
    assert_true(fs_make_parent(at(f, path), &err));
    assert_true(fs_write_atomic(at(f, path), str_of(text), &err));
}

static bool there(struct fixture *f, const char *path)
{
    struct stat status;
    return lstat(at(f, path), &status) == 0;
}

static struct storage *open_lake(struct fixture *f)
{
    const struct storage_driver *const drivers[] = {&storage_dir, NULL};
    struct storage *lake;
    struct err err;
    assert_true(storage_open(str_of(at(f, "lake")), drivers, f->arena, &lake, &err));
    return lake;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err err;
    snprintf(f->base, sizeof f->base, "/tmp/sluice-dir-XXXXXX");
    f->arena = arena_new(0);
    if (!mkdtemp(f->base) || mkdir(at(f, "lake"), 0777) != 0)
        return -1;
    f->lake = open_lake(f);
    buf_init(&f->seen, 1 << 20);
    *state = f;
    return f->lake->driver->probe(f->lake, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct err err;
    bool ok = fs_remove_tree(f->base, &err);
    buf_dispose(&f->seen);
    arena_free(f->arena);
    free(f);
    return ok ? 0 : -1;
}

static bool see(void *context, const struct storage_object *object)
{
    struct fixture *f = context;
    buf_printf(&f->seen, "%.*s:%llu ", STR_ARG(object->key), (unsigned long long)object->size);
    return true;
}

static const char *list(struct fixture *f, const char *prefix)
{
    struct err err = {0};
    buf_reset(&f->seen);
    buf_add_cstr(&f->seen, "");
    if (!f->lake->driver->list(f->lake, str_of(prefix), see, f, &err))
        fail_msg("list %s: %s", prefix, err.message);
    return f->seen.n ? f->seen.p : "";
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    put(f, "lake/raw/b.csv", "12");
    put(f, "lake/raw/a/z.csv", "1");
    put(f, "lake/raw/a.csv", "123");
    put(f, "lake/raw/a0", "");
    put(f, "lake/raw/\xC3\xBC.csv", "1");
    put(f, "lake/raw/.hidden/x.csv", "1");
    put(f, "lake/raw/.x.csv", "1");
    put(f, "lake/raw/x.csv.tmp", "1");
    put(f, "lake/raw/x.csv.part", "1");
    put(f, "lake/other/x.csv", "1");
    assert_int_equal(mkfifo(at(f, "lake/raw/fifo"), 0666), 0);
    /* sorted by key: '.' < '/' < '0' */
    assert_string_equal(list(f, "raw/"), "raw/a.csv:3 raw/a/z.csv:1 raw/a0:0 raw/b.csv:2 raw/\xC3\xBC.csv:1 ");
    assert_string_equal(list(f, "raw/a"), "raw/a.csv:3 raw/a/z.csv:1 raw/a0:0 ");
    assert_string_equal(list(f, "raw/a/"), "raw/a/z.csv:1 ");
    assert_string_equal(
        list(f, ""), "other/x.csv:1 raw/a.csv:3 raw/a/z.csv:1 raw/a0:0 raw/b.csv:2 raw/\xC3\xBC.csv:1 ");
    assert_string_equal(list(f, "nothing/"), "");
}

/* More names than one pass over a folder keeps. */
static void test_list_many(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int count = 0;
    assert_true(fs_make_dirs(at(f, "lake/raw"), &err));
    int folder = open(at(f, "lake/raw"), O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < 40000; i++) {
        char name[16];
        snprintf(name, sizeof name, "%05u", i * 7919 % 40000);
        close(openat(folder, name, O_CREAT | O_WRONLY, 0666));
    }
    close(folder);
    list(f, "raw/");
    for (const char *p = f->seen.p, *end; (end = strchr(p, ' ')); p = end + 1) {
        char expected[24];
        snprintf(expected, sizeof expected, "raw/%05d:0", count++);
        if (strncmp(p, expected, strlen(expected)) != 0)
            fail_msg("%.20s where %s belongs", p, expected);
    }
    assert_int_equal(count, 40000);
}

static void test_read_write(void **state)
{
    struct fixture *f = *state;
    struct storage *lake = f->lake;
    struct err err;
    struct storage_object first, second;
    bool exists;
    assert_true(lake->driver->write(lake, STR("a/b/c.json"), STR("one"), &err));
    assert_true(lake->driver->stat(lake, STR("a/b/c.json"), &exists, &first, f->arena, &err));
    assert_true(exists);
    assert_int_equal(first.size, 3);
    assert_true(lake->driver->write(lake, STR("a/b/c.json"), STR("two"), &err));
    assert_true(lake->driver->stat(lake, STR("a/b/c.json"), &exists, &second, f->arena, &err));
    assert_string_not_equal(first.version, second.version);
    buf_reset(&f->seen);
    assert_true(lake->driver->read(lake, STR("a/b/c.json"), &f->seen, &err));
    assert_string_equal(f->seen.p, "two");
    assert_string_equal(list(f, "a/"), "a/b/c.json:3 ");
    assert_true(lake->driver->stat(lake, STR("a/none/x"), &exists, &second, f->arena, &err));
    assert_false(exists);
    assert_true(lake->driver->stat(lake, STR("a/b"), &exists, &second, f->arena, &err));
    assert_false(exists);
    int fd;
    assert_false(lake->driver->open_fd(lake, STR("a/b"), &fd, &err));
    assert_string_equal(err.code, "not-a-file");
    assert_false(lake->driver->open_fd(lake, STR("a/none"), &fd, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void test_move(void **state)
{
    struct fixture *f = *state;
    struct storage *lake = f->lake;
    struct err err;
    bool already;
    put(f, "lake/raw/x.csv", "x");
    put(f, "lake/raw/y.csv", "y");
    assert_true(lake->driver->move(lake, STR("raw/x.csv"), STR("archive/v/x.csv"), NULL, &already, &err));
    assert_false(already);
    assert_true(there(f, "lake/archive/v/x.csv") && !there(f, "lake/raw/x.csv"));
    assert_true(lake->driver->move(lake, STR("raw/x.csv"), STR("archive/v/x.csv"), NULL, &already, &err));
    assert_true(already);
    assert_true(lake->driver->move(lake, STR("gone/x.csv"), STR("archive/v/x.csv"), NULL, &already, &err));
    assert_true(already);
    assert_false(lake->driver->move(lake, STR("raw/y.csv"), STR("archive/v/x.csv"), NULL, &already, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    assert_false(lake->driver->move(lake, STR("raw/none"), STR("archive/v/none"), NULL, &already, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    /* what a crash between link() and unlink() leaves */
    assert_int_equal(link(at(f, "lake/raw/y.csv"), at(f, "lake/archive/y.csv")), 0);
    assert_true(lake->driver->move(lake, STR("raw/y.csv"), STR("archive/y.csv"), NULL, &already, &err));
    assert_true(there(f, "lake/archive/y.csv") && !there(f, "lake/raw/y.csv"));
}

static void test_publish_over(void **state)
{
    struct fixture *f = *state;
    struct storage *lake = f->lake;
    struct err err;
    bool already;
    put(f, "lake/.sluice/staging/R/new", "new");
    put(f, "lake/gold/d/p", "old");
    assert_true(
        lake->driver->publish(lake, STR(".sluice/staging/R/new"), STR(""), STR("gold/d/p"), true, &already, &err));
    assert_false(already);
    assert_true(lake->driver->read(lake, STR("gold/d/p"), &f->seen, &err));
    assert_string_equal(f->seen.p, "new");
    assert_true(
        lake->driver->publish(lake, STR(".sluice/staging/R/new"), STR(""), STR("gold/d/p"), true, &already, &err));
    assert_true(already);
    put(f, "lake/.sluice/staging/R/new", "first");
    assert_true(
        lake->driver->publish(lake, STR(".sluice/staging/R/new"), STR(""), STR("gold/e/p"), true, &already, &err));
    assert_true(!already && there(f, "lake/gold/e/p"));
    assert_false(lake->driver->publish(lake, STR("raw/none"), STR(""), STR("gold/f/p"), true, &already, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_false(lake->driver->publish(lake, STR("gold/e/p"), STR(""), STR("../outside/p"), true, &already, &err));
}

static void test_remove(void **state)
{
    struct fixture *f = *state;
    struct storage *lake = f->lake;
    struct err err;
    put(f, "lake/gold/d/date=1/p.parquet", "x");
    put(f, "lake/gold/d/date=2/p.parquet", "x");
    assert_true(lake->driver->remove(lake, STR("gold/d/date=1/p.parquet"), &err));
    assert_false(there(f, "lake/gold/d/date=1"));
    assert_true(there(f, "lake/gold/d/date=2/p.parquet"));
    assert_true(lake->driver->remove(lake, STR("gold/d/date=1/p.parquet"), &err));
    assert_true(lake->driver->remove(lake, STR("gold/d/date=2/p.parquet"), &err));
    assert_true(there(f, "lake/gold") && !there(f, "lake/gold/d"));
    put(f, "lake/.sluice/staging/R/a/b", "x");
    put(f, "outside/keep", "x");
    assert_int_equal(symlink("../../../../outside", at(f, "lake/.sluice/staging/R/out")), 0);
    assert_true(lake->driver->remove_tree(lake, STR(".sluice/staging/R/"), &err));
    assert_false(there(f, "lake/.sluice/staging"));
    assert_true(there(f, "outside/keep") && there(f, "lake/.sluice/lake.json"));
    assert_true(lake->driver->remove_tree(lake, STR(".sluice/staging/R"), &err));
    assert_false(lake->driver->remove_tree(lake, STR(""), &err));
    assert_false(lake->driver->remove_tree(lake, STR("/"), &err));
    assert_false(lake->driver->remove_tree(lake, STR("../outside"), &err));
    assert_true(there(f, "outside/keep"));
}

static void test_links(void **state)
{
    struct fixture *f = *state;
    struct storage *lake = f->lake;
    struct err err;
    bool already;
    int fd;
    put(f, "outside/secret", "s");
    put(f, "lake/raw/real/x.csv", "12345");
    assert_int_equal(symlink("real/x.csv", at(f, "lake/raw/inside.csv")), 0);
    assert_int_equal(symlink("../../outside/secret", at(f, "lake/raw/escape.csv")), 0);
    assert_int_equal(symlink(at(f, "outside/secret"), at(f, "lake/raw/absolute.csv")), 0);
    assert_int_equal(symlink("../../outside", at(f, "lake/raw/dir")), 0);
    assert_int_equal(symlink("..", at(f, "lake/raw/loop")), 0);
    assert_int_equal(symlink("none", at(f, "lake/raw/dangling.csv")), 0);
    assert_string_equal(list(f, "raw/"), "raw/inside.csv:5 raw/real/x.csv:5 ");
    static const char *const escapes[] = {"raw/escape.csv", "raw/absolute.csv", "raw/dir/secret"};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        assert_false(lake->driver->open_fd(lake, str_of(escapes[i]), &fd, &err));
        assert_int_equal(err.kind, ERR_FILE);
        assert_string_equal(err.code, "unsafe-name");
    }
    assert_false(lake->driver->write(lake, STR("raw/dir/new"), STR("x"), &err));
    assert_false(lake->driver->write(lake, STR("raw/dir/sub/new"), STR("x"), &err));
    assert_false(lake->driver->remove(lake, STR("raw/dir/secret"), &err));
    assert_false(lake->driver->move(lake, STR("raw/real/x.csv"), STR("raw/dir/x.csv"), NULL, &already, &err));
    assert_false(lake->driver->remove_tree(lake, STR("raw/dir/secret"), &err));
    assert_true(there(f, "outside/secret") && !there(f, "outside/new") && !there(f, "outside/sub"));
    /* A link that is moved would lead nowhere: its bytes go. */
    assert_true(lake->driver->move(lake, STR("raw/inside.csv"), STR("archive/inside.csv"), NULL, &already, &err));
    assert_false(there(f, "lake/raw/inside.csv"));
    buf_reset(&f->seen);
    assert_true(lake->driver->read(lake, STR("archive/inside.csv"), &f->seen, &err));
    assert_string_equal(f->seen.p, "12345");
}

/* Where the kernel has no openat2(): no link is followed at all, and .. goes nowhere. */
static void test_walk(void **state)
{
    struct fixture *f = *state;
    put(f, "outside/secret", "s");
    put(f, "lake/raw/x.csv", "x");
    assert_int_equal(symlink("../outside", at(f, "lake/dir")), 0);
    assert_int_equal(symlink("x.csv", at(f, "lake/raw/link")), 0);
    int root = open(at(f, "lake"), O_PATH | O_DIRECTORY);
    static const struct {
        const char *path;
        bool opens;
    } paths[] = {{"raw/x.csv", true}, {"", true}, {"raw", true}, {"raw/", true}, {"raw/link", false},
        {"dir/secret", false}, {"../outside/secret", false}, {"raw/../raw/x.csv", false}, {"/etc/passwd", false}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = beneath_walk(root, paths[i].path, O_RDONLY, 0);
        assert_int_equal(fd >= 0, paths[i].opens);
        if (fd >= 0)
            close(fd);
    }
    close(root);
}

static void test_vanished(void **state)
{
    struct fixture *f = *state;
    struct storage *lake = f->lake;
    struct err err;
    bool exists;
    struct storage_object object;
    struct storage *again = open_lake(f);
    assert_true(again->driver->probe(again, &err));
    assert_string_equal(again->lake_id, lake->lake_id);
    assert_int_equal(rename(at(f, "lake"), at(f, "away")), 0);
    assert_false(lake->driver->probe(lake, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.message, "is not there"));
    /* the empty mount point */
    assert_int_equal(mkdir(at(f, "lake"), 0777), 0);
    assert_false(lake->driver->probe(lake, &err));
    assert_non_null(strstr(err.message, "has vanished"));
    assert_false(lake->driver->stat(lake, STR("raw/x"), &exists, &object, f->arena, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_false(lake->driver->write(lake, STR("raw/x"), STR("x"), &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_false(lake->driver->list(lake, STR("raw/"), see, f, &err));
    assert_false(there(f, "lake/raw"));
    /* another lake in its place */
    struct storage *other = open_lake(f);
    assert_true(other->driver->probe(other, &err));
    assert_string_not_equal(other->lake_id, lake->lake_id);
    assert_false(lake->driver->probe(lake, &err));
    assert_non_null(strstr(err.message, "another lake"));
    assert_int_equal(err_action(&err), ERR_ACTION_WAIT);
}

/* In a process of its own that is nobody: root may write anywhere. */
static void test_read_only(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(chmod(f->base, 0755), 0);
    assert_int_equal(chmod(at(f, "lake/.sluice"), 0555), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct err err = {0};
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(9);
        bool ok = f->lake->driver->probe(f->lake, &err);
        _exit(!ok && err.kind == ERR_UNAVAILABLE && strstr(err.message, "Permission denied") ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(at(f, "lake/.sluice"), 0755), 0);
    assert_int_equal(status, 0);
}

static void test_full(void **state)
{
    struct fixture *f = *state;
    struct err err;
    if (mount("none", at(f, "lake"), "tmpfs", 0, "size=64k") != 0) {
        print_message("skipped: no tmpfs can be mounted here: %s\n", strerror(errno));
        skip();
    }
    char block[16 * 1024];
    memset(block, 'x', sizeof block);
    struct storage *lake = open_lake(f);
    bool ok = lake->driver->probe(lake, &err);
    for (int i = 0; ok && i < 8; i++) {
        char key[16];
        snprintf(key, sizeof key, "raw/%d", i);
        ok = lake->driver->write(lake, str_of(key), (struct str){block, sizeof block}, &err);
    }
    struct err probe = {0};
    bool writable = true;
    for (int i = 0; i < 64 && writable; i++) /* the rest of it, in small pieces */
        writable = lake->driver->write(lake, str_of(arena_printf(f->arena, "raw/s%d", i)), STR("x"), &probe);
    assert_int_equal(umount2(at(f, "lake"), MNT_DETACH), 0);
    assert_false(ok);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.message, "No space left"));
    assert_int_equal(probe.kind, ERR_UNAVAILABLE);
}

static void test_names(void **state)
{
    struct fixture *f = *state;
    struct storage *lake = f->lake;
    struct err err;
    bool already;
    static const struct str names[] = {STR("../outside/x"), STR("/etc/x"), STR("raw/a\nb"), STR("raw/.."), STR("")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(lake->driver->write(lake, names[i], STR("x"), &err));
        assert_string_equal(err.code, "unsafe-name");
        assert_false(lake->driver->remove(lake, names[i], &err));
        assert_false(lake->driver->move(lake, names[i], STR("raw/x"), NULL, &already, &err));
        assert_false(lake->driver->move(lake, STR("raw/x"), names[i], NULL, &already, &err));
        assert_false(lake->driver->local_path(lake, names[i], &f->seen, &err));
    }
    buf_reset(&f->seen);
    assert_true(lake->driver->local_path(lake, STR(".sluice/staging/R/out"), &f->seen, &err));
    assert_string_equal(f->seen.p, at(f, "lake/.sluice/staging/R/out"));
    assert_true(there(f, "lake/.sluice/staging/R"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list),
        TEST(test_list_many),
        TEST(test_read_write),
        TEST(test_move),
        TEST(test_publish_over),
        TEST(test_remove),
        TEST(test_links),
        TEST(test_walk),
        TEST(test_vanished),
        TEST(test_read_only),
        TEST(test_full),
        TEST(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
