/*
 * What the files of this room share: the connection with its prepared statements, one query at a time, and the unit
 * of work that every writing function is. Statements are cached by the address of their text: pass constants.
 */
#ifndef WORKER_JOURNAL_INTERNAL_H
#define WORKER_JOURNAL_INTERNAL_H

#include "worker/journal/rows.h"

#include <sqlite3.h>

struct redrive;
struct redrive_file;
struct decider;
struct telling;
struct journal_log;

struct statement {
    const char *sql;
    sqlite3_stmt *stmt;
};

struct journal {
    sqlite3 *db;
    char *path;
    bool grouped;                  /* between journal_begin() and journal_commit() */
    bool lost;                     /* SQLite itself rolled that group back: nothing more may join it */
    bool alone;                    /* it is no replica, and must not have become one */
    const struct journal_log *log; /* what transactions go through; NULL: none */
    void *log_handle;
    struct sqlite3_session *session; /* of the transaction that is recorded */
    void *changeset;
    struct statement *statements;
    size_t count, capacity;
};

/* The connection's last failure as one of our kinds; what: "cannot write the journal". */
bool db_error(sqlite3 *db, const char *path, const char *what, struct err *err);
bool db_run(struct journal *journal, const char *sql, struct err *err) MUST_CHECK;
/* Refuses a path whose folder lies on a network file system. */
bool locality_check(const char *path, struct err *err) MUST_CHECK;

/* journal_meta_set() inside the caller's transaction. */
bool meta_set(struct journal *journal, const char *name, struct str value, struct err *err) MUST_CHECK;

/* A writing function's transaction, or a savepoint of the caller's. end: commits when ok, else takes all of it back;
 * returns ok and committed. */
bool unit_begin(struct journal *journal, struct err *err) MUST_CHECK;
bool unit_end(struct journal *journal, bool ok, struct err *err) MUST_CHECK;

/* Bind in order, then run, or step and close. A failure on the way is kept and comes out of step or run. */
struct query {
    struct journal *journal;
    sqlite3_stmt *stmt;
    struct err *err;
    int next;
    bool ok;
};
enum step { STEP_ROW, STEP_DONE, STEP_FAILED };

void query_open(struct query *query, struct journal *journal, const char *sql, struct err *err);
void query_str(struct query *query, struct str value);
void query_str_or_null(struct query *query, struct str value); /* empty: NULL */
void query_cstr(struct query *query, const char *value);       /* NULL: NULL */
void query_int(struct query *query, int64_t value);
void query_count(struct query *query, uint64_t value); /* beyond INT64_MAX is ERR_BUG */
void query_blob(struct query *query, const void *p, size_t n);
enum step query_step(struct query *query);
void query_close(struct query *query);
/* Steps to the end and closes. */
bool query_run(struct query *query) MUST_CHECK;
/* The same, and how many rows it changed. */
bool query_run_changed(struct query *query, int *changed) MUST_CHECK;
/* The same, and the first column of the one row it gives; *found false: no row. */
bool query_run_int(struct query *query, int64_t *value, bool *found) MUST_CHECK;
int64_t query_column_int(struct query *query, int column);
struct str query_column(struct query *query, int column); /* until the next step */
/* Into out, cut to its size, with a NUL. */
void query_column_into(struct query *query, int column, char *out, size_t size);
/* Copies; a failure comes out of the next step. */
struct str query_column_copy(struct query *query, int column, struct arena *arena);

/* ERR_FENCED unless the claim's run still lives under its fence; gives the state it is in. */
bool claim_check(struct journal *journal, const struct claim *claim, enum run_state *state, struct err *err) MUST_CHECK;
enum file_state file_state_of(struct str name);
enum run_state run_state_of(struct str name);
/* The columns of a journal_file, in the order file_from_row() reads them, from an alias f. */
#define FILE_COLUMNS                                                                                            \
    "f.file_id, f.arrival_key, f.location, f.moving_to, f.dataset, f.sha256, f.size, f.arrived_at, f.version, " \
    "f.state, f.attempts, f.retry_at, f.fence, f.redrive_id, "                                                  \
    "(SELECT q.action FROM redrive q WHERE q.redrive_id = f.redrive_id), "                                      \
    "(SELECT q.from_state FROM redrive_file q WHERE q.redrive_id = f.redrive_id AND q.file_id = f.file_id), "   \
    "(SELECT q.run_id FROM redrive_file q JOIN redrive d USING (redrive_id) WHERE q.redrive_id = f.redrive_id " \
    "AND q.file_id = f.file_id AND d.scope = 'rows')"
void file_from_row(struct query *query, int first, struct arena *arena, struct journal_file *file);
/* journal_audit() inside the caller's transaction. */
bool audit_append(
    struct journal *journal, const struct audit_entry *entry, int64_t *audit_id, struct err *err) MUST_CHECK;
/* Of an alias d of redrive: its rate lets no file begin yet. No wait is longer than the rate has it, whatever became of
 * rate or clock. */
#define PACE_HOLDS(now) "d.next_at > " now " AND d.next_at <= " now " + d.spacing"
/* A file's run for a re-drive begins and ends, in the transaction that says so; nothing for any other run. */
bool redrive_taken(struct journal *journal, const struct claim *claim, int64_t now, struct err *err) MUST_CHECK;
bool redrive_ended(struct journal *journal, const struct claim *claim, struct str outcome, struct str message,
    int64_t now, struct err *err) MUST_CHECK;
/* The worker itself, in the audit. */
extern const struct decider redrive_worker;
/* A step of a request: "redrive-approved", "override-approved". Ends detail. */
bool redrive_tell(struct journal *journal, struct telling *detail, const struct redrive *redrive, const char *step,
    const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
/* The file is no longer what it was when it was asked for. Always false. */
bool redrive_moved_on(const struct redrive_file *file, struct err *err);
/* Rows that nothing came of are open again. */
bool redrive_release_rows(struct journal *journal, const struct redrive *redrive, const struct redrive_file *file,
    struct err *err) MUST_CHECK;
/* From one state to another; how many. */
bool rows_move(struct journal *journal, const char *run_id, const struct row_choice *choice, enum row_state from,
    enum row_state to, uint64_t *moved, struct err *err) MUST_CHECK;
/* A file that waits for a request, or was worked on for one, stands as before it was approved. */
bool file_as_before(struct journal *journal, int64_t file_id, struct str redrive_id, struct err *err) MUST_CHECK;
/* The text that a request 'contract' is to write. */
bool change_insert(struct journal *journal, const struct redrive *redrive, struct err *err) MUST_CHECK;
/* As journal_incident() and journal_incident_close(), inside the caller's transaction. */
bool incident_open(struct journal *journal, struct str kind, struct str subject, struct str message, int64_t now,
    struct err *err) MUST_CHECK;
bool incident_close(
    struct journal *journal, struct str kind, struct str subject, int64_t now, struct err *err) MUST_CHECK;
/* A request's overrides are in force from now until its time. */
bool standing_begin(struct journal *journal, const struct redrive *redrive, int64_t now, struct err *err) MUST_CHECK;
/* What keeps the keys of rows that change (seal.h): made anew, or taken away; and every row changed just now. */
bool seal_triggers(struct journal *journal, struct err *err) MUST_CHECK;
bool seal_triggers_drop(struct journal *journal, struct err *err) MUST_CHECK;
bool seal_mark_all(struct journal *journal, struct err *err) MUST_CHECK;
/* ERR_BUG when the run may not go there. */
bool transition_check(enum run_state from, enum run_state to, struct err *err) MUST_CHECK;

#endif
