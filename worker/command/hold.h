/* Nothing is claimed for a dataset, or for none, until somebody takes that back; told in the audit. */
#ifndef WORKER_COMMAND_HOLD_H
#define WORKER_COMMAND_HOLD_H

#include "worker/command/workplace.h"

struct hold_change {
    struct str dataset; /* or HOLD_ALL */
    struct str reason;  /* "paused", "drain" */
    const char *action; /* the audit's */
    bool holds;         /* or takes it back */
    int64_t until;      /* 0: until it is taken back */
};

bool hold_change(struct workplace *place, const struct hold_change *change, struct err *err) MUST_CHECK;

#endif
