/*
 * Keys as bytes, each with the row that had it first. Exact: hashes only find a candidate, the bytes decide. In memory
 * up to a budget, then all of it in a SQLite file in the spill folder, which is slower but bounded by the disk.
 */
#ifndef WORKER_SHAPE_KEY_TABLE_H
#define WORKER_SHAPE_KEY_TABLE_H

#include "shared/arena.h"

#include "worker/shape/key_filter.h"

struct key_slot;
struct key_spill;

struct key_table {
    struct key_slot *slots;
    size_t size, count; /* of slots, a power of two; of keys in memory */
    size_t budget;      /* bytes */
    const char *spill_dir;
    struct arena *keys;
    struct key_spill *spill; /* not NULL: every key is there */
};

void key_table_init(struct key_table *table, size_t budget, const char *spill_dir);
void key_table_dispose(struct key_table *table);
/* Asks for the memory where the key would lie. */
void key_table_prefetch(const struct key_table *table, struct key_hash hash);
/* *row: that of the key, or 0 when the table does not hold it. */
bool key_table_find(
    struct key_table *table, struct key_hash hash, struct str key, uint64_t *row, struct err *err) MUST_CHECK;
/* A key that is not in the table; row >= 1. */
bool key_table_add(
    struct key_table *table, struct key_hash hash, struct str key, uint64_t row, struct err *err) MUST_CHECK;

struct key_spill *key_spill_open(const char *dir, size_t memory, struct err *err);
bool key_spill_find(
    struct key_spill *spill, struct key_hash hash, struct str key, uint64_t *row, struct err *err) MUST_CHECK;
bool key_spill_add(struct key_spill *spill, uint64_t hash, struct str key, uint64_t row, struct err *err) MUST_CHECK;
/* spill may be NULL. */
void key_spill_close(struct key_spill *spill);

#endif
