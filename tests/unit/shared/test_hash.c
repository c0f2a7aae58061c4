#include "shared/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* FIPS 180-4 examples (NIST) */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void whole(void **state)
{
    (void)state;
    char hex[SHA256_TEXT_SIZE];
    sha256_of(STR("abc"), hex);
    assert_string_equal(hex, ABC);
    sha256_of((struct str){0}, hex);
    assert_string_equal(hex, EMPTY);
}

static void in_parts(void **state)
{
    (void)state;
    char hex[SHA256_TEXT_SIZE], part[1000];
    struct sha256 *sha = sha256_new();
    assert_non_null(sha);
    memset(part, 'a', sizeof part);
    for (int i = 0; i < 1000; i++)
        sha256_add(sha, part, sizeof part);
    sha256_finish(sha, hex);
    assert_string_equal(hex, MILLION_A);
    sha256_free(sha256_new());
    sha256_free(NULL);
}

static void descriptor(void **state)
{
    (void)state;
    char hex[SHA256_TEXT_SIZE];
    uint64_t size = 0;
    struct err err = {0};
    FILE *file = tmpfile();
    assert_non_null(file);
    for (int i = 0; i < 1000000; i++)
        fputc('a', file);
    fflush(file);
    assert_int_equal(lseek(fileno(file), 77, SEEK_SET), 77);
    assert_true(sha256_fd(fileno(file), "it", hex, &size, &err));
    assert_string_equal(hex, MILLION_A);
    assert_int_equal(size, 1000000);
    assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 77);
    fclose(file);
    assert_false(sha256_fd(-1, "nothing", hex, &size, &err));
    assert_int_equal(err.kind, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole), cmocka_unit_test(in_parts), cmocka_unit_test(descriptor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
