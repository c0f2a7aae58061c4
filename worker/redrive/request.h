/*
 * Asking for a re-drive of files, deciding on it, carrying it out. What was rehearsed is bound to the request; what
 * would only fail again, or change nothing, is refused. A file that was loaded is superseded.
 */
#ifndef WORKER_REDRIVE_REQUEST_H
#define WORKER_REDRIVE_REQUEST_H

#include "worker/journal/redrive.h"
#include "worker/redrive/rehearse.h"

struct redrive_request {
    struct rules_request rules;    /* dataset and ruleset_hash are each run's */
    const char *run_id;            /* one run; or "" and a cause: all files it keeps quarantined */
    int64_t cause_id;              /* or neither: what was loaded of rules.dataset by other rules than these */
    const struct row_choice *rows; /* rejected rows of that run alone; NULL: its file. A cause of rows means its own */
    const struct str *runs;        /* or these, of one dataset: so many */
    size_t run_count;
    int64_t since, before; /* and delivered then; 0: whenever */
    bool patch;            /* with its run's patch */
    int64_t apply_until;   /* the overrides then stand for files still to come; 0: for these alone */
    struct str reason;
    struct str rate; /* as pace_read() takes it; empty: as fast as it goes */
    size_t memory;
    const volatile sig_atomic_t *stop;
};

/* Rehearses every file, then writes the request. ERR_FILE "pointless" when a file would be quarantined
 * again, or was loaded by these rules. */
bool redrive_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err) MUST_CHECK;
/* Overrides for the files of a dataset (request->rules.dataset) that are still to come, until apply_until. */
bool override_ask(const struct redrive_request *request, const struct decider *by, struct redrive *redrive,
    struct arena *arena, struct err *err) MUST_CHECK;
/* Checks what is bound once more, then the files wait for a worker. ERR_FILE "redrive-void" when something changed: the
 * request is void from then on. */
bool redrive_approve(struct storage *storage, struct journal *journal, const struct contracts *contracts,
    const struct redrive *redrive, const struct decider *by, struct arena *arena, struct err *err) MUST_CHECK;
/* Works off its files in this process; those another worker has taken are left to it. */
bool redrive_carry_out(struct worker *worker, const struct redrive *redrive, struct err *err) MUST_CHECK;

#endif
