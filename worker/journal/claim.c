#include "worker/journal/internal.h"

enum { FIRST_ATTEMPT = 1 };

/* A key's deliveries are taken in the order they came until the earlier one's bytes are known: else A, B, A could look
 * like A, A. */
#define WAITS                                                                                             \
    "f.state IN ('PENDING', 'FAILED') AND (f.retry_at <= ?1 OR (?2 AND f.backoff_by IS NOT ?3)) "         \
    "AND NOT EXISTS (SELECT 1 FROM file e WHERE e.arrival_key = f.arrival_key AND e.file_id < f.file_id " \
    "    AND e.sha256 IS NULL AND e.state IN ('PENDING', 'PROCESSING', 'FAILED')) "                       \
    "AND NOT EXISTS (SELECT 1 FROM run r WHERE r.file_id = f.file_id AND r.lease_until IS NOT NULL) "     \
    "AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.dataset IN (f.dataset, '" HOLD_ALL "') "                \
    "    AND (h.held_until IS NULL OR h.held_until > ?1)) "                                               \
    "AND NOT EXISTS (SELECT 1 FROM redrive d WHERE d.redrive_id = f.redrive_id "                          \
    "    AND (d.paused_at IS NOT NULL OR (" PACE_HOLDS("?1") "))) "

static bool find_waiting(struct journal *journal, struct str owner, int64_t now, bool ignore_backoff, struct str only,
    struct claim *claim, bool *found, struct arena *arena, struct err *err)
{
    static const char oldest[] = "SELECT " FILE_COLUMNS " FROM file f INDEXED BY file_waiting WHERE " WAITS
                                 "ORDER BY f.arrived_at, f.file_id LIMIT 1";
    static const char named[] = "SELECT " FILE_COLUMNS " FROM file f INDEXED BY file_by_key WHERE " WAITS
                                "AND f.arrival_key = ?4 ORDER BY f.file_id LIMIT 1";
    struct query query;
    query_open(&query, journal, only.n ? named : oldest, err);
    query_int(&query, now);
    query_int(&query, ignore_backoff);
    query_str(&query, owner);
    if (only.n)
        query_str(&query, only);
    *found = query_step(&query) == STEP_ROW;
    if (*found)
        file_from_row(&query, 0, arena, &claim->file);
    return query_run(&query);
}

static bool insert_run(struct journal *journal, struct claim *claim, struct str kind, struct str partition,
    struct str owner, int64_t now, int64_t lease_us, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO run (run_id, kind, dataset, partition, file_id, state, attempt, fence, owner, lease_until, "
        "heartbeat_at, started_at) VALUES (?1, ?2, ?3, ?4, nullif(?5, 0), 'claimed', ?6, ?7, ?8, ?9, ?10, ?10)",
        err);
    query_str(&query, str_of(claim->run_id));
    query_str(&query, kind);
    query_str(&query, claim->file.dataset);
    query_str(&query, partition);
    query_int(&query, claim->file.file_id);
    query_int(&query, claim->file.attempts + FIRST_ATTEMPT);
    query_int(&query, claim->fence);
    query_str(&query, owner);
    query_int(&query, now + lease_us);
    query_int(&query, now);
    return query_run(&query);
}

static bool take_file(struct journal *journal, const struct claim *claim, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE file SET state = 'PROCESSING', waiting_for = NULL, fence = ?2, job_run_id = ?3 WHERE file_id = ?1",
        err);
    query_int(&query, claim->file.file_id);
    query_int(&query, claim->fence);
    query_str(&query, str_of(claim->run_id));
    return query_run(&query);
}

bool journal_claim(struct journal *journal, struct str owner, int64_t now, int64_t lease_us, bool ignore_backoff,
    struct str only, struct claim *claim, bool *found, struct arena *arena, struct err *err)
{
    *claim = (struct claim){0};
    if (!unit_begin(journal, err))
        return false;
    bool ok = find_waiting(journal, owner, now, ignore_backoff, only, claim, found, arena, err);
    if (ok && *found) {
        claim->fence = ++claim->file.fence;
        claim->file.state = FILE_PROCESSING;
        ulid_new(claim->run_id);
        struct str kind = claim->file.redrive_id.n ? STR("redrive") : STR("file");
        ok = insert_run(journal, claim, kind, STR(""), owner, now, lease_us, err) && take_file(journal, claim, err) &&
             redrive_taken(journal, claim, now, err);
    }
    return unit_end(journal, ok, err);
}

static bool is_busy(struct journal *journal, struct str kind, struct str dataset, struct str partition, int64_t now,
    bool *busy, struct err *err)
{
    struct query query;
    int64_t one;
    query_open(&query, journal,
        "SELECT 1 FROM run INDEXED BY run_leased WHERE lease_until IS NOT NULL AND kind = ? AND dataset = ? "
        "AND partition = ? UNION ALL SELECT 1 FROM hold WHERE dataset = '" HOLD_ALL "' "
        "AND (held_until IS NULL OR held_until > ?) LIMIT 1",
        err);
    query_str(&query, kind);
    query_str(&query, dataset);
    query_str(&query, partition);
    query_int(&query, now);
    return query_run_int(&query, &one, busy);
}

bool journal_run_begin(struct journal *journal, struct str kind, struct str dataset, struct str partition,
    struct str owner, int64_t now, int64_t lease_us, struct claim *claim, bool *taken, struct err *err)
{
    bool busy = false;
    *claim = (struct claim){.fence = 1, .file.dataset = dataset};
    *taken = false;
    if (!unit_begin(journal, err))
        return false;
    bool ok = is_busy(journal, kind, dataset, partition, now, &busy, err);
    if (ok && !busy) {
        ulid_new(claim->run_id);
        ok = insert_run(journal, claim, kind, partition, owner, now, lease_us, err);
        *taken = true;
    }
    return unit_end(journal, ok, err);
}

bool claim_check(struct journal *journal, const struct claim *claim, enum run_state *state, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT r.state FROM run r LEFT JOIN file f USING (file_id) WHERE r.run_id = ?1 AND r.fence = ?2 "
        "AND r.lease_until IS NOT NULL AND (r.file_id IS NULL OR f.fence = ?2)",
        err);
    query_str(&query, str_of(claim->run_id));
    query_int(&query, claim->fence);
    enum step step = query_step(&query);
    if (step == STEP_ROW)
        *state = run_state_of(query_column(&query, 0));
    bool ok = query_run(&query);
    if (ok && step == STEP_DONE)
        return ERR(
            err, ERR_FENCED, "run %s is no longer ours: it ended, or another process took it over", claim->run_id);
    return ok;
}

bool journal_heartbeat(
    struct journal *journal, const struct claim *claim, int64_t now, int64_t lease_us, struct err *err)
{
    enum run_state state;
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &state, err);
    if (ok) {
        query_open(&query, journal, "UPDATE run SET heartbeat_at = ?2, lease_until = ?3 WHERE run_id = ?1", err);
        query_str(&query, str_of(claim->run_id));
        query_int(&query, now);
        query_int(&query, now + lease_us);
        ok = query_run(&query);
    }
    return unit_end(journal, ok, err);
}

/* sql: file_id ?1, the place ?2. */
static bool place(struct journal *journal, const struct claim *claim, struct str to, const char *sql, struct err *err)
{
    enum run_state state;
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &state, err);
    if (ok) {
        query_open(&query, journal, sql, err);
        query_int(&query, claim->file.file_id);
        query_str(&query, to);
        ok = query_run(&query);
    }
    return unit_end(journal, ok, err);
}

bool journal_file_moving(struct journal *journal, const struct claim *claim, struct str to, struct err *err)
{
    return place(journal, claim, to, "UPDATE file SET moving_to = ?2 WHERE file_id = ?1", err);
}

bool journal_file_moved(struct journal *journal, const struct claim *claim, struct str to, struct err *err)
{
    return place(journal, claim, to, "UPDATE file SET location = ?2, moving_to = NULL WHERE file_id = ?1", err);
}
