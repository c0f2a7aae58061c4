/* MD5 of many messages against OpenSSL's of each, and RFC 1321's own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/gold/md5.h"

#include <openssl/evp.h>

enum { MOST = 300, LONG = 100000 };

static void same_as_openssl_by(enum md5_kernel kernel, const struct str *messages, uint32_t n)
{
    uint8_t found[MOST][MD5_BYTES];
    md5_many_by(kernel, messages, n, found);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t expected[MD5_BYTES];
        unsigned length = MD5_BYTES;
        assert_int_equal(EVP_Digest(messages[i].p, messages[i].n, expected, &length, EVP_md5(), NULL), 1);
        assert_memory_equal(found[i], expected, MD5_BYTES);
    }
}

static void same_as_openssl(const struct str *messages, uint32_t n)
{
    for (int kernel = 0; kernel < MD5_KERNELS; kernel++)
        if (md5_supported((enum md5_kernel)kernel))
            same_as_openssl_by((enum md5_kernel)kernel, messages, n);
}

static void every_length(void **state)
{
    (void)state;
    static char text[LONG];
    struct str messages[MOST];
    for (size_t i = 0; i < LONG; i++)
        text[i] = (char)(i * 2654435761u >> 13);
    for (uint32_t i = 0; i < MOST; i++)
        messages[i] = (struct str){text + i, i};
    for (uint32_t n = 0; n <= 33; n++)
        same_as_openssl(messages + 40, n);
    same_as_openssl(messages, MOST);
    messages[7] = (struct str){text, LONG}; /* one lane far longer than its neighbours */
    same_as_openssl(messages, 20);
}

static void examples_of_the_standard(void **state)
{
    (void)state;
    static const uint8_t empty[] = {
        0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e};
    static const uint8_t abc[] = {
        0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
    struct str messages[] = {STR(""), STR("abc")};
    uint8_t found[2][MD5_BYTES];
    md5_many(messages, 2, found);
    assert_memory_equal(found[0], empty, MD5_BYTES);
    assert_memory_equal(found[1], abc, MD5_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_length), cmocka_unit_test(examples_of_the_standard)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
