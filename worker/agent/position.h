/* Where a row stands among the rejects of a run or of one of its causes. Blocks beside it are counted unread. */
#ifndef WORKER_AGENT_POSITION_H
#define WORKER_AGENT_POSITION_H

#include "worker/agent/method.h"

struct position {
    int64_t cause, at, row; /* wanted: row >= 0, or at */
    int64_t total, found;   /* rows of the cause; those before the first one wanted */
    int64_t after;          /* the row number before it */
};

/* Rows of the cause paged through last, in each block of its run: blocks don't change once they are written. */
struct block_counts {
    char run_id[ULID_SIZE];
    int64_t cause;
    size_t count;
    uint16_t rows[];
};

bool position_find(struct call *call, struct position *position, struct err *err) MUST_CHECK;

#endif
