/* Rows out as text, and back with types. */
#include "shared/utf8.h"
#include "worker/warehouse/again_internal.h"
#include "worker/warehouse/binary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_FLUSH = 256 * 1024 };

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory for a page of rows");
}

/* ---- out ---- */

/* The columns behind the fields'. */
enum { AT_RESCUED, AT_PARSE_ERROR, AT_ROW_NUMBER, AT_INGEST_TS };

static struct str value_at(const struct again *again, uint32_t row, uint32_t column)
{
    return pg_value(again->page, (int)row, (int)column);
}

static struct str beside(const struct again *again, uint32_t row, int at)
{
    return value_at(again, row, again->run->contract->field_count + (uint32_t)at);
}

static int64_t number_beside(const struct again *again, uint32_t row, int at)
{
    struct str text = beside(again, row, at);
    return text.p ? strtoll(text.p, NULL, 10) : 0;
}

static bool fetch(struct again *again, struct err *err)
{
    char sql[64];
    snprintf(sql, sizeof sql, "FETCH %" PRIu64 " FROM sluice_text", again->page_rows);
    pg_result_free(again->page);
    again->page = pg_query(again->pg, sql, NULL, 0, err);
    return again->page != NULL;
}

/* A text that stands for no value: NULL in bronze was one of them, or the file has no such column. */
static struct str missing_of(const struct contract *contract, const struct field *field)
{
    const struct str *list = field->missing_own ? field->missing_values : contract->missing_values;
    size_t count = field->missing_own ? field->missing_count : contract->missing_count;
    return count ? list[0] : (struct str){0};
}

static bool add_cell(struct batch *batch, struct cell *cell, struct str text, size_t *room, struct err *err)
{
    void *p = batch->text;
    if (!text.p) {
        *cell = (struct cell){.length = CELL_MISSING};
        return true;
    }
    if (text.n > CELL_LENGTH || batch->text_length + text.n > UINT32_MAX)
        return ERR(err, ERR_MEMORY, "a value of %zu bytes is more than this can hold", text.n);
    while (batch->text_length + text.n > *room)
        if (!arena_reserve(batch->arena, &p, *room, room, 1))
            return no_memory(err);
    batch->text = p;
    memcpy(batch->text + batch->text_length, text.p, text.n);
    *cell = (struct cell){(uint32_t)batch->text_length, (uint32_t)text.n};
    batch->text_length += text.n;
    return true;
}

static size_t text_bytes(const struct again *again, uint32_t rows)
{
    const struct contract *contract = again->run->contract;
    size_t n = 1;
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t f = 0; f < contract->field_count; f++) {
            struct str text = value_at(again, row, f);
            n += text.p ? text.n : missing_of(contract, &contract->fields[f]).n;
        }
    return n;
}

static bool was_rejected(struct again *again, uint64_t number)
{
    const struct again_run *run = again->run;
    while (again->at_rejected < run->rejected_count && run->rejected[again->at_rejected] < number)
        again->at_rejected++;
    return again->at_rejected < run->rejected_count && run->rejected[again->at_rejected] == number;
}

static bool add_parse_error(struct again *again, struct batch *batch, uint32_t row, struct str name, struct err *err)
{
    struct row_error error = {
        .row = row, .position = -1, .field = -1, .rule = -1, .stage = STAGE_PARSE, .code = CODE_BLANK_ROW};
    for (int code = 0; code < ROW_CODE_COUNT; code++)
        if (str_eq(name, str_of(row_code_name((enum row_code)code))))
            error.code = (enum row_code)code;
    again->parse_failed[row] = 1;
    if (error.code == CODE_BLANK_ROW && !again->run->contract->reject_blank) {
        batch->marks[row] = MARK_BLANK;
        return true;
    }
    return batch_error(batch, &error, err);
}

/* What was not UTF-8, or NUL, became U+FFFD on its way to raw: such a row was rejected, and is so again. */
static bool has_replacement(const struct batch *batch, uint32_t row)
{
    for (uint32_t c = 0; c < batch->width; c++) {
        struct cell cell = batch_cell(batch, row, c);
        struct str text = {batch->text + cell.offset, cell.length & CELL_LENGTH};
        if (!(cell.length & CELL_MISSING) && text.n && memmem(text.p, text.n, "\xEF\xBF\xBD", 3))
            return true;
    }
    return false;
}

static bool fill_row(struct again *again, struct batch *batch, uint32_t row, size_t *room, struct err *err)
{
    const struct contract *contract = again->run->contract;
    struct str parse_error = beside(again, row, AT_PARSE_ERROR);
    for (uint32_t f = 0; f < batch->width; f++) {
        struct str text = value_at(again, row, f);
        if (!text.p && !parse_error.p)
            text = missing_of(contract, &contract->fields[f]);
        if (!add_cell(batch, &batch->cells[(size_t)row * batch->width + f], text, room, err))
            return false;
    }
    batch->numbers[row] = (uint64_t)number_beside(again, row, AT_ROW_NUMBER);
    again->ingest_ts[row] = number_beside(again, row, AT_INGEST_TS);
    again->known[row] = was_rejected(again, batch->numbers[row]);
    again->garbled[row] = again->known[row] && has_replacement(batch, row);
    return !parse_error.p || add_parse_error(again, batch, row, parse_error, err);
}

bool again_next(struct again *again, struct batch *batch, struct err *err)
{
    batch_reset(batch);
    if (!fetch(again, err))
        return false;
    uint32_t n = (uint32_t)pg_rows(again->page), width = again->run->contract->field_count;
    size_t room = text_bytes(again, n);
    batch->width = width;
    batch->text = arena_alloc(batch->arena, room);
    batch->cells = ARENA_ARRAY(batch->arena, struct cell, (size_t)n * width + 1);
    batch->marks = arena_calloc(batch->arena, n + 1, 1);
    batch->numbers = ARENA_ARRAY(batch->arena, uint64_t, n + 1);
    again->parse_failed = arena_calloc(batch->arena, n + 1, 1);
    again->known = arena_calloc(batch->arena, n + 1, 1);
    again->garbled = arena_calloc(batch->arena, n + 1, 1);
    again->ingest_ts = ARENA_ARRAY(batch->arena, int64_t, n + 1);
    if (!batch->text || !batch->cells || !batch->marks || !batch->numbers || !again->parse_failed || !again->known ||
        !again->garbled || !again->ingest_ts)
        return no_memory(err);
    for (uint32_t row = 0; row < n; row++) {
        batch->n = row + 1;
        if (!fill_row(again, batch, row, &room, err))
            return false;
    }
    return true;
}

/* ---- back ---- */

static void put_failed(struct again *again, const struct batch *batch, uint32_t row)
{
    struct buf list;
    buf_init(&list, LEAST_FLUSH);
    for (uint32_t f = 0; f < batch->width; f++)
        if (batch->columns[f].state[row] == VALUE_FAILED)
            buf_printf(&list, "%s%u", list.n ? "," : "{", f);
    if (list.n) {
        buf_add_byte(&list, '}');
        binary_text(&again->typed, buf_str(&list), true);
    } else
        binary_null(&again->typed);
    again->typed.failed |= list.failed;
    buf_dispose(&list);
}

static void put_boolean(struct buf *out, bool value)
{
    uint8_t byte = value;
    binary_value(out, TYPE(TYPE_BOOLEAN), &byte);
}

static void put_row(struct again *again, const struct batch *batch, uint32_t row)
{
    enum { OWN = 6 };
    struct buf *out = &again->typed;
    struct str rescued = beside(again, row, AT_RESCUED);
    binary_row(out, (uint16_t)(batch->width + OWN));
    for (uint32_t f = 0; f < batch->width; f++) {
        const struct vector *vector = &batch->columns[f];
        if (vector->state[row] == VALUE_PRESENT)
            binary_value(out, vector->type, vector_at(vector, row));
        else
            binary_null(out);
    }
    if (rescued.p)
        binary_text(out, rescued, true);
    else
        binary_null(out);
    binary_i64(out, (int64_t)batch->numbers[row]);
    binary_timestamp(out, again->ingest_ts[row]);
    put_boolean(out, batch->marks[row] == MARK_REJECTED || again->garbled[row]);
    put_boolean(out, again->known[row]);
    put_failed(again, batch, row);
}

static void put_number(struct buf *out, int64_t value)
{
    if (value < 0)
        binary_null(out);
    else
        binary_i64(out, value);
}

static void put_error(struct again *again, const struct batch *batch, const struct row_error *error, int64_t nth)
{
    enum { COLUMNS = 10 };
    struct buf *out = &again->errors;
    binary_row(out, COLUMNS);
    binary_i64(out, (int64_t)batch->numbers[error->row]);
    binary_i64(out, (int64_t)again->as);
    put_boolean(out, false);
    binary_i64(out, ORDER_CONVERT + nth);
    binary_i64(out, error->stage);
    binary_i64(out, error->code);
    if (error->field >= 0)
        binary_text(out, again->run->contract->fields[error->field].name, true);
    else
        binary_null(out);
    put_number(out, error->rule);
    if (error->value.p)
        binary_text(out, error->value, false);
    else
        binary_null(out);
    if (error->detail)
        binary_text(out, str_of(error->detail), false);
    else
        binary_null(out);
}

static bool send(struct again *again, struct buf *pending, const char *statement, struct err *err)
{
    struct buf head;
    if (!pending->n)
        return buf_ok(pending, "rows for the warehouse", err);
    buf_init(&head, 64);
    binary_head(&head);
    binary_tail(pending);
    bool ok = buf_ok(pending, "rows for the warehouse", err) && pg_copy_begin(again->pg, statement, err) &&
              pg_copy_put(again->pg, buf_str(&head), err) && pg_copy_put(again->pg, buf_str(pending), err) &&
              pg_copy_end(again->pg, err);
    again->counts.bytes += pending->n;
    buf_dispose(&head);
    buf_reset(pending);
    return ok;
}

/* The file had no such column: NULL, as nothing is wrong with it. */
static void settle_missing(struct again *again, struct batch *batch)
{
    for (uint32_t f = 0; f < batch->width; f++)
        for (uint32_t row = 0; row < batch->n; row++)
            if (!again->parse_failed[row] && (batch_cell(batch, row, f).length & CELL_MISSING))
                batch->columns[f].state[row] = VALUE_NULL;
}

bool again_put(struct again *again, struct batch *batch, struct err *err)
{
    settle_missing(again, batch);
    batch_sort_errors(batch);
    for (uint32_t row = 0; row < batch->n; row++) {
        again->counts.rows++;
        if (batch->numbers[row] > again->last_row)
            again->last_row = batch->numbers[row];
        if (batch->marks[row] != MARK_BLANK)
            put_row(again, batch, row);
        else
            again->counts.blank++;
    }
    for (size_t i = 0, first = 0; i < batch->error_count; i++) {
        if (batch->errors[i].row != batch->errors[first].row)
            first = i;
        if (!again->known[batch->errors[i].row])
            put_error(again, batch, &batch->errors[i], (int64_t)(i - first));
    }
    return send(again, &again->typed, "COPY " AGAIN_TYPED " FROM STDIN (FORMAT binary)", err) &&
           send(again, &again->errors, "COPY " AGAIN_ERRORS " " AGAIN_ERROR_COLUMNS " FROM STDIN (FORMAT binary)", err);
}
