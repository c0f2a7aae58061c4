/*
 * The dialog before anything is done: what would be done to what, a reason, and the cursor on Cancel. One screen for
 * every acting call; its arguments say which: "method" and "params" of the call, "title", "button" (what the other one
 * says), "wants_reason", "overrides" and "rehearse" (params of a rehearsal whose result is shown; it must load),
 * "files" (how many, where it is about more than the one rehearsed), "command" (what does the same without a screen,
 * but for the reason), "facts" [{label, value}].
 */
#ifndef TUI_VIEW_DIALOG_H
#define TUI_VIEW_DIALOG_H

#include "tui/view/view.h"

/* Of a run that is quarantined, or of all files of a cause (then run is the one rehearsed, and the view's argument
 * "files" how many they are); overrides may be NULL. */
void dialog_redrive(struct view *view, const char *run, json_int_t cause, const json_t *overrides, const char *why);
void dialog_discard(struct view *view, const char *run, const char *name);
/* method: "approve" or "decline"; request: an item of requests. */
void dialog_decide(struct view *view, const char *method, const json_t *request);

#endif
