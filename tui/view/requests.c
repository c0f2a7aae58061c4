/* What was asked for: what waits for approval, what runs, what became of the rest. */
#include "tui/view/acts.h"
#include "tui/view/progress.h"

#include <string.h>

enum { PAGE = 200 };

static const struct grid_column columns[] = {
    {"REQUEST", "request", CELL_TEXT, 8, 8, false},
    {"STATE", "state", CELL_TEXT, 9, 12, false},
    {"ACTION", "action", CELL_TEXT, 7, 9, false},
    {"DATASET", "dataset", CELL_TEXT, 8, 24, false},
    {"FILES", "files", CELL_NUMBER, 5, 0, false},
    {"LOADED", "loaded", CELL_NUMBER, 6, 0, false},
    {"BY", "requested_by", CELL_TEXT, 6, 16, false},
    {"AT", "requested_at", CELL_TEXT, 8, 11, false},
    {"REASON", "reason", CELL_TEXT, 10, 200, true},
};
enum { COLUMN_REQUEST, COLUMN_STATE, COLUMN_AT = 7 };

static enum role state_role(const char *state)
{
    static const struct {
        const char *state;
        enum role role;
    } roles[] = {{"requested", ROLE_WARN}, {"approved", ROLE_ACCENT}, {"running", ROLE_ACCENT}, {"done", ROLE_GOOD},
        {"failed", ROLE_BAD}, {"void", ROLE_BAD}};
    for (size_t i = 0; state && i < sizeof roles / sizeof *roles; i++)
        if (strcmp(state, roles[i].state) == 0)
            return roles[i].role;
    return ROLE_DIM;
}

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    (void)context;
    if (column == COLUMN_REQUEST) {
        view_short_id(cell->text, value);
        cell->style = ROLE_ACCENT;
    } else if (column == COLUMN_AT) {
        view_time(cell->text, value);
        cell->style = ROLE_DIM;
    } else if (column == COLUMN_STATE) {
        progress_state(cell->text, item);
        cell->style = state_role(json_string_value(value));
    } else {
        grid_value(cell->text, columns[column].kind, value);
        cell->style = ROLE_TEXT;
    }
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.key = "request";
}

static void load(struct view *view)
{
    view_ask_all(view, 0, "requests", json_pack("{s:i}", "limit", PAGE));
}

/* The first time the cursor goes to what waits. */
static void answer(struct view *view, int tag, json_t *result)
{
    json_t *items = json_object_get(result, "items");
    bool first = !view->loaded;
    (void)tag;
    view_keep(view, result);
    grid_set(&view->grid, items, 0, json_array_size(items));
    for (size_t i = 0; first && i < json_array_size(items); i++) {
        const char *state = json_string_value(json_object_get(json_array_get(items, i), "state"));
        if (state && strcmp(state, "requested") == 0) {
            grid_go(&view->grid, i);
            break;
        }
    }
}

/* The one under the cursor: why, by whom it was decided, and what became of its files. */
static void draw_detail(const json_t *item, struct canvas *canvas, int y, int height)
{
    const json_t *files = json_object_get(item, "details"), *file;
    int x = 1, width = canvas->columns - 2, end = y + height;
    size_t i;
    canvas_line(canvas, y, 0, canvas->columns);
    canvas_cstr(canvas, y++, 2, 30, ROLE_HEAD, " This request ");
    view_fact(canvas, y++, x, width, "because ", CELL_TEXT, json_object_get(item, "reason"));
    y += view_fact(canvas, y, x, width, "decided by ", CELL_TEXT, json_object_get(item, "decided_by"));
    y += view_fact(canvas, y, x, width, "message ", CELL_TEXT, json_object_get(item, "message"));
    y = progress_draw(item, canvas, y, x);
    json_array_foreach(files, i, file)
    {
        const char *outcome = json_string_value(json_object_get(file, "outcome"));
        struct buf rows;
        if (y >= end)
            break;
        buf_init(&rows, 64);
        if (json_is_integer(json_object_get(file, "rows"))) {
            view_number(&rows, json_integer_value(json_object_get(file, "rows")));
            buf_add_cstr(&rows, " rows");
        }
        int used = canvas_cstr(canvas, y, x, 12, outcome && strcmp(outcome, "loaded") == 0 ? ROLE_GOOD : ROLE_DIM,
            outcome ? outcome : "waits");
        used = used < 12 ? 12 : used;
        canvas_text(canvas, y, x + used + 1, 14, ROLE_TEXT, buf_str(&rows));
        canvas_cstr(canvas, y++, x + used + 16, width - used - 16, ROLE_DIM,
            view_base_name(json_string_value(json_object_get(file, "file"))));
        buf_dispose(&rows);
    }
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    enum { DETAIL = 8 };
    const json_t *item = grid_item(&view->grid);
    int list = item && height > 2 * DETAIL ? height - DETAIL : height;
    if (view->loaded && !grid_lines(&view->grid))
        canvas_cstr(canvas, y + 1, 1, canvas->columns - 2, ROLE_DIM,
            view->grid.filter.n ? "No request matches the filter." : "Nobody has asked for anything.");
    grid_draw(&view->grid, canvas, y, 1, list, canvas->columns - 2);
    if (list < height)
        draw_detail(item, canvas, y + list, height - list);
}

static bool request(struct view *view, enum request request)
{
    const json_t *item = grid_item(&view->grid);
    if (REQUEST_BIT(request) & ACTS_ON_REQUEST)
        return acts_on_request(view, item, request);
    if (request == REQUEST_ENTER && item) {
        struct buf id;
        buf_init(&id, 64);
        view_short_id(&id, json_object_get(item, "request"));
        view_open(view, &view_request,
            json_pack("{s:O*, s:s}", "request", json_object_get(item, "request"), "title", id.p ? id.p : ""));
        buf_dispose(&id);
        return true;
    }
    return request == REQUEST_ENTER || grid_request(&view->grid, request);
}

const struct view_type view_requests = {
    .name = "Requests",
    .help = "what waits for approval, what runs, and what became of it",
    .fleet = true,
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER) | ACTS_ON_REQUEST,
    .init = init,
    .load = load,
    .answer = answer,
    .draw = draw,
    .request = request,
};
