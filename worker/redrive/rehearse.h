/*
 * Rehearsing: a file that was rejected (or loaded) goes through validate and process once more under given rules, into
 * sinks that keep nothing. Lake and journal stay as they are; the memory is the worker's; *stop ends it between
 * batches.
 */
#ifndef WORKER_REDRIVE_REHEARSE_H
#define WORKER_REDRIVE_REHEARSE_H

#include "worker/journal/patch.h"
#include "worker/redrive/past.h"
#include "worker/run/chosen.h"
#include "worker/run/rules.h"
#include "worker/run/worker.h"

struct file_run;

struct rehearse_request {
    struct rules_request rules; /* its dataset and ruleset_hash are the run's */
    const char *run_id;
    const struct row_choice *rows; /* these open rejected rows of a loaded run alone; NULL: the whole file */
    bool patch;                    /* with the run's patch over the file; ERR_USAGE when there is none */
    size_t memory;
    const volatile sig_atomic_t *stop; /* may be NULL */
};

/* What a cause cost in the run then, and would cost now. */
struct rehearsed_cause {
    struct str stage, code, column, rule, shape;
    bool whole_file;
    uint64_t before, after, only, first_row; /* rows; of a whole file 1 */
    const struct str *samples;
    unsigned sample_count;
};

struct rehearsal {
    struct past past;
    struct patch patch; /* "": none */
    bool of_rows;
    struct chosen chosen; /* the rows it is about, of_rows */
    enum rules rules;
    struct str overrides; /* those of the request, as overrides_write() has them */
    char base_hash[SHA256_TEXT_SIZE], ruleset_hash[SHA256_TEXT_SIZE];
    bool would_load;
    struct err why;   /* when it would not */
    struct str stage; /* where it ended */
    uint64_t rows, would_pass, would_fail, duplicates, filtered;
    struct rehearsed_cause *causes;
    size_t cause_count;
    struct str twin;         /* arrival key of a loaded file with the same bytes, when that makes it a duplicate */
    const struct str *notes; /* what the header's binding dropped and found */
    size_t note_count;
    bool same_failure; /* it was quarantined for this, and would be again */
    int64_t took_us;
};

/* Lives in arena. false: the file, its rules or the machine do not allow it; what the file itself is at fault for is in
 * the rehearsal. */
bool rehearse(const struct rehearse_request *request, struct rehearsal *rehearsal, struct arena *arena,
    struct err *err) MUST_CHECK;

/* The file as it was delivered, for run->fd. ERR_CORRUPT: its bytes have changed. */
bool rehearse_open(struct file_run *run, struct err *err) MUST_CHECK;

/* Of all but how long it took. */
bool rehearsal_hash(const struct rehearsal *rehearsal, char out[SHA256_TEXT_SIZE], struct err *err) MUST_CHECK;
/* As JSON; its "hash" covers everything but how long it took. */
bool rehearsal_write(const struct rehearsal *rehearsal, struct buf *out, struct err *err) MUST_CHECK;

#endif
