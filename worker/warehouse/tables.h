/*
 * The tables of a dataset in the warehouse: raw (text as delivered), bronze (trimmed, missing values NULL), silver
 * (typed, with derived columns). Each row carries _run_id, _row_number and ingest_ts.
 */
#ifndef WORKER_WAREHOUSE_TABLES_H
#define WORKER_WAREHOUSE_TABLES_H

#include "worker/config/contract.h"
#include "worker/pg/pg.h"

enum tier { TIER_RAW, TIER_BRONZE, TIER_SILVER, TIER_COUNT }; /* as in warehouse.tables */

/* Where the value of a column comes from, beside an index. */
enum column_source {
    SOURCE_FIELD,  /* the cell (raw, bronze) or vector (silver) of a field */
    SOURCE_VECTOR, /* batch.columns: derived, _rescued */
    SOURCE_PARSE_ERROR,
    SOURCE_RUN_ID,
    SOURCE_ROW_NUMBER,
    SOURCE_INGEST_TS,
};

struct tier_column {
    struct str name;
    struct type type;
    enum column_source source;
    uint32_t index; /* SOURCE_FIELD: the field; SOURCE_VECTOR: in batch.columns */
};

struct tier_table {
    struct str name; /* as SQL: "schema"."table" */
    struct tier_column *columns;
    uint32_t count;  /* 0: the contract does not want this one */
    struct str list; /* the columns' names, quoted, with commas */
};

struct tables {
    const struct contract *contract;
    struct tier_table tiers[TIER_COUNT];
};

static inline bool tables_have(const struct tables *tables, enum tier tier)
{
    return tables->tiers[tier].count != 0;
}

/* What the contract wants; lives in arena. */
bool tables_init(
    struct tables *tables, const struct contract *contract, struct arena *arena, struct err *err) MUST_CHECK;
/* Makes what is missing, in a transaction of its own; ERR_CONFIG where somebody changed what was made before. */
bool tables_ensure(struct pg *pg, const struct tables *tables, struct err *err) MUST_CHECK;
/* They stay as they were found until the end of the transaction: whoever alters one waits. */
bool tables_lock(struct pg *pg, const struct tables *tables, struct err *err) MUST_CHECK;
/* Appends the SQL type: "numeric(18,2)". */
void tables_type(struct buf *out, struct type type);

#endif
