/* original: the records of a run's file as 'sluiced read' reads them, whatever its contract says of them. */
#include "shared/json.h"
#include "shared/rpc.h"
#include "worker/agent/cells.h"
#include "worker/config/contract.h"
#include "worker/format/csv/reader.h"
#include "worker/format/csv/sniff.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH_MEMORY = 64 * 1024 * 1024, BATCH_ROWS = 1024, MOST_PAGE = 8 * 1024 * 1024 };

struct original {
    struct call *call;
    struct str location, dataset;
    struct sniff sniff;
    bool *hidden; /* columns */
    int fd;
    uint64_t length;
    int64_t at, limit, shown;
    bool more;
};

static bool find_file(struct original *original, struct err *err)
{
    struct call *call = original->call;
    sqlite3 *db = journal_handle(call->agent->journal);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db,
            "SELECT f.location, r.dataset FROM run r JOIN file f USING (file_id) WHERE r.run_id = ?1", -1, &statement,
            NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, call->run_id, -1, SQLITE_TRANSIENT);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found) {
        original->location = arena_str(call->arena, str_of((const char *)sqlite3_column_text(statement, 0)));
        original->dataset = arena_str(call->arena, str_of((const char *)sqlite3_column_text(statement, 1)));
    }
    sqlite3_finalize(statement);
    return found || ERR(err, ERR_NOT_FOUND, "run %s is not about a file", call->run_id);
}

static struct stream *open_stream(struct original *original, struct err *err)
{
    enum compression compression;
    if (lseek(original->fd, 0, SEEK_SET) < 0) {
        ERR(err, ERR_UNAVAILABLE, STR_FMT " cannot be read", STR_ARG(original->location));
        return NULL;
    }
    return stream_open_fd(
        original->fd, original->location.p, original->length, (struct stream_limits){0}, &compression, err);
}

static bool sniff_file(struct original *original, struct err *err)
{
    struct arena *arena = original->call->arena;
    struct stream *stream = open_stream(original, err);
    char *sample = stream ? arena_alloc(arena, SNIFF_SAMPLE_BYTES + 1) : NULL;
    size_t got = 0;
    bool ok = stream && (sample || ERR(err, ERR_MEMORY, "no memory for a sample")) &&
              stream_read_full(stream, sample, SNIFF_SAMPLE_BYTES + 1, &got, err);
    bool whole = got <= SNIFF_SAMPLE_BYTES;
    struct sniff_request request = {
        .sample = {sample, whole ? got : SNIFF_SAMPLE_BYTES}, .whole = whole, .forgiving = true};
    stream_close(stream);
    return ok && sniff_csv(&request, &original->sniff, arena, err) &&
           (!original->sniff.binary ||
               ERR_REJECT(err, original->sniff.refused, STR_FMT, STR_ARG(original->sniff.refusal)));
}

/* ---- what is hidden ---- */

static bool is_named(const struct field *field, struct str label)
{
    bool named = str_eq(field->name, label);
    for (size_t i = 0; i < field->alias_count; i++)
        named |= str_eq(field->aliases[i], label);
    return named;
}

/* Some field's name: no value that was taken for a label. */
static bool is_known(const struct contract *contract, struct str label)
{
    bool known = false;
    for (uint32_t f = 0; contract && f < contract->field_count; f++)
        known |= is_named(&contract->fields[f], label);
    return known;
}

static bool is_open(const struct contract *contract, struct str label)
{
    bool open = false;
    for (uint32_t f = 0; f < contract->field_count; f++)
        if (is_named(&contract->fields[f], label)) {
            if (contract->fields[f].sensitive)
                return false;
            open = true;
        }
    return open;
}

/* Where a contract has sensitive fields, or there is none to ask, only columns known to be others are shown: under a
 * new label anything may stand. */
static bool hide(struct original *original, struct err *err)
{
    struct call *call = original->call;
    struct contracts contracts = {0};
    struct findings findings = {.arena = call->arena};
    uint32_t width = original->sniff.width;
    original->hidden = ARENA_ARRAY(call->arena, bool, width + 1);
    if (!original->hidden)
        return ERR(err, ERR_MEMORY, "no memory for columns");
    if (!contracts_load(call->agent->datasets, &contracts, &findings, err))
        return false;
    const struct contract *contract = contracts_find(&contracts, original->dataset);
    bool sensitive = !contract;
    for (uint32_t f = 0; contract && f < contract->field_count; f++)
        sensitive |= contract->fields[f].sensitive;
    for (uint32_t c = 0; c < width; c++) {
        struct str *label = original->sniff.labels ? &original->sniff.labels[c] : NULL;
        original->hidden[c] = sensitive && !(contract && label && is_open(contract, str_trim(*label)));
        if (label && original->hidden[c] && !is_known(contract, str_trim(*label)))
            *label = STR("***");
    }
    contracts_free(&contracts);
    return true;
}

/* ---- records ---- */

static json_t *record_cells(const struct original *original, struct batch *batch, uint32_t row)
{
    json_t *cells = json_array();
    for (uint32_t c = 0; c < original->sniff.width; c++)
        json_array_append_new(cells,
            original->hidden[c] ? json_string("***") : cells_value(batch_cell_text(batch, batch_cell(batch, row, c))));
    return cells;
}

static bool add_record(struct original *original, struct batch *batch, uint32_t row, struct buf *out)
{
    json_t *item = json_pack("{s:I, s:I, s:o}", "row_number", (json_int_t)(batch->first_row + row), "line_number",
        (json_int_t)batch->rows[row].line, "cells", record_cells(original, batch, row));
    char *text = item ? json_dumps(item, JSON_COMPACT) : NULL;
    if (text && original->shown++)
        buf_add_byte(out, ',');
    buf_add_cstr(out, text ? text : "");
    free(text);
    json_decref(item);
    return text;
}

/* *passed: records so far, blank lines not counted. */
static bool add_batch(struct original *original, struct batch *batch, int64_t *passed, struct buf *out, struct err *err)
{
    for (uint32_t row = 0; row < batch->n && !original->more; row++) {
        if (batch->marks[row] == MARK_BLANK || (*passed)++ < original->at)
            continue;
        original->more = original->shown >= original->limit || out->n > MOST_PAGE;
        if (!original->more && !add_record(original, batch, row, out))
            return ERR(err, ERR_MEMORY, "no memory for a record");
    }
    return true;
}

static bool add_records(struct original *original, struct buf *out, struct err *err)
{
    const struct dialect *dialect = &original->sniff.dialect;
    struct segment all = {.offset = dialect->first_data_offset,
        .length = UINT64_MAX,
        .first_row = 1,
        .first_line = dialect->first_data_line};
    struct reader_options options = {
        .dialect = dialect, .width = original->sniff.width, .forgiving = true, .max_rows = BATCH_ROWS};
    struct stream *stream = open_stream(original, err);
    struct reader *reader = stream ? reader_open(stream, &all, 1, &options, err) : NULL;
    struct batch *batch = reader ? batch_new(BATCH_MEMORY) : NULL;
    enum reader_result result = READER_BATCH;
    int64_t passed = 0;
    bool ok = reader && (batch || ERR(err, ERR_MEMORY, "no memory to read records"));
    while (ok && !original->more && (result = reader_next(reader, batch, err)) == READER_BATCH)
        ok = add_batch(original, batch, &passed, out, err);
    batch_free(batch);
    reader_close(reader);
    stream_close(stream);
    return ok && result != READER_FAILED;
}

static bool write_page(struct original *original, struct buf *result, struct err *err)
{
    struct json json;
    struct buf items;
    buf_init(&items, RPC_MAX_LINE);
    bool ok = add_records(original, &items, err) && buf_ok(&items, "a page of records", err);
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "run_id", original->call->run_id);
    jsonw_put_int(&json, "at", original->at);
    jsonw_put_bool(&json, "more", original->more);
    jsonw_key(&json, "header");
    jsonw_array_begin(&json);
    for (uint32_t c = 0; original->sniff.labels && c < original->sniff.width; c++)
        jsonw_string(&json, original->sniff.labels[c]);
    jsonw_array_end(&json);
    jsonw_key(&json, "items");
    jsonw_array_begin(&json);
    if (items.n)
        jsonw_raw(&json, buf_str(&items));
    jsonw_array_end(&json);
    jsonw_object_end(&json);
    buf_dispose(&items);
    return ok;
}

bool answer_original(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct storage *storage = call->agent->storage;
    struct original original = {.call = call,
        .at = call_integer(call, "at", 0, 0, INT64_MAX),
        .limit = call_integer(call, "limit", RPC_PAGE, 1, RPC_MAX_PAGE),
        .fd = -1};
    *code = RPC_UNAVAILABLE;
    if (!find_file(&original, err) || !storage->driver->open_fd(storage, original.location, &original.fd, err))
        return false;
    off_t end = lseek(original.fd, 0, SEEK_END);
    original.length = end > 0 ? (uint64_t)end : 0;
    bool ok = sniff_file(&original, err) && hide(&original, err) && write_page(&original, result, err);
    close(original.fd);
    return ok;
}
