#include "worker/journal/replica.h"

#include "shared/fault.h"
#include "worker/journal/internal.h"

#include <stdio.h>

enum { LEAVE_MS = 10000 };

static bool broken(struct journal *journal, struct err *err)
{
    return db_error(journal->db, journal->path, "journal", err);
}

/* ---- what this file says of itself ---- */

bool replica_version(struct journal *journal, int *version, struct err *err)
{
    struct query query;
    int64_t found = 0;
    bool one;
    query_open(&query, journal, "SELECT user_version FROM pragma_user_version", err);
    if (!query_run_int(&query, &found, &one))
        return false;
    *version = (int)found;
    return true;
}

static bool has_table(struct journal *journal, bool *has, struct err *err)
{
    struct query query;
    int64_t one;
    query_open(&query, journal, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'replica'", err);
    return query_run_int(&query, &one, has);
}

bool replica_read(struct journal *journal, struct replica *replica, struct err *err)
{
    struct query query;
    bool has;
    *replica = (struct replica){0};
    if (!has_table(journal, &has, err))
        return false;
    if (!has)
        return true;
    query_open(&query, journal, "SELECT log_id, position, lost_at FROM replica", err);
    if (query_step(&query) == STEP_ROW) {
        query_column_into(&query, 0, replica->log_id, sizeof replica->log_id);
        replica->position = query_column_int(&query, 1);
        replica->lost_at = query_column_int(&query, 2);
    }
    return query_run(&query);
}

/* Ends a transaction of this file alone. */
static bool finish(struct journal *journal, bool ok, struct err *err)
{
    ok = ok && db_run(journal, "COMMIT", err);
    if (!ok)
        sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

bool replica_mark(struct journal *journal, const char *log_id, struct err *err)
{
    struct query query;
    if (!db_run(journal, "BEGIN IMMEDIATE; DELETE FROM replica", err))
        return finish(journal, false, err);
    query_open(&query, journal, "INSERT INTO replica (one, log_id, position) SELECT 1, ?1, 0 WHERE ?1 <> ''", err);
    query_str(&query, str_of(log_id));
    bool ok = query_run(&query);
    if (ok && *log_id)
        ok = seal_triggers_drop(journal, err) && db_run(journal, "DELETE FROM unsealed; DELETE FROM sealing", err);
    else if (ok)
        ok = seal_triggers(journal, err) && seal_mark_all(journal, err);
    return finish(journal, ok, err);
}

static bool forget_log(const char *path, bool *was, struct err *err)
{
    sqlite3 *db = NULL;
    bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    if (ok)
        sqlite3_busy_timeout(db, LEAVE_MS);
    ok = ok && sqlite3_exec(db, "DELETE FROM replica", NULL, NULL, NULL) == SQLITE_OK;
    if (!ok)
        db_error(db, path, "journal", err);
    *was = ok && sqlite3_changes(db) > 0;
    sqlite3_close(db);
    return ok;
}

/* From now on the lake is told of what changes, and of all there is first. */
bool replica_leave(const char *path, bool *was, struct err *err)
{
    if (!forget_log(path, was, err))
        return false;
    if (!*was)
        return true;
    struct journal *journal = journal_open(path, false, err);
    bool ok = journal && replica_mark(journal, "", err);
    journal_close(journal);
    return ok;
}

bool replica_lost(struct journal *journal, int64_t since, const char *why, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE replica SET lost_at = nullif(?1, 0), lost_why = iif(?1 = 0, NULL, ?2) "
        "WHERE (lost_at IS NULL) <> (?1 = 0)",
        err);
    query_int(&query, since);
    query_str(&query, str_of(why));
    return query_run(&query);
}

/* What every journal has from its first moment: who made it. */
bool replica_is_new(struct journal *journal, bool *is_new, struct err *err)
{
    struct buf sql;
    struct query query;
    buf_init(&sql, 64 * 1024);
    buf_add_cstr(&sql, "SELECT 0");
    query_open(&query, journal,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('meta', 'replica', 'worker', 'unsealed', "
        "'sealing') AND name NOT LIKE "
        "'sqlite_%'",
        err);
    while (query_step(&query) == STEP_ROW)
        buf_printf(&sql, " OR EXISTS (SELECT 1 FROM \"" STR_FMT "\")", STR_ARG(query_column(&query, 0)));
    query_close(&query);
    sqlite3_stmt *statement = NULL;
    bool ok = query.ok && buf_ok(&sql, "a statement", err);
    ok = ok && (sqlite3_prepare_v2(journal->db, sql.p, -1, &statement, NULL) == SQLITE_OK || broken(journal, err));
    ok = ok && (sqlite3_step(statement) == SQLITE_ROW || broken(journal, err));
    *is_new = ok && sqlite3_column_int(statement, 0) == 0;
    sqlite3_finalize(statement);
    buf_dispose(&sql);
    return ok;
}

bool replica_position_in(const char *path, int64_t *position, struct err *err)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(db, "SELECT position FROM replica", -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *position = sqlite3_column_int64(statement, 0);
    else
        db_error(db, path, "cannot read the snapshot", err);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return ok;
}

bool replica_restore(struct journal *journal, const char *path, struct err *err)
{
    sqlite3 *from = NULL;
    bool ok = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ||
              db_error(from, path, "cannot open the snapshot", err);
    sqlite3_backup *backup = ok ? sqlite3_backup_init(journal->db, "main", from, "main") : NULL;
    ok = ok && (backup || broken(journal, err));
    if (ok) {
        sqlite3_backup_step(backup, -1);
        ok = sqlite3_backup_finish(backup) == SQLITE_OK || broken(journal, err);
    }
    sqlite3_close(from);
    return ok;
}

/* ---- what others did ---- */

static int refuse_conflict(void *context, int kind, sqlite3_changeset_iter *change)
{
    (void)context, (void)kind, (void)change;
    return SQLITE_CHANGESET_ABORT;
}

static bool apply_one(struct journal *journal, const struct replica_change *change, struct err *err)
{
    int code = sqlite3changeset_apply(
        journal->db, (int)change->changeset.n, (void *)(uintptr_t)change->changeset.p, NULL, refuse_conflict, NULL);
    if (code == SQLITE_OK)
        return true;
    if (code != SQLITE_ABORT && code != SQLITE_CONSTRAINT && code != SQLITE_CORRUPT && code != SQLITE_SCHEMA)
        return broken(journal, err);
    ERR(err, ERR_CORRUPT, "change %lld does not fit the journal %s: this replica is not of this fleet",
        (long long)change->seq, journal->path);
    return err_hint(err, "Move the journal away, and it is fetched anew.");
}

static bool move_to(struct journal *journal, int64_t position, struct err *err)
{
    struct query query;
    query_open(&query, journal, "UPDATE replica SET position = ?", err);
    query_int(&query, position);
    return query_run(&query);
}

/* Triggers watch what is done here; they let pass in one order what a changeset has in another. */
static void set_triggers(struct journal *journal, int on)
{
    sqlite3_db_config(journal->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, on, NULL);
}

bool replica_apply(struct journal *journal, const struct replica_change *changes, size_t count, struct err *err)
{
    struct replica now;
    if (!db_run(journal, "BEGIN IMMEDIATE", err))
        return false;
    set_triggers(journal, 0);
    bool ok = replica_read(journal, &now, err);
    for (size_t i = 0; ok && i < count; i++) {
        if (changes[i].seq <= now.position)
            continue;
        ok = (changes[i].seq == now.position + 1 ||
                 ERR(err, ERR_CORRUPT, "change %lld is missing", (long long)now.position + 1)) &&
             apply_one(journal, &changes[i], err);
        now.position = changes[i].seq;
    }
    ok = ok && move_to(journal, now.position, err);
    set_triggers(journal, 1);
    return finish(journal, ok, err);
}

/* ---- what is done here ---- */

static int is_shared(void *context, const char *table)
{
    (void)context;
    return strcmp(table, "replica") != 0 && strcmp(table, "unsealed") != 0 && strcmp(table, "sealing") != 0;
}

static bool record(struct journal *journal, struct err *err)
{
    int code = sqlite3session_create(journal->db, "main", &journal->session);
    if (code == SQLITE_OK) {
        sqlite3session_table_filter(journal->session, is_shared, NULL);
        code = sqlite3session_attach(journal->session, NULL);
    }
    return code == SQLITE_OK || ERR(err, ERR_MEMORY, "no memory to record a change of the journal");
}

static void forget_record(struct journal *journal)
{
    if (journal->session)
        sqlite3session_delete(journal->session);
    sqlite3_free(journal->changeset);
    journal->session = NULL;
    journal->changeset = NULL;
}

bool replica_begin(struct journal *journal, int64_t position, bool *current, struct err *err)
{
    struct replica now;
    *current = false;
    if (!db_run(journal, "BEGIN IMMEDIATE", err))
        return false;
    bool ok = replica_read(journal, &now, err);
    *current = ok && now.position == position;
    ok = ok && (!*current || record(journal, err));
    if (!ok || !*current)
        replica_rollback(journal);
    return ok;
}

bool replica_recorded(struct journal *journal, struct str *changeset, struct err *err)
{
    int n = 0;
    sqlite3_free(journal->changeset);
    journal->changeset = NULL;
    if (sqlite3session_changeset(journal->session, &n, &journal->changeset) != SQLITE_OK)
        return ERR(err, ERR_MEMORY, "no memory for a change of the journal");
    *changeset = (struct str){journal->changeset, (size_t)n};
    return true;
}

bool replica_commit(struct journal *journal, int64_t position, struct err *err)
{
    bool ok = move_to(journal, position, err) && fault_pass("replica-commit", NULL, err);
    forget_record(journal);
    return finish(journal, ok, err);
}

void replica_rollback(struct journal *journal)
{
    forget_record(journal);
    sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
}
