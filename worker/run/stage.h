/*
 * A stage of the warehouse made again from the one before it, by the contract as it is now and what a run's own
 * overrides say: file by file, each a run of its own (kind load) with one transaction in the warehouse as its point of
 * no return. The lake is left as it is.
 */
#ifndef WORKER_RUN_STAGE_H
#define WORKER_RUN_STAGE_H

#include "worker/run/worker.h"
#include "worker/warehouse/again.h"

struct stage_complaint {
    struct str run_id; /* the first of the file's */
    struct err why;
};

struct stage_report {
    uint64_t files, made;
    struct again_counts counts; /* of all that were made */
    uint64_t recovered;         /* of counts.out: rejected when their files were read */
    struct stage_complaint *complaints;
    size_t complaint_count, complaint_capacity;
    struct arena *arena;
};

/* stage: STAGE_BRONZE or STAGE_SILVER. run_id: only the file of that run; empty: all of the dataset. What is one file's
 * trouble alone becomes a complaint. false: nothing more can be done. */
bool stage_again(struct worker *worker, const struct contract *contract, enum stage stage, struct str run_id,
    struct stage_report *report, struct err *err) MUST_CHECK;

#endif
