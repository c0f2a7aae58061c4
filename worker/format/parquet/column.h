/*
 * One column of the present row group: finished pages, and the page being filled as dictionary ids or PLAIN values. A
 * column starts each row group with a dictionary and leaves it when it spares nothing or grows too large. Integers of
 * 64 bits that are in no dictionary are packed as differences where that spares something.
 */
#ifndef WORKER_FORMAT_PARQUET_COLUMN_H
#define WORKER_FORMAT_PARQUET_COLUMN_H

#include "worker/format/parquet/dictionary.h"
#include "worker/format/parquet/page.h"
#include "worker/format/parquet/parquet.h"
#include "worker/format/parquet/shared.h"
#include "worker/format/parquet/statistics.h"

/* Rows after which a column may close a page: pages then do not depend on how rows were handed in. */
enum { COLUMN_SLICE = 1024 };

struct column {
    struct parquet_column spec;
    const struct parquet_options *options;
    bool use_dictionary;    /* for the page being filled */
    bool dictionary_failed; /* it spared nothing: not tried again in this file */
    bool delta_failed;      /* the same of DELTA_BINARY_PACKED */
    struct dictionary dictionary;
    struct buf numbers;                  /* uint32_t: the dictionary's id + 1 of a shared dictionary's id, or 0 */
    struct statistics statistics;        /* of values no longer in the dictionary */
    bool fills_pages;                    /* has come to a full page: another will be, so its room is taken at once */
    struct buf values;                   /* ids (uint32_t), PLAIN bytes, or booleans a byte each */
    struct buf levels;                   /* a byte a row, once the page has a null */
    uint32_t page_rows, page_nulls;      /* of the page being filled */
    uint64_t present;                    /* values in the row group that are not null */
    uint64_t next_check;                 /* present at which the dictionary's gain is judged again */
    struct stored_page *dictionary_page; /* once the row group is finished */
    struct stored_page *pages, **last;   /* the finished ones, in order */
    uint64_t stored, uncompressed;       /* bytes of all of them, headers included */
    uint32_t dictionary_pages, delta_pages, plain_pages;
};

void column_init(struct column *column, const struct parquet_column *spec, const struct parquet_options *options);
void column_dispose(struct column *column);
/* Rows of vector, at most COLUMN_SLICE; rows NULL: from first on. shared: NULL, or where all of them were looked up. */
bool column_append(struct column *column, const struct vector *vector, const struct shared_column *shared,
    const uint32_t *rows, uint32_t first, uint32_t n, struct err *err) MUST_CHECK;
/* After each COLUMN_SLICE rows: closes a full page, judges the dictionary. */
bool column_checkpoint(struct column *column, struct err *err) MUST_CHECK;
/* The row group ends: closes the last page, makes the dictionary's. */
bool column_finish(struct column *column, struct err *err) MUST_CHECK;
/* Ready for the next row group. */
void column_reset(struct column *column);
/* Right after it: gives its buffers back too. */
void column_release(struct column *column);
/* What the row group's part of this column takes in the file, nearly. */
size_t column_encoded(const struct column *column);
size_t column_memory(const struct column *column);

#endif
