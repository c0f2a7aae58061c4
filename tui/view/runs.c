/* Runs, the newest first. */
#include "tui/core/marks.h"
#include "tui/view/acts.h"
#include "tui/view/pages.h"

#include <string.h>

enum { MOST_SAME = 1000 };

static const struct grid_column columns[] = {
    {"RUN", "run_id", CELL_TEXT, 8, 8, false},
    {"OUTCOME", "outcome", CELL_TEXT, 7, 11, false},
    {"FILE", "file", CELL_TEXT, 18, 60, true},
    {"ROWS", "rows_in", CELL_NUMBER, 6, 0, false},
    {"LOST", "rows_rejected", CELL_NUMBER, 5, 0, false},
    {"LOSS", "loss_pct", CELL_PERCENT, 7, 0, false},
    {"STARTED", "started_at", CELL_TEXT, 8, 11, false},
    {"TOOK", "seconds", CELL_SECONDS, 6, 0, false},
    {"KIND", "kind", CELL_TEXT, 4, 10, false},
    {"DATASET", "dataset", CELL_TEXT, 7, 24, false},
    {"BYTES", "bytes", CELL_BYTES, 6, 0, false},
    {"ERROR", "error_message", CELL_TEXT, 5, 80, false},
};

enum { COLUMN_RUN, COLUMN_OUTCOME, COLUMN_FILE, COLUMN_ROWS, COLUMN_LOST, COLUMN_LOSS, COLUMN_STARTED, COLUMN_TOOK };
enum { TAG_SAME = PAGES_MORE + 1, TAG_IDEAS };

struct runs {
    struct pages pages;
    json_t *wanted; /* the run whose suggestions were asked for */
};

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    (void)context;
    const json_t *value = json_object_get(item, columns[column].key);
    const char *text = json_string_value(value);
    if (column == COLUMN_RUN) {
        view_short_id(cell->text, value);
        cell->style = ROLE_ACCENT;
    } else if (column == COLUMN_STARTED || column == COLUMN_TOOK) {
        column == COLUMN_STARTED ? view_time(cell->text, value) : view_duration(cell->text, value);
        cell->style = ROLE_DIM;
    } else if (column == COLUMN_OUTCOME) {
        const char *state = json_string_value(json_object_get(item, "state"));
        buf_add_cstr(cell->text, text ? text : state ? state : "");
        cell->style = view_outcome_role(item);
    } else if (column == COLUMN_FILE)
        buf_add_cstr(cell->text, view_base_name(text));
    else {
        grid_value(cell->text, columns[column].kind, value);
        bool loss = column == COLUMN_LOST || column == COLUMN_LOSS;
        cell->style = column == COLUMN_ROWS ? ROLE_TEXT : ROLE_DIM;
        if (loss && json_number_value(value) > 0)
            cell->style = ROLE_WARN;
        else if (loss && json_is_number(value))
            cell->style = ROLE_DIM;
    }
}

static void init(struct view *view)
{
    struct runs *runs = view->state;
    pages_init(&runs->pages, "runs",
        json_pack("{s:s*, s:s*}", "dataset", view_argument(view, "dataset"), "part", view_argument(view, "part")));
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.id = view->grid.key = "run_id";
}

static void dispose(struct view *view)
{
    struct runs *runs = view->state;
    pages_dispose(&runs->pages);
    json_decref(runs->wanted);
}

static void load(struct view *view)
{
    pages_load(&((struct runs *)view->state)->pages, view);
}

static void open_found(struct view *view, const char *screen)
{
    size_t count;
    const struct view_type *const *types = view_types(&count);
    json_t *run = json_object_get(grid_item(&view->grid), "run_id");
    for (size_t i = 0; i < count; i++)
        if (strcmp(types[i]->name, screen) == 0)
            view_open(view, types[i], json_pack("{s:O, s:s}", "run", run, "title", view_argument(view, "part")));
}

/* Looked for by a part of its id, in whichever target: the only one is gone to. */
static void go_to_found(struct view *view)
{
    const char *screen = view_argument(view, "screen");
    size_t found = grid_lines(&view->grid);
    if (!screen)
        return;
    if (found == 1)
        open_found(view, screen);
    else
        view_flash(view, ROLE_WARN,
            found ? "several runs have this in their ids; Enter goes into one" : "no run has this in its id");
    json_object_del(view->arguments, "screen");
}

/* All runs of a cause, on this page or not. */
static void mark_all(struct view *view, const json_t *result)
{
    const json_t *items = json_object_get(result, "items"), *item;
    size_t i;
    json_array_foreach(items, i, item)
    {
        if (view_is(item, "file_state", "QUARANTINED"))
            marks_add(&view->grid, item);
    }
    view_tell_marks(view, "file", "files");
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct runs *runs = view->state;
    if (tag == TAG_SAME)
        mark_all(view, result);
    else if (tag == TAG_IDEAS)
        acts_suggest(view, json_string_value(runs->wanted), result);
    else {
        pages_take(&runs->pages, view, tag, result);
        go_to_found(view);
    }
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    if (view->loaded && !grid_lines(&view->grid))
        canvas_cstr(canvas, y + 1, 1, canvas->columns - 2, ROLE_DIM,
            view->grid.filter.n ? "No run matches the filter." : "No run yet.");
    grid_draw(&view->grid, canvas, y, 1, height, canvas->columns - 2);
}

static bool enter(struct view *view, const json_t *item)
{
    if (item)
        view_open(view, &view_run,
            json_pack("{s:O, s:s}", "run", json_object_get(item, "run_id"), "title",
                view_base_name(json_string_value(json_object_get(item, "file")))));
    return true;
}

/* ---- acting ---- */

static const char *disabled(const struct view *view, enum request request)
{
    const json_t *item = grid_item(&view->grid);
    bool marked = marks_count(&view->grid) && (request == REQUEST_REDRIVE || request == REQUEST_DISCARD);
    if (request == REQUEST_MARK_SAME && !json_is_integer(json_object_get(item, "cause")))
        return "no cause keeps this run's file in quarantine";
    return marked ? NULL : acts_disabled(item, request);
}

static void redrive_marked(struct view *view)
{
    json_t *runs = marks_ids(&view->grid, view_target(view));
    struct redrive_subject subject = {
        .run = json_string_value(json_array_get(runs, 0)), .runs = runs, .count = (json_int_t)json_array_size(runs)};
    dialog_redrive(view, &subject, 1, NO_IDEA);
    json_decref(runs);
}

static void discard_marked(struct view *view)
{
    json_t *runs = marks_ids(&view->grid, view_target(view));
    dialog_discard(view, runs, "as marked");
    json_decref(runs);
}

static bool act(struct view *view, enum request request)
{
    if (!marks_count(&view->grid) || request == REQUEST_WITHDRAW)
        return acts_on_run(view, grid_item(&view->grid), request);
    acts_where_marked(view, request == REQUEST_REDRIVE ? redrive_marked : discard_marked);
    return true;
}

static bool request(struct view *view, enum request request)
{
    struct runs *runs = view->state;
    const json_t *item = grid_item(&view->grid);
    switch (request) {
    case REQUEST_ENTER:
        return enter(view, item);
    case REQUEST_REDRIVE:
    case REQUEST_DISCARD:
    case REQUEST_WITHDRAW:
        return act(view, request);
    case REQUEST_ORIGINAL:
        return acts_on_run(view, item, request);
    case REQUEST_SUGGEST:
        json_decref(runs->wanted);
        runs->wanted = json_incref(json_object_get(item, "run_id"));
        acts_ask_ideas(view, TAG_IDEAS, item, 0);
        return true;
    case REQUEST_MARK_SAME:
        view_ask(view, TAG_SAME, "runs",
            json_pack("{s:O, s:i}", "cause", json_object_get(item, "cause"), "limit", MOST_SAME));
        return true;
    default:
        if (view_marks(view, request, "file", "files"))
            return true;
    }
    bool done = grid_request(&view->grid, request);
    pages_follow(&runs->pages, view);
    return done;
}

const struct view_type view_runs = {
    .name = "Runs",
    .help = "runs, the newest first",
    .fleet = true,
    .follows = true,
    .requests = REQUESTS_LIST | REQUESTS_MARK | REQUEST_BIT(REQUEST_ENTER) | REQUEST_BIT(REQUEST_REDRIVE) |
                REQUEST_BIT(REQUEST_SUGGEST) | REQUEST_BIT(REQUEST_DISCARD) | REQUEST_BIT(REQUEST_WITHDRAW) |
                REQUEST_BIT(REQUEST_ORIGINAL),
    .size = sizeof(struct runs),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .draw = draw,
    .disabled = disabled,
    .request = request,
};
