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

static void add_time(struct buf *out, const char *text)
{
    for (size_t i = 0; text[i] && i < 19; i++)
        buf_add_byte(out, text[i] == 'T' ? ' ' : text[i]);
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
    if (json_is_string(value) && kind == CELL_TIME)
        add_time(out, json_string_value(value));
    else if (json_is_string(value))
        utf8_sanitise(out, (struct str){json_string_value(value), json_string_length(value)});
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

/* Cuts text to most terminal columns, the last of them an ellipsis. */
static void cut(struct buf *text, size_t most)
{
    size_t columns = 0, at = 0;
    if (!most || utf8_columns(buf_str(text)) <= most)
        return;
    while (at < text->n) {
        uint32_t c;
        size_t n = utf8_decode((struct str){text->p + at, text->n - at}, &c);
        size_t width = n ? (size_t)utf8_width(c) : 1;
        if (columns + width > most - 1)
            break;
        columns += width;
        at += n ? n : 1;
    }
    text->n = at;
    buf_add_cstr(text, "…");
}

static void make_cell(struct buf *cell, const struct column *column, const json_t *item)
{
    buf_reset(cell);
    table_cell(cell, column->kind, json_object_get(item, column->key));
    cut(cell, column->most);
}

static size_t measure(struct buf *cell, const struct column *column, const json_t *items)
{
    size_t width = strlen(column->title);
    for (size_t i = 0; i < json_array_size(items); i++) {
        make_cell(cell, column, json_array_get(items, i));
        size_t columns = utf8_columns(buf_str(cell));
        width = columns > width ? columns : width;
    }
    return width;
}

static void pad(struct buf *out, struct str text, size_t width, bool right, bool last)
{
    size_t columns = utf8_columns(text), fill = width > columns ? width - columns : 0;
    for (size_t i = 0; right && i < fill; i++)
        buf_add_byte(out, ' ');
    buf_add_str(out, text);
    for (size_t i = 0; !last && i < (right ? 0 : fill) + GAP; i++)
        buf_add_byte(out, ' ');
}

enum { MOST_COLUMNS = 32 };

void table_print(struct buf *out, const struct column *columns, size_t count, const json_t *items)
{
    struct buf cell;
    size_t widths[MOST_COLUMNS];
    buf_init(&cell, MAX_CELL);
    count = count > MOST_COLUMNS ? MOST_COLUMNS : count;
    for (size_t c = 0; c < count; c++) {
        widths[c] = measure(&cell, &columns[c], items);
        pad(out, str_of(columns[c].title), widths[c], is_right(columns[c].kind), c + 1 == count);
    }
    buf_add_byte(out, '\n');
    for (size_t i = 0; i < json_array_size(items); i++) {
        for (size_t c = 0; c < count; c++) {
            make_cell(&cell, &columns[c], json_array_get(items, i));
            pad(out, buf_str(&cell), widths[c], is_right(columns[c].kind), c + 1 == count);
        }
        buf_add_byte(out, '\n');
    }
    buf_dispose(&cell);
}
