/* The agent: answers JSON-RPC lines (shared/rpc.h) about one lake, on two descriptors, until the client is gone. */
#ifndef WORKER_AGENT_AGENT_H
#define WORKER_AGENT_AGENT_H

#include "worker/journal/journal.h"
#include "worker/storage/storage.h"

#include <signal.h>

struct agent {
    struct storage *storage;
    struct journal *journal; /* NULL: the lake has none yet, every list is empty */
    struct str operator_name, role;
    const char *datasets;              /* where the contracts are */
    size_t memory;                     /* bytes a rehearsal may use */
    const volatile sig_atomic_t *stop; /* ends a rehearsal, and the agent */
};

/* true when the client closed its end; false with err when the pipe broke. */
bool agent_serve(struct agent *agent, int in, int out, struct err *err) MUST_CHECK;

#endif
