/*
 * A screen: a const table of callbacks and the size of its private state. It asks the agent through its host, keeps the
 * answer, and draws it on a canvas. A new screen is one file, one row in view.c, and a key in the keymap if it has one.
 */
#ifndef TUI_VIEW_VIEW_H
#define TUI_VIEW_VIEW_H

#include "tui/core/grid.h"

struct view;
struct view_type;

/* What a view may ask of the program around it. */
struct view_host {
    void *context;
    /* The answer comes to the view's type->answer() with the same tag. params are taken over. */
    void (*ask)(void *context, struct view *view, int tag, const char *method, json_t *params);
    /* Opens another screen above this one; arguments are taken over. */
    void (*open)(void *context, const struct view_type *type, json_t *arguments);
    void (*flash)(void *context, enum role role, const char *text);
    /* Closes this screen, once the key that led here is dealt with. */
    void (*close)(void *context, struct view *view);
    /* Closes this screen too, and filters the one beneath. */
    void (*filter)(void *context, struct view *view, const char *text);
    /* Of several targets: asks each. Each item of the answer, which may come more than once, has its "target", and
     * "next" goes back into "after" as it is. NULL: there is one target. */
    void (*ask_all)(void *context, struct view *view, int tag, const char *method, json_t *params);
    /* [{target, live, silent, lost: seconds, hello}]; the caller's to release. */
    json_t *(*targets)(void *context);
};

struct view_type {
    const char *name; /* in the breadcrumb and the command line */
    const char *help; /* one line */
    uint64_t requests;
    bool fleet;   /* it shows what all targets have, unless it was opened for one */
    bool follows; /* it is loaded anew by itself when the journal has changed */
    size_t size;  /* of the private state */
    /* Sets up the state from arguments. */
    void (*init)(struct view *view);
    void (*dispose)(struct view *view);
    /* Asks for what it shows, again too. */
    void (*load)(struct view *view);
    void (*answer)(struct view *view, int tag, json_t *result);
    void (*draw)(struct view *view, struct canvas *canvas, int y, int height);
    /* What it asked for was refused, or (ERR_INTERRUPTED) nobody knows; NULL: that it is told below is enough. */
    void (*refused)(struct view *view, int tag, const struct err *why);
    /* A key before it becomes a request; true: taken. NULL: none is. */
    bool (*key)(struct view *view, const struct key *key);
    /* Is text being typed? */
    bool (*typing)(struct view *view);
    /* Why a key of this screen is dead here and now; NULL: it works. */
    const char *(*disabled)(const struct view *view, enum request request);
    /* False: not understood. */
    bool (*request)(struct view *view, enum request request);
    /* Goes to a row by its number; NULL: this screen has none. */
    bool (*go)(struct view *view, int64_t number);
    /* The text that w and Y write. NULL: what the screen shows is enough. */
    void (*hand_over)(struct view *view, struct buf *out);
};

struct view {
    const struct view_type *type;
    const struct view_host *host;
    json_t *arguments;     /* "run", "dataset", "cause", "title" … */
    json_t *result;        /* the last whole answer */
    const char *answering; /* the target whose answer it takes, or on which it acts */
    size_t turn, turns;    /* of the targets it acts on, counted from 1; 0: it acts on one */
    json_t *parts;         /* the host's own: what each target has answered */
    struct grid grid;      /* what keys move in; screens without one leave it empty */
    void *state;
    int tab;
    bool loaded, stale; /* stale: the journal has changed since */
    bool frozen;        /* it stays as it is all the same */
    int64_t wake;       /* when what it shows is stale by itself, monotonic; 0: never */
};

struct view *view_new(const struct view_type *type, const struct view_host *host, json_t *arguments);
void view_free(struct view *view);
/* Screens by name, for the command line. */
const struct view_type *const *view_types(size_t *count);

extern const struct view_type view_overview, view_runs, view_run, view_rejects, view_rows, view_reason, view_help,
    view_frequency, view_dialog, view_edit, view_original, view_requests, view_request, view_audit, view_partitions,
    view_targets, view_alerts, view_workers;

/* ---- what views share ---- */

const char *view_argument(const struct view *view, const char *name);
void view_ask(struct view *view, int tag, const char *method, json_t *params);
/* In a fleet of all targets, else of the screen's own. */
void view_ask_all(struct view *view, int tag, const char *method, json_t *params);
bool view_is_of_all(const struct view *view);
/* The screen's target, or that of the row its cursor is on; NULL: there is one target only, or no row. */
const char *view_target(const struct view *view);
/* For the target of this screen, or of its row, unless arguments tell another. */
void view_open(struct view *view, const struct view_type *type, json_t *arguments);
void view_flash(struct view *view, enum role role, const char *text);
/* Keeps the answer. */
void view_keep(struct view *view, json_t *result);
/* An answer() of one question: keeps it, its items are the grid's. */
void view_answer_items(struct view *view, int tag, json_t *result);
/* Good, bad or neither, by the outcome of a run. */
enum role view_outcome_role(const json_t *item);
/* "label  value" at (y, x); nothing when there is no value. Returns true when it drew. */
bool view_fact(
    struct canvas *canvas, int y, int x, int width, const char *label, enum cell_kind kind, const json_t *value);
/* The last part of a key: file names without their folders. */
const char *view_base_name(const char *key);
/* 12,345 */
void view_number(struct buf *out, json_int_t number);
/* "03:12:44" when it was today, "11-20 03:12" when not. */
void view_time(struct buf *out, const json_t *value);
/* "13 ms", "4.2 s", "3 min" */
void view_duration(struct buf *out, const json_t *seconds);
/* The end of an id: it tells runs of one day apart, its beginning does not. */
void view_short_id(struct buf *out, const json_t *id);
/* Text in lines of at most width columns, at most most of them. Returns the lines it took. */
int view_wrapped(struct canvas *canvas, int y, int x, int width, int most, unsigned style, const char *text);
double view_field(const json_t *item, const char *key);
bool view_is(const json_t *item, const char *key, const char *text);
/* Space, V, u and U: the flash tells how many are marked, "row" or "rows". False: another key. */
bool view_marks(struct view *view, enum request request, const char *one, const char *many);
void view_tell_marks(struct view *view, const char *one, const char *many);
/* Why a role that hello names may not do what needs this one; NULL: it may, or it isn't known yet. */
const char *view_role_lacks(const json_t *hello, const char *least);

/* Takes the last character off what is typed. */
void view_erase(struct buf *text);
/* A field to type into: its label, and its text from the end back; the cursor stands there when it is here. */
void view_field_text(
    struct canvas *canvas, int y, int x, int label_width, const char *label, struct str text, bool here);

#endif
