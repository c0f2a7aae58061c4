/*
 * Rejected rows, untouched: one JSON line each, the same rows in the source's own dialect and header, the reasons
 * beside them, and the entries from which the journal's blocks are made.
 */
#include "shared/fs.h"
#include "shared/json.h"
#include "shared/utf8.h"
#include "worker/format/csv/cell.h"
#include "worker/format/csv/reader.h"
#include "worker/journal/journal.h"
#include "worker/sink/cause.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_LATE_ERRORS = 64, FLUSH_BYTES = 256 * 1024, MAX_BUFFER = 256 * 1024 * 1024, MAX_MESSAGE = 64 * 1024 };

enum { FILE_JSON, FILE_CSV, FILE_REASONS, FILE_BLOCKS, FILE_COUNT };

struct out_file {
    int fd;
    struct str path;
    struct buf pending;
    uint64_t written; /* flushed bytes; pending.n more are to come */
};

struct sink {
    const struct sink_run *run;
    struct causes *causes;
    struct out_file files[FILE_COUNT];
    struct buf original; /* the present row in its own encoding */
    struct buf message;
    uint64_t rows;
};

static const char *const file_names[FILE_COUNT] = {"rejects.jsonl", "rejects.csv", "reasons.csv", "blocks"};

/* ---- files ---- */

static bool flush(struct out_file *file, struct err *err)
{
    if (!buf_ok(&file->pending, file->path.p, err) ||
        !fs_write_all(file->fd, file->pending.p, file->pending.n, file->path.p, err))
        return false;
    fs_begin_sync(file->fd, file->written);
    file->written += file->pending.n;
    buf_reset(&file->pending);
    return true;
}

static struct str line_end(const struct sink *sink)
{
    struct str end = sink->run->sniff->dialect.line_end;
    return end.n == 0 || str_eq(end, STR("mixed")) ? STR("\n") : end;
}

/* The file's own header: its bytes where there is one, and the mark that tells its encoding. */
static bool write_header(struct sink *sink, struct err *err)
{
    const struct sniff *sniff = sink->run->sniff;
    struct out_file *csv = &sink->files[FILE_CSV];
    buf_add_cstr(&sink->files[FILE_REASONS].pending,
        "row_number,line_number,byte_offset,stage,code,column,value,rule_id,message\n");
    if (sniff->dialect.byte_order_mark)
        dialect_encode(&sniff->dialect, STR("\xEF\xBB\xBF"), &csv->pending);
    if (!sniff->header_length)
        return true;
    if (!flush(csv, err) || !sink->run->copy_original(sink->run->context, sniff->header_offset, sniff->header_length,
                                csv->fd, csv->path.p, err))
        return false;
    csv->written += sniff->header_length;
    return true;
}

static bool create(struct sink *sink, struct err *err)
{
    for (int i = 0; i < FILE_COUNT; i++) {
        struct out_file *file = &sink->files[i];
        char *path = arena_printf(sink->run->arena, "%s/%s", sink->run->staging, file_names[i]);
        if (!path)
            return ERR(err, ERR_MEMORY, "no memory for a path");
        file->path = str_of(path);
        file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file->fd < 0)
            return ERR_ERRNO(err, "cannot create %s", path);
    }
    return write_header(sink, err);
}

/* ---- one row ---- */

static void write_value(struct json *json, const char *key, struct str value)
{
    jsonw_key(json, key);
    if (value.p)
        jsonw_string(json, value);
    else
        jsonw_null(json);
}

static void write_error(struct sink *sink, struct json *json, const struct row_error *error)
{
    struct str rule = row_error_rule(sink->run, error), column = row_error_column(sink->run, error);
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "stage", stage_name(error->stage));
    jsonw_put_cstring(json, "code", row_code_name(error->code));
    write_value(json, "column", column.n ? column : (struct str){0});
    jsonw_key(json, "column_index");
    if (error->position >= 0)
        jsonw_int(json, error->position + 1);
    else
        jsonw_null(json);
    write_value(json, "value", error->value);
    write_value(json, "rule_id", rule.n ? rule : (struct str){0});
    jsonw_put_string(json, "message", buf_str(&sink->message));
    jsonw_object_end(json);
}

static void write_reason(struct sink *sink, const struct row *row, uint64_t number, const struct row_error *error)
{
    struct buf *out = &sink->files[FILE_REASONS].pending;
    struct str cells[] = {str_of(stage_name(error->stage)), str_of(row_code_name(error->code)),
        row_error_column(sink->run, error), error->value, row_error_rule(sink->run, error), buf_str(&sink->message)};
    buf_add_u64(out, number);
    buf_add_byte(out, ',');
    buf_add_u64(out, row->line);
    buf_add_byte(out, ',');
    buf_add_u64(out, row->offset);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        buf_add_byte(out, ',');
        csv_cell_write(out, cells[i]);
    }
    buf_add_byte(out, '\n');
}

static bool is_cut(const struct row *row, const struct buf *original)
{
    return original->n < row->length;
}

static void write_json_head(struct sink *sink, struct json *json, const struct row *row, uint64_t number)
{
    struct str original = buf_str(&sink->original);
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "run_id", sink->run->run_id);
    jsonw_put_uint(json, "row_number", number);
    jsonw_put_uint(json, "line_number", row->line);
    jsonw_put_uint(json, "byte_offset", row->offset);
    jsonw_put_uint(json, "byte_length", row->length);
    if (utf8_valid(original))
        jsonw_put_string(json, "raw", original);
    else {
        jsonw_key(json, "raw_base64");
        jsonw_base64(json, original);
    }
    if (is_cut(row, &sink->original))
        jsonw_put_bool(json, "raw_truncated", true);
}

/* The record's own: a file may mix them. At the end of the file, and behind a record that was cut, the file's usual. */
static struct str own_line_end(const struct sink *sink, const struct batch *batch, const struct row *row)
{
    size_t at = row->text_offset + row->text_length;
    struct str rest = {batch->text + at, at < batch->text_length ? batch->text_length - at : 0};
    static const struct str ends[] = {{"\r\n", 2}, {"\n", 1}, {"\r", 1}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !is_cut(row, &sink->original); i++)
        if (str_starts(rest, ends[i]))
            return ends[i];
    return line_end(sink);
}

static bool write_row_bytes(struct sink *sink, const struct batch *batch, const struct row *row, struct err *err)
{
    struct out_file *csv = &sink->files[FILE_CSV];
    if (is_cut(row, &sink->original)) {
        if (!flush(csv, err) ||
            !sink->run->copy_original(sink->run->context, row->offset, row->length, csv->fd, csv->path.p, err))
            return false;
        csv->written += row->length;
    } else
        buf_add_str(&csv->pending, buf_str(&sink->original));
    dialect_encode(&sink->run->sniff->dialect, own_line_end(sink, batch, row), &csv->pending);
    return true;
}

static void write_entry(struct sink *sink, uint64_t number, uint64_t offset, uint32_t cause, uint32_t errors)
{
    struct buf *out = &sink->files[FILE_BLOCKS].pending;
    buf_add(out, &number, sizeof number);
    buf_add(out, &offset, sizeof offset);
    buf_add(out, &cause, sizeof cause);
    buf_add(out, &errors, sizeof errors);
}

/* What the database says is told as it says it. */
static void make_message(struct sink *sink, const struct row_error *error)
{
    buf_reset(&sink->message);
    if (error->stage == STAGE_SILVER)
        buf_add_cstr(&sink->message, error->detail);
    else
        row_error_message(sink->run->contract, sink->run->binding, error, &sink->message);
}

/* All but the row's own bytes in the CSV. */
static bool write_lines(struct sink *sink, const struct row *row, uint64_t number, const struct row_error *errors,
    size_t count, struct err *err)
{
    struct out_file *jsonl = &sink->files[FILE_JSON];
    uint64_t offset = jsonl->written + jsonl->pending.n;
    uint32_t cause;
    struct json json;
    if (!causes_add(sink->causes, &errors[0], number, count == 1, &cause, err))
        return false;
    jsonw_init(&json, &jsonl->pending);
    write_json_head(sink, &json, row, number);
    jsonw_key(&json, "errors");
    jsonw_array_begin(&json);
    for (size_t e = 0; e < count; e++) {
        make_message(sink, &errors[e]);
        write_error(sink, &json, &errors[e]);
        write_reason(sink, row, number, &errors[e]);
    }
    jsonw_array_end(&json);
    jsonw_object_end(&json);
    buf_add_byte(&jsonl->pending, '\n');
    write_entry(sink, number, offset, cause, (uint32_t)count);
    sink->rows++;
    return buf_ok(&sink->original, "a rejected row", err);
}

static bool write_row(struct sink *sink, const struct batch *batch, uint32_t i, const struct row_error *errors,
    size_t count, struct err *err)
{
    const struct row *row = &batch->rows[i];
    buf_reset(&sink->original);
    dialect_encode(
        &sink->run->sniff->dialect, (struct str){batch->text + row->text_offset, row->text_length}, &sink->original);
    return write_lines(sink, row, batch_row_number(batch, i), errors, count, err) &&
           write_row_bytes(sink, batch, row, err);
}

static bool flush_full(struct sink *sink, struct err *err)
{
    for (int f = 0; f < FILE_COUNT; f++)
        if (sink->files[f].pending.n >= FLUSH_BYTES && !flush(&sink->files[f], err))
            return false;
    return true;
}

static bool rejects_write(struct sink *sink, struct batch *batch, unsigned place, struct err *err)
{
    (void)place;
    for (size_t e = 0; e < batch->error_count;) {
        uint32_t row = batch->errors[e].row;
        size_t count = 1;
        while (e + count < batch->error_count && batch->errors[e + count].row == row)
            count++;
        if (!sink->files[0].path.p && !create(sink, err))
            return false;
        if (!write_row(sink, batch, row, &batch->errors[e], count, err))
            return false;
        if (!flush_full(sink, err))
            return false;
        e += count;
    }
    return true;
}

/* ---- rows that the warehouse refused, once all were written: their bytes are looked for in the original ---- */

struct late {
    struct sink *sink;
    struct stream *stream;
    uint64_t at; /* in the stream */
    struct arena *arena;
    struct row row;
    uint64_t number; /* 0: none yet */
    struct row_error errors[MOST_LATE_ERRORS];
    size_t count;
};

static bool read_late(struct late *late, struct err *err)
{
    struct sink *sink = late->sink;
    const struct row *row = &late->row;
    uint64_t skipped;
    size_t got = 0;
    buf_reset(&sink->original);
    if (!late->stream && !(late->stream = sink->run->open_original(sink->run->context, err)))
        return false;
    if (!stream_skip(late->stream, row->offset - late->at, &skipped, err))
        return false;
    if (!buf_reserve(&sink->original, row->length))
        return buf_ok(&sink->original, "a rejected row", err);
    if (!stream_read_full(late->stream, sink->original.p, row->length, &got, err))
        return false;
    sink->original.n = got;
    late->at = row->offset + got;
    return got == row->length ||
           ERR(err, ERR_CHANGED, "the file ended before byte %llu", (unsigned long long)(row->offset + row->length));
}

static bool write_late(struct late *late, struct err *err)
{
    struct sink *sink = late->sink;
    struct out_file *csv = &sink->files[FILE_CSV];
    if (!late->number)
        return true;
    if (!sink->files[0].path.p && !create(sink, err))
        return false;
    if (!read_late(late, err) || !write_lines(sink, &late->row, late->number, late->errors, late->count, err))
        return false;
    buf_add_str(&csv->pending, buf_str(&sink->original));
    dialect_encode(&sink->run->sniff->dialect, line_end(sink), &csv->pending);
    late->count = 0;
    arena_reset(late->arena);
    return flush_full(sink, err);
}

static bool add_late(struct late *late, const struct load_refusal *refusal, struct err *err)
{
    if (refusal->row_number != late->number && !write_late(late, err))
        return false;
    late->number = refusal->row_number;
    late->row = (struct row){.line = refusal->line, .offset = refusal->offset, .length = refusal->length};
    if (late->count == MOST_LATE_ERRORS)
        return true;
    const struct binding *binding = late->sink->run->binding;
    struct row_error *error = &late->errors[late->count++];
    *error = (struct row_error){.position = refusal->field < 0 ? -1 : binding->column_of_field[refusal->field],
        .field = refusal->field,
        .rule = -1,
        .stage = STAGE_SILVER,
        .code = refusal->code,
        .value = refusal->value.p ? arena_str(late->arena, refusal->value) : (struct str){0},
        .detail = arena_cstr(late->arena, refusal->detail)};
    return error->detail != NULL || ERR(err, ERR_MEMORY, "no memory for a rejected row");
}

static int by_number(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Entries stand in the order of rows. */
static bool sort_entries(struct sink *sink, struct err *err)
{
    struct out_file *file = &sink->files[FILE_BLOCKS];
    if (!flush(file, err))
        return false;
    size_t size = (size_t)sink->rows * REJECT_ENTRY_BYTES;
    char *entries = malloc(size);
    if (!entries)
        return ERR(err, ERR_MEMORY, "no memory for the entries of rejected rows");
    int fd = open(file->path.p, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && pread(fd, entries, size, 0) == (ssize_t)size;
    if (ok) {
        qsort(entries, (size_t)sink->rows, REJECT_ENTRY_BYTES, by_number);
        ok = pwrite(file->fd, entries, size, 0) == (ssize_t)size;
    }
    if (!ok)
        ERR_ERRNO(err, "cannot sort %s", file->path.p);
    if (fd >= 0)
        close(fd);
    free(entries);
    return ok;
}

static bool write_refusals(struct sink *sink, struct err *err)
{
    struct late late = {.sink = sink, .arena = arena_new(0)};
    uint64_t before = sink->rows;
    bool found = true, ok = late.arena || ERR(err, ERR_MEMORY, "no memory for a rejected row");
    while (ok && found) {
        struct load_refusal refusal;
        ok = load_next_refusal(sink->run->load, &refusal, &found, err) &&
             (found ? add_late(&late, &refusal, err) : write_late(&late, err));
    }
    stream_close(late.stream);
    arena_free(late.arena);
    return ok && (sink->rows == before || sort_entries(sink, err));
}

/* ---- the end ---- */

static bool seal(struct out_file *file, struct err *err)
{
    bool ok = flush(file, err) && fs_sync_fd(file->fd, file->path.p, err);
    if (close(file->fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot close %s", file->path.p);
    file->fd = -1;
    return ok;
}

static bool add_output(struct sink *sink, struct sink_result *result, int file, const char *kind, const char *folder,
    const char *suffix, struct err *err)
{
    const struct sink_run *run = sink->run;
    char *key = arena_printf(run->arena, "rejected/data_quality/%s/" STR_FMT "/%s%s", folder,
        STR_ARG(run->contract->dataset), run->run_id, suffix);
    if (!key)
        return ERR(err, ERR_MEMORY, "no memory for a key");
    struct sink_output output = {.staged = sink->files[file].path,
        .key = str_of(key),
        .kind = str_of(kind),
        .partition = STR(""),
        .rows = sink->rows};
    return seal(&sink->files[file], err) && sink_result_add(result, &output, run->arena, err);
}

static bool rejects_prepare(struct sink *sink, struct sink_result *result, struct err *err)
{
    if (sink->run->load && !write_refusals(sink, err))
        return false;
    if (!sink->rows)
        return true;
    if (!add_output(sink, result, FILE_JSON, "rejects-json", "json", ".jsonl", err) ||
        !add_output(sink, result, FILE_CSV, "rejects-csv", "csv", ".csv", err) ||
        !add_output(sink, result, FILE_REASONS, "rejects-reasons", "csv", ".reasons.csv", err) ||
        !seal(&sink->files[FILE_BLOCKS], err))
        return false;
    result->blocks = sink->files[FILE_BLOCKS].path;
    result->block_rows = sink->rows;
    const struct sink_cause *list = causes_list(sink->causes, &result->cause_count);
    result->causes = ARENA_ARRAY(sink->run->arena, struct sink_cause, result->cause_count);
    if (!result->causes)
        return ERR(err, ERR_MEMORY, "no memory for the list of causes");
    memcpy(result->causes, list, result->cause_count * sizeof *list);
    return true;
}

static void rejects_close(struct sink *sink)
{
    if (!sink)
        return;
    for (int i = 0; i < FILE_COUNT; i++) {
        if (sink->files[i].fd >= 0)
            close(sink->files[i].fd);
        buf_dispose(&sink->files[i].pending);
    }
    causes_free(sink->causes);
    buf_dispose(&sink->original);
    buf_dispose(&sink->message);
    free(sink);
}

static struct sink *rejects_open(const struct sink_run *run, struct err *err)
{
    struct sink *sink = calloc(1, sizeof *sink);
    if (!sink) {
        ERR(err, ERR_MEMORY, "no memory for the reject files");
        return NULL;
    }
    sink->run = run;
    for (int i = 0; i < FILE_COUNT; i++) {
        sink->files[i].fd = -1;
        buf_init(&sink->files[i].pending, MAX_BUFFER);
    }
    buf_init(&sink->original, MAX_BUFFER);
    buf_init(&sink->message, MAX_MESSAGE);
    sink->causes = causes_new(run);
    if (sink->causes)
        return sink;
    rejects_close(sink);
    ERR(err, ERR_MEMORY, "no memory for the reject files");
    return NULL;
}

const struct sink_driver sink_rejects = {
    .name = "rejects",
    .open = rejects_open,
    .write = rejects_write,
    .prepare = rejects_prepare,
    .close = rejects_close,
};
