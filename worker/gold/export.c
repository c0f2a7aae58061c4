#include "worker/gold/export.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/fs.h"
#include "worker/format/csv/cell.h"
#include "worker/gold/source.h"
#include "worker/run/elsewhere.h"
#include "worker/run/manifest.h"
#include "worker/run/publish.h"

#include <fcntl.h>
#include <unistd.h>

enum { MAX_PATH = 8192, FLUSH_BYTES = 256 * 1024, MAX_TEXT = 1 << 30 };

struct export
{
    struct worker *worker;
    const struct contract *contract;
    struct arena *arena;
    struct claim claim;
    int64_t beat_at; /* clock_monotonic() of the last heartbeat */
    bool beyond_return;
    struct str *partitions; /* of each source */
    struct gold_input *inputs;
    struct sources sources;
    uint32_t *columns; /* of the schema: those to be written */
    uint32_t column_count;
    struct str *folders; /* partition columns that are none of these */
    uint32_t folder_count;
    char fingerprint[SHA256_TEXT_SIZE];
    struct str staged;
    const char *path;
    int fd;
    struct buf text;
    uint64_t rows;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to export gold");
}

/* ---- what it is made from ---- */

static bool add_partition(struct export *e, struct str partition, struct buf *list, struct err *err)
{
    struct gold_state state;
    bool found;
    if (!journal_gold_read(e->worker->journal, e->contract->dataset, partition, &state, &found, e->arena, err))
        return false;
    if (!found)
        return true;
    e->partitions[e->sources.count] = partition;
    e->inputs[e->sources.count++] = (struct gold_input){.key = state.key, .rows = state.rows};
    buf_printf(list, STR_FMT " %s\n", STR_ARG(state.key), state.sha256);
    return true;
}

static bool find_gold(struct export *e, struct err *err)
{
    struct str *partitions;
    size_t n;
    struct buf list;
    if (!journal_gold_partitions(e->worker->journal, e->contract->dataset, &partitions, &n, e->arena, err))
        return false;
    e->partitions = ARENA_ARRAY(e->arena, struct str, n + 1);
    e->inputs = ARENA_ARRAY(e->arena, struct gold_input, n + 1);
    if (!e->partitions || !e->inputs)
        return no_memory(err);
    buf_init(&list, MAX_TEXT);
    buf_printf(&list, "1 " STR_FMT "\n", STR_ARG(e->contract->warehouse.export_key));
    e->sources.count = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_partition(e, partitions[i], &list, err);
    ok = ok && buf_ok(&list, "the list of gold", err);
    if (ok)
        sha256_of(buf_str(&list), e->fingerprint);
    buf_dispose(&list);
    return ok;
}

static struct str meta_name(const struct export *e)
{
    return str_of(arena_printf(e->arena, "export " STR_FMT, STR_ARG(e->contract->dataset)));
}

bool export_stands(struct worker *worker, struct str key, bool *exists, struct arena *arena, struct err *err)
{
    struct storage *storage;
    struct str there;
    struct journal_output known;
    struct storage_object object;
    char sha256[SHA256_TEXT_SIZE];
    uint64_t bytes;
    bool published;
    int fd;
    if (!journal_output_find(worker->journal, key, &known, &published, arena, err) ||
        !elsewhere_open(worker->storage, key, &storage, &there, arena, err) ||
        !storage->driver->stat(storage, there, exists, &object, arena, err))
        return false;
    if (!*exists)
        return true;
    if (!published) {
        ERR(err, ERR_EXISTS, STR_FMT " is there, but no export published it", STR_ARG(key));
        return err_hint(err, "Move it away, then run 'sluiced gold' again.");
    }
    if (!storage->driver->open_fd(storage, there, &fd, err))
        return false;
    bool ok = sha256_fd(fd, key.p, sha256, &bytes, err);
    close(fd);
    if (ok && strcmp(sha256, known.sha256) != 0) {
        ok = ERR(err, ERR_CORRUPT, STR_FMT " is not the object that the last export published", STR_ARG(key));
        err_hint(err, "Somebody changed it: look at it, move it away, then run 'sluiced gold' again.");
    }
    return ok;
}

/* The last export was made from the same, and lies there as it was published. */
static bool stands(struct export *e, bool *stands, struct err *err)
{
    struct str name = meta_name(e), before = STR("");
    bool exists;
    *stands = false;
    if (!name.p)
        return no_memory(err);
    if (!journal_meta_get(e->worker->journal, name.p, &before, e->arena, err) ||
        !export_stands(e->worker, e->contract->warehouse.export_key, &exists, e->arena, err))
        return false;
    *stands = exists && str_eq(before, str_of(e->fingerprint));
    return true;
}

/* ---- columns ---- */

static bool is_exported(struct str name)
{
    return name.p[0] != '_' && !str_eq(name, STR("ingest_ts")) && !str_eq(name, STR("row_hash"));
}

static bool choose_columns(struct export *e, struct err *err)
{
    const struct contract *contract = e->contract;
    e->columns = ARENA_ARRAY(e->arena, uint32_t, e->sources.column_count + 1);
    e->folders = ARENA_ARRAY(e->arena, struct str, contract->partition_count + 1);
    if (!e->columns || !e->folders)
        return no_memory(err);
    for (uint32_t i = 0; i < e->sources.column_count; i++)
        if (is_exported(e->sources.columns[i].name))
            e->columns[e->column_count++] = i;
    for (uint32_t i = 0; i < contract->partition_count; i++)
        if (sources_find(&e->sources, contract->partitions[i].name) == UINT32_MAX)
            e->folders[e->folder_count++] = contract->partitions[i].name;
    return true;
}

/* The value of a column in "date=2026-01-05/shop=a%2Fb", as a cell; nothing when it is NULL. */
static bool write_folder(struct export *e, struct str partition, struct str name, struct err *err)
{
    struct buf value;
    buf_init(&value, MAX_PATH);
    storage_hive_value(&value, partition, name);
    bool ok = buf_ok(&value, "a partition's value", err);
    if (ok && value.n)
        csv_cell_write(&e->text, buf_str(&value));
    buf_dispose(&value);
    return ok;
}

/* ---- the file ---- */

static bool flush(struct export *e, size_t least, struct err *err)
{
    if (e->text.n < least)
        return true;
    bool ok = buf_ok(&e->text, "an export", err) && fs_write_all(e->fd, e->text.p, e->text.n, e->path, err);
    buf_reset(&e->text);
    return ok;
}

static void write_header(struct export *e)
{
    for (uint32_t i = 0; i < e->column_count; i++) {
        buf_add_cstr(&e->text, i ? "," : "");
        csv_cell_write(&e->text, e->sources.columns[e->columns[i]].name);
    }
    for (uint32_t i = 0; i < e->folder_count; i++) {
        buf_add_cstr(&e->text, e->column_count + i ? "," : "");
        csv_cell_write(&e->text, e->folders[i]);
    }
    buf_add_byte(&e->text, '\n');
}

static bool write_value(struct export *e, const struct vector *vector, uint32_t i, struct buf *one, struct err *err)
{
    if (vector->state[i] != VALUE_PRESENT)
        return true;
    buf_reset(one);
    value_print(one, vector->type, vector_at(vector, i));
    if (!one->n)
        buf_add_cstr(&e->text, "\"\"");
    else
        csv_cell_write(&e->text, buf_str(one));
    return buf_ok(one, "a value", err);
}

static bool write_rows(
    struct export *e, const struct scan *scan, struct str partition, struct buf *one, struct err *err)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < scan->n; i++) {
        for (uint32_t c = 0; ok && c < e->column_count; c++) {
            buf_add_cstr(&e->text, c ? "," : "");
            ok = write_value(e, scan->vectors[c], i, one, err);
        }
        for (uint32_t f = 0; ok && f < e->folder_count; f++) {
            buf_add_cstr(&e->text, e->column_count + f ? "," : "");
            ok = write_folder(e, partition, e->folders[f], err);
        }
        buf_add_byte(&e->text, '\n');
        ok = ok && flush(e, FLUSH_BYTES, err);
    }
    e->rows += scan->n;
    return ok;
}

static bool write_source(struct export *e, uint32_t at, struct err *err)
{
    struct scan scan;
    struct buf one;
    buf_init(&one, MAX_TEXT);
    bool ok = scan_open(&scan, &e->sources, &e->sources.list[at], e->columns, e->column_count, err);
    while (ok && (ok = scan_next(&scan, err)) && scan.n)
        ok = write_rows(e, &scan, e->partitions[at], &one, err);
    scan_close(&scan);
    buf_dispose(&one);
    return ok;
}

static bool write_all(struct export *e, struct err *err)
{
    e->fd = open(e->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (e->fd < 0)
        return ERR_ERRNO(err, "cannot create %s", e->path);
    buf_init(&e->text, MAX_TEXT);
    write_header(e);
    bool ok = true;
    for (uint32_t i = 0; ok && i < e->sources.count; i++)
        ok = write_source(e, i, err);
    ok = ok && flush(e, 0, err) && fs_sync_fd(e->fd, e->path, err);
    buf_dispose(&e->text);
    close(e->fd);
    return ok;
}

/* ---- the run ---- */

static bool alive(void *context, struct err *err)
{
    struct export *e = context;
    const struct worker *worker = e->worker;
    if (worker->stop && *worker->stop)
        return ERR(err, ERR_INTERRUPTED, "asked to stop");
    if (clock_monotonic() - e->beat_at < worker->options.lease_us / 3)
        return true;
    e->beat_at = clock_monotonic();
    return journal_heartbeat(worker->journal, &e->claim, clock_now(), worker->options.lease_us, err);
}

bool export_stage(struct worker *worker, const struct claim *claim, const struct contract *contract, struct str *staged,
    const char **path, struct arena *arena, struct err *err)
{
    struct storage *storage;
    struct str there, key = contract->warehouse.export_key;
    struct str folder =
        elsewhere_folder(worker->storage, key, contract->dataset, manifest_staging_key(claim->run_id, arena), arena);
    struct buf text;
    *staged = str_of(folder.p ? arena_printf(arena, STR_FMT "/export.csv", STR_ARG(folder)) : NULL);
    if (!staged->p)
        return no_memory(err);
    buf_init(&text, MAX_PATH);
    bool ok = elsewhere_clear(worker->storage, key, contract->dataset, arena, err) &&
              elsewhere_open(worker->storage, key, &storage, &there, arena, err) &&
              storage->driver->local_path(storage, *staged, &text, err);
    *path = ok ? arena_cstr(arena, text.p) : NULL;
    buf_dispose(&text);
    return ok && (*path || no_memory(err));
}

/* Its key here may be a URL; there it is a key. */
static bool seal(
    struct worker *worker, struct manifest_output *output, const char *path, struct arena *arena, struct err *err)
{
    struct storage *storage;
    struct str key = output->output.key;
    bool ok = elsewhere_open(worker->storage, key, &storage, &output->output.key, arena, err) &&
              manifest_seal(storage, output, path, arena, err);
    output->output.key = key;
    return ok;
}

bool export_publish(struct worker *worker, struct claim *claim, const struct contract *contract,
    const struct export_object *object, bool *beyond_return, struct arena *arena, struct err *err)
{
    struct manifest_output output = {.staged = object->staged,
        .replaces = true,
        .output = {
            .key = contract->warehouse.export_key, .kind = STR("export"), .partition = STR(""), .rows = object->rows}};
    struct manifest manifest = {.run_id = str_of(claim->run_id),
        .dataset = contract->dataset,
        .outcome = OUTCOME_LOADED,
        .error_code = STR(""),
        .error_message = STR(""),
        .system_cause_stage = STR(""),
        .blocks = STR(""),
        .archive_to = STR(""),
        .gold_inputs = STR(""),
        .outputs = &output,
        .output_count = object->staged.n != 0};
    struct str key = manifest_key(claim->run_id, arena);
    if (object->count)
        manifest.counts[object->count->stage] = *object->count;
    if (!key.p)
        return no_memory(err);
    if ((object->staged.n && !seal(worker, &output, object->path, arena, err)) || !fault_pass("sealed", NULL, err) ||
        !manifest_write(worker->storage, &manifest, err) ||
        !journal_run_state(worker->journal, claim, RUN_CLAIMED, RUN_PREPARED, key, err) ||
        !fault_pass("prepared", NULL, err))
        return false;
    *beyond_return = journal_run_state(worker->journal, claim, RUN_PREPARED, RUN_PUBLISHING, STR(""), err);
    return *beyond_return && fault_pass("publishing", NULL, err) &&
           publish_run(worker, claim, &manifest, RUN_PUBLISHING, arena, err);
}

static bool publish(struct export *e, struct err *err)
{
    struct export_object object = {.staged = e->staged, .path = e->path, .rows = e->rows};
    return export_publish(e->worker, &e->claim, e->contract, &object, &e->beyond_return, e->arena, err) &&
           journal_meta_set(e->worker->journal, meta_name(e).p, str_of(e->fingerprint), err);
}

static bool work(struct export *e, struct err *err)
{
    if (!export_stage(e->worker, &e->claim, e->contract, &e->staged, &e->path, e->arena, err) ||
        !sources_open(&e->sources, e->worker->storage, e->inputs, e->sources.count, e->arena, err))
        return false;
    e->sources.alive = alive;
    e->sources.context = e;
    return choose_columns(e, err) && write_all(e, err) && publish(e, err);
}

static void give_up(struct export *e, const struct err *why)
{
    struct worker *worker = e->worker;
    struct err second; /* the fault itself is told; recovery does what could not be done */
    bool exhausted;
    if (e->beyond_return || publish_clear(worker, e->claim.run_id, e->arena, &second))
        exhausted = journal_run_failed(worker->journal, &e->claim, why, STR(""), clock_now(), &exhausted, &second);
}

static bool run(struct export *e, struct gold_export *done, struct err *err)
{
    struct worker *worker = e->worker;
    bool same, taken = false;
    if (!find_gold(e, err) || !stands(e, &same, err))
        return false;
    if (same || !e->sources.count)
        return true;
    if (!journal_run_begin(worker->journal, STR("export"), e->contract->dataset, STR(""), worker->owner, clock_now(),
            worker->options.lease_us, &e->claim, &taken, err))
        return false;
    if (!taken)
        return true;
    /* Once more under the claim: a compaction may have ended since. */
    if (find_gold(e, err) && work(e, err)) {
        *done = (struct gold_export){true, e->rows};
        return true;
    }
    give_up(e, err);
    return false;
}

bool gold_export(struct worker *worker, const struct contract *contract, struct gold_export *done, struct err *err)
{
    *done = (struct gold_export){0};
    struct arena *arena = arena_new(0);
    struct export e = {.worker = worker, .contract = contract, .arena = arena};
    bool ok = arena ? run(&e, done, err) : no_memory(err);
    arena_free(arena);
    return ok;
}
