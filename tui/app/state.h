/* What the parts of the console share: the screens, the links, the line being typed. */
#ifndef TUI_APP_STATE_H
#define TUI_APP_STATE_H

#include "tui/app/console.h"
#include "tui/core/async_link.h"
#include "tui/core/loop.h"
#include "tui/core/term.h"
#include "tui/view/view.h"

enum { MOST_VIEWS = 32, MOST_WAITING = 256, MOST_INPUT = 4096, LEAST_ROWS = 24, LEAST_COLUMNS = 80 };

enum prompt_kind { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER, PROMPT_COMMAND, PROMPT_WRITE, PROMPT_QUIT };

/* A target: its agent, and what is known of it. */
struct site {
    const char *name;
    const struct link_options *options;
    struct async_link link;
    json_t *hello;
    const char *key;  /* by which it is known again: the lake's folder, or the target as it was given */
    const char *seen; /* when it was last looked at; NULL: never */
    bool greeted;     /* over this link */
    bool silent;      /* there is a link, but no answer to be had: its lake is away */
    int64_t lost_at, retry_at, retry_after; /* lost_at 0: the link is there; times are monotonic */
    int64_t as_of;                          /* when the agent last answered, by the clock */
    int64_t looked;                         /* as of when it was seen: nobody may be there when an answer comes */
};

struct waiting {
    struct site *site;
    json_int_t id;
    struct view *view; /* NULL: hello, or its screen was closed */
    int tag;
    bool hello;
    const char *of_all; /* the method, when every target was asked */
};

struct console {
    struct term term;
    struct canvas canvas;
    struct loop loop;
    struct keyboard keyboard;
    struct view_host host;
    struct site *sites;
    size_t site_count;
    json_t *looks;           /* of earlier sessions: seen.h */
    const struct site *only; /* the one that is asked of all */
    json_t *lost;            /* {target: whether its link is lost} */

    struct view *views[MOST_VIEWS];
    size_t depth;
    struct waiting waiting[MOST_WAITING];
    size_t waiting_count;

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

/* links.c */
bool links_init(
    struct console *console, const struct console_target *targets, size_t count, struct err *err) MUST_CHECK;
void links_dispose(struct console *console);
/* Somebody is there: what is on the screen is seen. */
void links_look(struct console *console);
/* Keeps when each target was looked at, for the next session. */
void links_keep_looks(const struct console *console);
/* Connects what is not; the screens ask anew. */
void links_connect(struct console *console);
/* Takes what has come, and loads anew what the journal's change made stale. */
void links_pump(struct console *console);
void links_follow(struct console *console);
/* Connects again what was lost, once it is time. */
void links_retry(struct console *console);
bool links_any_lost(const struct console *console);
/* When to look at the links again; -1: never. */
int64_t links_deadline(const struct console *console);
/* Nobody waits for what was asked for this screen any more. */
void links_forget(struct console *console, const struct view *view);
/* Is an answer for this screen still to come, from a target that is there? */
bool links_waits(const struct console *console, const struct view *view);
/* The target of a screen, or of the row its cursor is on. */
struct site *links_site(const struct console *console, const struct view *view);
bool links_is_fleet(const struct console *console);
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
