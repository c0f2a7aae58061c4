#include "worker/format/csv/lane.h"

enum { LONG_ROW_TEXT = 64 * 1024 };

static void advance(struct reader *r, size_t next, uint64_t lines)
{
    r->cursor.offset += lane_length(r, r->cursor.at, next);
    r->cursor.line += lines;
    r->cursor.at = next;
}

static void begin_row(struct reader *r, size_t end)
{
    size_t at = r->cursor.at;
    r->batch->rows[r->batch->n] = (struct row){.offset = r->cursor.offset,
        .line = r->cursor.line,
        .length = lane_length(r, at, end),
        .text_offset = (uint32_t)at,
        .text_length = (uint32_t)(end - at)};
}

/* How far the text can be dropped: a CR at its end may be half of a line end. */
static size_t droppable(const struct reader *r, size_t from)
{
    size_t n = r->text.n;
    return n > from && !r->text.final && r->text.p[n - 1] == '\r' ? n - 1 : n;
}

static void drop(struct reader *r, size_t from, size_t to)
{
    memmove(r->text.p + from, r->text.p + to, r->text.n - to);
    r->text.n -= to - from;
    r->text.base += to - from;
}

/* Of a record whose first line is too long a piece is kept; the rest is passed over up to the line's end. */
static enum lane_result long_row(struct reader *r, struct err *err)
{
    size_t start = r->cursor.at;
    size_t keep = start + (r->grammar.max_row < LONG_ROW_TEXT ? r->grammar.max_row : LONG_ROW_TEXT);
    /* What follows is read in behind the piece: not here when that has no room. */
    if (!r->text.final && r->capacity - keep <= LEAST_FILL + 1)
        return LANE_DRY;
    uint64_t length = lane_length(r, start, keep);
    size_t end;
    begin_row(r, keep);
    while ((end = line_end_find(&r->grammar, &r->text, keep)) == r->text.n ||
           line_end_at(&r->grammar, &r->text, end) < 0) {
        size_t to = droppable(r, keep);
        length += lane_length(r, keep, to);
        drop(r, keep, to);
        end = r->text.n;
        if (r->text.final)
            break;
        if (!lane_fill(r, err))
            return LANE_FAILED;
    }
    length += lane_length(r, keep, end);
    size_t next = end;
    if (end < r->text.n)
        next += (size_t)line_end_at(&r->grammar, &r->text, end);
    r->batch->rows[r->batch->n].length = length;
    r->cursor.offset += length + lane_length(r, end, next);
    r->cursor.line += next > end;
    drop(r, keep, next);
    r->cursor.at = keep;
    r->batch->cells[(size_t)r->batch->n * r->batch->width] = (struct cell){(uint32_t)start, (uint32_t)(keep - start)};
    struct findings findings = {.count = 1, .any = true, .null_cell = -1, .unclosed_cell = -1, .too_long = true};
    if (!lane_end_row(r, &findings, err))
        return LANE_FAILED;
    r->final_row = r->batch->n;
    return LANE_GO_ON;
}

static enum lane_result comment(struct reader *r)
{
    size_t end = line_end_find(&r->grammar, &r->text, r->cursor.at);
    int length = end < r->text.n ? line_end_at(&r->grammar, &r->text, end) : 0;
    r->in_comment = end == r->text.n || length < 0;
    if (r->in_comment) {
        advance(r, droppable(r, r->cursor.at), 0);
        return LANE_DRY;
    }
    advance(r, end + (size_t)length, 1);
    return LANE_GO_ON;
}

static enum lane_result add_record(struct reader *r, const struct record *record, struct err *err)
{
    struct findings findings = {
        record->count, record->any, record->surplus, record->null_cell, record->unclosed_cell, false};
    begin_row(r, record->end);
    if (!lane_end_row(r, &findings, err))
        return LANE_FAILED;
    advance(r, record->next, record->lines);
    return LANE_GO_ON;
}

enum lane_result lane_careful(struct reader *r, struct err *err)
{
    struct batch *batch = r->batch;
    size_t at = r->cursor.at;
    if (at == r->text.n)
        return LANE_DRY;
    if (r->in_comment || (r->grammar.comment >= 0 && (unsigned char)r->text.p[at] == r->grammar.comment))
        return comment(r);
    int line_end = line_end_at(&r->grammar, &r->text, at);
    if (line_end > 0) {
        advance(r, at + (size_t)line_end, 1);
        return LANE_GO_ON;
    }
    if (line_end < 0)
        return LANE_DRY;
    if (!lane_reserve(r, 1, err))
        return LANE_FAILED;
    struct record record = {
        .start = at, .cells = batch->cells + (size_t)batch->n * batch->width, .width = batch->width};
    enum record_result result = record_read(&r->grammar, &r->text, &record);
    if (result == RECORD_UNCLOSED)
        result = record_line(&r->grammar, &r->text, &record);
    switch (result) {
    case RECORD_MORE:
        return LANE_DRY;
    case RECORD_NO_ROOM:
        return LANE_NO_ROOM;
    case RECORD_TOO_LONG:
        return long_row(r, err);
    case RECORD_DONE:
    case RECORD_UNCLOSED:
        break;
    }
    return add_record(r, &record, err);
}
