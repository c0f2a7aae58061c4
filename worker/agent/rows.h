/* The rejected rows of a run, one after another: a page of them is never in memory at once. */
#ifndef WORKER_AGENT_ROWS_H
#define WORKER_AGENT_ROWS_H

#include "worker/agent/wanted.h"

struct reject_row {
    uint64_t number;
    uint32_t cause;
    const char *state;
    json_t *reject;      /* its object of the reject JSONL, sensitive values masked */
    struct str line;     /* the same as text */
    struct arena *arena; /* gone with the row */
};

struct row_reader {
    struct wanted wanted;
    int64_t after, limit; /* behind row number after */
    bool (*take)(void *context, const struct reject_row *row, struct err *err);
    void *context;
    /* What came of it. */
    int64_t last; /* the number of the last row taken */
    bool more;    /* there are others behind it */
};

bool rows_read(struct call *call, struct row_reader *reader, struct err *err) MUST_CHECK;

#endif
