/* Sensitive values stay hidden on the wire: a rejected row goes out with them masked. The reject files keep them. */
#ifndef WORKER_AGENT_MASK_H
#define WORKER_AGENT_MASK_H

#include "worker/agent/method.h"
#include "worker/format/csv/record.h"

struct mask {
    json_t *dialect;       /* as recorded with the run */
    const json_t *columns; /* of it: 0-based positions */
    struct grammar grammar;
};

/* What run call->run_id asks for. */
bool mask_init(struct mask *mask, struct call *call, struct err *err) MUST_CHECK;
void mask_dispose(struct mask *mask);
/* Is anything to be hidden? */
bool mask_wanted(const struct mask *mask);
/*
 * Masks the row (an object of the reject JSONL) in place: the sensitive cells of raw, and values and messages of errors
 * about them. In a record with too few or too many cells nobody knows which is which: all of its cells are masked but
 * those an error names. What cannot be split goes out without raw.
 */
void mask_row(const struct mask *mask, json_t *reject, struct arena *arena);

#endif
