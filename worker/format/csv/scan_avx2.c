#include "worker/format/csv/scan.h"
#include "worker/format/csv/scan_block.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,popcnt,pclmul")))

TARGET static inline uint64_t equal(__m256i low, __m256i high, __m256i to)
{
    uint64_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, to));
    uint64_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, to));
    return a | b << 32;
}

/* Eight at a time whether they are there or not: cheaper than a branch a bit. */
TARGET static inline uint32_t *put_positions(uint32_t *out, uint64_t bits, uint32_t base)
{
    uint32_t *end = out + _mm_popcnt_u64(bits);
    while (out < end) {
        for (int i = 0; i < 8; i++) {
            out[i] = base + (uint32_t)_tzcnt_u64(bits);
            bits = _blsr_u64(bits);
        }
        out += 8;
    }
    return end;
}

TARGET static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i ones = _mm_set1_epi8((char)0xFF);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), ones, 0));
}

TARGET void scan_avx2(const struct scan_marks *marks, const char *p, size_t n, struct scan_index *index)
{
    const __m256i quote = _mm256_set1_epi8(marks->quote), delimiter = _mm256_set1_epi8(marks->delimiter);
    const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r'), nul = _mm256_setzero_si256();
    const uint64_t quotes = marks->quotes ? ~(uint64_t)0 : 0;
    struct block_carry carry = block_start;
    uint32_t *out = index->ends;
    size_t at = 0;
    for (; at < n; at += SCAN_BLOCK) {
        uint64_t valid = n - at < SCAN_BLOCK ? ((uint64_t)1 << (n - at)) - 1 : ~(uint64_t)0;
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(p + at));
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + at + 32));
        struct block_masks m = {.quote = equal(low, high, quote) & quotes & valid,
            .delimiter = equal(low, high, delimiter) & valid,
            .lf = equal(low, high, lf) & valid,
            .cr = equal(low, high, cr) & valid,
            .nul = equal(low, high, nul)};
        uint64_t inside = prefix_xor(m.quote) ^ carry.inside;
        if (!block_honest(&m, inside, valid, &carry))
            break;
        carry.inside = (uint64_t)((int64_t)inside >> 63);
        index->quotes[at / SCAN_BLOCK] = m.quote;
        index->lines[at / SCAN_BLOCK] = m.lf;
        out = put_positions(out, (m.delimiter | m.lf) & ~inside, (uint32_t)at);
    }
    index->count = (size_t)(out - index->ends);
    index->good = at < n ? at : n;
}
#else
typedef int scan_avx2_is_for_x86;
#endif
