/* Making a stage again, from the inside: again.c has the transaction, again_rows.c what goes through the worker,
 * again_sql.c the contract's expressions as statements, again_judge.c what they make of the rows. */
#ifndef WORKER_WAREHOUSE_AGAIN_INTERNAL_H
#define WORKER_WAREHOUSE_AGAIN_INTERNAL_H

#include "worker/warehouse/again.h"
#include "worker/warehouse/load_internal.h"

enum { AGAIN_MAX_SQL = 16 * 1024 * 1024, AGAIN_MOST_PENDING = 1 << 30 };

/* Where errors stand among those of their row. */
enum {
    ORDER_CONVERT = 0,
    ORDER_REFERENCE = 100000,
    ORDER_FILTER = 200000,
    ORDER_DERIVED = 300000,
    ORDER_RULE = 400000,
    ORDER_PARTITION = 500000,
    ORDER_KEY = 600000,
    ORDER_SILVER = 700000,
};

#define AGAIN_TYPED "pg_temp.sluice_typed"
#define AGAIN_JUDGED "pg_temp.sluice_judged"
#define AGAIN_GOOD "pg_temp.sluice_good"
#define AGAIN_ERRORS "pg_temp.sluice_errors"
#define AGAIN_ERROR_COLUMNS "(_row_number, run, known, nth, stage, code, field, rule, value, detail)"

struct again {
    struct pg *pg;
    struct arena *arena;
    const struct contract *contract;
    struct again_file file;
    struct tables tables;
    struct load load; /* for settle() */
    size_t memory;
    bool open, made, errors_open; /* made: the tables of the transaction */
    bool raw_too;                 /* the text as delivered is there */
    uint64_t last_row;            /* the highest number of all rows */
    struct again_counts counts;
    /* the run at hand */
    const struct again_run *run;
    size_t as;
    uint64_t page_rows, at_rejected;
    bool cursor_open;
    struct pg_result *page;
    uint8_t *parse_failed; /* by row of the batch, as the next two */
    uint8_t *known, *garbled;
    int64_t *ingest_ts;
    struct buf typed, errors;
    /* of again_next_error() */
    struct pg_result *error_page;
    int error_at;
};

bool again_run_text(struct again *again, struct buf *sql, struct err *err) MUST_CHECK;
/* The stage that runs[i] has its text in: bronze, or raw where there is no bronze. ERR_CONFIG: neither is kept. */
bool again_source(const struct again *again, size_t i, enum tier *tier, struct err *err) MUST_CHECK;
/* "'{a,b}'" of the runs' ids. */
void again_run_ids(const struct again *again, struct buf *sql);

/* Everything of again_sql.c appends; _t is what the columns are those of. */
void sql_typed_table(struct buf *sql, const struct contract *contract);
/* The SELECT of what the rows of typed are before any expression: with the references' columns. */
void sql_joined(struct buf *sql, const struct contract *contract, const char *where);
/* That SELECT, and all expressions over it. */
void sql_judged(struct buf *sql, const struct contract *contract, const char *where);
/* "_wrong OR …": is the row rejected? */
void sql_is_wrong(struct buf *sql, const struct contract *contract);
/* "AND …": it is not filtered. */
void sql_is_kept(struct buf *sql, const struct contract *contract);
/* A DO statement for the rows of a range, one expression at a time: what fails becomes an error. */
void sql_careful(struct buf *sql, const struct contract *contract, size_t run, int64_t first, int64_t last);
/* The columns of references as tables of the transaction; COPY statement and rows of each. */
bool sql_references(struct again *again, struct err *err) MUST_CHECK;

#endif
