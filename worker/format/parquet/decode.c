#include "worker/format/parquet/decode.h"

#include "worker/value/type.h"

#include <string.h>

enum { MOST_MINIBLOCKS = 1024, MOST_IN_MINIBLOCK = 64 * 1024 };

bool decode_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* ---- hybrid ---- */

void hybrid_init(struct hybrid *hybrid, const void *p, size_t n, unsigned width)
{
    *hybrid = (struct hybrid){.at = p, .end = (const uint8_t *)p + n, .width = width};
}

static bool begin_run(struct hybrid *h)
{
    uint64_t header;
    if (!decode_varint(&h->at, h->end, &header) || header >> 1 > INT32_MAX)
        return false;
    size_t left = (size_t)(h->end - h->at);
    if (header & 1) {
        uint64_t bytes = (header >> 1) * h->width;
        h->run = (header >> 1) * 8;
        /* Some writers leave off what pads the last group. */
        if (bytes > left) {
            bytes = left;
            h->run = bytes * 8 / h->width;
        }
        h->packed = h->at;
        h->bit = 0;
        h->at += bytes;
        return true;
    }
    size_t bytes = (h->width + 7) / 8;
    if (bytes > left)
        return false;
    h->run = header >> 1;
    h->packed = NULL;
    h->value = 0;
    memcpy(&h->value, h->at, bytes);
    h->at += bytes;
    return true;
}

static inline uint64_t load_8(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

bool hybrid_read(struct hybrid *hybrid, uint32_t *out, size_t n)
{
    const uint64_t mask = (UINT64_C(1) << hybrid->width) - 1;
    while (n) {
        if (!hybrid->run) {
            if (!begin_run(hybrid))
                return false;
            continue;
        }
        size_t take = n < hybrid->run ? n : (size_t)hybrid->run;
        if (hybrid->packed) {
            uint64_t bit = hybrid->bit;
            for (size_t i = 0; i < take; i++, bit += hybrid->width)
                out[i] = (uint32_t)(load_8(hybrid->packed + (bit >> 3)) >> (bit & 7) & mask);
            hybrid->bit = bit;
        } else {
            for (size_t i = 0; i < take; i++)
                out[i] = hybrid->value;
        }
        hybrid->run -= take;
        out += take;
        n -= take;
    }
    return true;
}

bool hybrid_read_bits(struct hybrid *hybrid, uint8_t *out, size_t n)
{
    while (n) {
        if (!hybrid->run) {
            if (!begin_run(hybrid))
                return false;
            continue;
        }
        size_t take = n < hybrid->run ? n : (size_t)hybrid->run;
        if (hybrid->packed) {
            for (size_t i = 0; i < take; i++, hybrid->bit++)
                out[i] = hybrid->packed[hybrid->bit >> 3] >> (hybrid->bit & 7) & 1;
        } else {
            memset(out, (int)(hybrid->value & 1), take);
        }
        hybrid->run -= take;
        out += take;
        n -= take;
    }
    return true;
}

/* ---- delta ---- */

static uint64_t unzigzag(uint64_t value)
{
    return value >> 1 ^ (~(value & 1) + 1);
}

bool delta_init(struct delta *delta, const void *p, size_t n)
{
    uint64_t block, minis, first;
    *delta = (struct delta){.at = p, .end = (const uint8_t *)p + n, .is_first = true};
    if (!decode_varint(&delta->at, delta->end, &block) || !decode_varint(&delta->at, delta->end, &minis) ||
        !decode_varint(&delta->at, delta->end, &delta->left) || !decode_varint(&delta->at, delta->end, &first))
        return false;
    if (!minis || minis > MOST_MINIBLOCKS || block % minis || !block || block / minis > MOST_IN_MINIBLOCK ||
        block / minis % 8 || delta->left > INT32_MAX)
        return false;
    delta->per_mini = (uint32_t)(block / minis);
    delta->minis = delta->mini = (uint32_t)minis;
    delta->last = unzigzag(first);
    return true;
}

/* The next miniblock; the block's header before its first. */
static bool begin_mini(struct delta *d)
{
    if (d->mini == d->minis) {
        uint64_t step;
        if (!decode_varint(&d->at, d->end, &step) || (size_t)(d->end - d->at) < d->minis)
            return false;
        d->step = unzigzag(step);
        d->widths = d->at;
        d->at += d->minis;
        d->mini = 0;
    }
    d->width = d->widths[d->mini++];
    size_t bytes = (size_t)d->width * d->per_mini / 8;
    if (d->width > 64 || bytes > (size_t)(d->end - d->at))
        return false;
    d->packed = d->at;
    d->bit = 0;
    d->at += bytes;
    d->in_mini = d->per_mini;
    return true;
}

static inline uint64_t load_bits(const uint8_t *p, uint64_t bit, unsigned width)
{
    uint128 value;
    memcpy(&value, p + (bit >> 3), sizeof value);
    uint64_t bits = (uint64_t)(value >> (bit & 7));
    return width == 64 ? bits : bits & ((UINT64_C(1) << width) - 1);
}

bool delta_read(struct delta *d, int64_t *out, size_t n)
{
    if (n > d->left)
        return false;
    d->left -= n;
    if (n && d->is_first) {
        d->is_first = false;
        *out++ = (int64_t)d->last;
        n--;
    }
    while (n) {
        if (!d->in_mini && !begin_mini(d))
            return false;
        size_t take = n < d->in_mini ? n : d->in_mini;
        for (size_t i = 0; i < take; i++, d->bit += d->width) {
            d->last += d->step + load_bits(d->packed, d->bit, d->width);
            out[i] = (int64_t)d->last;
        }
        d->in_mini -= (uint32_t)take;
        out += take;
        n -= take;
    }
    return true;
}

const uint8_t *delta_end(const struct delta *delta)
{
    struct delta walk = *delta;
    uint64_t left = walk.left ? walk.left - walk.is_first : 0;
    left = left > walk.in_mini ? left - walk.in_mini : 0;
    while (left) {
        if (!begin_mini(&walk))
            return NULL;
        left = left > walk.per_mini ? left - walk.per_mini : 0;
    }
    /* A block is whole, also where its last miniblocks hold nothing: those have no bytes. */
    return walk.at;
}
