#include "worker/redrive/rehearse.h"

#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/utf8.h"
#include "worker/run/file_run.h"

#include <stdlib.h>
#include <unistd.h>

enum { MAX_WORDS = 64 * 1024 };

static const struct sink_driver *const no_sinks[] = {&sink_null, NULL};

/* ---- the file ---- */

static bool lies_still(const struct past *past, struct err *err)
{
    const struct journal_file *file = &past->file;
    switch (file->state) {
    case FILE_SUCCEEDED:
    case FILE_DUPLICATE:
    case FILE_QUARANTINED:
    case FILE_DISCARDED:
    case FILE_WITHDRAWN:
        if (file->sha256.n)
            return true;
        ERR(err, ERR_USAGE, STR_FMT " was never read", STR_ARG(file->arrival_key));
        return err_hint(err, "It is the next run that says what becomes of it.");
    default:
        ERR(err, ERR_USAGE, STR_FMT " is %s: it is still to be worked on", STR_ARG(file->arrival_key),
            file_state_name(file->state));
        return err_hint(err, "Rehearse it when that run is over.");
    }
}

bool rehearse_open(struct file_run *run, struct err *err)
{
    struct storage *storage = run->worker->storage;
    struct journal_file *file = &run->claim.file;
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size;
    bool there = false;
    if (!storage->driver->stat(storage, file->location, &there, &run->object, run->arena, err))
        return false;
    if (!there)
        return ERR(err, ERR_NOT_FOUND, STR_FMT " no longer lies at " STR_FMT, STR_ARG(file->arrival_key),
            STR_ARG(file->location));
    if (!storage->driver->open_fd(storage, file->location, &run->fd, err) ||
        !sha256_fd(run->fd, file->location.p, sha256, &size, err))
        return false;
    return str_eq(str_of(sha256), file->sha256) ||
           ERR(err, ERR_CORRUPT, STR_FMT " is not what was delivered: its bytes have changed", STR_ARG(file->location));
}

/* ---- the report ---- */

static void count_rows(struct rehearsal *rehearsal, const struct file_run *run)
{
    for (int s = STAGE_PARSE; s <= STAGE_WRITE; s++) {
        const struct stage_count *count = &run->manifest.counts[s];
        rehearsal->rows += count->rows_expanded;
        rehearsal->would_fail += count->rows_rejected;
        rehearsal->duplicates += count->rows_duplicate;
        rehearsal->filtered += count->rows_filtered;
    }
    rehearsal->would_pass = rehearsal->rows - rehearsal->would_fail - rehearsal->duplicates - rehearsal->filtered;
}

/* The journal has the message as plain text. */
static bool same_words(const struct err *why, struct str message)
{
    struct buf plain;
    buf_init(&plain, MAX_WORDS);
    utf8_sanitise(&plain, str_of(why->message));
    bool same = str_eq(buf_str(&plain), message);
    buf_dispose(&plain);
    return same;
}

static void count_whole_file(struct rehearsal *rehearsal)
{
    const struct past *past = &rehearsal->past;
    const struct err *why = &rehearsal->why;
    struct str code = str_of(why->code ? why->code : err_kind_name(why->kind));
    rehearsal->same_failure = str_eq(past->outcome, STR("quarantined")) && str_eq(past->error_code, code) &&
                              same_words(why, past->error_message);
    for (size_t i = 0; i < rehearsal->cause_count; i++) {
        struct rehearsed_cause *cause = &rehearsal->causes[i];
        if (cause->whole_file && str_eq(cause->code, code) && str_eq(cause->stage, rehearsal->stage)) {
            cause->after = 1;
            return;
        }
    }
    rehearsal->causes[rehearsal->cause_count++] = (struct rehearsed_cause){.stage = rehearsal->stage,
        .code = code,
        .column = STR(""),
        .rule = STR(""),
        .shape = STR(""),
        .whole_file = true,
        .after = 1};
}

static struct rehearsed_cause *find_cause(struct rehearsal *rehearsal, const struct sink_cause *cause)
{
    struct str stage = str_of(stage_name(cause->stage)), code = str_of(row_code_name(cause->code));
    for (size_t i = 0; i < rehearsal->cause_count; i++) {
        struct rehearsed_cause *one = &rehearsal->causes[i];
        if (!one->whole_file && str_eq(one->stage, stage) && str_eq(one->code, code) &&
            str_eq(one->column, cause->column) && str_eq(one->rule, cause->rule) && str_eq(one->shape, cause->shape))
            return one;
    }
    struct rehearsed_cause *fresh = &rehearsal->causes[rehearsal->cause_count++];
    *fresh = (struct rehearsed_cause){
        .stage = stage, .code = code, .column = cause->column, .rule = cause->rule, .shape = cause->shape};
    return fresh;
}

/* Those of then first, by their cost, then the new ones. */
static uint64_t rows_before(const struct rehearsal *rehearsal, const struct past_cause *cause)
{
    uint64_t rows = 0;
    if (cause->whole_file)
        return 1;
    if (!rehearsal->of_rows)
        return cause->rows;
    for (size_t i = 0; i < rehearsal->chosen.count; i++)
        rows += rehearsal->chosen.rows[i].cause_id == cause->cause_id;
    return rows;
}

static bool compare_causes(
    struct rehearsal *rehearsal, const struct file_run *run, struct arena *arena, struct err *err)
{
    const struct past *past = &rehearsal->past;
    const struct sink_result *result = &run->result;
    rehearsal->causes = ARENA_ARRAY(arena, struct rehearsed_cause, past->cause_count + result->cause_count + 1);
    if (!rehearsal->causes)
        return ERR(err, ERR_MEMORY, "no memory for causes");
    for (size_t i = 0; i < past->cause_count; i++) {
        const struct past_cause *then = &past->causes[i];
        rehearsal->causes[rehearsal->cause_count++] = (struct rehearsed_cause){.stage = then->stage,
            .code = then->code,
            .column = then->column,
            .rule = then->rule,
            .shape = then->shape,
            .whole_file = then->whole_file,
            .before = rows_before(rehearsal, then)};
    }
    for (size_t i = 0; i < result->cause_count; i++) {
        const struct sink_cause *now = &result->causes[i];
        struct rehearsed_cause *cause = find_cause(rehearsal, now);
        cause->after = now->rows;
        cause->only = now->only_rows;
        cause->first_row = now->first_row;
        cause->samples = now->samples;
        cause->sample_count = now->sample_count;
    }
    if (!rehearsal->would_load)
        count_whole_file(rehearsal);
    return true;
}

static bool keep_overrides(
    const struct rehearse_request *request, struct rehearsal *rehearsal, struct arena *arena, struct err *err)
{
    static const struct overrides none;
    return overrides_text(
        request->rules.overrides ? request->rules.overrides : &none, &rehearsal->overrides, arena, err);
}

/* What the header's binding dropped, and what was decided for the file. */
static bool keep_notes(struct rehearsal *rehearsal, const struct file_run *run, struct arena *arena, struct err *err)
{
    const struct binding *binding = &run->binding;
    const struct manifest *manifest = &run->manifest;
    struct str *notes = ARENA_ARRAY(arena, struct str, binding->note_count + manifest->note_count + 1);
    if (!notes)
        return ERR(err, ERR_MEMORY, "no memory for notes");
    for (size_t i = 0; i < binding->note_count; i++)
        notes[rehearsal->note_count++] = binding->notes[i];
    for (size_t i = 0; i < manifest->note_count; i++)
        notes[rehearsal->note_count++] = manifest->notes[i];
    rehearsal->notes = notes;
    return true;
}

static bool report(
    struct rehearsal *rehearsal, const struct file_run *run, bool passed, struct arena *arena, struct err *err)
{
    rehearsal->would_load = passed;
    rehearsal->stage = str_of(stage_name(run->stage));
    count_rows(rehearsal, run);
    return keep_notes(rehearsal, run, arena, err) && compare_causes(rehearsal, run, arena, err);
}

/* ---- the run that leaves nothing behind ---- */

static bool pass_through(struct file_run *run, struct rehearsal *rehearsal, struct err *err)
{
    struct err *why = &rehearsal->why;
    if (!rehearse_open(run, err))
        return false;
    run->stage = STAGE_VALIDATE;
    bool passed = stage_validate(run, why) != STEP_FAILED;
    run->stage = passed ? STAGE_PARSE : STAGE_VALIDATE;
    passed = passed && stage_process(run, why) != STEP_FAILED;
    if (!passed && why->kind != ERR_FILE) {
        *err = *why;
        return false;
    }
    return report(rehearsal, run, passed, run->arena, err);
}

/* Keys that outgrow the memory are sorted on disk, but not on the lake's. */
static bool in_scratch(struct file_run *run, struct rehearsal *rehearsal, struct err *err)
{
    const char *temporary = getenv("TMPDIR");
    char *path = arena_printf(run->arena, "%s/sluice-rehearsal-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    struct err left;
    if (!path)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    if (!mkdtemp(path))
        return ERR_ERRNO(err, "cannot make a folder for the rehearsal, %s", path);
    run->staging_path = path;
    bool ok = pass_through(run, rehearsal, err);
    if (run->fd >= 0)
        close(run->fd);
    if (!fs_remove_tree(path, &left))
        log_err(LOG_WARN, "scratch-left", &left);
    return ok;
}

static bool read_patch(
    const struct rehearse_request *request, struct rehearsal *rehearsal, struct arena *arena, struct err *err)
{
    if (!journal_patch_read(request->rules.journal, request->run_id, &rehearsal->patch, arena, err))
        return false;
    return rehearsal->patch.count || ERR(err, ERR_USAGE, "run %s has no patch", request->run_id);
}

static bool choose_rows(
    const struct rehearse_request *request, struct rehearsal *rehearsal, struct arena *arena, struct err *err)
{
    const struct past *past = &rehearsal->past;
    rehearsal->of_rows = request->rows != NULL;
    if (!request->rows)
        return true;
    if (past->file.state != FILE_SUCCEEDED || !str_eq(past->outcome, STR("loaded"))) {
        ERR(err, ERR_USAGE, "run %s has loaded nothing of " STR_FMT ": its rows are not read by themselves",
            past->run_id, STR_ARG(past->file.arrival_key));
        return err_hint(err, "Re-drive the whole file: leave --cause, --row and --rows out.");
    }
    if (!chosen_load(request->rules.storage, request->rules.journal, past->run_id, request->rows, ROW_OPEN,
            request->memory, &rehearsal->chosen, arena, err))
        return false;
    if (request->patch)
        chosen_patched(&rehearsal->chosen, &rehearsal->patch);
    return true;
}

bool rehearse(const struct rehearse_request *request, struct rehearsal *rehearsal, struct arena *arena, struct err *err)
{
    int64_t started = clock_monotonic();
    struct worker worker = {.options = {.memory = request->memory, .lease_us = INT64_MAX},
        .storage = request->rules.storage,
        .journal = request->rules.journal,
        .stop = request->stop};
    *rehearsal = (struct rehearsal){.rules = request->rules.rules, .twin = STR("")};
    struct past *past = &rehearsal->past;
    if (!past_read(request->rules.journal, request->run_id, past, arena, err) || !lies_still(past, err) ||
        !keep_overrides(request, rehearsal, arena, err))
        return false;
    if (request->patch && !read_patch(request, rehearsal, arena, err))
        return false;
    if (!choose_rows(request, rehearsal, arena, err))
        return false;
    struct rules_request rules = request->rules;
    rules.dataset = past->file.dataset;
    rules.ruleset_hash = past->ruleset_hash;
    struct contract *contract = rules_load(&rules, rehearsal->base_hash, arena, err);
    if (!contract)
        return false;
    memcpy(rehearsal->ruleset_hash, contract->hash, sizeof rehearsal->ruleset_hash);
    struct file_run run = {.worker = &worker,
        .arena = arena,
        .claim.file = past->file,
        .contract = contract,
        .fd = -1,
        .patch = request->patch ? &rehearsal->patch : NULL,
        .chosen = request->rows ? &rehearsal->chosen : NULL,
        .sinks = no_sinks,
        .rehearsal = true};
    memcpy(run.claim.run_id, past->run_id, sizeof run.claim.run_id);
    bool no_copy = contract->duplicates_load || past->file.state == FILE_SUCCEEDED;
    bool ok = (no_copy || past_twin(request->rules.journal, past, &rehearsal->twin, arena, err)) &&
              in_scratch(&run, rehearsal, err);
    contract_free(contract);
    rehearsal->took_us = clock_monotonic() - started;
    return ok;
}
