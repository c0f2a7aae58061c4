/* What is going on: datasets, and whatever wants a person. */
#include "shared/clock.h"
#include "tui/view/dialog.h"

#include <stdlib.h>

enum { MOST_LINES = 200, TOP_LINES = 2, MARK_COLUMNS = 14, HOURS = 24, BLOCKS = 8 };

static const char *const blocks[BLOCKS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const plain[BLOCKS] = {".", ".", ":", ":", "-", "=", "+", "#"};

static const struct grid_column columns[] = {
    {"DATASET", "dataset", CELL_TEXT, 8, 24, true},
    {"STATE", "state", CELL_TEXT, 5, 24, false},
    {"WAIT", "waiting", CELL_NUMBER, 4, 0, false},
    {"FILES", "succeeded", CELL_NUMBER, 5, 0, false},
    {"BAD", "quarantined", CELL_NUMBER, 3, 0, false},
    {"ROWS 24H", "rows_in", CELL_NUMBER, 8, 0, false},
    {"LAST 24 H", "hours", CELL_TEXT, 12, 12, false},
    {"OPEN", "open_rows", CELL_NUMBER, 5, 0, false},
    {"LOSS", "loss", CELL_PERCENT, 7, 0, false},
    {"LAST RUN", "last_run_at", CELL_TEXT, 8, 11, false},
};

enum {
    COLUMN_DATASET,
    COLUMN_STATE,
    COLUMN_WAIT,
    COLUMN_FILES,
    COLUMN_BAD,
    COLUMN_ROWS,
    COLUMN_HOURS,
    COLUMN_OPEN,
    COLUMN_LOSS,
    COLUMN_LAST
};

/* NULL: no file is. */
static const json_t *overdue_since(const json_t *item)
{
    const json_t *since = json_object_get(item, "overdue_since");
    return json_is_string(since) ? since : NULL;
}

/* NULL: its last file has as many rows as its contract expects, if it expects any. */
static const json_t *rows_off(const json_t *item)
{
    const json_t *off = json_object_get(item, "rows_off");
    return json_is_object(off) ? off : NULL;
}

static void add_state(struct grid_cell *cell, const json_t *item)
{
    const char *waiting_for = json_string_value(json_object_get(item, "waiting_for"));
    const char *held = json_string_value(json_object_get(item, "held"));
    if (held) {
        buf_printf(cell->text, "held: %s", held);
        cell->style = ROLE_WARN;
    } else if (waiting_for) {
        buf_printf(cell->text, "waits: %s", waiting_for);
        cell->style = ROLE_WARN;
    } else if (view_field(item, "processing") > 0) {
        buf_add_cstr(cell->text, "working");
        cell->style = ROLE_ACCENT;
    } else if (view_field(item, "quarantined") > 0) {
        buf_add_cstr(cell->text, "quarantined");
        cell->style = ROLE_BAD;
    } else if (view_field(item, "open_rows") > 0) {
        buf_add_cstr(cell->text, "rejects");
        cell->style = ROLE_WARN;
    } else if (view_field(item, "waiting") > 0) {
        buf_add_cstr(cell->text, "waiting");
        cell->style = ROLE_WARN;
    } else if (overdue_since(item)) {
        buf_add_cstr(cell->text, "overdue");
        cell->style = ROLE_WARN;
    } else if (rows_off(item)) {
        bool few = view_field(rows_off(item), "rows") < view_field(rows_off(item), "least");
        buf_add_cstr(cell->text, few ? "few rows" : "many rows");
        cell->style = ROLE_WARN;
    } else {
        buf_add_cstr(cell->text, "ok");
        cell->style = ROLE_GOOD;
    }
}

struct overview {
    bool ascii;
};

/* Rows in, two hours a place, against the busiest. */
static void add_hours(struct grid_cell *cell, const json_t *hours, bool ascii)
{
    enum { PLACES = HOURS / 2 };
    double rows[PLACES] = {0}, most = 0;
    for (size_t i = 0; i < HOURS; i++)
        rows[i / 2] += json_number_value(json_array_get(hours, i));
    for (size_t i = 0; i < PLACES; i++)
        most = rows[i] > most ? rows[i] : most;
    for (size_t i = 0; most > 0 && i < PLACES; i++) {
        size_t step = (size_t)((BLOCKS - 1) * rows[i] / most);
        buf_add_cstr(cell->text, rows[i] > 0 ? (ascii ? plain : blocks)[step] : " ");
    }
    cell->style = ROLE_ACCENT;
}

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    if (column == COLUMN_STATE) {
        add_state(cell, item);
        return;
    }
    if (column == COLUMN_LAST) {
        view_time(cell->text, value);
        cell->style = ROLE_DIM;
        return;
    }
    if (column == COLUMN_HOURS) {
        add_hours(cell, value, ((struct overview *)context)->ascii);
        return;
    }
    if (column == COLUMN_LOSS) {
        double rows = view_field(item, "rows_in"), lost = view_field(item, "rows_rejected");
        if (rows > 0)
            buf_printf(cell->text, "%.2f %%", 100.0 * lost / rows);
        cell->style = lost > 0 ? ROLE_WARN : ROLE_DIM;
        return;
    }
    grid_value(cell->text, columns[column].kind, value);
    bool zero = json_is_integer(value) && json_integer_value(value) == 0;
    cell->style = zero                                             ? ROLE_DIM
                  : column == COLUMN_BAD                           ? ROLE_BAD
                  : column == COLUMN_OPEN || column == COLUMN_WAIT ? ROLE_WARN
                  : column == COLUMN_DATASET                       ? ROLE_TITLE
                                                                   : ROLE_TEXT;
}

static void init(struct view *view)
{
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.context = view->state;
    view->grid.key = "dataset";
}

static void load(struct view *view)
{
    view_ask_all(view, 0, "overview", NULL);
}

/* The next file that turns overdue does so by itself. */
static void set_wake(struct view *view, const json_t *datasets)
{
    enum { SECOND = 1000000 };
    json_int_t soon = 0, left;
    const json_t *item;
    size_t i;
    json_array_foreach(datasets, i, item)
    {
        left = json_integer_value(json_object_get(item, "due_in"));
        soon = left > 0 && (!soon || left < soon) ? left : soon;
    }
    view->wake = soon ? clock_monotonic() + soon * SECOND : 0;
}

static void answer(struct view *view, int tag, json_t *result)
{
    (void)tag;
    json_t *datasets = json_object_get(result, "datasets");
    set_wake(view, datasets);
    view_keep(view, result);
    grid_set(&view->grid, datasets, 0, json_array_size(datasets));
}

static const char *const news_keys[] = {"quarantined", "rejected", "incidents", "requests"};
enum { NEWS = sizeof news_keys / sizeof *news_keys };

static bool has_news(const struct view *view)
{
    const json_t *news = json_object_get(view->result, "news");
    for (size_t i = 0; i < NEWS; i++)
        if (view_field(news, news_keys[i]) > 0)
            return true;
    return false;
}

static bool is_disk_low(const struct view *view)
{
    enum { LEAST_PERCENT = 10 };
    const json_t *disk = json_object_get(view->result, "disk");
    return view_field(disk, "free") < view_field(disk, "total") * LEAST_PERCENT / 100;
}

/* A worker has told of it: then that is said once. */
static bool is_told(const struct view *view, const char *kind, const json_t *dataset)
{
    const json_t *incidents = json_object_get(view->result, "incidents"), *item;
    const char *name = json_string_value(json_object_get(dataset, "dataset"));
    const char *target = json_string_value(json_object_get(dataset, "target"));
    size_t i;
    json_array_foreach(incidents, i, item)
    {
        if (view_is(item, "kind", kind) && name && view_is(item, "subject", name) &&
            (!target || view_is(item, "target", target)))
            return true;
    }
    return false;
}

static bool shows_overdue(const struct view *view, const json_t *item)
{
    return overdue_since(item) && !is_told(view, "overdue", item);
}

static bool shows_rows_off(const struct view *view, const json_t *item)
{
    return rows_off(item) && !is_told(view, "rows", item);
}

static size_t lines_below(const struct view *view)
{
    const json_t *datasets = json_object_get(view->result, "datasets");
    size_t lines = json_array_size(json_object_get(view->result, "incidents")) +
                   json_array_size(json_object_get(view->result, "unmatched")) +
                   json_array_size(json_object_get(view->result, "standing")) +
                   json_array_size(json_object_get(view->result, "over"));
    for (size_t i = 0; i < json_array_size(datasets); i++) {
        lines += view_field(json_array_get(datasets, i), "quarantined") > 0;
        lines += shows_overdue(view, json_array_get(datasets, i));
        lines += shows_rows_off(view, json_array_get(datasets, i));
    }
    return lines + has_news(view) + is_disk_low(view);
}

/* One figure with its name: "613 open rejects". */
static int figure(struct canvas *canvas, int y, int x, double number, const char *name, unsigned style)
{
    struct buf text;
    buf_init(&text, 64);
    view_number(&text, (json_int_t)number);
    int at = x + canvas_text(canvas, y, x, 20, style, buf_str(&text));
    buf_dispose(&text);
    return at + 1 + canvas_cstr(canvas, y, at + 1, 30, ROLE_DIM, name) + 2;
}

static void draw_figures(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *datasets = json_object_get(view->result, "datasets");
    double waiting = 0, bad = 0, rows = 0, open = 0, unmatched = view_field(view->result, "unmatched_count");
    for (size_t i = 0; i < json_array_size(datasets); i++) {
        const json_t *item = json_array_get(datasets, i);
        waiting += view_field(item, "waiting");
        bad += view_field(item, "quarantined");
        rows += view_field(item, "rows_in");
        open += view_field(item, "open_rows");
    }
    int x = figure(canvas, y, 1, rows, "rows in 24 h", ROLE_TITLE);
    x = figure(canvas, y, x, waiting, "waiting", waiting > 0 ? ROLE_WARN | MARK_BOLD : ROLE_GOOD);
    x = figure(canvas, y, x, bad, "quarantined", bad > 0 ? ROLE_BAD : ROLE_GOOD);
    x = figure(canvas, y, x, open, "open rejects", open > 0 ? ROLE_WARN | MARK_BOLD : ROLE_GOOD);
    figure(canvas, y, x, unmatched, "unmatched", unmatched > 0 ? ROLE_WARN | MARK_BOLD : ROLE_GOOD);
}

/* Since this terminal's user closed the console the last time. */
static int draw_news(const struct view *view, struct canvas *canvas, int y)
{
    static const char *const words[NEWS] = {"quarantined", "rows rejected", "incidents", "requests"};
    const json_t *news = json_object_get(view->result, "news");
    struct buf since;
    int x = MARK_COLUMNS + 2;
    if (!has_news(view))
        return y;
    for (size_t i = 0; i < NEWS; i++)
        if (view_field(news, news_keys[i]) > 0)
            x = figure(canvas, y, x, view_field(news, news_keys[i]), words[i], ROLE_TITLE);
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_ACCENT | MARK_BOLD, "new");
    buf_init(&since, 64);
    buf_add_cstr(&since, "since ");
    view_time(&since, json_object_get(news, "since"));
    canvas_text(canvas, y, x, canvas->columns - x - 1, ROLE_DIM, buf_str(&since));
    buf_dispose(&since);
    return y + 1;
}

/* A lake on a disk that is nearly full. */
static int draw_disk(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *disk = json_object_get(view->result, "disk");
    double free_bytes = view_field(disk, "free"), total = view_field(disk, "total");
    struct buf text;
    if (!is_disk_low(view))
        return y;
    buf_init(&text, 64);
    table_cell(&text, CELL_BYTES, json_object_get(disk, "free"));
    buf_printf(&text, " free, %.0f %% of the lake's disk", 100 * free_bytes / total);
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_BAD, "disk");
    canvas_text(canvas, y, MARK_COLUMNS + 2, canvas->columns - MARK_COLUMNS - 3, ROLE_WARN, buf_str(&text));
    buf_dispose(&text);
    return y + 1;
}

/* Rows in per hour of the selected dataset, against its busiest hour; an hour without any is blank. */
static void draw_hours(const struct view *view, struct canvas *canvas, int y)
{
    const json_t *item = grid_item(&view->grid), *hours = json_object_get(item, "hours"), *hour;
    json_int_t most = 0;
    size_t i;
    json_array_foreach(hours, i, hour) most = json_integer_value(hour) > most ? json_integer_value(hour) : most;
    if (!most)
        return;
    int x = 1;
    json_array_foreach(hours, i, hour)
    {
        json_int_t rows = json_integer_value(hour);
        size_t step = (size_t)(7.0 * (double)rows / (double)most);
        if (rows > 0)
            canvas_cstr(canvas, y, x, 1, ROLE_ACCENT, (canvas->ascii ? plain : blocks)[step]);
        x++;
    }
    const char *dataset = json_string_value(json_object_get(item, "dataset"));
    x += 1 + canvas_cstr(canvas, y, x + 1, 24, ROLE_TITLE, dataset ? dataset : "");
    struct buf text;
    buf_init(&text, 64);
    buf_add_cstr(&text, "rows in by hour, at most ");
    view_number(&text, most);
    canvas_text(canvas, y, x + 1, canvas->columns - x - 2, ROLE_DIM, buf_str(&text));
    buf_dispose(&text);
}

/* ---- what wants a person ---- */

/* Whose it is, in a fleet. Returns the columns it took. */
static int draw_target(struct canvas *canvas, int y, int x, const json_t *item)
{
    const char *target = json_string_value(json_object_get(item, "target"));
    return target ? 1 + canvas_cstr(canvas, y, x, 16, ROLE_ACCENT, target) : 0;
}

static int draw_incident(struct canvas *canvas, int y, const json_t *item)
{
    const char *kind = json_string_value(json_object_get(item, "kind"));
    const char *message = json_string_value(json_object_get(item, "message"));
    struct buf opened;
    buf_init(&opened, 64);
    view_time(&opened, json_object_get(item, "opened_at"));
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_BAD, kind ? kind : "");
    int x = MARK_COLUMNS + 2 + draw_target(canvas, y, MARK_COLUMNS + 2, item);
    x += canvas_text(canvas, y, x, 12, ROLE_DIM, buf_str(&opened));
    buf_dispose(&opened);
    const char *by = json_string_value(json_object_get(item, "acknowledged_by"));
    if (by)
        x += 1 + canvas_printf(canvas, y, x + 1, 24, ROLE_GOOD, "%s has it:", by);
    canvas_cstr(canvas, y, x + 1, canvas->columns - x - 2, by ? ROLE_DIM : ROLE_TEXT, message ? message : "");
    return y + 1;
}

/* What passed without anybody, so that who comes in the morning knows. */
static int draw_over(struct canvas *canvas, int y, const json_t *item)
{
    const char *kind = json_string_value(json_object_get(item, "kind"));
    const char *subject = json_string_value(json_object_get(item, "subject"));
    struct buf times;
    buf_init(&times, 64);
    view_time(&times, json_object_get(item, "opened_at"));
    buf_add_cstr(&times, " to ");
    view_time(&times, json_object_get(item, "closed_at"));
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_GOOD, "over");
    int x = MARK_COLUMNS + 2 + draw_target(canvas, y, MARK_COLUMNS + 2, item);
    x += canvas_text(canvas, y, x, 28, ROLE_DIM, buf_str(&times));
    buf_dispose(&times);
    canvas_printf(canvas, y, x + 2, canvas->columns - x - 3, ROLE_TEXT, "%s %s: it went on by itself", kind ? kind : "",
        subject ? subject : "");
    return y + 1;
}

static int draw_standing(struct canvas *canvas, int y, const json_t *item)
{
    const char *dataset = json_string_value(json_object_get(item, "dataset"));
    struct buf until;
    buf_init(&until, 64);
    view_time(&until, json_object_get(item, "until"));
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_WARN, "override");
    int x = MARK_COLUMNS + 2 + draw_target(canvas, y, MARK_COLUMNS + 2, item);
    x += canvas_printf(canvas, y, x, 40, ROLE_TEXT, "%s is read otherwise until", dataset ? dataset : "");
    canvas_text(canvas, y, x + 1, canvas->columns - x - 2, ROLE_TEXT, buf_str(&until));
    buf_dispose(&until);
    return y + 1;
}

static int draw_quarantine(struct canvas *canvas, int y, const json_t *item)
{
    const char *dataset = json_string_value(json_object_get(item, "dataset"));
    int files = (int)view_field(item, "quarantined");
    if (!files)
        return y;
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_BAD, "quarantined");
    int x = MARK_COLUMNS + 2 + draw_target(canvas, y, MARK_COLUMNS + 2, item);
    x += canvas_printf(
        canvas, y, x, 60, ROLE_TEXT, "%d %s of %s", files, files == 1 ? "file" : "files", dataset ? dataset : "");
    canvas_cstr(canvas, y, x + 2, canvas->columns - x - 3, ROLE_DIM, "3 shows why");
    return y + 1;
}

static int draw_overdue(const struct view *view, struct canvas *canvas, int y, const json_t *item)
{
    const char *dataset = json_string_value(json_object_get(item, "dataset"));
    struct buf since;
    if (!shows_overdue(view, item))
        return y;
    buf_init(&since, 64);
    buf_add_cstr(&since, "since ");
    view_time(&since, overdue_since(item));
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_WARN, "overdue");
    int x = MARK_COLUMNS + 2 + draw_target(canvas, y, MARK_COLUMNS + 2, item);
    x += canvas_text(canvas, y, x, 20, ROLE_WARN, buf_str(&since));
    canvas_printf(canvas, y, x, canvas->columns - x - 1, ROLE_TEXT, ": the next file of %s", dataset ? dataset : "");
    buf_dispose(&since);
    return y + 1;
}

static int draw_rows_off(const struct view *view, struct canvas *canvas, int y, const json_t *item)
{
    static const char *const keys[] = {"rows", "least", "most"}, *const before[] = {"", " of ", " to "};
    const json_t *off = rows_off(item);
    const char *dataset = json_string_value(json_object_get(item, "dataset"));
    struct buf text;
    if (!shows_rows_off(view, item))
        return y;
    buf_init(&text, 256);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        buf_add_cstr(&text, before[i]);
        view_number(&text, json_integer_value(json_object_get(off, keys[i])));
        buf_add_cstr(&text, i ? "" : " rows");
    }
    canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_WARN, "rows");
    int x = MARK_COLUMNS + 2 + draw_target(canvas, y, MARK_COLUMNS + 2, item);
    x += canvas_printf(canvas, y, x, 40, ROLE_TEXT, "%s: ", dataset ? dataset : "");
    x += canvas_text(canvas, y, x, 60, ROLE_WARN, buf_str(&text));
    canvas_printf(canvas, y, x, canvas->columns - x - 1, ROLE_DIM, " expected, in %s",
        view_base_name(json_string_value(json_object_get(off, "file"))));
    buf_dispose(&text);
    return y + 1;
}

static void draw_attention(const struct view *view, struct canvas *canvas, int y, int end)
{
    const json_t *incidents = json_object_get(view->result, "incidents");
    const json_t *unmatched = json_object_get(view->result, "unmatched");
    const json_t *datasets = json_object_get(view->result, "datasets");
    const json_t *standing = json_object_get(view->result, "standing");
    const json_t *over = json_object_get(view->result, "over");
    size_t lines = lines_below(view);
    if (y >= end || !lines)
        return;
    canvas_line(canvas, y, 0, canvas->columns);
    bool needed = lines > json_array_size(over) + has_news(view);
    canvas_cstr(canvas, y++, 2, 40, ROLE_HEAD, needed ? " Wants a look " : " Nobody is needed ");
    if (y < end)
        y = draw_news(view, canvas, y);
    if (y < end)
        y = draw_disk(view, canvas, y);
    for (size_t i = 0; i < json_array_size(incidents) && y < end; i++)
        y = draw_incident(canvas, y, json_array_get(incidents, i));
    for (size_t i = 0; i < json_array_size(datasets) && y < end; i++)
        y = draw_quarantine(canvas, y, json_array_get(datasets, i));
    for (size_t i = 0; i < json_array_size(datasets) && y < end; i++)
        y = draw_overdue(view, canvas, y, json_array_get(datasets, i));
    for (size_t i = 0; i < json_array_size(datasets) && y < end; i++)
        y = draw_rows_off(view, canvas, y, json_array_get(datasets, i));
    for (size_t i = 0; i < json_array_size(standing) && y < end; i++)
        y = draw_standing(canvas, y, json_array_get(standing, i));
    for (size_t i = 0; i < json_array_size(over) && y < end; i++)
        y = draw_over(canvas, y, json_array_get(over, i));
    for (size_t i = 0; i < json_array_size(unmatched) && y < end; i++, y++) {
        const char *key = json_string_value(json_array_get(unmatched, i));
        canvas_cstr(canvas, y, 1, MARK_COLUMNS, ROLE_WARN, "unmatched");
        int x =
            MARK_COLUMNS + 2 +
            canvas_cstr(canvas, y, MARK_COLUMNS + 2, canvas->columns - MARK_COLUMNS - 30, ROLE_TEXT, key ? key : "");
        canvas_cstr(canvas, y, x + 2, canvas->columns - x - 3, ROLE_DIM, "no contract takes it");
    }
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    const json_t *datasets = json_object_get(view->result, "datasets");
    size_t below = lines_below(view), count = json_array_size(datasets);
    int wanted = (int)(count > MOST_LINES ? MOST_LINES : count) + 1;
    int reserved = below ? (int)(below > 7 ? 7 : below) + 2 : 0, room = height - TOP_LINES - reserved;
    if (!view->loaded)
        return;
    ((struct overview *)view->state)->ascii = canvas->ascii;
    draw_figures(view, canvas, y);
    draw_hours(view, canvas, y + 1);
    if (!count) {
        canvas_cstr(canvas, y + TOP_LINES, 1, canvas->columns - 2, ROLE_DIM,
            "No file has arrived yet. 'sluiced run' or 'sluiced watch' takes up what is put into raw/.");
        wanted = 1;
    } else
        grid_draw(&view->grid, canvas, y + TOP_LINES, 1, wanted < room ? wanted : room, canvas->columns - 2);
    draw_attention(view, canvas, y + TOP_LINES + (wanted < room ? wanted : room) + 1, y + height);
}

/* The first that nobody looks after, where the cursor is; NULL: there is none. */
static const json_t *lonely_incident(const struct view *view)
{
    const json_t *incidents = json_object_get(view->result, "incidents"), *item;
    const char *target = view_target(view);
    size_t i;
    json_array_foreach(incidents, i, item)
    {
        bool here = !target || !view_is_of_all(view) || view_is(item, "target", target);
        if (here && !json_string_length(json_object_get(item, "acknowledged_by")))
            return item;
    }
    return NULL;
}

static const char *disabled(const struct view *view, enum request request)
{
    return request == REQUEST_ACKNOWLEDGE && !lonely_incident(view) ? "no incident waits for somebody" : NULL;
}

static bool request(struct view *view, enum request request)
{
    const json_t *item = grid_item(&view->grid), *incident = lonely_incident(view);
    if (request == REQUEST_ACKNOWLEDGE) {
        dialog_acknowledge(view, "incident", json_integer_value(json_object_get(incident, "incident")),
            json_string_value(json_object_get(incident, "message")));
        return true;
    }
    if (request == REQUEST_ENTER && item) {
        json_t *dataset = json_object_get(item, "dataset");
        view_open(view, &view_runs, json_pack("{s:O, s:O}", "dataset", dataset, "title", dataset));
        return true;
    }
    if (request == REQUEST_TAB && item) {
        json_t *dataset = json_object_get(item, "dataset");
        view_open(view, &view_partitions, json_pack("{s:O, s:O}", "dataset", dataset, "title", dataset));
        return true;
    }
    return request == REQUEST_ENTER || request == REQUEST_TAB || grid_request(&view->grid, request);
}

const struct view_type view_overview = {
    .name = "Overview",
    .help = "datasets and what wants a look",
    .fleet = true,
    .follows = true,
    .requests =
        REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER) | REQUEST_BIT(REQUEST_TAB) | REQUEST_BIT(REQUEST_ACKNOWLEDGE),
    .size = sizeof(struct overview),
    .init = init,
    .load = load,
    .answer = answer,
    .draw = draw,
    .disabled = disabled,
    .request = request,
};
