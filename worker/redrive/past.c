#include "worker/redrive/past.h"

#include <sqlite3.h>
#include <stdio.h>

static bool unreadable(struct journal *journal, struct err *err)
{
    return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(journal_handle(journal)));
}

static bool prepare(struct journal *journal, const char *sql, sqlite3_stmt **statement, struct err *err)
{
    return sqlite3_prepare_v2(journal_handle(journal), sql, -1, statement, NULL) == SQLITE_OK ||
           unreadable(journal, err);
}

static struct str text(sqlite3_stmt *statement, int column, struct arena *arena)
{
    const char *p = (const char *)sqlite3_column_text(statement, column);
    return arena_str(arena, (struct str){p ? p : "", (size_t)sqlite3_column_bytes(statement, column)});
}

static bool read_run(struct journal *journal, struct past *past, int64_t *file_id, struct arena *arena, struct err *err)
{
    sqlite3_stmt *statement;
    if (!prepare(journal,
            "SELECT file_id, outcome, error_code, error_message, ruleset_hash, rows_in, rows_out, rows_rejected, "
            "rows_duplicate, rows_filtered, (SELECT f.job_run_id FROM file f WHERE f.file_id = run_view.file_id) "
            "FROM run_view WHERE run_id = ?1",
            &statement, err))
        return false;
    sqlite3_bind_text(statement, 1, past->run_id, -1, SQLITE_TRANSIENT);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        *file_id = sqlite3_column_int64(statement, 0);
        past->outcome = text(statement, 1, arena);
        past->error_code = text(statement, 2, arena);
        past->error_message = text(statement, 3, arena);
        past->ruleset_hash = text(statement, 4, arena);
        past->rows_in = (uint64_t)sqlite3_column_int64(statement, 5);
        past->rows_out = (uint64_t)sqlite3_column_int64(statement, 6);
        past->rows_rejected = (uint64_t)sqlite3_column_int64(statement, 7);
        past->rows_duplicate = (uint64_t)sqlite3_column_int64(statement, 8);
        past->rows_filtered = (uint64_t)sqlite3_column_int64(statement, 9);
        const unsigned char *holder = sqlite3_column_text(statement, 10);
        snprintf(past->holder, sizeof past->holder, "%s", holder ? (const char *)holder : "");
    }
    sqlite3_finalize(statement);
    if (step == SQLITE_DONE)
        return ERR(err, ERR_NOT_FOUND, "run %s is not in the journal", past->run_id);
    if (step != SQLITE_ROW)
        return unreadable(journal, err);
    return (past->outcome.p && past->error_code.p && past->error_message.p && past->ruleset_hash.p) ||
           ERR(err, ERR_MEMORY, "no memory for a run");
}

static bool read_causes(struct journal *journal, struct past *past, struct arena *arena, struct err *err)
{
    sqlite3_stmt *statement;
    int step;
    bool ok = true;
    if (!prepare(journal,
            "SELECT cause_id, stage, code, column_name, rule_id, shape, whole_file, rows FROM run_cause "
            "JOIN cause USING (cause_id) WHERE run_id = ?1 ORDER BY rows DESC, cause_id",
            &statement, err))
        return false;
    sqlite3_bind_text(statement, 1, past->run_id, -1, SQLITE_TRANSIENT);
    while (ok && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct past_cause cause = {.cause_id = sqlite3_column_int64(statement, 0),
            .stage = text(statement, 1, arena),
            .code = text(statement, 2, arena),
            .column = text(statement, 3, arena),
            .rule = text(statement, 4, arena),
            .shape = text(statement, 5, arena),
            .whole_file = sqlite3_column_int(statement, 6) != 0,
            .rows = (uint64_t)sqlite3_column_int64(statement, 7)};
        void *list = past->causes;
        ok = cause.shape.p && arena_reserve(arena, &list, past->cause_count, &past->cause_capacity, sizeof cause);
        past->causes = list;
        if (ok)
            past->causes[past->cause_count++] = cause;
        else
            ERR(err, ERR_MEMORY, "no memory for the causes of a run");
    }
    if (ok && step != SQLITE_DONE)
        ok = unreadable(journal, err);
    sqlite3_finalize(statement);
    return ok;
}

bool past_read(struct journal *journal, const char *run_id, struct past *past, struct arena *arena, struct err *err)
{
    int64_t file_id = 0;
    bool found = false;
    *past = (struct past){0};
    memcpy(past->run_id, run_id, sizeof past->run_id);
    if (!read_run(journal, past, &file_id, arena, err))
        return false;
    if (!file_id)
        return ERR(err, ERR_USAGE, "run %s is about no single file", run_id);
    if (!journal_file_read(journal, file_id, &past->file, &found, arena, err))
        return false;
    if (!found)
        return ERR(err, ERR_CORRUPT, "run %s names file %lld, which is not there", run_id, (long long)file_id);
    return read_causes(journal, past, arena, err);
}

bool past_twin(struct journal *journal, const struct past *past, struct str *twin, struct arena *arena, struct err *err)
{
    sqlite3_stmt *statement;
    *twin = STR("");
    if (!prepare(journal,
            "SELECT arrival_key FROM file WHERE sha256 = ?1 AND dataset = ?2 AND file_id <> ?3 AND arrival_key <> ?4 "
            "AND state = 'SUCCEEDED' "
            "ORDER BY file_id LIMIT 1",
            &statement, err))
        return false;
    sqlite3_bind_text(statement, 1, past->file.sha256.p, (int)past->file.sha256.n, SQLITE_TRANSIENT);
    sqlite3_bind_text(statement, 2, past->file.dataset.p, (int)past->file.dataset.n, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 3, past->file.file_id);
    sqlite3_bind_text(statement, 4, past->file.arrival_key.p, (int)past->file.arrival_key.n, SQLITE_TRANSIENT);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        *twin = text(statement, 0, arena);
    bool ok = step == SQLITE_ROW || step == SQLITE_DONE || unreadable(journal, err);
    sqlite3_finalize(statement);
    return ok && (twin->p || ERR(err, ERR_MEMORY, "no memory for a key"));
}
