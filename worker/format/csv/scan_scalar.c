#include "worker/format/csv/scan.h"
#include "worker/format/csv/scan_block.h"

static struct block_masks classify(const struct scan_marks *marks, const char *p, size_t n)
{
    struct block_masks m = {0};
    for (size_t i = 0; i < n; i++) {
        m.quote |= (uint64_t)(p[i] == marks->quote) << i;
        m.delimiter |= (uint64_t)(p[i] == marks->delimiter) << i;
        m.lf |= (uint64_t)(p[i] == '\n') << i;
        m.cr |= (uint64_t)(p[i] == '\r') << i;
        m.nul |= (uint64_t)(p[i] == '\0') << i;
    }
    if (!marks->quotes)
        m.quote = 0;
    return m;
}

static uint64_t prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

void scan_scalar(const struct scan_marks *marks, const char *p, size_t n, struct scan_index *index)
{
    struct block_carry carry = block_start;
    uint32_t *out = index->ends;
    size_t at = 0;
    for (; at < n; at += SCAN_BLOCK) {
        size_t left = n - at < SCAN_BLOCK ? n - at : SCAN_BLOCK;
        uint64_t valid = left < SCAN_BLOCK ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
        struct block_masks m = classify(marks, p + at, left);
        uint64_t inside = prefix_xor(m.quote) ^ carry.inside;
        if (!block_honest(&m, inside, valid, &carry))
            break;
        carry.inside = (inside >> 63) ? ~(uint64_t)0 : 0;
        index->quotes[at / SCAN_BLOCK] = m.quote;
        index->lines[at / SCAN_BLOCK] = m.lf;
        for (uint64_t ends = (m.delimiter | m.lf) & ~inside; ends; ends &= ends - 1)
            *out++ = (uint32_t)at + (uint32_t)__builtin_ctzll(ends);
    }
    index->count = (size_t)(out - index->ends);
    index->good = at < n ? at : n;
}
