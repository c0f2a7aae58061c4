/*
 * row_hash: the MD5, in lower-case hex, of a row's canonical text, which DuckDB, PostgreSQL, Athena and Spark can make
 * too; by choice XXH64 (seed 0), 16 digits, which is Athena's lower(to_hex(xxhash64(to_utf8(text)))). For each column
 * in the file's order but _run_id, _row_number, _source_file and ingest_ts, and if it is not NULL: name ':'
 * length(text) ':' text ';' where length counts code points and text is: of integers and decimals the digits, with the
 * type's whole scale
 * ("12.50"); of booleans true or false; of dates YYYY-MM-DD; of times HH:MM:SS.ffffff; of timestamps YYYY-MM-DD
 * HH:MM:SS.ffffff in UTC; of doubles PostgreSQL's float8 text; of strings themselves. So a NULL column that is added
 * leaves the hash as it was. DuckDB:
 *     md5(coalesce('id:' || length(id::VARCHAR) || ':' || id::VARCHAR || ';', '') || coalesce('at:26:' ||
 *     strftime(at, '%Y-%m-%d %H:%M:%S.%f') || ';', '') || …)
 */
#ifndef WORKER_GOLD_ROW_HASH_H
#define WORKER_GOLD_ROW_HASH_H

#include "worker/config/contract.h"
#include "worker/format/parquet/parquet.h"

enum { ROW_HASH_TEXT = 32 }; /* of the longest */

struct row_hash;

/* columns: of the vectors handed to row_hash_add(); outlive it. NULL: memory is out. */
struct row_hash *row_hash_new(const struct parquet_column *columns, uint32_t count, enum row_hash_kind kind);
void row_hash_free(struct row_hash *hash);
const char *row_hash_name(enum row_hash_kind kind);
size_t row_hash_length(enum row_hash_kind kind);
/* The hash of row rows[i] into out[rows[i]], n of them, without a NUL. */
bool row_hash_of(struct row_hash *hash, const struct vector *const *vectors, const uint32_t *rows, uint32_t n,
    char (*out)[ROW_HASH_TEXT], struct err *err) MUST_CHECK;

#endif
