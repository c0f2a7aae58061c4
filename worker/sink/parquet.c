/*
 * Good rows to one Parquet file a partition. The first partitions have a writer each, as many as the memory allows at
 * LEAST_WRITER_BYTES; rows of further ones go to one spill file and are written at the end, one partition at a time.
 */
#include "shared/clock.h"
#include "shared/fs.h"
#include "worker/sink/partition.h"
#include "worker/sink/sink.h"
#include "worker/sink/spill.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LEAST_WRITER_BYTES = 2 * 1024 * 1024, LEAST_WRITERS = 4, MOST_WRITERS = 512, MOST_COLUMN_WRITERS = 20000 };

/* The columns every output carries beside the contract's, in this order behind them. */
enum system_column { COLUMN_RUN_ID, COLUMN_ROW_NUMBER, COLUMN_SOURCE_FILE, COLUMN_INGEST_TS, SYSTEM_COLUMNS };

struct open_file {
    struct parquet_writer *writer;
    int fd;
    struct str path;
    uint64_t rows, bytes; /* bytes: once it is sealed */
};

struct sink {
    const struct sink_run *run;
    struct partitions *partitions;
    struct spill *spill;
    struct parquet_column *columns; /* of the output */
    int32_t *sources;               /* index in batch.columns, or -1 - system_column */
    uint32_t column_count;
    struct open_file *files; /* by partition; writer NULL: spilled */
    size_t file_count, file_capacity;
    uint32_t max_open;
    struct parquet_shared *shared; /* of the files that have a writer */
    struct arena *scratch;         /* of one batch */
    struct vector system[SYSTEM_COLUMNS];
    uint64_t rows;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to write Parquet");
}

/* ---- which columns ---- */

static bool is_partition(const struct contract *contract, struct str name)
{
    for (uint32_t i = 0; i < contract->partition_count; i++)
        if (str_eq(contract->partitions[i].name, name))
            return true;
    return false;
}

static void add_column(struct sink *sink, struct str name, struct type type, bool nullable, int32_t source)
{
    if (is_partition(sink->run->contract, name))
        return;
    sink->columns[sink->column_count] = (struct parquet_column){name, type, nullable};
    sink->sources[sink->column_count++] = source;
}

static bool is_key(const struct contract *contract, uint32_t field)
{
    for (uint32_t i = 0; i < contract->primary_key_count; i++)
        if (contract->primary_key[i] == field)
            return true;
    return false;
}

static bool choose_columns(struct sink *sink)
{
    const struct contract *contract = sink->run->contract;
    uint32_t most = contract->field_count + contract->derived_count + SYSTEM_COLUMNS + 1;
    sink->columns = ARENA_ARRAY(sink->run->arena, struct parquet_column, most);
    sink->sources = ARENA_ARRAY(sink->run->arena, int32_t, most);
    if (!sink->columns || !sink->sources)
        return false;
    for (uint32_t i = 0; i < contract->field_count; i++) {
        const struct field *field = &contract->fields[i];
        add_column(sink, field->name, field->type, !field->constraints.required && !is_key(contract, i), (int32_t)i);
    }
    uint32_t first_derived = contract->scope.count - contract->derived_count;
    for (uint32_t i = 0; i < contract->derived_count; i++)
        add_column(sink, contract->derived[i].name, contract->derived[i].type, true, (int32_t)(first_derived + i));
    if (contract->extra_columns == EXTRA_RESCUE)
        add_column(sink, STR("_rescued"), TYPE(TYPE_STRING), true,
            (int32_t)(contract->scope.count + contract->partition_count));
    add_column(sink, STR("_run_id"), TYPE(TYPE_STRING), false, -1 - COLUMN_RUN_ID);
    add_column(sink, STR("_row_number"), TYPE(TYPE_INTEGER), false, -1 - COLUMN_ROW_NUMBER);
    add_column(sink, STR("_source_file"), TYPE(TYPE_STRING), false, -1 - COLUMN_SOURCE_FILE);
    add_column(sink, STR("ingest_ts"), TYPE(TYPE_TIMESTAMP), false, -1 - COLUMN_INGEST_TS);
    return true;
}

/* ---- files ---- */

static uint32_t writers_allowed(const struct sink *sink)
{
    size_t by_memory = sink->run->memory / LEAST_WRITER_BYTES;
    size_t by_columns = MOST_COLUMN_WRITERS / sink->column_count;
    size_t allowed = by_memory < by_columns ? by_memory : by_columns;
    allowed = allowed > MOST_WRITERS ? MOST_WRITERS : allowed;
    return allowed < LEAST_WRITERS ? LEAST_WRITERS : (uint32_t)allowed;
}

/* A part of the memory for each partition known so far; the budget is kept whatever comes later. */
static size_t row_group_bytes(const struct sink *sink)
{
    size_t parts = partitions_count(sink->partitions), wanted = sink->run->contract->row_group_bytes;
    parts = parts < LEAST_WRITERS ? LEAST_WRITERS : parts > sink->max_open ? sink->max_open : parts;
    size_t part = sink->run->memory / parts;
    return wanted && wanted < part ? wanted : part;
}

static struct parquet_writer *open_writer(struct sink *sink, struct open_file *file, struct err *err)
{
    const struct sink_run *run = sink->run;
    char at[CLOCK_TEXT_SIZE];
    struct str keys[] = {STR("sluice.dataset"), STR("sluice.run_id"), STR("sluice.source_file"), STR("sluice.ruleset"),
        STR("sluice.ingest_ts")};
    struct str values[] = {run->contract->dataset, str_of(run->run_id), run->source, str_of(run->contract->hash),
        str_of(clock_format(run->ingest_ts, at))};
    struct parquet_options options = {
        .codec = run->contract->codec,
        .level = run->contract->codec_level,
        .row_group_bytes = row_group_bytes(sink),
        .created_by = "sluice version " SLUICE_VERSION,
        .metadata_keys = keys,
        .metadata_values = values,
        .metadata_count = sizeof keys / sizeof *keys,
    };
    return parquet_writer_open(file->fd, file->path.p, sink->columns, sink->column_count, &options, err);
}

static bool open_file(struct sink *sink, uint32_t partition, struct err *err)
{
    struct open_file *file = &sink->files[partition];
    char *path = arena_printf(sink->run->arena, "%s/part-%05u.parquet", sink->run->staging, partition);
    if (!path)
        return no_memory(err);
    file->path = str_of(path);
    file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->fd < 0)
        return ERR_ERRNO(err, "cannot create %s", path);
    file->writer = open_writer(sink, file, err);
    return file->writer != NULL;
}

/* Makes room for new partitions: a writer, or nothing (then its rows are spilled). */
static bool reach_files(struct sink *sink, struct err *err)
{
    while (sink->file_count < partitions_count(sink->partitions)) {
        void *files = sink->files;
        if (!arena_reserve(sink->run->arena, &files, sink->file_count, &sink->file_capacity, sizeof *sink->files))
            return no_memory(err);
        sink->files = files;
        uint32_t id = (uint32_t)sink->file_count++;
        sink->files[id] = (struct open_file){.fd = -1};
        if (id < sink->max_open && !open_file(sink, id, err))
            return false;
    }
    return true;
}

static bool open_spill(struct sink *sink, struct err *err)
{
    struct type *types = ARENA_ARRAY(sink->scratch, struct type, sink->column_count);
    char *path = arena_printf(sink->scratch, "%s/spill", sink->run->staging);
    if (!types || !path)
        return no_memory(err);
    for (uint32_t i = 0; i < sink->column_count; i++)
        types[i] = sink->columns[i].type;
    sink->spill = spill_open(path, types, sink->column_count, err);
    return sink->spill != NULL;
}

/* Closes row groups of the fullest writers until all together are within the budget. */
static bool keep_budget(struct sink *sink, struct err *err)
{
    for (;;) {
        size_t total = parquet_shared_memory(sink->shared), largest = 0;
        struct open_file *fullest = NULL;
        for (size_t i = 0; i < sink->file_count; i++) {
            size_t held = sink->files[i].writer ? parquet_writer_memory(sink->files[i].writer) : 0;
            total += held;
            if (held > largest) {
                largest = held;
                fullest = &sink->files[i];
            }
        }
        if (total <= sink->run->memory || !fullest)
            return true;
        if (!parquet_writer_flush(fullest->writer, err))
            return false;
        if (parquet_writer_memory(fullest->writer) >= largest)
            return true;
    }
}

/* ---- rows ---- */

static bool fill_system(struct sink *sink, const struct batch *batch, struct err *err)
{
    static const enum type_kind kinds[SYSTEM_COLUMNS] = {TYPE_STRING, TYPE_INTEGER, TYPE_STRING, TYPE_TIMESTAMP};
    const struct sink_run *run = sink->run;
    for (int c = 0; c < SYSTEM_COLUMNS; c++)
        if (!vector_init(&sink->system[c], TYPE(kinds[c]), batch->n, sink->scratch))
            return no_memory(err);
    struct str run_id = str_of(run->run_id);
    for (uint32_t i = 0; i < batch->n; i++) {
        sink->system[COLUMN_RUN_ID].str[i] = run_id;
        sink->system[COLUMN_ROW_NUMBER].i64[i] = (int64_t)batch_row_number(batch, i);
        sink->system[COLUMN_SOURCE_FILE].str[i] = run->source;
        sink->system[COLUMN_INGEST_TS].i64[i] = run->ingest_ts;
    }
    return true;
}

/* Rows of a batch in the order of their partitions. */
struct scattered {
    struct sink *sink;
    const struct vector *const *columns;
    const uint32_t *rows;
    const uint32_t *starts; /* by partition, and the end of the last */
};

static bool spill(struct scattered *s, uint32_t partition, const uint32_t *rows, uint32_t n, struct err *err)
{
    struct sink *sink = s->sink;
    if (!sink->spill && !open_spill(sink, err))
        return false;
    return spill_append(sink->spill, partition, s->columns, rows, n, err);
}

static bool append(void *context, uint32_t partition, struct err *err)
{
    struct scattered *s = context;
    struct open_file *file = &s->sink->files[partition];
    const uint32_t *rows = s->rows + s->starts[partition];
    uint32_t n = s->starts[partition + 1] - s->starts[partition];
    file->rows += n;
    if (!n)
        return true;
    return file->writer ? parquet_writer_append_shared(file->writer, s->columns, s->sink->shared, rows, n, err)
                        : spill(s, partition, rows, n, err);
}

/* A column is looked up once for all writers, as long as most rows go to writers that want it. */
static bool look_up(void *context, uint32_t column, struct err *err)
{
    struct scattered *s = context;
    struct sink *sink = s->sink;
    uint32_t wanted = 0, n = s->starts[sink->file_count];
    if (parquet_shared_dropped(sink->shared, column))
        return true;
    for (size_t i = 0; i < sink->file_count; i++)
        if (sink->files[i].writer && parquet_writer_looks_up(sink->files[i].writer, column))
            wanted += s->starts[i + 1] - s->starts[i];
    if (wanted >= n - wanted)
        return parquet_shared_look_up(sink->shared, column, s->columns[column], s->rows, n, err);
    parquet_shared_drop(sink->shared, column);
    return true;
}

/* Partitions with a writer have nothing in common; the spill file has room for one at a time. */
static bool append_all(struct scattered *s, struct err *err)
{
    uint32_t count = (uint32_t)s->sink->file_count;
    uint32_t open = count < s->sink->max_open ? count : s->sink->max_open;
    struct crew *crew = s->sink->run->crew;
    if (!crew_each(crew, s->sink->column_count, look_up, s, err) || !crew_each(crew, open, append, s, err))
        return false;
    for (uint32_t p = open; p < count; p++)
        if (!append(s, p, err))
            return false;
    return true;
}

/* Stable counting sort of rows by partition, then one append a partition. */
static bool scatter(struct sink *sink, const struct vector *const *columns, const uint32_t *rows, const uint32_t *ids,
    uint32_t n, struct err *err)
{
    uint32_t count = (uint32_t)sink->file_count;
    uint32_t *starts = ARENA_ARRAY(sink->scratch, uint32_t, (size_t)count + 1);
    uint32_t *sorted = arena_alloc(sink->scratch, (size_t)n * sizeof *sorted);
    uint32_t *next = arena_alloc(sink->scratch, (size_t)count * sizeof *next);
    if (!starts || !sorted || !next)
        return no_memory(err);
    for (uint32_t i = 0; i < n; i++)
        starts[ids[i] + 1]++;
    for (uint32_t p = 0; p < count; p++)
        starts[p + 1] += starts[p];
    memcpy(next, starts, (size_t)count * sizeof *next);
    for (uint32_t i = 0; i < n; i++)
        sorted[next[ids[i]]++] = rows[i];
    struct scattered scattered = {sink, columns, sorted, starts};
    return append_all(&scattered, err);
}

static bool parquet_write(struct sink *sink, struct batch *batch, struct err *err)
{
    arena_reset(sink->scratch);
    uint32_t n = 0;
    uint32_t *rows = arena_alloc(sink->scratch, (size_t)batch->n * sizeof *rows);
    uint32_t *ids = arena_alloc(sink->scratch, (size_t)batch->n * sizeof *ids);
    const struct vector **columns = ARENA_ARRAY(sink->scratch, const struct vector *, sink->column_count);
    if (!rows || !ids || !columns)
        return no_memory(err);
    for (uint32_t i = 0; i < batch->n; i++)
        if (batch->marks[i] == MARK_GOOD)
            rows[n++] = i;
    if (!n)
        return true;
    if (!fill_system(sink, batch, err) || !partitions_assign(sink->partitions, batch, rows, n, ids, err) ||
        !reach_files(sink, err))
        return false;
    for (uint32_t c = 0; c < sink->column_count; c++)
        columns[c] = sink->sources[c] < 0 ? &sink->system[-1 - sink->sources[c]] : &batch->columns[sink->sources[c]];
    sink->rows += n;
    return scatter(sink, columns, rows, ids, n, err) && keep_budget(sink, err);
}

/* ---- the end ---- */

static bool append_block(void *context, const struct vector *const *columns, uint32_t n, struct err *err)
{
    return parquet_writer_append(context, columns, NULL, n, err);
}

static bool seal(void *context, uint32_t partition, struct err *err)
{
    struct sink *sink = context;
    struct open_file *file = &sink->files[partition];
    struct parquet_summary summary;
    struct parquet_writer *writer = file->writer;
    file->writer = NULL;
    bool ok = parquet_writer_close(writer, &summary, err) && fs_sync_fd(file->fd, file->path.p, err);
    file->bytes = summary.bytes;
    if (close(file->fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot close %s", file->path.p);
    file->fd = -1;
    return ok;
}

static bool seal_all(struct sink *sink, struct err *err)
{
    uint32_t count = (uint32_t)sink->file_count, open = count < sink->max_open ? count : sink->max_open;
    if (!crew_each(sink->run->crew, open, seal, sink, err))
        return false;
    for (uint32_t p = open; p < count; p++)
        if (!open_file(sink, p, err) || !spill_read(sink->spill, p, append_block, sink->files[p].writer, err) ||
            !seal(sink, p, err))
            return false;
    return true;
}

static bool parquet_prepare(struct sink *sink, struct sink_result *result, struct err *err)
{
    const struct sink_run *run = sink->run;
    if (!seal_all(sink, err))
        return false;
    for (uint32_t p = 0; p < sink->file_count; p++) {
        const struct open_file *file = &sink->files[p];
        struct str partition = arena_str(run->arena, partitions_path(sink->partitions, p));
        char *key = partition.p ? arena_printf(run->arena, STR_FMT STR_FMT "/%s-0.parquet",
                                      STR_ARG(run->contract->output_prefix), STR_ARG(partition), run->run_id)
                                : NULL;
        if (!key)
            return no_memory(err);
        struct sink_output output = {file->path, str_of(key), STR("processed"), partition, file->rows};
        if (!sink_result_add(result, &output, run->arena, err))
            return false;
        result->bytes += file->bytes;
    }
    result->rows = sink->rows;
    return true;
}

static void parquet_close(struct sink *sink)
{
    if (!sink)
        return;
    for (size_t i = 0; i < sink->file_count; i++) {
        parquet_writer_abort(sink->files[i].writer);
        if (sink->files[i].fd >= 0)
            close(sink->files[i].fd);
    }
    parquet_shared_free(sink->shared);
    spill_close(sink->spill);
    partitions_free(sink->partitions);
    arena_free(sink->scratch);
    free(sink);
}

static struct sink *parquet_open(const struct sink_run *run, struct err *err)
{
    struct sink *sink = calloc(1, sizeof *sink);
    if (sink) {
        sink->run = run;
        sink->scratch = arena_new(0);
        sink->partitions = partitions_new(run->contract, run->ingest_ts);
    }
    if (!sink || !sink->scratch || !sink->partitions || !choose_columns(sink) ||
        !(sink->shared = parquet_shared_new(sink->columns, sink->column_count))) {
        parquet_close(sink);
        no_memory(err);
        return NULL;
    }
    sink->max_open = writers_allowed(sink);
    return sink;
}

const struct sink_driver sink_parquet = {
    .name = "parquet",
    .open = parquet_open,
    .write = parquet_write,
    .prepare = parquet_prepare,
    .close = parquet_close,
};
