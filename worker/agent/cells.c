#include "worker/agent/cells.h"

#include "shared/base64.h"
#include "shared/json.h"
#include "shared/rpc.h"
#include "shared/utf8.h"
#include "worker/agent/position.h"
#include "worker/agent/rows.h"

#include <sqlite3.h>
#include <unistd.h>

enum { MAX_ROW = 64 * 1024 * 1024, MAX_HEADER = 256 * 1024, MOST_CELLS = 2048, MOST_COUNTED = 20000 };

/* ---- splitting ---- */

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)} : STR("");
}

static int byte_of(const json_t *dialect, const char *name)
{
    struct str text = text_of(dialect, name);
    return text.n == 1 ? (unsigned char)text.p[0] : DIALECT_NONE;
}

void cells_grammar(const json_t *recorded, struct grammar *grammar)
{
    struct dialect dialect;
    dialect_init(&dialect);
    dialect.delimiter = text_of(recorded, "delimiter");
    if (!dialect.delimiter.n)
        dialect.delimiter = STR(",");
    dialect.quote = byte_of(recorded, "quoteChar");
    dialect.escape =
        json_is_true(json_object_get(recorded, "doubleQuote")) ? dialect.quote : byte_of(recorded, "escapeChar");
    dialect.comment = DIALECT_NONE;
    dialect.skip_initial_space = json_is_true(json_object_get(recorded, "skipInitialSpace"));
    grammar_init(grammar, &dialect);
    grammar->max_row = MAX_ROW;
}

json_t *cells_value(struct str text)
{
    if (utf8_valid(text))
        return json_stringn_nocheck(text.p, text.n);
    struct buf coded;
    struct json json;
    buf_init(&coded, 2 * MAX_ROW);
    jsonw_init(&json, &coded);
    jsonw_object_begin(&json);
    jsonw_key(&json, "base64");
    jsonw_base64(&json, text);
    jsonw_object_end(&json);
    json_t *value = json_loadb(coded.p, coded.n, 0, NULL);
    buf_dispose(&coded);
    return value;
}

/* The cells of one record, as JSON texts. */
json_t *cells_split(const struct grammar *grammar, struct str raw, struct arena *arena)
{
    json_t *cells = json_array();
    size_t room = 2 * raw.n + 64;
    struct text text = {.p = arena_alloc(arena, room), .n = raw.n, .final = true, .tail = raw.n, .tail_end = room};
    struct cell *found = arena_alloc(arena, MOST_CELLS * sizeof *found);
    struct record record = {.cells = found, .width = MOST_CELLS};
    if (!text.p || !found || !cells)
        return cells;
    memcpy(text.p, raw.p, raw.n);
    if (record_read(grammar, &text, &record) != RECORD_DONE && record_line(grammar, &text, &record) != RECORD_DONE)
        return cells;
    struct batch batch = {.text = text.p, .escapes = grammar_escapes(grammar), .arena = arena};
    for (uint32_t i = 0; i < record.count && i < MOST_CELLS; i++)
        json_array_append_new(cells, cells_value(batch_cell_text(&batch, found[i])));
    return cells;
}

struct str cells_raw(const json_t *reject, struct arena *arena)
{
    struct str raw = text_of(reject, "raw"), coded = text_of(reject, "raw_base64");
    if (!coded.n)
        return raw;
    struct buf bytes;
    struct str copy = STR("");
    buf_init(&bytes, coded.n);
    if (base64_decode(&bytes, coded))
        copy = arena_str(arena, buf_str(&bytes));
    buf_dispose(&bytes);
    return copy;
}

/* ---- the journal ---- */

static sqlite3_stmt *prepare(struct call *call, const char *sql, struct err *err)
{
    sqlite3 *db = journal_handle(call->agent->journal);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
        return NULL;
    }
    sqlite3_bind_text(statement, 1, call->run_id, -1, SQLITE_TRANSIENT);
    return statement;
}

json_t *cells_dialect(struct call *call, struct err *err)
{
    sqlite3_stmt *statement = prepare(call, "SELECT dialect FROM run WHERE run_id = ?1", err);
    json_t *dialect = NULL;
    if (!statement)
        return NULL;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
        dialect = json_loads((const char *)sqlite3_column_text(statement, 0), 0, NULL);
    sqlite3_finalize(statement);
    return dialect ? dialect : json_object();
}

static char *reject_csv_key(struct call *call, struct err *err)
{
    sqlite3_stmt *statement = prepare(call,
        "SELECT o.key FROM run_output ro JOIN output o USING (output_id) WHERE ro.run_id = ?1 AND o.kind = "
        "'rejects-csv'",
        err);
    char *key = NULL;
    if (statement && sqlite3_step(statement) == SQLITE_ROW)
        key = arena_cstr(call->arena, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return key;
}

/* The labels, as the first record of the rejected rows in the source's own dialect has them. */
json_t *cells_header(struct call *call, const json_t *dialect, const struct grammar *grammar, struct err *err)
{
    struct storage *storage = call->agent->storage;
    char *key = json_is_true(json_object_get(dialect, "header")) ? reject_csv_key(call, err) : NULL;
    char *bytes = key ? arena_alloc(call->arena, MAX_HEADER) : NULL;
    int fd;
    if (!bytes || !storage->driver->open_fd(storage, str_of(key), &fd, err))
        return json_array();
    ssize_t n = pread(fd, bytes, MAX_HEADER, 0);
    close(fd);
    return n > 0 ? cells_split(grammar, (struct str){bytes, (size_t)n}, call->arena) : json_array();
}

/* ---- pages ---- */

struct grid {
    const struct grammar *grammar;
    struct json json;
};

static int add_text(const char *text, size_t n, void *out)
{
    buf_add(out, text, n);
    return ((struct buf *)out)->failed ? -1 : 0;
}

/* NULL: null. */
static void put_value(struct json *json, const char *key, const json_t *value)
{
    jsonw_key(json, key);
    jsonw_raw(json, value ? STR("") : STR("null"));
    if (value && json_dump_callback(value, add_text, json->out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        json->out->failed = true;
}

static bool put_item(void *context, const struct reject_row *row, struct err *err)
{
    struct grid *grid = context;
    struct json *json = &grid->json;
    json_t *cells = cells_split(grid->grammar, cells_raw(row->reject, row->arena), row->arena);
    (void)err;
    jsonw_object_begin(json);
    jsonw_put_uint(json, "row_number", row->number);
    put_value(json, "line_number", json_object_get(row->reject, "line_number"));
    jsonw_put_uint(json, "cause", row->cause);
    jsonw_put_cstring(json, "state", row->state);
    put_value(json, "errors", json_object_get(row->reject, "errors"));
    put_value(json, "cells", cells);
    jsonw_object_end(json);
    json_decref(cells);
    return true;
}

static bool put_page(
    struct call *call, const struct position *position, const json_t *dialect, struct buf *result, struct err *err)
{
    struct grammar grammar;
    struct grid grid = {.grammar = &grammar};
    struct err ignored; /* without its header a grid still shows the rows */
    struct row_reader reader = {.wanted = position->wanted,
        .after = position->after,
        .limit = call_integer(call, "limit", RPC_PAGE, 1, RPC_MAX_PAGE),
        .take = put_item,
        .context = &grid};
    cells_grammar(dialect, &grammar);
    json_t *header = cells_header(call, dialect, &grammar, &ignored);
    jsonw_init(&grid.json, result);
    jsonw_object_begin(&grid.json);
    jsonw_put_cstring(&grid.json, "run_id", call->run_id);
    put_value(&grid.json, "header", header);
    jsonw_put_int(&grid.json, "total", position->total);
    jsonw_put_int(&grid.json, "at", position->found);
    jsonw_key(&grid.json, "items");
    jsonw_array_begin(&grid.json);
    bool ok = rows_read(call, &reader, err);
    jsonw_array_end(&grid.json);
    jsonw_object_end(&grid.json);
    json_decref(header);
    return ok;
}

bool answer_grid(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct position position = {
        .at = call_integer(call, "at", 0, 0, INT64_MAX), .row = call_integer(call, "row", -1, -1, INT64_MAX)};
    if (!wanted_of(call, &position.wanted, code, err))
        return false;
    json_t *dialect = cells_dialect(call, err);
    bool ok = dialect && position_find(call, &position, err) && put_page(call, &position, dialect, result, err);
    json_decref(dialect);
    return ok;
}

/* ---- frequencies ---- */

struct counting {
    const struct grammar *grammar;
    size_t column;
    json_t *rows; /* by value */
    json_int_t counted;
};

static bool count_cell(void *context, const struct reject_row *row, struct err *err)
{
    struct counting *counting = context;
    json_t *cells = cells_split(counting->grammar, cells_raw(row->reject, row->arena), row->arena);
    const json_t *cell = json_array_get(cells, counting->column);
    const char *value = json_string_value(cell);
    const char *key = value ? value : json_string_value(json_object_get(cell, "base64"));
    json_int_t seen = json_integer_value(json_object_get(counting->rows, key ? key : ""));
    (void)err;
    json_object_set_new_nocheck(counting->rows, key ? key : "", json_integer(seen + 1));
    json_decref(cells);
    counting->counted++;
    return true;
}

struct count {
    const char *value;
    json_int_t rows;
};

static int by_rows(const void *a, const void *b)
{
    const struct count *left = a, *right = b;
    return left->rows > right->rows ? -1 : left->rows < right->rows ? 1 : strcmp(left->value, right->value);
}

static json_t *ranked(json_t *counts, struct arena *arena)
{
    size_t n = 0, size = json_object_size(counts);
    struct count *list = ARENA_ARRAY(arena, struct count, size + 1);
    json_t *items = json_array(), *rows;
    const char *value;
    if (!list)
        return items;
    json_object_foreach(counts, value, rows) list[n++] = (struct count){value, json_integer_value(rows)};
    qsort(list, n, sizeof *list, by_rows);
    for (size_t i = 0; i < n && i < RPC_MAX_PAGE; i++)
        json_array_append_new(items, json_pack("{s:s, s:I}", "value", list[i].value, "rows", list[i].rows));
    return items;
}

bool answer_frequency(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct grammar grammar;
    struct position position = {.row = -1};
    if (!wanted_of(call, &position.wanted, code, err))
        return false;
    struct counting counting = {
        .grammar = &grammar, .column = (size_t)call_integer(call, "column", 0, 0, MOST_CELLS), .rows = json_object()};
    struct row_reader reader = {
        .wanted = position.wanted, .limit = MOST_COUNTED, .take = count_cell, .context = &counting};
    struct json json;
    json_t *dialect = cells_dialect(call, err);
    cells_grammar(dialect, &grammar);
    bool ok = dialect && position_find(call, &position, err) && rows_read(call, &reader, err);
    json_t *items = ok ? ranked(counting.rows, call->arena) : NULL;
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    jsonw_put_int(&json, "counted", counting.counted);
    jsonw_put_int(&json, "total", position.total);
    put_value(&json, "items", items);
    jsonw_object_end(&json);
    json_decref(dialect);
    json_decref(counting.rows);
    json_decref(items);
    return ok;
}
