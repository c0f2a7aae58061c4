/*
 * A journal that is a copy of a log which others write to as well. What they did is applied here, what is done here is
 * recorded as a changeset (sqlite.org/sessionintro.html); where the log is, and who may write next, is for the hooks to
 * know. Tables replica and sqlite's own are of this file alone.
 */
#ifndef WORKER_JOURNAL_REPLICA_H
#define WORKER_JOURNAL_REPLICA_H

#include "worker/journal/journal.h"

/* A journal's transactions go through it. handle: of one open journal. */
struct journal_log {
    void *context;
    /* The journal is open and, unless it is a replica already, of the newest version. NULL: it cannot be one. */
    void *(*join)(void *context, struct journal *journal, struct err *err);
    void (*leave)(void *handle);
    /* In place of BEGIN IMMEDIATE, COMMIT and ROLLBACK. A commit that fails has rolled back. */
    bool (*begin)(void *handle, struct err *err);
    bool (*commit)(void *handle, struct err *err);
    void (*rollback)(void *handle);
    /* What the others did is in here. */
    bool (*follow)(void *handle, struct err *err);
};

/* From now on, for every journal that this process opens for writing; NULL: no longer. Not while one is open. */
void journal_share(const struct journal_log *log);

struct replica {
    char log_id[ULID_SIZE]; /* "": it is none */
    int64_t position;
    int64_t lost_at; /* 0: the coordinator is reached */
};
bool replica_read(struct journal *journal, struct replica *replica, struct err *err) MUST_CHECK;
/* From now on it is a replica of this log, at its beginning; log_id "": of none. */
bool replica_mark(struct journal *journal, const char *log_id, struct err *err) MUST_CHECK;
/* The journal at path is one of its own from now on. *was false: it was already. */
bool replica_leave(const char *path, bool *was, struct err *err) MUST_CHECK;
/* A note of this file: since when the coordinator is not reached; 0: it is. */
bool replica_lost(struct journal *journal, int64_t since, const char *why, struct err *err) MUST_CHECK;

int replica_newest(void);
bool replica_version(struct journal *journal, int *version, struct err *err) MUST_CHECK;
/* To the newest version, outside the log. */
bool replica_migrate(struct journal *journal, struct err *err) MUST_CHECK;
/* Nothing but what a new journal has. */
bool replica_is_new(struct journal *journal, bool *is_new, struct err *err) MUST_CHECK;
/* All that is in here becomes what is in the file at path, which journal_backup() made. */
bool replica_restore(struct journal *journal, const char *path, struct err *err) MUST_CHECK;

/* What a file that journal_backup() made says of its position. */
bool replica_position_in(const char *path, int64_t *position, struct err *err) MUST_CHECK;

struct replica_change {
    int64_t seq;
    struct str changeset;
};
/* In one transaction; what is in here already is passed over. ERR_CORRUPT: it does not fit what is here. */
bool replica_apply(
    struct journal *journal, const struct replica_change *changes, size_t count, struct err *err) MUST_CHECK;

/* BEGIN IMMEDIATE, and what is written is recorded. *current false: this file is at another position by now, and
 * nothing has begun. */
bool replica_begin(struct journal *journal, int64_t position, bool *current, struct err *err) MUST_CHECK;
/* What was written since; empty: nothing. Lives until the transaction ends. */
bool replica_recorded(struct journal *journal, struct str *changeset, struct err *err) MUST_CHECK;
/* COMMIT, with position as this file's. */
bool replica_commit(struct journal *journal, int64_t position, struct err *err) MUST_CHECK;
void replica_rollback(struct journal *journal);

#endif
