/* Standing overrides: how files still to come are read, from a request's approval until a time, or until somebody
 * revokes it. */
#ifndef WORKER_JOURNAL_STANDING_H
#define WORKER_JOURNAL_STANDING_H

#include "worker/journal/redrive.h"

#define STANDING_MOST_US (INT64_C(31) * 24 * 3600 * 1000000) /* what is to last longer is a change of the contract */

struct standing {
    char redrive_id[ULID_SIZE];
    struct str dataset, overrides; /* as overrides_write() has them */
    int64_t starts_at, until;
};

struct standing_list {
    struct standing *list; /* the newest first */
    size_t count, capacity;
};

/* Those of a dataset that are in force at that time. */
bool journal_standing_list(struct journal *journal, struct str dataset, int64_t at, struct standing_list *out,
    struct arena *arena, struct err *err) MUST_CHECK;
/* Somebody ends it before its time. ERR_NOT_FOUND: the request is no standing override; ERR_EXISTS: it is over. */
bool journal_standing_revoke(struct journal *journal, const struct redrive *redrive, struct str why,
    const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
/* The contract no longer takes it: it ends, with an incident. Nothing when it is over already. */
bool journal_standing_void(
    struct journal *journal, const struct standing *standing, struct str why, int64_t now, struct err *err) MUST_CHECK;

#endif
