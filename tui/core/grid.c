#include "tui/core/grid.h"

#include "shared/utf8.h"
#include "tui/core/marks.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_TEXT = 8 * 1024 * 1024,
    MOST_NEEDLE = 1024,
    MEASURED = 300,
    MEASURED_BYTES = 400,
    GAP = 2,
    MOST_TARGET = 16
};

void grid_init(struct grid *grid, const struct grid_column *columns, size_t column_count, size_t frozen)
{
    *grid = (struct grid){.sort = -1};
    buf_init(&grid->search, MOST_NEEDLE);
    buf_init(&grid->filter, MOST_NEEDLE);
    grid_set_columns(grid, columns, column_count, frozen);
}

void grid_dispose(struct grid *grid)
{
    json_decref(grid->items);
    free(grid->order);
    free(grid->widths);
    buf_dispose(&grid->search);
    buf_dispose(&grid->filter);
    marks_clear(grid);
}

void grid_set_columns(struct grid *grid, const struct grid_column *columns, size_t column_count, size_t frozen)
{
    free(grid->widths);
    grid->columns = columns;
    grid->column_count = column_count;
    grid->frozen = frozen;
    grid->widths = calloc(column_count ? column_count : 1, sizeof *grid->widths);
    if (grid->column < frozen)
        grid->column = frozen < column_count ? frozen : 0;
    if (grid->first < frozen)
        grid->first = frozen;
}

void grid_value(struct buf *out, enum cell_kind kind, const json_t *value)
{
    if (json_is_string(value) && kind != CELL_TIME)
        buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_array(value))
        for (size_t i = 0; i < json_array_size(value); i++) {
            buf_add_cstr(out, i ? " | " : "");
            grid_value(out, CELL_TEXT, json_array_get(value, i));
        }
    else
        table_cell(out, kind, value);
}

static void fill(const struct grid *grid, const json_t *item, size_t column, struct grid_cell *cell)
{
    buf_reset(cell->text);
    cell->style = ROLE_TEXT;
    cell->mark = 0;
    cell->part = cell->whole = 0;
    if (grid->cell)
        grid->cell(grid->context, item, column, cell);
    else
        grid_value(cell->text, grid->columns[column].kind, json_object_get(item, grid->columns[column].key));
}

void grid_text(const struct grid *grid, const json_t *item, size_t column, struct buf *out)
{
    struct grid_cell cell = {.text = out};
    fill(grid, item, column, &cell);
}

/* ---- whose ---- */

const char *grid_target(const struct grid *grid, const json_t *item)
{
    return grid->targets ? json_string_value(json_object_get(item, "target")) : NULL;
}

static bool is_lost(const struct grid *grid, const json_t *item)
{
    const char *target = grid_target(grid, item);
    return target && json_is_true(json_object_get(grid->targets, target));
}

static int target_width(const struct grid *grid)
{
    static const char title[] = "TARGET";
    int width = (int)sizeof title - 1;
    const char *name;
    json_t *lost;
    json_object_foreach((json_t *)grid->targets, name, lost)
    {
        int columns = canvas_width(str_of(name));
        width = columns > width ? columns : width;
    }
    return width > MOST_TARGET ? MOST_TARGET : width;
}

/* ---- which lines ---- */

size_t grid_lines(const struct grid *grid)
{
    return grid->order ? grid->order_count : grid->total;
}

json_t *grid_item_at(const struct grid *grid, size_t line)
{
    if (grid->order)
        return line < grid->order_count ? json_array_get(grid->items, grid->order[line]) : NULL;
    return line < grid->base ? NULL : json_array_get(grid->items, line - grid->base);
}

json_t *grid_item(const struct grid *grid)
{
    return grid_item_at(grid, grid->at);
}

bool grid_wants(const struct grid *grid, size_t *line)
{
    size_t lines = grid_lines(grid), bottom = grid->top + (size_t)(grid->height > 0 ? grid->height : 1);
    if (grid->order || !lines)
        return false;
    *line = grid->top;
    bottom = bottom > lines ? lines : bottom;
    return grid->top < grid->base || bottom > grid->base + json_array_size(grid->items);
}

static bool holds(struct str text, struct str needle)
{
    for (size_t at = 0; at + needle.n <= text.n; at++)
        if (str_eq_nocase_ascii((struct str){text.p + at, needle.n}, needle))
            return true;
    return false;
}

static bool line_holds(const struct grid *grid, const json_t *item, struct str needle, struct buf *text)
{
    const char *target = grid_target(grid, item);
    if (target && holds(str_of(target), needle))
        return true;
    for (size_t c = 0; c < grid->column_count; c++) {
        grid_text(grid, item, c, text);
        if (holds(buf_str(text), needle))
            return true;
    }
    return false;
}

struct keyed {
    size_t index;
    double number;
    struct str text;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *left = a, *right = b;
    int order = left->number < right->number ? -1 : left->number > right->number ? 1 : str_cmp(left->text, right->text);
    return order ? order : left->index < right->index ? -1 : left->index > right->index;
}

static bool sort_order(struct grid *grid)
{
    size_t column = (size_t)grid->sort;
    struct arena *arena = arena_new(0);
    struct keyed *keys = arena ? ARENA_ARRAY(arena, struct keyed, grid->order_count + 1) : NULL;
    struct buf text;
    buf_init(&text, MOST_TEXT);
    for (size_t i = 0; keys && i < grid->order_count; i++) {
        const json_t *item = json_array_get(grid->items, grid->order[i]);
        const json_t *value = grid->columns[column].key ? json_object_get(item, grid->columns[column].key) : NULL;
        keys[i].index = grid->order[i];
        if (json_is_number(value))
            keys[i].number = json_number_value(value);
        else {
            grid_text(grid, item, column, &text);
            keys[i].text = arena_str(arena, buf_str(&text));
        }
    }
    if (keys)
        qsort(keys, grid->order_count, sizeof *keys, by_key);
    for (size_t i = 0; keys && i < grid->order_count; i++)
        grid->order[grid->reverse ? grid->order_count - 1 - i : i] = keys[i].index;
    buf_dispose(&text);
    arena_free(arena);
    return keys;
}

static bool arrange(struct grid *grid)
{
    struct str needle = buf_str(&grid->filter);
    bool inverted = needle.n && needle.p[0] == '!';
    size_t n = json_array_size(grid->items);
    free(grid->order);
    grid->order = NULL;
    if (!needle.n && grid->sort < 0 && !grid->reverse)
        return true;
    if (!(grid->order = calloc(n + 1, sizeof *grid->order)))
        return false;
    struct buf text;
    buf_init(&text, MOST_TEXT);
    needle = inverted ? (struct str){needle.p + 1, needle.n - 1} : needle;
    grid->order_count = 0;
    for (size_t i = 0; i < n; i++)
        if (!needle.n || line_holds(grid, json_array_get(grid->items, i), needle, &text) != inverted)
            grid->order[grid->order_count++] = i;
    buf_dispose(&text);
    if (grid->sort >= 0)
        return sort_order(grid);
    for (size_t i = 0; grid->reverse && i < grid->order_count / 2; i++) {
        size_t other = grid->order_count - 1 - i, kept = grid->order[i];
        grid->order[i] = grid->order[other];
        grid->order[other] = kept;
    }
    return true;
}

/* ---- widths ---- */

static void measure(struct grid *grid)
{
    struct buf text;
    size_t n = json_array_size(grid->items);
    buf_init(&text, MOST_TEXT);
    for (size_t c = 0; grid->widths && c < grid->column_count; c++) {
        const struct grid_column *column = &grid->columns[c];
        int width = (int)utf8_columns(str_of(column->title));
        for (size_t i = 0; i < n && i < MEASURED; i++) {
            struct grid_cell cell = {.text = &text};
            fill(grid, json_array_get(grid->items, i), c, &cell);
            struct str shown = buf_str(&text);
            shown.n = shown.n > MEASURED_BYTES ? MEASURED_BYTES : shown.n;
            int columns = canvas_width(shown) + (cell.mark ? 1 : 0);
            width = columns > width ? columns : width;
        }
        width = width > column->most && column->most ? column->most : width;
        width = width < column->least ? column->least : width;
        /* what was seen once keeps its width: pages don't jump */
        if (width > grid->widths[c])
            grid->widths[c] = width;
    }
    buf_dispose(&text);
}

static bool is_same(const struct grid *grid, const json_t *a, const json_t *b)
{
    const char *target = grid_target(grid, a), *other = grid_target(grid, b);
    return json_equal(json_object_get(a, grid->key), json_object_get(b, grid->key)) &&
           (!target || !other || strcmp(target, other) == 0);
}

/* Where it is now; the cursor's line when it is gone. */
static size_t line_of(const struct grid *grid, const json_t *item)
{
    for (size_t line = 0; line < grid_lines(grid); line++)
        if (is_same(grid, grid_item_at(grid, line), item))
            return line;
    return grid->at;
}

void grid_set(struct grid *grid, json_t *items, size_t base, size_t total)
{
    json_t *kept = grid->key ? json_incref(grid_item(grid)) : NULL;
    json_incref(items);
    json_decref(grid->items);
    grid->items = items;
    grid->base = base;
    grid->total = total;
    measure(grid);
    if (!arrange(grid))
        grid->order = NULL;
    grid_go(grid, kept ? line_of(grid, kept) : grid->at);
    json_decref(kept);
}

/* ---- moving ---- */

static void scroll(struct grid *grid)
{
    size_t height = (size_t)(grid->height > 0 ? grid->height : 1), lines = grid_lines(grid);
    if (grid->at < grid->top)
        grid->top = grid->at;
    if (grid->at >= grid->top + height)
        grid->top = grid->at - height + 1;
    if (grid->top + height > lines)
        grid->top = lines > height ? lines - height : 0;
}

void grid_go(struct grid *grid, size_t line)
{
    size_t lines = grid_lines(grid);
    grid->at = line < lines ? line : lines ? lines - 1 : 0;
    scroll(grid);
}

static void go_by(struct grid *grid, int64_t by)
{
    int64_t to = (int64_t)grid->at + by;
    grid_go(grid, to < 0 ? 0 : (size_t)to);
}

static void go_column(struct grid *grid, int by)
{
    if (grid->by_cell) {
        size_t to = grid->column + (size_t)by;
        if (to >= grid->frozen && to < grid->column_count)
            grid->column = to;
        if (grid->column < grid->first)
            grid->first = grid->column;
    } else if (by < 0 ? grid->first > grid->frozen : grid->first + 1 < grid->column_count)
        grid->first += (size_t)by;
}

static void sort_next(struct grid *grid)
{
    grid->sort = grid->sort + 1 < (int)grid->column_count ? grid->sort + 1 : -1;
    if (!arrange(grid))
        grid->sort = -1;
    grid_go(grid, 0);
}

bool grid_filter(struct grid *grid, struct str text)
{
    buf_reset(&grid->filter);
    buf_add_str(&grid->filter, text);
    bool ok = arrange(grid);
    grid_go(grid, 0);
    return ok;
}

bool grid_search(struct grid *grid, struct str text)
{
    buf_reset(&grid->search);
    buf_add_str(&grid->search, text);
    return text.n == 0 || grid_find(grid, false);
}

bool grid_find(struct grid *grid, bool back)
{
    size_t lines = grid_lines(grid);
    struct str needle = buf_str(&grid->search);
    struct buf text;
    bool found = false;
    buf_init(&text, MOST_TEXT);
    /* round among the lines that are here, beginning behind the cursor */
    size_t first = grid->order ? 0 : grid->base, here = grid->order ? lines : json_array_size(grid->items);
    for (size_t i = 1; needle.n && !found && i <= here; i++) {
        size_t from = grid->at >= first && grid->at < first + here ? grid->at - first : 0;
        size_t line = first + (back ? from + here - i : from + i) % here;
        if (line_holds(grid, grid_item_at(grid, line), needle, &text)) {
            grid_go(grid, line);
            found = true;
        }
    }
    buf_dispose(&text);
    return found;
}

bool grid_request(struct grid *grid, enum request request)
{
    int64_t page = grid->height > 1 ? grid->height - 1 : 1;
    switch (request) {
    case REQUEST_DOWN:
        go_by(grid, 1);
        return true;
    case REQUEST_UP:
        go_by(grid, -1);
        return true;
    case REQUEST_LEFT:
        go_column(grid, -1);
        return true;
    case REQUEST_RIGHT:
        go_column(grid, 1);
        return true;
    case REQUEST_FIRST:
        grid_go(grid, 0);
        return true;
    case REQUEST_LAST:
        grid_go(grid, SIZE_MAX);
        return true;
    case REQUEST_HALF_DOWN:
        go_by(grid, page / 2 + 1);
        return true;
    case REQUEST_HALF_UP:
        go_by(grid, -(page / 2 + 1));
        return true;
    case REQUEST_PAGE_DOWN:
        go_by(grid, page);
        return true;
    case REQUEST_PAGE_UP:
        go_by(grid, -page);
        return true;
    case REQUEST_SORT:
        sort_next(grid);
        return true;
    case REQUEST_REVERSE:
        grid->reverse = !grid->reverse;
        if (!arrange(grid))
            grid->reverse = false;
        grid_go(grid, 0);
        return true;
    default:
        return false;
    }
}

/* ---- drawing ---- */

static bool is_right(enum cell_kind kind)
{
    return kind == CELL_NUMBER || kind == CELL_BYTES || kind == CELL_SECONDS || kind == CELL_PERCENT;
}

/* Where each column stands; -1: not on the screen. A column that grows begins small, so that others find room. */
static void lay_out(const struct grid *grid, int x, int width, int *left, int *wide)
{
    int at = x, grow = -1;
    for (size_t c = 0; c < grid->column_count; c++)
        left[c] = -1;
    for (size_t c = 0; c < grid->column_count; c++) {
        const struct grid_column *column = &grid->columns[c];
        int room = x + width - at, natural = grid->widths[c], least = column->least < natural ? column->least : natural;
        bool grows = column->grows && grow < 0;
        if (c >= grid->frozen && c < grid->first)
            continue;
        if (room < (grows || !is_right(column->kind) ? least : natural))
            break;
        grow = grows ? (int)c : grow;
        left[c] = at;
        wide[c] = grows ? least : natural < room ? natural : room;
        at += wide[c] + GAP;
    }
    if (grow < 0)
        return;
    int spare = x + width - (at - GAP), wanted = grid->widths[grow] - wide[grow];
    spare = spare < wanted ? spare : wanted;
    wide[grow] += spare > 0 ? spare : 0;
    for (size_t c = (size_t)grow + 1; c < grid->column_count; c++)
        left[c] += left[c] >= 0 && spare > 0 ? spare : 0;
}

static void draw_heads(const struct grid *grid, struct canvas *canvas, int y, const int *left, const int *wide)
{
    for (size_t c = 0; c < grid->column_count; c++) {
        unsigned style = ROLE_HEAD;
        if (left[c] < 0)
            continue;
        if (grid->by_cell && c == grid->column)
            style |= MARK_BOLD;
        if ((int)c == grid->sort)
            style |= MARK_REVERSE;
        if (is_right(grid->columns[c].kind))
            canvas_right(canvas, y, left[c], wide[c], style, str_of(grid->columns[c].title));
        else
            canvas_cstr(canvas, y, left[c], wide[c], style, grid->columns[c].title);
    }
}

struct place {
    int y, x, width;
    bool selected;
};

static void draw_cell(
    const struct grid *grid, struct canvas *canvas, const json_t *item, size_t c, struct place at, struct buf *text)
{
    struct grid_cell cell = {.text = text};
    fill(grid, item, c, &cell);
    bool here = grid->by_cell && at.selected && c == grid->column;
    unsigned style = cell.style;
    if (is_lost(grid, item))
        cell.style = style = ROLE_DIM;
    if (at.selected && (!grid->by_cell || c < grid->frozen))
        style = ROLE_TEXT | MARK_REVERSE;
    /* what is marked stands out as it is: the cursor fills its cell, and a move rewrites none of it */
    if (here && !cell.mark)
        style |= MARK_UNDERLINE | MARK_BOLD;
    if (cell.whole > 0) {
        /* on the cursor's line, which is reversed, the bar is what is not */
        canvas_bar(
            canvas, at.y, at.x, at.width, at.selected ? (style | MARK_REVERSE) : cell.style, cell.part, cell.whole);
        return;
    }
    if (here)
        canvas_fill(canvas, at.y, at.x, at.width, style);
    if (cell.mark) {
        char mark[2] = {cell.mark, 0};
        canvas_cstr(canvas, at.y, at.x, 1, style, mark);
        at.x++;
        at.width--;
    }
    if (is_right(grid->columns[c].kind))
        canvas_right(canvas, at.y, at.x, at.width, style, buf_str(text));
    else
        canvas_text(canvas, at.y, at.x, at.width, style, buf_str(text));
    if (here) {
        canvas->cursor_y = at.y;
        canvas->cursor_x = at.x;
    }
}

static void draw_target(const struct grid *grid, struct canvas *canvas, int y, int x, const json_t *item, bool selected)
{
    const char *target = grid_target(grid, item);
    unsigned style = selected ? ROLE_TEXT | MARK_REVERSE : is_lost(grid, item) ? ROLE_DIM : ROLE_ACCENT;
    int width = target_width(grid);
    struct str text = str_of(target ? target : "");
    while (canvas_measure(canvas, text) > width) /* folders differ at their ends */
        text.p++, text.n--;
    canvas_text(canvas, y, x, width, style, text);
}

static void draw_line(struct grid *grid, struct canvas *canvas, int y, int x, int width, size_t line, const int *left,
    const int *wide, struct buf *text)
{
    const json_t *item = grid_item_at(grid, line);
    bool selected = line == grid->at;
    int end = x + width;
    for (size_t c = 0; grid->by_cell && c < grid->frozen; c++)
        end = left[c] >= 0 ? left[c] + wide[c] : end;
    if (selected)
        canvas_fill(canvas, y, x, end - x, ROLE_TEXT | MARK_REVERSE);
    if (selected) {
        canvas->cursor_y = y;
        canvas->cursor_x = x;
    }
    if (!item)
        canvas_glyph(canvas, y, x, ROLE_DIM, GLYPH_DOT);
    if (x > 0 && (marks_has(grid, item) || marks_in_range(grid, line)))
        canvas_cstr(canvas, y, x - 1, 1, ROLE_ACCENT | MARK_BOLD, "*");
    if (item && grid->targets)
        draw_target(grid, canvas, y, x, item, selected);
    for (size_t c = 0; item && c < grid->column_count; c++)
        if (left[c] >= 0)
            draw_cell(grid, canvas, item, c, (struct place){y, left[c], wide[c], selected}, text);
}

void grid_draw(struct grid *grid, struct canvas *canvas, int y, int x, int height, int width)
{
    struct buf text;
    int *left = calloc(2 * grid->column_count + 2, sizeof *left), *wide = left ? left + grid->column_count + 1 : NULL;
    if (!left || !grid->widths) {
        free(left);
        return;
    }
    buf_init(&text, MOST_TEXT);
    grid->height = height - 1;
    grid->width = width;
    scroll(grid);
    int before = grid->targets ? target_width(grid) + GAP : 0;
    lay_out(grid, x + before, width - before, left, wide);
    /* the whole cell under the cursor is to be seen */
    while (grid->by_cell && grid->first < grid->column && grid->column < grid->column_count &&
           (left[grid->column] < 0 || wide[grid->column] < grid->widths[grid->column])) {
        grid->first++;
        lay_out(grid, x + before, width - before, left, wide);
    }
    draw_heads(grid, canvas, y, left, wide);
    if (before)
        canvas_cstr(canvas, y, x, before - GAP, ROLE_HEAD, "TARGET");
    for (int i = 0; i < grid->height; i++)
        if (grid->top + (size_t)i < grid_lines(grid))
            draw_line(grid, canvas, y + 1 + i, x, width, grid->top + (size_t)i, left, wide, &text);
    buf_dispose(&text);
    free(left);
}
