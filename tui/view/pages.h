/* A list that comes page by page, the next asked for before it is needed; in a fleet, of all targets in one order. */
#ifndef TUI_VIEW_PAGES_H
#define TUI_VIEW_PAGES_H

#include "tui/view/view.h"

enum { PAGES_SIZE = 200, PAGES_FIRST = 0, PAGES_MORE = 1 /* the tags of their answers */ };

struct pages {
    const char *method;
    json_t *params; /* of every page */
    json_t *items, *next;
    bool asked;
};

/* params are taken over. */
void pages_init(struct pages *pages, const char *method, json_t *params);
void pages_dispose(struct pages *pages);
/* Asks for the list from its beginning. */
void pages_load(struct pages *pages, struct view *view);
/* Takes an answer with one of their tags; the items are the grid's. */
void pages_take(struct pages *pages, struct view *view, int tag, json_t *result);
/* Asks for the next page when the cursor comes near the end of what is here. */
void pages_follow(struct pages *pages, struct view *view);

#endif
