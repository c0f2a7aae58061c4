#include "tui/view/view.h"

#include "shared/clock.h"
#include "tui/core/marks.h"

#include <stdlib.h>

static const struct view_type *const types[] = {&view_overview, &view_runs, &view_run, &view_rejects, &view_rows,
    &view_reason, &view_frequency, &view_requests, &view_request, &view_audit, &view_alerts, &view_dialog, &view_edit,
    &view_original, &view_partitions, &view_targets, &view_workers, &view_help};

const struct view_type *const *view_types(size_t *count)
{
    *count = sizeof types / sizeof *types;
    return types;
}

struct view *view_new(const struct view_type *type, const struct view_host *host, json_t *arguments)
{
    struct view *view = calloc(1, sizeof *view);
    void *state = view ? calloc(1, type->size ? type->size : 1) : NULL;
    if (!state) {
        free(view);
        json_decref(arguments);
        return NULL;
    }
    *view = (struct view){.type = type, .host = host, .arguments = arguments, .state = state};
    type->init(view);
    return view;
}

void view_free(struct view *view)
{
    if (!view)
        return;
    if (view->type->dispose)
        view->type->dispose(view);
    grid_dispose(&view->grid);
    json_decref(view->arguments);
    json_decref(view->result);
    json_decref(view->parts);
    free(view->state);
    free(view);
}

const char *view_argument(const struct view *view, const char *name)
{
    return json_string_value(json_object_get(view->arguments, name));
}

void view_ask(struct view *view, int tag, const char *method, json_t *params)
{
    view->host->ask(view->host->context, view, tag, method, params);
}

bool view_is_of_all(const struct view *view)
{
    return view->host->ask_all && view->type->fleet && !view_argument(view, "target");
}

void view_ask_all(struct view *view, int tag, const char *method, json_t *params)
{
    if (view_is_of_all(view))
        view->host->ask_all(view->host->context, view, tag, method, params);
    else
        view_ask(view, tag, method, params);
}

const char *view_target(const struct view *view)
{
    const char *own = view_argument(view, "target");
    if (own || !view_is_of_all(view))
        return own;
    return view->answering ? view->answering : json_string_value(json_object_get(grid_item(&view->grid), "target"));
}

void view_open(struct view *view, const struct view_type *type, json_t *arguments)
{
    const char *target = view_target(view);
    if (target && !json_object_get(arguments, "target"))
        json_object_set_new(arguments, "target", json_string(target));
    view->host->open(view->host->context, type, arguments);
}

void view_flash(struct view *view, enum role role, const char *text)
{
    view->host->flash(view->host->context, role, text);
}

void view_keep(struct view *view, json_t *result)
{
    json_incref(result);
    json_decref(view->result);
    view->result = result;
    view->loaded = true;
}

void view_answer_items(struct view *view, int tag, json_t *result)
{
    json_t *items = json_object_get(result, "items");
    (void)tag;
    view_keep(view, result);
    grid_set(&view->grid, items, 0, json_array_size(items));
}

enum role view_outcome_role(const json_t *item)
{
    const char *outcome = json_string_value(json_object_get(item, "outcome"));
    const char *state = json_string_value(json_object_get(item, "state"));
    if (state && strcmp(state, "failed") == 0)
        return ROLE_BAD;
    if (!outcome)
        return ROLE_ACCENT; /* it is running */
    if (strcmp(outcome, "quarantined") == 0)
        return ROLE_BAD;
    if (strcmp(outcome, "loaded") == 0)
        return json_integer_value(json_object_get(item, "rows_rejected")) ? ROLE_WARN : ROLE_GOOD;
    return ROLE_DIM;
}

enum { MOST_FACT = 64 * 1024 };

bool view_fact(
    struct canvas *canvas, int y, int x, int width, const char *label, enum cell_kind kind, const json_t *value)
{
    struct buf text;
    buf_init(&text, MOST_FACT);
    grid_value(&text, kind, value);
    bool any = text.n > 0;
    if (any) {
        int used = canvas_cstr(canvas, y, x, width, ROLE_DIM, label) + 1;
        canvas_text(canvas, y, x + used, width - used, ROLE_TEXT, buf_str(&text));
    }
    buf_dispose(&text);
    return any;
}

const char *view_base_name(const char *key)
{
    const char *slash = key ? strrchr(key, '/') : NULL;
    return slash && slash[1] ? slash + 1 : key ? key : "";
}

void view_number(struct buf *out, json_int_t number)
{
    json_t *value = json_integer(number);
    table_cell(out, CELL_NUMBER, value);
    json_decref(value);
}

void view_time(struct buf *out, const json_t *value)
{
    const char *text = json_string_value(value);
    char now[CLOCK_TEXT_SIZE];
    if (!text || strlen(text) < 19)
        return;
    if (strncmp(text, clock_format(clock_now(), now), 10) == 0)
        buf_add(out, text + 11, 8);
    else
        buf_printf(out, "%.5s %.5s", text + 5, text + 11);
}

void view_duration(struct buf *out, const json_t *seconds)
{
    double value = json_number_value(seconds);
    if (!json_is_number(seconds))
        return;
    if (value < 1)
        buf_printf(out, "%.0f ms", value * 1000);
    else if (value < 120)
        buf_printf(out, "%.1f s", value);
    else
        buf_printf(out, "%.0f min", value / 60);
}

void view_short_id(struct buf *out, const json_t *id)
{
    enum { SHORT = 8 };
    size_t n = json_string_length(id);
    const char *text = json_string_value(id);
    buf_add_cstr(out, n > SHORT ? text + n - SHORT : text ? text : "");
}

int view_wrapped(struct canvas *canvas, int y, int x, int width, int most, unsigned style, const char *text)
{
    int used = 0;
    struct str rest = str_of(text);
    while (rest.n && used < most) {
        size_t n = rest.n, fits = 0;
        if (used + 1 < most && canvas_measure(canvas, rest) > width) {
            for (size_t i = 0; i < rest.n && canvas_measure(canvas, (struct str){rest.p, i}) <= width; i++)
                fits = rest.p[i] == ' ' ? i : fits;
            n = fits ? fits : rest.n;
        }
        canvas_text(canvas, y + used++, x, width, style, (struct str){rest.p, n});
        rest = str_trim((struct str){rest.p + n, rest.n - n});
    }
    return used;
}

double view_field(const json_t *item, const char *key)
{
    return json_number_value(json_object_get(item, key));
}

bool view_is(const json_t *item, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(item, key));
    return value && strcmp(value, text) == 0;
}

void view_tell_marks(struct view *view, const char *one, const char *many)
{
    struct buf text;
    size_t count = marks_count(&view->grid);
    buf_init(&text, 256);
    view_number(&text, (json_int_t)count);
    buf_printf(&text, " %s marked%s", count == 1 ? one : many, count ? "; R and D act on them, U unmarks" : "");
    if (view->grid.ranging) {
        buf_reset(&text);
        buf_add_cstr(&text, "the range begins here; V where it ends");
    }
    view_flash(view, ROLE_ACCENT, text.p);
    buf_dispose(&text);
}

bool view_marks(struct view *view, enum request request, const char *one, const char *many)
{
    if (!marks_request(&view->grid, request))
        return false;
    view_tell_marks(view, one, many);
    return true;
}

const char *view_role_lacks(const json_t *hello, const char *least)
{
    const char *role = json_string_value(json_object_get(hello, "role"));
    if (!role || !least || strcmp(role, "approver") == 0 || strcmp(role, least) == 0)
        return NULL;
    return strcmp(least, "approver") == 0 ? "an approver decides on requests, nobody else"
                                          : "a viewer looks and rehearses; an operator acts";
}

void view_erase(struct buf *text)
{
    while (text->n && ((unsigned char)text->p[text->n - 1] & 0xC0) == 0x80)
        text->n--;
    text->n -= text->n ? 1 : 0;
    if (text->p)
        text->p[text->n] = '\0';
}

void view_field_text(
    struct canvas *canvas, int y, int x, int label_width, const char *label, struct str text, bool here)
{
    int at = x + label_width, width = canvas->columns - at - 2;
    canvas_cstr(canvas, y, x, label_width, here ? ROLE_ACCENT : ROLE_DIM, label);
    while (text.n && canvas_measure(canvas, text) >= width)
        text.p++, text.n--;
    canvas_fill(canvas, y, at, width, ROLE_TEXT | MARK_UNDERLINE);
    int used = canvas_text(canvas, y, at, width, ROLE_TEXT | MARK_UNDERLINE, text);
    if (here) {
        canvas->cursor_y = y;
        canvas->cursor_x = at + used;
    }
}
