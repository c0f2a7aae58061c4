/* One page's bytes, worked out by hand from parquet.thrift; the CRC's check value from its catalogue (CRC-32/ISO-HDLC).
 */
#include "worker/format/parquet/page.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>

static void the_crc_is_that_of_gzip(void **state)
{
    (void)state;
    assert_int_equal(page_crc(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(page_crc(page_crc(0, "1234", 4), "56789", 5), 0xCBF43926);
}

static void headers_of_both_kinds(void **state)
{
    (void)state;
    /* crc as a 32-bit signed number: 0xCBF43926 is -873187034, zigzag 1746374067 = b3 9b de c0 06 */
    static const struct {
        struct page page;
        const char *bytes;
        size_t n;
    } cases[] = {
        {{PAGE_DATA, ENCODING_RLE_DICTIONARY, 300, {"123456789", 9}},
            "\x15\x00\x15\x12\x15\x12\x15\xb3\x9b\xde\xc0\x06\x1c\x15\xd8\x04\x15\x10\x15\x06\x15\x06\x00\x00"
            "123456789",
            33},
        {{PAGE_DICTIONARY, ENCODING_PLAIN, 2, {"123456789", 9}},
            "\x15\x04\x15\x12\x15\x12\x15\xb3\x9b\xde\xc0\x06\x3c\x15\x04\x15\x00\x00\x00"
            "123456789",
            28},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        struct page_header header;
        struct parquet_options options = {.codec = PARQUET_UNCOMPRESSED};
        struct stored_page *stored = page_store(&cases[i].page, &options, &err);
        assert_non_null(stored);
        assert_int_equal(stored->n, cases[i].n);
        assert_memory_equal(stored->bytes, cases[i].bytes, cases[i].n);
        assert_true(page_read_header(stored->bytes, stored->n, &header));
        assert_int_equal(header.size, cases[i].n - 9);
        assert_int_equal(header.values, cases[i].page.values);
        assert_int_equal(header.crc, 0xCBF43926);
        /* Cut anywhere it is no header. */
        for (size_t n = 0; n < header.size; n++)
            assert_false(page_read_header(stored->bytes, n, &header));
        free(stored);
        assert_true(page_read_header(cases[i].bytes, cases[i].n, &header));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_crc_is_that_of_gzip),
        cmocka_unit_test(headers_of_both_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
