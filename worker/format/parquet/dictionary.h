/*
 * The distinct values of a column chunk, numbered in order of first appearance. One open-addressing table; ids of
 * many values are looked up in one call, a kernel for each kind of key.
 */
#ifndef WORKER_FORMAT_PARQUET_DICTIONARY_H
#define WORKER_FORMAT_PARQUET_DICTIONARY_H

#include "shared/buf.h"
#include "worker/batch/batch.h"

struct dictionary {
    uint32_t *slots; /* id + 1, or 0 */
    uint32_t slot_bits;
    uint32_t count;
    size_t max_bytes;   /* of values */
    struct buf values;  /* fixed-size keys as in a vector; strings as PLAIN: length (4 bytes) and bytes */
    struct buf offsets; /* strings: uint32_t of each value in values */
    struct buf keys; /* strings: uint64_t that stands for each: so growing and misses need no bytes, nor short hits */
};

enum dictionary_result { DICTIONARY_OK, DICTIONARY_FULL, DICTIONARY_NO_MEMORY };

void dictionary_init(struct dictionary *dictionary, size_t max_bytes);
void dictionary_dispose(struct dictionary *dictionary);
/* Empties it; keeps the memory. */
void dictionary_reset(struct dictionary *dictionary);
/* Empties it; frees the memory. */
void dictionary_release(struct dictionary *dictionary);
size_t dictionary_memory(const struct dictionary *dictionary);

/*
 * ids[i] of the value index[i] of vector for i < n. *done: how many were looked up; fewer than n when the dictionary is
 * full or memory is out. The values must be present.
 */
enum dictionary_result dictionary_add(struct dictionary *dictionary, const struct vector *vector, const uint32_t *index,
    uint32_t n, uint32_t *ids, uint32_t *done);
/*
 * The same of values looked up before: from's ids by index. numbers is kept between calls: the id + 1 here of from's
 * id. Such a dictionary has no slots until dictionary_add() is called.
 */
enum dictionary_result dictionary_take(struct dictionary *dictionary, const struct dictionary *from, struct type type,
    const uint32_t *from_ids, const uint32_t *index, uint32_t n, struct buf *numbers, uint32_t *ids);
/* String value id. */
struct str dictionary_str(const struct dictionary *dictionary, uint32_t id);

#endif
