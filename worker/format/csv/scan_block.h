/* What the kernels share: from the masks of a block to whether it is honest, and where its structure is. */
#ifndef WORKER_FORMAT_CSV_SCAN_BLOCK_H
#define WORKER_FORMAT_CSV_SCAN_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct block_masks {
    uint64_t quote, delimiter, lf, cr, nul;
};

/* What a block needs to know of the one before it. */
struct block_carry {
    uint64_t inside;    /* all ones: inside quotes */
    uint64_t may_open;  /* bit 0: the last byte was a delimiter or LF (or there was none) */
    uint64_t was_quote; /* bit 0: the last byte was a quote */
    uint64_t closed;    /* bit 0: the last byte was a closing quote */
    uint64_t was_cr;    /* bit 0 */
};

static const struct block_carry block_start = {.may_open = 1};

/* inside: the prefix xor of the quotes, from the carried state on: opening quotes and content, not closing ones. */
static inline bool block_honest(const struct block_masks *m, uint64_t inside, uint64_t valid, struct block_carry *carry)
{
    uint64_t opening = m->quote & inside, closing = m->quote & ~inside;
    uint64_t before = m->delimiter | m->lf;
    uint64_t after = before | m->cr | m->quote;
    uint64_t bad = opening & ~(before << 1 | carry->may_open | m->quote << 1 | carry->was_quote);
    bad |= (closing << 1 | carry->closed) & ~after;
    bad |= (m->cr << 1 | carry->was_cr) & ~m->lf;
    bad |= m->nul;
    carry->may_open = before >> 63;
    carry->was_quote = m->quote >> 63;
    carry->closed = closing >> 63;
    carry->was_cr = m->cr >> 63;
    return !(bad & valid);
}

#endif
