#include "worker/gold/source.h"

#include <stdio.h>
#include <unistd.h>

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for the files of a partition");
}

/* Digits before the point. */
static int whole_digits(struct type type)
{
    return type.kind == TYPE_INTEGER ? 19 : type.precision - type.scale;
}

/* The type that holds the values of both; false: none does. */
static bool widest(struct type a, struct type b, struct type *out)
{
    bool numeric =
        (a.kind == TYPE_INTEGER || a.kind == TYPE_DECIMAL) && (b.kind == TYPE_INTEGER || b.kind == TYPE_DECIMAL);
    *out = a;
    if (type_eq(a, b))
        return true;
    if (!numeric)
        return false;
    int whole = whole_digits(a) > whole_digits(b) ? whole_digits(a) : whole_digits(b);
    int scale = a.scale > b.scale ? a.scale : b.scale;
    *out = TYPE_DEC((uint8_t)(whole + scale), (uint8_t)scale);
    /* Not a type that neither file has: the contract never said so. */
    return type_eq(*out, a) || type_eq(*out, b) ||
           (a.kind != b.kind && whole + scale <= (a.kind == TYPE_DECIMAL ? a : b).precision);
}

static void print_type(struct type type, char *out, size_t n)
{
    static const char *const names[] = {
        "string", "integer", "decimal", "double", "boolean", "date", "time", "timestamp"};
    if (type.kind == TYPE_DECIMAL)
        snprintf(out, n, "decimal(%u, %u)", type.precision, type.scale);
    else
        snprintf(out, n, "%s", names[type.kind]);
}

uint32_t sources_find(const struct sources *sources, struct str name)
{
    for (uint32_t i = 0; i < sources->column_count; i++)
        if (str_eq(sources->columns[i].name, name))
            return i;
    return UINT32_MAX;
}

static bool merge_column(
    struct sources *sources, const struct parquet_column *column, struct str key, struct arena *arena, struct err *err)
{
    uint32_t at = sources_find(sources, column->name);
    if (at == UINT32_MAX) {
        sources->columns[sources->column_count] = *column;
        sources->columns[sources->column_count].name = arena_str(arena, column->name);
        return sources->columns[sources->column_count++].name.p || no_memory(err);
    }
    char one[40], other[40];
    struct parquet_column *known = &sources->columns[at];
    known->nullable |= column->nullable;
    print_type(known->type, one, sizeof one);
    print_type(column->type, other, sizeof other);
    if (widest(known->type, column->type, &known->type))
        return true;
    ERR(err, ERR_CONFIG, STR_FMT ": column " STR_FMT " is %s, but %s in files of the same partition", STR_ARG(key),
        STR_ARG(column->name), other, one);
    return err_hint(err,
        "A type may only be widened (integer to decimal, a decimal to more digits): re-drive the older "
        "files under the present contract.");
}

static struct parquet_reader *open_reader(struct storage *storage, struct str key, int *fd, struct err *err)
{
    if (!storage->driver->open_fd(storage, key, fd, err))
        return NULL;
    struct parquet_reader *reader = parquet_reader_open(*fd, key.p, err);
    if (!reader)
        close(*fd);
    return reader;
}

/* The columns of a file, into arena; row_hash is no source's. */
static bool read_schema(struct storage *storage, struct source *source, struct parquet_column **columns,
    uint32_t *count, struct arena *arena, struct err *err)
{
    int fd;
    struct parquet_reader *reader = open_reader(storage, source->key, &fd, err);
    if (!reader)
        return false;
    const struct parquet_footer *footer = parquet_reader_footer(reader);
    *count = footer->column_count;
    *columns = ARENA_ARRAY(arena, struct parquet_column, *count);
    source->types = ARENA_ARRAY(arena, struct type, *count);
    bool ok = *columns && source->types;
    for (uint32_t i = 0; ok && i < *count; i++) {
        (*columns)[i] = footer->columns[i];
        (*columns)[i].name = arena_str(arena, footer->columns[i].name);
        source->types[i] = footer->columns[i].type;
        ok = (*columns)[i].name.p != NULL;
    }
    if (ok && !source->rows)
        source->rows = footer->rows;
    uint64_t rows = footer->rows;
    parquet_reader_close(reader);
    close(fd);
    if (!ok)
        return no_memory(err);
    return rows == source->rows ||
           ERR(err, ERR_CORRUPT, STR_FMT ": holds %llu rows, the journal has %llu", STR_ARG(source->key),
               (unsigned long long)rows, (unsigned long long)source->rows);
}

static bool map_columns(const struct sources *sources, struct source *source, const struct parquet_column *columns,
    uint32_t count, struct arena *arena)
{
    source->columns = ARENA_ARRAY(arena, uint32_t, sources->column_count);
    for (uint32_t c = 0; source->columns && c < sources->column_count; c++) {
        source->columns[c] = UINT32_MAX;
        for (uint32_t i = 0; i < count; i++)
            if (str_eq(columns[i].name, sources->columns[c].name))
                source->columns[c] = i;
    }
    return source->columns != NULL;
}

bool sources_open_other(
    const struct sources *sources, struct str key, struct source *source, struct arena *arena, struct err *err)
{
    struct parquet_column *columns;
    uint32_t count;
    *source = (struct source){.key = key};
    return read_schema(sources->storage, source, &columns, &count, arena, err) &&
           (map_columns(sources, source, columns, count, arena) || no_memory(err));
}

bool sources_open(struct sources *sources, struct storage *storage, const struct gold_input *inputs, size_t count,
    struct arena *arena, struct err *err)
{
    size_t most = 0;
    struct parquet_column **columns = ARENA_ARRAY(arena, struct parquet_column *, count + 1);
    uint32_t *counts = ARENA_ARRAY(arena, uint32_t, count + 1);
    *sources = (struct sources){.storage = storage, .count = (uint32_t)count};
    sources->list = ARENA_ARRAY(arena, struct source, count + 1);
    if (!columns || !counts || !sources->list)
        return no_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        struct source *source = &sources->list[i];
        const struct gold_input *before = i ? &inputs[i - 1] : NULL;
        *source = (struct source){.key = inputs[i].key, .rows = inputs[i].rows, .bytes = inputs[i].bytes};
        source->wins = arena_calloc(arena, (size_t)(source->rows / 8 + 1), 1);
        if (before)
            source->delivery = sources->list[i - 1].delivery + (before->file_id != inputs[i].file_id);
        if (!source->wins)
            return no_memory(err);
        if (!read_schema(storage, source, &columns[i], &counts[i], arena, err))
            return false;
        most += counts[i];
    }
    sources->columns = ARENA_ARRAY(arena, struct parquet_column, most + 1);
    if (!sources->columns)
        return no_memory(err);
    /* The newest file's order of columns; what only older ones have comes behind. */
    for (size_t i = count; i--;)
        for (uint32_t c = 0; c < counts[i]; c++)
            if (!merge_column(sources, &columns[i][c], inputs[i].key, arena, err))
                return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!map_columns(sources, &sources->list[i], columns[i], counts[i], arena))
            return no_memory(err);
        for (uint32_t c = 0; c < sources->column_count; c++)
            sources->columns[c].nullable |= sources->list[i].columns[c] == UINT32_MAX;
    }
    return true;
}

/* ---- scan ---- */

bool scan_open(struct scan *scan, const struct sources *sources, const struct source *source, const uint32_t *columns,
    uint32_t count, struct err *err)
{
    *scan = (struct scan){.sources = sources, .source = source, .fd = -1, .count = count, .arena = arena_new(0)};
    uint32_t *chosen = scan->arena ? ARENA_ARRAY(scan->arena, uint32_t, count + 1) : NULL;
    if (!chosen)
        return no_memory(err);
    scan->vectors = ARENA_ARRAY(scan->arena, const struct vector *, count + 1);
    scan->raw = ARENA_ARRAY(scan->arena, const struct vector *, count + 1);
    scan->room = ARENA_ARRAY(scan->arena, struct vector, count + 1);
    scan->from = ARENA_ARRAY(scan->arena, uint32_t, count + 1);
    if (!scan->vectors || !scan->raw || !scan->room || !scan->from)
        return no_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = source->columns[columns[i]];
        struct type type = sources->columns[columns[i]].type;
        scan->from[i] = index == UINT32_MAX ? UINT32_MAX : scan->read;
        if (index != UINT32_MAX)
            chosen[scan->read++] = index;
        if (index != UINT32_MAX && type_eq(source->types[index], type))
            continue;
        if (!vector_init(&scan->room[i], type, PARQUET_SLICE, scan->arena))
            return no_memory(err);
        memset(scan->room[i].state, VALUE_NULL, PARQUET_SLICE);
    }
    scan->reader = open_reader(sources->storage, source->key, &scan->fd, err);
    return scan->reader && parquet_reader_select(scan->reader, chosen, scan->read, err);
}

static bool widen(const struct scan *scan, const struct vector *from, struct vector *to, struct err *err)
{
    int128 factor = 1;
    uint8_t scale = from->type.kind == TYPE_DECIMAL ? from->type.scale : 0;
    if (to->type.kind != TYPE_DECIMAL || (from->type.kind != TYPE_INTEGER && from->type.kind != TYPE_DECIMAL))
        return ERR(err, ERR_CONFIG, STR_FMT ": a column is of another type than before", STR_ARG(scan->source->key));
    for (unsigned i = scale; i < to->type.scale; i++)
        factor *= 10;
    for (uint32_t i = 0; i < from->n; i++) {
        to->state[i] = from->state[i];
        if (from->state[i] != VALUE_PRESENT)
            continue;
        int128 value = (type_is_wide(from->type) ? from->i128[i] : (int128)from->i64[i]);
        if (__builtin_mul_overflow(value, factor, &value) || (!type_is_wide(to->type) && value != (int64_t)value))
            return ERR(err, ERR_CONFIG, STR_FMT ": a value does not fit the widened type", STR_ARG(scan->source->key));
        if (type_is_wide(to->type))
            to->i128[i] = value;
        else
            to->i64[i] = (int64_t)value;
    }
    return true;
}

bool scan_next(struct scan *scan, struct err *err)
{
    const struct sources *sources = scan->sources;
    if (sources->alive && !sources->alive(sources->context, err))
        return false;
    scan->row += scan->n;
    if (!parquet_reader_next(scan->reader, scan->raw, &scan->n, err))
        return false;
    for (uint32_t i = 0; i < scan->count && scan->n; i++) {
        const struct vector *raw = scan->from[i] == UINT32_MAX ? NULL : scan->raw[scan->from[i]];
        struct vector *room = &scan->room[i];
        scan->vectors[i] = raw && !room->state ? raw : room;
        room->n = scan->n;
        if (raw && room->state && !widen(scan, raw, room, err))
            return false;
    }
    return true;
}

void scan_close(struct scan *scan)
{
    parquet_reader_close(scan->reader);
    if (scan->reader)
        close(scan->fd);
    arena_free(scan->arena);
    *scan = (struct scan){.fd = -1};
}
