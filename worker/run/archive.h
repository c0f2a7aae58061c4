/* What the original is called in the archive. */
#ifndef WORKER_RUN_ARCHIVE_H
#define WORKER_RUN_ARCHIVE_H

#include "worker/config/contract.h"

/* By the contract's prefix and pattern: {path} (without raw/) {name} {ts} {run}. .p NULL: memory is out. */
struct str archive_key(
    const struct contract *contract, struct str arrival, int64_t now, const char *run_id, struct arena *arena);

#endif
