/*
 * Failing rows as a grid: row and line number frozen, failing cells reversed, bold and marked with '!'. Only the pages
 * around the cursor are held, so a million rows cost no more than a thousand.
 */
#include "shared/base64.h"
#include "shared/utf8.h"
#include "tui/core/marks.h"
#include "tui/view/acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first look is at a screen of rows, LOOK; the page around it comes behind. */
enum { PAGE = 300, LOOK = 75, FIXED = 3, PANE_LINES = 6, LABEL = 8, MOST_HEX = 12, MOST_VALUE = 32 * 1024 * 1024 };
enum { COLUMN_ROW, COLUMN_LINE, COLUMN_CODE };
enum { TAG_PAGE, TAG_GO, TAG_RUN, TAG_IDEAS }; /* TAG_GO: the cursor goes to its first row */

struct rows {
    struct grid_column *columns;
    json_t *header;
    json_t *run; /* what it is, once it is known */
    bool asked, placed;
    bool looks;         /* asked for LOOK only */
    char elsewhere[96]; /* where what was rejected again is open; "": nothing was */
};

/* ---- cells ---- */

static size_t cell_index(size_t column)
{
    return column - FIXED;
}

/* The error of a cell: its position in the file is 1-based. NULL: it is fine. */
static const json_t *error_of(const json_t *item, size_t column)
{
    const json_t *errors = json_object_get(item, "errors");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *error = json_array_get(errors, i), *index = json_object_get(error, "column_index");
        if (json_is_integer(index) && json_integer_value(index) == (json_int_t)cell_index(column) + 1)
            return error;
    }
    return NULL;
}

static void add_value(struct buf *out, const json_t *cell)
{
    const json_t *coded = json_object_get(cell, "base64");
    if (json_is_string(cell))
        buf_add(out, json_string_value(cell), json_string_length(cell));
    else if (json_is_string(coded) &&
             !base64_decode(out, (struct str){json_string_value(coded), json_string_length(coded)}))
        buf_add_cstr(out, "?");
}

/* What became of a row that is not open any more: recovered, discarded … NULL: it is open. */
static const char *fate_of(const json_t *item)
{
    const char *state = json_string_value(json_object_get(item, "state"));
    return state && strcmp(state, "open") != 0 ? state : NULL;
}

static void add_code(struct grid_cell *cell, const json_t *item)
{
    const json_t *errors = json_object_get(item, "errors"), *first = json_array_get(errors, 0);
    const json_t *rule = json_object_get(first, "rule_id");
    grid_value(cell->text, CELL_TEXT, json_is_string(rule) ? rule : json_object_get(first, "code"));
    if (json_array_size(errors) > 1)
        buf_printf(cell->text, " +%zu", json_array_size(errors) - 1);
    cell->style = fate_of(item) ? ROLE_DIM : ROLE_WARN;
}

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    (void)context;
    if (column == COLUMN_ROW || column == COLUMN_LINE) {
        grid_value(cell->text, CELL_NUMBER, json_object_get(item, column == COLUMN_ROW ? "row_number" : "line_number"));
        cell->style = ROLE_DIM;
    } else if (column == COLUMN_CODE)
        add_code(cell, item);
    else {
        add_value(cell->text, json_array_get(json_object_get(item, "cells"), cell_index(column)));
        if (error_of(item, column)) {
            cell->style = fate_of(item) ? ROLE_DIM : ROLE_BAD | MARK_REVERSE | MARK_BOLD; /* it does not shout */
            cell->mark = '!';
        }
    }
}

/* ---- columns ---- */

static size_t widest(const json_t *result)
{
    const json_t *items = json_object_get(result, "items");
    size_t most = json_array_size(json_object_get(result, "header"));
    for (size_t i = 0; i < json_array_size(items); i++) {
        size_t cells = json_array_size(json_object_get(json_array_get(items, i), "cells"));
        most = cells > most ? cells : most;
    }
    return most;
}

static bool make_columns(struct view *view, const json_t *result)
{
    struct rows *rows = view->state;
    json_t *header = json_object_get(result, "header");
    size_t cells = widest(result), count = cells + FIXED;
    if (rows->columns && count <= view->grid.column_count)
        return true;
    struct grid_column *columns = calloc(count, sizeof *columns);
    json_t *titles = json_array();
    if (!columns || !titles) {
        free(columns);
        json_decref(titles);
        return false;
    }
    columns[COLUMN_ROW] = (struct grid_column){"ROW", NULL, CELL_NUMBER, 4, 0, false};
    columns[COLUMN_LINE] = (struct grid_column){"LINE", NULL, CELL_NUMBER, 4, 0, false};
    columns[COLUMN_CODE] = (struct grid_column){"RULE", NULL, CELL_TEXT, 8, 18, false};
    for (size_t i = 0; i < cells; i++) {
        struct buf title;
        buf_init(&title, MOST_VALUE);
        add_value(&title, json_array_get(header, i));
        if (!title.n)
            buf_printf(&title, "(%zu)", i + 1);
        json_array_append_new(titles, json_stringn(title.p, title.n));
        buf_dispose(&title);
        const char *text = json_string_value(json_array_get(titles, i));
        columns[i + FIXED] = (struct grid_column){text ? text : "?", NULL, CELL_TEXT, 5, 28, false};
    }
    grid_set_columns(&view->grid, columns, count, FIXED);
    free(rows->columns);
    json_decref(rows->header);
    rows->columns = columns;
    rows->header = titles;
    return true;
}

static void init(struct view *view)
{
    static const struct grid_column none[] = {{"ROW", NULL, CELL_NUMBER, 4, 0, false}};
    grid_init(&view->grid, none, 0, 0);
    view->grid.cell = fill_cell;
    view->grid.context = view;
    view->grid.by_cell = true;
    view->grid.id = "row_number";
}

static void dispose(struct view *view)
{
    struct rows *rows = view->state;
    free(rows->columns);
    json_decref(rows->header);
    json_decref(rows->run);
}

/* ---- pages ---- */

static void ask_page(struct view *view, int tag, const char *from, json_int_t number)
{
    struct rows *rows = view->state;
    rows->looks = tag == TAG_GO || !view->loaded;
    json_t *params = json_pack("{s:s, s:O*, s:O*, s:I, s:i}", "run", view_argument(view, "run"), "cause",
        json_object_get(view->arguments, "cause"), "stage", json_object_get(view->arguments, "stage"), from, number,
        "limit", rows->looks ? LOOK : PAGE);
    rows->asked = true;
    view_ask(view, tag, "grid", params);
}

static void ask_around(struct view *view)
{
    size_t at = view->grid.at;
    ask_page(view, TAG_PAGE, "at", (json_int_t)(at > PAGE / 2 ? at - PAGE / 2 : 0));
}

static void load(struct view *view)
{
    ask_around(view);
    view_ask(view, TAG_RUN, "run", json_pack("{s:s}", "run", view_argument(view, "run")));
}

/* Asks for the page around the cursor when the screen shows what is not here. */
static void follow(struct view *view)
{
    struct rows *rows = view->state;
    size_t line;
    if (!rows->asked && view->loaded && grid_wants(&view->grid, &line))
        ask_page(view, TAG_PAGE, "at", (json_int_t)(line > PAGE / 3 ? line - PAGE / 3 : 0));
}

static bool next_failing(struct view *view, int by);

/* The last run that read rows of this one again has those that failed once more. */
static void tell_elsewhere(struct rows *rows)
{
    const json_t *by = json_object_get(rows->run, "reread_by");
    struct buf id;
    if (!json_array_size(by))
        return;
    buf_init(&id, 64);
    view_short_id(&id, json_array_get(by, json_array_size(by) - 1));
    snprintf(rows->elsewhere, sizeof rows->elsewhere, "it was rejected again, and is open there:  :rows %s",
        id.p ? id.p : "");
    buf_dispose(&id);
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct rows *rows = view->state;
    json_t *items = json_object_get(result, "items");
    if (tag == TAG_IDEAS) {
        acts_suggest(view, view_argument(view, "run"), result);
        return;
    }
    if (tag == TAG_RUN) {
        json_incref(result);
        json_decref(rows->run);
        rows->run = result;
        tell_elsewhere(rows);
        return;
    }
    rows->asked = false;
    if (!make_columns(view, result))
        return;
    view_keep(view, result);
    grid_set(&view->grid, items, (size_t)json_integer_value(json_object_get(result, "at")),
        (size_t)json_integer_value(json_object_get(result, "total")));
    if (tag == TAG_GO)
        grid_go(&view->grid, view->grid.base);
    else if (!rows->placed) {
        view->grid.column = FIXED;
        if (json_array_size(items) && !error_of(json_array_get(items, 0), FIXED))
            next_failing(view, 1);
    }
    rows->placed = true;
    if (rows->looks && json_array_size(items) < (size_t)json_integer_value(json_object_get(result, "total")))
        ask_around(view);
    follow(view);
}

static bool go(struct view *view, int64_t number)
{
    ask_page(view, TAG_GO, "row", number);
    return true;
}

/* ---- the pane ---- */

static void draw_hex(struct canvas *canvas, int y, int x, int width, struct str value)
{
    struct buf hex;
    buf_init(&hex, 64 * 1024);
    for (size_t i = 0; i < value.n && i < MOST_HEX && (int)hex.n + 4 < width; i++)
        buf_printf(&hex, i ? " %02x" : "%02x", (unsigned char)value.p[i]);
    x += canvas_cstr(canvas, y, x, width, ROLE_DIM, "hex    ");
    x += canvas_text(canvas, y, x, width, ROLE_TEXT, buf_str(&hex));
    if (value.n > hex.n / 3 + 1)
        canvas_glyph(canvas, y, x + 1, ROLE_TEXT, GLYPH_ELLIPSIS);
    buf_dispose(&hex);
}

/* Without what the pane's title and the value above say already. */
static const char *rest_of(const char *message, const char *title, struct str value)
{
    size_t named = strlen(title), n = 0;
    if (strncmp(message, title, named) != 0 || strncmp(message + named, ": ", 2) != 0)
        return message;
    message += named + 2;
    struct buf shown;
    buf_init(&shown, MOST_VALUE);
    utf8_sanitise(&shown, value);
    while (message[0] == '"' && n < shown.n && message[1 + n] == shown.p[n])
        n++;
    const char *rest = message + 1 + n;
    bool cut = n && n < shown.n && strncmp(rest, "…\" ", 5) == 0,
         whole = n && n == shown.n && strncmp(rest, "\" ", 2) == 0;
    buf_dispose(&shown);
    return whole ? rest + 2 : cut ? rest + 5 : message;
}

/* What the column RULE says is not said again: a move of the cursor is few bytes. */
static void draw_errors(struct canvas *canvas, int y, int end, const json_t *item, const char *title, struct str value)
{
    const json_t *errors = json_object_get(item, "errors");
    size_t count = json_array_size(errors);
    canvas_cstr(canvas, y, 1, 10, ROLE_DIM, count ? "why    " : "");
    for (size_t i = 0; i < count && y < end; i++, y++) {
        const json_t *error = json_array_get(errors, i);
        const char *code = json_string_value(json_object_get(error, "code"));
        const char *message = json_string_value(json_object_get(error, "message"));
        int x = LABEL;
        if (count > 1)
            x += 2 + canvas_cstr(canvas, y, x, 20, ROLE_BAD, code ? code : "");
        canvas_cstr(canvas, y, x, canvas->columns - x - 1, ROLE_TEXT, message ? rest_of(message, title, value) : "");
    }
}

static void draw_pane(struct view *view, struct canvas *canvas, int y, int end)
{
    const json_t *item = grid_item(&view->grid);
    size_t column = view->grid.column;
    canvas_line(canvas, y, 0, canvas->columns);
    if (!item || column < FIXED || column >= view->grid.column_count)
        return;
    struct buf value;
    buf_init(&value, MOST_VALUE);
    add_value(&value, json_array_get(json_object_get(item, "cells"), cell_index(column)));
    bool bad = error_of(item, column);
    int x = 2 + canvas_printf(canvas, y, 2, canvas->columns - 24, ROLE_HEAD, " %s ", view->grid.columns[column].title);
    if (fate_of(item))
        canvas_printf(canvas, y, x + 2, canvas->columns - x - 3, ROLE_GOOD, " this row: %s ", fate_of(item));
    y++;
    x = 1 + canvas_cstr(canvas, y, 1, 10, ROLE_DIM, "value  ");
    if (value.n)
        canvas_text(canvas, y, x, canvas->columns - x - 1, bad ? ROLE_BAD : ROLE_TITLE, buf_str(&value));
    else
        canvas_cstr(canvas, y, x, 20, ROLE_DIM, "(empty)");
    y++;
    draw_hex(canvas, y++, 1, canvas->columns - 12, buf_str(&value));
    draw_errors(canvas, y, end, item, view->grid.columns[column].title, buf_str(&value));
    buf_dispose(&value);
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    int pane = height > 2 * PANE_LINES ? PANE_LINES : 0;
    if (view->loaded && !grid_lines(&view->grid)) {
        canvas_cstr(canvas, y + 1, 1, canvas->columns - 2, ROLE_DIM,
            view->grid.filter.n ? "No row that is loaded matches the filter." : "No row was rejected.");
        return;
    }
    if (!view->loaded)
        return;
    int cursor_y = canvas->cursor_y, cursor_x = canvas->cursor_x;
    grid_draw(&view->grid, canvas, y, 1, height - pane, canvas->columns - 2);
    if (cursor_y == canvas->cursor_y && cursor_x == canvas->cursor_x)
        canvas->cursor_y = y + 1;
    if (pane)
        draw_pane(view, canvas, y + height - pane, y + height);
}

/* ---- keys ---- */

/* The next failing cell in reading order, among the rows that are here. */
static bool next_failing(struct view *view, int by)
{
    struct grid *grid = &view->grid;
    size_t line = grid->at, column = grid->column;
    for (;;) {
        column += (size_t)by;
        if (column < FIXED || column >= grid->column_count) {
            if (by < 0 ? line == 0 : line + 1 >= grid_lines(grid))
                return false;
            line += (size_t)by;
            column = by < 0 ? grid->column_count - 1 : FIXED;
        }
        const json_t *item = grid_item_at(grid, line);
        if (!item)
            return false;
        if (!error_of(item, column))
            continue;
        grid->column = column;
        if (grid->first > column)
            grid->first = column;
        grid_go(grid, line);
        return true;
    }
}

static bool open_frequency(struct view *view)
{
    const struct grid *grid = &view->grid;
    if (grid->column < FIXED || grid->column >= grid->column_count)
        return true;
    view_open(view, &view_frequency,
        json_pack("{s:s, s:O*, s:O*, s:I, s:s}", "run", view_argument(view, "run"), "cause",
            json_object_get(view->arguments, "cause"), "stage", json_object_get(view->arguments, "stage"), "column",
            (json_int_t)cell_index(grid->column), "title", grid->columns[grid->column].title));
    return true;
}

/* ---- acting: on rows that are marked, or on the one under the cursor ---- */

/* Of the cause under the cursor; NULL: the run is not known yet. */
static const json_t *cause_here(const struct view *view)
{
    const struct rows *rows = view->state;
    const json_t *causes = json_object_get(rows->run, "causes"), *cause;
    const json_t *wanted = json_object_get(grid_item(&view->grid), "cause");
    size_t i;
    json_array_foreach(causes, i, cause)
    {
        if (json_equal(json_object_get(cause, "cause"), wanted))
            return cause;
    }
    return NULL;
}

static bool is_quarantined(const struct view *view)
{
    return view_is(((struct rows *)view->state)->run, "outcome", "quarantined");
}

/* The cause that is marked as a whole, or the numbers of rows; the caller's to release. */
static struct redrive_subject chosen(const struct view *view, json_t **numbers)
{
    const struct grid *grid = &view->grid;
    struct redrive_subject subject = {.run = view_argument(view, "run"), .rows = true};
    *numbers = NULL;
    if (grid->like) {
        subject.cause = json_integer_value(grid->like_value);
        subject.count = (json_int_t)grid->like_count;
        return subject;
    }
    *numbers =
        marks_count(grid) ? marks_ids(grid, NULL) : json_pack("[O]", json_object_get(grid_item(grid), "row_number"));
    subject.row = *numbers;
    subject.count = (json_int_t)json_array_size(*numbers);
    return subject;
}

static const char *disabled(const struct view *view, enum request request)
{
    const struct rows *rows = view->state;
    const json_t *item = grid_item(&view->grid);
    bool acts = request == REQUEST_REDRIVE || request == REQUEST_DISCARD;
    if (request == REQUEST_MARK_SAME && item && !cause_here(view))
        return "what the run's causes are is not known yet";
    if (request == REQUEST_EDIT && view->grid.column < FIXED)
        return "the cursor is on no cell of the file";
    if (!acts && request != REQUEST_SUGGEST && request != REQUEST_EDIT)
        return NULL;
    if (!item)
        return "there is nothing under the cursor";
    if (is_quarantined(view))
        return request == REQUEST_DISCARD ? "these rows are of a file in quarantine, which is closed as a whole" : NULL;
    if (acts && marks_count(&view->grid) > json_object_size(view->grid.marks) && json_object_size(view->grid.marks))
        return "a cause and rows beside it are marked: one or the other";
    bool of_this_row = request == REQUEST_EDIT || (acts && !marks_count(&view->grid));
    if (!of_this_row || !rows->run || !json_object_get(item, "state") || view_is(item, "state", "open"))
        return NULL;
    return view_is(item, "state", "rejected-again") && rows->elsewhere[0] ? rows->elsewhere
                                                                          : "this row is not open any more";
}

/* A quarantined file has no rows of its own to be read again: it is asked for as a whole, with its patch if it has one.
 */
static void redrive(struct view *view)
{
    json_t *numbers;
    struct redrive_subject subject = chosen(view, &numbers);
    if (is_quarantined(view))
        subject = (struct redrive_subject){.run = view_argument(view, "run")};
    dialog_redrive(view, &subject, 1, NO_IDEA);
    json_decref(numbers);
}

static void discard(struct view *view)
{
    json_t *numbers;
    struct redrive_subject subject = chosen(view, &numbers);
    dialog_discard_rows(view, subject.run, subject.cause, subject.row, subject.count);
    json_decref(numbers);
}

static void mark_same(struct view *view)
{
    const json_t *cause = cause_here(view);
    marks_like(&view->grid, "cause", grid_item(&view->grid), (size_t)acts_open(cause));
    view_tell_marks(view, "open row of this cause", "open rows of this cause");
}

/* The cell under the cursor, as it stands in the file. */
static bool edit(struct view *view)
{
    const json_t *item = grid_item(&view->grid);
    struct buf value;
    buf_init(&value, MOST_VALUE);
    add_value(&value, json_array_get(json_object_get(item, "cells"), cell_index(view->grid.column)));
    view_open(view, &view_edit,
        json_pack("{s:s, s:O*, s:s, s:b, s:o*}", "run", view_argument(view, "run"), "row",
            json_object_get(item, "row_number"), "column", view->grid.columns[view->grid.column].title, "rows", 1,
            "value", json_stringn(value.n ? value.p : "", value.n)));
    buf_dispose(&value);
    return true;
}

static bool act(struct view *view, enum request request)
{
    const struct rows *rows = view->state;
    if (request == REQUEST_EDIT)
        return edit(view);
    if (request == REQUEST_REDRIVE)
        redrive(view);
    else if (request == REQUEST_DISCARD)
        discard(view);
    else if (request == REQUEST_SUGGEST)
        acts_ask_ideas(
            view, TAG_IDEAS, rows->run, json_integer_value(json_object_get(grid_item(&view->grid), "cause")));
    else if (request == REQUEST_MARK_SAME && grid_item(&view->grid))
        mark_same(view);
    else
        return view_marks(view, request, "row", "rows");
    return true;
}

static bool request(struct view *view, enum request request)
{
    bool done = true;
    if (request == REQUEST_NEXT_FAILING || request == REQUEST_PREVIOUS_FAILING) {
        if (!next_failing(view, request == REQUEST_NEXT_FAILING ? 1 : -1))
            view_flash(view, ROLE_DIM, "no failing cell further on");
    } else if (request == REQUEST_FREQUENCY)
        done = open_frequency(view);
    else
        done = act(view, request) || grid_request(&view->grid, request);
    follow(view);
    return done;
}

static void hand_over(struct view *view, struct buf *out)
{
    const struct grid *grid = &view->grid;
    const char *run = view_argument(view, "run"), *title = view_argument(view, "title"),
               *stage = view_argument(view, "stage");
    json_int_t cause = json_integer_value(json_object_get(view->arguments, "cause"));
    buf_printf(out, "run %s: %s, ", run, title ? title : "");
    view_number(out, (json_int_t)grid->total);
    buf_add_cstr(out, " rows\n");
    for (size_t i = 0; i < 3 && i < json_array_size(grid->items); i++) {
        const json_t *item = json_array_get(grid->items, i);
        buf_printf(out, "  row %lld: ", (long long)json_integer_value(json_object_get(item, "row_number")));
        grid_value(out, CELL_TEXT, json_object_get(json_array_get(json_object_get(item, "errors"), 0), "message"));
        buf_add_byte(out, '\n');
    }
    buf_printf(out, "sluice rows %s", run);
    if (cause)
        buf_printf(out, " --cause %lld", (long long)cause);
    if (stage)
        buf_printf(out, " --stage %s", stage);
    buf_add_byte(out, '\n');
}

const struct view_type view_rows = {
    .name = "Rows",
    .help = "the failing rows of a run, a stage or a cause",
    .requests = REQUESTS_SCROLL | REQUESTS_FIND | REQUEST_BIT(REQUEST_FILTER) | REQUEST_BIT(REQUEST_COPY) |
                REQUEST_BIT(REQUEST_WRITE) | REQUEST_BIT(REQUEST_NEXT_FAILING) | REQUEST_BIT(REQUEST_PREVIOUS_FAILING) |
                REQUEST_BIT(REQUEST_FREQUENCY) | REQUEST_BIT(REQUEST_HANDOVER) | REQUEST_BIT(REQUEST_EDIT) |
                REQUESTS_MARK | REQUEST_BIT(REQUEST_REDRIVE) | REQUEST_BIT(REQUEST_SUGGEST) |
                REQUEST_BIT(REQUEST_DISCARD),
    .size = sizeof(struct rows),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .draw = draw,
    .disabled = disabled,
    .request = request,
    .go = go,
    .hand_over = hand_over,
};
