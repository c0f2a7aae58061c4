/* Who did what, the newest first, and whether the chain of lines still holds. */
#include "shared/ulid.h"
#include "tui/view/pages.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DETAIL = 64 * 1024 };

static const struct grid_column columns[] = {
    {"AT", "at", CELL_TEXT, 8, 11, false},
    {"WHO", "actor", CELL_TEXT, 6, 16, false},
    {"ROLE", "role", CELL_TEXT, 6, 9, false},
    {"WHAT", "action", CELL_TEXT, 10, 22, false},
    {"SUBJECT", "subject", CELL_TEXT, 10, 60, true},
    {"FROM", "from", CELL_TEXT, 4, 60, false},
};
enum { COLUMN_AT, COLUMN_WHO, COLUMN_ROLE, COLUMN_WHAT };

struct audit {
    struct pages pages;
    json_t *verified; /* of one target; of several a list */
};

static void fill_cell(void *context, const json_t *item, size_t column, struct grid_cell *cell)
{
    const json_t *value = json_object_get(item, columns[column].key);
    const char *text = json_string_value(value);
    (void)context;
    if (column == COLUMN_AT)
        view_time(cell->text, value);
    else
        grid_value(cell->text, CELL_TEXT, value);
    cell->style = column == COLUMN_WHO ? ROLE_TITLE : column > COLUMN_WHAT ? ROLE_DIM : ROLE_TEXT;
    if (column == COLUMN_WHAT && text && (strcmp(text, "refused") == 0 || strcmp(text, "break-glass") == 0))
        cell->style = ROLE_WARN;
}

static void init(struct view *view)
{
    pages_init(&((struct audit *)view->state)->pages, "audit", NULL);
    grid_init(&view->grid, columns, sizeof columns / sizeof *columns, 1);
    view->grid.cell = fill_cell;
    view->grid.key = "id";
}

static void dispose(struct view *view)
{
    struct audit *audit = view->state;
    pages_dispose(&audit->pages);
    json_decref(audit->verified);
}

static void load(struct view *view)
{
    pages_load(&((struct audit *)view->state)->pages, view);
}

static void answer(struct view *view, int tag, json_t *result)
{
    struct audit *audit = view->state;
    json_t *verified = json_object_get(result, "verified");
    pages_take(&audit->pages, view, tag, result);
    if (tag != PAGES_FIRST)
        return;
    json_decref(audit->verified);
    audit->verified = json_incref(verified);
}

static const char *broken_of(const json_t *verified)
{
    return json_string_value(json_object_get(verified, "broken"));
}

/* Of several chains the broken one counts. */
static void add_chains(struct buf *text, const json_t *all, const char **broken)
{
    const json_t *one;
    json_int_t lines = 0;
    size_t i, count = json_array_size(all);
    json_array_foreach(all, i, one)
    {
        lines += json_integer_value(json_object_get(one, "lines"));
        if (broken_of(one) && !*broken)
            buf_printf(text, "The chain of %s is broken: %s", json_string_value(json_object_get(one, "target")),
                *broken = broken_of(one));
    }
    if (*broken)
        return;
    view_number(text, lines);
    buf_printf(text, " lines of %zu targets, each follows from the one before: the chains hold", count);
}

static void draw_chain(const struct view *view, struct canvas *canvas, int y)
{
    const struct audit *audit = view->state;
    const char *broken = broken_of(audit->verified);
    struct buf text;
    if (!view->loaded)
        return;
    buf_init(&text, MOST_DETAIL);
    if (json_is_array(audit->verified))
        add_chains(&text, audit->verified, &broken);
    else if (broken)
        buf_printf(&text, "The chain is broken: %s", broken);
    else {
        view_number(&text, json_integer_value(json_object_get(audit->verified, "lines")));
        buf_add_cstr(&text, " lines, each follows from the one before: the chain holds");
    }
    canvas_text(canvas, y, 1, canvas->columns - 2, broken ? ROLE_BAD : ROLE_GOOD, buf_str(&text));
    buf_dispose(&text);
}

/* A list of what has parts is its length. */
static void add_leaf(struct buf *out, const json_t *value)
{
    const json_t *first = json_array_get(value, 0);
    if (json_is_string(value))
        buf_add_cstr(out, json_string_value(value));
    else if (json_is_object(first) || json_is_array(first))
        buf_add_u64(out, json_array_size(value));
    else {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        buf_add_cstr(out, text ? text : "");
        free(text);
    }
}

/* "files 2  map Price EUR=unit_price": what is empty, and the reason, which has its own line, is left out. */
static void add_details(struct buf *out, json_t *detail)
{
    const char *key, *name;
    json_t *value, *leaf;
    json_object_foreach(detail, key, value)
    {
        bool nested = json_object_size(value) && json_is_object(json_object_iter_value(json_object_iter(value)));
        if (nested)
            add_details(out, value);
        bool empty = json_is_null(value) || (!json_object_size(value) && json_is_object(value)) ||
                     (!json_array_size(value) && json_is_array(value));
        if (nested || empty || strcmp(key, "reason") == 0)
            continue;
        buf_printf(out, "%s%s", out->n ? "  " : "", key);
        if (!json_is_object(value)) {
            buf_add_byte(out, ' ');
            add_leaf(out, value);
        }
        json_object_foreach(value, name, leaf)
        {
            buf_printf(out, " %s=", name);
            add_leaf(out, leaf);
        }
    }
}

static void draw_detail(const json_t *item, struct canvas *canvas, int y)
{
    json_t *detail = json_object_get(item, "detail");
    const char *reason = json_string_value(json_object_get(detail, "reason"));
    struct buf text;
    buf_init(&text, MOST_DETAIL);
    if (json_is_object(detail))
        add_details(&text, detail);
    else if (detail && !json_is_null(detail))
        add_leaf(&text, detail);
    canvas_line(canvas, y, 0, canvas->columns);
    canvas_cstr(canvas, y++, 2, 30, ROLE_HEAD, " This line ");
    if (reason) {
        int x = 1 + canvas_cstr(canvas, y, 1, 12, ROLE_DIM, "because  ");
        canvas_cstr(canvas, y++, x, canvas->columns - x - 1, ROLE_TITLE, reason);
    }
    if (text.n)
        view_wrapped(canvas, y, 1, canvas->columns - 2, 2, ROLE_TEXT, text.p);
    buf_dispose(&text);
}

static void draw(struct view *view, struct canvas *canvas, int y, int height)
{
    enum { DETAIL = 4 };
    const json_t *item = grid_item(&view->grid);
    int list = item && height > 3 * DETAIL ? height - DETAIL : height;
    draw_chain(view, canvas, y);
    grid_draw(&view->grid, canvas, y + 1, 1, list - 1, canvas->columns - 2);
    if (list < height)
        draw_detail(item, canvas, y + list);
}

/* The request, or the run, that the line is about. */
static void enter(struct view *view)
{
    static const char *const of_requests[] = {"redrive-", "override-", "contract-", "withdraw-", "reprocess-"};
    const json_t *item = grid_item(&view->grid), *subject = json_object_get(item, "subject");
    const char *action = json_string_value(json_object_get(item, "action"));
    bool is_request = false;
    for (size_t i = 0; action && i < sizeof of_requests / sizeof *of_requests; i++)
        is_request = is_request || strncmp(action, of_requests[i], strlen(of_requests[i])) == 0;
    if (json_string_length(subject) != ULID_SIZE - 1) {
        if (item)
            view_flash(view, ROLE_DIM, "it is about neither a run nor a request");
        return;
    }
    struct buf id;
    buf_init(&id, 64);
    view_short_id(&id, subject);
    view_open(view, is_request ? &view_request : &view_run,
        json_pack("{s:s, s:s}", is_request ? "request" : "run", json_string_value(subject), "title", id.p ? id.p : ""));
    buf_dispose(&id);
}

static bool request(struct view *view, enum request request)
{
    if (request == REQUEST_ENTER) {
        enter(view);
        return true;
    }
    bool done = grid_request(&view->grid, request);
    pages_follow(&((struct audit *)view->state)->pages, view);
    return done;
}

const struct view_type view_audit = {
    .name = "Audit",
    .help = "who did what, and whether the chain holds",
    .fleet = true,
    .follows = true,
    .requests = REQUESTS_LIST | REQUEST_BIT(REQUEST_ENTER),
    .size = sizeof(struct audit),
    .init = init,
    .dispose = dispose,
    .load = load,
    .answer = answer,
    .draw = draw,
    .request = request,
};
