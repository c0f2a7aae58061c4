/* What the parts of the console share: the screens, the link, the line being typed. */
#ifndef TUI_APP_STATE_H
#define TUI_APP_STATE_H

#include "tui/core/async_link.h"
#include "tui/core/loop.h"
#include "tui/core/term.h"
#include "tui/view/view.h"

enum { MOST_VIEWS = 32, MOST_WAITING = 64, MOST_INPUT = 4096, LEAST_ROWS = 24, LEAST_COLUMNS = 80 };

enum prompt_kind { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER, PROMPT_COMMAND, PROMPT_WRITE, PROMPT_QUIT };

struct waiting {
    json_int_t id;
    struct view *view; /* NULL: hello, or its screen was closed */
    int tag;
    bool hello;
};

struct console {
    struct term term;
    struct canvas canvas;
    struct loop loop;
    struct keyboard keyboard;
    struct async_link link;
    struct view_host host;
    const struct link_options *options;

    struct view *views[MOST_VIEWS];
    size_t depth;
    struct waiting waiting[MOST_WAITING];
    size_t waiting_count;

    json_t *hello;
    int64_t answered_at, lost_at, retry_at, retry_after; /* lost_at 0: the link is there; times are monotonic */
    int64_t as_of;                                       /* when the agent last answered, by the clock */

    struct buf flash, complaint;
    enum role flash_role;
    enum prompt_kind prompt;
    struct buf input;
    bool small_ignored, dirty, quit, gone;
};

struct view *console_top(const struct console *console);
void console_flash(struct console *console, enum role role, const char *text);
void console_open(struct console *console, const struct view_type *type, json_t *arguments);
void console_close_top(struct console *console);
/* Closes all but the first screen, and opens this one above it. */
void console_switch(struct console *console, const struct view_type *type);

/* frame.c: draws everything on the canvas. */
void frame_draw(struct console *console);
/* prompt.c */
void prompt_open(struct console *console, enum prompt_kind kind);
void prompt_key(struct console *console, const struct key *key);
const char *prompt_title(enum prompt_kind kind);
/* command.c: ":run 8841", ":40211", ":q". False: not understood. */
bool command_run(struct console *console, struct str line);
/* Appends what would complete the line, when there is only one way to. */
void command_complete(struct buf *line);
/* export.c */
void export_copy(struct console *console);
void export_hand_over(struct console *console);
void export_write(struct console *console, const char *path);

#endif
