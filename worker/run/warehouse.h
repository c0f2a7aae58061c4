/* What a file's run has to do with the warehouse: its transaction, and the point of no return. */
#ifndef WORKER_RUN_WAREHOUSE_H
#define WORKER_RUN_WAREHOUSE_H

#include "worker/run/file_run.h"

/* Of the warehouse's doing: the file's dataset waits, nobody's fault is counted. */
bool warehouse_fault(const struct err *err);
/* Is it there, where the contract wants one? Before anything is read. */
bool warehouse_check(struct file_run *run, struct err *err) MUST_CHECK;
/* run->load, where the contract (or a withdrawal) wants one. */
bool warehouse_open(struct file_run *run, struct err *err) MUST_CHECK;
/* The stages raw, bronze and silver of the balance sheet. */
void warehouse_count(struct file_run *run);
/* The point of no return of a run with a warehouse; nothing for any other. */
bool warehouse_commit(struct file_run *run, struct err *err) MUST_CHECK;
void warehouse_close(struct file_run *run);
/* One incident a dataset, which closes by itself. why NULL: all is well. */
bool warehouse_incident(struct worker *worker, struct str dataset, const struct err *why, struct err *err) MUST_CHECK;

/* Of a run that died prepared: *committed says whether it must go forward. */
bool warehouse_ask(struct worker *worker, const struct claim *claim, const struct manifest *manifest, bool *committed,
    struct err *err) MUST_CHECK;
/* In the transaction that commits a run to the journal. */
bool warehouse_remember(struct worker *worker, const struct manifest *manifest, struct err *err) MUST_CHECK;

#endif
