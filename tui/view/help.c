/* Help, made from the live keymap: what works on the screen below stands first. */
#include "tui/view/view.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct grid_column columns[] = {
    {"KEY", "key", CELL_TEXT, 10, 12, false},
    {"WHAT IT DOES", "help", CELL_TEXT, 30, 80, true},
    {"WHERE", "where", CELL_TEXT, 10, 24, false},
};

struct help {
    json_t *lines;
};

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    (void)context;
    grid_value(cell->text, CELL_TEXT, json_object_get(item, columns[column].key));
    bool here = json_is_true(json_object_get(item, "here"));
    cell->style = !here ? ROLE_DIM : column == 0 ? ROLE_ACCENT : ROLE_TEXT;
}

static void add(struct help *help, const struct keymap_row *row, uint64_t here, uint64_t always, const char *screen,
    const char *disabled)
{
    uint64_t bit = REQUEST_BIT(row->request);
    json_t *text = disabled ? json_sprintf("disabled because %s", disabled) : json_string(row->help);
    here = disabled ? 0 : here;
    json_array_append_new(help->lines, json_pack("{s:s, s:o, s:s, s:b}", "key", row->name, "help", text, "where",
                                           disabled       ? screen
                                           : bit & always ? "everywhere"
                                           : bit & here   ? screen
                                                          : "not on this screen",
                                           "here", (bit & (here | always)) != 0));
}

static void init(struct view *view)
{
    struct help *help = view->state;
    const char *of = view_argument(view, "of");
    size_t count, type_count;
    const struct keymap_row *rows = keymap_rows(&count);
    const struct view_type *const *types = view_types(&type_count);
    uint64_t here = 0;
    for (size_t i = 0; i < type_count; i++)
        if (of && strcmp(types[i]->name, of) == 0)
            here = types[i]->requests;
    help->lines = json_array();
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count; i++) {
            bool works = REQUEST_BIT(rows[i].request) & (here | REQUESTS_ALWAYS);
            if (works == (pass == 0))
                add(help, &rows[i], here, REQUESTS_ALWAYS, of ? of : "",
                    json_string_value(json_object_get(json_object_get(view->arguments, "disabled"), rows[i].name)));
        }
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    grid_set(&view->grid, help->lines, 0, json_array_size(help->lines));
    view->loaded = true;
}

static void dispose(struct view *view)
{
    struct help *help = view->state;
    json_decref(help->lines);
}

static void load(struct view *view)
{
    (void)view;
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    grid_draw(&view->grid, canvas, y, 1, height, canvas->columns - 2);
}

static bool request(struct view *view, enum request request)
{
    return grid_request(&view->grid, request);
}

const struct view_type view_help = {
    .name = "Help",
    .help = "every key",
    .requests = REQUESTS_LIST & ~(REQUEST_BIT(REQUEST_SORT) | REQUEST_BIT(REQUEST_REVERSE)),
    .size = sizeof(struct help),
    .init = init,
    .dispose = dispose,
    .load = load,
    .draw = draw,
    .request = request,
};
