#include "worker/stream/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int file_with(struct str bytes)
{
    char path[] = "/tmp/sluice-stream-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    return fd;
}

static void test_file_and_memory(void **state)
{
    struct err err = {0};
    char p[32];
    size_t got;
    uint64_t skipped;
    (void)state;
    int fd = file_with(STR("0123456789"));
    struct stream *streams[] = {stream_file(fd, "x", 8, &err), stream_memory(STR("01234567"), &err)};
    for (size_t i = 0; i < 2; i++) {
        assert_true(streams[i]->read(streams[i], p, 3, &got, &err));
        assert_int_equal(got, 3);
        assert_true(stream_skip(streams[i], 2, &skipped, &err));
        assert_int_equal(skipped, 2);
        assert_true(stream_read_full(streams[i], p, sizeof p, &got, &err));
        assert_int_equal(got, 3);
        assert_memory_equal(p, "567", 3);
        assert_true(stream_skip(streams[i], 2, &skipped, &err));
        assert_int_equal(skipped, 0);
        stream_close(streams[i]);
    }
    close(fd);
}

static void test_file_cut_short(void **state)
{
    struct err err = {0};
    char p[32];
    size_t got;
    (void)state;
    int fd = file_with(STR("0123"));
    struct stream *stream = stream_file(fd, "x.csv", 8, &err);
    assert_false(stream_read_full(stream, p, sizeof p, &got, &err));
    assert_int_equal(err.kind, ERR_CHANGED);
    assert_string_equal(err.message, "x.csv was cut short while it was read: it ends at byte 4 of 8");
    stream_close(stream);
    close(fd);
}

static bool append(void *context, const void *p, size_t n, struct err *err)
{
    (void)err;
    memcpy((char *)context + strlen(context), p, n);
    return true;
}

static void test_copy(void **state)
{
    struct err err = {0};
    char out[32] = "";
    uint64_t copied;
    (void)state;
    struct stream *stream = stream_memory(STR("0123456789"), &err);
    assert_true(stream_copy(stream, 4, append, out, &copied, &err));
    assert_int_equal(copied, 4);
    assert_string_equal(out, "0123");
    assert_true(stream_copy(stream, UINT64_MAX, append, out, &copied, &err));
    assert_int_equal(copied, 6);
    assert_string_equal(out, "0123456789");
    stream_close(stream);
}

static void test_open_looks_at_the_magic(void **state)
{
    struct err err = {0};
    enum compression compression;
    char p[8];
    size_t got;
    (void)state;
    int fd = file_with(STR("a,b\n"));
    struct stream *stream = stream_open_fd(fd, "x.gz", 4, (struct stream_limits){0}, &compression, &err);
    assert_int_equal(compression, COMPRESSION_NONE);
    assert_true(stream_read_full(stream, p, sizeof p, &got, &err));
    assert_int_equal(got, 4);
    stream_close(stream);
    close(fd);
    assert_int_equal(compression_of("\x1f\x8b", 2), COMPRESSION_GZIP);
    assert_int_equal(compression_of("\x28\xb5\x2f\xfd", 4), COMPRESSION_ZSTD);
    assert_int_equal(compression_of("\x51\x2a\x4d\x18", 4), COMPRESSION_ZSTD);
    assert_int_equal(compression_of("\x28\xb5", 2), COMPRESSION_NONE);
    assert_string_equal(compression_name(COMPRESSION_ZSTD), "zstd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_and_memory),
        cmocka_unit_test(test_file_cut_short),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_open_looks_at_the_magic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
