#include "worker/run/warehouse.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/journal/silver.h"
#include "worker/warehouse/again.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_SHARE = 4, ASK_TIMES = 3, NAME_SIZE = 128 };

/* The journal's word for a dataset with a warehouse: the last run that changed it. */
static void meta_name(char name[NAME_SIZE], struct str dataset)
{
    snprintf(name, NAME_SIZE, "warehouse " STR_FMT, STR_ARG(dataset));
}

bool warehouse_fault(const struct err *err)
{
    return err->code && strcmp(err->code, PG_ERROR) == 0 && err->kind != ERR_FENCED;
}

static bool is_withdrawal(const struct file_run *run)
{
    return str_eq(run->claim.file.action, STR("withdraw"));
}

/* What was loaded once can only be replaced or taken back where the warehouse is. */
static bool was_used(struct worker *worker, struct str dataset, bool *used, struct arena *arena, struct err *err)
{
    char name[NAME_SIZE];
    struct str value;
    meta_name(name, dataset);
    if (!journal_meta_get(worker->journal, name, &value, arena, err))
        return false;
    *used = value.n > 0;
    return true;
}

/* Rows that the warehouse alone refused stand in the lake: read again by themselves they would stand there twice. */
static bool may_add(struct file_run *run, struct err *err)
{
    bool refused, recovered;
    const char *rows_of = run->claim.file.rows_of.p;
    if (!run->claim.file.rows_of.n)
        return true;
    if (!journal_run_refused(run->worker->journal, rows_of, &refused, err) ||
        !journal_silver_recovered(run->worker->journal, rows_of, &recovered, err))
        return false;
    if (recovered) {
        ERR_REJECT(
            err, "warehouse-rows", "silver was made again since, and holds rows that run %s had rejected", rows_of);
        return err_hint(err, "Re-drive the whole file: the lake has these rows then as well.");
    }
    if (!refused)
        return true;
    ERR_REJECT(err, "warehouse-rows", "the warehouse alone refused rows of run " STR_FMT ", which stand in the lake",
        STR_ARG(run->claim.file.rows_of));
    return err_hint(err, "Re-drive the whole file once the tables take its rows.");
}

bool warehouse_check(struct file_run *run, struct err *err)
{
    struct worker *worker = run->worker;
    bool used, given = run->contract && run->contract->warehouse.given;
    if (!may_add(run, err))
        return false;
    if (worker->pg)
        return !(given || is_withdrawal(run)) || pg_connect(worker->pg, err);
    if (!was_used(worker, run->claim.file.dataset, &used, run->arena, err))
        return false;
    if (!used || !(given || is_withdrawal(run)))
        return true;
    err_set(err, ERR_CONFIG, PG_ERROR, __FILE__, __LINE__, "the dataset " STR_FMT " is loaded into a warehouse",
        STR_ARG(run->claim.file.dataset));
    return err_hint(err, "Say which: --warehouse URL, or warehouse: in sluice.yaml.");
}

static bool alive(void *context, struct err *err)
{
    struct file_run *run = context;
    struct worker *worker = run->worker;
    if (worker->stop && *worker->stop)
        return ERR(err, ERR_INTERRUPTED, "asked to stop");
    if (clock_monotonic() - run->load_beat <= worker->options.lease_us / 3)
        return true;
    run->load_beat = clock_monotonic();
    return journal_heartbeat(worker->journal, &run->claim, clock_now(), worker->options.lease_us, err);
}

static struct ledger_key key_of(const struct worker *worker, const struct claim *claim)
{
    return (struct ledger_key){.lake_id = worker->storage->lake_id,
        .dataset = claim->file.dataset,
        .file_id = claim->file.file_id,
        .fence = claim->fence,
        .run_id = claim->run_id,
        .adds = claim->file.rows_of.n != 0};
}

bool warehouse_open(struct file_run *run, struct err *err)
{
    struct worker *worker = run->worker;
    bool used = true, given = run->contract && run->contract->warehouse.given;
    if (!worker->pg || run->rehearsal || run->load)
        return true;
    if (is_withdrawal(run) && !was_used(worker, run->claim.file.dataset, &used, run->arena, err))
        return false;
    if (is_withdrawal(run) ? !used : !given)
        return true;
    struct ledger_key key = key_of(worker, &run->claim);
    run->load_beat = clock_monotonic();
    pg_alive(worker->pg, alive, run);
    struct load_options options = {.contract = is_withdrawal(run) ? NULL : run->contract,
        .bytes = run->claim.file.size,
        .ingest_ts = run->claim.file.arrived_at,
        .memory = worker->options.memory / MEMORY_SHARE};
    run->load = load_open(worker->pg, &options, &key, err);
    run->manifest.warehouse = run->load != NULL;
    return run->load != NULL;
}

void warehouse_close(struct file_run *run)
{
    load_close(run->load);
    run->load = NULL;
}

/* raw and bronze hold every record, those that parse lost too, and the first of the stages takes them all from parse;
 * silver tells of all that is lost on the way to it. */
void warehouse_count(struct file_run *run)
{
    const struct load_counts *loaded = &run->result.loaded;
    struct stage_count *counts = run->manifest.counts;
    uint64_t rows = counts[STAGE_PARSE].rows_out, bytes = run->claim.file.size;
    for (enum tier tier = 0; run->load && tier < TIER_COUNT; tier++) {
        struct stage_count *count = &counts[STAGE_RAW + tier];
        if (!(run->contract->warehouse.stages & 1U << tier))
            continue;
        *count = (struct stage_count){.stage = (enum stage)(STAGE_RAW + tier),
            .rows_in = rows,
            .rows_expanded = loaded->records - rows,
            .rows_out = loaded->records,
            .bytes_in = bytes,
            .bytes_out = loaded->bytes[tier],
            .started_at = loaded->started_at,
            .finished_at = loaded->finished_at};
        bytes = loaded->bytes[tier];
        rows = loaded->records;
        if (tier == TIER_SILVER) {
            count->rows_out = loaded->good - loaded->refused;
            count->rows_rejected = loaded->rejected + loaded->refused;
            count->rows_duplicate = loaded->duplicate;
            count->rows_filtered = loaded->filtered;
        }
    }
}

/* ---- the point of no return ---- */

/* The answer to COMMIT was lost: whoever takes the ledger's row has waited for its end. */
static bool find_out(struct file_run *run, const struct err *why, struct err *err)
{
    struct ledger_key key = key_of(run->worker, &run->claim);
    bool committed, asked = false;
    log_err(LOG_WARN, "commit-unsure", why);
    for (int i = 0; i < ASK_TIMES && !asked; i++)
        asked = ledger_ask(run->worker->pg, &key, &committed, err);
    if (!asked)
        return false;
    run->beyond_return = committed;
    if (!committed)
        *err = *why;
    return committed;
}

bool warehouse_commit(struct file_run *run, struct err *err)
{
    bool unsure;
    struct err why;
    if (!run->load)
        return true;
    run->beyond_return = true;
    bool ok = load_commit(run->load, &unsure, err);
    if (!ok && !unsure)
        run->beyond_return = false;
    else if (!ok) {
        why = *err;
        ok = find_out(run, &why, err);
    }
    warehouse_close(run);
    return ok;
}

bool warehouse_ask(
    struct worker *worker, const struct claim *claim, const struct manifest *manifest, bool *committed, struct err *err)
{
    *committed = false;
    if (!manifest->warehouse)
        return true;
    if (!worker->pg) {
        err_set(err, ERR_CONFIG, PG_ERROR, __FILE__, __LINE__,
            "whether run %s was loaded into the warehouse is not known", claim->run_id);
        return err_hint(err, "Say which warehouse: --warehouse URL, or warehouse: in sluice.yaml.");
    }
    struct ledger_key key = key_of(worker, claim);
    if (manifest->stage_file)
        return again_ask(worker->pg, key.lake_id, manifest->stage_file, claim->run_id, committed, err);
    return ledger_ask(worker->pg, &key, committed, err);
}

bool warehouse_remember(struct worker *worker, const struct manifest *manifest, struct err *err)
{
    char name[NAME_SIZE];
    meta_name(name, manifest->dataset);
    return !manifest->warehouse || (journal_meta_set(worker->journal, name, manifest->run_id, err) &&
                                       warehouse_incident(worker, manifest->dataset, NULL, err));
}

bool warehouse_incident(struct worker *worker, struct str dataset, const struct err *why, struct err *err)
{
    if (!why)
        return journal_incident_close(worker->journal, STR("warehouse"), dataset, clock_now(), err);
    char text[sizeof why->message + sizeof why->hint + 2];
    snprintf(text, sizeof text, "%s%s%s", why->message, why->hint[0] ? ". " : "", why->hint);
    return journal_incident(worker->journal, STR("warehouse"), dataset, str_of(text), clock_now(), err);
}
