/* parquet-format/Encodings.md, with its example of bit packing; the rest worked out by hand. */
#include "worker/format/parquet/encode.h"

#include "worker/format/parquet/decode.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void hybrid_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint32_t values[24];
        size_t n;
        unsigned width;
        const char *bytes;
        size_t size;
    } cases[] = {
        {"the specification's 0 to 7 at 3 bits", {0, 1, 2, 3, 4, 5, 6, 7}, 8, 3, "\x03\x88\xc6\xfa", 4},
        {"a run of 8", {5, 5, 5, 5, 5, 5, 5, 5}, 8, 3, "\x10\x05", 2},
        {"a run at 9 bits takes two bytes", {300, 300, 300, 300, 300, 300, 300, 300}, 8, 9, "\x10\x2c\x01", 3},
        {"the last group is filled up", {1, 2, 3}, 3, 2, "\x03\x39\x00", 3},
        {"nothing", {0}, 0, 4, "", 0},
        {"a group, then a run to the end at 8 bits", {1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9}, 17, 8,
            "\x03\x01\x02\x03\x04\x05\x06\x07\x08\x12\x09", 11},
        {"a run, then less than a group", {7, 7, 7, 7, 7, 7, 7, 7, 1}, 9, 8, "\x10\x07\x03\x01\0\0\0\0\0\0\0", 11},
        {"a run too short to spare anything at 1 bit", {1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1}, 16, 1,
            "\x05\x55\xff", 3},
        {"17 bits", {0x1FFFF, 0, 1, 0, 0, 0, 0, 0}, 8, 17,
            "\x03\xff\xff\x01\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 18},
        {"16 bits", {1, 2, 3, 4, 5, 6, 7, 0xFFFF}, 8, 16, "\x03\1\0\2\0\3\0\4\0\5\0\6\0\7\0\xff\xff", 17},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 1000);
        encode_hybrid(&out, cases[i].values, cases[i].n, cases[i].width);
        if (out.n != cases[i].size || (out.n && memcmp(out.p, cases[i].bytes, out.n) != 0))
            fail_msg("%s: %zu bytes", cases[i].what, out.n);
        buf_dispose(&out);
    }
}

/* A reader after the specification's grammar. */
static void decode(const uint8_t *at, const uint8_t *end, unsigned width, uint32_t *values, size_t n)
{
    size_t done = 0;
    while (at < end && done < n) {
        uint64_t head = 0;
        for (unsigned shift = 0;; shift += 7) {
            head |= (uint64_t)(*at & 0x7F) << shift;
            if (!(*at++ & 0x80))
                break;
        }
        if (head & 1) {
            for (uint64_t i = 0; i < (head >> 1) * 8; i++) {
                uint32_t value = 0;
                for (unsigned b = 0; b < width; b++)
                    value |= (uint32_t)(at[(i * width + b) / 8] >> (i * width + b) % 8 & 1) << b;
                if (done < n)
                    values[done++] = value;
            }
            at += (head >> 1) * width;
        } else {
            uint32_t value = 0;
            memcpy(&value, at, (width + 7) / 8);
            at += (width + 7) / 8;
            for (uint64_t i = 0; i < head >> 1; i++)
                values[done++] = value;
        }
    }
    assert_int_equal(done, n);
    assert_true(at == end);
}

static void every_width_and_mixture_comes_back(void **state)
{
    (void)state;
    enum { N = 3001 };
    static uint32_t values[N], found[N];
    static uint8_t bits[N];
    uint32_t random = 12345;
    for (unsigned width = 1; width <= 32; width++) {
        uint32_t value = 0;
        for (size_t i = 0; i < N; i++) {
            random = random * 1664525 + 1013904223;
            /* Runs of all lengths between stretches without. */
            if (random >> 24 < (i / 500 % 2 ? 20u : 230u))
                value = (random ^ random >> 16) & (uint32_t)((1ull << width) - 1);
            values[i] = value;
            bits[i] = value & 1;
        }
        for (size_t n = N - 9; n <= N; n++) {
            struct buf out;
            buf_init(&out, 100000);
            encode_hybrid(&out, values, n, width);
            decode((uint8_t *)out.p, (uint8_t *)out.p + out.n, width, found, n);
            assert_memory_equal(found, values, n * sizeof *values);
            buf_reset(&out);
            encode_hybrid_bits(&out, bits, n);
            decode((uint8_t *)out.p, (uint8_t *)out.p + out.n, 1, found, n);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(found[i], bits[i]);
            buf_dispose(&out);
        }
    }
}

static void bits_and_widths(void **state)
{
    (void)state;
    static const uint8_t bits[] = {1, 0, 0, 0, 0, 0, 1, 1, 0, 1};
    struct buf out;
    buf_init(&out, 100);
    encode_bits(&out, bits, sizeof bits);
    assert_int_equal(out.n, 2);
    assert_memory_equal(out.p, "\xc1\x02", 2);
    buf_reset(&out);
    encode_run(&out, 200, 1, 1); /* 400 = 90 03 */
    assert_int_equal(out.n, 3);
    assert_memory_equal(out.p, "\x90\x03\x01", 3);
    buf_dispose(&out);
    static const uint32_t widths[][2] = {{0, 1}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {255, 8}, {256, 9}, {UINT32_MAX, 32}};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        assert_int_equal(encode_bit_width(widths[i][0]), widths[i][1]);
}

static void delta_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t values[8];
        size_t n;
        const char *bytes;
        size_t size;
    } cases[] = {
        /* The specification's two examples: its header there has blocks of 8 values, here they are of 128. */
        {"steps of 1", {1, 2, 3, 4, 5}, 5, "\x80\x01\x04\x05\x02\x02\0\0\0\0", 10},
        {"steps of -2, -2, -2, 1, 1, 1, 1 at 2 bits", {7, 5, 3, 1, 2, 3, 4, 5}, 8,
            "\x80\x01\x04\x08\x0e\x03\x02\0\0\0\xc0\x3f\0\0\0\0\0\0", 18},
        {"nothing", {0}, 0, "\x80\x01\x04\0\0", 5},
        {"one, negative", {-3}, 1, "\x80\x01\x04\x01\x05", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 10000);
        encode_delta(&out, cases[i].values, cases[i].n);
        if (out.n != cases[i].size || memcmp(out.p, cases[i].bytes, out.n) != 0)
            fail_msg("%s: %zu bytes", cases[i].what, out.n);
        buf_dispose(&out);
    }
}

static void every_width_of_differences_comes_back(void **state)
{
    (void)state;
    enum { N = 700 };
    int64_t values[N], found[N];
    uint64_t random = 1;
    for (unsigned width = 0; width <= 64; width++) {
        uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1, value = (uint64_t)INT64_MAX - 5;
        for (size_t i = 0; i < N; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            /* From the largest to the smallest and on, up or down. */
            value += width % 2 ? (random ^ random >> 32) & mask : 0 - ((random ^ random >> 32) & mask);
            values[i] = (int64_t)value;
        }
        static const size_t counts[] = {1, 2, 32, 33, 34, 128, 129, 130, 257, N};
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            struct buf out;
            struct delta delta;
            buf_init(&out, 100000);
            encode_delta(&out, values, counts[c]);
            size_t size = out.n;
            buf_add(&out, "0123456789abcdef", 16);
            assert_true(delta_init(&delta, out.p, size));
            assert_ptr_equal(delta_end(&delta), out.p + size);
            assert_true(delta_read(&delta, found, counts[c]));
            assert_memory_equal(found, values, counts[c] * sizeof *values);
            buf_dispose(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hybrid_vectors),
        cmocka_unit_test(every_width_and_mixture_comes_back),
        cmocka_unit_test(bits_and_widths),
        cmocka_unit_test(delta_vectors),
        cmocka_unit_test(every_width_of_differences_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
