/* What becomes of a request: approved, declined, cancelled, expired, void; and quarantined files closed for good. */
#include "worker/journal/internal.h"
#include "worker/journal/telling.h"

const struct decider redrive_worker = {.name = STR("worker"), .role = STR("worker"), .from = STR("")};

/* Compare-and-swap from requested; what is only stopped may be under way. */
static bool decide(struct journal *journal, const struct redrive *redrive, const char *state, struct str message,
    const struct decider *by, int64_t now, struct err *err)
{
    struct query query;
    int changed = 0;
    query_open(&query, journal,
        "UPDATE redrive SET state = ?2, message = ?3, decided_by = ?4, decided_at = ?5 "
        "WHERE redrive_id = ?1 AND (state = 'requested' OR (?2 IN ('declined', 'cancelled') AND state IN ('approved', "
        "'running')))",
        err);
    query_cstr(&query, redrive->redrive_id);
    query_cstr(&query, state);
    query_str_or_null(&query, message);
    query_str(&query, by->name);
    query_int(&query, now);
    return query_run_changed(&query, &changed) &&
           (changed || ERR(err, ERR_EXISTS, "request %s is decided already", redrive->redrive_id));
}

static bool queue_file(
    struct journal *journal, const struct redrive *redrive, const struct redrive_file *file, struct err *err)
{
    struct query query;
    int changed = 0;
    query_open(&query, journal,
        "UPDATE file SET state = 'PENDING', redrive_id = ?2, attempts = 0, retry_at = 0, backoff_by = NULL, "
        "waiting_for = NULL WHERE file_id = ?1 AND state = ?4 AND job_run_id = ?3",
        err);
    query_int(&query, file->file_id);
    query_cstr(&query, redrive->redrive_id);
    query_cstr(&query, file->former_run_id);
    query_cstr(&query, file_state_name(file->from_state));
    return query_run_changed(&query, &changed) && (changed || redrive_moved_on(file, err));
}

/* Nobody has approved it for this file, nor will. */
static bool is_only_asked(
    struct journal *journal, const struct redrive *redrive, int64_t file_id, bool *is, struct err *err)
{
    struct query query;
    int64_t one;
    query_open(&query, journal,
        "SELECT 1 FROM redrive_file x JOIN file f USING (file_id) WHERE x.redrive_id = ?1 AND x.file_id = ?2 "
        "AND x.outcome IS NULL AND f.redrive_id IS NOT ?1",
        err);
    query_cstr(&query, redrive->redrive_id);
    query_int(&query, file_id);
    return query_run_int(&query, &one, is);
}

/* Files that wait for it and that nobody has begun with. */
static bool call_back(struct journal *journal, const struct redrive *redrive, const char *outcome, struct err *err)
{
    struct query query;
    bool ok = true;
    for (size_t i = 0; ok && i < redrive->file_count; i++) {
        int waits = 0;
        bool asked = false;
        ok = is_only_asked(journal, redrive, redrive->files[i].file_id, &asked, err) &&
             (!asked || redrive_release_rows(journal, redrive, &redrive->files[i], err));
        if (!ok)
            break;
        query_open(&query, journal,
            "UPDATE redrive_file SET outcome = ?3 WHERE redrive_id = ?1 AND file_id = ?2 AND outcome IS NULL "
            "AND EXISTS (SELECT 1 FROM file f WHERE f.file_id = ?2 AND f.redrive_id = ?1 AND f.state IN ('PENDING', "
            "'FAILED')) AND NOT EXISTS (SELECT 1 FROM run r WHERE r.file_id = ?2 AND r.lease_until IS NOT NULL)",
            err);
        query_cstr(&query, redrive->redrive_id);
        query_int(&query, redrive->files[i].file_id);
        query_cstr(&query, outcome);
        ok = query_run_changed(&query, &waits) &&
             (!waits || (file_as_before(journal, redrive->files[i].file_id, str_of(redrive->redrive_id), err) &&
                            redrive_release_rows(journal, redrive, &redrive->files[i], err)));
    }
    return ok;
}

bool journal_redrive_close(struct journal *journal, const struct redrive *redrive, const char *state,
    struct str message, const struct decider *by, int64_t now, struct err *err)
{
    struct telling detail;
    struct decider closer = *by;
    bool asked = strcmp(state, "declined") == 0 || strcmp(state, "cancelled") == 0;
    if (!asked) /* that is not what the call was to do */
        closer.client = STR("");
    if (!unit_begin(journal, err))
        return false;
    telling_begin(&detail);
    jsonw_put_string(&detail.json, "message", message);
    bool ok = redrive_tell(journal, &detail, redrive, state, &closer, now, err) &&
              decide(journal, redrive, state, message, by, now, err) && call_back(journal, redrive, state, err);
    return unit_end(journal, ok, err);
}

static bool expire(
    struct journal *journal, const struct redrive *redrive, const struct decider *by, int64_t now, struct err *err)
{
    return journal_redrive_close(journal, redrive, "expired", STR("nobody decided within 24 hours"), by, now, err);
}

static bool next_expired(
    struct journal *journal, int64_t now, struct redrive *redrive, bool *found, struct arena *arena, struct err *err)
{
    struct query query;
    query_open(
        &query, journal, "SELECT redrive_id FROM redrive WHERE state = 'requested' AND expires_at <= ?1 LIMIT 1", err);
    query_int(&query, now);
    *found = query_step(&query) == STEP_ROW;
    struct str id = *found ? query_column_copy(&query, 0, arena) : STR("");
    return query_run(&query) && (!*found || journal_redrive_read(journal, id, redrive, arena, err));
}

bool journal_redrive_expire(struct journal *journal, int64_t now, struct err *err)
{
    bool found = true, ok = true;
    while (ok && found) {
        struct arena *arena = arena_new(0);
        struct redrive redrive;
        ok = (arena || ERR(err, ERR_MEMORY, "no memory for a request")) &&
             next_expired(journal, now, &redrive, &found, arena, err) &&
             (!found || expire(journal, &redrive, &redrive_worker, now, err));
        arena_free(arena);
    }
    return ok;
}

bool journal_redrive_approve(
    struct journal *journal, const struct redrive *redrive, const struct decider *by, int64_t now, struct err *err)
{
    struct telling detail;
    if (now >= redrive->expires_at && str_eq(redrive->state, STR("requested")))
        return expire(journal, redrive, by, now, err) &&
               ERR(err, ERR_EXISTS, "request %s has expired: ask again", redrive->redrive_id);
    if (!unit_begin(journal, err))
        return false;
    bool ok = decide(journal, redrive, redrive->file_count ? "approved" : "done", STR(""), by, now, err);
    for (size_t i = 0; ok && i < redrive->file_count; i++)
        ok = queue_file(journal, redrive, &redrive->files[i], err);
    ok = ok && (!redrive->apply_until || standing_begin(journal, redrive, now, err));
    telling_begin(&detail);
    jsonw_put_uint(&detail.json, "files", redrive->file_count);
    jsonw_put_string(&detail.json, "requested_by", redrive->requested_by);
    jsonw_put_bool(&detail.json, "four_eyes", !str_eq(by->name, redrive->requested_by));
    bool told = redrive_tell(journal, &detail, redrive, "approved", by, now, ok ? err : &(struct err){0});
    return unit_end(journal, ok && told, err);
}

bool journal_discard(struct journal *journal, const char *run_id, struct str reason, const struct decider *by,
    int64_t now, struct err *err)
{
    struct telling detail;
    struct query query;
    int changed = 0;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "UPDATE file SET state = 'DISCARDED' WHERE job_run_id = ?1 AND state = 'QUARANTINED' AND NOT EXISTS (SELECT 1 "
        "FROM redrive_file x JOIN redrive r USING (redrive_id) WHERE x.file_id = file.file_id AND r.state IN "
        "('requested', 'approved', 'running'))",
        err);
    query_cstr(&query, run_id);
    bool ok = query_run_changed(&query, &changed);
    if (ok && !changed) {
        ok = ERR(err, ERR_EXISTS, "run %s holds no quarantined file that nobody has asked for", run_id);
        err_hint(err, "'sluice show RUN' tells the file's state; decline its request first.");
    }
    telling_begin(&detail);
    jsonw_put_string(&detail.json, "reason", reason);
    ok = ok ? telling_end(&detail, journal, "discarded", str_of(run_id), by, now, err) : (telling_drop(&detail), false);
    return unit_end(journal, ok, err);
}
