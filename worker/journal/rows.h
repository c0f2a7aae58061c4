/* Single rejected rows: which there are, and the states they go through. */
#ifndef WORKER_JOURNAL_ROWS_H
#define WORKER_JOURNAL_ROWS_H

#include "worker/journal/journal.h"

/* In a block's row_states, as schema/journal.sql has them. */
enum row_state {
    ROW_OPEN,
    ROW_REQUESTED,
    ROW_RECOVERED,
    ROW_REJECTED_AGAIN, /* and open in the run that did */
    ROW_DISCARDED,
    ROW_RETURNED,
    ROW_SUPERSEDED,
    ROW_STATE_COUNT
};
/* "open", "requested", "recovered", "rejected-again" … */
const char *row_state_name(enum row_state state);

/* Rejected rows: those of a cause, of these numbers (ascending), or both. */
struct row_choice {
    int64_t cause_id; /* 0: any */
    const uint64_t *rows;
    size_t row_count; /* 0: all */
};

struct rejected_row {
    uint64_t row;
    uint64_t line_offset; /* of its line in the run's reject JSONL */
    int64_t cause_id;
};

/* The chosen rows of a run that are in a state, in row order; in arena. ERR_USAGE when there are more than most. */
bool journal_rows(struct journal *journal, const char *run_id, const struct row_choice *choice, enum row_state state,
    size_t most, struct rejected_row **rows, size_t *count, struct arena *arena, struct err *err) MUST_CHECK;
/* What was requested of a run's rows has been read again by another: what that rejected is rejected again, the rest
 * recovered. In the caller's transaction; repeatable. */
bool journal_rows_settle(
    struct journal *journal, const char *run_id, const char *again_run_id, struct err *err) MUST_CHECK;

#endif
