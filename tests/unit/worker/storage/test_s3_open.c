#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/storage/s3_intern.h"

static const struct storage_driver *const drivers[] = {&storage_dir, &storage_s3, NULL};

static int set_up(void **state)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_MAX_ATTEMPTS"};
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("XDG_STATE_HOME", "/state", 1);
    return 0;
}

static void test_where_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *url, *endpoint, *region;
        const char *bucket, *prefix, *scheme_host; /* bucket NULL: refused */
        bool path_style;
    } cases[] = {
        {"s3://lake", NULL, NULL, "lake", "", NULL, false},
        {"s3://lake/", NULL, "eu-west-1", "lake", "", NULL, false},
        {"s3://my.lake/a/b//", NULL, NULL, "my.lake", "a/b/", NULL, true},
        {"s3://lake/p", "http://127.0.0.1:9000/", NULL, "lake", "p/", "http://127.0.0.1:9000", true},
        {"s3://lake/p", "https://minio.example", NULL, "lake", "p/", "https://minio.example", true},
        {"s3://lake/p", "minio.example", NULL, NULL, NULL, NULL, false},
        {"s3://lake/p", "https://minio.example/path", NULL, NULL, NULL, NULL, false},
        {"s3://", NULL, NULL, NULL, NULL, NULL, false},
        {"s3://a", NULL, NULL, NULL, NULL, NULL, false},
        {"s3://la ke/x", NULL, NULL, NULL, NULL, NULL, false},
        {"s3://lake/../x", NULL, NULL, NULL, NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new(0);
        struct storage *storage = NULL;
        struct err err;
        set_up(NULL);
        if (cases[i].endpoint)
            setenv("AWS_ENDPOINT_URL_S3", cases[i].endpoint, 1);
        if (cases[i].region)
            setenv("AWS_REGION", cases[i].region, 1);
        bool ok = storage_open(str_of(cases[i].url), drivers, arena, &storage, &err);
        assert_int_equal(ok, cases[i].bucket != NULL);
        if (ok) {
            struct s3 *s3 = s3_of(storage);
            assert_true(str_eq(s3->bucket, str_of(cases[i].bucket)));
            assert_true(str_eq(s3->prefix, str_of(cases[i].prefix)));
            assert_int_equal(s3->path_style, cases[i].path_style);
            assert_string_equal(s3->region, cases[i].region ? cases[i].region : "us-east-1");
            assert_string_equal(storage->root.p, cases[i].url);
            assert_memory_equal(storage->local.p, "/state/sluice/", 14);
            if (cases[i].scheme_host)
                assert_string_equal(s3->scheme_host, cases[i].scheme_host);
            else
                assert_null(s3->scheme_host);
        }
        arena_free(arena);
    }
}

/* One lake, however it is written; another by another prefix. */
static void test_its_folder_here(void **state)
{
    (void)state;
    static const char *const urls[] = {"s3://lake/p", "s3://lake/p/", "s3://lake/q"};
    struct arena *arena = arena_new(0);
    struct storage *storages[3];
    struct err err;
    for (size_t i = 0; i < 3; i++)
        assert_true(storage_open(str_of(urls[i]), drivers, arena, &storages[i], &err));
    assert_string_equal(storages[0]->local.p, storages[1]->local.p);
    assert_string_not_equal(storages[0]->local.p, storages[2]->local.p);
    arena_free(arena);
}

static void test_what_is_built_lies_here(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct storage *storage;
    struct err err;
    struct buf path;
    buf_init(&path, 1000);
    assert_true(storage_open(STR("s3://lake/p"), drivers, arena, &storage, &err));
    assert_false(storage->driver->local_path(storage, STR("processed/x"), &path, &err));
    assert_int_equal(err.kind, ERR_BUG);
    s3_local(s3_of(storage), STR(".sluice/staging/R/x"), &path);
    assert_true(str_starts(buf_str(&path), storage->local));
    assert_string_equal(path.p + storage->local.n, "/staging/R/x");
    assert_false(storage->driver->local_path(storage, STR(".sluice/staging/../x"), &path, &err));
    assert_string_equal(err.code, "unsafe-name");
    buf_dispose(&path);
    arena_free(arena);
}

static void test_version(void **state)
{
    (void)state;
    char version[64];
    s3_version("\"abc\"", 1767225600999999, version);
    assert_string_equal(version, "\"abc\"-6955b900");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_where_it_is, set_up),
        cmocka_unit_test_setup(test_its_folder_here, set_up),
        cmocka_unit_test_setup(test_what_is_built_lies_here, set_up),
        cmocka_unit_test_setup(test_version, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
