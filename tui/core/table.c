#include "tui/core/table.h"

#include "shared/utf8.h"

#include <string.h>

enum { MAX_CELL = 1024 * 1024, GAP = 2 };

static bool is_right(enum cell_kind kind)
{
    return kind == CELL_NUMBER || kind == CELL_BYTES || kind == CELL_SECONDS || kind == CELL_PERCENT;
}

static void add_number(struct buf *out, json_int_t value)
{
    char digits[32];
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t at = sizeof digits;
    for (int n = 0; n == 0 || rest; n++, rest /= 10) {
        if (n && n % 3 == 0)
            digits[--at] = ',';
        digits[--at] = (char)('0' + rest % 10);
    }
    if (value < 0)
        buf_add_byte(out, '-');
    buf_add(out, digits + at, sizeof digits - at);
}

static void add_bytes(struct buf *out, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        bytes /= 1024;
    buf_printf(out, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* "2026-11-21T03:12:44Z"; what is no time is shown as the text it is. */
static void add_time(struct buf *out, struct str text)
{
    static const char shape[] = "9999-99-99T99:99:99";
    bool ok = text.n >= sizeof shape - 1;
    for (size_t i = 0; ok && i + 1 < sizeof shape; i++)
        ok = shape[i] == '9' ? text.p[i] >= '0' && text.p[i] <= '9' : text.p[i] == shape[i];
    if (!ok) {
        utf8_sanitise(out, text);
        return;
    }
    buf_add(out, text.p, 10);
    buf_add_byte(out, ' ');
    buf_add(out, text.p + 11, 8);
}

static void add_list(struct buf *out, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i)
            buf_add_cstr(out, " | ");
        table_cell(out, CELL_TEXT, json_array_get(list, i));
    }
}

void table_cell(struct buf *out, enum cell_kind kind, const json_t *value)
{
    if (!value || json_is_null(value))
        return;
    struct str text = {json_string_value(value), json_string_length(value)};
    if (json_is_string(value) && kind == CELL_TIME)
        add_time(out, text);
    else if (json_is_string(value))
        utf8_sanitise(out, text);
    else if (json_is_array(value))
        add_list(out, value);
    else if (kind == CELL_BYTES)
        add_bytes(out, json_number_value(value));
    else if (kind == CELL_SECONDS)
        buf_printf(out, "%.1f s", json_number_value(value));
    else if (kind == CELL_PERCENT)
        buf_printf(out, "%.2f %%", json_number_value(value));
    else if (json_is_integer(value))
        add_number(out, json_integer_value(value));
    else if (json_is_real(value))
        buf_printf(out, "%g", json_real_value(value));
    else
        buf_add_cstr(out, json_is_true(value) ? "yes" : "no");
}

/* The bytes of text from the end that take at most so many columns. */
static size_t tail_start(struct str text, size_t most)
{
    size_t at = 0, columns = utf8_columns(text);
    while (columns > most && at < text.n) {
        uint32_t c;
        size_t n = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        columns -= n ? (size_t)utf8_width(c) : 1;
        at += n ? n : 1;
    }
    /* marks without their base */
    for (uint32_t c; at < text.n;) {
        size_t n = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        if (!n || utf8_width(c) > 0)
            break;
        at += n;
    }
    return at;
}

static size_t head_end(struct str text, size_t most)
{
    size_t at = 0, columns = 0;
    while (at < text.n) {
        uint32_t c;
        size_t n = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        size_t width = n ? (size_t)utf8_width(c) : 1;
        if (columns + width > most)
            break;
        columns += width;
        at += n ? n : 1;
    }
    return at;
}

void table_cut(struct buf *text, size_t most, bool in_front)
{
    static const char ellipsis[] = "…";
    enum { ELLIPSIS = sizeof ellipsis - 1 };
    if (!most || utf8_columns(buf_str(text)) <= most)
        return;
    if (!in_front) {
        text->n = head_end(buf_str(text), most - 1);
        buf_add_cstr(text, ellipsis);
        return;
    }
    size_t start = tail_start(buf_str(text), most - 1), rest = text->n - start;
    if (!buf_reserve(text, ELLIPSIS))
        return;
    memmove(text->p + ELLIPSIS, text->p + start, rest);
    memcpy(text->p, ellipsis, ELLIPSIS);
    text->n = ELLIPSIS + rest;
    text->p[text->n] = '\0';
}

/* ---- cells in columns ---- */

enum { TIME_FULL = 19, TIME_MINUTES = 16, TIME_YEAR = 5 };

/* Into width terminal columns; 0: whatever it takes. */
static void fit(struct buf *cell, enum cell_kind kind, size_t width)
{
    if (!width || utf8_columns(buf_str(cell)) <= width)
        return;
    if (kind == CELL_TIME && cell->n == TIME_FULL) {
        size_t begin = width < TIME_MINUTES ? TIME_YEAR : 0;
        cell->n = TIME_MINUTES - begin;
        memmove(cell->p, cell->p + begin, cell->n);
    } else if (kind == CELL_RUN) {
        size_t start = tail_start(buf_str(cell), width);
        cell->n -= start;
        memmove(cell->p, cell->p + start, cell->n);
    } else
        table_cut(cell, width, kind == CELL_KEY);
}

static void make_cell(struct buf *cell, const struct column *column, const json_t *item, size_t width)
{
    buf_reset(cell);
    table_cell(cell, column->kind, json_object_get(item, column->key));
    fit(cell, column->kind, width);
}

static enum tone tone_of(const struct column *column, const json_t *value)
{
    static const struct {
        const char *word;
        enum tone tone;
    } words[] = {{"failed", TONE_BAD}, {"quarantined", TONE_BAD}, {"system", TONE_BAD}, {"open", TONE_WAITING}};
    if (column->stress == STRESS_BAD_COUNT || column->stress == STRESS_WAITING_COUNT)
        return json_integer_value(value) <= 0       ? TONE_PLAIN
               : column->stress == STRESS_BAD_COUNT ? TONE_BAD
                                                    : TONE_WAITING;
    const char *text = json_string_value(value);
    for (size_t i = 0; text && column->stress == STRESS_WORD && i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i].word) == 0)
            return words[i].tone;
    return TONE_PLAIN;
}

/* ---- layout ---- */

struct layout {
    const struct column *columns[TABLE_MOST_COLUMNS];
    size_t widths[TABLE_MOST_COLUMNS];
    size_t count;
};

static void leave_out(struct layout *layout, size_t i)
{
    layout->count--;
    for (; i < layout->count; i++) {
        layout->columns[i] = layout->columns[i + 1];
        layout->widths[i] = layout->widths[i + 1];
    }
}

/* What the column needs; 0: no item has a value for it. */
static size_t measure(struct buf *cell, const struct column *column, const json_t *items)
{
    size_t width = 0;
    for (size_t i = 0; i < json_array_size(items); i++) {
        make_cell(cell, column, json_array_get(items, i), 0);
        size_t columns = utf8_columns(buf_str(cell));
        width = columns > width ? columns : width;
    }
    size_t title = strlen(column->title);
    return width && width < title ? title : width;
}

static size_t least_of(const struct layout *layout, size_t i)
{
    size_t least = layout->columns[i]->least, title = strlen(layout->columns[i]->title);
    least = least && least < title ? title : least;
    return least && least < layout->widths[i] ? least : layout->widths[i];
}

static size_t total(const struct layout *layout, bool least)
{
    size_t sum = layout->count ? (layout->count - 1) * GAP : 0;
    for (size_t i = 0; i < layout->count; i++)
        sum += least ? least_of(layout, i) : layout->widths[i];
    return sum;
}

static void drop_columns(struct layout *layout, size_t width)
{
    while (layout->count && total(layout, true) > width) {
        size_t worst = 0;
        for (size_t i = 1; i < layout->count; i++)
            if (layout->columns[i]->rank > layout->columns[worst]->rank)
                worst = i;
        if (!layout->columns[worst]->rank)
            return;
        leave_out(layout, worst);
    }
}

/* Times and ids say as much in short; text loses by it. */
static void shorten(struct layout *layout, enum cell_kind kind, size_t width, size_t to)
{
    for (size_t i = 0; i < layout->count && total(layout, false) > width; i++)
        if (layout->columns[i]->kind == kind && layout->widths[i] > to)
            layout->widths[i] = to > least_of(layout, i) ? to : least_of(layout, i);
}

static void squeeze(struct layout *layout, size_t width)
{
    drop_columns(layout, width);
    shorten(layout, CELL_TIME, width, TIME_MINUTES);
    shorten(layout, CELL_RUN, width, 0);
    shorten(layout, CELL_TIME, width, 0);
    while (total(layout, false) > width) {
        size_t widest = layout->count;
        for (size_t i = 0; i < layout->count; i++)
            if (layout->widths[i] > least_of(layout, i) &&
                (widest == layout->count || layout->widths[i] > layout->widths[widest]))
                widest = i;
        if (widest == layout->count)
            return;
        layout->widths[widest]--;
    }
}

static void lay_out(
    struct layout *layout, struct buf *cell, const struct column *columns, size_t count, const json_t *items)
{
    layout->count = 0;
    for (size_t i = 0; i < count && i < TABLE_MOST_COLUMNS; i++) {
        size_t width = measure(cell, &columns[i], items);
        if (!width)
            continue;
        layout->columns[layout->count] = &columns[i];
        layout->widths[layout->count++] = width;
    }
}

static void pad(struct paper *paper, struct str text, size_t width, bool right, bool last, enum tone tone)
{
    struct buf *out = &paper->out;
    size_t columns = utf8_columns(text), fill = width > columns ? width - columns : 0;
    for (size_t i = 0; right && i < fill; i++)
        buf_add_byte(out, ' ');
    if (tone != TONE_PLAIN)
        paper_tone(paper, tone);
    buf_add_str(out, text);
    if (tone != TONE_PLAIN)
        paper_tone(paper, TONE_PLAIN);
    for (size_t i = 0; !last && i < (right ? 0 : fill) + GAP; i++)
        buf_add_byte(out, ' ');
}

void table_print(struct paper *paper, const struct column *columns, size_t count, const json_t *items)
{
    struct layout layout;
    struct buf cell;
    buf_init(&cell, MAX_CELL);
    lay_out(&layout, &cell, columns, count, items);
    if (paper->width)
        squeeze(&layout, paper->width);
    for (size_t c = 0; c < layout.count; c++)
        pad(paper, str_of(layout.columns[c]->title), layout.widths[c], is_right(layout.columns[c]->kind),
            c + 1 == layout.count, TONE_STRONG);
    buf_add_byte(&paper->out, '\n');
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        for (size_t c = 0; c < layout.count; c++) {
            const struct column *column = layout.columns[c];
            make_cell(&cell, column, item, layout.widths[c]);
            pad(paper, buf_str(&cell), layout.widths[c], is_right(column->kind), c + 1 == layout.count,
                tone_of(column, json_object_get(item, column->key)));
        }
        buf_add_byte(&paper->out, '\n');
    }
    buf_dispose(&cell);
}
