/* What the journal knows of a run that somebody wants to put right. */
#ifndef WORKER_REDRIVE_PAST_H
#define WORKER_REDRIVE_PAST_H

#include "worker/journal/journal.h"

struct past_cause {
    int64_t cause_id;
    struct str stage, code, column, rule, shape;
    bool whole_file;
    uint64_t rows;
};

struct past {
    char run_id[ULID_SIZE];
    struct journal_file file;
    char holder[ULID_SIZE];                                      /* the run that has the file now */
    struct str outcome, error_code, error_message, ruleset_hash; /* empty: none */
    uint64_t rows_in, rows_out, rows_rejected, rows_duplicate, rows_filtered;
    struct past_cause *causes;
    size_t cause_count, cause_capacity;
};

/* ERR_NOT_FOUND; ERR_USAGE when the run is about no file. Lives in arena. */
bool past_read(
    struct journal *journal, const char *run_id, struct past *past, struct arena *arena, struct err *err) MUST_CHECK;
/* The arrival key of a loaded file of the dataset with the same bytes; empty: none. */
bool past_twin(struct journal *journal, const struct past *past, struct str *twin, struct arena *arena,
    struct err *err) MUST_CHECK;

#endif
