/* What the keys R, s, D, W and a do on a run, wherever it is shown. */
#ifndef TUI_VIEW_ACTS_H
#define TUI_VIEW_ACTS_H

#include "tui/view/dialog.h"

/* run: an item of runs, or the answer of run. */
const char *acts_disabled(const json_t *run, enum request request);
/* R, D, W, e and v on it as a whole. False: another key. */
bool acts_on_run(struct view *view, const json_t *run, enum request request);
/* v: the file itself. */
void acts_open_file(struct view *view, const char *run, const char *name, bool quarantined);
/* s: asks for suggestions, of the file or of a cause of its rows; the answer goes to acts_suggest(). */
void acts_ask_ideas(struct view *view, int tag, const json_t *run, json_int_t cause);
/* result: of reason or causes. */
void acts_suggest(struct view *view, const char *run, json_t *result);
/* Calls act once for each target that has marks, with view_target() being it; the first target's dialog is on top. Once
 * without marks: for the row under the cursor. */
void acts_where_marked(struct view *view, void (*act)(struct view *view));
/* What of a cause's rows is open. */
json_int_t acts_open(const json_t *cause);

/* What is done to a request. */
#define ACTS_ON_REQUEST                                                                         \
    (REQUEST_BIT(REQUEST_APPROVE) | REQUEST_BIT(REQUEST_DECLINE) | REQUEST_BIT(REQUEST_PAUSE) | \
        REQUEST_BIT(REQUEST_RATE) | REQUEST_BIT(REQUEST_CANCEL))
bool acts_on_request(struct view *view, const json_t *item, enum request request);

#endif
