/* Statements and COPY over a socket that never blocks, so that a lease is kept and a stop is heard meanwhile. */
#include "worker/pg/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

enum { TICK_MS = 1000, PIECE = 32 * 1024 /* what libpq and the server keep copies of: within their caches */ };

bool pg_wait(struct pg *pg, enum pg_wait what, struct err *err)
{
    for (;;) {
        struct pollfd ready = {.fd = libpq.socket(pg->connection),
            .events = (short)((what & PG_READ ? POLLIN : 0) | (what & PG_WRITE ? POLLOUT : 0))};
        int n = ready.fd < 0 ? -1 : poll(&ready, 1, TICK_MS);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return pg_broken(pg, err);
        if (pg->options.alive && !pg->options.alive(pg->options.context, err))
            return false;
    }
}

/* All that is to be sent is on its way. A server that talks meanwhile is heard, or both sides would wait. */
static bool flush(struct pg *pg, struct err *err)
{
    int left;
    while ((left = libpq.flush(pg->connection)) == 1) {
        if (!pg_wait(pg, PG_READ | PG_WRITE, err))
            return false;
        if (!libpq.consumeInput(pg->connection))
            return pg_broken(pg, err);
    }
    return left == 0 || pg_broken(pg, err);
}

/* NULL with *end: there are no more. */
static PGresult *next(struct pg *pg, bool *end, struct err *err)
{
    *end = false;
    if (!flush(pg, err))
        return NULL;
    while (libpq.isBusy(pg->connection)) {
        if (!pg_wait(pg, PG_READ, err))
            return NULL;
        if (!libpq.consumeInput(pg->connection)) {
            pg_broken(pg, err);
            return NULL;
        }
    }
    PGresult *result = libpq.getResult(pg->connection);
    *end = !result;
    return result;
}

static bool is_good(const PGresult *result)
{
    switch (libpq.resultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        return true;
    default:
        return false;
    }
}

/* Every result of what was sent; the first refusal is the error. */
static bool take_all(struct pg *pg, void (*take)(void *context, PGresult *result), void *context, struct err *err)
{
    bool ok = true, end;
    PGresult *result;
    while ((result = next(pg, &end, err))) {
        if (ok && !is_good(result))
            ok = pg_refused(pg, result, err);
        take(context, result);
    }
    if (end && ok && libpq.status(pg->connection) == CONNECTION_OK)
        return true;
    return end && ok ? pg_broken(pg, err) : false;
}

static void keep_last(void *context, PGresult *result)
{
    PGresult **last = context;
    libpq.clear(*last);
    *last = result;
}

/* The last result alone. */
static bool finish(struct pg *pg, PGresult **last, struct err *err)
{
    *last = NULL;
    if (take_all(pg, keep_last, last, err))
        return true;
    libpq.clear(*last);
    *last = NULL;
    return false;
}

static bool sent(struct pg *pg, int done, struct err *err)
{
    pg->state[0] = '\0';
    return done ? true : pg_broken(pg, err);
}

bool pg_run(struct pg *pg, const char *sql, struct err *err)
{
    PGresult *last;
    if (!pg->connection)
        return pg_broken(pg, err);
    bool ok = sent(pg, libpq.sendQuery(pg->connection, sql), err) && finish(pg, &last, err);
    if (ok)
        libpq.clear(last);
    return ok;
}

struct pg_result *pg_query(struct pg *pg, const char *sql, const char *const *values, int count, struct err *err)
{
    PGresult *last;
    if (!pg->connection)
        return pg_broken(pg, err), NULL;
    bool ok = sent(pg, libpq.sendQueryParams(pg->connection, sql, count, NULL, values, NULL, NULL, 0), err) &&
              finish(pg, &last, err);
    return ok ? (struct pg_result *)last : NULL;
}

struct rows {
    struct pg_result **results;
    int most, count;
};

static void keep_rows(void *context, PGresult *result)
{
    struct rows *rows = context;
    if (libpq.resultStatus(result) == PGRES_TUPLES_OK && rows->count < rows->most)
        rows->results[rows->count++] = (struct pg_result *)result;
    else
        libpq.clear(result);
}

bool pg_script(struct pg *pg, const char *sql, struct pg_result **results, int most, int *count, struct err *err)
{
    struct rows rows = {results, most, 0};
    *count = 0;
    if (!pg->connection)
        return pg_broken(pg, err);
    bool ok = sent(pg, libpq.sendQuery(pg->connection, sql), err) && take_all(pg, keep_rows, &rows, err);
    for (int i = 0; !ok && i < rows.count; i++)
        libpq.clear((PGresult *)results[i]);
    *count = ok ? rows.count : 0;
    return ok;
}

void pg_result_free(struct pg_result *result)
{
    libpq.clear((PGresult *)result);
}

int pg_rows(const struct pg_result *result)
{
    return libpq.ntuples((const PGresult *)result);
}

struct str pg_value(const struct pg_result *result, int row, int column)
{
    const PGresult *from = (const PGresult *)result;
    if (libpq.getisnull(from, row, column))
        return (struct str){0};
    return (struct str){libpq.getvalue(from, row, column), (size_t)libpq.getlength(from, row, column)};
}

uint64_t pg_number(const struct pg_result *result, int row, int column)
{
    return strtoull(libpq.getvalue((const PGresult *)result, row, column), NULL, 10);
}

uint64_t pg_touched(const struct pg_result *result)
{
    return strtoull(libpq.cmdTuples((PGresult *)result), NULL, 10);
}

/* ---- COPY ---- */

static bool begin_copy(struct pg *pg, const char *sql, ExecStatusType wanted, struct err *err)
{
    bool end;
    if (!pg->connection || !sent(pg, libpq.sendQuery(pg->connection, sql), err))
        return pg->connection ? false : pg_broken(pg, err);
    PGresult *result = next(pg, &end, err);
    if (!result)
        return end ? pg_broken(pg, err) : false;
    bool ok = libpq.resultStatus(result) == wanted;
    if (!ok)
        pg_refused(pg, result, err);
    libpq.clear(result);
    if (!ok) {
        struct err ignored; /* the refusal is the error */
        if (finish(pg, &result, &ignored))
            libpq.clear(result);
    }
    return ok;
}

bool pg_copy_begin(struct pg *pg, const char *sql, struct err *err)
{
    return begin_copy(pg, sql, PGRES_COPY_IN, err);
}

bool pg_copy_put(struct pg *pg, struct str data, struct err *err)
{
    while (data.n) {
        size_t n = data.n < PIECE ? data.n : PIECE;
        int done = libpq.putCopyData(pg->connection, data.p, (int)n);
        if (done < 0)
            return pg_broken(pg, err);
        if (!flush(pg, err))
            return false;
        data = done ? (struct str){data.p + n, data.n - n} : data;
    }
    return true;
}

bool pg_copy_end(struct pg *pg, struct err *err)
{
    int done;
    PGresult *last;
    while ((done = libpq.putCopyEnd(pg->connection, NULL)) == 0)
        if (!flush(pg, err))
            return false;
    if (done != 1)
        return pg_broken(pg, err);
    bool ok = finish(pg, &last, err);
    if (ok)
        libpq.clear(last);
    return ok;
}

bool pg_copy_out(struct pg *pg, const char *sql, bool (*take)(void *context, struct str data, struct err *err),
    void *context, struct err *err)
{
    char *data;
    int n;
    PGresult *last;
    if (!begin_copy(pg, sql, PGRES_COPY_OUT, err))
        return false;
    while ((n = libpq.getCopyData(pg->connection, &data, 1)) >= 0) {
        bool ok = n ? take(context, (struct str){data, (size_t)n}, err)
                    : pg_wait(pg, PG_READ, err) && (libpq.consumeInput(pg->connection) || pg_broken(pg, err));
        if (n)
            libpq.freemem(data);
        if (!ok)
            return false;
    }
    bool ok = n == -1 ? finish(pg, &last, err) : pg_broken(pg, err);
    if (ok)
        libpq.clear(last);
    return ok;
}
