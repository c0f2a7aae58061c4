/* The gold that is to be published against the gold before it, by key and row_hash. */
#ifndef WORKER_GOLD_COMPARE_H
#define WORKER_GOLD_COMPARE_H

#include "worker/gold/source.h"

struct comparison {
    bool made; /* false: there was no gold before, or it has no such key or no row_hash */
    uint64_t fresh, changed, unchanged, vanished;
};

/*
 * schema: of both, row_hash among its columns. key_count 0: rows are compared as wholes, none counts as changed.
 * memory: bytes for keys.
 */
bool compare_gold(const struct sources *schema, const struct source *before, const struct source *after,
    const uint32_t *key, uint32_t key_count, uint32_t row_hash, size_t memory, struct comparison *comparison,
    struct err *err) MUST_CHECK;

#endif
