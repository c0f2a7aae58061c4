#include "worker/stream/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

/* gzip.compress(…, mtime=0) of Python and zstd(1), of "a,b\n" and "c,d\n". */
#define GZIP_AB "\037\213\010\000\000\000\000\000\002\003\113\324\111\342\002\000\305\020\227\044\004\000\000\000"
#define GZIP_CD "\037\213\010\000\000\000\000\000\002\003\113\326\111\341\002\000\310\177\304\330\004\000\000\000"
#define ZSTD_AB "\050\265\057\375\004\130\041\000\000\141\054\142\012\155\153\023\062"
#define ZSTD_CD "\050\265\057\375\004\130\041\000\000\143\054\144\012\330\013\103\257"
#define SKIPPABLE "\x50\x2a\x4d\x18\x02\0\0\0zz"

struct expansion {
    enum compression compression;
    struct str bytes;
    const char *text; /* what comes out before the end or the error */
    bool fails;
};

static const struct expansion expansions[] = {
    {COMPRESSION_GZIP, STR(GZIP_AB), "a,b\n", false},
    {COMPRESSION_GZIP, STR(GZIP_AB GZIP_CD), "a,b\nc,d\n", false},
    {COMPRESSION_GZIP, STR(GZIP_AB "\0\0\0"), "a,b\n", false},
    {COMPRESSION_GZIP, STR(GZIP_AB "junk"), "a,b\n", true},
    {COMPRESSION_GZIP, STR(GZIP_AB "\0\0x"), "a,b\n", true},
    {COMPRESSION_GZIP, {GZIP_AB, sizeof GZIP_AB - 2}, "a,b\n", true},
    {COMPRESSION_GZIP, {GZIP_AB, 12}, "a,b\n", true},
    {COMPRESSION_GZIP, STR("\x1f\x8b"), "", true},
    {COMPRESSION_ZSTD, STR(ZSTD_AB), "a,b\n", false},
    {COMPRESSION_ZSTD, STR(ZSTD_AB SKIPPABLE ZSTD_CD), "a,b\nc,d\n", false},
    {COMPRESSION_ZSTD, {ZSTD_AB, sizeof ZSTD_AB - 2}, "a,b\n", true},
    {COMPRESSION_ZSTD, {ZSTD_AB, 6}, "", true},
    {COMPRESSION_ZSTD, STR(ZSTD_AB "junk"), "a,b\n", true},
};

static void test_expansions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expansions / sizeof *expansions; i++) {
        const struct expansion *e = &expansions[i];
        struct err err = {0};
        char out[64];
        size_t got = 1, n = 0;
        struct stream *stream =
            stream_decompress(stream_memory(e->bytes, &err), e->compression, (struct stream_limits){0}, &err);
        bool ok = true;
        while (ok && got && (ok = stream->read(stream, out + n, 3, &got, &err)))
            n += got;
        /* A decoder may give out the last bytes before it sees that the check sum is missing, or may not. */
        bool same = n == strlen(e->text) || (e->fails && n < strlen(e->text));
        if (ok == e->fails || !same || memcmp(out, e->text, n) != 0)
            fail_msg("case %zu: %zu bytes, %s", i, n, err.message);
        if (e->fails) {
            assert_int_equal(err.kind, ERR_FILE);
            assert_string_equal(err.code, "compression-error");
        }
        stream_close(stream);
    }
}

static struct str zeros(enum compression compression, size_t n)
{
    char *plain = calloc(1, n), *packed = malloc(n / 100 + 1000);
    size_t size = n / 100 + 1000;
    assert_non_null(plain);
    assert_non_null(packed);
    if (compression == COMPRESSION_ZSTD) {
        size = ZSTD_compress(packed, size, plain, n, 1);
        assert_false(ZSTD_isError(size));
    } else {
        z_stream z = {
            .next_in = (Bytef *)plain, .avail_in = (uInt)n, .next_out = (Bytef *)packed, .avail_out = (uInt)size};
        assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        size = z.total_out;
        deflateEnd(&z);
    }
    free(plain);
    return (struct str){packed, size};
}

static void test_bombs(void **state)
{
    static const struct {
        struct stream_limits limits;
        bool bomb;
    } cases[] = {
        {{0, 0}, false},
        {{90 << 20, 50}, true},
        {{200 << 20, 50}, false},     /* dense, but not large */
        {{90 << 20, 1000000}, false}, /* large, but not dense */
        {{90 << 20, 0}, true},
        {{0, 50}, true},
    };
    (void)state;
    for (int compression = COMPRESSION_GZIP; compression <= COMPRESSION_ZSTD; compression++) {
        struct str packed = zeros((enum compression)compression, 100 << 20);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct err err = {0};
            uint64_t skipped = 0;
            struct stream *stream =
                stream_decompress(stream_memory(packed, &err), (enum compression)compression, cases[i].limits, &err);
            bool ok = stream_skip(stream, UINT64_MAX, &skipped, &err);
            assert_int_equal(ok, !cases[i].bomb);
            if (ok)
                assert_int_equal(skipped, 100 << 20);
            else
                assert_string_equal(err.code, "compression-bomb");
            stream_close(stream);
        }
        free((void *)(uintptr_t)packed.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_expansions), cmocka_unit_test(test_bombs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
