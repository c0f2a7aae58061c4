/*
 * Keys to requests: one table is keymap, hint line and help at once, so none of them can say what the others don't.
 */
#ifndef TUI_CORE_KEYMAP_H
#define TUI_CORE_KEYMAP_H

#include "tui/core/keyboard.h"

enum request {
    REQUEST_NONE,
    REQUEST_DOWN,
    REQUEST_UP,
    REQUEST_LEFT,
    REQUEST_RIGHT,
    REQUEST_FIRST,
    REQUEST_LAST,
    REQUEST_HALF_DOWN,
    REQUEST_HALF_UP,
    REQUEST_PAGE_DOWN,
    REQUEST_PAGE_UP,
    REQUEST_ENTER,
    REQUEST_BACK,
    REQUEST_CLOSE,
    REQUEST_QUIT,
    REQUEST_OVERVIEW,
    REQUEST_RUNS,
    REQUEST_REJECTS,
    REQUEST_REQUESTS,
    REQUEST_AUDIT,
    REQUEST_SUGGEST,
    REQUEST_REDRIVE,
    REQUEST_APPROVE,
    REQUEST_DECLINE,
    REQUEST_PAUSE,
    REQUEST_RATE,
    REQUEST_CANCEL,
    REQUEST_DISCARD,
    REQUEST_WITHDRAW,
    REQUEST_ACKNOWLEDGE,
    REQUEST_EDIT,
    REQUEST_UNDO,
    REQUEST_ORIGINAL,
    REQUEST_MARK,
    REQUEST_RANGE,
    REQUEST_MARK_SAME,
    REQUEST_UNMARK,
    REQUEST_UNMARK_ALL,
    REQUEST_TAB,
    REQUEST_NEXT_FAILING,
    REQUEST_PREVIOUS_FAILING,
    REQUEST_FREQUENCY,
    REQUEST_SEARCH,
    REQUEST_FILTER,
    REQUEST_NEXT_MATCH,
    REQUEST_PREVIOUS_MATCH,
    REQUEST_SORT,
    REQUEST_REVERSE,
    REQUEST_REFRESH,
    REQUEST_FREEZE,
    REQUEST_COPY,
    REQUEST_WRITE,
    REQUEST_HANDOVER,
    REQUEST_COMMAND,
    REQUEST_HELP,
    REQUEST_SUSPEND,
    REQUEST_REPAINT,
    REQUEST_COUNT,
};

/* A set of requests: what a view understands. */
#define REQUEST_BIT(request) (UINT64_C(1) << (request))
#define REQUESTS_MOVE (REQUEST_BIT(REQUEST_RIGHT + 1) - REQUEST_BIT(REQUEST_DOWN)) /* by line and column */
#define REQUESTS_SCROLL (REQUEST_BIT(REQUEST_PAGE_UP + 1) - REQUEST_BIT(REQUEST_DOWN))
#define REQUESTS_FIND \
    (REQUEST_BIT(REQUEST_SEARCH) | REQUEST_BIT(REQUEST_NEXT_MATCH) | REQUEST_BIT(REQUEST_PREVIOUS_MATCH))
#define REQUESTS_LIST                                                                            \
    (REQUESTS_SCROLL | REQUESTS_FIND | REQUEST_BIT(REQUEST_FILTER) | REQUEST_BIT(REQUEST_SORT) | \
        REQUEST_BIT(REQUEST_REVERSE) | REQUEST_BIT(REQUEST_COPY) | REQUEST_BIT(REQUEST_WRITE))
#define REQUESTS_MARK (REQUEST_BIT(REQUEST_UNMARK_ALL + 1) - REQUEST_BIT(REQUEST_MARK))
/* What works everywhere. */
#define REQUESTS_ALWAYS                                                                             \
    (REQUEST_BIT(REQUEST_BACK) | REQUEST_BIT(REQUEST_CLOSE) | REQUEST_BIT(REQUEST_QUIT) |           \
        REQUEST_BIT(REQUEST_OVERVIEW) | REQUEST_BIT(REQUEST_RUNS) | REQUEST_BIT(REQUEST_REJECTS) |  \
        REQUEST_BIT(REQUEST_REQUESTS) | REQUEST_BIT(REQUEST_AUDIT) | REQUEST_BIT(REQUEST_REFRESH) | \
        REQUEST_BIT(REQUEST_COMMAND) | REQUEST_BIT(REQUEST_HELP) | REQUEST_BIT(REQUEST_SUSPEND) |   \
        REQUEST_BIT(REQUEST_REPAINT) | REQUEST_BIT(REQUEST_FREEZE))

enum { KEYMAP_KEYS = 4 };

struct keymap_row {
    enum request request;
    const char *name;  /* how the keys are written: "j, Down" */
    const char *label; /* in the hint line; NULL: it is not worth a place there */
    const char *help;
    uint32_t keys[KEYMAP_KEYS];
    bool acts;         /* it does more than look: dead while a split sequence may still be arriving */
    const char *least; /* the role it takes; NULL: any */
};

const struct keymap_row *keymap_rows(size_t *count);
const struct keymap_row *keymap_row(enum request request);
enum request keymap_find(uint32_t key);
/* The request of a key as it came: nothing for an acting one that may be a piece of a sequence. */
enum request keymap_request(const struct key *key);

#endif
