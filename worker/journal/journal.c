#include "worker/journal/internal.h"

#include "schema/journal.sql.h"
#include "schema/journal_2.sql.h"
#include "schema/journal_3.sql.h"
#include "schema/journal_4.sql.h"
#include "schema/journal_5.sql.h"
#include "schema/journal_6.sql.h"
#include "schema/journal_7.sql.h"
#include "schema/journal_8.sql.h"
#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/fs.h"
#include "worker/journal/replica.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_MS = 10000, WAL_TRY_MS = 10, APPLICATION_ID = 0x736C7569 /* "slui" */ };

/* Each brings a journal of the version before to its own. */
static const struct {
    int version;
    const char *sql;
} migrations[] = {
    {1, journal_sql_text},
    {2, journal_2_sql_text},
    {3, journal_3_sql_text},
    {4, journal_4_sql_text},
    {5, journal_5_sql_text},
    {6, journal_6_sql_text},
    {7, journal_7_sql_text},
    {8, journal_8_sql_text},
};
enum { MIGRATIONS = sizeof migrations / sizeof *migrations, NEWEST = 8 };

/* One statement, so one view of the file: somebody else may be making the journal meanwhile. */
static bool read_header(
    struct journal *journal, int64_t *version, int64_t *application, int64_t *tables, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT v.user_version, a.application_id, (SELECT count(*) FROM sqlite_schema) "
        "FROM pragma_user_version v, pragma_application_id a",
        err);
    if (query_step(&query) == STEP_ROW) {
        *version = query_column_int(&query, 0);
        *application = query_column_int(&query, 1);
        *tables = query_column_int(&query, 2);
    }
    return query_run(&query);
}

static bool check_version(struct journal *journal, int64_t *version, struct err *err)
{
    int64_t application = 0, tables = 0;
    if (!read_header(journal, version, &application, &tables, err))
        return false;
    bool is_empty = *version == 0 && tables == 0;
    if (!is_empty && application != APPLICATION_ID)
        return ERR(err, ERR_CONFIG, "%s is an SQLite database, but not a journal of sluice", journal->path);
    if (*version > NEWEST) {
        ERR(err, ERR_CONFIG, "the journal %s has version %lld, this program knows up to %d", journal->path,
            (long long)*version, (int)NEWEST);
        return err_hint(err, "a newer sluice wrote it: use that one");
    }
    return true;
}

/* PRAGMA user_version takes no parameter. */
static bool set_version(struct journal *journal, int version, struct err *err)
{
    char *sql = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, version);
    if (!sql)
        return ERR(err, ERR_MEMORY, "no memory to migrate the journal");
    bool ok = db_run(journal, sql, err);
    sqlite3_free(sql);
    return ok;
}

/* A replica's lake is not told: of a fleet's journal there are as many copies as workers. */
static bool begin_sealing(struct journal *journal, bool is_new, struct err *err)
{
    struct replica replica;
    if (!replica_read(journal, &replica, err))
        return false;
    return replica.log_id[0] || (seal_triggers(journal, err) && (is_new || seal_mark_all(journal, err)));
}

bool replica_migrate(struct journal *journal, struct err *err)
{
    int64_t version;
    if (!check_version(journal, &version, err))
        return false;
    if (version == NEWEST)
        return true;
    if (!db_run(journal, "BEGIN IMMEDIATE", err))
        return false;
    bool ok = check_version(journal, &version, err);
    bool is_new = version == 0;
    for (int i = 0; ok && i < MIGRATIONS; i++)
        ok = migrations[i].version <= version ||
             (db_run(journal, migrations[i].sql, err) && set_version(journal, migrations[i].version, err));
    ok = ok && begin_sealing(journal, is_new, err);
    char now[CLOCK_TEXT_SIZE];
    ok = ok && (!is_new || (meta_set(journal, "created_at", str_of(clock_format(clock_now(), now)), err) &&
                               meta_set(journal, "created_by", STR("sluice " SLUICE_VERSION), err)));
    ok = ok && fault_pass("journal-commit", NULL, err) && db_run(journal, "COMMIT", err);
    if (!ok)
        sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

int replica_newest(void)
{
    return NEWEST;
}

/* Two processes that open a new journal at once meet here, and SQLite's own busy timeout does not cover it. */
static bool set_wal(struct journal *journal, struct err *err)
{
    const struct timespec pause = {.tv_nsec = WAL_TRY_MS * 1000000L};
    for (int waited = 0;; waited += WAL_TRY_MS) {
        if (db_run(journal, "PRAGMA journal_mode = WAL", err))
            return true;
        if ((sqlite3_errcode(journal->db) & 0xFF) != SQLITE_BUSY || waited >= BUSY_MS)
            return false;
        nanosleep(&pause, NULL);
    }
}

static const struct journal_log *shared_log;

void journal_share(const struct journal_log *log)
{
    shared_log = log;
}

static bool open_alone(struct journal *journal, struct err *err)
{
    struct replica replica;
    if (!db_run(journal, "PRAGMA synchronous = FULL", err) || !replica_read(journal, &replica, err))
        return false;
    if (replica.log_id[0]) {
        ERR(err, ERR_CONFIG, "the journal %s is a replica of a fleet's", journal->path);
        return err_hint(err, "Name the fleet's --coordinator URL, or take it out with 'sluiced journal leave'.");
    }
    journal->alone = true;
    return replica_migrate(journal, err);
}

/* What is lost of a replica with the power is fetched again. */
static bool open_shared(struct journal *journal, struct err *err)
{
    struct replica replica;
    int64_t version;
    if (!db_run(journal, "PRAGMA synchronous = NORMAL", err) || !check_version(journal, &version, err) ||
        !replica_read(journal, &replica, err) || (!replica.log_id[0] && !replica_migrate(journal, err)))
        return false;
    journal->log_handle = shared_log->join(shared_log->context, journal, err);
    if (journal->log_handle)
        journal->log = shared_log;
    return journal->log != NULL;
}

static bool set_up(struct journal *journal, bool read_only, struct err *err)
{
    sqlite3_busy_timeout(journal->db, BUSY_MS);
    sqlite3_extended_result_codes(journal->db, 1);
    sqlite3_db_config(journal->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (!db_run(journal, "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY", err))
        return false;
    if (!read_only)
        return set_wal(journal, err) && db_run(journal, "PRAGMA journal_size_limit = 67108864", err) &&
               (shared_log ? open_shared(journal, err) : open_alone(journal, err));
    int64_t version;
    if (!check_version(journal, &version, err))
        return false;
    if (version != NEWEST)
        return ERR(err, ERR_CONFIG, "the journal %s has version %lld and waits for its worker to bring it to %d",
            journal->path, (long long)version, (int)NEWEST);
    return true;
}

/*
 * A clean shutdown leaves no WAL behind, and who may not write the folder cannot make one: then the file alone is the
 * whole journal, and it is read as it lies.
 */
static bool needs_immutable(const char *path)
{
    char *wal = NULL;
    if (asprintf(&wal, "%s-wal", path) < 0)
        return false;
    bool needed = access(path, R_OK) == 0 && access(path, W_OK) != 0 && access(wal, F_OK) != 0;
    free(wal);
    return needed;
}

/* A path as an SQLite URI: '%', '?' and '#' have meanings there. */
static char *uri_of(const char *path, const char *query)
{
    struct buf uri;
    buf_init(&uri, 64 * 1024);
    buf_add_cstr(&uri, "file:");
    for (const char *p = path; *p; p++)
        if (*p == '%' || *p == '?' || *p == '#')
            buf_printf(&uri, "%%%02X", (unsigned)(unsigned char)*p);
        else
            buf_add_byte(&uri, *p);
    buf_add_cstr(&uri, query);
    if (!uri.failed)
        return uri.p;
    buf_dispose(&uri);
    return NULL;
}

static bool connect_to(struct journal *journal, bool read_only, struct err *err)
{
    bool immutable = read_only && needs_immutable(journal->path);
    char *uri = uri_of(journal->path, immutable ? "?immutable=1" : "");
    if (!uri)
        return ERR(err, ERR_MEMORY, "no memory to open the journal");
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    flags |= read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(uri, &journal->db, flags, NULL);
    free(uri);
    return code == SQLITE_OK || db_error(journal->db, journal->path, "cannot open the journal", err);
}

static bool check_place(const char *path, bool read_only, struct err *err)
{
    bool exists = true;
    if (read_only && !fs_exists(path, &exists, err))
        return false;
    if (!exists)
        return ERR(err, ERR_NOT_FOUND, "there is no journal %s", path);
    return (read_only || fs_make_parent(path, err)) && locality_check(path, err);
}

struct journal *journal_open(const char *path, bool read_only, struct err *err)
{
    if (!check_place(path, read_only, err))
        return NULL;
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal)
        journal->path = strdup(path);
    if (!journal || !journal->path)
        ERR(err, ERR_MEMORY, "no memory to open the journal");
    else if (connect_to(journal, read_only, err) && set_up(journal, read_only, err))
        return journal;
    journal_close(journal);
    return NULL;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    journal_rollback(journal);
    if (journal->log)
        journal->log->leave(journal->log_handle);
    for (size_t i = 0; i < journal->count; i++)
        sqlite3_finalize(journal->statements[i].stmt);
    sqlite3_close(journal->db);
    free(journal->statements);
    free(journal->path);
    free(journal);
}

bool journal_follow(struct journal *journal, struct err *err)
{
    return !journal->log || journal->log->follow(journal->log_handle, err);
}

const char *journal_path(const struct journal *journal)
{
    return journal->path;
}

struct sqlite3 *journal_handle(struct journal *journal)
{
    return journal->db;
}
