/* What was rejected, by cause: whole files under System, rows under Data quality. */
#include "tui/view/view.h"

enum { TAB_SYSTEM, TAB_ROWS, TABS };

static const struct grid_column system_columns[] = {
    {"CODE", "code", CELL_TEXT, 12, 24, false},
    {"FILES", "files", CELL_NUMBER, 5, 0, false},
    {"DATASET", "dataset", CELL_TEXT, 10, 24, false},
    {"STAGE", "stage", CELL_TEXT, 8, 10, false},
    {"COLUMN", "column", CELL_TEXT, 6, 20, false},
    {"LAST RUN", "last_run", CELL_TEXT, 8, 8, false},
};

static const struct grid_column row_columns[] = {
    {"CODE", "code", CELL_TEXT, 12, 20, false},
    {"ROWS", "rows", CELL_NUMBER, 6, 0, false},
    {"ONLY", "only", CELL_NUMBER, 5, 0, false},
    {"COLUMN OR RULE", "column", CELL_TEXT, 14, 24, false},
    {"SAMPLES", "samples", CELL_LIST, 10, 60, true},
    {"DATASET", "dataset", CELL_TEXT, 7, 18, false},
    {"FILES", "files", CELL_NUMBER, 5, 0, false},
    {"SHAPE", "shape", CELL_TEXT, 5, 20, false},
    {"STAGE", "stage", CELL_TEXT, 5, 10, false},
};

struct rejects {
    json_t *of[TABS];
};

static const struct grid_column *columns_of(const struct view *view, size_t *count)
{
    *count = view->tab == TAB_SYSTEM ? sizeof system_columns / sizeof *system_columns
                                     : sizeof row_columns / sizeof *row_columns;
    return view->tab == TAB_SYSTEM ? system_columns : row_columns;
}

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const struct view *view = context;
    size_t count;
    const struct grid_column *columns = columns_of(view, &count);
    const char *key = columns[column].key;
    const json_t *value = json_object_get(item, key);
    if (strcmp(key, "column") == 0 && !json_string_length(value))
        value = json_object_get(item, "rule");
    if (strcmp(key, "last_run") == 0)
        view_short_id(cell->text, value);
    else
        grid_value(cell->text, columns[column].kind, value);
    cell->style = column == 0                   ? ROLE_TITLE
                  : column == 1                 ? (view->tab == TAB_SYSTEM ? ROLE_BAD : ROLE_WARN)
                  : strcmp(key, "samples") == 0 ? ROLE_TEXT
                  : strcmp(key, "column") == 0  ? ROLE_TEXT
                                                : ROLE_DIM;
}

static void show_tab(struct view *view)
{
    struct rejects *rejects = view->state;
    size_t count;
    const struct grid_column *columns = columns_of(view, &count);
    grid_set_columns(&view->grid, columns, count, 1);
    grid_set(&view->grid, rejects->of[view->tab], 0, json_array_size(rejects->of[view->tab]));
}

static void init(struct view *view)
{
    struct rejects *rejects = view->state;
    grid_init(&view->grid, system_columns, sizeof system_columns / sizeof *system_columns, 1);
    view->grid.cell = fill_cell;
    view->grid.context = view;
    for (int i = 0; i < TABS; i++)
        rejects->of[i] = json_array();
}

static void dispose(struct view *view)
{
    struct rejects *rejects = view->state;
    for (int i = 0; i < TABS; i++)
        json_decref(rejects->of[i]);
}

static void load(struct view *view)
{
    view_ask(view, 0, "causes", json_pack("{s:s*}", "dataset", view_argument(view, "dataset")));
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct rejects *rejects = view->state;
    const json_t *items = json_object_get(result, "items");
    (void)tag;
    bool first = !view->loaded;
    view_keep(view, result);
    for (int i = 0; i < TABS; i++)
        json_array_clear(rejects->of[i]);
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        const char *kind = json_string_value(json_object_get(item, "kind"));
        json_array_append(rejects->of[kind && strcmp(kind, "system") == 0 ? TAB_SYSTEM : TAB_ROWS], item);
    }
    if (first && !json_array_size(rejects->of[TAB_SYSTEM]))
        view->tab = TAB_ROWS;
    show_tab(view);
}

static void draw_tabs(const struct view *view, struct canvas *canvas, int y)
{
    static const char *const names[TABS] = {"System", "Data quality"}, *const units[TABS] = {"files", "rows"};
    const struct rejects *rejects = view->state;
    int x = 1;
    for (int i = 0; i < TABS; i++) {
        double sum = 0;
        struct buf text;
        buf_init(&text, 256);
        for (size_t n = 0; n < json_array_size(rejects->of[i]); n++)
            sum += view_field(json_array_get(rejects->of[i], n), units[i]);
        buf_printf(&text, " %s  ", names[i]);
        view_number(&text, (json_int_t)sum);
        buf_printf(&text, " %s ", units[i]);
        x += canvas_text(canvas, y, x, 40, i == view->tab ? ROLE_ACCENT | MARK_REVERSE : ROLE_DIM, buf_str(&text)) + 2;
        buf_dispose(&text);
    }
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    static const char *const nothing[TABS] = {"No file was rejected as a whole.", "No row was rejected."};
    draw_tabs(view, canvas, y);
    if (view->loaded && !grid_lines(&view->grid))
        canvas_cstr(canvas, y + 3, 1, canvas->columns - 2, ROLE_GOOD,
            view->grid.filter.n ? "No cause matches the filter." : nothing[view->tab]);
    grid_draw(&view->grid, canvas, y + 2, 1, height - 2, canvas->columns - 2);
}

static bool enter(struct view *view)
{
    const json_t *item = grid_item(&view->grid);
    if (!item)
        return true;
    json_t *run = json_object_get(item, "last_run"), *code = json_object_get(item, "code");
    bool several = view_field(item, "files") > 1;
    if (several)
        view_flash(view, ROLE_WARN, "this cause has several files; what opens is of the latest run");
    if (view->tab == TAB_SYSTEM)
        view_open(view, &view_reason,
            json_pack("{s:O, s:O, s:O*, s:O*}", "run", run, "title", code, "cause",
                several ? json_object_get(item, "cause") : NULL, "files",
                several ? json_object_get(item, "files") : NULL));
    else
        view_open(view, &view_rows,
            json_pack("{s:O, s:O, s:O}", "run", run, "cause", json_object_get(item, "cause"), "title", code));
    return true;
}

static bool request(struct view *view, enum request request)
{
    if (request == REQUEST_TAB) {
        view->tab = (view->tab + 1) % TABS;
        view->grid.sort = -1;
        show_tab(view);
        return true;
    }
    return request == REQUEST_ENTER ? enter(view) : grid_request(&view->grid, request);
}

const struct view_type view_rejects = {
    .name = "Rejects",
    .help = "what was rejected, by cause: whole files, and rows",
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER) | REQUEST_BIT(REQUEST_TAB),
    .size = sizeof(struct rejects),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .draw = draw,
    .request = request,
};
