/* A load from the inside: load.c has the transaction, fresh.c what is done to empty tables, tuple.c the rows, settle.c
 * what constraints make of them. */
#ifndef WORKER_WAREHOUSE_LOAD_INTERNAL_H
#define WORKER_WAREHOUSE_LOAD_INTERNAL_H

#include "worker/warehouse/copier.h"
#include "worker/warehouse/load.h"

struct load {
    struct pg *pg;
    struct arena *arena;
    const struct contract *contract;
    struct ledger_key key;
    struct tables tables;
    const int32_t *column_of_field;
    int64_t ingest_ts;
    size_t flush_bytes;
    struct buf pending[TIER_COUNT]; /* tuples that the copier does not have yet */
    struct buf scratch;             /* one cell */
    const char *copy[TIER_COUNT];   /* the COPY statements */
    struct copier *copier;          /* NULL: no rows yet, or all of them are there */
    bool fresh[TIER_COUNT];         /* was empty, and is nobody else's until the end */
    struct load_counts counts;
    bool open, staged; /* staged: silver has constraints of its own and gets its rows by way of STAGE_TABLE */
    /* of load_next_refusal() */
    struct pg_result *page;
    int at;
    bool cursor_open;
};

#define STAGE_TABLE "pg_temp.sluice_rows"

/* Of the tables that the load has, those that are empty and can be had alone. */
bool fresh_take(struct load *load, struct err *err) MUST_CHECK;
/* Once their rows are there. */
bool fresh_leave(struct load *load, struct err *err) MUST_CHECK;
/* Rows come without it, as it is the same in all of them and the column's default for as long. */
static inline bool load_is_default(const struct load *load, enum tier tier, const struct tier_column *column)
{
    return load->fresh[tier] && (column->source == SOURCE_RUN_ID || column->source == SOURCE_INGEST_TS);
}

/* Appends the batch's rows to pending. */
bool tuples_add(struct load *load, const struct batch *batch, struct err *err) MUST_CHECK;

/* Is there anything in silver that may refuse a row? */
bool settle_wanted(struct load *load, bool *wanted, struct err *err) MUST_CHECK;
bool settle_stage(struct load *load, struct err *err) MUST_CHECK;
/* From the stage to silver; counts.refused. */
bool settle(struct load *load, struct err *err) MUST_CHECK;

#endif
