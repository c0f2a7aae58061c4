/*
 * Good rows to one Parquet file a partition. The first partitions have a writer each, as many as the memory allows at
 * LEAST_WRITER_BYTES; rows of further ones go to one spill file and are written at the end, one partition at a time.
 */
#include "shared/clock.h"
#include "shared/fs.h"
#include "worker/sink/output.h"
#include "worker/sink/partition.h"
#include "worker/sink/sink.h"
#include "worker/sink/spill.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LEAST_WRITER_BYTES = 2 * 1024 * 1024,
    LEAST_WRITERS = 4,
    MOST_WRITERS = 512,
    MOST_COLUMN_WRITERS = 20000,
    MOST_SYNCS = 16
};

struct open_file {
    struct parquet_writer *writer;
    int fd;
    struct str path;
    uint64_t rows, bytes;          /* bytes: once it is sealed */
    char sha256[SHA256_TEXT_SIZE]; /* likewise */
};

enum round { ROUND_COLUMNS, ROUND_PARTITIONS, ROUND_REST };

/* A batch between write and the end of its tasks. */
struct place {
    struct arena *arena;
    enum round round;
    uint32_t n, partitions; /* rows to write; partitions known when it came */
    struct vector system[SYSTEM_COLUMNS];
    const struct vector **columns; /* of the output */
    uint32_t *good, *rows;         /* in their own order; in that of their partitions */
    uint32_t *starts;              /* by partition, and the end of the last */
};

/* write works with partitions and rows; rounds and tasks with files, spill and shared. */
struct sink {
    const struct sink_run *run;
    struct arena *arena; /* of files and spill */
    struct place *places;
    struct partitions *partitions;
    struct spill *spill;
    struct output output;
    struct open_file *files; /* by partition; writer NULL: spilled */
    size_t file_count, file_capacity;
    uint32_t max_open;
    struct parquet_shared *shared; /* of the files that have a writer */
    uint64_t rows;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to write Parquet");
}

/* ---- files ---- */

static uint32_t writers_allowed(const struct sink *sink)
{
    size_t by_memory = sink->run->memory / LEAST_WRITER_BYTES;
    size_t by_columns = MOST_COLUMN_WRITERS / sink->output.count;
    size_t allowed = by_memory < by_columns ? by_memory : by_columns;
    allowed = allowed > MOST_WRITERS ? MOST_WRITERS : allowed;
    return allowed < LEAST_WRITERS ? LEAST_WRITERS : (uint32_t)allowed;
}

/* A part of the memory for each partition known so far; the budget is kept whatever comes later. */
static size_t row_group_bytes(const struct sink *sink, size_t parts)
{
    size_t wanted = sink->run->contract->row_group_bytes;
    parts = parts < LEAST_WRITERS ? LEAST_WRITERS : parts > sink->max_open ? sink->max_open : parts;
    size_t part = sink->run->memory / parts;
    return wanted && wanted < part ? wanted : part;
}

static struct parquet_writer *open_writer(
    struct sink *sink, struct open_file *file, uint32_t partitions, struct err *err)
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
        .row_group_bytes = row_group_bytes(sink, partitions),
        .created_by = "sluice version " SLUICE_VERSION,
        .metadata_keys = keys,
        .metadata_values = values,
        .metadata_count = sizeof keys / sizeof *keys,
    };
    return parquet_writer_open(file->fd, file->path.p, sink->output.columns, sink->output.count, &options, err);
}

static bool open_file(struct sink *sink, uint32_t partition, uint32_t partitions, struct err *err)
{
    struct open_file *file = &sink->files[partition];
    char *path = arena_printf(sink->arena, "%s/part-%05u.parquet", sink->run->staging, partition);
    if (!path)
        return no_memory(err);
    file->path = str_of(path);
    file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->fd < 0)
        return ERR_ERRNO(err, "cannot create %s", path);
    file->writer = open_writer(sink, file, partitions, err);
    return file->writer != NULL;
}

/* Makes room for new partitions: a writer, or nothing (then its rows are spilled). */
static bool reach_files(struct sink *sink, uint32_t partitions, struct err *err)
{
    while (sink->file_count < partitions) {
        void *files = sink->files;
        if (!arena_reserve(sink->arena, &files, sink->file_count, &sink->file_capacity, sizeof *sink->files))
            return no_memory(err);
        sink->files = files;
        uint32_t id = (uint32_t)sink->file_count++;
        sink->files[id] = (struct open_file){.fd = -1};
        if (id < sink->max_open && !open_file(sink, id, partitions, err))
            return false;
    }
    return true;
}

static bool open_spill(struct sink *sink, struct err *err)
{
    struct type *types = ARENA_ARRAY(sink->arena, struct type, sink->output.count);
    char *path = arena_printf(sink->arena, "%s/spill", sink->run->staging);
    if (!types || !path)
        return no_memory(err);
    for (uint32_t i = 0; i < sink->output.count; i++)
        types[i] = sink->output.columns[i].type;
    sink->spill = spill_open(path, types, sink->output.count, err);
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

/* Stable counting sort of rows by partition. */
static bool scatter(struct place *place, const uint32_t *ids, struct err *err)
{
    uint32_t *starts = ARENA_ARRAY(place->arena, uint32_t, (size_t)place->partitions + 1);
    uint32_t *next = arena_alloc(place->arena, (size_t)place->partitions * sizeof *next);
    place->rows = arena_alloc(place->arena, (size_t)place->n * sizeof *place->rows);
    place->starts = starts;
    if (!starts || !next || !place->rows)
        return no_memory(err);
    for (uint32_t i = 0; i < place->n; i++)
        starts[ids[i] + 1]++;
    for (uint32_t p = 0; p < place->partitions; p++)
        starts[p + 1] += starts[p];
    memcpy(next, starts, (size_t)place->partitions * sizeof *next);
    for (uint32_t i = 0; i < place->n; i++)
        place->rows[next[ids[i]]++] = place->good[i];
    return true;
}

static bool parquet_write(struct sink *sink, struct batch *batch, unsigned at, struct err *err)
{
    struct place *place = &sink->places[at];
    arena_reset(place->arena);
    place->n = 0;
    place->good = arena_alloc(place->arena, (size_t)batch->n * sizeof *place->good);
    uint32_t *ids = arena_alloc(place->arena, (size_t)batch->n * sizeof *ids);
    place->columns = ARENA_ARRAY(place->arena, const struct vector *, sink->output.count);
    if (!place->good || !ids || !place->columns)
        return no_memory(err);
    for (uint32_t i = 0; i < batch->n; i++)
        if (batch->marks[i] == MARK_GOOD)
            place->good[place->n++] = i;
    if (!place->n)
        return true;
    if (!output_system(sink->run, batch, place->system, place->arena, err) ||
        !partitions_assign(sink->partitions, batch, place->good, place->n, ids, err))
        return false;
    for (uint32_t c = 0; c < sink->output.count; c++) {
        int32_t source = sink->output.sources[c];
        place->columns[c] = source < 0 ? &place->system[-1 - source] : &batch->columns[source];
    }
    place->partitions = (uint32_t)partitions_count(sink->partitions);
    sink->rows += place->n;
    return scatter(place, ids, err);
}

/* ---- rounds: each column goes to all writers, then each writer's rows end ---- */

static uint32_t rows_of(const struct place *place, uint32_t partition)
{
    return place->starts[partition + 1] - place->starts[partition];
}

static uint32_t open_partitions(const struct sink *sink, const struct place *place)
{
    return place->partitions < sink->max_open ? place->partitions : sink->max_open;
}

/* A column is looked up once for all writers, as long as most rows go to writers that want it. */
static bool look_up(struct sink *sink, const struct place *place, uint32_t column, struct err *err)
{
    uint32_t wanted = 0, open = open_partitions(sink, place);
    if (parquet_shared_dropped(sink->shared, column))
        return true;
    for (uint32_t p = 0; p < open; p++)
        if (parquet_writer_looks_up(sink->files[p].writer, column))
            wanted += rows_of(place, p);
    if (wanted >= place->n - wanted)
        return parquet_shared_look_up(sink->shared, column, place->columns[column], place->good, place->n, err);
    parquet_shared_drop(sink->shared, column);
    return true;
}

static bool append_column(struct sink *sink, const struct place *place, uint32_t column, struct err *err)
{
    uint32_t open = open_partitions(sink, place);
    if (!look_up(sink, place, column, err))
        return false;
    for (uint32_t p = 0; p < open; p++)
        if (!parquet_writer_append_column(sink->files[p].writer, column, place->columns[column], sink->shared,
                place->rows + place->starts[p], rows_of(place, p), err))
            return false;
    return true;
}

static bool end_rows(struct sink *sink, const struct place *place, uint32_t partition, struct err *err)
{
    uint32_t n = rows_of(place, partition);
    sink->files[partition].rows += n;
    return !n || parquet_writer_end_rows(sink->files[partition].writer, n, err);
}

/* The spill file has room for one partition at a time. */
static bool spill_rest(struct sink *sink, const struct place *place, struct err *err)
{
    for (uint32_t p = open_partitions(sink, place); p < place->partitions; p++) {
        uint32_t n = rows_of(place, p);
        sink->files[p].rows += n;
        if (n && ((!sink->spill && !open_spill(sink, err)) ||
                     !spill_append(sink->spill, p, place->columns, place->rows + place->starts[p], n, err)))
            return false;
    }
    return true;
}

static bool parquet_round(struct sink *sink, unsigned at, unsigned round, uint32_t *tasks, struct err *err)
{
    struct place *place = &sink->places[at];
    place->round = (enum round)round;
    *tasks = 0;
    if (!place->n)
        return true;
    switch (place->round) {
    case ROUND_COLUMNS:
        *tasks = sink->output.count;
        return reach_files(sink, place->partitions, err);
    case ROUND_PARTITIONS:
        *tasks = open_partitions(sink, place);
        return true;
    default:
        return spill_rest(sink, place, err) && keep_budget(sink, err);
    }
}

static bool parquet_task(struct sink *sink, unsigned at, uint32_t i, struct err *err)
{
    const struct place *place = &sink->places[at];
    return place->round == ROUND_COLUMNS ? append_column(sink, place, i, err) : end_rows(sink, place, i, err);
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
    bool ok = parquet_writer_close(writer, &summary, err);
    file->bytes = summary.bytes;
    memcpy(file->sha256, summary.sha256, sizeof file->sha256);
    return ok;
}

static bool sync_file(void *context, uint32_t partition, struct err *err)
{
    struct sink *sink = context;
    struct open_file *file = &sink->files[partition];
    bool ok = fs_sync_fd(file->fd, file->path.p, err);
    if (close(file->fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot close %s", file->path.p);
    file->fd = -1;
    return ok;
}

/* Threads that wait for the disk together wait once: a journaling file system writes for all of them. */
static bool sync_all(struct sink *sink, uint32_t count, struct err *err)
{
    if (count < 2 || !sink->run->crew)
        return crew_each(NULL, count, sync_file, sink, err);
    struct crew *crew = crew_new(count < MOST_SYNCS ? count : MOST_SYNCS, err);
    bool ok = crew && crew_each(crew, count, sync_file, sink, err);
    crew_free(crew);
    return ok;
}

static bool seal_all(struct sink *sink, struct err *err)
{
    uint32_t count = (uint32_t)sink->file_count, open = count < sink->max_open ? count : sink->max_open;
    if (!crew_each(sink->run->crew, open, seal, sink, err) || !sync_all(sink, open, err))
        return false;
    for (uint32_t p = open; p < count; p++)
        if (!open_file(sink, p, count, err) || !spill_read(sink->spill, p, append_block, sink->files[p].writer, err) ||
            !seal(sink, p, err) || !sync_file(sink, p, err))
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
        struct sink_output output = {.staged = file->path,
            .key = str_of(key),
            .kind = STR("processed"),
            .partition = partition,
            .rows = file->rows,
            .sha256 = file->sha256,
            .bytes = file->bytes};
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
    for (unsigned i = 0; sink->places && i < sink->run->places; i++)
        arena_free(sink->places[i].arena);
    free(sink->places);
    arena_free(sink->arena);
    free(sink);
}

static bool open_places(struct sink *sink)
{
    sink->places = calloc(sink->run->places, sizeof *sink->places);
    for (unsigned i = 0; sink->places && i < sink->run->places; i++)
        if (!(sink->places[i].arena = arena_new(0)))
            return false;
    return sink->places != NULL;
}

static struct sink *parquet_open(const struct sink_run *run, struct err *err)
{
    struct sink *sink = calloc(1, sizeof *sink);
    if (sink) {
        sink->run = run;
        sink->arena = arena_new(0);
        sink->partitions = partitions_new(run->contract, run->ingest_ts);
    }
    if (!sink || !sink->arena || !sink->partitions || !open_places(sink) ||
        !output_choose(&sink->output, run->contract, run->arena) ||
        !(sink->shared = parquet_shared_new(sink->output.columns, sink->output.count))) {
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
    .round = parquet_round,
    .task = parquet_task,
    .prepare = parquet_prepare,
    .close = parquet_close,
};
