/* The targets of a fleet: who one is there, whether it is reached, and what it has. */
#include "tui/view/view.h"

#include <stdlib.h>

static const struct grid_column columns[] = {
    {"TARGET", "target", CELL_TEXT, 8, 20, false},
    {"LINK", "lost", CELL_TEXT, 10, 14, false},
    {"ENVIRONMENT", "environment", CELL_TEXT, 6, 14, false},
    {"ROLE", "role", CELL_TEXT, 6, 9, false},
    {"WAIT", "waiting", CELL_NUMBER, 4, 0, false},
    {"BAD", "quarantined", CELL_NUMBER, 3, 0, false},
    {"OPEN", "open_rows", CELL_NUMBER, 4, 0, false},
    {"VERSION", "version", CELL_TEXT, 7, 12, false},
    {"WHO", "operator", CELL_TEXT, 4, 16, false},
    {"LAKE", "lake", CELL_TEXT, 8, 60, true},
};

enum { COLUMN_TARGET, COLUMN_LINK, COLUMN_ENVIRONMENT, COLUMN_WAIT = 4, COLUMN_OPEN = 6 };

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    (void)context;
    if (column == COLUMN_LINK) {
        bool live = json_is_true(json_object_get(item, "live")), silent = json_is_true(json_object_get(item, "silent"));
        if (json_is_integer(value))
            buf_printf(cell->text, "lost %lld s ago", (long long)json_integer_value(value));
        else
            buf_add_cstr(cell->text, silent ? "lake away" : live ? "here" : "connecting");
        cell->style = json_is_integer(value) || silent ? ROLE_BAD : live ? ROLE_GOOD : ROLE_WARN;
        return;
    }
    grid_value(cell->text, columns[column].kind, value);
    bool counts = column >= COLUMN_WAIT && column <= COLUMN_OPEN && json_integer_value(value) > 0;
    cell->style = column == COLUMN_TARGET ? ROLE_TITLE : counts ? ROLE_WARN : ROLE_DIM;
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.key = "target";
}

static void load(struct view *view)
{
    view_ask_all(view, 0, "overview", NULL);
}

static void answer(struct view *view, int tag, json_t *result)
{
    (void)tag;
    view_keep(view, result);
}

static json_int_t sum_of(const struct view *view, const char *target, const char *key)
{
    const json_t *datasets = json_object_get(view->result, "datasets"), *item;
    json_int_t sum = 0;
    size_t i;
    json_array_foreach(datasets, i, item)
    {
        if (!view_is_of_all(view) || view_is(item, "target", target))
            sum += json_integer_value(json_object_get(item, key));
    }
    return sum;
}

static void describe(const struct view *view, json_t *item)
{
    static const char *const said[] = {"role", "operator", "version", "lake"};
    static const char *const counts[] = {"waiting", "quarantined", "open_rows"};
    const json_t *hello = json_object_get(item, "hello");
    const char *target = json_string_value(json_object_get(item, "target"));
    json_t *name = json_object_get(json_object_get(hello, "environment"), "name");
    if (name)
        json_object_set(item, "environment", name);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (json_object_get(hello, said[i]))
            json_object_set(item, said[i], json_object_get(hello, said[i]));
    for (size_t i = 0; view->loaded && i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(item, counts[i], json_integer(sum_of(view, target, counts[i])));
}

/* The links' ages count, so they are asked for with every repaint. */
static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    json_t *items = view->host->targets ? view->host->targets(view->host->context) : json_array(), *item;
    size_t i;
    json_array_foreach(items, i, item) describe(view, item);
    view->grid.targets = NULL; /* it has a column of its own for that */
    grid_set(&view->grid, items, 0, json_array_size(items));
    grid_draw(&view->grid, canvas, y, 1, height, canvas->columns - 2);
    json_decref(items);
}

static bool request(struct view *view, enum request request)
{
    json_t *target = json_object_get(grid_item(&view->grid), "target");
    if (request != REQUEST_ENTER)
        return grid_request(&view->grid, request);
    if (view_is_of_all(view) && target)
        view_open(view, &view_overview, json_pack("{s:O, s:O}", "target", target, "title", target));
    else
        view_open(view, &view_overview, json_object());
    return true;
}

const struct view_type view_targets = {
    .name = "Targets",
    .help = "the targets, whether each is reached, and what it has",
    .fleet = true,
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER),
    .init = init,
    .load = load,
    .answer = answer,
    .draw = draw,
    .request = request,
};
