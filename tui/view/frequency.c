/* How often each value stands in a column of the failing rows. */
#include "tui/view/view.h"

static const struct grid_column columns[] = {
    {"VALUE", "value", CELL_TEXT, 12, 48, true},
    {"ROWS", "rows", CELL_NUMBER, 8, 0, false},
    {"", "bar", CELL_TEXT, 24, 24, false},
};

enum { COLUMN_VALUE, COLUMN_ROWS, COLUMN_BAR };

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const struct view *view = context;
    const json_t *value = json_object_get(item, columns[column].key);
    if (column == COLUMN_BAR) {
        cell->part = view_field(item, "rows");
        cell->whole = view_field(json_array_get(view->grid.items, 0), "rows");
        cell->style = ROLE_ACCENT;
    } else if (column == COLUMN_VALUE && !json_string_length(value)) {
        buf_add_cstr(cell->text, "(empty)");
        cell->style = ROLE_DIM;
    } else
        grid_value(cell->text, columns[column].kind, value);
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.context = view;
}

static void load(struct view *view)
{
    view_ask(view, 0, "frequency",
        json_pack("{s:s, s:O*, s:O*, s:O*}", "run", view_argument(view, "run"), "cause",
            json_object_get(view->arguments, "cause"), "stage", json_object_get(view->arguments, "stage"), "column",
            json_object_get(view->arguments, "column")));
}

static void answer(struct view *view, int tag, json_t *result)
{
    json_t *items = json_object_get(result, "items");
    (void)tag;
    view_keep(view, result);
    grid_set(&view->grid, items, 0, json_array_size(items));
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    struct buf text;
    buf_init(&text, 1024);
    if (view->loaded) {
        view_number(&text, (json_int_t)json_array_size(json_object_get(view->result, "items")));
        buf_add_cstr(
            &text, json_array_size(json_object_get(view->result, "items")) == 1 ? " value in " : " values in ");
        view_number(&text, (json_int_t)view_field(view->result, "counted"));
        buf_add_cstr(&text, " rows");
        if (view_field(view->result, "counted") < view_field(view->result, "total")) {
            buf_add_cstr(&text, ", the first of ");
            view_number(&text, (json_int_t)view_field(view->result, "total"));
        }
    } else
        buf_add_cstr(&text, "counting");
    canvas_text(canvas, y, 1, canvas->columns - 2, ROLE_DIM, buf_str(&text));
    buf_dispose(&text);
    grid_draw(&view->grid, canvas, y + 2, 1, height - 2, canvas->columns - 2);
}

/* The rows beneath show those that hold it. */
static bool drill(struct view *view)
{
    const json_t *value = json_object_get(grid_item(&view->grid), "value");
    if (!json_string_length(value))
        view_flash(view, ROLE_DIM, "a filter looks for a text: there is none in this cell");
    else
        view->host->filter(view->host->context, view, json_string_value(value));
    return true;
}

static bool request(struct view *view, enum request request)
{
    return request == REQUEST_ENTER ? drill(view) : grid_request(&view->grid, request);
}

const struct view_type view_frequency = {
    .name = "Frequencies",
    .help = "how often each value stands in a column of the failing rows",
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER),
    .init = init,
    .load = load,
    .answer = answer,
    .draw = draw,
    .request = request,
};
