/* What was rejected, by cause: whole files under System, rows under Data quality. */
#include "tui/core/marks.h"
#include "tui/view/acts.h"

#include <stdlib.h>

enum { TAB_SYSTEM, TAB_ROWS, TABS };
enum { TAG_CAUSES, TAG_RUNS, MOST_RUNS = 1000 };

static const struct grid_column system_columns[] = {
    {"CODE", "code", CELL_TEXT, 12, 24, false},
    {"FILES", "files", CELL_NUMBER, 5, 0, false},
    {"OPEN", "open_files", CELL_NUMBER, 4, 0, false},
    {"DATASET", "dataset", CELL_TEXT, 10, 24, false},
    {"STAGE", "stage", CELL_TEXT, 8, 10, false},
    {"COLUMN", "column", CELL_TEXT, 6, 20, false},
    {"LAST RUN", "last_run", CELL_TEXT, 8, 8, false},
};

static const struct grid_column row_columns[] = {
    {"CODE", "code", CELL_TEXT, 12, 20, false},
    {"ROWS", "rows", CELL_NUMBER, 6, 0, false},
    {"OPEN", "open", CELL_NUMBER, 4, 0, false},
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
    json_t *closing; /* the cause whose runs were asked for, to be discarded */
};

static const struct grid_column *columns_of(const struct view *view, size_t *count)
{
    *count = view->tab == TAB_SYSTEM ? sizeof system_columns / sizeof *system_columns
                                     : sizeof row_columns / sizeof *row_columns;
    return view->tab == TAB_SYSTEM ? system_columns : row_columns;
}

/* What is dealt with does not shout. */
static enum role open_role(const struct view *view, const json_t *value)
{
    return json_integer_value(value) <= 0 ? ROLE_DIM : view->tab == TAB_SYSTEM ? ROLE_BAD : ROLE_WARN;
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
                  : column == 1                 ? ROLE_TEXT
                  : column == 2                 ? open_role(view, value)
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
    view->grid.id = view->grid.key = "cause";
    for (int i = 0; i < TABS; i++)
        rejects->of[i] = json_array();
}

static void dispose(struct view *view)
{
    struct rejects *rejects = view->state;
    for (int i = 0; i < TABS; i++)
        json_decref(rejects->of[i]);
    json_decref(rejects->closing);
}

static void load(struct view *view)
{
    view_ask_all(view, TAG_CAUSES, "causes", json_pack("{s:s*}", "dataset", view_argument(view, "dataset")));
}

static void take_causes(struct view *view, json_t *result)
{
    struct rejects *rejects = view->state;
    const json_t *items = json_object_get(result, "items");
    bool first = !view->loaded;
    view_keep(view, result);
    for (int i = 0; i < TABS; i++)
        json_array_clear(rejects->of[i]);
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        json_array_append(rejects->of[view_is(item, "kind", "system") ? TAB_SYSTEM : TAB_ROWS], item);
    }
    if (first && !json_array_size(rejects->of[TAB_SYSTEM]))
        view->tab = TAB_ROWS;
    show_tab(view);
}

/* The files of a cause that are to be closed, each by the run that keeps it in quarantine. */
static void take_runs(struct view *view, const json_t *result)
{
    struct rejects *rejects = view->state;
    const json_t *items = json_object_get(result, "items"), *item;
    json_t *runs = json_array();
    size_t i;
    json_array_foreach(items, i, item)
    {
        if (view_is(item, "file_state", "QUARANTINED"))
            json_array_append(runs, json_object_get(item, "run_id"));
    }
    if (json_array_size(runs))
        dialog_discard(view, runs, json_string_value(json_object_get(rejects->closing, "code")));
    else
        view_flash(view, ROLE_DIM, "no file of this cause is in quarantine any more");
    json_decref(runs);
}

static void answer(struct view *view, int tag, json_t *result)
{
    if (tag == TAG_CAUSES)
        take_causes(view, result);
    else
        take_runs(view, result);
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

static int draw_count(struct canvas *canvas, int y, int x, const json_t *item, const char *key, const char *word)
{
    json_int_t number = json_integer_value(json_object_get(item, key));
    struct buf text;
    buf_init(&text, 64);
    view_number(&text, number);
    x += canvas_text(canvas, y, x, 20, number ? ROLE_TEXT : ROLE_DIM, buf_str(&text)) + 1;
    buf_dispose(&text);
    return x + canvas_cstr(canvas, y, x, 20, ROLE_DIM, word) + 2;
}

/* What has become of the rows of the cause under the cursor, and who looks after it. */
static void draw_detail(const struct view *view, struct canvas *canvas, int y)
{
    static const char *const states[] = {"open", "requested", "recovered", "discarded", "returned"};
    const json_t *item = grid_item(&view->grid);
    const char *by = json_string_value(json_object_get(item, "acknowledged_by"));
    const char *note = json_string_value(json_object_get(item, "note"));
    int x = 1;
    canvas_line(canvas, y, 0, canvas->columns);
    canvas_cstr(canvas, y, 2, 30, ROLE_HEAD, " This cause ");
    for (size_t i = 0; view->tab == TAB_ROWS && i < sizeof states / sizeof *states; i++)
        x = draw_count(canvas, y + 1, x, item, states[i], states[i]);
    if (view->tab == TAB_SYSTEM)
        draw_count(canvas, y + 1, draw_count(canvas, y + 1, x, item, "files", "files,"), item, "open_files",
            "still in quarantine");
    if (by)
        canvas_printf(canvas, y + 2, 1, canvas->columns - 2, ROLE_GOOD, "%s looks after it%s%s", by,
            note && *note ? ": " : "", note ? note : "");
    else
        canvas_cstr(
            canvas, y + 2, 1, canvas->columns - 2, ROLE_DIM, "nobody looks after it; a tells others that you do");
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    enum { DETAIL = 3 };
    int detail = grid_item(&view->grid) && height > 4 * DETAIL ? DETAIL : 0;
    static const char *const nothing[TABS] = {"No file was rejected as a whole.", "No row was rejected."};
    draw_tabs(view, canvas, y);
    if (view->loaded && !grid_lines(&view->grid))
        canvas_cstr(canvas, y + 3, 1, canvas->columns - 2, ROLE_GOOD,
            view->grid.filter.n ? "No cause matches the filter." : nothing[view->tab]);
    if (detail)
        draw_detail(view, canvas, y + height - detail);
    grid_draw(&view->grid, canvas, y + 2, 1, height - 2 - detail, canvas->columns - 2);
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

/* ---- acting ---- */

static struct redrive_subject subject_of(const struct view *view, const json_t *item)
{
    bool rows = view->tab == TAB_ROWS;
    const char *run = json_string_value(json_object_get(item, "last_run"));
    return (struct redrive_subject){.run = run ? run : "",
        .cause = json_integer_value(json_object_get(item, "cause")),
        .rows = rows,
        .everywhere = view_field(item, "files") > 1,
        .count = rows ? acts_open(item) : json_integer_value(json_object_get(item, "open_files")),
        .ideas = json_object_get(item, "suggestions")};
}

static bool is_of(const json_t *item, const char *target)
{
    return !target || !json_object_get(item, "target") || view_is(item, "target", target);
}

/* Those of a target that are marked, or the one under the cursor. */
static void redrive(struct view *view)
{
    const json_t *items = ((struct rejects *)view->state)->of[view->tab], *item;
    struct redrive_subject *subjects = calloc(json_array_size(items) + 1, sizeof *subjects);
    size_t i, count = 0;
    if (!subjects)
        return;
    json_array_foreach(items, i, item)
    {
        bool marked = marks_has(&view->grid, item) && is_of(item, view_target(view));
        if (marks_count(&view->grid) ? marked : item == grid_item(&view->grid))
            subjects[count++] = subject_of(view, item);
    }
    if (count)
        dialog_redrive(view, subjects, count, NO_IDEA);
    free(subjects);
}

static void suggest(struct view *view)
{
    struct redrive_subject subject = subject_of(view, grid_item(&view->grid));
    dialog_redrive(view, &subject, 1, 0);
}

static void discard(struct view *view)
{
    struct rejects *rejects = view->state;
    json_t *item = grid_item(&view->grid);
    if (view->tab == TAB_ROWS) {
        dialog_discard_rows(view, json_string_value(json_object_get(item, "last_run")),
            json_integer_value(json_object_get(item, "cause")), NULL, acts_open(item));
        return;
    }
    json_decref(rejects->closing);
    rejects->closing = json_incref(item);
    view_ask(
        view, TAG_RUNS, "runs", json_pack("{s:O, s:i}", "cause", json_object_get(item, "cause"), "limit", MOST_RUNS));
}

static void acknowledge(struct view *view)
{
    const json_t *item = grid_item(&view->grid);
    dialog_acknowledge(view, "cause", json_integer_value(json_object_get(item, "cause")),
        json_string_value(json_object_get(item, "code")));
}

static const char *disabled(const struct view *view, enum request request)
{
    const json_t *item = grid_item(&view->grid), *open = json_object_get(item, view->tab ? "open" : "open_files");
    bool acts = request == REQUEST_REDRIVE || request == REQUEST_SUGGEST || request == REQUEST_DISCARD;
    if (!item)
        return acts || request == REQUEST_ACKNOWLEDGE ? "there is nothing under the cursor" : NULL;
    if (acts && open && !json_integer_value(open) && !marks_count(&view->grid))
        return "nothing of this cause is open any more";
    if (request == REQUEST_SUGGEST && !json_array_size(json_object_get(item, "suggestions")))
        return "there is no suggestion for this cause; R re-drives it as it is";
    if (request == REQUEST_DISCARD && marks_count(&view->grid) > 1)
        return "causes are closed one at a time: unmark the others";
    if (request == REQUEST_DISCARD && view->tab == TAB_ROWS && view_field(item, "files") > 1)
        return "this cause has rows of several files: close them run by run, on the screen of each";
    return NULL;
}

/* All of the cause's code in this tab: of whatever column, dataset and target. */
static void mark_same(struct view *view)
{
    const json_t *items = ((struct rejects *)view->state)->of[view->tab], *item;
    const json_t *code = json_object_get(grid_item(&view->grid), "code");
    size_t i;
    json_array_foreach(items, i, item)
    {
        if (json_equal(json_object_get(item, "code"), code))
            marks_add(&view->grid, item);
    }
}

static bool switch_tab(struct view *view)
{
    view->tab = (view->tab + 1) % TABS;
    view->grid.sort = -1;
    marks_clear(&view->grid);
    show_tab(view);
    return true;
}

/* How many causes, and how many files or rows that is. */
static void tell_marks(struct view *view)
{
    const json_t *items = ((struct rejects *)view->state)->of[view->tab], *item;
    double sum = 0;
    struct buf text;
    size_t i, count = marks_count(&view->grid);
    if (view->grid.ranging) {
        view_tell_marks(view, "cause", "causes");
        return;
    }
    json_array_foreach(items, i, item)
    {
        if (marks_has(&view->grid, item))
            sum += view->tab == TAB_ROWS ? (double)acts_open(item) : view_field(item, "files");
    }
    buf_init(&text, 256);
    buf_printf(&text, "%zu %s marked: ", count, count == 1 ? "cause" : "causes");
    view_number(&text, (json_int_t)sum);
    buf_add_cstr(&text, view->tab == TAB_ROWS ? " open rows" : " files");
    view_flash(view, ROLE_ACCENT, text.p);
    buf_dispose(&text);
}

static bool request(struct view *view, enum request request)
{
    switch (request) {
    case REQUEST_TAB:
        return switch_tab(view);
    case REQUEST_ENTER:
        return enter(view);
    case REQUEST_REDRIVE:
        acts_where_marked(view, redrive);
        return true;
    case REQUEST_SUGGEST:
        suggest(view);
        return true;
    case REQUEST_DISCARD:
        discard(view);
        return true;
    case REQUEST_ACKNOWLEDGE:
        acknowledge(view);
        return true;
    case REQUEST_MARK_SAME:
        mark_same(view);
        tell_marks(view);
        return true;
    default:
        if (!marks_request(&view->grid, request))
            return grid_request(&view->grid, request);
        tell_marks(view);
        return true;
    }
}

const struct view_type view_rejects = {
    .name = "Rejects",
    .help = "what was rejected, by cause: whole files, and rows",
    .fleet = true,
    .follows = true,
    .requests = REQUESTS_LIST | REQUESTS_MARK | REQUEST_BIT(REQUEST_ENTER) | REQUEST_BIT(REQUEST_TAB) |
                REQUEST_BIT(REQUEST_REDRIVE) | REQUEST_BIT(REQUEST_SUGGEST) | REQUEST_BIT(REQUEST_DISCARD) |
                REQUEST_BIT(REQUEST_ACKNOWLEDGE),
    .size = sizeof(struct rejects),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .draw = draw,
    .disabled = disabled,
    .request = request,
};
