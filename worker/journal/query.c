#include "worker/journal/internal.h"

#include "shared/fault.h"
#include "worker/journal/replica.h"

#include <stdlib.h>

static enum err_kind kind_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
        return ERR_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_INTERRUPT:
        return ERR_INTERRUPTED;
    default:
        return ERR_BUG;
    }
}

static const char *hint_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_FULL:
        return "free space on its disk; work resumes by itself";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return "its folder and file must be there and writable by this account";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another process holds it; see who has the file open";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "put a backup in its place, or recreate it from the lake with `sluiced journal rebuild`";
    default:
        return "";
    }
}

bool db_error(sqlite3 *db, const char *path, const char *what, struct err *err)
{
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const char *text = db ? sqlite3_errmsg(db) : "out of memory";
    ERR(err, kind_of(code), "%s %s: %s", what, path, text);
    err_hint(err, "%s", hint_of(code));
    return false;
}

static bool journal_error(struct journal *journal, struct err *err)
{
    return db_error(journal->db, journal->path, "journal", err);
}

bool db_run(struct journal *journal, const char *sql, struct err *err)
{
    return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK || journal_error(journal, err);
}

static sqlite3_stmt *cached(struct journal *journal, const char *sql)
{
    for (size_t i = 0; i < journal->count; i++)
        if (journal->statements[i].sql == sql)
            return journal->statements[i].stmt;
    return NULL;
}

static sqlite3_stmt *prepare(struct journal *journal, const char *sql, struct err *err)
{
    if (journal->count == journal->capacity) {
        size_t larger = journal->capacity ? journal->capacity * 2 : 32;
        struct statement *statements = realloc(journal->statements, larger * sizeof *statements);
        if (!statements) {
            ERR(err, ERR_MEMORY, "no memory for a statement of the journal");
            return NULL;
        }
        journal->statements = statements;
        journal->capacity = larger;
    }
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(journal->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
        journal_error(journal, err);
        return NULL;
    }
    journal->statements[journal->count++] = (struct statement){sql, stmt};
    return stmt;
}

void query_open(struct query *query, struct journal *journal, const char *sql, struct err *err)
{
    sqlite3_stmt *stmt = cached(journal, sql);
    if (!stmt)
        stmt = prepare(journal, sql, err);
    *query = (struct query){journal, stmt, err, 1, stmt != NULL};
}

static void bound(struct query *query, int code)
{
    if (code != SQLITE_OK)
        query->ok = journal_error(query->journal, query->err);
}

void query_str(struct query *query, struct str value)
{
    if (query->ok)
        bound(query, sqlite3_bind_text64(
                         query->stmt, query->next++, value.n ? value.p : "", value.n, SQLITE_STATIC, SQLITE_UTF8));
}

void query_str_or_null(struct query *query, struct str value)
{
    if (value.n)
        query_str(query, value);
    else if (query->ok)
        bound(query, sqlite3_bind_null(query->stmt, query->next++));
}

void query_cstr(struct query *query, const char *value)
{
    query_str_or_null(query, str_of(value));
}

void query_int(struct query *query, int64_t value)
{
    if (query->ok)
        bound(query, sqlite3_bind_int64(query->stmt, query->next++, value));
}

void query_count(struct query *query, uint64_t value)
{
    if (value > INT64_MAX && query->ok)
        query->ok = ERR(query->err, ERR_BUG, "a count of %llu is too large for the journal", (unsigned long long)value);
    query_int(query, (int64_t)value);
}

void query_blob(struct query *query, const void *p, size_t n)
{
    if (query->ok)
        bound(query, sqlite3_bind_blob64(query->stmt, query->next++, p, n, SQLITE_STATIC));
}

enum step query_step(struct query *query)
{
    if (!query->ok)
        return STEP_FAILED;
    switch (sqlite3_step(query->stmt)) {
    case SQLITE_ROW:
        return STEP_ROW;
    case SQLITE_DONE:
        return STEP_DONE;
    default:
        query->ok = journal_error(query->journal, query->err);
        return STEP_FAILED;
    }
}

void query_close(struct query *query)
{
    if (!query->stmt)
        return;
    sqlite3_reset(query->stmt);
    sqlite3_clear_bindings(query->stmt);
}

bool query_run(struct query *query)
{
    while (query_step(query) == STEP_ROW)
        ;
    query_close(query);
    return query->ok;
}

bool query_run_changed(struct query *query, int *changed)
{
    bool ok = query_run(query);
    *changed = ok ? sqlite3_changes(query->journal->db) : 0;
    return ok;
}

bool query_run_int(struct query *query, int64_t *value, bool *found)
{
    *found = query_step(query) == STEP_ROW;
    if (*found)
        *value = query_column_int(query, 0);
    return query_run(query);
}

int64_t query_column_int(struct query *query, int column)
{
    return sqlite3_column_int64(query->stmt, column);
}

struct str query_column(struct query *query, int column)
{
    const char *p = (const char *)sqlite3_column_text(query->stmt, column);
    return (struct str){p, p ? (size_t)sqlite3_column_bytes(query->stmt, column) : 0};
}

void query_column_into(struct query *query, int column, char *out, size_t size)
{
    struct str text = query_column(query, column);
    size_t n = text.n < size ? text.n : size - 1;
    memcpy(out, text.p, n);
    out[n] = '\0';
}

struct str query_column_copy(struct query *query, int column, struct arena *arena)
{
    struct str copy = arena_str(arena, query_column(query, column));
    if (!copy.p && query->ok)
        query->ok = ERR(query->err, ERR_MEMORY, "no memory for a row of the journal");
    return copy;
}

static void rollback(struct journal *journal)
{
    if (journal->log)
        journal->log->rollback(journal->log_handle);
    else
        sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Who opened it before it became a replica would write past the log. */
static bool still_alone(struct journal *journal, struct err *err)
{
    struct query query;
    int64_t one;
    bool found;
    if (!journal->alone)
        return true;
    query_open(&query, journal, "SELECT 1 FROM replica", err);
    bool ok = query_run_int(&query, &one, &found);
    if (ok && !found)
        return true;
    sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
    return ok ? ERR(err, ERR_CONFIG, "the journal %s is a fleet's by now", journal->path) : false;
}

static bool begin(struct journal *journal, struct err *err)
{
    if (journal->log)
        return journal->log->begin(journal->log_handle, err);
    return db_run(journal, "BEGIN IMMEDIATE", err) && still_alone(journal, err);
}

static bool commit(struct journal *journal, struct err *err)
{
    if (!fault_pass("journal-commit", NULL, err)) {
        rollback(journal);
        return false;
    }
    if (journal->log ? !journal->log->commit(journal->log_handle, err) : !db_run(journal, "COMMIT", err)) {
        if (!journal->log)
            rollback(journal);
        return false;
    }
    fault_here("journal-committed");
    return true;
}

bool unit_begin(struct journal *journal, struct err *err)
{
    if (!journal->grouped)
        return begin(journal, err);
    if (journal->lost)
        return ERR(err, ERR_UNAVAILABLE, "the journal took back the transaction this write belongs to");
    return db_run(journal, "SAVEPOINT unit", err);
}

bool unit_end(struct journal *journal, bool ok, struct err *err)
{
    if (!journal->grouped) {
        if (ok)
            return commit(journal, err);
        rollback(journal);
        return false;
    }
    if (ok)
        ok = db_run(journal, "RELEASE unit", err);
    else
        sqlite3_exec(journal->db, "ROLLBACK TO unit; RELEASE unit", NULL, NULL, NULL);
    journal->lost = sqlite3_get_autocommit(journal->db) != 0;
    return ok;
}

bool journal_begin(struct journal *journal, struct err *err)
{
    if (journal->grouped)
        return ERR(err, ERR_BUG, "journal_begin() inside journal_begin()");
    if (!begin(journal, err))
        return false;
    journal->grouped = true;
    journal->lost = false;
    return true;
}

bool journal_commit(struct journal *journal, struct err *err)
{
    if (!journal->grouped)
        return ERR(err, ERR_BUG, "journal_commit() without journal_begin()");
    bool lost = journal->lost;
    journal->grouped = false;
    if (lost)
        rollback(journal);
    if (lost)
        return ERR(err, ERR_UNAVAILABLE, "the journal took back the transaction that was to be committed");
    return commit(journal, err);
}

bool journal_grouped(const struct journal *journal)
{
    return journal->grouped;
}

void journal_rollback(struct journal *journal)
{
    if (journal->grouped)
        rollback(journal);
    journal->grouped = false;
}
