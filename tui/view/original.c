/* The file of a run itself, as it is read without its contract. The pages around the cursor are here; the end shows
 * once it was reached. */
#include "tui/view/acts.h"

#include <stdlib.h>

enum { PAGE = 200, FIXED = 2 };
enum { COLUMN_ROW, COLUMN_LINE };

struct original {
    struct grid_column *columns;
    json_t *titles;
    bool asked, whole;
};

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    (void)context;
    if (column < FIXED) {
        grid_value(cell->text, CELL_NUMBER, json_object_get(item, column == COLUMN_ROW ? "row_number" : "line_number"));
        cell->style = ROLE_DIM;
        return;
    }
    const json_t *value = json_array_get(json_object_get(item, "cells"), column - FIXED);
    if (json_is_object(value)) {
        buf_add_cstr(cell->text, "(not text)");
        cell->style = ROLE_STRANGE;
    } else
        grid_value(cell->text, CELL_TEXT, value);
}

static bool make_columns(struct view *view, json_t *result)
{
    struct original *original = view->state;
    json_t *header = json_object_get(result, "header");
    size_t cells = json_array_size(json_object_get(json_array_get(json_object_get(result, "items"), 0), "cells"));
    cells = json_array_size(header) > cells ? json_array_size(header) : cells;
    if (original->columns)
        return true;
    struct grid_column *columns = calloc(cells + FIXED, sizeof *columns);
    if (!columns)
        return false;
    columns[COLUMN_ROW] = (struct grid_column){"ROW", NULL, CELL_NUMBER, 4, 0, false};
    columns[COLUMN_LINE] = (struct grid_column){"LINE", NULL, CELL_NUMBER, 4, 0, false};
    original->titles = json_incref(header);
    for (size_t i = 0; i < cells; i++) {
        const char *title = json_string_value(json_array_get(header, i));
        columns[i + FIXED] = (struct grid_column){title ? title : "", NULL, CELL_TEXT, 5, 28, false};
    }
    grid_set_columns(&view->grid, columns, cells + FIXED, FIXED);
    original->columns = columns;
    return true;
}

static void init(struct view *view)
{
    static const struct grid_column none[] = {{"ROW", NULL, CELL_NUMBER, 4, 0, false}};
    grid_init(&view->grid, none, 0, 0);
    view->grid.cell = fill_cell;
    view->grid.by_cell = true;
}

static void dispose(struct view *view)
{
    struct original *original = view->state;
    free(original->columns);
    json_decref(original->titles);
}

static void ask_page(struct view *view, size_t at)
{
    struct original *original = view->state;
    original->asked = true;
    view_ask(view, 0, "original",
        json_pack("{s:s, s:I, s:i}", "run", view_argument(view, "run"), "at", (json_int_t)at, "limit", PAGE));
}

static void load(struct view *view)
{
    ask_page(view, view->grid.at > PAGE / 2 ? view->grid.at - PAGE / 2 : 0);
}

static void follow(struct view *view)
{
    struct original *original = view->state;
    size_t line;
    if (!original->asked && view->loaded && grid_wants(&view->grid, &line))
        ask_page(view, line > PAGE / 3 ? line - PAGE / 3 : 0);
}

/* One line more than is known stands for what is still to come. */
static void answer(struct view *view, int tag, json_t *result)
{
    struct original *original = view->state;
    json_t *items = json_object_get(result, "items");
    size_t at = (size_t)json_integer_value(json_object_get(result, "at")), known = at + json_array_size(items);
    bool more = json_is_true(json_object_get(result, "more"));
    (void)tag;
    original->asked = false;
    if (!make_columns(view, result))
        return;
    original->whole = original->whole || !more;
    view_keep(view, result);
    size_t total = original->whole && more ? view->grid.total : known + more;
    grid_set(&view->grid, items, at, total > view->grid.total || original->whole ? total : view->grid.total);
    follow(view);
}

static void refused(struct view *view, int tag, const struct err *why)
{
    (void)tag, (void)why;
    ((struct original *)view->state)->asked = false;
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    if (!view->loaded)
        return;
    if (!grid_lines(&view->grid))
        canvas_cstr(canvas, y + 1, 1, canvas->columns - 2, ROLE_DIM, "It holds no record.");
    else
        grid_draw(&view->grid, canvas, y, 1, height, canvas->columns - 2);
}

static bool edit(struct view *view)
{
    const json_t *item = grid_item(&view->grid);
    json_t *value = json_array_get(json_object_get(item, "cells"), view->grid.column - FIXED);
    if (item)
        view_open(view, &view_edit,
            json_pack("{s:s, s:O*, s:s, s:O*}", "run", view_argument(view, "run"), "row",
                json_object_get(item, "row_number"), "column", view->grid.columns[view->grid.column].title, "value",
                value));
    return true;
}

static const char *disabled(const struct view *view, enum request request)
{
    const json_t *item = grid_item(&view->grid);
    if (request != REQUEST_EDIT)
        return NULL;
    if (!json_is_true(json_object_get(view->arguments, "quarantined")))
        return "the file is not in quarantine: its rejected rows are edited where they are listed";
    const json_t *value = json_array_get(json_object_get(item, "cells"), view->grid.column - FIXED);
    return !item || view->grid.column < FIXED ? "the cursor is on no cell of the file"
           : !json_is_string(value)           ? "this cell is no text"
           : strcmp(json_string_value(value), "***") == 0
               ? "what stands here is not shown; e on the reason edits it unseen"
               : NULL;
}

static bool request(struct view *view, enum request request)
{
    bool done = request == REQUEST_EDIT ? edit(view) : grid_request(&view->grid, request);
    follow(view);
    return done;
}

static bool go(struct view *view, int64_t number)
{
    grid_go(&view->grid, number > 0 ? (size_t)number - 1 : 0);
    follow(view);
    return true;
}

const struct view_type view_original = {
    .name = "File",
    .help = "the file itself, as it is read without its contract",
    .requests = REQUESTS_SCROLL | REQUESTS_FIND | REQUEST_BIT(REQUEST_FILTER) | REQUEST_BIT(REQUEST_COPY) |
                REQUEST_BIT(REQUEST_WRITE) | REQUEST_BIT(REQUEST_EDIT),
    .size = sizeof(struct original),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .refused = refused,
    .draw = draw,
    .disabled = disabled,
    .request = request,
    .go = go,
};
