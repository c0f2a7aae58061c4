/*
 * One run's rows into raw, bronze and silver: one transaction. Its first statement takes the file's ledger row; the
 * rows of the file's earlier runs go, the new ones come by binary COPY, batch by batch in order, which a thread of its
 * own sends, and load_commit() is the run's point of no return. One thread's.
 */
#ifndef WORKER_WAREHOUSE_LOAD_H
#define WORKER_WAREHOUSE_LOAD_H

#include "worker/warehouse/ledger.h"
#include "worker/warehouse/tables.h"

struct load;

struct load_counts {
    uint64_t records, good; /* records: blank ones too; good: before the database had its say */
    uint64_t rejected, duplicate, filtered;
    uint64_t refused; /* by the database alone */
    uint64_t bytes[TIER_COUNT];
    int64_t started_at, finished_at;
};

struct load_options {
    const struct contract *contract; /* NULL: nothing comes, what there is goes */
    uint64_t bytes;                  /* of the file: empty tables are locked and loaded the fast way for a large one */
    int64_t ingest_ts;
    size_t memory; /* bytes it may hold */
};

/* Lives until load_close(). */
struct load *load_open(
    struct pg *pg, const struct load_options *options, const struct ledger_key *key, struct err *err);
/* What load_rows() needs beside the batches. column_of_field: as in a binding. */
void load_begin(struct load *load, const int32_t *column_of_field);
/* Every row has its final mark, errors are sorted. */
bool load_rows(struct load *load, const struct batch *batch, struct err *err) MUST_CHECK;
/* No more rows come: what is left of them goes its way while others work. */
bool load_end(struct load *load, struct err *err) MUST_CHECK;
/* All rows are there; those that a constraint of silver forbids are not in it. */
bool load_finish(struct load *load, struct load_counts *counts, struct err *err) MUST_CHECK;

/* A row that the database alone refused: in the order of rows; several of one row follow each other. */
struct load_refusal {
    uint64_t row_number, line, offset, length; /* as in struct row */
    enum row_code code;
    int32_t field;      /* index, or -1 */
    struct str value;   /* .p NULL: none */
    const char *detail; /* "violates …" */
};
/* After load_finish(), again and again; lives until the next call. */
bool load_next_refusal(struct load *load, struct load_refusal *refusal, bool *found, struct err *err) MUST_CHECK;

/* *unsure: nobody knows whether it was committed until ledger_ask() has asked. */
bool load_commit(struct load *load, bool *unsure, struct err *err) MUST_CHECK;
/* What was not committed is rolled back. */
void load_close(struct load *load);

#endif
