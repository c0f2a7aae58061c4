#include "shared/clock.h"
#include "worker/run/heap.h"
#include "worker/run/process.h"

#include <stdlib.h>

enum {
    LEAST_THREADED = 2 * 1024 * 1024, /* bytes of a file: below, threads and reserves cost more than they bring */
    PLACES = 2,                       /* a thread: one batch is worked on while another waits to be committed */
    LEAST_CHUNK = 64 * 1024,
    CHUNKS = 8,       /* what a batch takes at most, text and columns together */
    LEAST_ROWS = 64,  /* a batch */
    VALUE_BYTES = 32, /* a row and column: the typed value, its state, what expressions leave behind */
};

static size_t longest_row(const struct pass *pass)
{
    uint64_t given = pass->run->sniff.dialect.max_row_bytes;
    return given ? (size_t)given : DIALECT_MAX_ROW_BYTES;
}

unsigned file_run_threads(const struct file_run *run)
{
    unsigned threads = run->worker->options.threads;
    if (run->object.size < LEAST_THREADED)
        return 1;
    return threads ? threads : crew_processors();
}

/* ---- opening ---- */

static bool open_items(struct pass *pass, struct err *err)
{
    struct file_run *run = pass->run;
    pass->items = ARENA_ARRAY(run->arena, struct item, pass->slots);
    for (unsigned i = 0; pass->items && i < pass->slots; i++) {
        pass->items[i].batch = batch_new(pass->memory / pass->slots);
        pass->items[i].rules.failed = ARENA_ARRAY(run->arena, uint64_t, run->contract->rule_count);
        if (!pass->items[i].batch || !pass->items[i].rules.failed)
            return ERR(err, ERR_MEMORY, "no memory for a batch");
    }
    return pass->items || ERR(err, ERR_MEMORY, "no memory for a batch");
}

bool pipeline_open(struct pass *pass, struct err *err)
{
    unsigned threads = file_run_threads(pass->run);
    if (pass->run->object.size >= LEAST_THREADED)
        heap_reserve(pass->run->worker->options.memory);
    /* The longest record is held twice while the reader looks for its end. */
    size_t most = pass->memory / (2 * longest_row(pass) + (size_t)CHUNKS * READER_CHUNK_BYTES / 2);
    pass->slots = threads < 2 ? 1 : threads * PLACES;
    if (pass->slots > most)
        pass->slots = most ? (unsigned)most : 1;
    pass->crew = crew_new(threads, err);
    return pass->crew && open_items(pass, err);
}

void pipeline_bound(const struct pass *pass, struct reader_options *options)
{
    size_t share = pass->memory / pass->slots;
    size_t row = sizeof(struct row) + options->width * sizeof(struct cell) +
                 (size_t)converter_columns(pass->converter) * VALUE_BYTES;
    size_t rows = share / 2 / row, chunk = share / CHUNKS;
    options->max_rows = rows < LEAST_ROWS ? LEAST_ROWS : rows < READER_BATCH_ROWS ? (uint32_t)rows : READER_BATCH_ROWS;
    options->chunk_bytes = chunk < LEAST_CHUNK ? LEAST_CHUNK : chunk < READER_CHUNK_BYTES ? chunk : READER_CHUNK_BYTES;
}

/* ---- the lines ---- */

static void begin_stage(struct item *item, enum stage stage)
{
    item->stage = stage;
    item->started_at[stage] = clock_now();
}

static bool keep_chosen(struct pass *pass, struct batch *batch, struct err *err)
{
    const struct chosen *chosen = pass->run->chosen;
    if (!chosen || !batch->n)
        return true;
    while (pass->chosen_at < chosen->count && chosen->places[pass->chosen_at].offset < batch->rows[0].offset)
        pass->chosen_at++;
    return batch_keep(batch, chosen->places + pass->chosen_at, chosen->count - pass->chosen_at, err);
}

/* What the contract leaves to the file is decided from its first batch, before any thread converts. */
static enum line_result produce(void *context, unsigned slot, struct err *err)
{
    struct pass *pass = context;
    struct item *item = &pass->items[slot];
    struct profile *profile = pass->run->worker->profile;
    int64_t since = profile_now(profile);
    uint64_t before = reader_bytes(pass->reader);
    begin_stage(item, STAGE_PARSE);
    enum reader_result result = reader_next(pass->reader, item->batch, err);
    item->bytes = reader_bytes(pass->reader);
    profile_add(profile, pass->reads, since);
    profile_bytes(profile, pass->reads, item->bytes - before);
    if (result == READER_END)
        return LINE_END;
    if (result != READER_BATCH || (!pass->decided && !converter_decide(pass->converter, item->batch, err)))
        return LINE_FAILED;
    pass->decided = true;
    return keep_chosen(pass, item->batch, err) ? LINE_ITEM : LINE_FAILED;
}

static bool work_rows(void *context, unsigned slot, struct err *err)
{
    struct pass *pass = context;
    struct item *item = &pass->items[slot];
    struct profile *profile = pass->run->worker->profile;
    int64_t since = profile_now(profile);
    begin_stage(item, STAGE_CONVERT);
    if (!item->batch->n)
        return true;
    if (!convert_batch(pass->converter, item->batch, err))
        return false;
    item->finished_at[STAGE_CONVERT] = clock_now();
    profile_add(profile, PROFILE_CONVERT, since);
    since = profile_now(profile);
    begin_stage(item, STAGE_RULES);
    for (uint32_t i = 0; i < pass->run->contract->rule_count; i++)
        item->rules.failed[i] = 0;
    bool ok = rules_batch(pass->converter, item->batch, &item->rules, err);
    profile_add(profile, PROFILE_RULES, since);
    return ok;
}

static bool commit_rows(void *context, unsigned slot, struct err *err)
{
    struct pass *pass = context;
    struct item *item = &pass->items[slot];
    return (!item->batch->n || pass_commit(pass, item, err)) && pass_alive(pass, err);
}

/* ---- what sinks leave to tasks ---- */

/* The first sink with tasks has them all. */
static int sink_with_tasks(const struct pass *pass)
{
    int i = 0;
    while (pass->run->sinks[i] && !pass->run->sinks[i]->round)
        i++;
    return i;
}

static bool round_rows(void *context, unsigned slot, unsigned round, uint32_t *tasks, struct err *err)
{
    struct pass *pass = context;
    int i = sink_with_tasks(pass);
    const struct sink_driver *driver = pass->run->sinks[i];
    struct profile *profile = pass->run->worker->profile;
    int64_t since = profile_now(profile);
    *tasks = 0;
    bool ok = !driver || !pass->items[slot].batch->n || driver->round(pass->sinks[i], slot, round, tasks, err);
    profile_add(profile, PROFILE_ENCODE, since);
    return ok;
}

static bool task_rows(void *context, unsigned slot, uint32_t i, struct err *err)
{
    struct pass *pass = context;
    struct profile *profile = pass->run->worker->profile;
    int64_t since = profile_now(profile);
    int sink = sink_with_tasks(pass);
    bool ok = pass->run->sinks[sink]->task(pass->sinks[sink], slot, i, err);
    profile_add(profile, PROFILE_ENCODE, since);
    return ok;
}

static bool work_keys(void *context, unsigned slot, struct err *err)
{
    struct pass *pass = context;
    struct batch *batch = pass->items[slot].batch;
    struct profile *profile = pass->run->worker->profile;
    int64_t since = profile_now(profile);
    bool ok = !batch->n || convert_keys(pass->converter, batch, err);
    profile_add(profile, PROFILE_KEYS, since);
    return ok;
}

static bool commit_keys(void *context, unsigned slot, struct err *err)
{
    struct pass *pass = context;
    struct batch *batch = pass->items[slot].batch;
    struct profile *profile = pass->run->worker->profile;
    int64_t since = profile_now(profile);
    bool ok = !batch->n || unique_first_pass(pass->unique, batch, err);
    profile_add(profile, PROFILE_KEYS, since);
    return ok && pass_alive(pass, err);
}

static bool run_line(struct pass *pass, struct line line, struct err *err)
{
    unsigned slot;
    line.slots = pass->slots;
    line.context = pass;
    if (crew_line(pass->crew, &line, &slot, err))
        return true;
    pass->run->stage = pass->items[slot].stage;
    return false;
}

bool pipeline_keys(struct pass *pass, struct err *err)
{
    pass->reads = PROFILE_KEYS;
    return run_line(pass, (struct line){.produce = produce, .work = work_keys, .commit = commit_keys}, err);
}

bool pipeline_rows(struct pass *pass, struct err *err)
{
    struct line line = {
        .produce = produce, .work = work_rows, .commit = commit_rows, .round = round_rows, .task = task_rows};
    pass->reads = PROFILE_PARSE;
    return run_line(pass, line, err);
}

void pipeline_close(struct pass *pass)
{
    crew_free(pass->crew);
    for (unsigned i = 0; pass->items && i < pass->slots; i++)
        batch_free(pass->items[i].batch);
}
