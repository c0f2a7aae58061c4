#include "worker/journal/internal.h"

/*
 * Which delivery holds the same bytes already? The first that was hashed wins, whatever the order of arrival, so two
 * that are read at once are not both loaded; and what points to us is no reason for us to step back, or neither would
 * be. A file that was quarantined, discarded or withdrawn delivered nothing: its bytes are welcome again.
 */
#define DELIVERS "o.state NOT IN ('QUARANTINED', 'DISCARDED', 'WITHDRAWN')"

/* The neighbours under the same key, an older one and a newer one; ?1 file_id. Not "any": A, B, A is a new arrival. */
static const char same_key[] =
    "WITH me AS (SELECT file_id, arrival_key, sha256, size FROM file WHERE file_id = ?1), "
    "near AS (SELECT max(f.file_id) AS file_id FROM file f, me WHERE f.arrival_key = me.arrival_key "
    "         AND f.file_id < me.file_id AND f.sha256 IS NOT NULL "
    "   UNION ALL SELECT min(f.file_id) FROM file f, me WHERE f.arrival_key = me.arrival_key "
    "         AND f.file_id > me.file_id AND f.sha256 IS NOT NULL) "
    "SELECT o.file_id FROM me, near JOIN file n ON n.file_id = near.file_id "
    "  JOIN file o ON o.file_id = coalesce(n.duplicate_of, n.file_id) "
    " WHERE n.sha256 = me.sha256 AND n.size = me.size AND n.state NOT IN ('QUARANTINED', 'DISCARDED', 'WITHDRAWN') "
    "   AND o.file_id <> me.file_id AND " DELIVERS " ORDER BY near.file_id LIMIT 1";

static const char other_key[] =
    "SELECT o.file_id FROM file me JOIN file o INDEXED BY file_by_bytes ON o.sha256 = me.sha256 AND o.dataset = "
    "me.dataset "
    " WHERE me.file_id = ?1 AND o.file_id <> ?1 AND o.arrival_key <> me.arrival_key AND o.size = me.size "
    "   AND o.duplicate_of IS NULL AND o.state <> 'DUPLICATE' AND " DELIVERS " ORDER BY o.file_id LIMIT 1";

static bool find(struct journal *journal, const char *sql, int64_t file_id, int64_t *other, struct err *err)
{
    struct query query;
    bool found;
    query_open(&query, journal, sql, err);
    query_int(&query, file_id);
    return query_run_int(&query, other, &found);
}

static bool set_hash(
    struct journal *journal, int64_t file_id, const char *sha256, uint64_t size, int64_t duplicate_of, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE file SET sha256 = ?2, size = ?3, duplicate_of = nullif(?4, 0) WHERE file_id = ?1", err);
    query_int(&query, file_id);
    query_cstr(&query, sha256);
    query_count(&query, size);
    query_int(&query, duplicate_of);
    return query_run(&query);
}

bool journal_file_hashed(struct journal *journal, const struct claim *claim, const char *sha256, uint64_t size,
    bool any_key, int64_t *duplicate_of, struct err *err)
{
    int64_t file_id = claim->file.file_id;
    enum run_state state;
    *duplicate_of = 0;
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &state, err) && set_hash(journal, file_id, sha256, size, 0, err) &&
              find(journal, same_key, file_id, duplicate_of, err);
    if (ok && any_key && !*duplicate_of)
        ok = find(journal, other_key, file_id, duplicate_of, err);
    if (ok && *duplicate_of)
        ok = set_hash(journal, file_id, sha256, size, *duplicate_of, err);
    return unit_end(journal, ok, err);
}

bool journal_file_alone(struct journal *journal, const struct claim *claim, uint64_t size, bool *alone, struct err *err)
{
    struct query query;
    int64_t count = 0;
    bool found;
    query_open(&query, journal, "SELECT count(*) FROM file WHERE size = ?1 AND file_id <> ?2", err);
    query_count(&query, size);
    query_int(&query, claim->file.file_id);
    bool ok = query_run_int(&query, &count, &found);
    *alone = !count;
    return ok;
}
