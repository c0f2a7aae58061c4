#include "worker/run/file_run.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/fs.h"
#include "shared/log.h"
#include "worker/run/ahead.h"
#include "worker/run/archive.h"
#include "worker/run/publish.h"
#include "worker/run/ruleset.h"
#include "worker/run/standing.h"
#include "worker/run/warehouse.h"

#include <unistd.h>

enum { MAX_PATH = 8192, MOST_DEATHS = 10 };

/* What is both larger than this and denser is a bomb. */
static const struct stream_limits expansion = {.max_bytes = 1u << 30, .max_ratio = 1000};

static const struct {
    enum stage stage;
    enum step_result (*run)(struct file_run *run, struct err *err);
} stages[] = {
    {STAGE_INTAKE, stage_intake},
    {STAGE_VALIDATE, stage_validate},
    {STAGE_PARSE, stage_process},
};

bool file_run_staged(struct file_run *run, const char *name, struct str *key, const char **path, struct err *err)
{
    struct buf text;
    buf_init(&text, MAX_PATH);
    *key = str_of(arena_printf(run->arena, STR_FMT "/%s", STR_ARG(run->staging_key), name));
    bool ok = key->p && run->worker->storage->driver->local_path(run->worker->storage, *key, &text, err);
    *path = ok ? arena_cstr(run->arena, text.p) : NULL;
    buf_dispose(&text);
    if (ok && !*path)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    return ok;
}

static bool place_output(struct file_run *run, const struct sink_output *from, struct manifest_output *to,
    const char **path, struct err *err)
{
    const char *slash = strrchr(from->staged.p, '/');
    to->output =
        (struct journal_output){.key = from->key, .kind = from->kind, .partition = from->partition, .rows = from->rows};
    if (from->sha256) {
        memcpy(to->output.sha256, from->sha256, sizeof to->output.sha256);
        to->output.bytes = from->bytes;
    }
    return file_run_staged(run, slash ? slash + 1 : from->staged.p, &to->staged, path, err);
}

bool file_run_seal(
    struct file_run *run, const struct sink_output *outputs, size_t count, struct crew *crew, struct err *err)
{
    struct manifest_output *sealed = ARENA_ARRAY(run->arena, struct manifest_output, count);
    const char **paths = ARENA_ARRAY(run->arena, const char *, count);
    run->manifest.outputs = sealed;
    if (!sealed || !paths)
        return ERR(err, ERR_MEMORY, "no memory for %zu outputs", count);
    for (size_t i = 0; i < count; i++)
        if (!place_output(run, &outputs[i], &sealed[i], &paths[i], err))
            return false;
    if (!manifest_seal_all(run->worker->storage, sealed, paths, count, crew, run->arena, err))
        return false;
    run->manifest.output_count = count;
    return fs_sync_dir(run->staging_path, err);
}

static bool keep(struct arena *arena, struct str *text)
{
    *text = arena_str(arena, *text);
    return text->p != NULL;
}

bool file_run_keep_causes(struct file_run *run, struct err *err)
{
    struct manifest *manifest = &run->manifest;
    bool ok = true;
    manifest->causes = run->result.causes;
    manifest->cause_count = run->result.cause_count;
    manifest->block_rows = run->result.block_rows;
    for (size_t i = 0; i < manifest->cause_count; i++) {
        struct sink_cause *cause = &manifest->causes[i];
        ok =
            ok && keep(run->arena, &cause->column) && keep(run->arena, &cause->rule) && keep(run->arena, &cause->shape);
        for (unsigned s = 0; s < cause->sample_count; s++)
            ok = ok && keep(run->arena, &cause->samples[s]);
    }
    if (run->result.blocks.n)
        manifest->blocks = str_of(arena_printf(run->arena, STR_FMT "/blocks", STR_ARG(run->staging_key)));
    return ok || ERR(err, ERR_MEMORY, "no memory for the causes of a run");
}

static bool pass_gate(void *context, uint64_t upto, struct err *err)
{
    const struct file_run *run = context;
    return storage_await(run->worker->storage, run->arrival, upto, err);
}

struct stream_gate file_run_gate(struct file_run *run)
{
    return run->arrival ? (struct stream_gate){pass_gate, run} : (struct stream_gate){0};
}

bool file_run_arrived(struct file_run *run, struct err *err)
{
    return storage_await(run->worker->storage, run->arrival, UINT64_MAX, err);
}

struct stream *file_run_stream(struct file_run *run, struct err *err)
{
    return stream_open_gated(
        run->fd, run->claim.file.location.p, run->object.size, file_run_gate(run), expansion, &run->compression, err);
}

bool file_run_unchanged(struct file_run *run, struct err *err)
{
    struct storage_object now;
    bool exists;
    struct storage *storage = run->worker->storage;
    if (!storage->driver->stat(storage, run->claim.file.location, &exists, &now, run->arena, err))
        return false;
    if (exists && strcmp(now.version, run->object.version) == 0)
        return true;
    ERR(err, ERR_CHANGED, STR_FMT " changed while it was read", STR_ARG(run->claim.file.arrival_key));
    return err_hint(err, "It is tried again; producers should write under another name and rename when done.");
}

bool file_run_was_loaded(const struct file_run *run)
{
    return run->claim.file.former == FILE_SUCCEEDED || run->claim.file.former == FILE_WITHDRAWN;
}

/* ---- one run ---- */

bool file_run_ruleset(struct file_run *run, struct err *err)
{
    return ruleset_keep(run->worker->storage, run->contract, err) &&
           journal_run_ruleset(run->worker->journal, &run->claim, str_of(run->contract->hash), run->contract->dataset,
               run->contract->text, err);
}

static bool begin(struct file_run *run, struct err *err)
{
    const char *probe;
    struct str key;
    struct manifest *manifest = &run->manifest;
    run->staging_key = manifest_staging_key(run->claim.run_id, run->arena);
    if (!run->staging_key.p || !file_run_staged(run, "x", &key, &probe, err))
        return false;
    run->staging_path = arena_printf(run->arena, "%.*s", (int)(strlen(probe) - 2), probe);
    if (!run->staging_path)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    *manifest = (struct manifest){.run_id = str_of(run->claim.run_id),
        .dataset = run->contract->dataset,
        .error_code = STR(""),
        .error_message = STR(""),
        .blocks = STR(""),
        .system_cause_stage = STR("")};
    return file_run_ruleset(run, err);
}

static enum step_result run_stages(struct file_run *run, struct err *err)
{
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        struct stage_count *count = &run->manifest.counts[stages[i].stage];
        run->stage = stages[i].stage;
        count->stage = stages[i].stage;
        count->started_at = clock_now();
        enum step_result result = stages[i].run(run, err);
        if (result == STEP_FAILED)
            return result;
        count->finished_at = clock_now();
        if (result == STEP_FINISHED)
            return result;
        if (!fault_pass(stage_name(stages[i].stage), NULL, err))
            return STEP_FAILED;
    }
    return STEP_FINISHED;
}

/* Who cannot be sure that the compare-and-swap did not happen takes it as done: recovery asks the journal. */
static bool point_of_no_return(struct file_run *run, struct err *err)
{
    run->beyond_return = true;
    return journal_run_state(run->worker->journal, &run->claim, RUN_PREPARED, RUN_PUBLISHING, STR(""), err);
}

/* What the file's earlier runs published goes with the same manifest. */
static bool take_back(struct file_run *run, struct err *err)
{
    struct manifest *manifest = &run->manifest;
    manifest->settles = run->claim.file.rows_of;
    manifest->takes_back = run->claim.file.former == FILE_SUCCEEDED && !manifest->settles.n;
    return !manifest->takes_back || journal_published(run->worker->journal, run->claim.file.file_id, &manifest->removes,
                                        &manifest->remove_count, run->arena, err);
}

/* They are read again by whoever commits the run. */
static bool seal_blocks(struct file_run *run, struct err *err)
{
    struct storage *storage = run->worker->storage;
    struct str key = run->manifest.blocks;
    return !key.n || storage->driver->seal(storage, key, key, NULL, err);
}

/* The manifest becomes durable, then the one compare-and-swap after which a run only goes forward. */
static bool publish(struct file_run *run, struct err *err)
{
    struct worker *worker = run->worker;
    struct manifest *manifest = &run->manifest;
    enum run_state from = run->validated ? RUN_VALIDATED : RUN_CLAIMED;
    if (file_run_was_loaded(run))
        manifest->archive_to = run->claim.file.location;
    else if (!manifest->archive_to.p)
        manifest->archive_to =
            archive_key(run->contract, run->claim.file.arrival_key, clock_now(), run->claim.run_id, run->arena);
    if (!manifest->archive_to.p)
        return ERR(err, ERR_MEMORY, "no memory for a key");
    return take_back(run, err) && seal_blocks(run, err) && fault_pass("sealed", NULL, err) &&
           manifest_write(worker->storage, manifest, err) && fault_pass("manifest", NULL, err) &&
           journal_run_state(
               worker->journal, &run->claim, from, RUN_PREPARED, manifest_key(run->claim.run_id, run->arena), err) &&
           fault_pass("prepared", NULL, err) && warehouse_commit(run, err) && fault_pass("warehouse", NULL, err) &&
           point_of_no_return(run, err) && fault_pass("publishing", NULL, err) &&
           publish_run(worker, &run->claim, manifest, RUN_PUBLISHING, run->arena, err);
}

/* Nothing to publish: the file was here before, or is no longer there. */
static bool end_claimed(struct file_run *run, struct err *err)
{
    struct worker *worker = run->worker;
    const struct manifest *manifest = &run->manifest;
    return (!manifest->archive_to.n ||
               publish_move(worker, &run->claim, manifest->archive_to, run->object.version, err)) &&
           journal_run_end(worker->journal, &run->claim, manifest->outcome, manifest->error_code,
               manifest->error_message, clock_now(), err) &&
           publish_clear(worker, run->claim.run_id, run->arena, err);
}

static void close_original(struct file_run *run)
{
    ahead_end(run->ahead);
    run->ahead = NULL;
    storage_abandon(run->worker->storage, run->arrival);
    run->arrival = NULL;
    if (run->fd >= 0)
        close(run->fd);
    run->fd = -1;
}

/* The archive is to hold what was read, also after a power failure: producers seldom sync. */
static bool sync_original(struct file_run *run, struct err *err)
{
    bool is_here = run->worker->storage->driver->features & STORAGE_FILES;
    return run->fd < 0 || !is_here || fs_sync_fd(run->fd, run->claim.file.location.p, err);
}

static void tell(struct file_run *run)
{
    struct tally *tally = &run->worker->tally;
    const struct stage_count *write = &run->manifest.counts[STAGE_WRITE];
    static const char *const words[] = {[OUTCOME_LOADED] = "loaded",
        [OUTCOME_QUARANTINED] = "quarantined",
        [OUTCOME_DUPLICATE] = "duplicate",
        [OUTCOME_VANISHED] = "vanished",
        [OUTCOME_WITHDRAWN] = "withdrawn"};
    uint64_t rows = run->manifest.outcome == OUTCOME_LOADED ? write->rows_out : 0;
    uint64_t rejects = run->manifest.outcome == OUTCOME_LOADED ? run->result.block_rows : 0;
    tally->files++;
    tally->loaded += run->manifest.outcome == OUTCOME_LOADED;
    tally->duplicates += run->manifest.outcome == OUTCOME_DUPLICATE;
    tally->quarantined += run->manifest.outcome == OUTCOME_QUARANTINED;
    tally->withdrawn += run->manifest.outcome == OUTCOME_WITHDRAWN;
    tally->rows += rows;
    tally->rejected += rejects;
    tally->bytes += run->claim.file.size;
    progress_done(run->worker->progress, words[run->manifest.outcome], rows, rejects);
}

/* Is it this file's trouble alone, so that others can go on? */
static bool is_of_the_file(const struct err *why)
{
    return err_action(why) != ERR_ACTION_WAIT && why->kind != ERR_INTERRUPTED && !warehouse_fault(why);
}

/* Others may have no warehouse. */
static bool others_go_on(const struct err *why)
{
    return is_of_the_file(why) || warehouse_fault(why);
}

/* Past the point of no return nothing is cleared away: whoever recovers next rolls the run forward. */
static bool leave_for_recovery(struct file_run *run, const struct err *why, struct err *err)
{
    struct err second;
    bool exhausted;
    log_err(LOG_WARN, "publishing-interrupted", why);
    bool left = run->manifest.warehouse ? journal_run_left(run->worker->journal, &run->claim, why, clock_now(), &second)
                                        : journal_run_failed(run->worker->journal, &run->claim, why, STR("lake"),
                                              clock_now(), &exhausted, &second);
    if (!left)
        log_err(LOG_WARN, "lease-kept", &second);
    run->worker->tally.waiting++;
    *err = *why;
    return others_go_on(why);
}

/* A passing fault or a dependency's: the run is cleared away, the file waits. true: other files can go on. */
static bool give_back(struct file_run *run, const struct err *why, struct str waiting_for, struct err *err)
{
    struct worker *worker = run->worker;
    bool waiting = waiting_for.n > 0 || why->kind == ERR_INTERRUPTED, exhausted = false;
    struct err second;
    log_err(LOG_WARN, waiting ? "waiting" : "failed", why);
    progress_done(worker->progress, waiting ? "waiting" : "failed", 0, 0);
    worker->tally.failed += !waiting;
    worker->tally.waiting += waiting;
    *err = *why;
    if (why->kind == ERR_FENCED) /* what lies in staging is another process's by now */
        return true;
    bool cleared = publish_clear(worker, run->claim.run_id, run->arena, &second) &&
                   journal_run_failed(worker->journal, &run->claim, why, waiting_for, clock_now(), &exhausted, &second);
    return cleared && others_go_on(why);
}

/* What was published stands, or stays withdrawn: the request comes to nothing. */
static bool keep_former(struct file_run *run, const struct err *why, struct err *err)
{
    struct worker *worker = run->worker;
    log_err(LOG_WARN, "kept", why);
    worker->tally.files++;
    worker->tally.kept++;
    progress_done(worker->progress, "kept", 0, 0);
    return publish_clear(worker, run->claim.run_id, run->arena, err) &&
           journal_run_kept(worker->journal, &run->claim, why, clock_now(), err);
}

/* After the third fault of its own the file waits for a person. */
static bool is_last_attempt(const struct file_run *run, const struct err *why)
{
    return is_of_the_file(why) && why->kind != ERR_FENCED && run->claim.file.attempts >= 2;
}

/* For the reason: a file that is refused early may not have been hashed. One that can't be read has none. */
static void hash_refused(struct file_run *run)
{
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size;
    int64_t duplicate_of;
    struct err err;
    if (run->fd < 0 || run->claim.file.sha256.n)
        return;
    if (!sha256_fd(run->fd, run->claim.file.location.p, sha256, &size, &err) ||
        !file_run_hashed(run, sha256, size, &duplicate_of, &err))
        log_err(LOG_WARN, "not-hashed", &err);
}

static bool fall_back(struct file_run *run, const struct err *why, struct err *err)
{
    struct err second;
    warehouse_close(run);
    if (warehouse_fault(why) && !warehouse_incident(run->worker, run->claim.file.dataset, why, &second))
        log_err(LOG_WARN, "incident-lost", &second);
    if (run->beyond_return)
        return leave_for_recovery(run, why, err);
    if (warehouse_fault(why))
        return give_back(run, why, STR("warehouse"), err);
    return give_back(run, why, err_action(why) == ERR_ACTION_WAIT ? STR("lake") : STR(""), err);
}

/* Bytes that were damaged on their way are no verdict on the file. */
static bool judge(struct file_run *run, bool ok, struct err *why)
{
    struct err late;
    bool counts = ok || err_action(why) == ERR_ACTION_REJECT || is_last_attempt(run, why);
    if (!counts || (file_run_arrived(run, &late) && file_run_moved(run, &late)))
        return ok;
    *why = late;
    return false;
}

/* refused: it is known already why the file cannot be read. */
static bool work(struct file_run *run, const struct err *refused, struct err *err)
{
    struct err why = {0};
    bool ok = begin(run, &why) && (run->claim.file.redrive_id.n || file_run_standing_load(run, &why));
    if (ok && refused->kind != ERR_NONE) {
        why = *refused;
        ok = false;
    }
    ok = judge(run, ok && warehouse_check(run, &why) && run_stages(run, &why) != STEP_FAILED, &why);
    if (!ok && (err_action(&why) == ERR_ACTION_REJECT || is_last_attempt(run, &why))) {
        if (file_run_was_loaded(run))
            return keep_former(run, &why, err);
        struct err cause = why;
        warehouse_close(run);
        run->manifest.warehouse = false;
        hash_refused(run);
        ok = quarantine_prepare(run, &cause, &why);
    }
    ok = ok && sync_original(run, &why);
    close_original(run);
    bool publishes = run->manifest.outcome == OUTCOME_LOADED || run->manifest.outcome == OUTCOME_QUARANTINED;
    ok = ok && (publishes ? publish(run, &why) : end_claimed(run, &why));
    return ok ? (tell(run), true) : fall_back(run, &why, err);
}

/* Nothing is read: what the file's runs published goes. */
static bool withdraw(struct file_run *run, struct err *err)
{
    struct err why = {0};
    run->manifest = (struct manifest){.run_id = str_of(run->claim.run_id),
        .dataset = run->claim.file.dataset,
        .outcome = OUTCOME_WITHDRAWN,
        .error_code = STR(""),
        .error_message = STR(""),
        .blocks = STR(""),
        .system_cause_stage = STR("")};
    bool ok = warehouse_check(run, &why) && warehouse_open(run, &why) && publish(run, &why);
    return ok ? (tell(run), true) : fall_back(run, &why, err);
}

/* A kill is nobody's fault, and many of them over one file are the file's. */
static bool is_poison(struct file_run *run, struct err *refused)
{
    int64_t deaths;
    if (run->claim.file.redrive_id.n) /* somebody has looked into it */
        return false;
    if (refused->kind != ERR_NONE || !journal_deaths(run->worker->journal, run->claim.file.file_id, &deaths, refused))
        return refused->kind != ERR_NONE;
    if (deaths < MOST_DEATHS)
        return false;
    ERR_REJECT(refused, "worker-ended", "the worker died %lld times while it read this file", (long long)deaths);
    err_hint(refused, "Look for what killed it in the machine's log, then re-drive the file.");
    return true;
}

/* The contract went while the file waited, and the file no longer lies where it could be told so. */
static bool wait_for_contract(struct file_run *run, struct err *err)
{
    struct err why;
    ERR(&why, ERR_CONFIG, "there is no contract " STR_FMT " any more", STR_ARG(run->claim.file.dataset));
    return give_back(run, &why, STR("contract"), err);
}

/* Its approval does not hold, and there may be no contract to read it by. */
static bool voids_a_loaded(const struct file_run *run, const struct err *refused)
{
    return file_run_was_loaded(run) && refused->kind != ERR_NONE && err_action(refused) == ERR_ACTION_REJECT;
}

bool file_run(struct worker *worker, const struct claim *claim, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct contract *own = NULL;
    struct err refused = {0};
    struct file_run run = {.worker = worker,
        .arena = arena,
        .claim = *claim,
        .fd = -1,
        .sinks = file_run_sinks,
        .contract = contracts_find(worker->contracts, claim->file.dataset)};
    if (!arena)
        return ERR(err, ERR_MEMORY, "no memory for a run");
    progress_file(worker->progress, storage_base_name(claim->file.arrival_key), claim->file.size);
    bool withdraws = str_eq(claim->file.action, STR("withdraw"));
    if (!withdraws && claim->file.redrive_id.n && file_run_rules(&run, &own, &refused))
        run.contract = own;
    if (run.contract && is_poison(&run, &refused))
        log_err(LOG_WARN, "refused", &refused);
    bool ok = withdraws                        ? withdraw(&run, err)
              : voids_a_loaded(&run, &refused) ? keep_former(&run, &refused, err)
              : run.contract                   ? work(&run, &refused, err)
                                               : wait_for_contract(&run, err);
    warehouse_close(&run);
    close_original(&run);
    file_run_standing_free(&run);
    contract_free(own);
    arena_free(arena);
    return ok;
}
