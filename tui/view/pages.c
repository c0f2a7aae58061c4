#include "tui/view/pages.h"

void pages_init(struct pages *pages, const char *method, json_t *params)
{
    *pages = (struct pages){.method = method, .params = params ? params : json_object(), .items = json_array()};
    json_object_set_new(pages->params, "limit", json_integer(PAGES_SIZE));
}

void pages_dispose(struct pages *pages)
{
    json_decref(pages->params);
    json_decref(pages->items);
    json_decref(pages->next);
}

void pages_load(struct pages *pages, struct view *view)
{
    view_ask_all(view, PAGES_FIRST, pages->method, json_copy(pages->params));
}

void pages_take(struct pages *pages, struct view *view, int tag, json_t *result)
{
    json_t *next = json_object_get(result, "next");
    view_keep(view, result);
    pages->asked = false;
    if (tag == PAGES_FIRST) {
        json_decref(pages->items);
        pages->items = json_array();
    }
    json_array_extend(pages->items, json_object_get(result, "items"));
    json_decref(pages->next);
    pages->next = next && !json_is_null(next) ? json_incref(next) : NULL;
    grid_set(&view->grid, pages->items, 0, json_array_size(pages->items));
}

void pages_follow(struct pages *pages, struct view *view)
{
    if (!pages->next || pages->asked || view->grid.at + PAGES_SIZE / 2 < grid_lines(&view->grid))
        return;
    json_t *more = json_copy(pages->params);
    json_object_set(more, "after", pages->next);
    pages->asked = true;
    view_ask_all(view, PAGES_MORE, pages->method, more);
}
