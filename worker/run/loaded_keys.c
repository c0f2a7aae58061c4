/* The keys of what a file's runs loaded, for the rows of it that come later. */
#include "worker/format/parquet/parquet_reader.h"
#include "worker/run/process.h"

#include <unistd.h>

enum { MOST_PATH_VALUE = 64 * 1024 };

/* One processed object, as far as keys are made of it. */
struct loaded {
    struct pass *pass;
    struct arena *arena;
    struct str key;
    const uint32_t *fields; /* that keys are made of */
    uint32_t field_count;
    uint32_t *columns; /* to read: of each field but those in the path, then the row number */
    uint32_t *field_of;
    uint32_t column_count;
    struct batch batch;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for the keys that are loaded");
}

static bool differs(struct str key, struct str field, const char *how, struct err *err)
{
    ERR_REJECT(err, "keys-differ", "what is loaded of the file, " STR_FMT ", %s the column " STR_FMT " of the key",
        STR_ARG(key), how, STR_ARG(field));
    return err_hint(err, "Re-drive the whole file: it then supersedes what was loaded of it.");
}

static uint32_t find_column(const struct parquet_footer *footer, struct str name)
{
    for (uint32_t i = 0; i < footer->column_count; i++)
        if (str_eq(footer->columns[i].name, name))
            return i;
    return UINT32_MAX;
}

/* A column of the partition is in the path alone: as many rows of it as a slice may have. */
static bool take_from_path(struct loaded *loaded, uint32_t field, struct err *err)
{
    static const struct str yes = STR("t"), no = STR("f");
    static const struct value_format format = {
        .decimal_char = '.', .true_values = &yes, .false_values = &no, .true_count = 1, .false_count = 1};
    const struct field *of = &loaded->pass->run->contract->fields[field];
    struct vector *vector = &loaded->batch.columns[field];
    struct buf text;
    buf_init(&text, MOST_PATH_VALUE);
    bool there = storage_hive_value(&text, loaded->key, of->name);
    struct str value = arena_str(loaded->arena, buf_str(&text));
    bool ok = buf_ok(&text, "a partition's value", err) && value.p;
    buf_dispose(&text);
    if (!ok || !vector_init(vector, of->type, PARQUET_SLICE, loaded->arena))
        return no_memory(err);
    if (!there)
        return differs(loaded->key, of->name, "lacks", err);
    for (uint32_t i = 0; i < PARQUET_SLICE; i++) {
        vector->state[i] = value.n ? VALUE_PRESENT : VALUE_NULL;
        if (value.n && value_parse(value, of->type, &format, vector_at(vector, i)) != VALUE_OK)
            return differs(loaded->key, of->name, "has another type for", err);
    }
    return true;
}

static bool choose_columns(struct loaded *loaded, const struct parquet_footer *footer, struct err *err)
{
    const struct contract *contract = loaded->pass->run->contract;
    uint32_t row_number = find_column(footer, STR("_row_number"));
    loaded->column_count = 0;
    for (uint32_t i = 0; i < loaded->field_count; i++) {
        const struct field *field = &contract->fields[loaded->fields[i]];
        uint32_t column = find_column(footer, field->name);
        if (column == UINT32_MAX) {
            if (!take_from_path(loaded, loaded->fields[i], err))
                return false;
            continue;
        }
        if (!type_eq(footer->columns[column].type, field->type))
            return differs(loaded->key, field->name, "has another type for", err);
        loaded->field_of[loaded->column_count] = loaded->fields[i];
        loaded->columns[loaded->column_count++] = column;
    }
    if (row_number == UINT32_MAX || footer->columns[row_number].type.kind != TYPE_INTEGER)
        return ERR(err, ERR_CORRUPT, STR_FMT " has no row numbers", STR_ARG(loaded->key));
    loaded->columns[loaded->column_count++] = row_number;
    return true;
}

static bool read_rows(struct loaded *loaded, struct parquet_reader *reader, struct err *err)
{
    const struct vector **vectors = ARENA_ARRAY(loaded->arena, const struct vector *, loaded->column_count);
    struct batch *batch = &loaded->batch;
    uint32_t last = loaded->column_count - 1;
    if (!vectors)
        return no_memory(err);
    while (pass_alive(loaded->pass, err) && parquet_reader_next(reader, vectors, &batch->n, err)) {
        if (!batch->n)
            return true;
        for (uint32_t i = 0; i < last; i++)
            batch->columns[loaded->field_of[i]] = *vectors[i];
        batch->numbers = (uint64_t *)vectors[last]->i64;
        if (!unique_loaded(loaded->pass->unique, batch, err))
            return false;
    }
    return false;
}

static bool read_object(struct loaded *loaded, struct err *err)
{
    struct storage *storage = loaded->pass->run->worker->storage;
    int fd;
    if (!storage->driver->open_fd(storage, loaded->key, &fd, err))
        return false;
    struct parquet_reader *reader = parquet_reader_open(fd, loaded->key.p, err);
    bool ok = reader && choose_columns(loaded, parquet_reader_footer(reader), err) &&
              parquet_reader_select(reader, loaded->columns, loaded->column_count, err) &&
              read_rows(loaded, reader, err);
    parquet_reader_close(reader);
    close(fd);
    return ok;
}

bool pass_loaded_keys(struct pass *pass, struct err *err)
{
    struct file_run *run = pass->run;
    uint32_t most = run->contract->field_count;
    uint32_t *fields = ARENA_ARRAY(run->arena, uint32_t, most);
    struct loaded loaded = {.pass = pass, .fields = fields, .arena = arena_new(0)};
    struct str *keys = NULL;
    size_t count = 0;
    bool ok = fields && loaded.arena;
    if (!ok)
        no_memory(err);
    ok = ok && journal_published(run->worker->journal, run->claim.file.file_id, &keys, &count, run->arena, err);
    for (size_t i = 0; ok && i < count; i++) {
        arena_reset(loaded.arena);
        loaded.key = keys[i];
        loaded.field_count = unique_fields(pass->unique, fields);
        loaded.columns = ARENA_ARRAY(loaded.arena, uint32_t, most + 1);
        loaded.field_of = ARENA_ARRAY(loaded.arena, uint32_t, most + 1);
        loaded.batch.columns = ARENA_ARRAY(loaded.arena, struct vector, most);
        ok = loaded.columns && loaded.field_of && loaded.batch.columns ? read_object(&loaded, err) : no_memory(err);
    }
    arena_free(loaded.arena);
    return ok;
}
