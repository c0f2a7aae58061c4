/*
 * The journal: what happened, in SQLite (schema/journal.sql; WAL, synchronous=FULL). One journal a lake and machine,
 * many processes. Every writing function is one BEGIN IMMEDIATE transaction unless it stands between journal_begin()
 * and journal_commit(); no read outlives its call. Times are microseconds, keys lake keys. Not for two threads at once.
 */
#ifndef WORKER_JOURNAL_JOURNAL_H
#define WORKER_JOURNAL_JOURNAL_H

#include "shared/arena.h"
#include "shared/buf.h"
#include "shared/hash.h"
#include "shared/ulid.h"
#include "worker/batch/code.h"

#include <stdint.h>

struct journal;

/* Creates and migrates (PRAGMA user_version). Refuses network file systems and newer versions. read_only opens an
 * existing one without writing. */
struct journal *journal_open(const char *path, bool read_only, struct err *err);
void journal_close(struct journal *journal);
bool journal_begin(struct journal *journal, struct err *err) MUST_CHECK;
bool journal_commit(struct journal *journal, struct err *err) MUST_CHECK;
void journal_rollback(struct journal *journal);
bool journal_grouped(const struct journal *journal);
/* Where it is one of a fleet's: reads from now on see what the others did. Else nothing. */
bool journal_follow(struct journal *journal, struct err *err) MUST_CHECK;
const char *journal_path(const struct journal *journal);
/* SQLite's own handle, for readers (agent, fsck) that have queries of their own. */
struct sqlite3 *journal_handle(struct journal *journal);

/* "lake_id", "created_at" … *value empty: not set. */
bool journal_meta_get(
    struct journal *journal, const char *name, struct str *value, struct arena *arena, struct err *err) MUST_CHECK;
bool journal_meta_set(struct journal *journal, const char *name, struct str value, struct err *err) MUST_CHECK;
/* This process, as leases name it: "host/boot/pid-namespace:pid:start-time". Appended to out. */
bool journal_owner(struct buf *out, struct err *err) MUST_CHECK;

/* A daemon is there, whether it has something to do or not; said again each half minute. */
bool journal_worker_seen(
    struct journal *journal, struct str owner, int64_t started_at, int64_t now, struct err *err) MUST_CHECK;
/* It ends. */
bool journal_worker_left(struct journal *journal, struct str owner, int64_t now, struct err *err) MUST_CHECK;

/* ---- files ---- */

#define FILE_STATES(X)                 \
    X(FILE_UNMATCHED, "UNMATCHED")     \
    X(FILE_PENDING, "PENDING")         \
    X(FILE_PROCESSING, "PROCESSING")   \
    X(FILE_SUCCEEDED, "SUCCEEDED")     \
    X(FILE_DUPLICATE, "DUPLICATE")     \
    X(FILE_FAILED, "FAILED")           \
    X(FILE_QUARANTINED, "QUARANTINED") \
    X(FILE_DISCARDED, "DISCARDED")     \
    X(FILE_WITHDRAWN, "WITHDRAWN")

/* claimed → validated → prepared → publishing → committed → archived; or failed (rolled back), rejected (the file is
 * quarantined; its reason is published like any output), duplicate. */
#define RUN_STATES(X)               \
    X(RUN_CLAIMED, "claimed")       \
    X(RUN_VALIDATED, "validated")   \
    X(RUN_PREPARED, "prepared")     \
    X(RUN_PUBLISHING, "publishing") \
    X(RUN_COMMITTED, "committed")   \
    X(RUN_ARCHIVED, "archived")     \
    X(RUN_FAILED, "failed")

#define JOURNAL_ENUM(id, name) id,
enum file_state { FILE_STATES(JOURNAL_ENUM) FILE_STATE_COUNT };
enum run_state { RUN_STATES(JOURNAL_ENUM) RUN_STATE_COUNT };
#undef JOURNAL_ENUM
const char *file_state_name(enum file_state state);
const char *run_state_name(enum run_state state);

/* vanished: it was gone before it could be read (the file is DISCARDED, the run failed). withdrawn: what its earlier
 * runs published was taken back. Loaded, quarantined and withdrawn end a committed run, duplicate a claimed one. */
enum run_outcome { OUTCOME_LOADED, OUTCOME_QUARANTINED, OUTCOME_DUPLICATE, OUTCOME_VANISHED, OUTCOME_WITHDRAWN };

struct run_transition {
    enum run_state from, to;
    const char *comment;
};
extern const struct run_transition run_transitions[];
extern const size_t run_transition_count;

struct journal_file {
    int64_t file_id;
    struct str arrival_key; /* where it came */
    struct str location;    /* where it lies */
    struct str moving_to;   /* where it is being moved; empty: nowhere. It lies at one of the two */
    struct str dataset;     /* empty: unmatched */
    struct str sha256;      /* empty until hashed */
    uint64_t size;
    int64_t arrived_at; /* first registered: ingest_ts, for ever */
    char version[64];   /* storage_object.version when registered */
    enum file_state state;
    int attempts;           /* passing faults counted so far */
    int64_t retry_at;       /* not before */
    int64_t fence;          /* of the last claim */
    struct str redrive_id;  /* the approved request it waits for; empty: none */
    struct str action;      /* of that request */
    enum file_state former; /* before it was approved: QUARANTINED, SUCCEEDED or WITHDRAWN; without one: _COUNT */
    struct str rows_of;     /* the run whose rejected rows alone it is about; empty: none, the whole file */
};

/* Is what came under the key last no longer there? What a listing still has of it may be gone as well. */
bool journal_taken_away(struct journal *journal, struct str arrival_key, bool *taken, struct err *err) MUST_CHECK;

/*
 * Registers what lies under arrival_key. The same version as before, not done or still lying there: the present row
 * (UNMATCHED becomes PENDING when a dataset takes it, and the other way round; dataset empty: none). Another version
 * of one that waits where it came: the producer replaced it, and its row becomes a new delivery (*is_new, arrived_at =
 * now). Else a new row. While a run reads a file where it came, nothing changes: look again later.
 */
bool journal_register(struct journal *journal, struct str arrival_key, struct str dataset, uint64_t size,
    const char *version, int64_t now, int64_t *file_id, bool *is_new, struct err *err) MUST_CHECK;

bool journal_file_read(struct journal *journal, int64_t file_id, struct journal_file *file, bool *found,
    struct arena *arena, struct err *err) MUST_CHECK;

/* Runs of this file that ended with the death of their worker: journal_run_failed() with code JOURNAL_DIED. */
#define JOURNAL_DIED "worker-ended"
bool journal_deaths(struct journal *journal, int64_t file_id, int64_t *deaths, struct err *err) MUST_CHECK;

/* How many files wait to be claimed, and their bytes. */
bool journal_waiting(struct journal *journal, uint64_t *files, uint64_t *bytes, struct err *err) MUST_CHECK;

/* For every dataset at once; gold is not made either. */
#define HOLD_ALL "*"
/* Nothing is claimed for a held dataset: paused by somebody (until 0), or a dependency is down (until: a time). */
bool journal_hold(struct journal *journal, struct str dataset, struct str reason, struct str held_by, int64_t now,
    int64_t until, struct err *err) MUST_CHECK;
bool journal_release(struct journal *journal, struct str dataset, struct str reason, struct err *err) MUST_CHECK;

struct claim {
    char run_id[ULID_SIZE];
    struct journal_file file;
    int64_t fence;
};

/*
 * Takes the oldest waiting file (PENDING or FAILED, its retry_at come), makes a run of it in state claimed. *found
 * false: nothing waits. only: one arrival key, or empty. ignore_backoff: also what another process put off, but never
 * what owner itself did, so that a loop over it ends. The deliveries of one key are taken in order until hashed.
 */
bool journal_claim(struct journal *journal, struct str owner, int64_t now, int64_t lease_us, bool ignore_backoff,
    struct str only, struct claim *claim, bool *found, struct arena *arena, struct err *err) MUST_CHECK;
/* A run that is about no file: kind "load", "compact" or "export"; partition may be empty. *taken false: another such
 * run lives. claim->file has only the dataset (the caller's memory). */
bool journal_run_begin(struct journal *journal, struct str kind, struct str dataset, struct str partition,
    struct str owner, int64_t now, int64_t lease_us, struct claim *claim, bool *taken, struct err *err) MUST_CHECK;
/* ERR_FENCED when the lease is somebody else's by now, as with everything that takes a claim. */
bool journal_heartbeat(
    struct journal *journal, const struct claim *claim, int64_t now, int64_t lease_us, struct err *err) MUST_CHECK;
/* Records the intent before a move and its end after. */
bool journal_file_moving(struct journal *journal, const struct claim *claim, struct str to, struct err *err) MUST_CHECK;
bool journal_file_moved(struct journal *journal, const struct claim *claim, struct str to, struct err *err) MUST_CHECK;
/* The hash and size read at intake. duplicate_of: file_id of a delivery with the same bytes, as DESIGN section 5
 * defines it (latest delivery under the same key; with any_key, any other file of the dataset), or 0. Of two that are
 * read at once the first hashed is loaded; what was quarantined, discarded or withdrawn does not count. */
bool journal_file_hashed(struct journal *journal, const struct claim *claim, const char *sha256, uint64_t size,
    bool any_key, int64_t *duplicate_of, struct err *err) MUST_CHECK;
/* Is there no other file of this size, whatever became of it? Then the file is no duplicate. */
bool journal_file_alone(
    struct journal *journal, const struct claim *claim, uint64_t size, bool *alone, struct err *err) MUST_CHECK;

/* ---- runs ---- */

struct stage_count {
    enum stage stage;
    uint64_t rows_in, rows_expanded, rows_out, rows_rejected, rows_duplicate, rows_filtered, rows_merged;
    uint64_t bytes_in, bytes_out;
    int64_t started_at, finished_at;
};

bool journal_run_ruleset(struct journal *journal, const struct claim *claim, struct str hash, struct str dataset,
    struct str text, struct err *err) MUST_CHECK;
bool journal_stage(
    struct journal *journal, const char *run_id, const struct stage_count *count, struct err *err) MUST_CHECK;
/* Compare-and-swap on the claim's fence; ERR_FENCED when lost. detail: dialect as JSON at validated, manifest key at
 * prepared, else empty. */
bool journal_run_state(struct journal *journal, const struct claim *claim, enum run_state from, enum run_state to,
    struct str detail, struct err *err) MUST_CHECK;
/* One more of the notes in its dialect. */
bool journal_run_note(struct journal *journal, const char *run_id, struct str note, struct err *err) MUST_CHECK;

struct journal_output {
    struct str key;  /* published name */
    struct str kind; /* "processed", "rejects-json", "rejects-csv", "rejects-reasons", "reason", "reason-csv" … */
    struct str partition; /* "date=2026-11-21", or empty */
    uint64_t rows, bytes;
    char sha256[SHA256_TEXT_SIZE];
};
bool journal_output(
    struct journal *journal, const char *run_id, const struct journal_output *output, struct err *err) MUST_CHECK;

/* The key of a run's output of a kind; empty: there is none. */
bool journal_run_output_key(struct journal *journal, const char *run_id, const char *kind, struct str *key,
    struct arena *arena, struct err *err) MUST_CHECK;

/* A cause: dataset, stage, code, column, rule and the value's shape. *cause_id: the row made or found. */
struct cause_key {
    struct str dataset;
    enum stage stage;
    enum row_code code; /* CODE_NONE with system_code set: a whole file's */
    struct str system_code;
    struct str column, rule, shape;
};
bool journal_cause(struct journal *journal, const struct cause_key *key, int64_t *cause_id, struct err *err) MUST_CHECK;
/* What one run adds to a cause. */
struct cause_count {
    int64_t cause_id;
    uint64_t rows, only_rows; /* only: rows whose sole error it is */
    uint64_t first_row;
    struct str samples; /* a JSON array of up to 5 values */
};
bool journal_run_cause(
    struct journal *journal, const char *run_id, const struct cause_count *count, struct err *err) MUST_CHECK;

/* Rejected rows in blocks: entries of REJECT_ENTRY_BYTES, little-endian u64 row_number, u64 offset of its line in the
 * reject JSONL, u32 cause_id (its first error's), u32 errors; in row order. state: a byte an entry, 0 open. */
enum { REJECT_ENTRY_BYTES = 24, REJECT_BLOCK_ROWS = 4096 };
bool journal_reject_block(struct journal *journal, const char *run_id, uint32_t block, const void *entries,
    uint32_t count, struct err *err) MUST_CHECK;

/* Lake keys of what the file's runs published and that was not taken back: processed objects, by key. */
bool journal_published(struct journal *journal, int64_t file_id, struct str **keys, size_t *count, struct arena *arena,
    struct err *err) MUST_CHECK;
/* These are removed, the claim's run is the one that took back all that was loaded of the file before, and rows that
 * were rejected then are superseded. Repeatable. */
bool journal_supersede(struct journal *journal, const struct claim *claim, const struct str *keys, size_t count,
    int64_t now, struct err *err) MUST_CHECK;

/* Ends a run: file state and run state archived (failed when vanished), the error's text kept, the lease gone. */
bool journal_run_end(struct journal *journal, const struct claim *claim, enum run_outcome outcome,
    struct str error_code, struct str error_message, int64_t now, struct err *err) MUST_CHECK;
/* Nothing comes of a request for a file that was loaded: the run failed, and the file stands as before. */
bool journal_run_kept(
    struct journal *journal, const struct claim *claim, const struct err *why, int64_t now, struct err *err) MUST_CHECK;
/* A passing fault: attempts counted (unless waiting), FAILED with backoff (10 s, 60 s), or PENDING with waiting_for set
 * for 5 s. ERR_INTERRUPTED (the process ended) is not counted, and anybody may claim the file at once. *exhausted: the
 * third attempt failed; a further claim gets it at once (file.attempts 3) and quarantines it. From publishing on
 * nothing fails any more: the run stays for journal_take_over(), in 5 s or when this process ends.
 */
bool journal_run_failed(struct journal *journal, const struct claim *claim, const struct err *why,
    struct str waiting_for, int64_t now, bool *exhausted, struct err *err) MUST_CHECK;

/* Were rows of it rejected that only the warehouse refused (stage silver)? */
bool journal_run_refused(struct journal *journal, const char *run_id, bool *refused, struct err *err) MUST_CHECK;
/* A prepared run that may have been committed elsewhere is left to journal_take_over(), in 5 s or when this process
 * ends. */
bool journal_run_left(
    struct journal *journal, const struct claim *claim, const struct err *why, int64_t now, struct err *err) MUST_CHECK;

/* Runs whose lease has expired (or whose owner is this process's dead predecessor on this host) and that are neither
 * archived nor failed: what recovery works off. The claim is taken over with a new fence. */
bool journal_take_over(struct journal *journal, struct str owner, int64_t now, int64_t lease_us, struct claim *claim,
    enum run_state *state, bool *found, struct arena *arena, struct err *err) MUST_CHECK;

/* ---- gold ---- */

/* The last run that loaded or took back something; empty: none did. */
bool journal_gold_latest(struct journal *journal, char run_id[ULID_SIZE], struct err *err) MUST_CHECK;

/* The partitions of a dataset that have processed files, or had when they were last compacted; by bytes. */
bool journal_gold_partitions(struct journal *journal, struct str dataset, struct str **partitions, size_t *count,
    struct arena *arena, struct err *err) MUST_CHECK;

/* A committed processed file that was not removed; rows of the newest delivery stand last. */
struct gold_input {
    int64_t output_id;
    struct str key;
    uint64_t rows, bytes;
    int64_t file_id, ingest_ts;
};
/* Ordered by ingest_ts, file_id, run_id. */
bool journal_gold_inputs(struct journal *journal, struct str dataset, struct str partition, struct gold_input **inputs,
    size_t *count, struct arena *arena, struct err *err) MUST_CHECK;

/* The last compaction of a partition. */
struct gold_state {
    char inputs[SHA256_TEXT_SIZE]; /* hash of its rules and of what it read */
    struct str key;                /* of the gold object */
    char sha256[SHA256_TEXT_SIZE];
    uint64_t rows;
};
bool journal_gold_read(struct journal *journal, struct str dataset, struct str partition, struct gold_state *state,
    bool *found, struct arena *arena, struct err *err) MUST_CHECK;
bool journal_gold_commit(struct journal *journal, const char *run_id, struct str partition,
    const struct gold_state *state, struct err *err) MUST_CHECK;
/* journal_output() of an object that replaces what stood under its key. */
bool journal_output_replaced(
    struct journal *journal, const char *run_id, const struct journal_output *output, struct err *err) MUST_CHECK;

/* What is published under a key, if anything. */
bool journal_output_find(struct journal *journal, struct str key, struct journal_output *output, bool *found,
    struct arena *arena, struct err *err) MUST_CHECK;

/* ---- incidents, audit ---- */

/* One open incident a subject: opening again counts it. */
bool journal_incident(struct journal *journal, struct str kind, struct str subject, struct str message, int64_t now,
    struct err *err) MUST_CHECK;
bool journal_incident_close(
    struct journal *journal, struct str kind, struct str subject, int64_t now, struct err *err) MUST_CHECK;

/* Of an event about key: *fresh false when one with this sequencer, or a later one, was seen. No sequencer: fresh. */
bool journal_event(struct journal *journal, struct str key, struct str sequencer, int64_t now, bool *fresh,
    struct err *err) MUST_CHECK;
bool journal_events_forget(struct journal *journal, int64_t before, struct err *err) MUST_CHECK;

/* Who did what: appended to the hash chain. detail: JSON text, or empty. ERR_EXISTS: this call has done it already. */
struct audit_entry {
    int64_t at;
    struct str actor, role, action, subject, detail;
    struct str from;         /* where the actor sat: an address, a key's fingerprint; or empty */
    struct str client, call; /* a call done once: its caller's ULID and its hash; or empty */
};
bool journal_audit(
    struct journal *journal, const struct audit_entry *entry, int64_t *audit_id, struct err *err) MUST_CHECK;
/* ERR_CORRUPT names the first line that is missing or altered. lines, head: how many and the last hash, to compare
 * with what was sealed into the lake (lines cut off at the end show there only). */
bool journal_audit_verify(
    struct journal *journal, uint64_t *lines, char head[SHA256_TEXT_SIZE], struct err *err) MUST_CHECK;

/* Copies the live database (sqlite3_backup). */
bool journal_backup(struct journal *journal, const char *path, struct err *err) MUST_CHECK;

#endif
