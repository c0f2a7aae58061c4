/*
 * The pass over one file from the inside: process.c has the stages, the counts and the limits, pipeline.c the batches
 * that run through them on the threads of a crew. What is in struct pass belongs to the thread that commits, but the
 * reader, which is its producer's, and an item, which belongs to whoever works on it.
 */
#ifndef WORKER_RUN_PROCESS_H
#define WORKER_RUN_PROCESS_H

#include "worker/format/csv/reader.h"
#include "worker/run/file_run.h"
#include "worker/run/hashing.h"
#include "worker/tasks/crew.h"

enum { PASS_STAGES = STAGE_WRITE + 1 };

/* A batch on its way, with what its stages have to tell. */
struct item {
    struct batch *batch;
    struct rule_counts rules; /* of this batch */
    enum stage stage;         /* it is in, or failed in */
    uint64_t bytes;           /* of the original read when it was produced */
    int64_t started_at[PASS_STAGES], finished_at[PASS_STAGES];
};

struct pass {
    struct file_run *run;
    struct stream *stream;
    struct reader *reader;
    struct converter *converter;
    struct unique *unique;
    struct rule_counts rules;
    struct sink_run sink_run;
    struct sink *sinks[FILE_RUN_SINKS];
    struct stage_count *counts; /* the manifest's */
    struct crew *crew;
    struct item *items;
    unsigned slots;
    size_t memory;           /* of all items together */
    struct hashing *hashing; /* of the original; NULL: done at intake */
    enum profile_part reads; /* what reading counts as */
    bool decided;            /* the converter has seen the first batch */
    size_t chosen_at;        /* the next of the chosen records */
    int64_t beat;            /* of the lease */
};

/* The crew and the batches, within pass->memory. */
bool pipeline_open(struct pass *pass, struct err *err) MUST_CHECK;
/* How many bytes and records a batch may have, so that its columns too fit in its part of the memory. */
void pipeline_bound(const struct pass *pass, struct reader_options *options);
/* The look at the keys alone. */
bool pipeline_keys(struct pass *pass, struct err *err) MUST_CHECK;
/* All rows: convert and rules on any thread, then pass_commit(). */
bool pipeline_rows(struct pass *pass, struct err *err) MUST_CHECK;
void pipeline_close(struct pass *pass);

/* What is loaded of the file already may not be loaded again by another of its rows: the keys that the look at the
 * chosen rows' found, from processed/. */
bool pass_loaded_keys(struct pass *pass, struct err *err) MUST_CHECK;

/* The stages that need the batches in order. */
bool pass_commit(struct pass *pass, struct item *item, struct err *err) MUST_CHECK;
/* Between batches: is the run still wanted, and ours? */
bool pass_alive(struct pass *pass, struct err *err) MUST_CHECK;

#endif
