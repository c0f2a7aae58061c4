/*
 * Gold: one object a partition, made from all its committed processed files, and from nothing else. Of the rows of one
 * key the latest wins: the greatest of (gold.latest, ingest_ts, file_id, _row_number, _run_id), where a NULL in
 * gold.latest is the least and NULLs within a key are equal. Modes: merge; append (every row stays); snapshot (only the
 * rows of the partition's newest delivery). Winners for which delete_when is true are dropped.
 * Every row carries row_hash (row_hash.h). Rows stand in the order of their files and rows.
 */
#ifndef WORKER_GOLD_GOLD_H
#define WORKER_GOLD_GOLD_H

#include "worker/run/worker.h"

struct gold_options {
    struct str partition; /* only this one; empty: all of the dataset */
    struct str date;      /* only partitions with a column of this value; empty: all */
    bool force;           /* also what has not changed since its last compaction */
    bool allow_shrink;    /* a snapshot of less than half the rows of the gold before is taken */
    /* Not NULL: nothing is compacted, each row that lost is told with the one it lost to. */
    void (*explain)(void *context, struct str line);
    void *context;
};

struct gold_tally {
    uint64_t partitions, compacted, unchanged, busy, failed;
    uint64_t rows_in, rows_out, duplicates, deleted, superseded;
    uint64_t exports, exported_rows;
};

/* The partitions, then the contract's export. A fault of one partition (or of the export) is logged and counted; its
 * gold stays, the others are done. false: nothing more can be done. *first: the first partition's fault (kind ERR_NONE:
 * none). */
bool gold_dataset(struct worker *worker, const struct contract *contract, const struct gold_options *options,
    struct gold_tally *tally, struct err *first, struct err *err) MUST_CHECK;

#endif
