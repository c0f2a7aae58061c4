#include "worker/agent/cells.h"

#include "shared/base64.h"
#include "shared/rpc.h"
#include "worker/agent/position.h"
#include "worker/format/csv/record.h"

#include <sqlite3.h>
#include <unistd.h>

#include "shared/utf8.h"

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
    struct cell *found = ARENA_ARRAY(arena, struct cell, MOST_CELLS);
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

/* What the method rows answers for a page. */
static json_t *read_page(struct call *call, const struct position *position, int64_t limit, int *code, struct err *err)
{
    struct buf text;
    json_t *params = json_pack("{s:I, s:I, s:I}", "cause", (json_int_t)position->cause, "after",
        (json_int_t)position->after, "limit", (json_int_t)limit);
    struct call inner = {.agent = call->agent, .params = params, .arena = call->arena};
    memcpy(inner.run_id, call->run_id, sizeof inner.run_id);
    buf_init(&text, RPC_MAX_LINE);
    json_t *page = NULL;
    if (answer_rows(&inner, &text, code, err) && buf_ok(&text, "rejected rows", err) &&
        !(page = json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL)))
        ERR(err, ERR_CORRUPT, "the reject file of run %s holds what is not JSON", call->run_id);
    buf_dispose(&text);
    json_decref(params);
    return page;
}

static json_t *grid_item(const json_t *row, const struct grammar *grammar, struct arena *arena)
{
    const json_t *reject = json_object_get(row, "reject");
    return json_pack("{s:O*, s:O*, s:O*, s:O*, s:O*, s:o}", "row_number", json_object_get(row, "row_number"),
        "line_number", json_object_get(reject, "line_number"), "cause", json_object_get(row, "cause"), "state",
        json_object_get(row, "state"), "errors", json_object_get(reject, "errors"), "cells",
        cells_split(grammar, cells_raw(reject, arena), arena));
}

static bool put(struct buf *result, json_t *value, struct err *err)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    if (text)
        buf_add_cstr(result, text);
    bool ok = text || ERR(err, ERR_MEMORY, "no memory for an answer");
    free(text);
    json_decref(value);
    return ok;
}

bool answer_grid(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct position position = {.cause = call_integer(call, "cause", 0, 0, INT64_MAX),
        .at = call_integer(call, "at", 0, 0, INT64_MAX),
        .row = call_integer(call, "row", -1, -1, INT64_MAX)};
    int64_t limit = call_integer(call, "limit", RPC_PAGE, 1, RPC_MAX_PAGE);
    struct grammar grammar;
    struct err ignored; /* without its header a grid still shows the rows */
    *code = RPC_UNAVAILABLE;
    json_t *dialect = cells_dialect(call, err);
    if (!dialect)
        return false;
    cells_grammar(dialect, &grammar);
    json_t *page = position_find(call, &position, err) ? read_page(call, &position, limit, code, err) : NULL;
    json_t *items = page ? json_array() : NULL;
    for (size_t i = 0; i < json_array_size(json_object_get(page, "items")); i++)
        json_array_append_new(
            items, grid_item(json_array_get(json_object_get(page, "items"), i), &grammar, call->arena));
    json_t *answer = items ? json_pack("{s:s, s:o, s:I, s:I, s:o}", "run_id", call->run_id, "header",
                                 cells_header(call, dialect, &grammar, &ignored), "total", (json_int_t)position.total,
                                 "at", (json_int_t)position.found, "items", items)
                           : NULL;
    json_decref(dialect);
    json_decref(page);
    return page && put(result, answer, err);
}

/* ---- frequencies ---- */

static void count_cell(json_t *counts, const json_t *cell)
{
    const char *value = json_string_value(cell);
    const char *key = value ? value : json_string_value(json_object_get(cell, "base64"));
    json_int_t seen = json_integer_value(json_object_get(counts, key ? key : ""));
    json_object_set_new_nocheck(counts, key ? key : "", json_integer(seen + 1));
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
    struct position position = {.cause = call_integer(call, "cause", 0, 0, INT64_MAX), .row = -1};
    size_t column = (size_t)call_integer(call, "column", 0, 0, MOST_CELLS);
    struct grammar grammar;
    *code = RPC_UNAVAILABLE;
    json_t *dialect = cells_dialect(call, err), *counts = json_object();
    if (!dialect || !position_find(call, &position, err)) {
        json_decref(dialect);
        json_decref(counts);
        return false;
    }
    cells_grammar(dialect, &grammar);
    json_int_t counted = 0;
    bool ok = true, more = true;
    while (ok && more && counted < MOST_COUNTED) {
        struct arena *arena = arena_new(0);
        json_t *page = arena ? read_page(call, &position, RPC_MAX_PAGE, code, err) : NULL;
        const json_t *items = json_object_get(page, "items");
        ok = page;
        for (size_t i = 0; i < json_array_size(items); i++, counted++) {
            json_t *cells =
                cells_split(&grammar, cells_raw(json_object_get(json_array_get(items, i), "reject"), arena), arena);
            count_cell(counts, json_array_get(cells, column));
            json_decref(cells);
        }
        position.after = json_integer_value(json_object_get(page, "next"));
        more = json_object_get(page, "next");
        json_decref(page);
        arena_free(arena);
    }
    json_t *answer = ok ? json_pack("{s:I, s:I, s:o}", "counted", counted, "total", (json_int_t)position.total, "items",
                              ranked(counts, call->arena))
                        : NULL;
    json_decref(dialect);
    json_decref(counts);
    return ok && put(result, answer, err);
}
