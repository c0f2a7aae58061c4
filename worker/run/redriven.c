/* The rules of a file that is read again because somebody approved it: those its request is bound to, or none. */
#include "worker/journal/redrive.h"
#include "worker/run/file_run.h"
#include "worker/run/rules.h"

static const struct redrive_file *file_of(const struct redrive *redrive, int64_t file_id)
{
    for (size_t i = 0; i < redrive->file_count; i++)
        if (redrive->files[i].file_id == file_id)
            return &redrive->files[i];
    return NULL;
}

/* Passing faults stay what they are: the file waits on. All else voids the approval. */
static bool void_it(struct err *err)
{
    struct err why = *err;
    if (why.kind == ERR_NONE || err_action(&why) != ERR_ACTION_STOP || why.kind == ERR_INTERRUPTED)
        return false;
    ERR_REJECT(err, "redrive-void", "the rules it was approved for cannot be had: %s", why.message);
    return err_hint(err, "Rehearse it again under the rules as they are now, and ask again.");
}

static bool take_patch(
    struct file_run *run, const struct redrive *redrive, const struct redrive_file *file, struct err *err)
{
    struct patch *patch = ARENA_NEW(run->arena, struct patch);
    if (!patch)
        return ERR(err, ERR_MEMORY, "no memory for a patch");
    if (!journal_patch_read(run->worker->journal, file->run_id, patch, run->arena, err))
        return void_it(err);
    if (!str_eq(str_of(patch->hash), redrive->patch_hash)) {
        ERR(err, ERR_CONFIG, "its patch has changed since");
        return void_it(err);
    }
    run->patch = patch;
    return true;
}

static bool take_rows(struct file_run *run, const struct redrive_file *file, struct err *err)
{
    static const struct row_choice all = {0};
    struct worker *worker = run->worker;
    struct chosen *chosen = ARENA_NEW(run->arena, struct chosen);
    if (!chosen)
        return ERR(err, ERR_MEMORY, "no memory for the rows to read again");
    if (!chosen_load(worker->storage, worker->journal, file->run_id, &all, ROW_REQUESTED, worker->options.memory,
            chosen, run->arena, err))
        return void_it(err);
    if (chosen->count != file->asked_rows) {
        ERR(err, ERR_CORRUPT, "%llu rows were asked for, of which %zu are left", (unsigned long long)file->asked_rows,
            chosen->count);
        return void_it(err);
    }
    if (run->patch)
        chosen_patched(chosen, run->patch);
    run->chosen = chosen;
    return true;
}

bool file_run_rules(struct file_run *run, struct contract **own, struct err *err)
{
    struct worker *worker = run->worker;
    struct redrive redrive;
    struct overrides *overrides = ARENA_NEW(run->arena, struct overrides);
    char base[SHA256_TEXT_SIZE];
    *own = NULL;
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    if (!journal_redrive_read(worker->journal, run->claim.file.redrive_id, &redrive, run->arena, err))
        return false;
    const struct redrive_file *file = file_of(&redrive, run->claim.file.file_id);
    if (!file || !overrides_read(overrides, redrive.overrides, run->arena, err)) {
        ERR(err, ERR_CORRUPT, "request %s is damaged", redrive.redrive_id);
        return void_it(err);
    }
    struct rules_request request = {.storage = worker->storage,
        .journal = worker->journal,
        .contracts = worker->contracts,
        .rules = redrive.same_rules ? RULES_SAME : RULES_CURRENT,
        .overrides = overrides,
        .dataset = run->claim.file.dataset,
        .ruleset_hash = file->base_ruleset};
    *own = rules_load(&request, base, run->arena, err);
    if (!*own)
        return void_it(err);
    if (strcmp((*own)->hash, file->ruleset_hash) == 0)
        return (!redrive.patch_hash.n || take_patch(run, &redrive, file, err)) &&
               (!redrive.of_rows || take_rows(run, file, err));
    contract_free(*own);
    *own = NULL;
    ERR(err, ERR_CONFIG, "the contract has changed since");
    return void_it(err);
}
