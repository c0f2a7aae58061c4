#include "worker/journal/internal.h"

#include "shared/clock.h"

enum { ATTEMPTS = 3, SECOND = 1000000, WAIT_US = 5 * SECOND, FORWARD_US = 5 * SECOND };

/* After the first and the second fault; the last goes for any more. */
static const int64_t backoff_us[] = {10LL * SECOND, 60LL * SECOND};

#define NAME(id, name) [id] = STR(name),
static const struct str run_state_names[] = {RUN_STATES(NAME)};
#undef NAME

const struct run_transition run_transitions[] = {
    {RUN_CLAIMED, RUN_VALIDATED, "encoding, dialect and header are known"},
    {RUN_CLAIMED, RUN_PREPARED, "the file is refused as a whole: its reason is sealed"},
    {RUN_VALIDATED, RUN_PREPARED, "all outputs sealed and synced, the manifest durable"},
    {RUN_PREPARED, RUN_PUBLISHING, "the point of no return"},
    {RUN_PUBLISHING, RUN_COMMITTED, "every output stands under its name"},
    {RUN_COMMITTED, RUN_ARCHIVED, "the original is put away: done"},
    {RUN_CLAIMED, RUN_ARCHIVED, "a duplicate: nothing to publish"},
    {RUN_CLAIMED, RUN_FAILED, "rolled back"},
    {RUN_VALIDATED, RUN_FAILED, "rolled back"},
    {RUN_PREPARED, RUN_FAILED, "rolled back, what was sealed is removed"},
};
const size_t run_transition_count = sizeof run_transitions / sizeof *run_transitions;

const char *run_state_name(enum run_state state)
{
    return run_state_names[state].p;
}

enum run_state run_state_of(struct str name)
{
    int state = 0;
    while (state < RUN_STATE_COUNT && !str_eq(run_state_names[state], name))
        state++;
    return (enum run_state)state;
}

bool transition_check(enum run_state from, enum run_state to, struct err *err)
{
    for (size_t i = 0; i < run_transition_count; i++)
        if (run_transitions[i].from == from && run_transitions[i].to == to)
            return true;
    return ERR(err, ERR_BUG, "a run does not go from %s to %s", run_state_name(from), run_state_name(to));
}

bool journal_run_ruleset(struct journal *journal, const struct claim *claim, struct str hash, struct str dataset,
    struct str text, struct err *err)
{
    enum run_state state;
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &state, err);
    if (ok) {
        query_open(
            &query, journal, "INSERT INTO ruleset VALUES (?, ?, ?, ?) ON CONFLICT (ruleset_hash) DO NOTHING", err);
        query_str(&query, hash);
        query_str(&query, dataset);
        query_str(&query, text);
        query_int(&query, clock_now());
        ok = query_run(&query);
    }
    if (ok) {
        query_open(&query, journal, "UPDATE run SET ruleset_hash = ?2 WHERE run_id = ?1", err);
        query_str(&query, str_of(claim->run_id));
        query_str(&query, hash);
        ok = query_run(&query);
    }
    return unit_end(journal, ok, err);
}

bool journal_run_state(struct journal *journal, const struct claim *claim, enum run_state from, enum run_state to,
    struct str detail, struct err *err)
{
    enum run_state state;
    struct query query;
    if (to == RUN_ARCHIVED || to == RUN_FAILED)
        return ERR(err, ERR_BUG, "a run gets to %s by its end", run_state_name(to));
    if (!transition_check(from, to, err) || !unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &state, err);
    if (ok && state != from)
        ok = ERR(err, ERR_BUG, "run %s is %s, not %s", claim->run_id, run_state_name(state), run_state_name(from));
    if (ok) {
        query_open(&query, journal,
            "UPDATE run SET state = ?2, dialect = iif(?2 = 'validated', ?3, dialect), "
            "manifest_key = iif(?2 = 'prepared', ?3, manifest_key) WHERE run_id = ?1",
            err);
        query_str(&query, str_of(claim->run_id));
        query_str(&query, run_state_names[to]);
        query_str_or_null(&query, detail);
        ok = query_run(&query);
    }
    return unit_end(journal, ok, err);
}

bool journal_stage(struct journal *journal, const char *run_id, const struct stage_count *count, struct err *err)
{
    struct query query;
    uint64_t taken = count->rows_in + count->rows_expanded;
    uint64_t given =
        count->rows_out + count->rows_rejected + count->rows_duplicate + count->rows_filtered + count->rows_merged;
    if (taken != given)
        return ERR(err, ERR_BUG, "the balance sheet of stage %s of run %s does not add up: %llu in, %llu out or gone",
            stage_name(count->stage), run_id, (unsigned long long)taken, (unsigned long long)given);
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "INSERT INTO stage_count VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, stage) DO UPDATE "
        "SET rows_in = excluded.rows_in, rows_expanded = excluded.rows_expanded, rows_out = excluded.rows_out, "
        "rows_rejected = excluded.rows_rejected, rows_duplicate = excluded.rows_duplicate, "
        "rows_filtered = excluded.rows_filtered, rows_merged = excluded.rows_merged, bytes_in = excluded.bytes_in, "
        "bytes_out = excluded.bytes_out, started_at = excluded.started_at, finished_at = excluded.finished_at",
        err);
    query_cstr(&query, run_id);
    query_cstr(&query, stage_name(count->stage));
    query_count(&query, count->rows_in);
    query_count(&query, count->rows_expanded);
    query_count(&query, count->rows_out);
    query_count(&query, count->rows_rejected);
    query_count(&query, count->rows_duplicate);
    query_count(&query, count->rows_filtered);
    query_count(&query, count->rows_merged);
    query_count(&query, count->bytes_in);
    query_count(&query, count->bytes_out);
    query_int(&query, count->started_at);
    query_int(&query, count->finished_at);
    return unit_end(journal, query_run(&query), err);
}

static bool add_output(struct journal *journal, const char *run_id, const struct journal_output *output,
    int64_t *output_id, bool *found, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO output (key, kind, dataset, partition, rows, bytes, sha256) "
        "SELECT ?2, ?3, dataset, ?4, ?5, ?6, ?7 FROM run WHERE run_id = ?1 "
        "ON CONFLICT (key, sha256) DO UPDATE SET removed_at = NULL RETURNING output_id",
        err);
    query_cstr(&query, run_id);
    query_str(&query, output->key);
    query_str(&query, output->kind);
    query_str(&query, output->partition);
    query_count(&query, output->rows);
    query_count(&query, output->bytes);
    query_cstr(&query, output->sha256);
    return query_run_int(&query, output_id, found);
}

bool journal_output(struct journal *journal, const char *run_id, const struct journal_output *output, struct err *err)
{
    struct query query;
    int64_t output_id;
    bool found;
    if (!unit_begin(journal, err))
        return false;
    bool ok = add_output(journal, run_id, output, &output_id, &found, err);
    if (ok && !found)
        ok = ERR(err, ERR_BUG, "an output of run %s, which the journal does not know", run_id);
    if (ok) {
        query_open(&query, journal,
            "INSERT INTO run_output VALUES (?, ?, ?) ON CONFLICT (run_id, output_id) DO UPDATE SET rows = "
            "excluded.rows",
            err);
        query_cstr(&query, run_id);
        query_int(&query, output_id);
        query_count(&query, output->rows);
        ok = query_run(&query);
    }
    return unit_end(journal, ok, err);
}

bool journal_run_output_key(struct journal *journal, const char *run_id, const char *kind, struct str *key,
    struct arena *arena, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT o.key FROM run_output ro JOIN output o USING (output_id) WHERE ro.run_id = ?1 AND o.kind = ?2", err);
    query_cstr(&query, run_id);
    query_cstr(&query, kind);
    *key = query_step(&query) == STEP_ROW ? query_column_copy(&query, 0, arena) : STR("");
    query_close(&query);
    return query.ok;
}

/* ---- ends ---- */

static const struct {
    const char *name;
    enum run_state run_state;
    const char *file_state;
} outcomes[] = {
    [OUTCOME_LOADED] = {"loaded", RUN_ARCHIVED, "SUCCEEDED"},
    [OUTCOME_QUARANTINED] = {"quarantined", RUN_ARCHIVED, "QUARANTINED"},
    [OUTCOME_DUPLICATE] = {"duplicate", RUN_ARCHIVED, "DUPLICATE"},
    [OUTCOME_VANISHED] = {"vanished", RUN_FAILED, "DISCARDED"},
    [OUTCOME_WITHDRAWN] = {"withdrawn", RUN_ARCHIVED, "WITHDRAWN"},
};

static bool end_run(struct journal *journal, const struct claim *claim, enum run_state state, const char *outcome,
    const char *kind, struct str code, struct str message, int64_t now, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE run SET state = ?2, outcome = ?3, error_kind = ?4, error_code = ?5, error_message = ?6, "
        "finished_at = ?7, lease_until = NULL WHERE run_id = ?1",
        err);
    query_str(&query, str_of(claim->run_id));
    query_str(&query, run_state_names[state]);
    query_cstr(&query, outcome);
    query_cstr(&query, kind);
    query_str_or_null(&query, code);
    query_str_or_null(&query, message);
    query_int(&query, now);
    return query_run(&query);
}

static bool end_file(struct journal *journal, const struct claim *claim, enum run_outcome outcome, struct str code,
    struct str message, int64_t now, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE file SET state = ?2, version = iif(?6, '', version), processed_at = ?3, error_code = ?4, "
        "error_message = ?5, backoff_by = NULL, retry_at = 0, job_run_id = iif(?7, (SELECT x.run_id FROM redrive_file "
        "x WHERE x.redrive_id = file.redrive_id AND x.file_id = ?1), job_run_id) WHERE file_id = ?1",
        err);
    query_int(&query, claim->file.file_id);
    query_cstr(&query, outcomes[outcome].file_state);
    query_int(&query, now);
    query_str_or_null(&query, code);
    query_str_or_null(&query, message);
    /* What comes under this key next is new, even an S3 object with the same ETag. */
    query_int(&query, outcome == OUTCOME_VANISHED);
    /* The run to read again is the one that read it, not the one that took it back. */
    query_int(&query, outcome == OUTCOME_WITHDRAWN);
    return query_run(&query);
}

static bool check_end(enum run_state from, enum run_outcome outcome, struct err *err)
{
    if (from == RUN_CLAIMED && outcome != OUTCOME_DUPLICATE && outcome != OUTCOME_VANISHED)
        return ERR(err, ERR_BUG, "a run that is only claimed can't end %s", outcomes[outcome].name);
    return transition_check(from, outcomes[outcome].run_state, err);
}

bool journal_run_end(struct journal *journal, const struct claim *claim, enum run_outcome outcome,
    struct str error_code, struct str error_message, int64_t now, struct err *err)
{
    enum run_state from;
    bool is_void = str_eq(error_code, STR("redrive-void"));
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &from, err) && check_end(from, outcome, err) &&
              end_run(journal, claim, outcomes[outcome].run_state, outcomes[outcome].name, NULL, error_code,
                  error_message, now, err);
    /* Rows that came later change nothing in what the file is and who loaded it. */
    bool as_before = claim->file.rows_of.n && outcome == OUTCOME_LOADED;
    if (ok && claim->file.file_id)
        ok = (as_before ? file_as_before(journal, claim->file.file_id, claim->file.redrive_id, err)
                        : end_file(journal, claim, outcome, error_code, error_message, now, err)) &&
             redrive_ended(
                 journal, claim, is_void ? STR("void") : str_of(outcomes[outcome].name), error_message, now, err);
    return unit_end(journal, ok, err);
}

bool journal_run_kept(
    struct journal *journal, const struct claim *claim, const struct err *why, int64_t now, struct err *err)
{
    enum run_state from;
    struct str code = str_of(why->code), message = str_of(why->message);
    struct str outcome = str_eq(code, STR("redrive-void")) ? STR("void") : STR("kept");
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &from, err) && transition_check(from, RUN_FAILED, err) &&
              end_run(journal, claim, RUN_FAILED, NULL, err_kind_name(why->kind), code, message, now, err) &&
              file_as_before(journal, claim->file.file_id, claim->file.redrive_id, err) &&
              redrive_ended(journal, claim, outcome, message, now, err);
    return unit_end(journal, ok, err);
}

bool journal_run_note(struct journal *journal, const char *run_id, struct str note, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "UPDATE run SET dialect = json_insert(dialect, '$.notes[#]', ?2) WHERE run_id = ?1 AND dialect IS NOT NULL",
        err);
    query_str(&query, str_of(run_id));
    query_str(&query, note);
    return unit_end(journal, query_run(&query), err);
}

/* ---- passing faults ---- */

static int64_t retry_time(int attempts, bool waiting, bool interrupted, int64_t now)
{
    size_t last = sizeof backoff_us / sizeof *backoff_us - 1;
    if (waiting)
        return now + WAIT_US;
    if (interrupted)
        return 0;
    if (attempts == ATTEMPTS)
        return now; /* the claim that quarantines it */
    return now + backoff_us[(size_t)attempts - 1 < last ? (size_t)attempts - 1 : last];
}

static bool fail_file(struct journal *journal, const struct claim *claim, const struct err *why, struct str waiting_for,
    int64_t now, bool *exhausted, struct err *err)
{
    struct query query;
    int64_t attempts = 0;
    bool found, waiting = waiting_for.n > 0, interrupted = !waiting && why->kind == ERR_INTERRUPTED;
    query_open(&query, journal, "SELECT attempts FROM file WHERE file_id = ?", err);
    query_int(&query, claim->file.file_id);
    if (!query_run_int(&query, &attempts, &found))
        return false;
    attempts += !waiting && !interrupted;
    *exhausted = !waiting && !interrupted && attempts >= ATTEMPTS;
    query_open(&query, journal,
        "UPDATE file SET state = ?9, waiting_for = ?2, attempts = ?3, retry_at = ?4, "
        "backoff_by = iif(?4 = 0, NULL, (SELECT owner FROM run WHERE run_id = ?5)), error_code = ?6, "
        "error_message = ?7, processed_at = ?8 WHERE file_id = ?1",
        err);
    query_int(&query, claim->file.file_id);
    query_str_or_null(&query, waiting_for);
    query_int(&query, attempts);
    query_int(&query, retry_time((int)attempts, waiting, interrupted, now));
    query_str(&query, str_of(claim->run_id));
    query_cstr(&query, why->code ? why->code : err_kind_name(why->kind));
    query_cstr(&query, why->message);
    query_int(&query, now);
    query_cstr(&query, waiting || interrupted ? "PENDING" : "FAILED");
    return query_run(&query);
}

/* Past the point of no return a run is only rolled forward: it is left to journal_take_over(), a little later. */
static bool leave_to_recovery(
    struct journal *journal, const struct claim *claim, const struct err *why, int64_t now, struct err *err)
{
    struct query query;
    query_open(
        &query, journal, "UPDATE run SET lease_until = ?2, error_kind = ?3, error_message = ?4 WHERE run_id = ?1", err);
    query_str(&query, str_of(claim->run_id));
    query_int(&query, now + FORWARD_US);
    query_cstr(&query, err_kind_name(why->kind));
    query_cstr(&query, why->message);
    return query_run(&query);
}

bool journal_run_refused(struct journal *journal, const char *run_id, bool *refused, struct err *err)
{
    struct query query;
    int64_t one;
    query_open(&query, journal,
        "SELECT 1 FROM run_cause JOIN cause c USING (cause_id) WHERE run_id = ? AND c.stage = 'silver' LIMIT 1", err);
    query_cstr(&query, run_id);
    return query_run_int(&query, &one, refused);
}

bool journal_run_left(
    struct journal *journal, const struct claim *claim, const struct err *why, int64_t now, struct err *err)
{
    enum run_state state;
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &state, err) && leave_to_recovery(journal, claim, why, now, err);
    return unit_end(journal, ok, err);
}

bool journal_run_failed(struct journal *journal, const struct claim *claim, const struct err *why,
    struct str waiting_for, int64_t now, bool *exhausted, struct err *err)
{
    enum run_state from;
    *exhausted = false;
    if (!unit_begin(journal, err))
        return false;
    bool ok = claim_check(journal, claim, &from, err);
    if (ok && (from == RUN_PUBLISHING || from == RUN_COMMITTED))
        return unit_end(journal, leave_to_recovery(journal, claim, why, now, err), err);
    ok = ok && transition_check(from, RUN_FAILED, err) &&
         end_run(journal, claim, RUN_FAILED, NULL, err_kind_name(why->kind), str_of(why->code), str_of(why->message),
             now, err);
    if (ok && claim->file.file_id)
        ok = fail_file(journal, claim, why, waiting_for, now, exhausted, err);
    return unit_end(journal, ok, err);
}
