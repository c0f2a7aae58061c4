#include "worker/shape/converter.h"

#include "shared/json.h"
#include "shared/utf8.h"

enum { RESCUED_BYTES = 1 << 30 };

static bool put_cell(const struct converter *converter, struct batch *batch, bool clean, uint32_t row, uint32_t c,
    struct json *json, struct err *err)
{
    struct cell cell = batch_cell(batch, row, c);
    if (cell.length & CELL_MISSING)
        return true;
    struct str text = batch_cell_text(batch, cell);
    if (!text.p)
        return convert_no_memory(err);
    jsonw_key_str(json, converter->binding->labels[c]);
    jsonw_string(json, text);
    if (clean || utf8_valid(text))
        return true;
    struct row_error error = {.row = row,
        .position = (int32_t)c,
        .field = -1,
        .rule = -1,
        .stage = STAGE_CONVERT,
        .code = CODE_ENCODING,
        .value = text};
    return batch_error(batch, &error, err);
}

static bool put_row(
    const struct converter *converter, struct batch *batch, bool clean, uint32_t row, struct buf *out, struct err *err)
{
    const struct binding *binding = converter->binding;
    struct json json;
    jsonw_init(&json, out);
    jsonw_object_begin(&json);
    for (uint32_t i = 0; i < binding->unknown_count; i++)
        if (!put_cell(converter, batch, clean, row, binding->unknown[i], &json, err))
            return false;
    jsonw_object_end(&json);
    return true;
}

/* All of the batch's objects are written behind one another and then moved into its arena at once. */
static bool put_rows(const struct converter *converter, struct batch *batch, bool clean, struct vector *column,
    struct buf *out, struct err *err)
{
    for (uint32_t row = 0; row < batch->n; row++) {
        size_t start = out->n;
        if (batch->marks[row] == MARK_BLANK)
            column->state[row] = VALUE_NULL;
        else if (!put_row(converter, batch, clean, row, out, err))
            return false;
        column->str[row].n = out->n - start;
    }
    if (!buf_ok(out, "the rescued columns of a batch", err))
        return false;
    const char *at = arena_str(batch->arena, buf_str(out)).p;
    if (!at)
        return convert_no_memory(err);
    for (uint32_t row = 0; row < batch->n; row++) {
        column->str[row].p = at;
        at += column->str[row].n;
    }
    return true;
}

bool rescue_batch(const struct converter *converter, struct batch *batch, bool clean, struct err *err)
{
    struct vector *column = &batch->columns[converter->rescued];
    if (!vector_init(column, TYPE(TYPE_STRING), batch->n, batch->arena))
        return convert_no_memory(err);
    if (!converter->binding->unknown_count) {
        memset(column->state, VALUE_NULL, batch->n);
        return true;
    }
    struct buf out;
    buf_init(&out, RESCUED_BYTES);
    bool done = put_rows(converter, batch, clean, column, &out, err);
    buf_dispose(&out);
    return done;
}
