#include "worker/format/csv/lane.h"

enum { LONGEST_WINDOW = 4 * SCAN_WINDOW };

/* Bits a..b-1 of a bit string; at most the words they lie in are looked at. */
static inline uint64_t word_part(const uint64_t *bits, size_t word, size_t a, size_t b)
{
    uint64_t w = bits[word];
    if (word == a / 64)
        w &= ~(uint64_t)0 << (a % 64);
    if (word == (b - 1) / 64)
        w &= ~(uint64_t)0 >> (63 - (b - 1) % 64);
    return w;
}

static inline bool any_bit(const uint64_t *bits, size_t a, size_t b)
{
    for (size_t word = a / 64; a < b && word <= (b - 1) / 64; word++)
        if (word_part(bits, word, a, b))
            return true;
    return false;
}

static inline uint32_t count_bits(const uint64_t *bits, size_t a, size_t b)
{
    uint32_t count = 0;
    for (size_t word = a / 64; a < b && word <= (b - 1) / 64; word++)
        count += (uint32_t)__builtin_popcountll(word_part(bits, word, a, b));
    return count;
}

/* The records of one window, as the index tells them. Positions in it are relative to the window's start. */
struct window {
    struct reader *reader;
    const struct scan_index *index;
    const char *p;
    uint32_t base;  /* of the window in the text */
    size_t next;    /* entry of the index */
    uint32_t start; /* of the record */
};

static inline struct cell make_cell(const struct window *w, uint32_t start, uint32_t end, uint32_t *lines)
{
    const struct scan_marks *marks = &w->reader->scanner.marks;
    if (start == end || w->p[start] != marks->quote || !marks->quotes)
        return (struct cell){w->base + start, end - start};
    uint32_t flags = CELL_QUOTED;
    if (any_bit(w->index->quotes, start + 1, end - 1))
        flags |= CELL_ESCAPED;
    *lines += count_bits(w->index->lines, start + 1, end - 1);
    return (struct cell){w->base + start + 1, (end - start - 2) | flags};
}

/* Reads the record at w->start into cells. False: the index ends first. */
static inline bool read_record(struct window *w, struct cell *cells, struct findings *f, uint32_t *end, uint32_t *lines)
{
    const uint32_t width = w->reader->batch->width;
    const uint32_t *ends = w->index->ends;
    uint32_t start = w->start, count = 0, content = 0;
    for (size_t i = w->next; i < w->index->count; i++) {
        uint32_t at = ends[i];
        bool last = w->p[at] == '\n';
        uint32_t stop = last && at > start && w->p[at - 1] == '\r' ? at - 1 : at;
        struct cell cell = make_cell(w, start, stop, lines);
        if (count < width)
            cells[count] = cell;
        else if (count == width)
            f->surplus = cell;
        content |= cell.length & CELL_LENGTH;
        count++;
        start = at + 1;
        if (last) {
            w->next = i + 1;
            f->count = count;
            f->any = content != 0;
            *end = stop;
            return true;
        }
    }
    return false;
}

static bool is_empty_line(const struct window *w)
{
    uint32_t length = w->index->ends[w->next] - w->start;
    return w->p[w->index->ends[w->next]] == '\n' && (!length || (length == 1 && w->p[w->start] == '\r'));
}

static bool add_row(struct window *w, const struct findings *f, uint32_t end, uint32_t lines, struct err *err)
{
    struct reader *r = w->reader;
    struct batch *batch = r->batch;
    uint32_t next = w->index->ends[w->next - 1] + 1;
    batch->rows[batch->n] = (struct row){.offset = r->cursor.offset,
        .line = r->cursor.line,
        .length = lane_length(r, w->base + w->start, w->base + end),
        .text_offset = w->base + w->start,
        .text_length = end - w->start,
        .cells = f->count};
    r->cursor.offset += batch->rows[batch->n].length + lane_length(r, w->base + end, w->base + next);
    r->cursor.line += lines + 1;
    r->cursor.at = w->base + next;
    w->start = next;
    if (f->count != batch->width || !f->any || r->options.blank_tail)
        return lane_end_row(r, f, err);
    batch->marks[batch->n++] = MARK_GOOD;
    r->row++;
    return true;
}

/* LANE_DRY: the index is used up; LANE_GO_ON: the next record is for the careful machine. */
static enum lane_result build(struct window *w, struct err *err)
{
    struct reader *r = w->reader;
    struct batch *batch = r->batch;
    while (w->next < w->index->count) {
        if (batch->n >= r->row_limit)
            return LANE_FULL;
        if (is_empty_line(w)) {
            uint32_t next = w->index->ends[w->next++] + 1;
            r->cursor.offset += lane_length(r, w->base + w->start, w->base + next);
            r->cursor.line++;
            r->cursor.at = w->base + next;
            w->start = next;
            continue;
        }
        if (batch->n == r->row_room && !lane_reserve(r, 1, err))
            return LANE_FAILED;
        struct findings findings = {.null_cell = -1, .unclosed_cell = -1};
        uint32_t end = 0, lines = 0;
        if (!read_record(w, batch->cells + (size_t)batch->n * batch->width, &findings, &end, &lines))
            return LANE_DRY;
        if (end - w->start > r->grammar.max_row || (lines && r->text.base + r->cursor.at < r->text.until))
            return LANE_GO_ON;
        if (!add_row(w, &findings, end, lines, err))
            return LANE_FAILED;
    }
    return LANE_DRY;
}

enum lane_result lane_fast(struct reader *r, struct err *err)
{
    size_t size = SCAN_WINDOW;
    for (;;) {
        size_t at = r->cursor.at, left = r->text.n - at;
        size_t n = left < size ? left : size;
        if (!n || r->batch->n >= r->row_limit)
            return LANE_GO_ON;
        if (!scanner_reserve(&r->scanner, n, err))
            return LANE_FAILED;
        struct scan_index *index = &r->scanner.index;
        r->scanner.scan(&r->scanner.marks, r->text.p + at, n, index);
        struct window window = {r, index, r->text.p + at, (uint32_t)at, 0, 0};
        enum lane_result result = build(&window, err);
        if (result != LANE_DRY)
            return result;
        if (index->good < n || n == left)
            return LANE_GO_ON;
        /* Not one record in the window: a longer look, then. */
        size = r->cursor.at == at ? size * 2 : SCAN_WINDOW;
        if (size > LONGEST_WINDOW)
            return LANE_GO_ON;
    }
}
