/* One request, with all that whoever approves it wants to know: what it changes, for which files, and what came of it.
 */
#include "tui/view/acts.h"
#include "tui/view/progress.h"

#include <stdlib.h>
#include <string.h>

enum { FACT_LINES = 12, MOST_TEXT = 64 * 1024 };

static const struct grid_column columns[] = {
    {"OUTCOME", "outcome", CELL_TEXT, 8, 12, false},
    {"ROWS", "rows", CELL_NUMBER, 6, 0, false},
    {"FILE", "file", CELL_TEXT, 12, 60, true},
    {"MESSAGE", "message", CELL_TEXT, 10, 200, false},
};
enum { COLUMN_OUTCOME, COLUMN_ROWS, COLUMN_FILE };

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    const char *text = json_string_value(value);
    (void)context;
    if (column == COLUMN_FILE)
        buf_add_cstr(cell->text, view_base_name(text));
    else if (column == COLUMN_OUTCOME && !text)
        buf_add_cstr(cell->text, "waits");
    else
        grid_value(cell->text, columns[column].kind, value);
    if (column == COLUMN_OUTCOME)
        cell->style = !text ? ROLE_WARN : strcmp(text, "loaded") == 0 ? ROLE_GOOD : ROLE_DIM;
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
}

static void load(struct view *view)
{
    view_ask(view, 0, "requests", json_pack("{s:s?}", "request", view_argument(view, "request")));
}

static void answer(struct view *view, int tag, json_t *result)
{
    json_t *item = json_array_get(json_object_get(result, "items"), 0), *files = json_object_get(item, "details");
    (void)tag;
    if (!item)
        return;
    view_keep(view, item);
    grid_set(&view->grid, files, 0, json_array_size(files));
}

/* "bo, 03:12:44": who, and when. */
static void add_who(struct buf *out, const json_t *item, const char *who, const char *when)
{
    grid_value(out, CELL_TEXT, json_object_get(item, who));
    if (out->n)
        buf_add_cstr(out, ", ");
    view_time(out, json_object_get(item, when));
}

static int draw_words(struct canvas *canvas, int y, const char *label, struct buf *words)
{
    enum { LABEL = 12 };
    bool any = words->n;
    if (any) {
        canvas_cstr(canvas, y, 1, LABEL - 1, ROLE_DIM, label);
        canvas_text(canvas, y, LABEL + 1, canvas->columns - LABEL - 2, ROLE_TEXT, buf_str(words));
    }
    buf_reset(words);
    return y + any;
}

static void add_number(struct buf *out, const json_t *item, const char *key, const char *word)
{
    const json_t *value = json_object_get(item, key);
    if (!json_is_integer(value))
        return;
    buf_add_cstr(out, out->n ? ", " : "");
    view_number(out, json_integer_value(value));
    buf_printf(out, " %s", word);
}

static void draw_facts(const struct view *view, const json_t *item, struct canvas *canvas, int y)
{
    static const char *const states[] = {"action", "state", "dataset", "rules"};
    struct buf words;
    buf_init(&words, MOST_TEXT);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        buf_add_cstr(&words, i ? "  " : "");
        grid_value(&words, CELL_TEXT, json_object_get(item, states[i]));
    }
    y = draw_words(canvas, y, "what", &words);
    char *overrides = json_dumps(json_object_get(item, "overrides"), JSON_COMPACT);
    buf_add_cstr(&words, overrides && strcmp(overrides, "{}") != 0 ? overrides : "");
    free(overrides);
    y = draw_words(canvas, y, "read with", &words);
    grid_value(&words, CELL_TEXT, json_object_get(item, "reason"));
    y = draw_words(canvas, y, "because", &words);
    add_number(&words, item, "would_pass", "rows would pass");
    add_number(&words, item, "would_fail", "still fail");
    add_number(&words, item, "duplicates", "are there already");
    y = draw_words(canvas, y, "rehearsed", &words);
    grid_value(&words, CELL_TEXT, json_object_get(grid_item(&view->grid), "rehearsal"));
    y = draw_words(canvas, y, "bound to", &words);
    add_who(&words, item, "requested_by", "requested_at");
    y = draw_words(canvas, y, "asked by", &words);
    if (json_is_string(json_object_get(item, "decided_by")))
        add_who(&words, item, "decided_by", "decided_at");
    y = draw_words(canvas, y, "decided by", &words);
    grid_value(&words, CELL_TEXT, json_object_get(item, "message"));
    y = draw_words(canvas, y, "message", &words);
    progress_words(&words, item);
    y = draw_words(canvas, y, "done", &words);
    progress_pace(&words, item);
    draw_words(canvas, y, "pace", &words);
    buf_dispose(&words);
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    if (!view->loaded)
        return;
    draw_facts(view, view->result, canvas, y);
    grid_draw(&view->grid, canvas, y + FACT_LINES, 1, height - FACT_LINES, canvas->columns - 2);
}

/* The run that came of it; before there is one, the run that it mends. */
static void enter(struct view *view)
{
    const json_t *file = grid_item(&view->grid), *run = json_object_get(file, "outcome_run");
    run = json_is_string(run) ? run : json_object_get(file, "run");
    if (json_is_string(run))
        view_open(view, &view_run,
            json_pack("{s:s, s:s}", "run", json_string_value(run), "title",
                view_base_name(json_string_value(json_object_get(file, "file")))));
}

static bool request(struct view *view, enum request request)
{
    if (request == REQUEST_ENTER)
        enter(view);
    else if (REQUEST_BIT(request) & ACTS_ON_REQUEST)
        return acts_on_request(view, view->result, request);
    else
        return grid_request(&view->grid, request);
    return true;
}

const struct view_type view_request = {
    .name = "Request",
    .help = "one request: what it changes, for which files, and what came of it",
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER) | ACTS_ON_REQUEST,
    .init = init,
    .load = load,
    .answer = answer,
    .draw = draw,
    .request = request,
};
