/* Somebody looks after it: of an open incident, or of a cause. Each is an audit line in the same transaction. */
#ifndef WORKER_JOURNAL_ACKNOWLEDGE_H
#define WORKER_JOURNAL_ACKNOWLEDGE_H

#include "worker/journal/redrive.h"

/* Whoever has it may change the note. ERR_EXISTS: somebody else has it, or the incident is closed. ERR_NOT_FOUND. */
bool journal_acknowledge_incident(struct journal *journal, int64_t incident_id, struct str note,
    const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
bool journal_acknowledge_cause(struct journal *journal, int64_t cause_id, struct str note, const struct decider *by,
    int64_t now, struct err *err) MUST_CHECK;

#endif
