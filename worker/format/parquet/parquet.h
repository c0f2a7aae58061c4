/*
 * Parquet files (format 2.x, github.com/apache/parquet-format): a column writer and the reader of a footer. One row
 * group is in memory at a time, as encoded pages; every page carries its CRC; statistics with min_value/max_value and
 * null_count, in ColumnOrder TypeDefinedOrder.
 *   string: BYTE_ARRAY (STRING) · integer: INT64 · decimal: INT64 <= 18 digits, else FIXED_LEN_BYTE_ARRAY(16) (DECIMAL)
 *   double: DOUBLE · boolean: BOOLEAN · date: INT32 (DATE) · time: INT64 (TIME, micros, not UTC-adjusted)
 *   timestamp: INT64 (TIMESTAMP, micros, UTC-adjusted)
 */
#ifndef WORKER_FORMAT_PARQUET_PARQUET_H
#define WORKER_FORMAT_PARQUET_PARQUET_H

#include "shared/hash.h"
#include "worker/batch/batch.h"

enum parquet_codec { PARQUET_UNCOMPRESSED, PARQUET_SNAPPY, PARQUET_GZIP, PARQUET_ZSTD };

struct parquet_column {
    struct str name;
    struct type type;
    bool nullable; /* OPTIONAL or REQUIRED */
};

struct parquet_options {
    enum parquet_codec codec;
    int level;                                         /* zstd, gzip; 0: 1 for zstd, 6 for gzip */
    size_t row_group_bytes;                            /* encoded bytes after which a row group is closed; 0: 64 MiB */
    size_t page_bytes;                                 /* 0: 1 MiB, less in small row groups of many columns */
    const char *created_by;                            /* e.g. "sluice version 0.1.0" */
    const struct str *metadata_keys, *metadata_values; /* the footer's key-value metadata */
    size_t metadata_count;
};

struct parquet_summary {
    uint64_t rows, bytes;
    uint32_t row_groups;
    char sha256[SHA256_TEXT_SIZE]; /* of the file's bytes */
};

struct parquet_writer;

/* Writes to fd from its present offset 0; does not close or sync fd. columns and options' texts are copied. */
struct parquet_writer *parquet_writer_open(int fd, const char *name, const struct parquet_column *columns,
    uint32_t column_count, const struct parquet_options *options, struct err *err);
/*
 * Appends n rows. columns[i] is the vector of column i; rows picks the values (indices into the vectors), NULL: the
 * first n. A null in a column that is not nullable is ERR_BUG. The vectors are read during the call only.
 */
bool parquet_writer_append(struct parquet_writer *writer, const struct vector *const *columns, const uint32_t *rows,
    uint32_t n, struct err *err) MUST_CHECK;

struct parquet_shared;

/*
 * For many writers of the same columns that share each batch's rows: a value that repeats is looked up once, not by
 * each of them. A column without repeats drops out by itself. NULL: memory is out.
 */
struct parquet_shared *parquet_shared_new(const struct parquet_column *columns, uint32_t count);
/* shared may be NULL. */
void parquet_shared_free(struct parquet_shared *shared);
/* The next batch's vector of a column; different columns at once on any threads. */
bool parquet_shared_look_up(struct parquet_shared *shared, uint32_t column, const struct vector *vector,
    const uint32_t *rows, uint32_t n, struct err *err) MUST_CHECK;
void parquet_shared_drop(struct parquet_shared *shared, uint32_t column);
bool parquet_shared_dropped(const struct parquet_shared *shared, uint32_t column);
size_t parquet_shared_memory(const struct parquet_shared *shared);
/*
 * parquet_writer_append() in two steps: n rows, of those looked up, to each column; different columns at once on any
 * threads. Then the rows end; the row group may with them.
 */
bool parquet_writer_append_column(struct parquet_writer *writer, uint32_t column, const struct vector *vector,
    const struct parquet_shared *shared, const uint32_t *rows, uint32_t n, struct err *err) MUST_CHECK;
bool parquet_writer_end_rows(struct parquet_writer *writer, uint32_t n, struct err *err) MUST_CHECK;
/* Does it look values of a column up at present? */
bool parquet_writer_looks_up(const struct parquet_writer *writer, uint32_t column);

/* Bytes it holds in memory now. */
size_t parquet_writer_memory(const struct parquet_writer *writer);
/* Closes the present row group, if it has rows, and gives all buffers back: what to do when memory is short. */
bool parquet_writer_flush(struct parquet_writer *writer, struct err *err) MUST_CHECK;
/* Writes the footer. A file without rows is valid. Frees the writer in any case. */
bool parquet_writer_close(struct parquet_writer *writer, struct parquet_summary *summary, struct err *err) MUST_CHECK;
/* Without a footer: what was written is no Parquet file. writer may be NULL. */
void parquet_writer_abort(struct parquet_writer *writer);

struct parquet_leaf;

struct parquet_footer {
    uint64_t rows;
    uint32_t row_groups;
    struct parquet_column *columns;
    struct parquet_leaf *leaves; /* how each is stored (schema.h) */
    uint32_t column_count;
    struct str *metadata_keys, *metadata_values;
    size_t metadata_count;
    struct str created_by;
};

/* From our own files or others'; ERR_CORRUPT says what is wrong where. Lives in arena. */
bool parquet_read_footer(
    int fd, const char *name, struct parquet_footer *footer, struct arena *arena, struct err *err) MUST_CHECK;

struct parquet_check {
    uint64_t rows, pages, values, bytes; /* values: nulls included; bytes: of the file */
};

/*
 * For fsck, on a file of ours: that the column chunks fill the file from its start to the footer, each is filled by its
 * pages, every page has a CRC and the CRC is right, and each column counts as many values as its row group has rows.
 * ERR_CORRUPT names the row group, column and offset of the first fault. Reads by pread, a page at a time.
 */
bool parquet_check_pages(int fd, const char *name, struct parquet_check *check, struct err *err) MUST_CHECK;

#endif
