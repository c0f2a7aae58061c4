#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/storage/storage.h"

static const struct {
    struct str key;
    const char *fault; /* NULL: fine */
} keys[] = {
    {STR("raw/sales/x.csv"), NULL},
    {STR("x"), NULL},
    {STR("raw/a..b/...c"), NULL},
    {STR("raw/back\\slash"), NULL},
    {STR("raw/Umsatz \xC3\xBC\xE2\x82\xAC.csv"), NULL},
    {STR(""), "an empty name"},
    {STR("/etc/passwd"), "empty part"},
    {STR("raw//x"), "empty part"},
    {STR("raw/x/"), "empty part"},
    {STR(".."), "part that is . or .."},
    {STR("raw/../../x"), "part that is . or .."},
    {STR("raw/./x"), "part that is . or .."},
    {STR("raw/.."), "part that is . or .."},
    {STR("raw/a\nb"), "control characters"},
    {STR("raw/a\0b"), "control characters"},
    {STR("raw/a\x7F"), "control characters"},
    {STR("raw/\x1B[2J"), "control characters"},
    {STR("raw/\xC2\x9B"
         "2J"),
        "control characters"},
    {STR("raw/\xFC.csv"), "not UTF-8"},
    {STR("raw/\xC0\xAE\xC0\xAE/x"), "not UTF-8"},
};

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct err err = {0};
        bool ok = storage_key_ok(keys[i].key, &err);
        assert_int_equal(ok, keys[i].fault == NULL);
        if (ok)
            continue;
        assert_int_equal(err.kind, ERR_FILE);
        assert_string_equal(err.code, "unsafe-name");
        if (!strstr(err.message, keys[i].fault))
            fail_msg("case %zu says: %s", i, err.message);
        for (const char *p = err.message; *p; p++)
            assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
    }
}

static void test_long_keys(void **state)
{
    (void)state;
    char key[1026];
    struct err err;
    memset(key, 'x', sizeof key);
    assert_true(storage_key_ok((struct str){key, 255}, &err));
    assert_false(storage_key_ok((struct str){key, 256}, &err));
    for (size_t i = 200; i < sizeof key; i += 201)
        key[i] = '/';
    assert_true(storage_key_ok((struct str){key, 1024}, &err));
    assert_false(storage_key_ok((struct str){key, 1025}, &err));
}

/* As org.apache.hadoop.hive.common.FileUtils.escapePathName() answers; the C1 control is ours. */
static const struct {
    struct str value;
    const char *escaped;
} escapes[] = {
    {STR("2026-11-21"), "2026-11-21"},
    {STR("a b+c,d"), "a b+c,d"},
    {STR("12:30/x"), "12%3A30%2Fx"},
    {STR("50%"), "50%25"},
    {STR("a=b"), "a%3Db"},
    {STR("\"#'*?\\{[]^\x7F"), "%22%23%27%2A%3F%5C%7B%5B%5D%5E%7F"},
    {STR("}|<>~"), "}|<>~"},
    {STR("\n\x01\x1F"), "%0A%01%1F"},
    {STR("Z\xC3\xBCrich"), "Z\xC3\xBCrich"},
    {STR("x\xC2\x85y\xC2\xA0"), "x%C2%85y\xC2\xA0"},
    {STR(""), "__HIVE_DEFAULT_PARTITION__"},
};

static void test_escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        struct buf out;
        buf_init(&out, 1024);
        storage_hive_escape(&out, escapes[i].value);
        assert_string_equal(out.p, escapes[i].escaped);
        struct err err;
        assert_true(storage_key_ok(buf_str(&out), &err));
        buf_dispose(&out);
    }
}

static void test_base_names(void **state)
{
    (void)state;
    assert_true(str_eq(storage_base_name(STR("raw/sales/x.csv")), STR("x.csv")));
    assert_true(str_eq(storage_base_name(STR("x.csv")), STR("x.csv")));
    /* 4 + 3 * 100 + 7 bytes; the last 180 begin inside a euro sign: 7 + 57 * 3 = 178 remain */
    char key[400] = "raw/";
    for (int i = 0; i < 100; i++)
        memcpy(key + 4 + 3 * i, "\xE2\x82\xAC", 3);
    memcpy(key + 304, ".csv.gz", 7);
    struct str name = storage_base_name((struct str){key, 311});
    assert_int_equal(name.n, 178);
    assert_true(str_starts(name, STR("\xE2\x82\xAC")));
    assert_true(str_ends(name, STR(".csv.gz")));
}

static void test_open(void **state)
{
    (void)state;
    const struct storage_driver *const drivers[] = {&storage_dir, NULL};
    static const struct {
        const char *url, *root; /* root NULL: refused */
    } urls[] = {
        {"/srv/lake", "/srv/lake"},
        {"/srv/lake///", "/srv/lake"},
        {"file:///srv/lake", "/srv/lake"},
        {"/", "/"},
        {"s3://bucket/lake", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct arena *arena = arena_new(0);
        struct storage *storage = NULL;
        struct err err = {0};
        bool ok = storage_open(str_of(urls[i].url), drivers, arena, &storage, &err);
        assert_int_equal(ok, urls[i].root != NULL);
        if (ok)
            assert_string_equal(storage->root.p, urls[i].root);
        else
            assert_int_equal(err.kind, ERR_USAGE);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_long_keys),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_base_names),
        cmocka_unit_test(test_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
