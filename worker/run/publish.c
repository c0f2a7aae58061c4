#include "worker/run/publish.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/json.h"
#include "shared/log.h"
#include "worker/journal/rows.h"
#include "worker/run/ahead.h"
#include "worker/run/elsewhere.h"
#include "worker/run/warehouse.h"

enum { MAX_SAMPLES_TEXT = 64 * 1024, MAX_BLOCKS = 1024 * 1024 * 1024 };

struct publishing {
    struct storage *storage;
    const struct manifest *manifest;
};

static bool publish_elsewhere(struct storage *own, const struct manifest_output *output, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct storage *storage;
    struct str key;
    bool already;
    bool ok = (arena || ERR(err, ERR_MEMORY, "no memory to publish")) &&
              elsewhere_open(own, output->output.key, &storage, &key, arena, err) &&
              storage->driver->publish(storage, output->staged, output->ticket, key, output->replaces, &already, err);
    arena_free(arena);
    return ok;
}

static bool publish_output(void *context, uint32_t i, struct err *err)
{
    struct publishing *p = context;
    const struct manifest_output *output = &p->manifest->outputs[i];
    bool already;
    if (elsewhere_is(output->output.key)) {
        if (!publish_elsewhere(p->storage, output, err))
            return false;
    } else if (!p->storage->driver->publish(
                   p->storage, output->staged, output->ticket, output->output.key, output->replaces, &already, err))
        return false;
    fault_here("published-output");
    return true;
}

static bool publish_outputs(struct worker *worker, const struct manifest *manifest, struct err *err)
{
    struct publishing publishing = {worker->storage, manifest};
    return storage_each(worker->storage, NULL, (uint32_t)manifest->output_count, publish_output, &publishing, err);
}

/* ---- the journal's transaction ---- */

static bool commit_cause(struct worker *worker, const struct manifest *manifest, const struct sink_cause *cause,
    int64_t *cause_id, struct err *err)
{
    struct buf samples;
    struct json json;
    struct cause_key key = {.dataset = manifest->dataset,
        .stage = cause->stage,
        .code = cause->code,
        .system_code = STR(""),
        .column = cause->column,
        .rule = cause->rule,
        .shape = cause->shape};
    buf_init(&samples, MAX_SAMPLES_TEXT);
    jsonw_init(&json, &samples);
    jsonw_strings(&json, cause->samples, cause->sample_count);
    bool ok = buf_ok(&samples, "samples of a cause", err) && journal_cause(worker->journal, &key, cause_id, err);
    struct cause_count count = {*cause_id, cause->rows, cause->only_rows, cause->first_row, buf_str(&samples)};
    ok = ok && journal_run_cause(worker->journal, manifest->run_id.p, &count, err);
    buf_dispose(&samples);
    return ok;
}

/* A whole file's reject is one row of the cause named by its code. */
static bool commit_system_cause(struct worker *worker, const struct manifest *manifest, struct err *err)
{
    if (manifest->outcome != OUTCOME_QUARANTINED)
        return true;
    int64_t cause_id;
    struct cause_key key = {.dataset = manifest->dataset,
        .stage = STAGE_VALIDATE,
        .code = CODE_NONE,
        .system_code = manifest->error_code,
        .column = STR(""),
        .rule = STR(""),
        .shape = STR("")};
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (str_eq(manifest->system_cause_stage, str_of(stage_name(s))))
            key.stage = s;
    struct cause_count count = {.samples = STR("[]")};
    if (!journal_cause(worker->journal, &key, &cause_id, err))
        return false;
    count.cause_id = cause_id;
    return journal_run_cause(worker->journal, manifest->run_id.p, &count, err);
}

/* Entries are staged with the cause's index in the run; the journal wants its number. */
static bool commit_blocks(
    struct worker *worker, const struct manifest *manifest, const int64_t *cause_ids, struct err *err)
{
    struct buf entries;
    if (!manifest->blocks.n)
        return true;
    buf_init(&entries, MAX_BLOCKS);
    bool ok = worker->storage->driver->read(worker->storage, manifest->blocks, &entries, err);
    uint64_t rows = entries.n / REJECT_ENTRY_BYTES;
    if (ok && (rows != manifest->block_rows || entries.n % REJECT_ENTRY_BYTES))
        ok = ERR(err, ERR_CORRUPT, "staged reject entries of run " STR_FMT " are cut short", STR_ARG(manifest->run_id));
    for (uint64_t i = 0; ok && i < rows; i++) {
        char *at = entries.p + i * REJECT_ENTRY_BYTES + 16;
        uint32_t index, number;
        memcpy(&index, at, sizeof index);
        if (index >= manifest->cause_count) {
            ok = ERR(err, ERR_CORRUPT, "a staged reject entry names cause %u", index);
            break;
        }
        number = (uint32_t)cause_ids[index];
        memcpy(at, &number, sizeof number);
    }
    for (uint64_t first = 0, block = 0; ok && first < rows; first += REJECT_BLOCK_ROWS, block++) {
        uint64_t count = rows - first < REJECT_BLOCK_ROWS ? rows - first : REJECT_BLOCK_ROWS;
        ok = journal_reject_block(worker->journal, manifest->run_id.p, (uint32_t)block,
            entries.p + first * REJECT_ENTRY_BYTES, (uint32_t)count, err);
    }
    buf_dispose(&entries);
    return ok;
}

static bool commit_output(
    struct worker *worker, const struct claim *claim, const struct manifest_output *output, struct err *err)
{
    return (output->replaces ? journal_output_replaced : journal_output)(
        worker->journal, claim->run_id, &output->output, err);
}

static bool commit_gold(
    struct worker *worker, const struct claim *claim, const struct manifest *manifest, struct err *err)
{
    struct gold_state state = {0};
    if (!manifest->gold_inputs.n)
        return true;
    const struct journal_output *gold = &manifest->outputs[0].output;
    state.key = gold->key;
    state.rows = gold->rows;
    memcpy(state.sha256, gold->sha256, sizeof state.sha256);
    if (manifest->gold_inputs.n < sizeof state.inputs)
        memcpy(state.inputs, manifest->gold_inputs.p, manifest->gold_inputs.n);
    return journal_gold_commit(worker->journal, claim->run_id, gold->partition, &state, err);
}

static bool commit_contents(struct worker *worker, const struct claim *claim, const struct manifest *manifest,
    struct arena *arena, struct err *err)
{
    struct journal *journal = worker->journal;
    int64_t *cause_ids = ARENA_ARRAY(arena, int64_t, manifest->cause_count);
    if (!cause_ids)
        return ERR(err, ERR_MEMORY, "no memory for the causes of a run");
    for (size_t i = 0; i < manifest->output_count; i++)
        if (!commit_output(worker, claim, &manifest->outputs[i], err))
            return false;
    for (int s = 0; s < STAGE_COUNT; s++)
        if (manifest->counts[s].finished_at && !journal_stage(journal, claim->run_id, &manifest->counts[s], err))
            return false;
    for (size_t i = 0; i < manifest->cause_count; i++)
        if (!commit_cause(worker, manifest, &manifest->causes[i], &cause_ids[i], err))
            return false;
    for (size_t i = 0; i < manifest->note_count; i++)
        if (!journal_run_note(journal, claim->run_id, manifest->notes[i], err))
            return false;
    return commit_system_cause(worker, manifest, err) && commit_blocks(worker, manifest, cause_ids, err) &&
           commit_gold(worker, claim, manifest, err) && warehouse_remember(worker, manifest, err) &&
           journal_silver_again(journal, claim->run_id, manifest->silver, manifest->silver_count, err) &&
           (!manifest->settles.n || journal_rows_settle(journal, manifest->settles.p, claim->run_id, err)) &&
           (!manifest->takes_back ||
               journal_supersede(journal, claim, manifest->removes, manifest->remove_count, clock_now(), err)) &&
           journal_run_state(journal, claim, RUN_PUBLISHING, RUN_COMMITTED, STR(""), err);
}

static bool commit(struct worker *worker, const struct claim *claim, const struct manifest *manifest,
    struct arena *arena, struct err *err)
{
    if (!journal_begin(worker->journal, err))
        return false;
    if (commit_contents(worker, claim, manifest, arena, err) && fault_pass("commit", claim->run_id, err) &&
        journal_commit(worker->journal, err))
        return true;
    journal_rollback(worker->journal);
    return false;
}

/* The journal no longer has them: who reads by it has stopped looking for them. */
static bool remove_earlier(struct worker *worker, const struct manifest *manifest, struct err *err)
{
    for (size_t i = 0; i < manifest->remove_count; i++)
        if (!fault_pass("removing", manifest->removes[i].p, err) ||
            !worker->storage->driver->remove(worker->storage, manifest->removes[i], err) ||
            !fault_pass("removed", manifest->removes[i].p, err))
            return false;
    return true;
}

/* ---- the original ---- */

bool publish_move(struct worker *worker, struct claim *claim, struct str to, const char *version, struct err *err)
{
    bool already;
    if (str_eq(claim->file.location, to))
        return true;
    if (!journal_file_moving(worker->journal, claim, to, err) || !fault_pass("moving", to.p, err) ||
        !worker->storage->driver->move(worker->storage, claim->file.location, to, version, &already, err) ||
        !fault_pass("moved", to.p, err) || !journal_file_moved(worker->journal, claim, to, err))
        return false;
    claim->file.location = to;
    return true;
}

/* A crash may have come between the move and the journal's word of it. Where it lay last is a name of this run's alone,
 * or one that is no longer there. */
static bool settle(struct worker *worker, struct claim *claim, struct arena *arena, struct err *err)
{
    struct journal_file *file = &claim->file;
    struct storage_object object;
    bool before, after;
    if (!file->moving_to.n)
        return true;
    if (!worker->storage->driver->stat(worker->storage, file->location, &before, &object, arena, err) ||
        !worker->storage->driver->stat(worker->storage, file->moving_to, &after, &object, arena, err))
        return false;
    if (!before && after)
        file->location = file->moving_to;
    file->moving_to = STR("");
    return journal_file_moved(worker->journal, claim, file->location, err);
}

static struct str spare_key(const struct claim *claim, struct arena *arena)
{
    return str_of(arena_printf(
        arena, "archive/validated/" STR_FMT "_%s", STR_ARG(storage_base_name(claim->file.arrival_key)), claim->run_id));
}

/* The contract's own name for the archive may be taken, or lead through a file: then a name that cannot be. */
static bool archive(struct worker *worker, struct claim *claim, struct str to, struct arena *arena, struct err *err)
{
    struct str from = claim->file.location, spare = spare_key(claim, arena);
    if (!spare.p)
        return ERR(err, ERR_MEMORY, "no memory for a key");
    if (!settle(worker, claim, arena, err))
        return false;
    if (str_eq(claim->file.location, spare))
        return true;
    if (!publish_move(worker, claim, to, NULL, err)) {
        if (err_action(err) == ERR_ACTION_WAIT || err->kind == ERR_FENCED)
            return false;
        log_err(LOG_WARN, "archived-under-another-name", err);
        if (!publish_move(worker, claim, spare, NULL, err))
            return false;
    }
    /* The folder in validated/ is the run's own, and empty now. */
    return !str_starts(from, STR("validated/")) || worker->storage->driver->remove(worker->storage, from, err);
}

bool publish_clear(struct worker *worker, const char *run_id, struct arena *arena, struct err *err)
{
    struct storage *storage = worker->storage;
    return storage->driver->remove_tree(storage, manifest_staging_key(run_id, arena), err) &&
           storage->driver->remove(storage, manifest_key(run_id, arena), err);
}

/* From here on the original goes to the archive, whatever happens: meanwhile that can begin. */
static bool publish_all(struct worker *worker, const struct claim *claim, const struct manifest *manifest,
    struct arena *arena, struct err *err)
{
    const struct journal_file *file = &claim->file;
    bool moves = manifest->archive_to.n && !file->moving_to.n && !str_eq(file->location, manifest->archive_to);
    struct ahead *ahead = moves ? ahead_begin(worker->storage, file->location, manifest->archive_to, NULL) : NULL;
    bool ok = publish_outputs(worker, manifest, err) && fault_pass("published", NULL, err) &&
              commit(worker, claim, manifest, arena, err);
    ahead_end(ahead);
    return ok;
}

static bool clear_elsewhere(
    struct worker *worker, const struct manifest *manifest, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < manifest->output_count; i++)
        if (!elsewhere_clear(worker->storage, manifest->outputs[i].output.key, manifest->dataset, arena, err))
            return false;
    return true;
}

bool publish_run(struct worker *worker, const struct claim *claim, const struct manifest *manifest,
    enum run_state state, struct arena *arena, struct err *err)
{
    struct claim own = *claim;
    if (state == RUN_PUBLISHING && !publish_all(worker, claim, manifest, arena, err))
        return false;
    return remove_earlier(worker, manifest, err) && clear_elsewhere(worker, manifest, arena, err) &&
           (!manifest->archive_to.n || archive(worker, &own, manifest->archive_to, arena, err)) &&
           journal_run_end(worker->journal, &own, manifest->outcome, manifest->error_code, manifest->error_message,
               clock_now(), err) &&
           fault_pass("ended", NULL, err) && publish_clear(worker, claim->run_id, arena, err);
}
