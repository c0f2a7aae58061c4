/* Moves on a server, which S3_MOVES names (s3://bucket/prefix): tests/integration/test_s3_lake.py runs this. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/storage/s3_intern.h"

static const struct storage_driver *const drivers[] = {&storage_s3, NULL};
static const struct str from = {"raw/a b.csv", 11}, to = {"archive/\xC3\xA4.csv", 14};

struct fixture {
    struct arena *arena;
    struct storage *storage;
    struct buf bytes;
};

static int set_up(void **state)
{
    const char *url = getenv("S3_MOVES");
    struct fixture *f = calloc(1, sizeof *f);
    struct err err;
    *state = f;
    f->arena = arena_new(0);
    buf_init(&f->bytes, HTTP_BODY_MAX);
    uint32_t x = 1;
    for (size_t i = 0; i < (size_t)20 << 20; i += sizeof x) {
        x = x * 1664525 + 1013904223;
        buf_add(&f->bytes, &x, sizeof x);
    }
    if (!storage_open(str_of(url), drivers, f->arena, &f->storage, &err) ||
        !s3_put(s3_of(f->storage), from, buf_str(&f->bytes), false, &err) ||
        !s3_delete(s3_of(f->storage), to, NULL, &err))
        return 1;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_dispose(&f->bytes);
    arena_free(f->arena);
    free(f);
    return 0;
}

static void assert_holds(struct fixture *f, struct str key, struct str bytes)
{
    struct buf found;
    struct err err;
    bool exists;
    buf_init(&found, HTTP_BODY_MAX);
    assert_true(s3_get(s3_of(f->storage), key, &found, &exists, &err));
    assert_int_equal(exists, bytes.p != NULL);
    assert_true(!exists || str_eq(buf_str(&found), bytes));
    buf_dispose(&found);
}

static void version_of(struct fixture *f, char version[64])
{
    struct s3_head head;
    struct err err;
    assert_true(s3_stat(s3_of(f->storage), from, &head, &err));
    s3_version(head.etag, head.modified, version);
}

static void test_in_parts(void **state)
{
    struct fixture *f = *state;
    struct s3 *s3 = s3_of(f->storage);
    struct s3_head head;
    struct err err;
    bool already;
    int fd;
    s3->copy_most = 6 << 20;
    assert_true(s3_move(f->storage, from, to, NULL, &already, &err));
    assert_false(already);
    assert_holds(f, from, (struct str){0});
    assert_holds(f, to, buf_str(&f->bytes));
    assert_true(s3_stat(s3, to, &head, &err));
    assert_string_equal(head.etag + strlen(head.etag) - 3, "-3\""); /* 8, 8 and 4 MiB */
    /* its parts are known, so that what comes of it is held against them */
    assert_true(s3_download(s3, to, &fd, &err));
    assert_true(s3_move(f->storage, from, to, NULL, &already, &err));
    assert_true(already);
}

/* A copy in parts has another ETag: a repeat knows it by its mark. */
static void test_in_parts_again(void **state)
{
    struct fixture *f = *state;
    char version[64];
    struct err err;
    bool already;
    s3_of(f->storage)->copy_most = 6 << 20;
    version_of(f, version);
    s3_move_ahead(f->storage, from, to, version);
    assert_holds(f, from, buf_str(&f->bytes));
    assert_holds(f, to, buf_str(&f->bytes));
    assert_true(s3_move(f->storage, from, to, version, &already, &err));
    assert_holds(f, from, (struct str){0});
}

static void test_what_comes_after_the_copy_stays(void **state)
{
    struct fixture *f = *state;
    struct s3 *s3 = s3_of(f->storage);
    char version[64];
    struct err err;
    bool already;
    version_of(f, version);
    s3_move_ahead(f->storage, from, to, version);
    assert_true(s3_put(s3, from, STR("new"), false, &err));
    assert_true(s3_move(f->storage, from, to, version, &already, &err));
    assert_holds(f, from, STR("new"));
    assert_holds(f, to, buf_str(&f->bytes));
    /* of another version nothing is copied, and nothing is moved over what is there */
    s3_move_ahead(f->storage, from, STR("archive/other"), version);
    assert_holds(f, STR("archive/other"), (struct str){0});
    assert_false(s3_move(f->storage, from, STR("archive/other"), version, &already, &err));
    assert_int_equal(err.kind, ERR_CHANGED);
    assert_false(s3_move(f->storage, from, to, NULL, &already, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
}

static bool count(void *context, const struct storage_object *object)
{
    (void)object;
    ++*(size_t *)context;
    return true;
}

static void test_many_are_removed_at_once(void **state)
{
    static const char *const names[] = {
        "x/a&b <c>.csv", "x/\xC3\xA4/\xE2\x82\xAC 100%.csv", "x/'\"+?#.csv", "xy/stays"};
    struct fixture *f = *state;
    struct s3 *s3 = s3_of(f->storage);
    struct err err;
    size_t left = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(s3_put(s3, str_of(names[i]), STR("1"), false, &err));
    assert_true(storage_s3.remove_tree(f->storage, STR("x"), &err));
    assert_true(s3_list(f->storage, STR("x"), count, &left, &err));
    assert_int_equal(left, 1);
}

static void test_mark(void **state)
{
    char mark[ULID_SIZE];
    (void)state;
    s3_copy_mark(STR("\"abc-2\""), mark);
    assert_string_equal(mark, "abc-2");
    s3_copy_mark(STR("\"0123456789abcdef0123456789abcdef\""), mark);
    assert_string_equal(mark, "0123456789abcdef0123456789");
    s3_copy_mark(STR(""), mark);
    assert_string_equal(mark, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mark)};
    const struct CMUnitTest on_a_server[] = {
        cmocka_unit_test_setup_teardown(test_in_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_parts_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_comes_after_the_copy_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_are_removed_at_once, set_up, tear_down),
    };
    return getenv("S3_MOVES") ? cmocka_run_group_tests(on_a_server, NULL, NULL)
                              : cmocka_run_group_tests(tests, NULL, NULL);
}
