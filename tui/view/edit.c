/*
 * Edits of a file, over its bytes: which row, which column, what the cell is to say; below, the difference that all
 * edits so far make. R asks for the re-drive with them: of a quarantined file as a whole, of a loaded one (the argument
 * "rows") of its edited rows.
 */
#include "shared/ulid.h"
#include "shared/utf8.h"
#include "tui/view/dialog.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL = 10, MOST_VALUE = 64 * 1024 };
enum { FIELD_ROW, FIELD_COLUMN, FIELD_VALUE, FIELDS, ON_DIFF = FIELDS, PLACES };
enum { TAG_SHOW, TAG_EDIT };

static const struct grid_column columns[] = {{"", "text", CELL_TEXT, 10, 400, true}};

struct edit {
    struct buf fields[FIELDS];
    struct buf refusal;
    int place;
    bool asked;
};

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const char *text = json_string_value(json_object_get(item, "text"));
    char sign = text ? text[0] : ' ';
    (void)context, (void)column;
    buf_add_cstr(cell->text, text ? text : "");
    cell->style = sign == '-' ? ROLE_BAD : sign == '+' ? ROLE_GOOD : ROLE_DIM;
}

/* What the screen was opened for. */
static void fill_fields(struct view *view)
{
    struct edit *edit = view->state;
    json_t *row = json_object_get(view->arguments, "row"), *value = json_object_get(view->arguments, "value");
    const char *column = view_argument(view, "column");
    if (!json_is_integer(row))
        return;
    buf_printf(&edit->fields[FIELD_ROW], "%lld", (long long)json_integer_value(row));
    buf_add_cstr(&edit->fields[FIELD_COLUMN], column ? column : "");
    buf_add(&edit->fields[FIELD_VALUE], json_string_value(value), json_string_length(value));
    edit->place = FIELD_VALUE;
}

static void init(struct view *view)
{
    struct edit *edit = view->state;
    for (int i = 0; i < FIELDS; i++)
        buf_init(&edit->fields[i], MOST_VALUE);
    buf_init(&edit->refusal, MOST_VALUE);
    fill_fields(view);
    grid_init(&view->grid, columns, 1, 0);
    view->grid.cell = fill_cell;
}

static void dispose(struct view *view)
{
    struct edit *edit = view->state;
    for (int i = 0; i < FIELDS; i++)
        buf_dispose(&edit->fields[i]);
    buf_dispose(&edit->refusal);
}

static void load(struct view *view)
{
    view_ask(view, TAG_SHOW, "patch", json_pack("{s:s}", "run", view_argument(view, "run")));
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct edit *edit = view->state;
    const char *text = json_string_value(json_object_get(result, "diff"));
    json_t *lines = json_array();
    view_keep(view, result);
    for (const char *at = text; at && *at;) {
        size_t n = strcspn(at, "\n");
        json_array_append_new(lines, json_pack("{s:s%}", "text", at, n));
        at += n + (at[n] == '\n');
    }
    grid_set(&view->grid, lines, 0, json_array_size(lines));
    json_decref(lines);
    edit->asked = false;
    buf_reset(&edit->refusal);
    if (tag == TAG_EDIT)
        edit->place = ON_DIFF;
}

static void refused(struct view *view, int tag, const struct err *why)
{
    struct edit *edit = view->state;
    (void)tag;
    edit->asked = false;
    buf_reset(&edit->refusal);
    buf_printf(&edit->refusal, "%s%s%s", why->message, why->hint[0] ? " - " : "", why->hint);
}

/* ---- editing ---- */

static void ask_edit(struct view *view, json_t *params)
{
    struct edit *edit = view->state;
    char client[ULID_SIZE];
    ulid_new(client);
    json_object_set_new(params, "run", json_string(view_argument(view, "run")));
    json_object_set_new(params, "client", json_string(client));
    edit->asked = true;
    view_ask(view, TAG_EDIT, "patch", params);
}

static void apply(struct view *view)
{
    struct edit *edit = view->state;
    char *end = NULL;
    const struct buf *row = &edit->fields[FIELD_ROW], *column = &edit->fields[FIELD_COLUMN];
    const struct buf *value = &edit->fields[FIELD_VALUE];
    json_int_t number = row->n ? strtoll(row->p, &end, 10) : 0;
    if (number <= 0 || *end)
        view_flash(view, ROLE_WARN, "which row? its number; the first record is 1");
    else if (!column->n)
        view_flash(view, ROLE_WARN, "which column? its name, in the contract or in the file");
    else if (!edit->asked)
        ask_edit(view, json_pack("{s:I, s:s%, s:s%}", "row", number, "column", column->p, column->n, "value",
                           value->n ? value->p : "", value->n));
}

static bool typing(struct view *view)
{
    return ((struct edit *)view->state)->place < FIELDS;
}

static bool on_key(struct view *view, const struct key *key)
{
    struct edit *edit = view->state;
    char bytes[4];
    if (key->code == KEY_CODE_TAB || key->code == KEY_CODE_BACK_TAB) {
        edit->place = (edit->place + (key->code == KEY_CODE_TAB ? 1 : PLACES - 1)) % PLACES;
        return true;
    }
    if (!typing(view))
        return false;
    struct buf *text = &edit->fields[edit->place];
    if (key->code == KEY_CODE_ENTER && edit->place == FIELD_VALUE)
        apply(view);
    else if (key->code == KEY_CODE_ENTER)
        edit->place++;
    else if (key->code == KEY_CODE_BACKSPACE)
        view_erase(text);
    else if (key->code == ('U' & 0x1F))
        buf_reset(text);
    else if (key->code >= 0x20 && key->code < KEY_CODE_UP && text->n + sizeof bytes < text->max)
        buf_add(text, bytes, utf8_encode(key->code, bytes));
    else
        return false;
    return true;
}

static const char *disabled(const struct view *view, enum request request)
{
    bool edited = json_array_size(json_object_get(view->result, "edits"));
    return !edited && (request == REQUEST_UNDO || request == REQUEST_REDRIVE) ? "nothing of this file is edited" : NULL;
}

static void redrive(struct view *view)
{
    const json_t *edits = json_object_get(view->result, "edits"), *edit;
    json_t *rows = json_is_true(json_object_get(view->arguments, "rows")) ? json_array() : NULL;
    struct redrive_subject subject = {.run = view_argument(view, "run"), .patch = true, .rows = rows, .row = rows};
    size_t i, n;
    json_array_foreach(edits, i, edit)
    {
        json_t *row = json_object_get(edit, "row"), *known;
        json_array_foreach(rows, n, known) if (json_equal(known, row)) break;
        if (rows && n == json_array_size(rows))
            json_array_append(rows, row);
    }
    subject.count = (json_int_t)json_array_size(rows);
    dialog_redrive(view, &subject, 1, NO_IDEA);
    json_decref(rows);
}

static bool request(struct view *view, enum request request)
{
    struct edit *edit = view->state;
    switch (request) {
    case REQUEST_EDIT:
        edit->place = FIELD_ROW;
        return true;
    case REQUEST_UNDO:
        if (!edit->asked)
            ask_edit(view, json_pack("{s:b}", "undo", 1));
        return true;
    case REQUEST_REDRIVE:
        redrive(view);
        return true;
    default:
        return grid_request(&view->grid, request);
    }
}

/* ---- drawing ---- */

static void draw_field(const struct view *view, struct canvas *canvas, int y, int field, const char *label)
{
    const struct edit *edit = view->state;
    view_field_text(canvas, y, 1, LABEL, label, buf_str(&edit->fields[field]), edit->place == field);
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    static const char *const labels[FIELDS] = {"row", "column", "value"};
    const struct edit *edit = view->state;
    const char *file = json_string_value(json_object_get(view->result, "file"));
    int end = y + height, cursor_y, cursor_x;
    canvas_cstr(canvas, y++, 1, canvas->columns - 2, ROLE_DIM, file ? file : "");
    for (int i = 0; i < FIELDS; i++)
        draw_field(view, canvas, y++, i, labels[i]);
    cursor_y = canvas->cursor_y, cursor_x = canvas->cursor_x;
    if (edit->refusal.n)
        y += view_wrapped(canvas, y, 1, canvas->columns - 2, 2, ROLE_BAD, edit->refusal.p);
    if (view->loaded && !grid_lines(&view->grid))
        canvas_cstr(canvas, y + 1, 1, canvas->columns - 2, ROLE_DIM,
            "Nothing yet. Enter in the last field edits; the file's bytes stay as they came.");
    else
        grid_draw(&view->grid, canvas, y, 1, end - y, canvas->columns - 2);
    canvas_line(canvas, y, 0, canvas->columns);
    canvas_cstr(canvas, y, 2, 40, ROLE_HEAD, edit->asked ? " The agent is at it " : " What is edited ");
    if (edit->place == ON_DIFF)
        return;
    canvas->cursor_y = cursor_y;
    canvas->cursor_x = cursor_x;
}

const struct view_type view_edit = {
    .name = "Edit",
    .help = "cells of a quarantined file, edited over its bytes",
    .requests = (REQUESTS_SCROLL | REQUEST_BIT(REQUEST_TAB) | REQUEST_BIT(REQUEST_EDIT) | REQUEST_BIT(REQUEST_UNDO) |
                 REQUEST_BIT(REQUEST_REDRIVE)),
    .size = sizeof(struct edit),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .refused = refused,
    .draw = draw,
    .key = on_key,
    .typing = typing,
    .disabled = disabled,
    .request = request,
};
