/*
 * bronze or silver of one file made again from the stage before: one transaction, which holds the file's ledger row.
 * For silver, text goes out to the caller, who converts it, and comes back typed; the contract's expressions then run
 * in PostgreSQL over temporary tables. One thread's.
 */
#ifndef WORKER_WAREHOUSE_AGAIN_H
#define WORKER_WAREHOUSE_AGAIN_H

#include "worker/config/contract.h"
#include "worker/pg/pg.h"

/* A run whose rows stand, with the rules it is judged by now. */
struct again_run {
    const char *run_id;
    const struct contract *contract;
    bool has_raw, has_bronze; /* it kept that stage */
    uint64_t raw, bronze;     /* rows of it that must be there */
    const uint64_t *rejected; /* when its file was read: row numbers, ascending */
    size_t rejected_count;
};

struct again_file {
    const char *lake_id;
    int64_t file_id;
    const struct again_run *runs; /* as the ledger has them: what a later one read again is the later one's */
    size_t run_count;
};

struct again_counts {
    uint64_t rows, out, rejected, duplicate, filtered, merged; /* merged: the later run's */
    uint64_t blank, fresh;                                     /* fresh: lost now, and not when the file was read */
    uint64_t bytes;
};

struct again;

/* The contract: whose tables they are. ERR_CHANGED: other runs stand by now. */
struct again *again_open(
    struct pg *pg, const struct contract *contract, const struct again_file *file, size_t memory, struct err *err);
bool again_bronze(struct again *again, struct again_counts *counts, struct err *err) MUST_CHECK;

/* Rows of runs[of], to be judged by the rules of runs[as]. */
bool again_read(struct again *again, size_t of, size_t as, struct err *err) MUST_CHECK;
/* The next of them as a batch without types: a cell a field, in their order; n 0: no more. */
bool again_next(struct again *again, struct batch *batch, struct err *err) MUST_CHECK;
/* Rows of this run come now. */
bool again_types(struct again *again, struct err *err) MUST_CHECK;
/* A batch of again_next(), converted. */
bool again_put(struct again *again, struct batch *batch, struct err *err) MUST_CHECK;
/* After the last: filter, derived columns, rules and partitions of what was put. failed: of each rule, or NULL. */
bool again_judge(struct again *again, uint64_t *failed, struct err *err) MUST_CHECK;
/* After the last run: repeats of keys go, what stood in silver as well, and the rest comes in its place. */
bool again_silver(struct again *again, struct again_counts *counts, struct err *err) MUST_CHECK;

/* What stands of runs[i] now; recovered: of it, rejected when the file was read. */
bool again_stands(struct again *again, size_t i, uint64_t *rows, uint64_t *recovered, struct err *err) MUST_CHECK;

/* An error of a row that is lost now, and was not when the file was read: in the order of rows. */
struct again_error {
    uint64_t row_number;
    size_t run; /* index in runs */
    enum stage stage;
    enum row_code code;
    int32_t field, rule; /* index, or -1 */
    struct str value;    /* .p NULL: none */
    const char *detail;  /* NULL: none */
    struct str cells;    /* of the row, as a JSON object */
};
bool again_next_error(struct again *again, struct again_error *error, bool *found, struct err *err) MUST_CHECK;

/* run_id: of the run that did it. *unsure: again_ask() knows. */
bool again_commit(struct again *again, const char *run_id, bool *unsure, struct err *err) MUST_CHECK;
void again_close(struct again *again);

/* Was it committed? Waits for whoever holds the file's row. */
bool again_ask(struct pg *pg, const char *lake_id, int64_t file_id, const char *run_id, bool *committed,
    struct err *err) MUST_CHECK;

/* The dataset's files that have rows in the warehouse. */
struct again_found {
    int64_t file_id;
    struct str *run_ids;
    size_t run_count;
};
bool again_list(struct pg *pg, const char *lake_id, struct str dataset, struct again_found **files, size_t *count,
    struct arena *arena, struct err *err) MUST_CHECK;

#endif
