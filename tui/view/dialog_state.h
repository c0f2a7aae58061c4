/* What the parts of the dialog share. */
#ifndef TUI_VIEW_DIALOG_STATE_H
#define TUI_VIEW_DIALOG_STATE_H

#include "shared/ulid.h"
#include "tui/view/dialog.h"

enum { DIALOG_REASON = 1000, DIALOG_LINE = 64 * 1024, DIALOG_LABEL = 12 };
/* In the order of Tab. */
enum focus {
    FOCUS_CANCEL,
    FOCUS_REASON,
    FOCUS_COUNT,
    FOCUS_DO,
    FOCUS_OVERRIDES,
    FOCUS_RULES,
    FOCUS_REACH,
    FOCUS_UNTIL,
    FOCUS_RATE,
    FOCUSES
};
enum phase { PHASE_OPEN, PHASE_ASKED, PHASE_DONE };
/* For which files the overrides are. */
enum reach { REACH_THESE, REACH_UNTIL, REACH_CONTRACT, REACHES };

struct dialog {
    enum focus focus;
    enum phase phase;
    json_t *hello;
    json_t *overrides; /* as the agent writes them; or what was typed, {"set": [], "map": []} */
    json_t *rehearsal; /* what those that are over come to */
    size_t rehearsed;  /* how many are over */
    unsigned round;    /* of rehearsals: answers of an earlier one are of no use */
    bool rehearsing;
    bool typed; /* overrides are what was typed */
    bool same_rules;
    enum reach reach;
    size_t idea; /* the suggestion shown, counted from 1; 0: none */
    struct buf reason, count, words, until, rate;
    struct buf refusal; /* what the agent had against it */
    json_t *call;       /* as it was sent; it is done once, and can be asked after by its name */
    size_t done;        /* of the calls */
    char client[ULID_SIZE];
};

struct buf *dialog_text(struct dialog *dialog, enum focus focus);
bool dialog_is_there(const struct view *view, enum focus focus);
bool dialog_wants_reason(const struct view *view);
/* What it is about, and of what; NULL: not known. */
const json_t *dialog_extent(const struct view *view, const char **unit);
/* Does it, unless something stands in the way. */
void dialog_do(struct view *view);

/* dialog_rules.c: a tag of the first rehearsal's, and a round's distance from the next. */
enum { DIALOG_TAG_REHEARSAL = 2, DIALOG_TAGS = 4 };
size_t dialog_rehearsals(const struct view *view);
bool dialog_would_load(const struct dialog *dialog);
/* The overrides as words, as they are before anything is typed. */
void dialog_words(const struct dialog *dialog, struct buf *out);
void dialog_take_idea(struct view *view, size_t number);
void dialog_take_overrides(struct dialog *dialog, json_t *overrides, bool typed);
/* The why of the suggestion that is shown; NULL: none is. */
const char *dialog_why(const struct view *view);
void dialog_put_rules(const struct view *view, json_t *params);
void dialog_ask_rehearsal(struct view *view);
/* Something else is to be rehearsed: what was asked before is void. */
void dialog_rehearse_anew(struct view *view);
void dialog_take_rehearsal(struct view *view, unsigned round, json_t *result);

/* dialog_keys.c */
bool dialog_typing(struct view *view);
bool dialog_key(struct view *view, const struct key *key);
bool dialog_request(struct view *view, enum request request);

/* dialog_draw.c */
void dialog_draw(struct view *view, struct canvas *canvas, int y, int height);

#endif
