/*
 * Encodings of values within a page (parquet-format/Encodings.md). Little-endian machines only, as the format itself.
 * Each appends to out; an out that ran full stays failed (shared/buf.h).
 */
#ifndef WORKER_FORMAT_PARQUET_ENCODE_H
#define WORKER_FORMAT_PARQUET_ENCODE_H

#include "shared/buf.h"

/* The least width that holds max; 1 for 0, as some readers stumble over no bits at all. */
unsigned encode_bit_width(uint32_t max);
/* RLE / bit-packed hybrid of n values of width bits (1-32), without a length before it. */
void encode_hybrid(struct buf *out, const uint32_t *values, size_t n, unsigned width);
/* The same of bytes 0 or 1 at width 1: definition levels. */
void encode_hybrid_bits(struct buf *out, const uint8_t *bits, size_t n);
/* One run of n times value. */
void encode_run(struct buf *out, uint64_t n, uint32_t value, unsigned width);
/* PLAIN booleans: bytes 0 or 1 as bits, the least significant first. */
void encode_bits(struct buf *out, const uint8_t *bits, size_t n);
/* DELTA_BINARY_PACKED; differences wrap. */
void encode_delta(struct buf *out, const int64_t *values, size_t n);
/* Unsigned LEB128, at most 10 bytes; returns the end. */
uint8_t *encode_varint(uint8_t *at, uint64_t value);

#endif
