/* Who was told of what: alerts that are not over first; below, each message of the one under the cursor. */
#include "tui/view/view.h"

#include <string.h>

enum { PAGE = 200 };

static const struct grid_column columns[] = {
    {"NO", "alert", CELL_NUMBER, 3, 0, false},
    {"STATE", "state", CELL_TEXT, 8, 8, false},
    {"TOLD", "told", CELL_TEXT, 8, 8, false},
    {"SINCE", "opened_at", CELL_TEXT, 8, 11, false},
    {"FILES", "files", CELL_NUMBER, 5, 0, false},
    {"ROWS", "rows", CELL_NUMBER, 4, 0, false},
    {"WHAT", "title", CELL_TEXT, 24, 300, true},
    {"SEVERITY", "severity", CELL_TEXT, 8, 8, false},
};
enum { COLUMN_STATE = 1, COLUMN_TOLD, COLUMN_SINCE, COLUMN_SEVERITY = 7 };

static enum role role_of(const char *word)
{
    static const struct {
        const char *word;
        enum role role;
    } roles[] = {{"open", ROLE_WARN}, {"resolved", ROLE_DIM}, {"not sent", ROLE_BAD}, {"failed", ROLE_BAD},
        {"retrying", ROLE_WARN}, {"sent", ROLE_GOOD}, {"critical", ROLE_BAD}, {"error", ROLE_BAD},
        {"warning", ROLE_WARN}};
    for (size_t i = 0; word && i < sizeof roles / sizeof *roles; i++)
        if (strcmp(word, roles[i].word) == 0)
            return roles[i].role;
    return ROLE_DIM;
}

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    (void)context;
    if (column == COLUMN_SINCE) {
        view_time(cell->text, value);
        cell->style = ROLE_DIM;
        return;
    }
    grid_value(cell->text, columns[column].kind, value);
    bool coloured = column == COLUMN_STATE || column == COLUMN_TOLD || column == COLUMN_SEVERITY;
    cell->style = coloured ? role_of(json_string_value(value)) : ROLE_TEXT;
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
}

static void load(struct view *view)
{
    view_ask_all(view, 0, "alerts", json_pack("{s:i}", "limit", PAGE));
}

static void draw_message(const json_t *message, struct canvas *canvas, int y, int x, int width)
{
    const char *state = json_string_value(json_object_get(message, "state"));
    const json_t *at =
        json_object_get(message, json_is_string(json_object_get(message, "sent_at")) ? "sent_at" : "due_at");
    const char *error = json_string_value(json_object_get(message, "error"));
    struct buf text;
    buf_init(&text, 4096);
    canvas_cstr(canvas, y, x, 11, ROLE_TEXT, json_string_value(json_object_get(message, "channel")));
    canvas_cstr(canvas, y, x + 12, 8, ROLE_DIM, json_string_value(json_object_get(message, "event")));
    canvas_cstr(canvas, y, x + 21, 7, role_of(state), state);
    view_time(&text, at);
    if (error)
        buf_printf(
            &text, "  attempt %lld: %s", (long long)json_integer_value(json_object_get(message, "attempts")), error);
    canvas_text(canvas, y, x + 29, width - 29, ROLE_DIM, buf_str(&text));
    buf_dispose(&text);
}

static void draw_detail(const json_t *item, struct canvas *canvas, int y, int height)
{
    const json_t *messages = json_object_get(item, "messages"), *message;
    const char *sample = json_string_value(json_object_get(item, "sample"));
    int x = 1, width = canvas->columns - 2, end = y + height;
    size_t i;
    canvas_line(canvas, y, 0, canvas->columns);
    canvas_cstr(canvas, y++, 2, 30, ROLE_HEAD, " This alert ");
    y += view_wrapped(canvas, y, x, width, 2, ROLE_TEXT, json_string_value(json_object_get(item, "title")));
    if (sample && *sample)
        view_fact(canvas, y++, x, width, "for example ", CELL_TEXT, json_object_get(item, "sample"));
    if (!json_array_size(messages) && y < end)
        canvas_cstr(canvas, y, x, width, ROLE_DIM, "no channel is told of it");
    json_array_foreach(messages, i, message)
    {
        if (y >= end)
            break;
        draw_message(message, canvas, y++, x, width);
    }
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    enum { DETAIL = 8 };
    const json_t *item = grid_item(&view->grid);
    int list = item && height > 2 * DETAIL ? height - DETAIL : height;
    if (view->loaded && !grid_lines(&view->grid))
        canvas_cstr(canvas, y + 1, 1, canvas->columns - 2, ROLE_DIM,
            view->grid.filter.n ? "No alert matches the filter."
                                : "No alerts. The section alerts: of the worker's sluice.yaml says who is told.");
    grid_draw(&view->grid, canvas, y, 1, list, canvas->columns - 2);
    if (list < height)
        draw_detail(item, canvas, y + list, height - list);
}

static bool request(struct view *view, enum request request)
{
    const json_t *item = grid_item(&view->grid);
    const char *run = json_string_value(json_object_get(item, "run"));
    if (request != REQUEST_ENTER)
        return grid_request(&view->grid, request);
    if (run)
        view_open(view,
            json_is_true(json_object_get(item, "whole_file")) || json_integer_value(json_object_get(item, "whole_file"))
                ? &view_reason
                : &view_rows,
            json_pack("{s:s, s:s}", "run", run, "title", run));
    else if (item && view_is(item, "kind", "request"))
        view_open(view, &view_request,
            json_pack(
                "{s:O, s:O}", "request", json_object_get(item, "subject"), "title", json_object_get(item, "subject")));
    else if (item)
        view_open(view, &view_overview, json_object());
    return true;
}

const struct view_type view_alerts = {
    .name = "Alerts",
    .help = "who was told of what, and what could not be sent",
    .fleet = true,
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER),
    .init = init,
    .load = load,
    .answer = view_answer_items,
    .draw = draw,
    .request = request,
};
