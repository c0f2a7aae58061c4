/*
 * One column chunk, read page by page: the bytes of the present page, the levels and values still to be taken from it,
 * and the dictionary of the chunk.
 */
#ifndef WORKER_FORMAT_PARQUET_COLUMN_READER_H
#define WORKER_FORMAT_PARQUET_COLUMN_READER_H

#include "worker/format/parquet/decode.h"
#include "worker/format/parquet/page.h"
#include "worker/format/parquet/parquet_reader.h"
#include "worker/format/parquet/schema.h"

/* A column chunk as the footer states it. */
struct chunk {
    int64_t offset, size, values; /* offset: of its first page */
    int32_t physical, codec;
    bool is_elsewhere; /* in another file, or encrypted */
};

struct column_reader {
    int fd;
    const char *name; /* of the file */
    const struct parquet_column *spec;
    const struct parquet_leaf *leaf;
    uint32_t group; /* row group, for messages */
    enum parquet_codec codec;
    uint64_t at, end;    /* of the chunk's next page; of the chunk */
    uint64_t chunk_left; /* values in pages not yet begun */

    struct buf file;      /* bytes of the file from file_offset on */
    uint64_t file_offset; /* of file.p[0] */
    struct buf page;      /* the present page's body, with DECODE_PAD behind it */
    uint32_t page_left;   /* rows of the page still to be taken */
    int32_t encoding;
    const uint8_t *values, *values_end;
    struct hybrid levels, ids;
    struct delta lengths, prefixes;
    uint64_t taken, total; /* values taken from the page; in it (BYTE_STREAM_SPLIT) */
    struct buf previous;   /* DELTA_BYTE_ARRAY: the last value */

    struct buf dictionary_page;
    struct vector dictionary; /* values of the column's type; n 0: none */
    void *dictionary_room;

    struct vector vector; /* what next() gives, PARQUET_SLICE of room */
    void *raw;            /* values as stored */
    struct buf texts;     /* DELTA_BYTE_ARRAY: the slice's strings */
};

/* What went wrong at a byte of the column: ERR_CORRUPT. */
bool column_fault(const struct column_reader *column, uint64_t offset, const char *what, struct err *err);
bool column_unsupported(const struct column_reader *column, const char *what, struct err *err);

/* arena: for the vector. */
bool column_reader_init(struct column_reader *column, struct arena *arena, struct err *err) MUST_CHECK;
void column_reader_dispose(struct column_reader *column);
bool column_reader_begin(
    struct column_reader *column, const struct chunk *chunk, uint32_t group, struct err *err) MUST_CHECK;
/* Makes page_left > 0. */
bool column_reader_page(struct column_reader *column, struct err *err) MUST_CHECK;
/* The next n rows of the page, at most PARQUET_SLICE, into vector. */
bool column_reader_take(struct column_reader *column, uint32_t n, struct err *err) MUST_CHECK;

/* ---- values (raw.c) ---- */

/* Sets up the decoder of a page's values. */
bool raw_begin(struct column_reader *column, struct err *err) MUST_CHECK;
/* The next n values into out, as the column's type has them. */
bool raw_take(struct column_reader *column, uint32_t n, void *out, struct err *err) MUST_CHECK;
/* Bytes of one value as stored; strings: of a struct str. */
size_t raw_size(const struct parquet_leaf *leaf);
/* Are values stored as ours are kept, so that nothing is to be converted? */
bool raw_is_value(const struct parquet_leaf *leaf, struct type type);
/* n stored values to values of the column's type (convert.c). */
bool raw_convert(
    const struct column_reader *column, const void *raw, uint32_t n, void *out, struct err *err) MUST_CHECK;

#endif
