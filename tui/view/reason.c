/* Why a whole file was rejected: reason.json, folded, or as it is. */
#include "tui/view/acts.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOLDED, RAW, TABS, MOST_PATH = 512, MOST_LIST = 1024 * 1024 };

static const struct grid_column folded_columns[] = {
    {"", "key", CELL_TEXT, 14, 30, false},
    {"", "text", CELL_TEXT, 10, 400, true},
};
static const struct grid_column raw_columns[] = {{"", "text", CELL_TEXT, 10, 400, true}};
enum { COLUMN_KEY, COLUMN_TEXT };

struct reason {
    json_t *lines;
    json_t *open;      /* paths that are unfolded: true */
    size_t suggestion; /* the one rehearsed next */
    bool wanted;       /* s was pressed before the reason was here */
};

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const struct view *view = context;
    int depth = (int)view_field(item, "depth");
    bool folds = json_object_get(item, "path"), open = json_is_true(json_object_get(item, "open"));
    if (view->tab == RAW || column == COLUMN_TEXT) {
        grid_value(cell->text, CELL_TEXT, json_object_get(item, "text"));
        cell->style = folds ? ROLE_DIM : ROLE_TEXT;
        return;
    }
    for (int i = 0; i < depth; i++)
        buf_add_cstr(cell->text, "  ");
    buf_add_cstr(cell->text, !folds ? "  " : open ? "- " : "+ ");
    grid_value(cell->text, CELL_TEXT, json_object_get(item, "key"));
    cell->style = folds ? ROLE_ACCENT : ROLE_DIM;
}

static void init(struct view *view)
{
    struct reason *reason = view->state;
    reason->lines = json_array();
    reason->open = json_pack("{s:b, s:b, s:b}", "/suggestions", 1, "/suggestions/1", 1, "/samples", 1);
    grid_init(&view->grid, folded_columns, sizeof folded_columns / sizeof *folded_columns, 0);
    view->grid.cell = fill_cell;
    view->grid.context = view;
}

static void dispose(struct view *view)
{
    struct reason *reason = view->state;
    json_decref(reason->lines);
    json_decref(reason->open);
}

static void load(struct view *view)
{
    view_ask(view, 0, "reason", json_pack("{s:s}", "run", view_argument(view, "run")));
}

/* ---- lines ---- */

/* Names as names, everything else as it stands in the document. */
static json_t *value_text(const json_t *value)
{
    size_t names = 0;
    for (size_t i = 0; i < json_array_size(value); i++)
        names += json_is_string(json_array_get(value, i));
    if (names && names == json_array_size(value)) {
        struct buf list;
        buf_init(&list, MOST_LIST);
        for (size_t i = 0; i < names; i++) {
            buf_add_cstr(&list, i ? ", " : "");
            grid_value(&list, CELL_TEXT, json_array_get(value, i));
        }
        json_t *line = json_stringn(list.p ? list.p : "", list.n);
        buf_dispose(&list);
        return line;
    }
    if (json_is_string(value))
        return json_stringn(json_string_value(value), json_string_length(value));
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    json_t *line = json_string(text ? text : "");
    free(text);
    return line;
}

static void add_value(struct reason *reason, const char *path, const char *key, int depth, json_t *value);

static void add_members(struct reason *reason, const char *path, int depth, json_t *value)
{
    const char *key;
    json_t *member;
    char inner[MOST_PATH], number[24];
    json_object_foreach(value, key, member)
    {
        snprintf(inner, sizeof inner, "%s/%s", path, key);
        add_value(reason, inner, key, depth, member);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        snprintf(number, sizeof number, "%zu", i + 1);
        snprintf(inner, sizeof inner, "%s/%s", path, number);
        add_value(reason, inner, number, depth, json_array_get(value, i));
    }
}

static void add_value(struct reason *reason, const char *path, const char *key, int depth, json_t *value)
{
    size_t members = json_object_size(value) + json_array_size(value);
    if (!members) {
        bool empty = json_is_object(value) || json_is_array(value);
        json_array_append_new(reason->lines, json_pack("{s:s, s:i, s:o}", "key", key, "depth", depth, "text",
                                                 empty ? json_string("none") : value_text(value)));
        return;
    }
    bool open = json_is_true(json_object_get(reason->open, path));
    json_array_append_new(reason->lines, json_pack("{s:s, s:s, s:i, s:b, s:o}", "path", path, "key", key, "depth",
                                             depth, "open", open, "text", open ? json_string("") : value_text(value)));
    if (open && depth < 16)
        add_members(reason, path, depth + 1, value);
}

/* What helps first; what stands above the list not again. */
static void add_document(struct reason *reason, json_t *document)
{
    static const char *const first[] = {"suggestions", "expected", "found", "samples", "dialect", "dataset", "stage"};
    static const char *const said[] = {"code", "message", "hint"};
    json_t *rest = json_copy(document);
    char path[MOST_PATH];
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        json_t *value = json_object_get(document, first[i]);
        snprintf(path, sizeof path, "/%s", first[i]);
        if (value)
            add_value(reason, path, first[i], 0, value);
        json_object_del(rest, first[i]);
    }
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        json_object_del(rest, said[i]);
    add_members(reason, "", 0, rest);
    json_decref(rest);
}

static void add_raw(struct reason *reason, const json_t *result)
{
    char *text = json_dumps(result, JSON_INDENT(2));
    for (const char *at = text; at && *at;) {
        size_t n = strcspn(at, "\n");
        json_array_append_new(reason->lines, json_pack("{s:s%}", "text", at, n));
        at += n + (at[n] == '\n');
    }
    free(text);
}

static void arrange(struct view *view)
{
    struct reason *reason = view->state;
    json_array_clear(reason->lines);
    if (view->tab == RAW)
        add_raw(reason, view->result);
    else
        add_document(reason, view->result);
    if (view->tab == RAW)
        grid_set_columns(&view->grid, raw_columns, 1, 0);
    else
        grid_set_columns(&view->grid, folded_columns, sizeof folded_columns / sizeof *folded_columns, 0);
    grid_set(&view->grid, reason->lines, 0, json_array_size(reason->lines));
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    const char *code = json_string_value(json_object_get(view->result, "code"));
    const char *message = json_string_value(json_object_get(view->result, "message"));
    const char *hint = json_string_value(json_object_get(view->result, "hint"));
    const char *name = json_string_value(json_object_get(json_object_get(view->result, "file"), "key"));
    if (!view->loaded)
        return;
    int top = y, width = canvas->columns - 2;
    int x = 1 + canvas_cstr(canvas, y, 1, width, ROLE_BAD, code ? code : "");
    canvas_cstr(canvas, y++, x + 2, width - x - 2, ROLE_DIM, name ? name : "");
    y += view_wrapped(canvas, y, 1, width, 3, ROLE_TITLE, message ? message : "");
    canvas_glyph(canvas, y, 1, ROLE_ACCENT, GLYPH_ARROW);
    y += view_wrapped(canvas, y, 3, width - 2, 3, ROLE_TEXT, hint ? hint : "");
    grid_draw(&view->grid, canvas, y, 1, height - (y - top), width);
    canvas_line(canvas, y, 0, canvas->columns);
    canvas_cstr(canvas, y, 2, 30, ROLE_HEAD, view->tab == RAW ? " reason.json " : " Reason ");
}

static bool fold(struct view *view)
{
    struct reason *reason = view->state;
    const json_t *item = grid_item(&view->grid);
    const char *path = json_string_value(json_object_get(item, "path"));
    if (!path)
        return true;
    bool open = json_is_true(json_object_get(reason->open, path));
    json_object_set_new(reason->open, path, json_boolean(!open));
    arrange(view);
    return true;
}

/* This file, or all of its cause, where it was opened from one with several. */
static void redrive(struct view *view, int idea)
{
    struct redrive_subject subject = {.run = view_argument(view, "run"),
        .cause = json_integer_value(json_object_get(view->arguments, "cause")),
        .count = json_integer_value(json_object_get(view->arguments, "files")),
        .ideas = json_object_get(view->result, "suggestions")};
    dialog_redrive(view, &subject, 1, idea);
}

static void suggest(struct view *view)
{
    struct reason *reason = view->state;
    const json_t *list = json_object_get(view->result, "suggestions");
    reason->wanted = !view->loaded;
    if (reason->wanted)
        return;
    if (!json_array_size(list)) {
        view_flash(view, ROLE_DIM, "there is no suggestion; R re-drives it as it is");
        return;
    }
    redrive(view, (int)(reason->suggestion++ % json_array_size(list)));
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct reason *reason = view->state;
    (void)tag;
    view_keep(view, result);
    arrange(view);
    if (reason->wanted)
        suggest(view);
}

static bool request(struct view *view, enum request request)
{
    if (request == REQUEST_SUGGEST) {
        suggest(view);
        return true;
    }
    if (request == REQUEST_REDRIVE) {
        redrive(view, NO_IDEA);
        return true;
    }
    if (request == REQUEST_ORIGINAL) {
        const json_t *key = json_object_get(json_object_get(view->result, "file"), "key");
        acts_open_file(view, view_argument(view, "run"), view_base_name(json_string_value(key)), true);
        return true;
    }
    if (request == REQUEST_EDIT) {
        view_open(view, &view_edit, json_pack("{s:s}", "run", view_argument(view, "run")));
        return true;
    }
    if (request == REQUEST_DISCARD) {
        json_t *runs = json_pack("[s]", view_argument(view, "run"));
        dialog_discard(view, runs, json_string_value(json_object_get(json_object_get(view->result, "file"), "key")));
        json_decref(runs);
        return true;
    }
    if (request == REQUEST_TAB) {
        view->tab = (view->tab + 1) % TABS;
        arrange(view);
        return true;
    }
    return request == REQUEST_ENTER ? fold(view) : grid_request(&view->grid, request);
}

static void hand_over(struct view *view, struct buf *out)
{
    static const char *const keys[] = {"code", "message", "hint"};
    buf_printf(out, "run %s\n", view_argument(view, "run"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        buf_printf(out, "%s: ", keys[i]);
        grid_value(out, CELL_TEXT, json_object_get(view->result, keys[i]));
        buf_add_byte(out, '\n');
    }
    buf_printf(out, "sluice reason %s\n", view_argument(view, "run"));
}

const struct view_type view_reason = {
    .name = "Reason",
    .help = "why a whole file was rejected",
    .requests = (REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER) | REQUEST_BIT(REQUEST_TAB) | REQUEST_BIT(REQUEST_HANDOVER) |
                    REQUEST_BIT(REQUEST_SUGGEST) | REQUEST_BIT(REQUEST_REDRIVE) | REQUEST_BIT(REQUEST_DISCARD) |
                    REQUEST_BIT(REQUEST_EDIT) | REQUEST_BIT(REQUEST_ORIGINAL)) &
                ~(REQUEST_BIT(REQUEST_SORT) | REQUEST_BIT(REQUEST_REVERSE)),
    .size = sizeof(struct reason),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .draw = draw,
    .request = request,
    .hand_over = hand_over,
};
