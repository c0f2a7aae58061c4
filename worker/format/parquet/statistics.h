/*
 * Statistics of a column chunk: min_value, max_value and null_count as parquet.thrift's ColumnOrder TypeDefinedOrder
 * wants them. Doubles: NaN is left out, a zero bound is written -0.0 (min) and +0.0 (max). Strings: by bytes, bounds
 * cut to 64 bytes at a code point, the upper one raised, and marked inexact.
 */
#ifndef WORKER_FORMAT_PARQUET_STATISTICS_H
#define WORKER_FORMAT_PARQUET_STATISTICS_H

#include "worker/batch/batch.h"
#include "worker/format/parquet/thrift.h"

enum { STATISTICS_BYTES = 64 };

struct statistics_bound {
    uint64_t key; /* the first 8 bytes, big-endian, zero-filled: decides most comparisons */
    uint8_t n;
    bool exact;
    char p[STATISTICS_BYTES];
};

struct statistics {
    uint64_t nulls;
    bool any; /* min and max hold something */
    union {
        struct {
            int64_t min, max;
        } i64; /* integer, narrow decimal, time, timestamp, date, boolean */
        struct {
            int128 min, max;
        } i128;
        struct {
            double min, max;
        } f64;
        struct {
            struct statistics_bound min, max;
        } str;
    };
};

void statistics_reset(struct statistics *statistics);
void statistics_add_str(struct statistics *statistics, struct str value);
/* n values that lie one after the other, as a vector of type would store them; not strings. */
void statistics_add_fixed(struct statistics *statistics, struct type type, const void *values, uint32_t n);
/* As the field id of the structure that writer is in. */
void statistics_write(const struct statistics *statistics, struct type type, struct thrift_writer *writer, int16_t id);

#endif
