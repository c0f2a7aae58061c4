/*
 * A connection to PostgreSQL over libpq, by its own conventions: URI or key=value text, PGSERVICE, PGPASSFILE and the
 * other PG* variables. What is not a local socket must prove who it is (sslmode verify-full) unless somebody says
 * otherwise. Every transaction states its own settings, so that a pooler in between (pgbouncer) may hand out another
 * server for each. One thread's. Errors carry the code of its part (PG_ERROR): ERR_UNAVAILABLE what may pass,
 * ERR_CONFIG what needs somebody (rights, names, certificates), ERR_FILE never.
 */
#ifndef WORKER_PG_PG_H
#define WORKER_PG_PG_H

#include "shared/secret.h"

#define PG_ERROR "warehouse"

struct pg;
struct pg_result;

/* What the database is to us: in messages, and the code of every error that is its. */
struct pg_part {
    const char *code, *name; /* PG_ERROR, "the warehouse" */
    /* What to do of a wrong address, missing rights, missing tables, a slow answer; NULL: what a warehouse's are told.
     */
    const char *setting, *rights, *tables, *busy;
};

struct pg_options {
    const struct pg_part *part; /* NULL: the warehouse */
    const char *url;            /* a libpq URI or "key=value …"; "" takes all from the environment */
    /* Writes the URL in place of url, for each connection anew; fresh: a login with the last one failed. */
    bool (*address)(void *context, bool fresh, struct secret *url, struct err *err);
    void *address_context;
    int64_t statement_us; /* how long one statement may take */
    int64_t lock_us;      /* how long one may wait for a lock */
    /* Asked about every second while the server works; false gives the statement up. NULL: nobody asks. */
    bool (*alive)(void *context, struct err *err);
    void *context;
};

/* Connects when first used. NULL: the URL cannot be read. */
struct pg *pg_new(const struct pg_options *options, struct err *err);
void pg_free(struct pg *pg);
void pg_alive(struct pg *pg, bool (*alive)(void *context, struct err *err), void *context);
/* Whom pg_alive() named last: for who takes the connection over for a while. */
struct pg_watch {
    bool (*alive)(void *context, struct err *err);
    void *context;
};
struct pg_watch pg_watched(const struct pg *pg);
/* How long a statement may take, in microseconds; 0: as long as it likes. */
int64_t pg_statement_limit(const struct pg *pg);

/* Connects if need be. After a failure the same error is given at once for some seconds, nothing is tried. */
bool pg_connect(struct pg *pg, struct err *err) MUST_CHECK;
/* Ends the connection, if there is one. */
void pg_disconnect(struct pg *pg);
/* A transaction with the settings every one has: UTC, ISO dates, schema (empty: none) first in search_path. */
bool pg_begin(struct pg *pg, struct str schema, struct err *err) MUST_CHECK;
/* *unsure: the connection broke before the answer, so it may or may not have happened. */
bool pg_commit(struct pg *pg, bool *unsure, struct err *err) MUST_CHECK;
void pg_rollback(struct pg *pg);
/* SQLSTATE of the last refusal, "" when there was none. */
const char *pg_state(const struct pg *pg);

/* Statements; rows are thrown away. */
bool pg_run(struct pg *pg, const char *sql, struct err *err) MUST_CHECK;
/* One statement; the result is the caller's to free. NULL parameters are NULL. */
struct pg_result *pg_query(struct pg *pg, const char *sql, const char *const *values, int count, struct err *err);
/* Several statements in one trip, and the results of those that give rows, at most most of them. */
bool pg_script(
    struct pg *pg, const char *sql, struct pg_result **results, int most, int *count, struct err *err) MUST_CHECK;
void pg_result_free(struct pg_result *result);
int pg_rows(const struct pg_result *result);
/* Of a text result; .p NULL: NULL. */
struct str pg_value(const struct pg_result *result, int row, int column);
uint64_t pg_number(const struct pg_result *result, int row, int column);
/* Rows the statement touched. */
uint64_t pg_touched(const struct pg_result *result);

/* COPY … FROM STDIN. */
bool pg_copy_begin(struct pg *pg, const char *sql, struct err *err) MUST_CHECK;
bool pg_copy_put(struct pg *pg, struct str data, struct err *err) MUST_CHECK;
bool pg_copy_end(struct pg *pg, struct err *err) MUST_CHECK;
/* COPY … TO STDOUT, piece by piece. */
bool pg_copy_out(struct pg *pg, const char *sql, bool (*take)(void *context, struct str data, struct err *err),
    void *context, struct err *err) MUST_CHECK;

/* "name" and 'text', quoted. */
void pg_name(struct buf *out, struct str name);
void pg_literal(struct buf *out, struct str text);

#endif
