/*
 * Standing overrides over a waiting file. One is used where it fits the file's header: it binds, every label that it
 * maps is there, and no fewer fields find a column than under the plain contract. A file that fits none (the producer
 * went back) is read under the plain contract. Of several the newest that fits is used.
 */
#ifndef WORKER_RUN_STANDING_H
#define WORKER_RUN_STANDING_H

#include "worker/journal/standing.h"
#include "worker/run/file_run.h"

/* How a file's head is read under one contract. */
struct reading {
    const struct contract *contract;
    struct sniff sniff;
    struct binding binding;
    bool bound;
};

/* False with ERR_FILE: the header is refused; the reading holds what was found. */
bool reading_make(
    struct file_run *run, const struct contract *contract, struct reading *reading, struct err *err) MUST_CHECK;
/* The overrides in force whose contract loads, which the run then owns (file_run_standing_free()). One that the
 * contract no longer accepts is ended with an incident. */
bool file_run_standing_load(struct file_run *run, struct err *err) MUST_CHECK;
void file_run_standing_free(struct file_run *run);
/* Replaces a reading under the plain contract (refused: why it did not bind, or NULL) by that of an override that fits.
 * *used: the run's contract has become another. */
bool file_run_standing_settle(struct file_run *run, struct reading *plain, bool *used, struct err *err) MUST_CHECK;

#endif
