/* PLAIN encoding: values as bytes, one after the other. */
#ifndef WORKER_FORMAT_PARQUET_PLAIN_H
#define WORKER_FORMAT_PARQUET_PLAIN_H

#include "worker/format/parquet/dictionary.h"
#include "worker/format/parquet/statistics.h"

/*
 * The values index[0..n) of vector, all present, behind those in out, and into statistics. Booleans are put a byte
 * each: a page packs them as a whole.
 */
void plain_add(
    struct buf *out, struct statistics *statistics, const struct vector *vector, const uint32_t *index, uint32_t n);
/* The dictionary's own page: all its values in order. */
void plain_add_dictionary(struct buf *out, const struct dictionary *dictionary, struct type type);
/* The values with these ids. */
void plain_add_ids(
    struct buf *out, const struct dictionary *dictionary, struct type type, const uint32_t *ids, size_t n);

#endif
