/* The log: taking the lake's line, reading what others added, adding a change. */
#include "worker/fleet/member.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/log.h"
#include "worker/journal/replica.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST_SQL = 8 * 1024, BATCH = 256, BATCH_BYTES = 8 * 1024 * 1024 };
/* What a change that may have been made is asked after for, at the least. */
#define SETTLE_US INT64_C(30000000)

/* A worker that stands still with the line in its hands, as a stopped one does, loses it by the last of these. */
#define BEGIN_SQL                                                                                                  \
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '60s'; "    \
    "SET LOCAL statement_timeout = '120s'; SET LOCAL standard_conforming_strings = on; SET LOCAL IntervalStyle = " \
    "'postgres'; SET LOCAL search_path = pg_catalog; SET LOCAL idle_in_transaction_session_timeout = '20s'; "

/* ---- reading ---- */

static void write_look(struct buf *sql, const struct member *member, bool lock, int64_t position)
{
    const char *lake_id = member->fleet->lake_id;
    buf_printf(sql,
        "%sSELECT log_id, head, tail, snapshot, generation, bytes, version, "
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM sluice.lake WHERE lake_id = '%s'%s; ",
        lock ? BEGIN_SQL : "", lake_id, lock ? " FOR UPDATE" : "");
    buf_printf(sql,
        "SELECT seq, encode(changeset, 'hex') FROM (SELECT seq, changeset, sum(length(changeset)) OVER (ORDER BY seq) "
        "- "
        "length(changeset) AS before FROM sluice.change WHERE lake_id = '%s' AND seq > %lld ORDER BY seq LIMIT %d) c "
        "WHERE before < %d ORDER BY seq",
        lake_id, (long long)position, (int)BATCH, (int)BATCH_BYTES);
}

static void read_row(const struct pg_result *result, struct lake_row *row)
{
    *row = (struct lake_row){.found = pg_rows(result) > 0};
    if (!row->found)
        return;
    snprintf(row->log_id, sizeof row->log_id, STR_FMT, STR_ARG(pg_value(result, 0, 0)));
    row->head = (int64_t)pg_number(result, 0, 1);
    row->tail = (int64_t)pg_number(result, 0, 2);
    row->snapshot = (int64_t)pg_number(result, 0, 3);
    row->generation = (int64_t)pg_number(result, 0, 4);
    row->bytes = (int64_t)pg_number(result, 0, 5);
    row->version = (int)pg_number(result, 0, 6);
    clock_follow((int64_t)pg_number(result, 0, 7));
}

bool log_look(struct member *member, bool lock, int64_t position, struct lake_row *row, struct pg_result **changes,
    struct err *err)
{
    struct pg_result *results[2] = {0};
    struct buf sql;
    int count = 0;
    *changes = NULL;
    if (!fault_pass("fleet-look", NULL, err)) {
        err->code = FLEET_ERROR;
        return false;
    }
    if (!pg_connect(member->pg, err))
        return false;
    member->waited_from = clock_monotonic();
    buf_init(&sql, LIST_SQL);
    write_look(&sql, member, lock, position);
    bool ok = buf_ok(&sql, "a statement", err) && pg_script(member->pg, sql.p, results, 2, &count, err);
    ok = ok && (count == 2 || ERR(err, ERR_BUG, "the coordinator gave %d results", count));
    buf_dispose(&sql);
    if (ok) {
        read_row(results[0], row);
        *changes = results[1];
    } else
        pg_result_free(count > 1 ? results[1] : NULL);
    pg_result_free(count > 0 ? results[0] : NULL);
    if (!ok)
        pg_rollback(member->pg);
    return ok;
}

bool log_check(struct member *member, const struct lake_row *row, const struct replica *replica, struct err *err)
{
    const char *path = journal_path(member->journal);
    if (!row->found) {
        err_set(err, ERR_CONFIG, FLEET_ERROR, __FILE__, __LINE__, "the coordinator has no log of the lake %s",
            member->fleet->lake_id);
        return err_hint(
            err, "Was its database lost? 'sluiced journal leave' on the worker that is furthest, then start it.");
    }
    if (row->version > replica_newest()) {
        err_set(err, ERR_CONFIG, FLEET_ERROR, __FILE__, __LINE__,
            "the fleet's journal has version %d, this program knows up to %d", row->version, replica_newest());
        return err_hint(err, "Upgrade this worker: a newer sluice works in this fleet already.");
    }
    if (strcmp(row->log_id, replica->log_id) != 0 || replica->position > row->head) {
        err_set(err, ERR_CORRUPT, FLEET_ERROR, __FILE__, __LINE__, "the replica %s is not of this fleet%s", path,
            strcmp(row->log_id, replica->log_id) != 0 ? "" : ", which is behind it: was its database put back?");
        return err_hint(err, "Move the journal away, and it is fetched anew.");
    }
    return true;
}

static bool unpack(const struct pg_result *result, int from, struct buf *bytes, size_t *ends, struct err *err)
{
    for (int i = from; i < pg_rows(result); i++) {
        if (!wire_unpack(pg_value(result, i, 1), bytes, err))
            return false;
        ends[i] = bytes->n;
    }
    return true;
}

static bool apply(struct member *member, const struct pg_result *result, struct err *err)
{
    size_t ends[BATCH] = {0};
    struct replica_change list[BATCH];
    struct buf bytes;
    int count = pg_rows(result);
    buf_init(&bytes, FLEET_MAX_SQL);
    bool ok = unpack(result, 0, &bytes, ends, err) && buf_ok(&bytes, "a change", err);
    for (int i = 0; ok && i < count; i++) {
        size_t begin = i ? ends[i - 1] : 0;
        list[i] =
            (struct replica_change){(int64_t)pg_number(result, i, 0), (struct str){bytes.p + begin, ends[i] - begin}};
    }
    ok = ok && replica_apply(member->journal, list, (size_t)count, err);
    buf_dispose(&bytes);
    return ok;
}

/* *behind: there is more, or it is in the snapshot alone; look again. */
static bool catch_up(struct member *member, const struct lake_row *row, const struct replica *replica,
    const struct pg_result *changes, bool *behind, struct err *err)
{
    int count = pg_rows(changes);
    *behind = false;
    if (replica->position >= row->head)
        return true;
    int64_t first = count ? (int64_t)pg_number(changes, 0, 0) : 0;
    int64_t last = count ? (int64_t)pg_number(changes, count - 1, 0) : 0;
    if (first != replica->position + 1) {
        *behind = true;
        return true; /* what is missing is in the snapshot */
    }
    *behind = last < row->head;
    return apply(member, changes, err);
}

/* One look, without the line. */
static bool follow_once(struct member *member, bool *more, struct err *err)
{
    struct replica replica;
    struct lake_row row;
    struct pg_result *changes;
    *more = false;
    if (!replica_read(member->journal, &replica, err) ||
        !log_look(member, false, replica.position, &row, &changes, err))
        return false;
    wait_over(member, replica.lost_at);
    bool gap =
        replica.position < row.head && (!pg_rows(changes) || (int64_t)pg_number(changes, 0, 0) != replica.position + 1);
    bool ok = log_check(member, &row, &replica, err);
    if (ok && gap)
        ok = (*more = true) && snapshot_fetch(member, err);
    else if (ok)
        ok = catch_up(member, &row, &replica, changes, more, err);
    pg_result_free(changes);
    return ok;
}

bool log_follow(struct member *member, struct err *err)
{
    bool more = true;
    while (more)
        if (!follow_once(member, &more, err))
            return false;
    return true;
}

/* ---- a transaction ---- */

/* The line is ours, and all that was done before is here. *again: it was not, and more is to be read first. */
static bool enter(struct member *member, bool *again, struct err *err)
{
    struct replica replica;
    struct lake_row row;
    struct pg_result *changes;
    *again = false;
    if (!replica_read(member->journal, &replica, err) || !log_look(member, true, replica.position, &row, &changes, err))
        return false;
    wait_over(member, replica.lost_at);
    bool begun = false;
    bool ok = log_check(member, &row, &replica, err) && catch_up(member, &row, &replica, changes, again, err);
    pg_result_free(changes);
    if (ok && !*again) {
        ok = replica_begin(member->journal, row.head, &begun, err);
        *again = ok && !begun;
    }
    member->head = row.head;
    member->since_snapshot = row.head - row.snapshot;
    member->bytes = row.bytes;
    if (!begun)
        pg_rollback(member->pg);
    return ok;
}

bool log_transaction(struct member *member, struct err *err)
{
    if (!pg_begin(member->pg, STR(""), err))
        return false;
    if (pg_run(member->pg, "SET LOCAL synchronous_commit = on", err))
        return true;
    pg_rollback(member->pg);
    return false;
}

bool log_begin(struct member *member, struct err *err)
{
    bool again = true;
    while (again) {
        if (enter(member, &again, err)) {
            if (again && !log_follow(member, err) && !wait_again(member, member->fleet->options.patience_us, err))
                return false;
        } else if (wait_again(member, member->fleet->options.patience_us, err))
            again = true;
        else
            return false;
    }
    return true;
}

void log_rollback(struct member *member)
{
    replica_rollback(member->journal);
    pg_rollback(member->pg);
}

static bool write_change(
    struct member *member, const char *change_id, struct str changeset, struct buf *sql, struct err *err)
{
    const char *lake_id = member->fleet->lake_id;
    struct buf origin;
    buf_init(&origin, LIST_SQL);
    bool ok = journal_owner(&origin, err);
    buf_printf(sql, "INSERT INTO sluice.change (lake_id, seq, change_id, origin, changeset) VALUES ('%s', %lld, '%s', ",
        lake_id, (long long)member->head + 1, change_id);
    pg_literal(sql, buf_str(&origin));
    buf_add_cstr(sql, ", ");
    ok = ok && wire_pack(sql, changeset, err);
    buf_printf(sql, "); UPDATE sluice.lake SET head = %lld, bytes = bytes + %zu WHERE lake_id = '%s';\n",
        (long long)member->head + 1, changeset.n, lake_id);
    buf_dispose(&origin);
    ok = ok && mirror_changes(member->mirror, changeset, sql, err);
    buf_add_cstr(sql, "COMMIT");
    return ok && buf_ok(sql, "a change", err);
}

enum fate { COMMITTED, REFUSED, UNSURE };

static enum fate send_change(struct member *member, const char *sql, struct err *err)
{
    /* as a connection that breaks before the server hears of it, and one that breaks before we hear of the server */
    if (!fault_pass("fleet-send", NULL, err)) {
        pg_disconnect(member->pg);
        return UNSURE;
    }
    if (!pg_run(member->pg, sql, err)) {
        bool unsure = !pg_state(member->pg)[0];
        pg_rollback(member->pg);
        return unsure ? UNSURE : REFUSED;
    }
    if (fault_pass("fleet-answer", NULL, err))
        return COMMITTED;
    pg_disconnect(member->pg);
    return UNSURE;
}

/* The line is waited for until a transaction that was lost has ended one way or the other. */
static bool ask(struct member *member, const char *change_id, struct lake_row *row, bool *ours, struct err *err)
{
    struct pg_result *changes;
    if (!log_look(member, true, member->head, row, &changes, err))
        return false;
    pg_result_free(changes);
    wait_over(member, 0);
    const char *values[] = {member->fleet->lake_id, change_id};
    struct pg_result *found =
        pg_query(member->pg, "SELECT FROM sluice.change WHERE lake_id = $1 AND change_id = $2", values, 2, err);
    if (!found) {
        pg_rollback(member->pg);
        return false;
    }
    *ours = pg_rows(found) > 0;
    pg_result_free(found);
    return true;
}

/* Nobody knows whether it was made, until the server says so. While nobody else came, it is made once more. */
static enum fate settle(struct member *member, const char *change_id, const char *sql, struct err *err)
{
    int64_t patience = member->fleet->options.patience_us;
    log_event(LOG_WARN, "commit-unsure", "change", change_id, NULL);
    for (;;) {
        struct lake_row row;
        bool ours;
        if (!ask(member, change_id, &row, &ours, err)) {
            if (!wait_again(member, patience > SETTLE_US ? patience : SETTLE_US, err))
                return UNSURE;
            continue;
        }
        if (!ours && row.found && row.head == member->head) {
            enum fate fate = send_change(member, sql, err);
            if (fate != UNSURE)
                return fate;
            continue;
        }
        pg_rollback(member->pg);
        log_event(LOG_INFO, "commit-settled", "change", change_id, "made", ours ? "yes" : "no", NULL);
        if (!ours)
            err_set(err, ERR_UNAVAILABLE, FLEET_ERROR, __FILE__, __LINE__,
                "the connection to the coordinator broke before the journal was written");
        return ours ? COMMITTED : REFUSED;
    }
}

/* It stands in the log. What this file cannot take now it is told like anybody's. */
static void keep(struct member *member)
{
    struct err why;
    fault_here("fleet-committed");
    if (!replica_commit(member->journal, member->head + 1, &why))
        log_err(LOG_WARN, "replica-behind", &why);
}

static bool commit_change(struct member *member, struct str changeset, struct err *err)
{
    char change_id[ULID_SIZE];
    struct buf sql;
    ulid_new(change_id);
    buf_init(&sql, FLEET_MAX_SQL);
    bool ok = write_change(member, change_id, changeset, &sql, err);
    enum fate fate = ok ? send_change(member, sql.p, err) : REFUSED;
    if (fate == UNSURE)
        fate = settle(member, change_id, sql.p, err);
    buf_dispose(&sql);
    if (fate == COMMITTED)
        keep(member);
    else
        log_rollback(member);
    return fate == COMMITTED;
}

bool log_commit(struct member *member, struct err *err)
{
    struct str changeset;
    if (!replica_recorded(member->journal, &changeset, err)) {
        log_rollback(member);
        return false;
    }
    if (!changeset.n) {
        log_rollback(member);
        return true;
    }
    if (!commit_change(member, changeset, err))
        return false;
    snapshot_renew(member);
    return true;
}
