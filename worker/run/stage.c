#include "worker/run/stage.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/log.h"
#include "worker/run/lost.h"
#include "worker/run/publish.h"
#include "worker/run/rules.h"
#include "worker/run/ruleset.h"
#include "worker/run/warehouse.h"

enum { MEMORY_SHARE = 4, MAX_OVERRIDES = 8 * 1024 * 1024, ASK_TIMES = 3 };

/* One file. */
struct making {
    struct worker *worker;
    const struct contract *contract;
    enum stage stage;
    const struct again_found *found;
    struct arena *arena;
    struct claim claim;
    int64_t beat_at;
    struct contract **own; /* the rules of each run, where they are not the contract's */
    struct again_run *runs;
    struct again *again;
    struct again_counts counts;
    struct manifest manifest;
    bool beyond_return;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to make a stage again");
}

/* ---- its runs and their rules ---- */

static bool read_overrides(struct making *m, struct str hash, struct overrides *overrides, struct err *err)
{
    struct storage *storage = m->worker->storage;
    struct storage_object object;
    struct buf text;
    bool exists = false;
    struct str key = str_of(arena_printf(m->arena, "audit/rulesets/" STR_FMT "/" RULESET_OVERRIDES, STR_ARG(hash)));
    if (!key.p)
        return no_memory(err);
    if (!storage->driver->stat(storage, key, &exists, &object, m->arena, err))
        return false;
    if (!exists)
        return true;
    buf_init(&text, MAX_OVERRIDES);
    bool ok = storage->driver->read(storage, key, &text, err);
    struct str copy = ok ? arena_str(m->arena, buf_str(&text)) : STR("");
    buf_dispose(&text);
    return ok && (copy.p || no_memory(err)) && overrides_read(overrides, copy, m->arena, err);
}

/* A run that was read under overrides is judged by the contract as it is now with them laid over it. */
static bool load_rules(struct making *m, size_t i, struct str hash, struct err *err)
{
    struct overrides *overrides = ARENA_NEW(m->arena, struct overrides);
    char base[SHA256_TEXT_SIZE];
    if (!overrides)
        return no_memory(err);
    if (hash.n && !read_overrides(m, hash, overrides, err))
        return false;
    m->runs[i].contract = m->contract;
    if (!overrides->count)
        return true;
    const struct rules_request request = {.storage = m->worker->storage,
        .journal = m->worker->journal,
        .contracts = m->worker->contracts,
        .rules = RULES_CURRENT,
        .dataset = m->contract->dataset,
        .ruleset_hash = hash,
        .overrides = overrides};
    m->runs[i].contract = m->own[i] = rules_load(&request, base, m->arena, err);
    return m->own[i] || err_context(err, "the overrides of run %s", m->runs[i].run_id);
}

static bool find_run(struct making *m, size_t i, struct err *err)
{
    struct str run_id = m->found->run_ids[i];
    struct loaded_run run;
    bool found;
    uint64_t *rejected;
    struct again_run *to = &m->runs[i];
    if (!journal_loaded_run(m->worker->journal, run_id, &run, &found, m->arena, err))
        return false;
    if (!found) {
        ERR(err, ERR_CHANGED, "run " STR_FMT " is being loaded or taken back", STR_ARG(run_id));
        return err_hint(err, "Once 'sluiced run' has brought it to its end, do this again.");
    }
    to->run_id = run_id.p;
    to->has_raw = run.has_raw;
    to->has_bronze = run.has_bronze;
    to->raw = run.raw;
    to->bronze = run.bronze;
    if (!journal_rejected(m->worker->journal, run_id, &rejected, &to->rejected_count, m->arena, err))
        return false;
    to->rejected = rejected;
    return load_rules(m, i, run.ruleset_hash, err);
}

static bool find_runs(struct making *m, struct err *err)
{
    m->runs = ARENA_ARRAY(m->arena, struct again_run, m->found->run_count);
    m->own = ARENA_ARRAY(m->arena, struct contract *, m->found->run_count);
    if (!m->runs || !m->own)
        return no_memory(err);
    for (size_t i = 0; i < m->found->run_count; i++)
        if (!find_run(m, i, err))
            return false;
    return true;
}

/* ---- silver ---- */

/* Columns of a table are the contract's fields, in their order. */
static bool make_binding(const struct contract *contract, struct binding *binding, struct arena *arena)
{
    uint32_t n = contract->field_count;
    *binding = (struct binding){.width = n,
        .column_of_field = ARENA_ARRAY(arena, int32_t, n),
        .field_of_column = ARENA_ARRAY(arena, int32_t, n),
        .labels = ARENA_ARRAY(arena, struct str, n)};
    for (uint32_t i = 0; binding->labels && i < n; i++) {
        binding->column_of_field[i] = binding->field_of_column[i] = (int32_t)i;
        binding->labels[i] = contract->fields[i].name;
    }
    return binding->column_of_field && binding->field_of_column && binding->labels;
}

static bool convert_rows(
    struct making *m, size_t run, struct converter *converter, struct batch *batch, struct err *err)
{
    struct again *again = m->again;
    /* What the contract leaves to the file is decided from the file's first rows, whichever run read it first. */
    if (!again_read(again, 0, run, err) || !again_next(again, batch, err) ||
        (batch->n && !converter_decide(converter, batch, err)) || !again_read(again, run, run, err) ||
        !again_types(again, err))
        return false;
    do {
        if (!again_next(again, batch, err) ||
            (batch->n && (!convert_batch(converter, batch, err) || !again_put(again, batch, err))))
            return false;
    } while (batch->n);
    return true;
}

/* A whole file that breaks such a rule is refused: what stands of it stays. */
static bool within_rules(const struct contract *contract, const uint64_t *failed, struct err *err)
{
    for (uint32_t i = 0; i < contract->rule_count; i++) {
        const struct rule *rule = &contract->rules[i];
        if (rule->severity != SEVERITY_QUARANTINE || failed[i] <= rule->tolerate)
            continue;
        ERR_REJECT(err, "rule-quarantine", "rule " STR_FMT " fails on %llu rows, %llu are tolerated", STR_ARG(rule->id),
            (unsigned long long)failed[i], (unsigned long long)rule->tolerate);
        return err_hint(err, "The rule has severity quarantine: silver is left as it was.");
    }
    return true;
}

static bool within_limits(const struct making *m, struct err *err)
{
    const struct contract *contract = m->runs[0].contract;
    uint64_t lost = m->counts.rejected + m->counts.duplicate, rows = m->counts.rows - m->counts.blank;
    double percent = rows ? 100.0 * (double)lost / (double)rows : 0;
    bool too_many =
        contract->has_max_reject_pct && rows && rows >= contract->min_rows && percent > contract->max_reject_pct;
    if (!too_many && !(contract->has_stop_after && lost > contract->stop_after))
        return true;
    ERR_REJECT(err, "too-many-rejects", "%llu of %llu rows would be rejected (%.1f %%), more than the contract allows",
        (unsigned long long)lost, (unsigned long long)rows, percent);
    return err_hint(err, "Silver is left as it was: see limits in the contract.");
}

static bool judge_run(struct making *m, size_t i, struct batch *batch, struct err *err)
{
    const struct contract *contract = m->runs[i].contract;
    const struct dialect dialect = {0};
    struct binding binding;
    struct arena *arena = arena_new(0);
    uint64_t *failed = arena ? arena_calloc(arena, contract->rule_count + 1, sizeof *failed) : NULL;
    bool ok = (failed && make_binding(contract, &binding, arena)) || no_memory(err);
    struct converter *converter = ok ? converter_new(contract, &binding, &dialect, arena, err) : NULL;
    ok = converter && convert_rows(m, i, converter, batch, err) && again_judge(m->again, failed, err) &&
         (i || within_rules(contract, failed, err));
    arena_free(arena);
    return ok;
}

static bool make_silver(struct making *m, struct err *err)
{
    struct batch *batch = batch_new(0);
    bool ok = batch || no_memory(err);
    for (size_t i = 0; ok && i < m->found->run_count; i++)
        ok = judge_run(m, i, batch, err);
    batch_free(batch);
    return ok && again_silver(m->again, &m->counts, err) && within_limits(m, err);
}

/* ---- the run ---- */

static bool alive(void *context, struct err *err)
{
    struct making *m = context;
    const struct worker *worker = m->worker;
    if (worker->stop && *worker->stop)
        return ERR(err, ERR_INTERRUPTED, "asked to stop");
    if (clock_monotonic() - m->beat_at < worker->options.lease_us / 3)
        return true;
    m->beat_at = clock_monotonic();
    return journal_heartbeat(worker->journal, &m->claim, clock_now(), worker->options.lease_us, err);
}

static void count(struct making *m, int64_t started_at)
{
    const struct again_counts *c = &m->counts;
    m->manifest.counts[m->stage] = (struct stage_count){.stage = m->stage,
        .rows_in = c->rows,
        .rows_out = c->out,
        .rows_rejected = c->rejected,
        .rows_duplicate = c->duplicate,
        .rows_filtered = c->filtered,
        .rows_merged = c->merged,
        .bytes_out = c->bytes,
        .started_at = started_at,
        .finished_at = clock_now()};
}

static bool find_standing(struct making *m, struct err *err)
{
    struct manifest *manifest = &m->manifest;
    manifest->silver = ARENA_ARRAY(m->arena, struct silver_run, m->found->run_count);
    if (!manifest->silver)
        return no_memory(err);
    for (size_t i = 0; i < m->found->run_count; i++) {
        struct silver_run *run = &manifest->silver[i];
        run->run_id = m->found->run_ids[i];
        if (!again_stands(m->again, i, &run->rows, &run->recovered, err))
            return false;
    }
    manifest->silver_count = m->found->run_count;
    return true;
}

static bool make(struct making *m, struct err *err)
{
    const struct again_file file = {.lake_id = m->worker->storage->lake_id,
        .file_id = m->found->file_id,
        .runs = m->runs,
        .run_count = m->found->run_count};
    m->again = again_open(m->worker->pg, m->contract, &file, m->worker->options.memory / MEMORY_SHARE, err);
    if (!m->again)
        return false;
    if (m->stage == STAGE_BRONZE)
        return again_bronze(m->again, &m->counts, err);
    return make_silver(m, err) && find_standing(m, err) &&
           (!m->counts.fresh || lost_write(m->worker, &m->manifest, m->again, &file, m->arena, err));
}

/* The answer to COMMIT was lost. */
static bool find_out(struct making *m, const struct err *why, struct err *err)
{
    bool committed = false, asked = false;
    log_err(LOG_WARN, "commit-unsure", why);
    for (int i = 0; i < ASK_TIMES && !asked; i++)
        asked =
            again_ask(m->worker->pg, m->worker->storage->lake_id, m->found->file_id, m->claim.run_id, &committed, err);
    m->beyond_return = !asked || committed;
    if (asked && !committed)
        *err = *why;
    return asked && committed;
}

static bool commit(struct making *m, struct err *err)
{
    bool unsure;
    struct err why;
    m->beyond_return = true;
    if (again_commit(m->again, m->claim.run_id, &unsure, &why))
        return true;
    if (unsure)
        return find_out(m, &why, err);
    m->beyond_return = false;
    *err = why;
    return false;
}

static bool publish(struct making *m, struct err *err)
{
    struct worker *worker = m->worker;
    struct str key = manifest_key(m->claim.run_id, m->arena);
    return (key.p || no_memory(err)) && manifest_write(worker->storage, &m->manifest, err) &&
           journal_run_state(worker->journal, &m->claim, RUN_CLAIMED, RUN_PREPARED, key, err) &&
           fault_pass("stage-prepared", NULL, err) && commit(m, err) &&
           journal_run_state(worker->journal, &m->claim, RUN_PREPARED, RUN_PUBLISHING, STR(""), err) &&
           fault_pass("publishing", NULL, err) &&
           publish_run(worker, &m->claim, &m->manifest, RUN_PUBLISHING, m->arena, err);
}

static bool work(struct making *m, struct err *err)
{
    int64_t started_at = clock_now();
    m->manifest = (struct manifest){.run_id = str_of(m->claim.run_id),
        .dataset = m->contract->dataset,
        .outcome = OUTCOME_LOADED,
        .error_code = STR(""),
        .error_message = STR(""),
        .system_cause_stage = STR(""),
        .blocks = STR(""),
        .archive_to = STR(""),
        .gold_inputs = STR(""),
        .warehouse = true,
        .stage_file = m->found->file_id};
    if (!ruleset_keep(m->worker->storage, m->contract, err) ||
        !journal_run_ruleset(
            m->worker->journal, &m->claim, str_of(m->contract->hash), m->contract->dataset, m->contract->text, err) ||
        !make(m, err))
        return false;
    count(m, started_at);
    return publish(m, err);
}

static void give_up(struct making *m, const struct err *why)
{
    struct worker *worker = m->worker;
    struct err second; /* the fault itself is told; recovery does what could not be done */
    bool exhausted, done;
    if (m->beyond_return)
        done = journal_run_left(worker->journal, &m->claim, why, clock_now(), &second);
    else
        done = publish_clear(worker, m->claim.run_id, m->arena, &second) &&
               journal_run_failed(worker->journal, &m->claim, why, STR(""), clock_now(), &exhausted, &second);
    if (!done)
        log_err(LOG_WARN, "stage-left", &second);
}

/* *busy: somebody else is at it. */
static bool claim_and_work(struct making *m, struct err *err)
{
    struct worker *worker = m->worker;
    bool taken = false;
    struct str about = str_of(arena_printf(m->arena, "run=" STR_FMT, STR_ARG(m->found->run_ids[0])));
    if (!about.p)
        return no_memory(err);
    if (!journal_run_begin(worker->journal, STR("load"), m->contract->dataset, about, worker->owner, clock_now(),
            worker->options.lease_us, &m->claim, &taken, err))
        return false;
    if (!taken)
        return ERR(err, ERR_CHANGED, "another process makes a stage of run " STR_FMT, STR_ARG(m->found->run_ids[0]));
    m->beat_at = clock_monotonic();
    pg_alive(worker->pg, alive, m);
    bool ok = fault_pass("stage-claimed", NULL, err) && work(m, err);
    struct err why = *err;
    again_close(m->again);
    pg_alive(worker->pg, NULL, NULL);
    if (!ok)
        give_up(m, &why);
    return ok;
}

static bool complain(struct stage_report *report, const struct making *m, const struct err *why, struct err *err)
{
    void *list = report->complaints;
    if (!arena_reserve(
            report->arena, &list, report->complaint_count, &report->complaint_capacity, sizeof *report->complaints))
        return no_memory(err);
    report->complaints = list;
    report->complaints[report->complaint_count++] =
        (struct stage_complaint){.run_id = arena_str(report->arena, m->found->run_ids[0]), .why = *why};
    return true;
}

static void add(struct stage_report *report, const struct making *m)
{
    const struct again_counts *c = &m->counts;
    struct again_counts *to = &report->counts;
    report->made++;
    to->rows += c->rows;
    to->out += c->out;
    to->rejected += c->rejected;
    to->duplicate += c->duplicate;
    to->filtered += c->filtered;
    to->merged += c->merged;
    to->fresh += c->fresh;
    for (size_t i = 0; i < m->manifest.silver_count; i++)
        report->recovered += m->manifest.silver[i].recovered;
}

/* Others may fare better, but not where nobody answers. */
static bool others_go_on(const struct err *why)
{
    return err_action(why) == ERR_ACTION_REJECT || why->kind == ERR_CHANGED || why->kind == ERR_FENCED ||
           why->kind == ERR_CORRUPT || (why->kind == ERR_CONFIG && !warehouse_fault(why));
}

static bool make_file(struct making *m, struct stage_report *report, struct err *err)
{
    struct err why = {0};
    report->files++;
    if (find_runs(m, &why) && claim_and_work(m, &why)) {
        add(report, m);
        return true;
    }
    if (others_go_on(&why))
        return complain(report, m, &why, err);
    *err = why;
    return false;
}

static bool is_of(const struct again_found *found, struct str run_id)
{
    bool is = !run_id.n;
    for (size_t i = 0; i < found->run_count; i++)
        is |= str_eq(found->run_ids[i], run_id);
    return is;
}

bool stage_again(struct worker *worker, const struct contract *contract, enum stage stage, struct str run_id,
    struct stage_report *report, struct err *err)
{
    struct again_found *files;
    size_t count;
    if (!again_list(worker->pg, worker->storage->lake_id, contract->dataset, &files, &count, report->arena, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_of(&files[i], run_id))
            continue;
        struct arena *arena = arena_new(0);
        struct making m = {.worker = worker, .contract = contract, .stage = stage, .found = &files[i], .arena = arena};
        bool ok = arena ? make_file(&m, report, err) : no_memory(err);
        for (size_t r = 0; m.own && r < files[i].run_count; r++)
            contract_free(m.own[r]);
        arena_free(arena);
        if (!ok)
            return false;
    }
    return true;
}
