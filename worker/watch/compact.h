/* When the daemon compacts: so long after files were loaded, or as soon as so many were. */
#ifndef WORKER_WATCH_COMPACT_H
#define WORKER_WATCH_COMPACT_H

#include "worker/run/worker.h"

struct compact_schedule {
    int64_t every_us;     /* 0: never */
    uint64_t after;       /* files loaded since the last compaction; 0: however many */
    int64_t next;         /* clock_monotonic(); 0: nothing was loaded since */
    uint64_t compacted;   /* worker->tally.loaded when it was last done */
    char seen[ULID_SIZE]; /* the last run that had loaded something by then: it may have been another process's */
};

/* What was loaded before the program's start may lack its gold: the first time comes at once. */
void compact_begin(struct compact_schedule *schedule, int64_t now);
/* Takes note of what the worker has loaded meanwhile. Is it time? */
bool compact_due(struct compact_schedule *schedule, const struct worker *worker, int64_t now);
/* All datasets with a section gold; a partition's own fault is an incident. false: a dependency is down. */
bool compact_all(struct compact_schedule *schedule, struct worker *worker, struct err *err) MUST_CHECK;

#endif
