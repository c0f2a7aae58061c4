/* Silver made again: what stands of a run in the warehouse since, and what a stage has to know of the runs it is made
 * of. */
#ifndef WORKER_JOURNAL_SILVER_H
#define WORKER_JOURNAL_SILVER_H

#include "worker/journal/journal.h"

struct silver_run {
    struct str run_id;
    uint64_t rows;
    uint64_t recovered; /* of them, rejected when the file was read */
};
/* In the caller's transaction, repeatable. What an earlier load told of these runs is past. */
bool journal_silver_again(struct journal *journal, const char *load_run_id, const struct silver_run *runs, size_t count,
    struct err *err) MUST_CHECK;
/* Does silver hold rows of the run that were rejected when its file was read? */
bool journal_silver_recovered(struct journal *journal, const char *run_id, bool *recovered, struct err *err) MUST_CHECK;

struct loaded_run {
    struct str ruleset_hash; /* it was read under */
    struct str arrival_key;
    bool has_raw, has_bronze; /* it kept that stage */
    uint64_t raw, bronze;     /* rows */
};
/* *found false: it does not stand, or its end is still to come. */
bool journal_loaded_run(struct journal *journal, struct str run_id, struct loaded_run *run, bool *found,
    struct arena *arena, struct err *err) MUST_CHECK;
/* The one run that a part of its id names, and its dataset. ERR_USAGE: none, or several. */
bool journal_run_find(struct journal *journal, struct str part, struct str *run_id, struct str *dataset,
    struct arena *arena, struct err *err) MUST_CHECK;
/* The numbers of its rejected rows, whatever became of them, ascending. */
bool journal_rejected(struct journal *journal, struct str run_id, uint64_t **numbers, size_t *count,
    struct arena *arena, struct err *err) MUST_CHECK;

#endif
