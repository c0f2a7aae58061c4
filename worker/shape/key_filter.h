/*
 * A Bloom filter whose three bits of a key lie in one cache line (Putze, Sanders, Singler 2007): it may say "seen" of a
 * key that was not, never the reverse.
 */
#ifndef WORKER_SHAPE_KEY_FILTER_H
#define WORKER_SHAPE_KEY_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_hash {
    uint64_t low, high;
};

struct key_filter {
    uint64_t *words; /* lines of eight words */
    uint64_t lines;  /* a power of two; 0: not there */
};

/* At most this many bytes, at least one line. false: memory is out. */
bool key_filter_init(struct key_filter *filter, size_t bytes);
void key_filter_dispose(struct key_filter *filter);

struct key_bits {
    uint64_t *line;
    unsigned at[3]; /* 0-511 */
};

static inline struct key_bits key_filter_bits(const struct key_filter *filter, struct key_hash hash)
{
    return (struct key_bits){filter->words + (hash.low & (filter->lines - 1)) * 8,
        {(unsigned)(hash.high & 511), (unsigned)(hash.high >> 9 & 511), (unsigned)(hash.high >> 18 & 511)}};
}

static inline bool key_filter_has(const struct key_filter *filter, struct key_hash hash)
{
    struct key_bits bits = key_filter_bits(filter, hash);
    return (bits.line[bits.at[0] >> 6] >> (bits.at[0] & 63) & bits.line[bits.at[1] >> 6] >> (bits.at[1] & 63) &
               bits.line[bits.at[2] >> 6] >> (bits.at[2] & 63) & 1) != 0;
}

static inline void key_filter_add(struct key_filter *filter, struct key_hash hash)
{
    struct key_bits bits = key_filter_bits(filter, hash);
    for (int i = 0; i < 3; i++)
        bits.line[bits.at[i] >> 6] |= (uint64_t)1 << (bits.at[i] & 63);
}

#endif
