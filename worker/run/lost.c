#include "worker/run/lost.h"

#include "shared/fs.h"
#include "shared/json.h"
#include "worker/sink/cause.h"

#include <fcntl.h>
#include <unistd.h>

enum { MAX_PATH = 8192, MAX_LINE = 1 << 30, FLUSH_BYTES = 256 * 1024, MAX_MESSAGE = 64 * 1024, MOST_ERRORS = 64 };

struct lost {
    const struct again_file *file;
    struct str run_id;
    struct arena *arena; /* the run's */
    struct binding *bindings;
    struct sink_run *views; /* what causes are told by, of each run */
    struct causes *causes;
    int fd;
    const char *path;
    struct buf text, message;
    uint64_t rows;
    /* the row at hand */
    struct arena *row_arena;
    uint64_t row_number; /* 0: none */
    size_t run;
    struct str cells;
    struct row_error errors[MOST_ERRORS];
    size_t count;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for the rows that are lost");
}

static bool make_view(struct lost *lost, size_t i)
{
    const struct contract *contract = lost->file->runs[i].contract;
    struct binding *binding = &lost->bindings[i];
    uint32_t n = contract->field_count;
    *binding = (struct binding){.width = n,
        .column_of_field = ARENA_ARRAY(lost->arena, int32_t, n),
        .field_of_column = ARENA_ARRAY(lost->arena, int32_t, n)};
    for (uint32_t f = 0; binding->column_of_field && binding->field_of_column && f < n; f++)
        binding->column_of_field[f] = binding->field_of_column[f] = (int32_t)f;
    lost->views[i] = (struct sink_run){.contract = contract, .binding = binding};
    return binding->column_of_field && binding->field_of_column;
}

/* ---- one row ---- */

static void put_text(struct json *json, const char *name, struct str value)
{
    jsonw_key(json, name);
    if (value.p)
        jsonw_string(json, value);
    else
        jsonw_null(json);
}

static void put_error(struct lost *lost, struct json *json, const struct row_error *error)
{
    const struct sink_run *view = &lost->views[lost->run];
    struct str column = row_error_column(view, error), rule = row_error_rule(view, error);
    buf_reset(&lost->message);
    if (error->stage == STAGE_SILVER)
        buf_add_cstr(&lost->message, error->detail ? error->detail : row_code_name(error->code));
    else
        row_error_message(view->contract, view->binding, error, &lost->message);
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "stage", stage_name(error->stage));
    jsonw_put_cstring(json, "code", row_code_name(error->code));
    put_text(json, "column", column.n ? column : (struct str){0});
    jsonw_put_null(json, "column_index");
    put_text(json, "value", error->value);
    put_text(json, "rule_id", rule.n ? rule : (struct str){0});
    jsonw_put_string(json, "message", buf_str(&lost->message));
    jsonw_object_end(json);
}

static bool flush(struct lost *lost, size_t least, struct err *err)
{
    if (lost->text.n < least)
        return buf_ok(&lost->text, "a row that is lost", err);
    bool ok = buf_ok(&lost->text, "a row that is lost", err) &&
              fs_write_all(lost->fd, lost->text.p, lost->text.n, lost->path, err);
    buf_reset(&lost->text);
    return ok;
}

static bool end_row(struct lost *lost, struct err *err)
{
    struct json json;
    uint32_t index;
    if (!lost->row_number)
        return true;
    if (!causes_add(lost->causes, &lost->errors[0], lost->row_number, lost->count == 1, &index, err))
        return false;
    jsonw_init(&json, &lost->text);
    jsonw_object_begin(&json);
    jsonw_put_string(&json, "run_id", lost->run_id);
    jsonw_put_cstring(&json, "of_run", lost->file->runs[lost->run].run_id);
    jsonw_put_uint(&json, "row_number", lost->row_number);
    jsonw_key(&json, "cells");
    jsonw_raw(&json, lost->cells);
    jsonw_key(&json, "errors");
    jsonw_array_begin(&json);
    for (size_t i = 0; i < lost->count; i++)
        put_error(lost, &json, &lost->errors[i]);
    jsonw_array_end(&json);
    jsonw_object_end(&json);
    buf_add_byte(&lost->text, '\n');
    lost->rows++;
    lost->count = 0;
    arena_reset(lost->row_arena);
    return flush(lost, FLUSH_BYTES, err);
}

static bool add_error(struct lost *lost, const struct again_error *error, struct err *err)
{
    if (error->row_number != lost->row_number) {
        if (!end_row(lost, err))
            return false;
        lost->row_number = error->row_number;
        lost->run = error->run;
        lost->cells = error->cells.p ? arena_str(lost->row_arena, error->cells) : STR("null");
    }
    if (lost->count == MOST_ERRORS)
        return true;
    struct row_error *to = &lost->errors[lost->count++];
    *to = (struct row_error){.position = error->field,
        .field = error->field,
        .rule = error->rule,
        .stage = error->stage,
        .code = error->code,
        .value = error->value.p ? arena_str(lost->row_arena, error->value) : (struct str){0},
        .detail = error->detail ? arena_cstr(lost->row_arena, error->detail) : NULL};
    return lost->cells.p && (!error->detail || to->detail) ? true : no_memory(err);
}

static bool write_rows(struct lost *lost, struct again *again, struct err *err)
{
    bool found = true, ok = true;
    while (ok && found) {
        struct again_error error;
        ok =
            again_next_error(again, &error, &found, err) && (found ? add_error(lost, &error, err) : end_row(lost, err));
    }
    return ok && flush(lost, 1, err) && fs_sync_fd(lost->fd, lost->path, err);
}

/* ---- the file ---- */

static bool add_output(
    struct lost *lost, struct worker *worker, struct manifest *manifest, struct str staged, struct err *err)
{
    char *key = arena_printf(lost->arena, "rejected/data_quality/json/" STR_FMT "/" STR_FMT ".jsonl",
        STR_ARG(manifest->dataset), STR_ARG(manifest->run_id));
    size_t count;
    const struct sink_cause *causes = causes_list(lost->causes, &count);
    manifest->outputs = ARENA_NEW(lost->arena, struct manifest_output);
    manifest->causes = ARENA_ARRAY(lost->arena, struct sink_cause, count);
    if (!key || !manifest->outputs || !manifest->causes)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct sink_cause *cause = &manifest->causes[i];
        *cause = causes[i];
        cause->column = arena_str(lost->arena, cause->column);
        cause->rule = arena_str(lost->arena, cause->rule);
        cause->shape = arena_str(lost->arena, cause->shape);
        for (unsigned s = 0; s < cause->sample_count; s++)
            cause->samples[s] = arena_str(lost->arena, cause->samples[s]);
    }
    manifest->cause_count = count;
    manifest->outputs[0] = (struct manifest_output){.staged = staged,
        .output = {.key = str_of(key), .kind = STR("rejects-json"), .partition = STR(""), .rows = lost->rows}};
    manifest->output_count = 1;
    return manifest_seal(worker->storage, manifest->outputs, lost->path, lost->arena, err);
}

static bool open_file(struct lost *lost, struct worker *worker, struct str staged, struct err *err)
{
    struct buf path;
    buf_init(&path, MAX_PATH);
    bool ok = worker->storage->driver->local_path(worker->storage, staged, &path, err);
    lost->path = ok ? arena_cstr(lost->arena, path.p) : NULL;
    buf_dispose(&path);
    if (!lost->path)
        return ok ? no_memory(err) : false;
    lost->fd = open(lost->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return lost->fd >= 0 || ERR_ERRNO(err, "cannot create %s", lost->path);
}

static bool begin(struct lost *lost, struct err *err)
{
    size_t n = lost->file->run_count;
    lost->bindings = ARENA_ARRAY(lost->arena, struct binding, n);
    lost->views = ARENA_ARRAY(lost->arena, struct sink_run, n);
    bool ok = lost->bindings && lost->views && lost->row_arena;
    for (size_t i = 0; ok && i < n; i++)
        ok = make_view(lost, i);
    lost->causes = ok ? causes_new(&lost->views[0]) : NULL;
    return lost->causes || no_memory(err);
}

bool lost_write(struct worker *worker, struct manifest *manifest, struct again *again, const struct again_file *file,
    struct arena *arena, struct err *err)
{
    struct lost lost = {.file = file, .run_id = manifest->run_id, .arena = arena, .fd = -1, .row_arena = arena_new(0)};
    char *staged =
        arena_printf(arena, STR_FMT "/rejects.jsonl", STR_ARG(manifest_staging_key(manifest->run_id.p, arena)));
    buf_init(&lost.text, MAX_LINE);
    buf_init(&lost.message, MAX_MESSAGE);
    bool ok = begin(&lost, err) && (staged || no_memory(err)) && open_file(&lost, worker, str_of(staged), err) &&
              write_rows(&lost, again, err) && add_output(&lost, worker, manifest, str_of(staged), err);
    if (lost.fd >= 0)
        close(lost.fd);
    causes_free(lost.causes);
    buf_dispose(&lost.text);
    buf_dispose(&lost.message);
    arena_free(lost.row_arena);
    return ok;
}
