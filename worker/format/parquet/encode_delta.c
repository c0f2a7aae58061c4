#include "worker/format/parquet/encode.h"

#include "worker/value/type.h"

/* The sizes that parquet-mr and Arrow use: some readers know no others. */
enum { BLOCK = 128, MINI = 32, MINIS = BLOCK / MINI };
/* Of a header or a block: its numbers, and what packing writes beyond its end. */
enum { MOST_HEADER = 4 * 10, MOST_BLOCK = 10 + MINIS + BLOCK * sizeof(uint64_t) + sizeof(uint64_t) };

static uint64_t zigzag(uint64_t value)
{
    return value << 1 ^ (~(value >> 63) + 1);
}

static unsigned width_of(uint64_t all)
{
    return all ? 64 - (unsigned)__builtin_clzll(all) : 0;
}

/* MINI values of width bits each. */
static uint8_t *pack(uint8_t *at, const uint64_t *values, unsigned width)
{
    uint64_t pending = 0;
    unsigned bits = 0;
    for (int i = 0; i < MINI; i++) {
        pending |= values[i] << bits;
        bits += width;
        if (bits < 64)
            continue;
        memcpy(at, &pending, sizeof pending);
        at += sizeof pending;
        bits -= 64;
        pending = bits ? values[i] >> (width - bits) : 0;
    }
    memcpy(at, &pending, sizeof pending);
    return at + bits / 8;
}

/* n <= BLOCK differences from the value before values[0]. */
static uint8_t *put_block(uint8_t *at, const uint64_t *values, size_t n)
{
    uint64_t steps[BLOCK];
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        steps[i] = values[i] - values[i - 1];
        least = (int64_t)steps[i] < least ? (int64_t)steps[i] : least;
    }
    for (size_t i = 0; i < n; i++)
        steps[i] -= (uint64_t)least;
    for (size_t i = n; i < BLOCK; i++)
        steps[i] = 0;
    at = encode_varint(at, zigzag((uint64_t)least));
    uint8_t *widths = at;
    at += MINIS;
    for (size_t m = 0; m < MINIS; m++) {
        uint64_t all = 0;
        for (size_t i = 0; i < MINI; i++)
            all |= steps[m * MINI + i];
        widths[m] = (uint8_t)width_of(all);
        if (all)
            at = pack(at, steps + m * MINI, widths[m]);
    }
    return at;
}

void encode_delta(struct buf *out, const int64_t *values, size_t n)
{
    const uint64_t *all = (const uint64_t *)values;
    if (!buf_reserve(out, MOST_HEADER))
        return;
    uint8_t *at = (uint8_t *)out->p + out->n;
    at = encode_varint(at, BLOCK);
    at = encode_varint(at, MINIS);
    at = encode_varint(at, n);
    at = encode_varint(at, n ? zigzag(all[0]) : 0);
    out->n = (size_t)(at - (uint8_t *)out->p);
    for (size_t done = 1; done < n; done += BLOCK) {
        if (!buf_reserve(out, MOST_BLOCK))
            return;
        at = put_block((uint8_t *)out->p + out->n, all + done, n - done < BLOCK ? n - done : BLOCK);
        out->n = (size_t)(at - (uint8_t *)out->p);
    }
}
