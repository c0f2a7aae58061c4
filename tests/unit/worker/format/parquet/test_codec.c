/* Each codec's own library undoes what was done, on another thread too. */
#include "worker/format/parquet/codec.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <pthread.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

static size_t undo(enum parquet_codec codec, struct str stored, char *out, size_t room)
{
    size_t n = room;
    z_stream gzip = {.next_in = (Bytef *)(uintptr_t)stored.p,
        .avail_in = (uInt)stored.n,
        .next_out = (Bytef *)out,
        .avail_out = (uInt)room};
    switch (codec) {
    case PARQUET_ZSTD:
        return ZSTD_decompress(out, room, stored.p, stored.n);
    case PARQUET_SNAPPY:
        assert_int_equal(snappy_uncompress(stored.p, stored.n, out, &n), SNAPPY_OK);
        return n;
    case PARQUET_GZIP:
        /* 16: a gzip header and nothing else */
        assert_int_equal(inflateInit2(&gzip, 15 + 16), Z_OK);
        assert_int_equal(inflate(&gzip, Z_FINISH), Z_STREAM_END);
        inflateEnd(&gzip);
        return gzip.total_out;
    default:
        memcpy(out, stored.p, stored.n);
        return stored.n;
    }
}

static void codecs_round_trip(void **state)
{
    (void)state;
    static const struct {
        enum parquet_codec codec;
        int level;
    } cases[] = {{PARQUET_UNCOMPRESSED, 0}, {PARQUET_SNAPPY, 0}, {PARQUET_GZIP, 0}, {PARQUET_GZIP, 9},
        {PARQUET_GZIP, 9}, {PARQUET_ZSTD, 0}, {PARQUET_ZSTD, 9}, {PARQUET_ZSTD, -5}};
    static const size_t sizes[] = {0, 1, 1000, 100000};
    static char body[100000], out[100000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * i >> 7);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            struct err err;
            struct str stored;
            if (!codec_compress(cases[c].codec, cases[c].level, (struct str){body, sizes[s]}, &stored, &err))
                fail_msg("%s", err.message);
            assert_int_equal(undo(cases[c].codec, stored, out, sizeof out), sizes[s]);
            assert_memory_equal(out, body, sizes[s]);
        }
    }
}

static void *on_a_thread(void *context)
{
    codecs_round_trip(context);
    return NULL;
}

static void each_thread_has_its_own(void **state)
{
    pthread_t thread;
    struct err err;
    struct buf *mine = codec_page_buffer(&err);
    buf_add_cstr(mine, "kept");
    assert_int_equal(pthread_create(&thread, NULL, on_a_thread, *state), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(str_eq(buf_str(mine), STR("kept")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs_round_trip),
        cmocka_unit_test(each_thread_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
