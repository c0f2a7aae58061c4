#include "worker/format/csv/reader.h"

#include "worker/format/csv/lane.h"

#include <stdlib.h>

enum {
    FIRST_BYTES = 256 * 1024,    /* before anything is known of the records */
    LEAST_BYTES = 64 * 1024,     /* text for a batch */
    MAX_CELLS = 2 * 1024 * 1024, /* a batch: 16 MiB of them */
    TAIL_BYTES = 64 * 1024,      /* see struct text */
    PADDING = 128,               /* a kernel may look at bytes behind the text */
    SLACK = 256,                 /* what transcoding may leave unused */
    MAX_FOOTER = 256,            /* records that are held back */
    MAX_HELD = 64 * 1024 * 1024, /* and their bytes */
    LARGEST_ROW = 48 * 1024 * 1024,
};

static bool check_options(const struct reader_options *options, struct err *err)
{
    const struct dialect *dialect = options->dialect;
    if (!options->width || options->blank_tail > options->width)
        return ERR(err, ERR_BUG, "a reader needs a header: %u columns, %u of them without a label", options->width,
            options->blank_tail);
    if (!dialect->delimiter.n || dialect->delimiter.n > sizeof((struct grammar *)0)->delimiter)
        return ERR(err, ERR_CONFIG, "the delimiter has %zu bytes: 1 to 4 are possible", dialect->delimiter.n);
    if (dialect->quote == DIALECT_UNSET || dialect->escape == DIALECT_UNSET || dialect->comment == DIALECT_UNSET)
        return ERR(err, ERR_BUG, "a reader needs a resolved dialect");
    if (dialect->skip_footer > MAX_FOOTER)
        return ERR(
            err, ERR_CONFIG, "skipFooter is %llu: at most %d", (unsigned long long)dialect->skip_footer, MAX_FOOTER);
    if (dialect->max_row_bytes > LARGEST_ROW)
        return ERR(err, ERR_CONFIG, "a record may have at most %d bytes", LARGEST_ROW);
    return true;
}

struct reader *reader_open(struct stream *stream, const struct segment *segments, size_t segment_count,
    const struct reader_options *options, struct err *err)
{
    if (!check_options(options, err))
        return NULL;
    struct reader *r = calloc(1, sizeof *r);
    if (!r) {
        ERR(err, ERR_MEMORY, "no memory for a reader");
        return NULL;
    }
    r->options = *options;
    if (!r->options.max_rows)
        r->options.max_rows = READER_BATCH_ROWS;
    if (!r->options.chunk_bytes)
        r->options.chunk_bytes = READER_CHUNK_BYTES;
    grammar_init(&r->grammar, options->dialect);
    uint32_t rows = MAX_CELLS / options->width ? MAX_CELLS / options->width : 1;
    r->row_limit = (rows < r->options.max_rows ? rows : r->options.max_rows) + (uint32_t)options->dialect->skip_footer;
    buf_init(&r->carry, SIZE_MAX / 2);
    r->fast = scanner_suits(&r->grammar);
    if (!source_open(&r->source, stream, segments, segment_count, options->dialect, err) ||
        (r->fast && !scanner_init(&r->scanner, &r->grammar, err))) {
        reader_close(r);
        return NULL;
    }
    r->fast = r->fast && r->scanner.scan;
    return r;
}

void reader_close(struct reader *r)
{
    if (!r)
        return;
    source_close(&r->source);
    scanner_dispose(&r->scanner);
    buf_dispose(&r->carry);
    free(r);
}

uint64_t reader_bytes(const struct reader *r)
{
    return r->source.stream_at;
}

/* A text buffer in the batch's arena that begins with what was read already. */
static bool new_text(struct reader *r, struct str begin, size_t capacity, size_t tail, struct err *err)
{
    char *p = arena_alloc(r->batch->arena, capacity + PADDING + tail);
    if (!p)
        return ERR(err, ERR_MEMORY, "no memory for %zu bytes of text", capacity);
    if (begin.n)
        memcpy(p, begin.p, begin.n);
    r->text.p = p;
    r->text.n = begin.n;
    r->text.tail = capacity + PADDING;
    r->text.tail_end = capacity + PADDING + tail;
    r->capacity = capacity;
    r->cursor.at = 0;
    r->batch->text = p;
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* No more text than the records of one batch need: what is left over is copied and scanned again. */
static size_t wanted_bytes(const struct reader *r)
{
    size_t want = least(FIRST_BYTES, r->options.chunk_bytes);
    if (r->row_bytes)
        want = least(r->options.chunk_bytes, r->row_bytes * r->row_limit + LEAST_BYTES);
    const struct segment *segment = &r->source.segments[r->source.current];
    uint64_t length = segment->patch.p ? segment->patch.n : segment->length;
    uint64_t left = length - r->source.taken;
    if (left < want / TRANSCODE_GROWTH)
        want = (size_t)left * (r->source.transcoder.passes ? 1 : TRANSCODE_GROWTH);
    if (want < r->carry.n)
        want = r->carry.n;
    return want + SLACK;
}

static bool begin_segment(struct reader *r, struct err *err)
{
    const struct segment *segment = &r->source.segments[r->source.current];
    if (!source_begin(&r->source, err))
        return false;
    r->segment_begun = true;
    r->in_comment = false;
    r->row = segment->first_row;
    r->cursor = (struct cursor){0, segment->offset, segment->first_line};
    r->text = (struct text){0};
    buf_reset(&r->carry);
    return true;
}

static void keep_rows(struct batch *batch, uint32_t n)
{
    batch->n = n;
    while (batch->error_count && batch->errors[batch->error_count - 1].row >= n)
        batch->error_count--;
}

/* Lets the batch's records be read once more. */
static void rewind_batch(struct reader *r)
{
    struct batch *batch = r->batch;
    if (!batch->n)
        return;
    r->cursor = (struct cursor){batch->rows[0].text_offset, batch->rows[0].offset, batch->rows[0].line};
    r->row -= batch->n;
    keep_rows(batch, 0);
}

static bool move_text(struct reader *r, size_t capacity, size_t tail, struct err *err)
{
    size_t at = r->cursor.at;
    if (capacity > MAX_HELD || tail > MAX_HELD)
        return ERR_REJECT(err, "format-error", "the last %llu records, which skipFooter leaves out, are too large",
            (unsigned long long)r->options.dialect->skip_footer);
    r->text.base += at;
    return new_text(r, (struct str){r->text.p + at, r->text.n - at}, capacity, tail, err);
}

/* More text for a batch that has no record to show yet. */
static bool more_text(struct reader *r, struct err *err)
{
    bool held_back = r->batch->n > 0;
    size_t largest = r->grammar.max_row + r->options.chunk_bytes + 2 * SLACK;
    size_t capacity = r->capacity;
    rewind_batch(r);
    size_t at = r->cursor.at;
    if (capacity - (r->text.n - at) >= capacity / 4 + SLACK) {
        memmove(r->text.p, r->text.p + at, r->text.n - at);
        r->text.n -= at;
        r->text.base += at;
        r->text.tail = capacity + PADDING;
        r->cursor.at = 0;
        return lane_fill(r, err);
    }
    if (capacity < largest)
        capacity = largest;
    else if (held_back)
        capacity *= 2;
    return move_text(r, capacity, r->text.tail_end - (r->capacity + PADDING), err) && lane_fill(r, err);
}

static bool more_tail(struct reader *r, struct err *err)
{
    size_t largest = r->grammar.max_row + r->options.chunk_bytes;
    size_t tail = 2 * (r->text.tail_end - (r->capacity + PADDING));
    rewind_batch(r);
    return move_text(r, r->capacity, tail < largest ? largest : tail, err);
}

static enum lane_result read_records(struct reader *r, struct err *err)
{
    enum lane_result result = LANE_GO_ON;
    while (result == LANE_GO_ON) {
        if (r->fast && !r->in_comment)
            result = lane_fast(r, err);
        if (result == LANE_GO_ON && r->batch->n >= r->row_limit)
            result = LANE_FULL;
        if (result == LANE_GO_ON)
            result = lane_careful(r, err);
    }
    return result;
}

/* Records that can leave: the last ones may turn out to be the footer. */
static uint32_t free_to_go(const struct reader *r)
{
    uint64_t footer = r->options.dialect->skip_footer;
    uint32_t n = r->batch->n > footer ? r->batch->n - (uint32_t)footer : 0;
    return n > r->final_row ? n : r->final_row;
}

/* Ends the batch behind its first n rows; the others are read again for the next one. */
static bool hand_over(struct reader *r, uint32_t n, struct err *err)
{
    struct batch *batch = r->batch;
    size_t text = r->text.n;
    if (n < batch->n) {
        const struct row *row = &batch->rows[n];
        r->cursor = (struct cursor){row->text_offset, row->offset, row->line};
        r->row -= batch->n - n;
        keep_rows(batch, n);
    }
    size_t at = r->cursor.at;
    r->row_bytes = (at - batch->rows[0].text_offset) / n + 1;
    r->text.base += at;
    buf_reset(&r->carry);
    buf_add(&r->carry, r->text.p + at, text - at);
    /* The tail begins behind the capacity: what was put there is part of the text. */
    batch->text_length = r->text.tail > r->capacity + PADDING ? r->text.tail : text;
    batch->sequence = r->sequence++;
    return buf_ok(&r->carry, "text", err);
}

static void end_segment(struct reader *r)
{
    const struct segment *segment = &r->source.segments[r->source.current];
    uint64_t footer = segment->length == UINT64_MAX && !segment->patch.p ? r->options.dialect->skip_footer : 0;
    uint32_t n = r->batch->n > footer ? r->batch->n - (uint32_t)footer : 0;
    keep_rows(r->batch, n > r->final_row || !footer ? n : r->final_row);
    r->segment_begun = false;
    r->source.current++;
}

static bool begin_batch(struct reader *r, struct err *err)
{
    struct batch *batch = r->batch;
    r->row_room = r->final_row = 0;
    batch->width = r->options.width;
    batch->escapes = grammar_escapes(&r->grammar);
    batch->first_row = r->row;
    size_t capacity = wanted_bytes(r);
    uint32_t rows = r->row_bytes ? (uint32_t)least(capacity / r->row_bytes + 64, r->row_limit) : 0;
    return new_text(r, buf_str(&r->carry), capacity, least(TAIL_BYTES, capacity), err) && lane_fill(r, err) &&
           (!rows || lane_reserve(r, rows, err));
}

/* A batch of one segment; *n is 0 when the segment is at its end. */
static bool next_of_segment(struct reader *r, struct err *err)
{
    if (!begin_batch(r, err))
        return false;
    for (;;) {
        enum lane_result result = read_records(r, err);
        if (result == LANE_FAILED)
            return false;
        if (result == LANE_DRY && r->text.final) {
            end_segment(r);
            return !r->batch->n || hand_over(r, r->batch->n, err);
        }
        uint32_t n = free_to_go(r);
        if (n)
            return hand_over(r, n, err);
        if (!(result == LANE_NO_ROOM ? more_tail(r, err) : more_text(r, err)))
            return false;
    }
}

enum reader_result reader_next(struct reader *r, struct batch *batch, struct err *err)
{
    r->batch = batch;
    while (r->source.current < r->source.count) {
        batch_reset(batch);
        if (!r->segment_begun && !begin_segment(r, err))
            return READER_FAILED;
        if (!next_of_segment(r, err))
            return READER_FAILED;
        if (batch->n)
            return READER_BATCH;
    }
    batch_reset(batch);
    return READER_END;
}
