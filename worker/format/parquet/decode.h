/*
 * Encodings of values within a page, read (parquet-format/Encodings.md): each decoder gives the next n values and
 * remembers where it stands. What they read must have DECODE_PAD more bytes behind its end. False: the bytes end, or
 * contradict themselves.
 */
#ifndef WORKER_FORMAT_PARQUET_DECODE_H
#define WORKER_FORMAT_PARQUET_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECODE_PAD = 16 };

/* RLE / bit-packed hybrid of values of width bits (0-32). */
struct hybrid {
    const uint8_t *at, *end;
    unsigned width;
    uint64_t run;          /* values left in the present run */
    uint32_t value;        /* of an RLE run */
    const uint8_t *packed; /* of a bit-packed run, or NULL */
    uint64_t bit;          /* next in packed */
};

void hybrid_init(struct hybrid *hybrid, const void *p, size_t n, unsigned width);
bool hybrid_read(struct hybrid *hybrid, uint32_t *out, size_t n);
/* At width 1: a byte a value. */
bool hybrid_read_bits(struct hybrid *hybrid, uint8_t *out, size_t n);

/* DELTA_BINARY_PACKED integers, in wrapping 64-bit arithmetic. */
struct delta {
    const uint8_t *at, *end;
    uint64_t left; /* values to come */
    uint32_t per_mini, minis;
    uint32_t mini, in_mini;   /* miniblocks begun in this block; values left in the present one */
    const uint8_t *widths;    /* of the block's miniblocks */
    const uint8_t *packed;    /* the present miniblock */
    uint64_t bit, last, step; /* step: the block's least delta */
    unsigned width;
    bool is_first;
};

bool delta_init(struct delta *delta, const void *p, size_t n);
bool delta_read(struct delta *delta, int64_t *out, size_t n);
/* Where the bytes behind all of its values begin, without decoding them; delta itself does not move. NULL: a fault. */
const uint8_t *delta_end(const struct delta *delta);

/* Unsigned LEB128. */
bool decode_varint(const uint8_t **at, const uint8_t *end, uint64_t *value);

#endif
