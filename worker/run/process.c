/* Process: one pass over the file in batches through parse, convert, rules and the sinks, within the memory setting. */
#include "worker/run/process.h"
#include "shared/clock.h"
#include "shared/fs.h"
#include "worker/run/patched.h"
#include "worker/run/warehouse.h"

#include <stdlib.h>

enum { COPY_BYTES = 256 * 1024 };

const struct sink_driver *const file_run_sinks[] = {&sink_parquet, &sink_rejects, NULL};
const struct sink_driver *const warehouse_run_sinks[FILE_RUN_SINKS + 1] = {
    &sink_parquet, &sink_warehouse, &sink_rejects};

/* Shares of the memory setting; what is left is for code, stacks, SQLite and the file's fixed parts. */
enum { BATCH_SHARE = 4, SINK_SHARE = 3, UNIQUE_SHARE = 6 };

/* ---- the stages that need order ---- */

static bool step_unique(struct pass *pass, struct item *item, struct err *err)
{
    return !pass->unique || unique_batch(pass->unique, item->batch, err);
}

static unsigned place_of(const struct pass *pass, const struct item *item)
{
    return (unsigned)(item - pass->items);
}

static bool step_write(struct pass *pass, struct item *item, struct err *err)
{
    item->stage = STAGE_WRITE;
    item->started_at[STAGE_WRITE] = clock_now();
    batch_sort_errors(item->batch);
    for (int i = 0; pass->run->sinks[i]; i++)
        if (!pass->run->sinks[i]->write(pass->sinks[i], item->batch, place_of(pass, item), err))
            return false;
    return true;
}

/* ---- counting ---- */

static void lose(struct stage_count *counts, enum stage stage, enum mark mark)
{
    if (mark == MARK_REJECTED)
        counts[stage].rows_rejected++;
    else if (mark == MARK_DUPLICATE)
        counts[stage].rows_duplicate++;
    else
        counts[stage].rows_filtered++;
}

/* A row is lost at the stage of its first error; blank rows in parse, filtered ones in rules. */
static void count_batch(struct pass *pass, const struct item *item)
{
    const struct batch *batch = item->batch;
    size_t e = 0;
    pass->counts[STAGE_PARSE].rows_expanded += batch->n;
    for (uint32_t i = 0; i < batch->n; i++) {
        enum mark mark = (enum mark)batch->marks[i];
        while (e < batch->error_count && batch->errors[e].row < i)
            e++;
        if (mark == MARK_BLANK)
            lose(pass->counts, STAGE_PARSE, mark);
        else if (mark == MARK_FILTERED)
            lose(pass->counts, STAGE_RULES, mark);
        else if (mark != MARK_GOOD)
            lose(pass->counts, batch->errors[e].stage, mark);
        pass->run->rows += mark != MARK_BLANK;
    }
    for (uint32_t i = 0; i < pass->run->contract->rule_count; i++)
        pass->rules.failed[i] += item->rules.failed[i];
}

/* Batches overlap: a stage lasts from its first start to its last end. */
static void count_time(struct pass *pass, const struct item *item)
{
    for (int s = STAGE_CONVERT; s <= STAGE_WRITE; s++) {
        struct stage_count *count = &pass->counts[s];
        if (!count->started_at || item->started_at[s] < count->started_at)
            count->started_at = item->started_at[s];
        if (item->finished_at[s] > count->finished_at)
            count->finished_at = item->finished_at[s];
    }
}

static uint64_t rejected(const struct stage_count *counts)
{
    uint64_t sum = 0;
    for (int s = STAGE_PARSE; s <= STAGE_WRITE; s++)
        sum += counts[s].rows_rejected + counts[s].rows_duplicate;
    return sum;
}

/* ---- limits ---- */

/* The limits are a whole file's. */
static bool within_stop_after(struct pass *pass, struct err *err)
{
    const struct contract *contract = pass->run->contract;
    if (pass->run->chosen || !contract->has_stop_after || rejected(pass->counts) <= contract->stop_after)
        return true;
    ERR_REJECT(err, "too-many-rejects", "more than %llu rows were rejected, reading stopped",
        (unsigned long long)contract->stop_after);
    return err_hint(
        err, "Look at a few of the rows below: one cause usually explains most; limits.stop_after sets the limit.");
}

static bool within_limits(struct pass *pass, struct err *err)
{
    const struct contract *contract = pass->run->contract;
    uint64_t lost = rejected(pass->counts), rows = pass->run->rows;
    if (pass->run->chosen)
        return true;
    for (uint32_t i = 0; i < contract->rule_count; i++) {
        const struct rule *rule = &contract->rules[i];
        if (rule->severity != SEVERITY_QUARANTINE || pass->rules.failed[i] <= rule->tolerate)
            continue;
        ERR_REJECT(err, "rule-quarantine", "rule " STR_FMT " failed on %llu rows, %llu are tolerated",
            STR_ARG(rule->id), (unsigned long long)pass->rules.failed[i], (unsigned long long)rule->tolerate);
        return err_hint(err, "The rule has severity quarantine: mend the file, or change the rule in the contract.");
    }
    if (!contract->has_max_reject_pct || rows < contract->min_rows || !rows)
        return true;
    double percent = 100.0 * (double)lost / (double)rows;
    if (percent <= contract->max_reject_pct)
        return true;
    ERR_REJECT(err, "too-many-rejects", "%llu of %llu rows were rejected (%.1f %%), the contract allows %g %%",
        (unsigned long long)lost, (unsigned long long)rows, percent, contract->max_reject_pct);
    return err_hint(
        err, "Look at a few of the rows below: one cause usually explains most; limits.max_reject_pct sets the limit.");
}

/* ---- opening ---- */

static bool copy_original(void *context, uint64_t offset, uint64_t length, int fd, const char *name, struct err *err)
{
    struct stream *stream = file_run_stream(context, err);
    char *chunk = stream ? malloc(COPY_BYTES) : NULL;
    bool ok = chunk != NULL;
    if (stream && !chunk)
        ERR(err, ERR_MEMORY, "no memory to copy a record");
    uint64_t skip = offset, left = length;
    while (ok && (skip || left)) {
        uint64_t wanted = skip ? skip : left;
        size_t got;
        ok = stream->read(stream, chunk, wanted < COPY_BYTES ? (size_t)wanted : COPY_BYTES, &got, err);
        if (ok && !got)
            ok = ERR(err, ERR_CHANGED, "the file ended before byte %llu", (unsigned long long)(offset + length));
        if (ok && !skip)
            ok = fs_write_all(fd, chunk, got, name, err);
        if (skip)
            skip -= ok ? got : 0;
        else
            left -= ok ? got : 0;
    }
    free(chunk);
    stream_close(stream);
    return ok;
}

static struct stream *open_original(void *context, struct err *err)
{
    return file_run_stream(context, err);
}

static bool open_reader(struct pass *pass, struct err *err)
{
    struct file_run *run = pass->run;
    const struct dialect *dialect = &run->sniff.dialect;
    size_t count;
    struct segment *segments = patched_segments(dialect, run->patch, &count, run->arena);
    struct reader_options options = {.dialect = dialect,
        .width = run->binding.width,
        .blank_tail = run->binding.blank_tail,
        .reject_blank = run->contract->reject_blank};
    if (!segments)
        return ERR(err, ERR_MEMORY, "no memory for a patch");
    pipeline_bound(pass, &options);
    reader_close(pass->reader);
    stream_close(pass->stream);
    pass->reader = NULL;
    pass->chosen_at = 0;
    pass->stream = file_run_stream(run, err);
    if (pass->stream)
        pass->reader = reader_open(pass->stream, segments, count, &options, err);
    return pass->reader != NULL;
}

static bool choose_sinks(struct file_run *run, struct err *err)
{
    if (!warehouse_open(run, err))
        return false;
    run->sinks = run->load ? warehouse_run_sinks : run->sinks;
    return true;
}

static bool open_sinks(struct pass *pass, struct err *err)
{
    struct file_run *run = pass->run;
    pass->sink_run = (struct sink_run){
        .contract = run->contract,
        .binding = &run->binding,
        .sniff = &run->sniff,
        .run_id = run->claim.run_id,
        .staging = run->staging_path,
        .source = run->claim.file.arrival_key,
        .ingest_ts = run->claim.file.arrived_at,
        .memory = run->worker->options.memory / SINK_SHARE,
        .places = pass->slots,
        .crew = pass->crew,
        .arena = run->arena,
        .copy_original = copy_original,
        .open_original = open_original,
        .context = run,
        .load = run->load,
    };
    for (int i = 0; run->sinks[i]; i++) {
        pass->sinks[i] = run->sinks[i]->open(&pass->sink_run, err);
        if (!pass->sinks[i])
            return false;
    }
    return true;
}

/* The look at the keys alone: where the file is too large to keep them all, or the rest of it is loaded. */
static bool first_pass(struct pass *pass, struct err *err)
{
    bool chosen = pass->run->chosen != NULL;
    if (!pass->unique || !(chosen || unique_wants_first_pass(pass->unique, pass->run->claim.file.size)))
        return true;
    return pipeline_keys(pass, err) && (!chosen || pass_loaded_keys(pass, err)) && open_reader(pass, err);
}

static bool open_pass(struct pass *pass, struct err *err)
{
    struct file_run *run = pass->run;
    size_t memory = run->worker->options.memory;
    pass->counts = run->manifest.counts;
    pass->rules.failed = ARENA_ARRAY(run->arena, uint64_t, run->contract->rule_count);
    if (!pass->rules.failed)
        return ERR(err, ERR_MEMORY, "no memory for the counts of rules");
    pass->memory = memory / BATCH_SHARE;
    pass->beat = clock_monotonic();
    if (!pipeline_open(pass, err))
        return false;
    pass->converter = converter_new(run->contract, &run->binding, &run->sniff.dialect, run->arena, err);
    if (!pass->converter)
        return false;
    err_clear(err);
    pass->unique = unique_new(run->contract, memory / UNIQUE_SHARE, run->staging_path, err);
    if (!pass->unique && err->kind != ERR_NONE)
        return false;
    return open_reader(pass, err) && choose_sinks(run, err) && open_sinks(pass, err);
}

static void close_pass(struct pass *pass)
{
    hashing_stop(pass->hashing);
    for (int i = 0; pass->run->sinks[i]; i++)
        pass->run->sinks[i]->close(pass->sinks[i]);
    unique_free(pass->unique);
    reader_close(pass->reader);
    stream_close(pass->stream);
    pipeline_close(pass);
}

/* ---- the pass ---- */

bool pass_commit(struct pass *pass, struct item *item, struct err *err)
{
    struct profile *profile = pass->run->worker->profile;
    int64_t since = profile_now(profile);
    if (!step_unique(pass, item, err))
        return false;
    item->finished_at[STAGE_RULES] = clock_now();
    profile_add(profile, PROFILE_UNIQUE, since);
    since = profile_now(profile);
    if (!step_write(pass, item, err))
        return false;
    profile_add(profile, PROFILE_SPLIT, since);
    item->finished_at[STAGE_WRITE] = clock_now();
    count_time(pass, item);
    count_batch(pass, item);
    progress_at(pass->run->worker->progress, item->bytes, pass->run->rows, rejected(pass->counts));
    return within_stop_after(pass, err);
}

bool pass_alive(struct pass *pass, struct err *err)
{
    struct worker *worker = pass->run->worker;
    if (worker->stop && *worker->stop)
        return ERR(err, ERR_INTERRUPTED, "asked to stop");
    if (pass->run->rehearsal || clock_monotonic() - pass->beat <= worker->options.lease_us / 3)
        return true;
    pass->beat = clock_monotonic();
    return journal_heartbeat(worker->journal, &pass->run->claim, clock_now(), worker->options.lease_us, err);
}

/* From parse on each stage takes what its predecessor gave. */
static void balance(struct pass *pass, int64_t started)
{
    struct stage_count *counts = pass->counts;
    uint64_t rows = 0, bytes = pass->run->claim.file.size;
    for (int s = STAGE_PARSE; s <= STAGE_WRITE; s++) {
        struct stage_count *c = &counts[s];
        c->rows_in = rows;
        c->rows_out = rows + c->rows_expanded - c->rows_rejected - c->rows_duplicate - c->rows_filtered;
        c->bytes_in = bytes;
        c->bytes_out = s == STAGE_WRITE ? pass->run->result.bytes : bytes;
        c->started_at = c->started_at ? c->started_at : started;
        c->finished_at = c->finished_at ? c->finished_at : clock_now();
        c->stage = (enum stage)s;
        rows = c->rows_out;
    }
}

static bool begin_hash(struct pass *pass, struct err *err)
{
    struct file_run *run = pass->run;
    if (run->rehearsal || run->claim.file.sha256.n)
        return true;
    pass->hashing = hashing_start(run->fd, run->claim.file.location.p, file_run_gate(run), run->worker->profile, err);
    return pass->hashing != NULL;
}

/* Somebody may have delivered the same bytes meanwhile: intake, knowing of both, will settle that. */
static bool end_hash(struct pass *pass, struct err *err)
{
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size;
    int64_t duplicate_of;
    struct hashing *hashing = pass->hashing;
    if (!hashing)
        return true;
    pass->hashing = NULL;
    if (!hashing_finish(hashing, sha256, &size, err) || !file_run_hashed(pass->run, sha256, size, &duplicate_of, err))
        return false;
    return !duplicate_of || ERR(err, ERR_CHANGED, "the same bytes were delivered as file %lld while they were read",
                                (long long)duplicate_of);
}

/* Rules that cut the file into other records have other rows, and some of those are loaded. */
static bool found_chosen(const struct pass *pass, struct err *err)
{
    const struct chosen *chosen = pass->run->chosen;
    uint64_t found = pass->counts[STAGE_PARSE].rows_expanded;
    if (!chosen || found == chosen->count)
        return true;
    ERR_REJECT(err, "rows-differ", "under these rules %llu of the %zu rows are other records of the file",
        (unsigned long long)(chosen->count - found), chosen->count);
    return err_hint(err, "Re-drive the whole file: it then supersedes what was loaded of it.");
}

static bool read_all(struct pass *pass, struct err *err)
{
    return begin_hash(pass, err) && open_pass(pass, err) && first_pass(pass, err) && pipeline_rows(pass, err) &&
           found_chosen(pass, err) && within_limits(pass, err) && file_run_arrived(pass->run, err) &&
           file_run_moved(pass->run, err) && end_hash(pass, err) && file_run_unchanged(pass->run, err);
}

/* A file that is refused for its rows is refused with what they suffered from. */
static void keep_evidence(struct pass *pass)
{
    struct file_run *run = pass->run;
    struct err ignored; /* the refusal itself is already known */
    for (int i = 0; run->sinks[i]; i++)
        if ((run->sinks[i] == &sink_rejects || run->rehearsal) && pass->sinks[i] &&
            !(run->sinks[i]->prepare(pass->sinks[i], &run->result, &ignored) && file_run_keep_causes(run, &ignored)))
            run->result.cause_count = 0;
}

static bool seal(struct pass *pass, int64_t started, struct err *err)
{
    struct file_run *run = pass->run;
    struct profile *profile = run->worker->profile;
    int64_t since = profile_all_now(profile);
    for (int i = 0; run->sinks[i]; i++)
        if (run->sinks[i]->end && !run->sinks[i]->end(pass->sinks[i], err))
            return false;
    for (int i = 0; run->sinks[i]; i++)
        if (!run->sinks[i]->prepare(pass->sinks[i], &run->result, err))
            return false;
    balance(pass, started);
    warehouse_count(run);
    if (!run->rehearsal && !file_run_seal(run, run->result.outputs, run->result.output_count, pass->crew, err))
        return false;
    profile_add_all(profile, PROFILE_SEAL, since);
    profile_bytes(profile, PROFILE_SEAL, run->result.bytes);
    return true;
}

static bool run_pass(struct pass *pass, struct err *err)
{
    struct file_run *run = pass->run;
    int64_t started = clock_now();
    if (!read_all(pass, err)) {
        if (err_action(err) == ERR_ACTION_REJECT)
            keep_evidence(pass);
        return false;
    }
    run->stage = STAGE_WRITE;
    return seal(pass, started, err);
}

enum step_result stage_process(struct file_run *run, struct err *err)
{
    struct pass pass = {.run = run};
    bool ok = run_pass(&pass, err);
    if (ok) {
        run->manifest.outcome = OUTCOME_LOADED;
        run->manifest.notes = converter_notes(pass.converter, &run->manifest.note_count);
        ok = file_run_keep_causes(run, err);
    }
    close_pass(&pass);
    return ok ? STEP_FINISHED : STEP_FAILED;
}
