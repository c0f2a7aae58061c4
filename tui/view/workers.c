/* Who works on what in this lake, and until when it may. */
#include "tui/view/view.h"

#include <string.h>

enum { PAGE = 200 };

static const struct grid_column columns[] = {
    {"WORKER", "worker", CELL_TEXT, 8, 24, true},
    {"STATE", "state", CELL_TEXT, 10, 10, false},
    {"STAGE", "stage", CELL_TEXT, 10, 10, false},
    {"SINCE", "since", CELL_TEXT, 8, 11, false},
    {"LEASE UNTIL", "lease_until", CELL_TEXT, 11, 11, false},
    {"ON", "subject", CELL_KEY, 16, 300, false},
};
enum { COLUMN_STATE = 1, COLUMN_SINCE = 3, COLUMN_LEASE, COLUMN_ON };

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    (void)context;
    if (column == COLUMN_ON && !json_is_string(json_object_get(item, "stage"))) {
        buf_add_cstr(cell->text, "last seen ");
        view_time(cell->text, json_object_get(item, "seen_at"));
        cell->style = ROLE_DIM;
        return;
    }
    if (column == COLUMN_SINCE || column == COLUMN_LEASE) {
        view_time(cell->text, value);
        cell->style = ROLE_DIM;
        return;
    }
    grid_value(cell->text, columns[column].kind, value);
    cell->style = column != COLUMN_STATE                 ? ROLE_TEXT
                  : view_is(item, "state", "alive")      ? ROLE_GOOD
                  : view_is(item, "state", "lease over") ? ROLE_BAD
                  : view_is(item, "state", "gone")       ? ROLE_BAD
                                                         : ROLE_DIM;
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
}

static void load(struct view *view)
{
    view_ask_all(view, 0, "workers", json_pack("{s:i}", "limit", PAGE));
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    grid_draw(&view->grid, canvas, y, 1, height, canvas->columns - 2);
    if (view->loaded && !grid_lines(&view->grid))
        canvas_cstr(canvas, y + 1, 1, canvas->columns - 2, ROLE_DIM,
            view->grid.filter.n ? "No worker matches the filter." : "No worker has held a file within the last day.");
}

static bool request(struct view *view, enum request request)
{
    const json_t *run = json_object_get(grid_item(&view->grid), "run");
    if (request != REQUEST_ENTER)
        return grid_request(&view->grid, request);
    if (json_is_string(run))
        view_open(view, &view_run, json_pack("{s:O, s:O}", "run", run, "title", run));
    return true;
}

const struct view_type view_workers = {
    .name = "Workers",
    .help = "who works on what, and whose lease is over",
    .fleet = true,
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER),
    .init = init,
    .load = load,
    .answer = view_answer_items,
    .draw = draw,
    .request = request,
};
