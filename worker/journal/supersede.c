/* Taking back what a file's earlier runs published, and leaving a file as it was. */
#include "worker/journal/internal.h"

/* ?1 the file, ?2 the run that takes back. */
#define EARLIER "FROM run WHERE file_id = ?1 AND run_id <> ?2 AND outcome = 'loaded' AND superseded_by IS NULL"

bool journal_published(
    struct journal *journal, int64_t file_id, struct str **keys, size_t *count, struct arena *arena, struct err *err)
{
    struct query query;
    size_t capacity = 0;
    bool ok = true;
    *keys = NULL;
    *count = 0;
    query_open(&query, journal,
        "SELECT DISTINCT o.key FROM run r JOIN run_output ro USING (run_id) JOIN output o USING (output_id) "
        "WHERE r.file_id = ?1 AND o.kind = 'processed' AND o.removed_at IS NULL ORDER BY o.key",
        err);
    query_int(&query, file_id);
    while (ok && query_step(&query) == STEP_ROW) {
        void *list = *keys;
        ok = arena_reserve(arena, &list, *count, &capacity, sizeof **keys);
        *keys = list;
        if (ok)
            (*keys)[(*count)++] = query_column_copy(&query, 0, arena);
    }
    query_close(&query);
    return ok ? query.ok : ERR(err, ERR_MEMORY, "no memory for the outputs of a file");
}

static bool mark_removed(
    struct journal *journal, const struct claim *claim, struct str key, int64_t now, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE output SET removed_at = ?3 WHERE key = ?1 AND kind = 'processed' AND removed_at IS NULL "
        "AND output_id NOT IN (SELECT output_id FROM run_output WHERE run_id = ?2)",
        err);
    query_str(&query, key);
    query_cstr(&query, claim->run_id);
    query_int(&query, now);
    return query_run(&query);
}

static bool count_closed(struct journal *journal, const struct claim *claim, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE run_cause SET superseded = rows, requested = 0, recovered = 0, rejected_again = 0, discarded = 0, "
        "returned = 0 WHERE run_id IN (SELECT run_id " EARLIER ") "
        "AND cause_id IN (SELECT cause_id FROM cause WHERE whole_file = 0)",
        err);
    query_int(&query, claim->file.file_id);
    query_cstr(&query, claim->run_id);
    return query_run(&query);
}

/* Reject files are immutable: that their rows are past, the journal alone says. char(6): state 6, a byte a row. */
static bool close_rows(struct journal *journal, const struct claim *claim, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE reject_block SET open_rows = 0, "
        "row_states = CAST(replace(hex(zeroblob(row_count)), '00', char(6)) AS BLOB) "
        "WHERE run_id IN (SELECT run_id " EARLIER ")",
        err);
    query_int(&query, claim->file.file_id);
    query_cstr(&query, claim->run_id);
    return query_run(&query) && count_closed(journal, claim, err);
}

/* Silver that was made again of them. */
static bool close_loads(struct journal *journal, const struct claim *claim, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE run_cause SET superseded = rows WHERE run_id IN (SELECT load_run_id FROM silver_again WHERE run_id IN "
        "(SELECT run_id " EARLIER "))",
        err);
    query_int(&query, claim->file.file_id);
    query_cstr(&query, claim->run_id);
    if (!query_run(&query))
        return false;
    query_open(&query, journal,
        "UPDATE run SET superseded_by = ?2 WHERE run_id IN (SELECT load_run_id FROM silver_again WHERE run_id IN "
        "(SELECT run_id " EARLIER "))",
        err);
    query_int(&query, claim->file.file_id);
    query_cstr(&query, claim->run_id);
    return query_run(&query);
}

static bool mark_superseded(struct journal *journal, const struct claim *claim, struct err *err)
{
    struct query query;
    query_open(&query, journal, "UPDATE run SET superseded_by = ?2 WHERE run_id IN (SELECT run_id " EARLIER ")", err);
    query_int(&query, claim->file.file_id);
    query_cstr(&query, claim->run_id);
    return query_run(&query);
}

bool journal_supersede(struct journal *journal, const struct claim *claim, const struct str *keys, size_t count,
    int64_t now, struct err *err)
{
    enum run_state state;
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &state, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = mark_removed(journal, claim, keys[i], now, err);
    ok = ok && close_rows(journal, claim, err) && close_loads(journal, claim, err) &&
         mark_superseded(journal, claim, err);
    return unit_end(journal, ok, err);
}

bool file_as_before(struct journal *journal, int64_t file_id, struct str redrive_id, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE file SET state = x.from_state, job_run_id = x.former_run_id, redrive_id = NULL, attempts = 0, retry_at "
        "= 0, "
        "backoff_by = NULL, waiting_for = NULL, processed_at = r.finished_at, error_code = r.error_code, "
        "error_message = r.error_message FROM redrive_file x JOIN run r ON r.run_id = x.former_run_id "
        "WHERE file.file_id = ?1 AND x.file_id = ?1 AND x.redrive_id = ?2",
        err);
    query_int(&query, file_id);
    query_str(&query, redrive_id);
    return query_run(&query);
}
