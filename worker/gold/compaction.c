#include "worker/gold/compaction.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/fs.h"
#include "worker/gold/row_hash.h"
#include "worker/gold/winners.h"
#include "worker/gold/write.h"
#include "worker/run/publish.h"
#include "worker/run/ruleset.h"

#include <fcntl.h>
#include <unistd.h>

enum { MAX_PATH = 8192, MOST_RULES_TEXT = 16 * 1024 * 1024 };
/* Shares of the memory setting; what is left is for the reader's pages, the bits of the rows and the program. */
enum { KEY_SHARE = 2, GROUP_SHARE = 8, LEAST_KEY_MEMORY = 64 * 1024 };

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to compact a partition");
}

struct str gold_key(const struct contract *contract, struct str partition, struct arena *arena)
{
    return str_of(arena_printf(arena, "gold/" STR_FMT "/" STR_FMT "%spart-00000.parquet", STR_ARG(contract->dataset),
        STR_ARG(partition), partition.n ? "/" : ""));
}

struct str gold_metrics_key(const struct contract *contract, struct str partition, struct arena *arena)
{
    return str_of(arena_printf(arena, "audit/gold_compaction/" STR_FMT "/" STR_FMT "%smetrics.json",
        STR_ARG(contract->dataset), STR_ARG(partition), partition.n ? "/" : ""));
}

static size_t key_memory(const struct compaction *c)
{
    size_t share = c->worker->options.memory / KEY_SHARE;
    return share < LEAST_KEY_MEMORY ? LEAST_KEY_MEMORY : share;
}

/* ---- what it is made from ---- */

/* The same rules over the same files make the same gold. */
static bool take_fingerprint(struct compaction *c, struct err *err)
{
    const struct contract *contract = c->contract;
    struct buf text;
    buf_init(&text, MOST_RULES_TEXT);
    buf_printf(&text, "1 %d\n", (int)contract->gold_mode);
    for (uint32_t i = 0; i < contract->gold_key_count; i++)
        buf_printf(&text, "key " STR_FMT "\n", STR_ARG(contract->scope.names[contract->gold_key[i]].name));
    buf_printf(&text, "latest " STR_FMT "\ndelete " STR_FMT "\n", STR_ARG(contract->gold_latest),
        STR_ARG(contract->gold_delete_when));
    if (contract->row_hash != ROW_HASH_MD5)
        buf_printf(&text, "row_hash %s\n", row_hash_name(contract->row_hash));
    for (size_t i = 0; i < c->input_count; i++)
        buf_printf(&text, "%lld\n", (long long)c->inputs[i].output_id);
    bool ok = buf_ok(&text, "the list of a partition's files", err);
    if (ok)
        sha256_of(buf_str(&text), c->fingerprint);
    buf_dispose(&text);
    return ok;
}

static bool find_inputs(struct compaction *c, struct err *err)
{
    struct journal *journal = c->worker->journal;
    struct str dataset = c->contract->dataset;
    return journal_gold_inputs(journal, dataset, c->partition, &c->inputs, &c->input_count, c->arena, err) &&
           journal_gold_read(journal, dataset, c->partition, &c->before, &c->has_before, c->arena, err) &&
           take_fingerprint(c, err);
}

static bool alive(void *context, struct err *err)
{
    struct compaction *c = context;
    struct worker *worker = c->worker;
    int64_t now = clock_monotonic();
    if (worker->stop && *worker->stop)
        return ERR(err, ERR_INTERRUPTED, "asked to stop");
    if (!c->claim.run_id[0] || now - c->beat_at < worker->options.lease_us / 3)
        return true;
    c->beat_at = now;
    return journal_heartbeat(worker->journal, &c->claim, clock_now(), worker->options.lease_us, err);
}

/* A partition whose last file was withdrawn keeps the columns of the gold before. */
static bool adopt_schema(struct compaction *c, struct err *err)
{
    struct gold_input gold = {.key = c->before.key, .rows = c->before.rows};
    if (!c->has_before || !c->has_object)
        return ERR(err, ERR_NOT_FOUND, "partition " STR_FMT " of " STR_FMT " has neither files nor a gold before",
            STR_ARG(c->partition), STR_ARG(c->contract->dataset));
    if (!sources_open(&c->sources, c->worker->storage, &gold, 1, c->arena, err))
        return false;
    c->sources.count = 0;
    uint32_t hash = sources_find(&c->sources, STR("row_hash"));
    c->sources.column_count -= hash != UINT32_MAX && hash == c->sources.column_count - 1;
    return true;
}

static bool is_partition_column(const struct contract *contract, struct str name)
{
    for (uint32_t i = 0; i < contract->partition_count; i++)
        if (str_eq(contract->partitions[i].name, name))
            return true;
    return false;
}

static bool find_column(
    const struct compaction *c, struct str name, const char *what, uint32_t *column, struct err *err)
{
    *column = sources_find(&c->sources, name);
    return *column != UINT32_MAX ||
           ERR(err, ERR_CONFIG, "%s of gold of " STR_FMT ": " STR_FMT " is no column of its files", what,
               STR_ARG(c->contract->dataset), STR_ARG(name));
}

/* A part of the key that is the partition itself is the same in all of it. */
static bool find_key(struct compaction *c, struct err *err)
{
    const struct contract *contract = c->contract;
    c->latest = UINT32_MAX;
    c->key = ARENA_ARRAY(c->arena, uint32_t, contract->gold_key_count + 1);
    if (!c->key)
        return no_memory(err);
    if (!c->sources.count)
        return true;
    if (sources_find(&c->sources, STR("row_hash")) != UINT32_MAX)
        return ERR(err, ERR_CONFIG, "dataset " STR_FMT " has a column row_hash, which gold adds itself",
            STR_ARG(contract->dataset));
    for (uint32_t i = 0; i < contract->gold_key_count; i++) {
        struct str name = contract->scope.names[contract->gold_key[i]].name;
        if (is_partition_column(contract, name))
            continue;
        if (!find_column(c, name, "the key", &c->key[c->key_count++], err))
            return false;
    }
    if (contract->gold_key_count && !c->key_count)
        return ERR(
            err, ERR_CONFIG, "the key of gold of " STR_FMT " is the partition itself", STR_ARG(contract->dataset));
    return str_eq(contract->gold_latest, STR("ingest_ts")) || is_partition_column(contract, contract->gold_latest) ||
           find_column(c, contract->gold_latest, "'latest'", &c->latest, err);
}

static bool open_sources(struct compaction *c, struct err *err)
{
    bool ok = c->input_count ? sources_open(&c->sources, c->worker->storage, c->inputs, c->input_count, c->arena, err)
                             : adopt_schema(c, err);
    if (!ok)
        return false;
    c->sources.alive = alive;
    c->sources.context = c;
    /* A snapshot is its newest delivery. */
    for (uint32_t i = 0; c->contract->gold_mode == GOLD_SNAPSHOT && i < c->sources.count; i++)
        c->sources.list[i].is_superseded =
            c->sources.list[i].delivery != c->sources.list[c->sources.count - 1].delivery;
    return find_key(c, err);
}

/* ---- winners ---- */

struct explanation {
    struct compaction *c;
    struct buf line;
};

static void explain_loser(void *context, const struct vector *const *key, uint32_t i, const struct source *loser,
    int64_t row, const struct source *winner, int64_t winner_row)
{
    struct explanation *e = context;
    struct compaction *c = e->c;
    buf_reset(&e->line);
    for (uint32_t k = 0; k < c->key_count; k++) {
        buf_printf(&e->line, "%s" STR_FMT "=", k ? ", " : "", STR_ARG(c->sources.columns[c->key[k]].name));
        if (key[k]->state[i] == VALUE_PRESENT)
            value_print(&e->line, key[k]->type, vector_at(key[k], i));
        else
            buf_add_cstr(&e->line, "NULL");
    }
    buf_printf(&e->line, ": row %lld of " STR_FMT " lost to row %lld of " STR_FMT, (long long)row, STR_ARG(loser->key),
        (long long)winner_row, STR_ARG(winner->key));
    c->options->explain(c->options->context, buf_str(&e->line));
}

static bool decide(struct compaction *c, struct err *err)
{
    struct explanation explanation = {.c = c};
    struct winners_options options = {.key = c->key,
        .key_count = c->key_count,
        .latest = c->latest,
        .memory = key_memory(c),
        .lost = c->options->explain ? explain_loser : NULL,
        .context = &explanation};
    if (!c->sources.count)
        return true;
    buf_init(&explanation.line, MAX_PATH);
    bool ok = find_column(c, STR("_row_number"), "the order", &options.row_number, err) &&
              winners_decide(&c->sources, &options, err);
    buf_dispose(&explanation.line);
    return ok;
}

/* ---- the gold before ---- */

static bool hash_object(struct compaction *c, char sha256[SHA256_TEXT_SIZE], struct err *err)
{
    struct storage *storage = c->worker->storage;
    uint64_t bytes;
    int fd;
    if (!storage->driver->open_fd(storage, c->before.key, &fd, err))
        return false;
    bool ok = sha256_fd(fd, c->before.key.p, sha256, &bytes, err);
    close(fd);
    return ok;
}

/* What is replaced must be what the last compaction published: else somebody's work would be lost. */
static bool check_before(struct compaction *c, struct err *err)
{
    struct storage *storage = c->worker->storage;
    struct storage_object object;
    struct str key = gold_key(c->contract, c->partition, c->arena);
    char sha256[SHA256_TEXT_SIZE];
    if (!key.p)
        return no_memory(err);
    if (!storage->driver->stat(storage, key, &c->has_object, &object, c->arena, err))
        return false;
    if (!c->has_object)
        return true;
    if (!c->has_before) {
        ERR(err, ERR_EXISTS, STR_FMT " is there, but no compaction published it", STR_ARG(key));
        return err_hint(err, "Move it away, then run 'sluiced gold' again.");
    }
    if (!hash_object(c, sha256, err))
        return false;
    if (strcmp(sha256, c->before.sha256) == 0)
        return true;
    ERR(err, ERR_CORRUPT, STR_FMT " is not the object that the last compaction published", STR_ARG(key));
    return err_hint(err, "Somebody changed it: look at it, move it away, then run 'sluiced gold' again.");
}

static bool guard_snapshot(const struct compaction *c, struct err *err)
{
    if (c->contract->gold_mode != GOLD_SNAPSHOT || c->options->allow_shrink || !c->has_before || !c->sources.count ||
        c->rows >= c->before.rows / 2)
        return true;
    ERR_REJECT(err, "snapshot-shrunken", "the newest snapshot of " STR_FMT " " STR_FMT " has %llu rows, its gold %llu",
        STR_ARG(c->contract->dataset), STR_ARG(c->partition), (unsigned long long)c->rows,
        (unsigned long long)c->before.rows);
    return err_hint(err, "Was the delivery cut short? If it is right, run 'sluiced gold --allow-shrink'.");
}

static bool compare(struct compaction *c, const struct sources *schema, const struct source *after, struct err *err)
{
    struct source before;
    if (!c->has_before || !c->has_object)
        return true;
    return sources_open_other(schema, c->before.key, &before, c->arena, err) &&
           compare_gold(schema, &before, after, c->key, c->key_count, schema->column_count - 1, key_memory(c),
               &c->comparison, err);
}

/* The new gold beside the one before it, and beside other partitions. */
static bool look_around(struct compaction *c, struct err *err)
{
    struct sources schema = c->sources;
    struct source gold;
    struct str staged = str_of(arena_printf(c->arena, STR_FMT "/part-00000.parquet", STR_ARG(c->staging_key)));
    struct across_options others = {c->worker->journal, c->contract, c->partition, c->key, c->key_count, key_memory(c)};
    schema.columns = ARENA_ARRAY(c->arena, struct parquet_column, schema.column_count + 1);
    if (!schema.columns || !staged.p)
        return no_memory(err);
    memcpy(schema.columns, c->sources.columns, schema.column_count * sizeof *schema.columns);
    schema.columns[schema.column_count++] = (struct parquet_column){STR("row_hash"), TYPE(TYPE_STRING), false};
    return sources_open_other(&schema, staged, &gold, c->arena, err) && compare(c, &schema, &gold, err) &&
           across_count(&schema, &gold, &others, &c->across, err);
}

/* ---- the run ---- */

static bool stage_path(const struct compaction *c, const char *name, const char **path, struct err *err)
{
    struct storage *storage = c->worker->storage;
    struct buf text;
    buf_init(&text, MAX_PATH);
    struct str key = str_of(arena_printf(c->arena, STR_FMT "/%s", STR_ARG(c->staging_key), name));
    bool ok = key.p ? storage->driver->local_path(storage, key, &text, err) : no_memory(err);
    *path = ok ? arena_cstr(c->arena, text.p) : NULL;
    buf_dispose(&text);
    return ok && (*path || no_memory(err));
}

static void count_rows(struct compaction *c)
{
    struct stage_count *count = &c->count;
    count->stage = STAGE_COMPACT;
    count->rows_out = c->rows;
    for (uint32_t i = 0; i < c->sources.count; i++) {
        const struct source *s = &c->sources.list[i];
        count->rows_in += s->rows;
        count->bytes_in += s->bytes;
        count->rows_filtered += s->deleted;
        if (s->is_superseded)
            count->rows_merged += s->rows;
        else
            count->rows_duplicate += s->rows - s->kept - s->deleted;
    }
}

static bool name_output(struct compaction *c, struct manifest_output *output, const char *name, struct str key,
    struct str kind, uint64_t rows, struct err *err)
{
    output->replaces = true;
    output->staged = str_of(arena_printf(c->arena, STR_FMT "/%s", STR_ARG(c->staging_key), name));
    output->output = (struct journal_output){.key = key, .kind = kind, .partition = c->partition, .rows = rows};
    return (output->staged.p && key.p) || no_memory(err);
}

static bool seal_gold(
    struct compaction *c, struct manifest_output *output, const struct parquet_summary *gold, struct err *err)
{
    struct str key = gold_key(c->contract, c->partition, c->arena);
    if (!name_output(c, output, "part-00000.parquet", key, STR("gold"), c->rows, err))
        return false;
    output->output.bytes = gold->bytes;
    memcpy(output->output.sha256, gold->sha256, sizeof output->output.sha256);
    return manifest_seal(c->worker->storage, output, c->gold_path, c->arena, err);
}

static bool seal_metrics(struct compaction *c, struct manifest_output *output, struct err *err)
{
    struct str key = gold_metrics_key(c->contract, c->partition, c->arena);
    return metrics_write(c, err) && name_output(c, output, "metrics.json", key, STR("gold-metrics"), 0, err) &&
           manifest_seal(c->worker->storage, output, c->metrics_path, c->arena, err);
}

/* Everything staged and sealed; the manifest's outputs[0] is the gold object. */
static bool build(struct compaction *c, struct err *err)
{
    struct manifest_output *outputs = ARENA_ARRAY(c->arena, struct manifest_output, 2);
    struct write_options options = {.contract = c->contract,
        .path = c->gold_path,
        .partition = c->partition,
        .memory = c->worker->options.memory / GROUP_SHARE};
    struct parquet_summary gold;
    if (!outputs)
        return no_memory(err);
    c->count.started_at = clock_now();
    if (!check_before(c, err) || !open_sources(c, err) || !decide(c, err) || !fault_pass("gold-decided", NULL, err) ||
        !gold_write(&c->sources, &options, &gold, err))
        return false;
    c->rows = gold.rows;
    if (!guard_snapshot(c, err) || !look_around(c, err))
        return false;
    count_rows(c);
    if (!seal_gold(c, &outputs[0], &gold, err))
        return false;
    c->count.bytes_out = outputs[0].output.bytes;
    c->count.finished_at = clock_now();
    c->manifest = (struct manifest){.run_id = str_of(c->claim.run_id),
        .dataset = c->contract->dataset,
        .outcome = OUTCOME_LOADED,
        .error_code = STR(""),
        .error_message = STR(""),
        .system_cause_stage = STR(""),
        .blocks = STR(""),
        .archive_to = STR(""),
        .gold_inputs = str_of(c->fingerprint),
        .outputs = outputs,
        .output_count = 2};
    c->manifest.counts[STAGE_COMPACT] = c->count;
    return seal_metrics(c, &outputs[1], err);
}

static bool publish(struct compaction *c, struct err *err)
{
    struct worker *worker = c->worker;
    struct str key = manifest_key(c->claim.run_id, c->arena);
    if (!key.p)
        return no_memory(err);
    if (!fault_pass("sealed", NULL, err) || !manifest_write(worker->storage, &c->manifest, err) ||
        !fault_pass("manifest", NULL, err) ||
        !journal_run_state(worker->journal, &c->claim, RUN_CLAIMED, RUN_PREPARED, key, err) ||
        !fault_pass("prepared", NULL, err))
        return false;
    c->beyond_return = journal_run_state(worker->journal, &c->claim, RUN_PREPARED, RUN_PUBLISHING, STR(""), err);
    return c->beyond_return && fault_pass("publishing", NULL, err) &&
           publish_run(worker, &c->claim, &c->manifest, RUN_PUBLISHING, c->arena, err);
}

static bool work(struct compaction *c, struct err *err)
{
    struct worker *worker = c->worker;
    c->staging_key = manifest_staging_key(c->claim.run_id, c->arena);
    if (!c->staging_key.p)
        return no_memory(err);
    return ruleset_keep(worker->storage, c->contract, err) &&
           journal_run_ruleset(
               worker->journal, &c->claim, str_of(c->contract->hash), c->contract->dataset, c->contract->text, err) &&
           stage_path(c, "part-00000.parquet", &c->gold_path, err) &&
           stage_path(c, "metrics.json", &c->metrics_path, err) && fault_pass("gold-claimed", NULL, err) &&
           build(c, err) && publish(c, err);
}

/* The reason goes to the journal; before the point of no return nothing of the run stays. */
static void give_up(struct compaction *c, const struct err *why)
{
    struct worker *worker = c->worker;
    struct err second;
    bool exhausted;
    if (!c->beyond_return && !publish_clear(worker, c->claim.run_id, c->arena, &second))
        return; /* recovery tries again: the run still lives */
    if (!journal_run_failed(worker->journal, &c->claim, why, STR(""), clock_now(), &exhausted, &second))
        return;
}

enum compaction_result compaction_run(struct compaction *c, struct err *err)
{
    struct worker *worker = c->worker;
    bool taken = false;
    if (!find_inputs(c, err))
        return COMPACTION_FAILED;
    if (c->options->explain)
        return open_sources(c, err) && decide(c, err) ? COMPACTION_UNCHANGED : COMPACTION_FAILED;
    if (c->has_before && !c->options->force && strcmp(c->before.inputs, c->fingerprint) == 0)
        return COMPACTION_UNCHANGED;
    if (!journal_run_begin(worker->journal, STR("compact"), c->contract->dataset, c->partition, worker->owner,
            clock_now(), worker->options.lease_us, &c->claim, &taken, err))
        return COMPACTION_FAILED;
    if (!taken)
        return COMPACTION_BUSY;
    c->beat_at = clock_monotonic();
    /* Once more under the claim: another compaction may have ended since. */
    if (find_inputs(c, err) && work(c, err))
        return COMPACTED;
    give_up(c, err);
    return COMPACTION_FAILED;
}
