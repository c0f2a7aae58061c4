#include "tui/view/view.h"

#include <stdlib.h>

static const struct view_type *const types[] = {
    &view_overview, &view_runs, &view_run, &view_rejects, &view_rows, &view_reason, &view_frequency, &view_help};

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

void view_open(struct view *view, const struct view_type *type, json_t *arguments)
{
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

double view_field(const json_t *item, const char *key)
{
    return json_number_value(json_object_get(item, key));
}
