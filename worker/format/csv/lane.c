#include "worker/format/csv/lane.h"

enum { LEAST_ROWS = 64, LAST_STEP = 8 };

bool lane_fill(struct reader *r, struct err *err)
{
    size_t got = 0, room = r->capacity - r->text.n;
    if (!r->source.ended && room > LEAST_FILL && !source_fill(&r->source, r->text.p + r->text.n, room, &got, err))
        return false;
    r->text.n += got;
    r->text.final = r->source.ended;
    return true;
}

bool lane_reserve(struct reader *r, uint32_t extra, struct err *err)
{
    struct batch *batch = r->batch;
    uint32_t need = batch->n + extra;
    if (need <= r->row_room)
        return true;
    uint32_t room = r->row_room + r->row_room / 2 + LEAST_ROWS;
    if (room < need)
        room = need;
    /* The arena keeps what is outgrown: so the last step is a long one. */
    if (room >= r->row_limit / LAST_STEP && need <= r->row_limit)
        room = r->row_limit;
    size_t width = batch->width, n = batch->n;
    batch->rows = arena_grow(batch->arena, batch->rows, n * sizeof *batch->rows, room * sizeof *batch->rows);
    batch->marks = arena_grow(batch->arena, batch->marks, n, room);
    size_t cells = (width ? width : 1) * sizeof *batch->cells;
    batch->cells = arena_grow(batch->arena, batch->cells, n * cells, room * cells);
    if (!batch->rows || !batch->marks || !batch->cells)
        return ERR(err, ERR_MEMORY, "no memory for a batch of %u records of %u columns", room, batch->width);
    r->row_room = room;
    return true;
}

static bool add_error(
    struct batch *batch, enum row_code code, int32_t position, const struct cell *cell, struct err *err)
{
    struct row_error error = {
        .row = batch->n, .position = position, .field = -1, .rule = -1, .stage = STAGE_PARSE, .code = code};
    if (cell) {
        error.value = batch_cell_text(batch, *cell);
        if (!error.value.p)
            return ERR(err, ERR_MEMORY, "no memory for the errors of a batch");
    }
    return batch_error(batch, &error, err);
}

/* The first value under a label that is blank, or -1. */
static int32_t unlabelled_value(const struct reader *r, const struct cell *cells)
{
    for (uint32_t i = r->batch->width - r->options.blank_tail; i < r->batch->width; i++)
        if (cells[i].length & CELL_LENGTH)
            return (int32_t)i;
    return -1;
}

static bool check_count(struct reader *r, const struct findings *f, const struct cell *cells, struct err *err)
{
    struct batch *batch = r->batch;
    int32_t unlabelled = unlabelled_value(r, cells);
    if (f->count < batch->width - r->options.blank_tail)
        return add_error(batch, CODE_MISSING_CELL, (int32_t)f->count, NULL, err);
    if (unlabelled >= 0)
        return add_error(batch, CODE_EXTRA_CELL, unlabelled, &cells[unlabelled], err);
    if (f->count > batch->width)
        return add_error(batch, CODE_EXTRA_CELL, (int32_t)batch->width, &f->surplus, err);
    return true;
}

static bool check(struct reader *r, const struct findings *f, const struct cell *cells, struct err *err)
{
    struct batch *batch = r->batch;
    if (f->too_long)
        return add_error(batch, CODE_ROW_TOO_LONG, -1, NULL, err);
    if (f->unclosed_cell >= 0) {
        uint32_t at = (uint32_t)f->unclosed_cell;
        const struct cell *cell = at < batch->width ? &cells[at] : at == batch->width ? &f->surplus : NULL;
        return add_error(batch, CODE_UNTERMINATED_QUOTE, f->unclosed_cell, cell, err);
    }
    if (!f->any) {
        batch->marks[batch->n] = MARK_BLANK;
        return !r->options.reject_blank || add_error(batch, CODE_BLANK_ROW, -1, NULL, err);
    }
    if (f->null_cell >= 0) {
        uint32_t at = (uint32_t)f->null_cell;
        if (!add_error(batch, CODE_NULL_BYTE, f->null_cell, at < batch->width ? &cells[at] : NULL, err))
            return false;
    }
    return check_count(r, f, cells, err);
}

bool lane_end_row(struct reader *r, const struct findings *f, struct err *err)
{
    struct batch *batch = r->batch;
    struct row *row = &batch->rows[batch->n];
    struct cell *cells = batch->cells + (size_t)batch->n * batch->width;
    for (uint32_t i = f->count; i < batch->width; i++)
        cells[i] = (struct cell){row->text_offset + row->text_length, CELL_MISSING};
    row->cells = f->count;
    batch->marks[batch->n] = MARK_GOOD;
    if (!r->options.forgiving && !check(r, f, cells, err))
        return false;
    batch->n++;
    r->row++;
    return true;
}
