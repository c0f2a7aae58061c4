/* Asking that what was published of a file be taken back: its run's rows, and those of its other runs. */
#ifndef WORKER_REDRIVE_WITHDRAW_H
#define WORKER_REDRIVE_WITHDRAW_H

#include "worker/redrive/request.h"

/* request: run_id, reason and rules.journal. ERR_EXISTS: the run's file is not loaded, or no longer by this run. */
bool withdraw_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err) MUST_CHECK;
/* ERR_CONFIG: what would go is not what it was when it was asked for. */
bool withdraw_holds(
    struct journal *journal, const struct redrive_file *file, struct arena *arena, struct err *err) MUST_CHECK;

#endif
