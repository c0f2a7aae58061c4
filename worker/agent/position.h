/* Where a row stands among the rejects of a run, or among those wanted. Blocks beside it are counted unread. */
#ifndef WORKER_AGENT_POSITION_H
#define WORKER_AGENT_POSITION_H

#include "worker/agent/wanted.h"

struct position {
    struct wanted wanted;
    int64_t at, row;      /* row >= 0, or at */
    int64_t total, found; /* rows wanted; those before the first one of the page */
    int64_t after;        /* the row number before it */
};

/* Rows of the cause or stage paged through last, in each block of its run: blocks don't change once they are written.
 */
struct block_counts {
    char run_id[ULID_SIZE];
    int64_t cause;
    int stage;
    size_t count;
    uint16_t rows[];
};

bool position_find(struct call *call, struct position *position, struct err *err) MUST_CHECK;

#endif
