#include "worker/pg/pg.h"

#include "shared/clock.h"
#include "worker/pg/internal.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000000, CONNECT_SECONDS = 10, MAX_SQL = 64 * 1024 };

/* ---- connecting ---- */

/* What libpq finds wrong may quote a secret's part that nobody knows to hide. */
static bool check_url(const struct pg_part *part, const char *url, bool is_secret, struct err *err)
{
    char *fault = NULL;
    PQconninfoOption *parsed = libpq.conninfoParse(url, &fault);
    if (!parsed) {
        const char *said = is_secret || !fault ? "" : fault;
        ERR(err, ERR_CONFIG, "the address of %s cannot be read%s%.*s", part->name, *said ? ": " : "",
            (int)strcspn(said, "\n"), said);
        libpq.freemem(fault);
        return err_hint(
            err, "It is a libpq URI or its key=value words: postgresql://user@host/database, service=NAME.");
    }
    for (const PQconninfoOption *o = parsed; is_secret && o->keyword; o++)
        if (o->val && strstr(o->keyword, "password"))
            secret_hide(str_of(o->val));
    libpq.conninfoFree(parsed);
    return true;
}

struct pg *pg_new(const struct pg_options *options, struct err *err)
{
    if (!libpq_load(err))
        return NULL;
    const struct pg_part *part = options->part ? options->part : &pg_warehouse;
    if (!options->address && !check_url(part, options->url, false, err))
        return NULL;
    /* The weakest default there is: a URL, a service or a variable that says something else wins. */
    setenv("PGSSLMODE", "verify-full", 0);
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg) {
        pg->options = *options;
        pg->part = part;
        pg->url = strdup(options->url ? options->url : "");
    }
    if (pg && pg->url)
        return pg;
    free(pg);
    ERR(err, ERR_MEMORY, "no memory for a connection");
    return NULL;
}

void pg_free(struct pg *pg)
{
    if (!pg)
        return;
    libpq.finish(pg->connection);
    free(pg->url);
    free(pg);
}

void pg_alive(struct pg *pg, bool (*alive)(void *context, struct err *err), void *context)
{
    pg->options.alive = alive;
    pg->options.context = context;
}

struct pg_watch pg_watched(const struct pg *pg)
{
    return (struct pg_watch){pg->options.alive, pg->options.context};
}

int64_t pg_statement_limit(const struct pg *pg)
{
    return pg->options.statement_us;
}

static PGconn *start(const char *url)
{
    const char *names[] = {
        "dbname", "client_encoding", "fallback_application_name", "keepalives_idle", "tcp_user_timeout", NULL};
    const char *values[] = {url, "UTF8", "sluiced", "30", "60000", NULL};
    return libpq.connectStartParams(names, values, 1);
}

static bool poll_connect(struct pg *pg, struct err *err)
{
    int64_t deadline = clock_monotonic() + (int64_t)CONNECT_SECONDS * SECOND;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED)
            return pg_connect_error(pg, err);
        if (clock_monotonic() > deadline)
            return err_set(err, ERR_UNAVAILABLE, pg->part->code, __FILE__, __LINE__,
                "%s did not answer within %d seconds", pg->part->name, (int)CONNECT_SECONDS);
        if (!pg_wait(pg, state == PGRES_POLLING_READING ? PG_READ : PG_WRITE, err))
            return false;
        state = libpq.connectPoll(pg->connection);
    }
    return true;
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static bool start_there(struct pg *pg, bool fresh, struct err *err)
{
    struct secret url;
    if (!pg->options.address)
        pg->connection = start(pg->url);
    else {
        secret_init(&url);
        bool ok = pg->options.address(pg->options.address_context, fresh, &url, err) &&
                  check_url(pg->part, buf_str(&url.text).n ? url.text.p : "", true, err);
        if (ok)
            pg->connection = start(url.text.p);
        secret_dispose(&url);
        if (!ok)
            return false;
    }
    return pg->connection || ERR(err, ERR_MEMORY, "no memory for a connection");
}

static bool open_connection(struct pg *pg, bool fresh, struct err *err)
{
    if (!start_there(pg, fresh, err))
        return false;
    if (libpq.status(pg->connection) == CONNECTION_BAD)
        return pg_connect_error(pg, err);
    /* SQLSTATE stands in the messages then, whatever language they are in. */
    libpq.setErrorVerbosity(pg->connection, PQERRORS_VERBOSE);
    libpq.setNoticeReceiver(pg->connection, ignore_notice, NULL);
    if (!poll_connect(pg, err))
        return false;
    if (libpq.serverVersion(pg->connection) < 130000)
        return err_set(err, ERR_CONFIG, pg->part->code, __FILE__, __LINE__, "%s is PostgreSQL %d, and 13 is the least",
            pg->part->name, libpq.serverVersion(pg->connection) / 10000);
    return libpq.setnonblocking(pg->connection, 1) == 0 || pg_broken(pg, err);
}

static void forget(struct pg *pg)
{
    libpq.finish(pg->connection);
    pg->connection = NULL;
}

void pg_disconnect(struct pg *pg)
{
    forget(pg);
}

/* A password that was changed since it was read: once more with what stands there now. */
static bool log_in(struct pg *pg, struct err *err)
{
    pg->state[0] = '\0';
    if (open_connection(pg, false, err))
        return true;
    if (!pg->options.address || strncmp(pg->state, "28", 2) != 0)
        return false;
    forget(pg);
    return open_connection(pg, true, err);
}

bool pg_connect(struct pg *pg, struct err *err)
{
    if (pg->connection && libpq.status(pg->connection) == CONNECTION_OK)
        return true;
    forget(pg);
    if (pg->quiet_until > clock_monotonic()) {
        *err = pg->last;
        return false;
    }
    if (log_in(pg, err)) {
        pg->failures = 0;
        return true;
    }
    forget(pg);
    /* 1, 2, 4, 8 seconds, and no more: it is one small packet. */
    if (err->kind != ERR_INTERRUPTED) {
        pg->quiet_until = clock_monotonic() + ((int64_t)SECOND << (pg->failures < 3 ? pg->failures : 3));
        pg->failures++;
        pg->last = *err;
    }
    return false;
}

/* ---- transactions ---- */

bool pg_begin(struct pg *pg, struct str schema, struct err *err)
{
    struct buf sql;
    if (!pg_connect(pg, err))
        return false;
    buf_init(&sql, MAX_SQL);
    buf_printf(&sql,
        "BEGIN; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; "
        "SET LOCAL standard_conforming_strings = on; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; "
        "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = %lld; "
        "SET LOCAL lock_timeout = %lld; SET LOCAL search_path = ",
        (long long)(pg->options.statement_us / 1000), (long long)(pg->options.lock_us / 1000));
    if (schema.n)
        pg_name(&sql, schema);
    else
        buf_add_cstr(&sql, "pg_catalog");
    bool ok = buf_ok(&sql, "a statement", err) && pg_run(pg, sql.p, err);
    buf_dispose(&sql);
    if (!ok)
        pg_rollback(pg);
    return ok;
}

bool pg_commit(struct pg *pg, bool *unsure, struct err *err)
{
    *unsure = false;
    if (!pg->connection || libpq.transactionStatus(pg->connection) != PQTRANS_INTRANS)
        return err_set(
            err, ERR_UNAVAILABLE, pg->part->code, __FILE__, __LINE__, "the transaction was lost before its end");
    if (pg_run(pg, "COMMIT", err))
        return true;
    *unsure = !pg->state[0];
    if (*unsure)
        forget(pg);
    return false;
}

void pg_rollback(struct pg *pg)
{
    struct err ignored; /* a connection that is gone has rolled back as well */
    if (!pg->connection || libpq.transactionStatus(pg->connection) == PQTRANS_IDLE)
        return;
    pg_alive(pg, NULL, NULL);
    if (libpq.transactionStatus(pg->connection) == PQTRANS_ACTIVE || !pg_run(pg, "ROLLBACK", &ignored))
        forget(pg);
}

const char *pg_state(const struct pg *pg)
{
    return pg->state;
}

/* ---- quoting ---- */

void pg_name(struct buf *out, struct str name)
{
    buf_add_byte(out, '"');
    for (size_t i = 0; i < name.n; i++) {
        buf_add_byte(out, name.p[i]);
        if (name.p[i] == '"')
            buf_add_byte(out, '"');
    }
    buf_add_byte(out, '"');
}

void pg_literal(struct buf *out, struct str text)
{
    buf_add_byte(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        buf_add_byte(out, text.p[i]);
        if (text.p[i] == '\'')
            buf_add_byte(out, '\'');
    }
    buf_add_byte(out, '\'');
}
