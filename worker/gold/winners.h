/* Which rows of a partition win: a first pass over keys and positions only. */
#ifndef WORKER_GOLD_WINNERS_H
#define WORKER_GOLD_WINNERS_H

#include "worker/gold/source.h"

struct winners_options {
    const uint32_t *key; /* columns of the schema; key_count 0: every row wins */
    uint32_t key_count;
    uint32_t latest;     /* column whose greatest value wins; UINT32_MAX: the newest delivery */
    uint32_t row_number; /* column */
    size_t memory;       /* bytes for keys */
    /* A row that lost and the one that has won over it; NULL: nobody asks. */
    void (*lost)(void *context, const struct vector *const *key, uint32_t i, const struct source *loser, int64_t row,
        const struct source *winner, int64_t winner_row);
    void *context;
};

/* Sets the sources' bits and kept. */
bool winners_decide(struct sources *sources, const struct winners_options *options, struct err *err) MUST_CHECK;

#endif
