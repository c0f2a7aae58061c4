/*
 * Keys by their exact bytes, within a budget of memory. What does not fit is done in parts: a part is the keys whose
 * hash falls to it, and one that is still too large is split in two and its pass begun again.
 */
#ifndef WORKER_GOLD_KEYMAP_H
#define WORKER_GOLD_KEYMAP_H

#include "shared/buf.h"
#include "worker/format/parquet/parquet_reader.h"

struct key_entry {
    union {
        int128 order;    /* of gold.latest, or a row_hash */
        struct str text; /* of a gold.latest that is text */
    };
    uint64_t hash, row;
    int64_t row_number; /* or a count */
    const char *key;
    uint32_t key_n, source;
};

struct keymap;

/* budget: bytes. NULL: memory is out. */
struct keymap *keymap_new(size_t budget);
void keymap_free(struct keymap *table);
void keymap_reset(struct keymap *table);
/* The key's entry; a new one is cleared but for its key. NULL: it does not fit. */
struct key_entry *keymap_add(struct keymap *table, struct str key, uint64_t hash, bool *is_new);
/* NULL: it is not there. */
struct key_entry *keymap_find(const struct keymap *table, struct str key, uint64_t hash);
/* Bytes that live as long as the entries; .p NULL: they do not fit. */
struct str keymap_keep(struct keymap *table, struct str bytes);
size_t keymap_count(const struct keymap *table);
struct key_entry *keymap_at(const struct keymap *table, size_t i);

/* The keys of a slice of rows: equal bytes for equal keys. */
struct key_batch {
    struct buf bytes, one;
    uint32_t n;
    size_t offsets[PARQUET_SLICE + 1];
    uint64_t hashes[PARQUET_SLICE];
};
void key_batch_init(struct key_batch *batch);
void key_batch_dispose(struct key_batch *batch);
/* From the first n rows of count vectors. */
bool key_batch_fill(struct key_batch *batch, const struct vector *const *vectors, uint32_t count, uint32_t n,
    struct err *err) MUST_CHECK;
/* Of row i; asks memory for those of the rows to come, which are to be looked up in table. */
struct str key_batch_key(const struct key_batch *batch, const struct keymap *table, uint32_t i);

/* Keys with hash & (of - 1) == number. */
struct part {
    uint32_t number, of;
};
/* A stack of parts still to be done; starts with the whole. */
struct parts {
    struct part *list;
    size_t count, capacity;
    struct arena *arena;
};
bool parts_begin(struct parts *parts, struct arena *arena, struct err *err) MUST_CHECK;
bool parts_pop(struct parts *parts, struct part *part);
/* The part did not fit. */
bool parts_split(struct parts *parts, struct part part, struct err *err) MUST_CHECK;
static inline bool part_has(struct part part, uint64_t hash)
{
    return (hash & (part.of - 1)) == part.number;
}

#endif
