#include "worker/journal/redrive.h"

#include "worker/journal/internal.h"
#include "worker/journal/telling.h"

#include <stdio.h>

#define EXPIRES_US (INT64_C(24) * 3600 * 1000000)

/* ---- the audit ---- */

bool redrive_tell(struct journal *journal, struct telling *detail, const struct redrive *redrive, const char *step,
    const struct decider *by, int64_t now, struct err *err)
{
    char action[32];
    snprintf(action, sizeof action, STR_FMT "-%s", STR_ARG(redrive->action), step);
    return telling_end(detail, journal, action, str_of(redrive->redrive_id), by, now, err);
}

bool journal_refused(struct journal *journal, struct str action, struct str subject, struct str why,
    const struct decider *by, int64_t now, struct err *err)
{
    struct telling detail;
    struct decider refused = {.name = by->name, .role = by->role, .from = by->from}; /* nothing of the call was done */
    if (!unit_begin(journal, err))
        return false;
    telling_begin(&detail);
    jsonw_put_string(&detail.json, "action", action);
    jsonw_put_string(&detail.json, "why", why);
    return unit_end(journal, telling_end(&detail, journal, "refused", subject, &refused, now, err), err);
}

/* ---- requests ---- */

static bool none_open(struct journal *journal, const struct redrive_file *file, struct err *err)
{
    struct query query;
    struct buf id;
    query_open(&query, journal,
        "SELECT redrive_id FROM redrive_file JOIN redrive USING (redrive_id) WHERE file_id = ?1 "
        "AND state IN ('requested', 'approved', 'running')",
        err);
    query_int(&query, file->file_id);
    buf_init(&id, 64);
    bool open = query_step(&query) == STEP_ROW;
    if (open)
        buf_add_str(&id, query_column(&query, 0));
    bool ok = query_run(&query);
    if (ok && open)
        ok = ERR(err, ERR_EXISTS, STR_FMT " is asked for already, by request %s", STR_ARG(file->arrival_key),
            id.p ? id.p : "");
    buf_dispose(&id);
    return ok;
}

bool redrive_moved_on(const struct redrive_file *file, struct err *err)
{
    return ERR(err, ERR_EXISTS, STR_FMT " is no longer %s by run %s", STR_ARG(file->arrival_key),
        file->from_state == FILE_QUARANTINED ? "quarantined"
        : file->from_state == FILE_SUCCEEDED ? "loaded"
                                             : "withdrawn, once loaded",
        file->former_run_id);
}

static bool is_as_asked(struct journal *journal, const struct redrive_file *file, struct err *err)
{
    struct query query;
    int64_t one;
    bool found;
    query_open(&query, journal,
        "SELECT 1 FROM file WHERE file_id = ?1 AND state = ?4 AND job_run_id = ?2 AND sha256 = ?3", err);
    query_int(&query, file->file_id);
    query_cstr(&query, file->former_run_id);
    query_cstr(&query, file->sha256);
    query_cstr(&query, file_state_name(file->from_state));
    return query_run_int(&query, &one, &found) && (found || redrive_moved_on(file, err));
}

static bool insert_redrive(
    struct journal *journal, const struct redrive *redrive, const struct decider *by, struct err *err)
{
    char hash[SHA256_TEXT_SIZE];
    struct query query;
    sha256_of(redrive->overrides, hash);
    query_open(&query, journal,
        "INSERT INTO redrive (redrive_id, dataset, cause_id, rules, overrides, overrides_hash, reason, state, "
        "requested_by, requested_at, expires_at, action, apply_until, patch_id, patch_hash, requested_from, scope, "
        "rate, spacing) "
        "VALUES (?, ?, nullif(?, 0), ?, ?, ?, ?, 'requested', ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?, ?, ?)",
        err);
    query_cstr(&query, redrive->redrive_id);
    query_str(&query, redrive->dataset);
    query_int(&query, redrive->cause_id);
    query_cstr(&query, redrive->same_rules ? "same" : "current");
    query_str(&query, redrive->overrides);
    query_cstr(&query, hash);
    query_str(&query, redrive->reason);
    query_str(&query, redrive->requested_by);
    query_int(&query, redrive->requested_at);
    query_int(&query, redrive->expires_at);
    query_str(&query, redrive->action);
    query_int(&query, redrive->apply_until);
    query_str_or_null(&query, redrive->patch_id);
    query_str_or_null(&query, redrive->patch_hash);
    query_str(&query, by->from);
    query_cstr(&query, redrive->of_rows ? "rows" : "file");
    query_str_or_null(&query, redrive->spacing ? redrive->rate : STR(""));
    query_int(&query, redrive->spacing);
    return query_run(&query);
}

static bool insert_file(
    struct journal *journal, const struct redrive *redrive, const struct redrive_file *file, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO redrive_file (redrive_id, file_id, run_id, sha256, ruleset_hash, rehearsal_hash, from_state, "
        "former_run_id, asked_rows, would_pass, would_fail, duplicates) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        err);
    query_cstr(&query, redrive->redrive_id);
    query_int(&query, file->file_id);
    query_cstr(&query, file->run_id);
    query_cstr(&query, file->sha256);
    query_cstr(&query, file->ruleset_hash);
    query_cstr(&query, file->rehearsal_hash);
    query_cstr(&query, file_state_name(file->from_state));
    query_cstr(&query, file->former_run_id);
    query_count(&query, file->asked_rows);
    query_count(&query, file->would_pass);
    query_count(&query, file->would_fail);
    query_count(&query, file->duplicates);
    return query_run(&query);
}

/* What is asked for is what was rehearsed: whoever decides finds these rows and no others. */
static bool take_rows(
    struct journal *journal, const struct redrive *redrive, const struct redrive_file *file, struct err *err)
{
    uint64_t moved;
    if (!redrive->of_rows)
        return true;
    return rows_move(journal, file->run_id, redrive->choice, ROW_OPEN, ROW_REQUESTED, &moved, err) &&
           (moved == file->asked_rows ||
               ERR(err, ERR_EXISTS, "rows of run %s were dealt with meanwhile", file->run_id));
}

bool redrive_release_rows(
    struct journal *journal, const struct redrive *redrive, const struct redrive_file *file, struct err *err)
{
    static const struct row_choice all = {0};
    uint64_t moved;
    return !redrive->of_rows || rows_move(journal, file->run_id, &all, ROW_REQUESTED, ROW_OPEN, &moved, err);
}

static bool tell_request(
    struct journal *journal, const struct redrive *redrive, const struct decider *by, int64_t now, struct err *err)
{
    struct telling detail;
    telling_begin(&detail);
    jsonw_put_string(&detail.json, "dataset", redrive->dataset);
    jsonw_put_string(&detail.json, "reason", redrive->reason);
    jsonw_put_cstring(&detail.json, "rules", redrive->same_rules ? "same" : "current");
    jsonw_key(&detail.json, "overrides");
    jsonw_raw(&detail.json, redrive->overrides);
    if (redrive->spacing)
        jsonw_put_string(&detail.json, "rate", redrive->rate);
    if (redrive->apply_until)
        jsonw_put_time(&detail.json, "until", redrive->apply_until);
    if (redrive->change) {
        char after[SHA256_TEXT_SIZE];
        sha256_of(redrive->change->text, after);
        jsonw_put_string(&detail.json, "contract", redrive->change->path);
        jsonw_put_cstring(&detail.json, "before", redrive->change->before);
        jsonw_put_cstring(&detail.json, "after", after);
    }
    if (redrive->patch_id.n) {
        jsonw_put_string(&detail.json, "patch", redrive->patch_id);
        jsonw_put_string(&detail.json, "patch_hash", redrive->patch_hash);
    }
    jsonw_key(&detail.json, "files");
    jsonw_array_begin(&detail.json);
    for (size_t i = 0; i < redrive->file_count; i++) {
        const struct redrive_file *file = &redrive->files[i];
        jsonw_object_begin(&detail.json);
        jsonw_put_string(&detail.json, "key", file->arrival_key);
        jsonw_put_cstring(&detail.json, "run", file->run_id);
        jsonw_put_cstring(&detail.json, "sha256", file->sha256);
        jsonw_put_cstring(&detail.json, "ruleset", file->ruleset_hash);
        jsonw_put_cstring(&detail.json, "rehearsal", file->rehearsal_hash);
        if (redrive->of_rows)
            jsonw_put_uint(&detail.json, "rows", file->asked_rows);
        jsonw_object_end(&detail.json);
    }
    jsonw_array_end(&detail.json);
    return redrive_tell(journal, &detail, redrive, "requested", by, now, err);
}

bool journal_redrive_request(
    struct journal *journal, struct redrive *redrive, const struct decider *by, int64_t now, struct err *err)
{
    if (!journal_redrive_expire(journal, now, err))
        return false;
    ulid_new(redrive->redrive_id);
    redrive->requested_by = by->name;
    redrive->requested_at = now;
    redrive->expires_at = now + EXPIRES_US;
    if (!unit_begin(journal, err))
        return false;
    bool ok = insert_redrive(journal, redrive, by, err) && (!redrive->change || change_insert(journal, redrive, err));
    for (size_t i = 0; ok && i < redrive->file_count; i++)
        ok = none_open(journal, &redrive->files[i], err) && is_as_asked(journal, &redrive->files[i], err) &&
             take_rows(journal, redrive, &redrive->files[i], err) &&
             insert_file(journal, redrive, &redrive->files[i], err);
    return unit_end(journal, ok && tell_request(journal, redrive, by, now, err), err);
}

/* ---- reading ---- */

static bool read_files(struct journal *journal, struct redrive *redrive, struct arena *arena, struct err *err)
{
    struct query query;
    bool ok = true;
    query_open(&query, journal,
        "SELECT x.file_id, x.run_id, x.sha256, x.ruleset_hash, x.rehearsal_hash, f.arrival_key, f.location, "
        "coalesce(r.ruleset_hash, ''), x.from_state, x.former_run_id, x.asked_rows FROM redrive_file x "
        "JOIN file f USING (file_id) JOIN run r ON r.run_id = x.run_id WHERE x.redrive_id = ?1 ORDER BY x.file_id",
        err);
    query_cstr(&query, redrive->redrive_id);
    while (ok && query_step(&query) == STEP_ROW) {
        void *list = redrive->files;
        struct redrive_file file = {.file_id = query_column_int(&query, 0),
            .arrival_key = query_column_copy(&query, 5, arena),
            .location = query_column_copy(&query, 6, arena),
            .base_ruleset = query_column_copy(&query, 7, arena),
            .from_state = file_state_of(query_column(&query, 8)),
            .asked_rows = (uint64_t)query_column_int(&query, 10)};
        query_column_into(&query, 1, file.run_id, sizeof file.run_id);
        query_column_into(&query, 2, file.sha256, sizeof file.sha256);
        query_column_into(&query, 3, file.ruleset_hash, sizeof file.ruleset_hash);
        query_column_into(&query, 4, file.rehearsal_hash, sizeof file.rehearsal_hash);
        query_column_into(&query, 9, file.former_run_id, sizeof file.former_run_id);
        ok = arena_reserve(arena, &list, redrive->file_count, &redrive->file_capacity, sizeof file);
        redrive->files = list;
        if (ok)
            redrive->files[redrive->file_count++] = file;
    }
    return query_run(&query) && (ok || ERR(err, ERR_MEMORY, "no memory for a request"));
}

bool journal_redrive_waiting(
    struct journal *journal, struct str dataset, int64_t now, char redrive_id[ULID_SIZE], struct err *err)
{
    struct query query;
    redrive_id[0] = '\0';
    query_open(&query, journal,
        "SELECT redrive_id FROM redrive WHERE dataset = ?1 AND state = 'requested' AND action = 'redrive' "
        "AND rules = 'current' AND expires_at > ?2 ORDER BY redrive_id LIMIT 1",
        err);
    query_str(&query, dataset);
    query_int(&query, now);
    if (query_step(&query) == STEP_ROW)
        query_column_into(&query, 0, redrive_id, ULID_SIZE);
    return query_run(&query);
}

bool journal_redrive_read(
    struct journal *journal, struct str part, struct redrive *redrive, struct arena *arena, struct err *err)
{
    struct query query;
    int found = 0;
    *redrive = (struct redrive){0};
    query_open(&query, journal,
        "SELECT redrive_id, dataset, coalesce(cause_id, 0), rules = 'same', overrides, reason, requested_by, state, "
        "requested_at, expires_at, action, coalesce(apply_until, 0), coalesce(patch_id, ''), coalesce(patch_hash, ''), "
        "scope = 'rows', coalesce(rate, ''), spacing FROM redrive WHERE instr(redrive_id, upper(?1)) > 0 LIMIT 2",
        err);
    query_str(&query, part);
    while (query_step(&query) == STEP_ROW)
        if (++found == 1) {
            query_column_into(&query, 0, redrive->redrive_id, sizeof redrive->redrive_id);
            redrive->dataset = query_column_copy(&query, 1, arena);
            redrive->cause_id = query_column_int(&query, 2);
            redrive->same_rules = query_column_int(&query, 3) != 0;
            redrive->overrides = query_column_copy(&query, 4, arena);
            redrive->reason = query_column_copy(&query, 5, arena);
            redrive->requested_by = query_column_copy(&query, 6, arena);
            redrive->state = query_column_copy(&query, 7, arena);
            redrive->requested_at = query_column_int(&query, 8);
            redrive->expires_at = query_column_int(&query, 9);
            redrive->action = query_column_copy(&query, 10, arena);
            redrive->apply_until = query_column_int(&query, 11);
            redrive->patch_id = query_column_copy(&query, 12, arena);
            redrive->patch_hash = query_column_copy(&query, 13, arena);
            redrive->of_rows = query_column_int(&query, 14) != 0;
            redrive->rate = query_column_copy(&query, 15, arena);
            redrive->spacing = query_column_int(&query, 16);
        }
    if (!query_run(&query))
        return false;
    if (found == 1)
        return read_files(journal, redrive, arena, err);
    ERR(err, ERR_NOT_FOUND,
        found ? "'" STR_FMT "' is part of more than one request's id" : "no request has '" STR_FMT "' in its id",
        STR_ARG(part));
    return err_hint(err, "'sluice requests' lists them.");
}
