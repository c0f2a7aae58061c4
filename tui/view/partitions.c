/* A dataset by partition: what was processed, what became of it in gold; above it, whether the whole adds up. */
#include "tui/view/view.h"

enum { SUM_LINES = 4 };

static const struct grid_column columns[] = {
    {"PARTITION", "partition", CELL_TEXT, 12, 40, true},
    {"PROCESSED", "processed", CELL_NUMBER, 9, 0, false},
    {"GOLD", "gold", CELL_NUMBER, 6, 0, false},
    {"PENDING", "pending", CELL_NUMBER, 7, 0, false},
    {"DUPL.", "gold_duplicates", CELL_NUMBER, 5, 0, false},
    {"DELETED", "deleted", CELL_NUMBER, 7, 0, false},
    {"SUPERSEDED", "superseded", CELL_NUMBER, 10, 0, false},
    {"DIFFERENCE", "difference", CELL_NUMBER, 10, 0, false},
};
enum { COLUMN_PARTITION, COLUMN_PROCESSED, COLUMN_GOLD, COLUMN_PENDING, COLUMN_DIFFERENCE = 7 };

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    bool any = json_integer_value(value) != 0;
    (void)context;
    grid_value(cell->text, columns[column].kind, value);
    cell->style = column == COLUMN_PARTITION           ? ROLE_TITLE
                  : column == COLUMN_DIFFERENCE && any ? ROLE_BAD
                  : column == COLUMN_PENDING && any    ? ROLE_WARN
                  : column <= COLUMN_GOLD              ? ROLE_TEXT
                                                       : ROLE_DIM;
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.key = "partition";
}

static void load(struct view *view)
{
    view_ask(view, 0, "balance", json_pack("{s:s*}", "dataset", view_argument(view, "dataset")));
}

/* "delivered 10,406 = gold 9,800 + open 22 + …": every row once, at its last state. */
static void draw_sum(const struct view *view, struct canvas *canvas, int y)
{
    static const char *const keys[] = {"gold", "pending", "duplicates", "gold_duplicates", "filtered", "deleted",
        "superseded", "open", "requested", "returned", "discarded", "withdrawn"};
    static const char *const words[] = {"gold", "not in gold yet", "duplicates in files", "duplicates in gold",
        "filtered", "deleted", "superseded", "open", "requested", "returned", "discarded", "withdrawn"};
    const json_t *total = json_object_get(view->result, "total");
    json_int_t difference = json_integer_value(json_object_get(total, "difference"));
    struct buf text;
    buf_init(&text, 1024);
    view_number(&text, json_integer_value(json_object_get(total, "delivered")));
    buf_add_cstr(&text, " rows delivered");
    const char *sign = " =";
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_int_t rows = json_integer_value(json_object_get(total, keys[i]));
        if (!rows && i)
            continue;
        buf_printf(&text, "%s ", sign);
        view_number(&text, rows);
        buf_printf(&text, " %s", words[i]);
        sign = " +";
    }
    int used = view_wrapped(canvas, y, 1, canvas->columns - 2, SUM_LINES - 2, ROLE_TEXT, text.p ? text.p : "");
    buf_reset(&text);
    view_number(&text, difference);
    canvas_printf(canvas, y + used, 1, canvas->columns - 2, difference ? ROLE_BAD : ROLE_GOOD,
        difference ? "%s rows are not accounted for" : "every row is accounted for, once", text.p);
    buf_dispose(&text);
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    if (!view->loaded)
        return;
    draw_sum(view, canvas, y);
    if (!grid_lines(&view->grid))
        canvas_cstr(canvas, y + SUM_LINES + 1, 1, canvas->columns - 2, ROLE_DIM,
            view->grid.filter.n ? "No partition matches the filter." : "No partition yet.");
    grid_draw(&view->grid, canvas, y + SUM_LINES, 1, height - SUM_LINES, canvas->columns - 2);
}

/* Runs are of files, which may hold several partitions. */
static bool request(struct view *view, enum request request)
{
    if (request != REQUEST_ENTER)
        return grid_request(&view->grid, request);
    const char *dataset = view_argument(view, "dataset");
    view_open(view, &view_runs, json_pack("{s:s*, s:s*}", "dataset", dataset, "title", dataset));
    return true;
}

const struct view_type view_partitions = {
    .name = "Partitions",
    .help = "a dataset by partition, and whether it adds up",
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER),
    .init = init,
    .load = load,
    .answer = view_answer_items,
    .draw = draw,
    .request = request,
};
