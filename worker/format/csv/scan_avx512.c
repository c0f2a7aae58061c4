#include "worker/format/csv/scan.h"
#include "worker/format/csv/scan_block.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt,pclmul")))

/* The bit numbers of a mask, packed by one compress, widened sixteen at a time. Whole vectors are stored. */
TARGET static inline uint32_t *put_positions(uint32_t *out, uint64_t bits, uint32_t base, __m512i numbers)
{
    __m512i packed = _mm512_maskz_compress_epi8(bits, numbers);
    __m512i from = _mm512_set1_epi32((int)base);
    int count = (int)_mm_popcnt_u64(bits);
    _mm512_storeu_si512(out, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (count > 16) {
        __m128i second = _mm512_extracti32x4_epi32(packed, 1), third = _mm512_extracti32x4_epi32(packed, 2),
                fourth = _mm512_extracti32x4_epi32(packed, 3);
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(second)));
        _mm512_storeu_si512(out + 32, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(third)));
        _mm512_storeu_si512(out + 48, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(fourth)));
    }
    return out + count;
}

TARGET static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i ones = _mm_set1_epi8((char)0xFF);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), ones, 0));
}

TARGET void scan_avx512(const struct scan_marks *marks, const char *p, size_t n, struct scan_index *index)
{
    const __m512i quote = _mm512_set1_epi8(marks->quote), delimiter = _mm512_set1_epi8(marks->delimiter);
    const __m512i lf = _mm512_set1_epi8('\n'), cr = _mm512_set1_epi8('\r');
    const uint64_t quotes = marks->quotes ? ~(uint64_t)0 : 0;
    char numbers[SCAN_BLOCK];
    for (int i = 0; i < SCAN_BLOCK; i++)
        numbers[i] = (char)i;
    const __m512i order = _mm512_loadu_si512(numbers);
    struct block_carry carry = block_start;
    uint32_t *out = index->ends;
    size_t at = 0;
    for (; at < n; at += SCAN_BLOCK) {
        uint64_t valid = n - at < SCAN_BLOCK ? ((uint64_t)1 << (n - at)) - 1 : ~(uint64_t)0;
        __m512i block = _mm512_maskz_loadu_epi8(valid, p + at);
        struct block_masks m = {.quote = _mm512_cmpeq_epi8_mask(block, quote) & quotes & valid,
            .delimiter = _mm512_cmpeq_epi8_mask(block, delimiter),
            .lf = _mm512_cmpeq_epi8_mask(block, lf),
            .cr = _mm512_cmpeq_epi8_mask(block, cr),
            .nul = ~_mm512_test_epi8_mask(block, block)};
        uint64_t inside = prefix_xor(m.quote) ^ carry.inside;
        if (!block_honest(&m, inside, valid, &carry))
            break;
        carry.inside = (uint64_t)((int64_t)inside >> 63);
        index->quotes[at / SCAN_BLOCK] = m.quote;
        index->lines[at / SCAN_BLOCK] = m.lf;
        out = put_positions(out, (m.delimiter | m.lf) & ~inside, (uint32_t)at, order);
    }
    index->count = (size_t)(out - index->ends);
    index->good = at < n ? at : n;
}
#else
typedef int scan_avx512_is_for_x86;
#endif
