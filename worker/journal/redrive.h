/*
 * Requests to read files once more, or to take back what was published of them. requested → approved → running → done
 * or failed; or declined, expired, void. Every step is an audit line in the same transaction. An approved file waits
 * like any other, under the request's rules; its run's end is written back here.
 */
#ifndef WORKER_JOURNAL_REDRIVE_H
#define WORKER_JOURNAL_REDRIVE_H

#include "worker/journal/rows.h"

struct redrive_file {
    int64_t file_id;
    char run_id[ULID_SIZE];        /* that rejected or loaded it; of a request for rows: whose rejected rows they are */
    char former_run_id[ULID_SIZE]; /* that has the file: it goes back to it */
    uint64_t asked_rows;           /* of a request for rows */
    uint64_t would_pass, would_fail, duplicates; /* of rows, as it was rehearsed */
    enum file_state from_state;                  /* QUARANTINED, SUCCEEDED, WITHDRAWN */
    struct str arrival_key, location;
    char sha256[SHA256_TEXT_SIZE], ruleset_hash[SHA256_TEXT_SIZE], rehearsal_hash[SHA256_TEXT_SIZE];
    struct str base_ruleset; /* that of the run */
};

/* What the request 'contract' is to write. */
struct contract_change {
    struct str path, text, diff;
    char before[SHA256_TEXT_SIZE]; /* of the text it replaces */
};

struct redrive {
    char redrive_id[ULID_SIZE];
    struct str dataset;
    struct str action;               /* "redrive", "withdraw", "override" … */
    int64_t apply_until;             /* its overrides stand until then; 0: for its files alone */
    int64_t cause_id;                /* 0: none */
    bool of_rows;                    /* rejected rows alone; else whole files */
    const struct row_choice *choice; /* which, of a new request */
    bool same_rules;
    struct str overrides; /* as overrides_write() has them */
    struct str reason, requested_by, state;
    int64_t requested_at, expires_at;
    struct str rate;                      /* "100/min"; empty: as fast as it goes */
    int64_t spacing;                      /* as pace_read() has it */
    const struct contract_change *change; /* of a new request; read it with journal_change_read() */
    struct str patch_id, patch_hash;      /* of its one file; empty: none */
    struct redrive_file *files;
    size_t file_count, file_capacity;
};

/* Who does it. */
struct decider {
    struct str name, role;
    struct str from;         /* address and key, or empty */
    struct str client, call; /* the call's ULID as its caller gave it, and its hash; empty: none */
};

/* Sets redrive_id. ERR_EXISTS: a file is no longer in its state by that run, or has an open request. */
bool journal_redrive_request(struct journal *journal, struct redrive *redrive, const struct decider *by, int64_t now,
    struct err *err) MUST_CHECK;
/* part: any part of its id that names only one. ERR_NOT_FOUND. */
/* *redrive_id "": no re-drive of the dataset's files waits for its approval, bound to the contract as it is. */
bool journal_redrive_waiting(
    struct journal *journal, struct str dataset, int64_t now, char redrive_id[ULID_SIZE], struct err *err) MUST_CHECK;
bool journal_redrive_read(
    struct journal *journal, struct str part, struct redrive *redrive, struct arena *arena, struct err *err) MUST_CHECK;
/* Its files wait from now on. ERR_EXISTS: it is not open any more, or has expired (then it is marked so). */
bool journal_redrive_approve(struct journal *journal, const struct redrive *redrive, const struct decider *by,
    int64_t now, struct err *err) MUST_CHECK;
/* state: "declined", "cancelled" or "void". What was approved can be declined or cancelled for as long as it lasts:
 * files that nobody has begun with stand as before. ERR_EXISTS: it is decided already, or over. */
bool journal_redrive_close(struct journal *journal, const struct redrive *redrive, const char *state,
    struct str message, const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
/* Closes what nobody decided on in time: its files and rows can be asked for again. */
bool journal_redrive_expire(struct journal *journal, int64_t now, struct err *err) MUST_CHECK;
bool journal_change_read(struct journal *journal, const char *redrive_id, struct contract_change *change,
    struct arena *arena, struct err *err) MUST_CHECK;
/* A quarantined file is closed for good. ERR_EXISTS: it is not quarantined by that run, or has an open request. */
bool journal_discard(struct journal *journal, const char *run_id, struct str reason, const struct decider *by,
    int64_t now, struct err *err) MUST_CHECK;
/* Open rejected rows are closed for good, or have been sent back to who made them. ERR_EXISTS: there are none, or one
 * of the numbers is no open row. */
bool journal_discard_rows(struct journal *journal, const char *run_id, const struct row_choice *choice,
    struct str reason, const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
bool journal_return_rows(struct journal *journal, const char *run_id, const struct row_choice *choice,
    struct str reason, const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
/* What was refused is told too. */
bool journal_refused(struct journal *journal, struct str action, struct str subject, struct str why,
    const struct decider *by, int64_t now, struct err *err) MUST_CHECK;

#endif
