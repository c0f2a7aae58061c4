#include "worker/format/parquet/encode.h"

#include "worker/value/type.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are stored as Parquet stores them");

enum { GROUP = 8 }; /* values a bit-packed group holds */

unsigned encode_bit_width(uint32_t max)
{
    return max ? 32 - (unsigned)__builtin_clz(max) : 1;
}

uint8_t *encode_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Eight values into width bytes; writes up to 16 bytes at out. */
static inline void pack_narrow(uint8_t *out, const uint32_t *v, unsigned width)
{
    uint64_t low = v[0] | (uint64_t)v[1] << width | (uint64_t)v[2] << 2 * width | (uint64_t)v[3] << 3 * width;
    uint64_t high = v[4] | (uint64_t)v[5] << width | (uint64_t)v[6] << 2 * width | (uint64_t)v[7] << 3 * width;
    uint128 all = low | (uint128)high << 4 * width;
    memcpy(out, &all, sizeof all);
}

static void pack_wide(uint8_t *out, const uint32_t *v, unsigned width)
{
    uint64_t pending = 0;
    unsigned bits = 0;
    for (int i = 0; i < GROUP; i++) {
        pending |= (uint64_t)v[i] << bits;
        for (bits += width; bits >= 8; bits -= 8) {
            *out++ = (uint8_t)pending;
            pending >>= 8;
        }
    }
}

static void put_literals(struct buf *out, const uint32_t *values, size_t n, unsigned width)
{
    size_t groups = (n + GROUP - 1) / GROUP;
    if (!n || !buf_reserve(out, 10 + groups * width + sizeof(uint128)))
        return;
    uint8_t *at = encode_varint((uint8_t *)out->p + out->n, (uint64_t)groups << 1 | 1);
    size_t whole = n / GROUP;
    for (size_t i = 0; i < whole; i++, at += width) {
        if (width <= 16)
            pack_narrow(at, values + i * GROUP, width);
        else
            pack_wide(at, values + i * GROUP, width);
    }
    if (whole < groups) {
        uint32_t last[GROUP] = {0};
        memcpy(last, values + whole * GROUP, (n - whole * GROUP) * sizeof *last);
        pack_wide(at, last, width);
        at += width;
    }
    out->n = (size_t)(at - (uint8_t *)out->p);
}

void encode_run(struct buf *out, uint64_t n, uint32_t value, unsigned width)
{
    if (!n || !buf_reserve(out, 10 + sizeof value))
        return;
    uint8_t *at = encode_varint((uint8_t *)out->p + out->n, n << 1);
    memcpy(at, &value, sizeof value);
    out->n = (size_t)(at - (uint8_t *)out->p) + (width + 7) / 8;
}

static inline bool group_is_equal(const uint32_t *v)
{
    uint32_t differs = 0;
    for (int i = 1; i < GROUP; i++)
        differs |= v[i] ^ v[0];
    return !differs;
}

void encode_hybrid(struct buf *out, const uint32_t *values, size_t n, unsigned width)
{
    /* A run breaks the literals around it into two, each with a header: it must spare more than that costs. */
    size_t least = width >= GROUP ? GROUP : 64 / width;
    size_t literals = 0, i = 0;
    while (i + GROUP <= n) {
        if (!group_is_equal(values + i)) {
            i += GROUP;
            continue;
        }
        size_t end = i + GROUP;
        while (end < n && values[end] == values[i])
            end++;
        if (end - i < least && !(i == literals && end == n)) {
            i += (end - i) / GROUP * GROUP;
            continue;
        }
        put_literals(out, values + literals, i - literals, width);
        encode_run(out, end - i, values[i], width);
        literals = i = end;
    }
    put_literals(out, values + literals, n - literals, width);
}

/* Eight bytes 0 or 1 into one byte, the first the lowest bit: each product term falls on a bit of its own. */
static inline uint8_t pack_bits(const uint8_t *bits)
{
    uint64_t eight;
    memcpy(&eight, bits, sizeof eight);
    return (uint8_t)(eight * 0x0102040810204080u >> 56);
}

void encode_bits(struct buf *out, const uint8_t *bits, size_t n)
{
    if (!buf_reserve(out, n / GROUP + 1))
        return;
    uint8_t *at = (uint8_t *)out->p + out->n;
    size_t whole = n / GROUP;
    for (size_t i = 0; i < whole; i++)
        *at++ = pack_bits(bits + i * GROUP);
    if (whole * GROUP < n) {
        uint8_t last[GROUP] = {0};
        memcpy(last, bits + whole * GROUP, n - whole * GROUP);
        *at++ = pack_bits(last);
    }
    out->n = (size_t)(at - (uint8_t *)out->p);
}

static void put_bit_literals(struct buf *out, const uint8_t *bits, size_t n)
{
    if (!n || !buf_reserve(out, 10))
        return;
    uint8_t *end = encode_varint((uint8_t *)out->p + out->n, (uint64_t)((n + GROUP - 1) / GROUP) << 1 | 1);
    out->n = (size_t)(end - (uint8_t *)out->p);
    encode_bits(out, bits, n);
}

void encode_hybrid_bits(struct buf *out, const uint8_t *bits, size_t n)
{
    const size_t least = 64;
    size_t literals = 0, i = 0;
    while (i + GROUP <= n) {
        uint64_t eight;
        memcpy(&eight, bits + i, sizeof eight);
        if (eight != 0 && eight != 0x0101010101010101u) {
            i += GROUP;
            continue;
        }
        size_t end = i + GROUP;
        while (end < n && bits[end] == bits[i])
            end++;
        if (end - i < least && !(i == literals && end == n)) {
            i += (end - i) / GROUP * GROUP;
            continue;
        }
        put_bit_literals(out, bits + literals, i - literals);
        encode_run(out, end - i, bits[i], 1);
        literals = i = end;
    }
    put_bit_literals(out, bits + literals, n - literals);
}
