/*
 * A worker: takes waiting files one after another and brings each through the stages, with the lake, the journal and
 * the contracts it was given. One thread's.
 */
#ifndef WORKER_RUN_WORKER_H
#define WORKER_RUN_WORKER_H

#include "worker/config/contract.h"
#include "worker/journal/journal.h"
#include "worker/pg/pg.h"
#include "worker/run/profile.h"
#include "worker/run/progress.h"
#include "worker/storage/storage.h"

#include <signal.h>

struct worker_options {
    size_t memory;    /* bytes, of the whole process */
    unsigned threads; /* 0: as many as there are processors */
    int64_t lease_us;
    bool ignore_backoff; /* try at once what another process put off */
    uint64_t max_files;  /* 0: until nothing waits */
    bool keeps_pace;     /* waits for files that their request's rate holds back; else they are left */
    struct str only;     /* one arrival key; empty: all */
};

/* What one call of worker_run() did, by outcome. */
struct tally {
    uint64_t files, loaded, duplicates, quarantined, withdrawn, kept, failed, waiting, unmatched;
    uint64_t rows, rejected, bytes;
    uint64_t gold_rows; /* in the warehouse */
};

struct worker {
    struct worker_options options;
    struct storage *storage;
    struct journal *journal;
    const struct contracts *contracts;
    struct str owner; /* "host:pid:start" */
    struct progress *progress;
    struct profile *profile; /* NULL: not wanted */
    struct pg *pg;           /* the warehouse; NULL: none */
    const volatile sig_atomic_t *stop;
    int64_t sealed_at; /* when what the journal says was last told to the lake; monotonic */
    struct tally tally;
};

/* Finishes or clears away what a predecessor left, registers what lies in the landing zone, then works until nothing
 * waits, max_files are done or *stop is set. false: a dependency or the program itself is at fault (err). */
bool worker_run(struct worker *worker, struct err *err) MUST_CHECK;

/* The parts of it. */
bool worker_recover(struct worker *worker, struct err *err) MUST_CHECK;
/* What lies in the landing zones, in one transaction; only what ready says yes to. NULL: whatever lies there. */
typedef bool worker_ready(void *context, const struct storage_object *object);
bool worker_register(struct worker *worker, worker_ready *ready, void *context, struct err *err) MUST_CHECK;
/* One key, when it is there; in a transaction of the caller's, or in one of its own. */
bool worker_register_key(struct worker *worker, struct str key, struct err *err) MUST_CHECK;
/* Works until nothing waits, max_files are done or *stop is set. */
bool worker_work(struct worker *worker, struct err *err) MUST_CHECK;
/* The folders of the lake that files arrive in: raw/ and what contracts name beside it. false from each stops. */
bool worker_landing_zones(const struct worker *worker, bool (*each)(void *context, struct str prefix), void *context);
enum work_result { WORK_DONE, WORK_NOTHING, WORK_FAILED };
enum work_result worker_next(struct worker *worker, struct err *err) MUST_CHECK;

#endif
