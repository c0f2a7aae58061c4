#include "worker/gold/write.h"

#include "shared/fs.h"
#include "worker/gold/row_hash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct output {
    const struct write_options *options;
    struct sources *sources;
    struct arena *arena;   /* of the file */
    struct arena *scratch; /* of a slice */
    struct parquet_writer *writer;
    int fd;
    uint32_t *all;                 /* every column of the schema */
    const struct vector **columns; /* those, and row_hash */
    struct vector hashes;
    char (*texts)[ROW_HASH_TEXT];
    uint32_t *rows;
    struct row_hash *hasher;
    const struct expr *delete_when;
    const struct vector **slots; /* of the contract's scope */
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to write gold");
}

/* ---- delete_when ---- */

static bool bind_slots(struct output *out, struct err *err)
{
    const struct contract *contract = out->options->contract;
    uint32_t count;
    const uint32_t *slots = expr_slots(out->delete_when, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct expr_name *name = &contract->scope.names[slots[i]];
        uint32_t column = sources_find(out->sources, name->name);
        if (column == UINT32_MAX) {
            ERR(err, ERR_CONFIG, "delete_when of " STR_FMT " reads " STR_FMT ", which is no column of its files",
                STR_ARG(contract->dataset), STR_ARG(name->name));
            return err_hint(err, "It sees fields and derived columns, but for those that are the partition itself.");
        }
        if (!type_eq(out->sources->columns[column].type, name->type))
            return ERR(err, ERR_CONFIG,
                "delete_when of " STR_FMT ": column " STR_FMT " has another type in older files",
                STR_ARG(contract->dataset), STR_ARG(name->name));
    }
    return true;
}

static bool parse_delete(struct output *out, struct err *err)
{
    const struct contract *contract = out->options->contract;
    struct expr_fault fault;
    if (!contract->gold_delete_when.n || !out->sources->count)
        return true;
    out->delete_when = expr_parse(contract->gold_delete_when, &contract->scope, out->arena, &fault, NULL);
    out->slots = ARENA_ARRAY(out->arena, const struct vector *, contract->scope.count);
    if (!out->slots)
        return no_memory(err);
    if (!out->delete_when)
        return ERR(err, ERR_CONFIG, "delete_when of " STR_FMT ": %s", STR_ARG(contract->dataset), fault.message);
    return bind_slots(out, err);
}

static bool drop_deleted(struct output *out, const struct scan *scan, struct source *source, struct err *err)
{
    struct vector deleted;
    struct expr_errors errors = {0};
    uint32_t count;
    const uint32_t *slots = expr_slots(out->delete_when, &count);
    uint8_t *active = arena_alloc(out->scratch, scan->n);
    if (!active)
        return no_memory(err);
    for (uint32_t i = 0; i < count; i++)
        out->slots[slots[i]] =
            scan->vectors[sources_find(out->sources, out->options->contract->scope.names[slots[i]].name)];
    for (uint32_t i = 0; i < scan->n; i++)
        active[i] = source_wins(source, scan->row + i);
    if (!expr_eval(out->delete_when, out->slots, scan->n, active, &deleted, &errors, out->scratch, err))
        return false;
    if (errors.count)
        return ERR(err, ERR_CONFIG, STR_FMT ": delete_when fails on its row %llu: %s", STR_ARG(source->key),
            (unsigned long long)(scan->row + errors.list[0].row + 1), errors.list[0].message);
    for (uint32_t i = 0; i < scan->n; i++)
        if (active[i] && deleted.state[i] == VALUE_PRESENT && deleted.u8[i]) {
            source_set(source, scan->row + i, false);
            source->kept--;
            source->deleted++;
        }
    return true;
}

/* ---- rows ---- */

static bool write_slice(struct output *out, const struct scan *scan, struct source *source, struct err *err)
{
    uint32_t n = 0, hash_column = out->sources->column_count;
    arena_reset(out->scratch);
    if (out->delete_when && !drop_deleted(out, scan, source, err))
        return false;
    for (uint32_t i = 0; i < scan->n; i++)
        if (source_wins(source, scan->row + i))
            out->rows[n++] = i;
    if (!n)
        return true;
    for (uint32_t c = 0; c < hash_column; c++)
        out->columns[c] = scan->vectors[c];
    out->columns[hash_column] = &out->hashes;
    if (!row_hash_of(out->hasher, scan->vectors, out->rows, n, out->texts, err))
        return false;
    return parquet_writer_append(out->writer, out->columns, out->rows, n, err);
}

static bool write_source(struct output *out, struct source *source, struct err *err)
{
    struct scan scan;
    if (!source->kept)
        return true;
    bool ok = scan_open(&scan, out->sources, source, out->all, out->sources->column_count, err);
    while (ok && (ok = scan_next(&scan, err)) && scan.n)
        ok = write_slice(out, &scan, source, err);
    scan_close(&scan);
    return ok;
}

/* ---- the file ---- */

static struct parquet_writer *open_writer(struct output *out, struct err *err)
{
    const struct contract *contract = out->options->contract;
    uint32_t count = out->sources->column_count;
    size_t wanted = contract->row_group_bytes ? contract->row_group_bytes : 64 * 1024 * 1024;
    struct str keys[] = {STR("sluice.dataset"), STR("sluice.partition"), STR("sluice.ruleset"), STR("sluice.row_hash")};
    struct str values[] = {
        contract->dataset, out->options->partition, str_of(contract->hash), str_of(row_hash_name(contract->row_hash))};
    struct parquet_options options = {.codec = contract->codec,
        .level = contract->codec_level,
        .row_group_bytes = wanted < out->options->memory ? wanted : out->options->memory,
        .created_by = "sluice version " SLUICE_VERSION,
        .metadata_keys = keys,
        .metadata_values = values,
        .metadata_count = sizeof keys / sizeof *keys};
    struct parquet_column *columns = ARENA_ARRAY(out->arena, struct parquet_column, count + 1);
    if (!columns) {
        no_memory(err);
        return NULL;
    }
    memcpy(columns, out->sources->columns, count * sizeof *columns);
    columns[count] = (struct parquet_column){STR("row_hash"), TYPE(TYPE_STRING), false};
    return parquet_writer_open(out->fd, out->options->path, columns, count + 1, &options, err);
}

static bool open_output(struct output *out, struct err *err)
{
    enum row_hash_kind kind = out->options->contract->row_hash;
    uint32_t count = out->sources->column_count;
    out->arena = arena_new(0);
    out->scratch = arena_new(0);
    if (!out->arena || !out->scratch)
        return no_memory(err);
    out->all = ARENA_ARRAY(out->arena, uint32_t, count + 1);
    out->columns = ARENA_ARRAY(out->arena, const struct vector *, count + 1);
    out->rows = ARENA_ARRAY(out->arena, uint32_t, PARQUET_SLICE);
    out->texts = arena_calloc(out->arena, PARQUET_SLICE, sizeof *out->texts);
    out->hasher = row_hash_new(out->sources->columns, count, kind);
    if (!out->all || !out->columns || !out->rows || !out->texts || !out->hasher ||
        !vector_init(&out->hashes, TYPE(TYPE_STRING), PARQUET_SLICE, out->arena))
        return no_memory(err);
    for (uint32_t i = 0; i < count; i++)
        out->all[i] = i;
    for (uint32_t i = 0; i < PARQUET_SLICE; i++)
        out->hashes.str[i] = (struct str){out->texts[i], row_hash_length(kind)};
    out->fd = open(out->options->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out->fd < 0)
        return ERR_ERRNO(err, "cannot create %s", out->options->path);
    out->writer = parse_delete(out, err) ? open_writer(out, err) : NULL;
    return out->writer != NULL;
}

static bool close_output(struct output *out, bool ok, struct parquet_summary *summary, struct err *err)
{
    if (ok)
        ok = parquet_writer_close(out->writer, summary, err) && fs_sync_fd(out->fd, out->options->path, err);
    else
        parquet_writer_abort(out->writer);
    if (out->fd >= 0 && close(out->fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot close %s", out->options->path);
    row_hash_free(out->hasher);
    arena_free(out->scratch);
    arena_free(out->arena);
    return ok;
}

bool gold_write(
    struct sources *sources, const struct write_options *options, struct parquet_summary *summary, struct err *err)
{
    struct output out = {.options = options, .sources = sources, .fd = -1};
    bool ok = open_output(&out, err);
    for (uint32_t s = 0; ok && s < sources->count; s++)
        ok = write_source(&out, &sources->list[s], err);
    return close_output(&out, ok, summary, err);
}
