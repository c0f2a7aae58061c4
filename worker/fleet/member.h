/* One open journal's part in the fleet, with a connection of its own. */
#ifndef WORKER_FLEET_MEMBER_H
#define WORKER_FLEET_MEMBER_H

#include "worker/fleet/fleet.h"
#include "worker/fleet/mirror.h"
#include "worker/journal/replica.h"
#include "worker/pg/pg.h"

#include <stdatomic.h>

/* A snapshot is made after so many changes or bytes of them. */
enum { SNAPSHOT_CHANGES = 4096, SNAPSHOT_BYTES = 64 * 1024 * 1024, FLEET_MAX_SQL = 0x3FFFFFFF };

struct fleet {
    struct fleet_options options;
    char lake_id[ULID_SIZE];
    char *url;
    const volatile sig_atomic_t *stop;
    _Atomic int64_t lost_since; /* monotonic; 0: it is reached */
    struct journal_log log;
};

struct member {
    struct fleet *fleet;
    struct journal *journal;
    struct pg *pg;
    struct mirror *mirror;
    int64_t waited_from;           /* monotonic, of one statement that waits for a stop */
    int64_t head;                  /* the last change before the one that is begun */
    int64_t since_snapshot, bytes; /* as of then */
    int64_t next_snapshot;         /* monotonic, not before */
    bool told;                     /* this file says that the coordinator is lost */
};

/* The lake's line. */
struct lake_row {
    bool found;
    char log_id[ULID_SIZE];
    int64_t head, tail, snapshot, generation, bytes;
    int version;
};

/* ---- log.c ---- */

/* The lake's line, locked where a transaction is to begin (then it is open afterwards, unless this fails). */
bool log_look(struct member *member, bool lock, int64_t position, struct lake_row *row, struct pg_result **changes,
    struct err *err) MUST_CHECK;
/* This journal has what others did, up to now. */
bool log_follow(struct member *member, struct err *err) MUST_CHECK;
/* In place of BEGIN IMMEDIATE, COMMIT and ROLLBACK. */
bool log_begin(struct member *member, struct err *err) MUST_CHECK;
bool log_commit(struct member *member, struct err *err) MUST_CHECK;
void log_rollback(struct member *member);
/* Is this the log that the journal is of, in a version that this program knows? */
bool log_check(
    struct member *member, const struct lake_row *row, const struct replica *replica, struct err *err) MUST_CHECK;

/* A transaction that lasts once it is committed. */
bool log_transaction(struct member *member, struct err *err) MUST_CHECK;

/* ---- wait.c ---- */

/* An outage: a pause, then true to try again; false with err when nobody waits any longer. */
bool wait_again(struct member *member, int64_t patience_us, struct err *err) MUST_CHECK;
/* It answers; lost_at: what this file says still. */
void wait_over(struct member *member, int64_t lost_at);

/* ---- snapshot.c ---- */

/* Adds this journal's content as generation of the lake's snapshot, in the transaction that is open. */
bool snapshot_put(struct member *member, int64_t generation, int64_t *position, struct err *err) MUST_CHECK;
/* This journal's content becomes the snapshot's. */
bool snapshot_fetch(struct member *member, struct err *err) MUST_CHECK;
/* A new one, where it is time. */
void snapshot_renew(struct member *member);

/* ---- join.c ---- */

bool member_mirror(struct member *member, struct err *err) MUST_CHECK;
bool join_fleet(struct member *member, struct err *err) MUST_CHECK;

/* ---- wire.c: bytes in statements ---- */

/* '\x…', compressed. */
bool wire_pack(struct buf *sql, struct str bytes, struct err *err) MUST_CHECK;
/* From what encode(…, 'hex') gave. */
bool wire_unpack(struct str hex, struct buf *out, struct err *err) MUST_CHECK;

#endif
