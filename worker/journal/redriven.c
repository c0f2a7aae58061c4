/* The runs of a request's files: when the first begins, and what the last one makes of it. */
#include "worker/journal/internal.h"
#include "worker/journal/telling.h"

static bool end_one(
    struct journal *journal, const struct claim *claim, struct str outcome, struct str message, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE redrive_file SET outcome_run_id = ?3, outcome = ?4, message = ?5 WHERE redrive_id = ?1 AND file_id = "
        "?2",
        err);
    query_str(&query, claim->file.redrive_id);
    query_int(&query, claim->file.file_id);
    query_cstr(&query, claim->run_id);
    query_str(&query, outcome);
    query_str_or_null(&query, message);
    return query_run(&query);
}

bool redrive_taken(struct journal *journal, const struct claim *claim, int64_t now, struct err *err)
{
    struct query query;
    if (!claim->file.redrive_id.n)
        return true;
    query_open(&query, journal,
        "UPDATE redrive SET state = 'running', next_at = iif(spacing, ?2 + spacing, 0) WHERE redrive_id = ?1 "
        "AND (state = 'approved' OR (state = 'running' AND spacing))",
        err);
    query_str(&query, claim->file.redrive_id);
    query_int(&query, now);
    return query_run(&query);
}

bool redrive_ended(struct journal *journal, const struct claim *claim, struct str outcome, struct str message,
    int64_t now, struct err *err)
{
    static const struct row_choice all = {0};
    uint64_t moved;
    struct telling detail;
    struct query query;
    if (!claim->file.redrive_id.n)
        return true;
    if (!end_one(journal, claim, outcome, message, err))
        return false;
    if (claim->file.rows_of.n && !str_eq(outcome, STR("loaded")) &&
        !rows_move(journal, claim->file.rows_of.p, &all, ROW_REQUESTED, ROW_OPEN, &moved, err))
        return false;
    query_open(&query, journal,
        "UPDATE redrive SET state = CASE "
        "WHEN EXISTS (SELECT 1 FROM redrive_file WHERE redrive_id = ?1 AND outcome = 'void') THEN 'void' "
        "WHEN EXISTS (SELECT 1 FROM redrive_file WHERE redrive_id = ?1 AND outcome NOT IN ('loaded', 'duplicate', "
        "'withdrawn')) THEN 'failed' ELSE 'done' END WHERE redrive_id = ?1 AND state IN ('approved', 'running') "
        "AND NOT EXISTS (SELECT 1 FROM redrive_file "
        "WHERE redrive_id = ?1 AND outcome IS NULL)",
        err);
    query_str(&query, claim->file.redrive_id);
    if (!query_run(&query))
        return false;
    query_open(&query, journal, "UPDATE file SET redrive_id = NULL WHERE file_id = ?1", err);
    query_int(&query, claim->file.file_id);
    if (!query_run(&query))
        return false;
    telling_begin(&detail);
    jsonw_put_string(&detail.json, "file", claim->file.arrival_key);
    jsonw_put_cstring(&detail.json, "run", claim->run_id);
    jsonw_put_string(&detail.json, "outcome", outcome);
    return telling_end(&detail, journal, "redrive-outcome", claim->file.redrive_id, &redrive_worker, now, err);
}
