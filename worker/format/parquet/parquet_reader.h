/*
 * Parquet files to vectors: our own at full speed, those of other writers where a type of ours holds their values.
 * A reader goes through the row groups once, front to back, over the columns chosen, a slice of rows at a time.
 *   Encodings: PLAIN, dictionaries, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY,
 *   BYTE_STREAM_SPLIT. Pages: versions 1 and 2. Codecs: none, Snappy, gzip, zstd. Also read: integers of 32 bits and
 *   narrow unsigned ones, FLOAT, decimals however stored, INT96, times in milli- and nanoseconds; a timestamp without
 *   zone is taken as UTC. Strings are the file's bytes.
 * Every page that has a CRC is checked. ERR_CORRUPT names file, row group, column and byte; what cannot be read at all
 * (nested columns, other codecs, other types) is ERR_FILE "unsupported-parquet" by name. A page may take MOST_PAGE
 * bytes; memory is a few pages a column, whatever the file states. One thread's.
 */
#ifndef WORKER_FORMAT_PARQUET_PARQUET_READER_H
#define WORKER_FORMAT_PARQUET_PARQUET_READER_H

#include "worker/format/parquet/parquet.h"

enum { PARQUET_SLICE = 8192 }; /* most rows of one parquet_reader_next() */

struct parquet_reader;

/* Reads the footer. fd stays the caller's and must outlive the reader. NULL: err. */
struct parquet_reader *parquet_reader_open(int fd, const char *name, struct err *err);
/* reader may be NULL. */
void parquet_reader_close(struct parquet_reader *reader);
const struct parquet_footer *parquet_reader_footer(const struct parquet_reader *reader);
/* The columns (indices in the footer) that next() gives, in that order; starts again at the first row. */
bool parquet_reader_select(
    struct parquet_reader *reader, const uint32_t *columns, uint32_t count, struct err *err) MUST_CHECK;
/* The next rows: *n of them, 0 at the end. vectors[i] is of the i-th chosen column, valid until the next call. */
bool parquet_reader_next(
    struct parquet_reader *reader, const struct vector **vectors, uint32_t *n, struct err *err) MUST_CHECK;

#endif
