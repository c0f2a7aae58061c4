/* Which rejected rows of a run a call means: those of the parameters cause and stage. */
#ifndef WORKER_AGENT_WANTED_H
#define WORKER_AGENT_WANTED_H

#include "worker/agent/method.h"

struct wanted {
    int64_t cause;  /* 0: any */
    int stage;      /* -1: any */
    bool some;      /* false: all rows */
    uint32_t *list; /* causes of such rows */
    size_t count;
};

/* *code is set when it fails. */
bool wanted_of(struct call *call, struct wanted *wanted, int *code, struct err *err) MUST_CHECK;
bool wanted_has(const struct wanted *wanted, uint32_t cause);

#endif
