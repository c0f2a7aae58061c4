/*
 * The dialog before anything is done: what would be done to what, a reason, and the cursor on Cancel. One screen for
 * every acting call; its arguments say which:
 *   "method", "calls" [params of the call]: done in this order; "commands" [what does the same without a screen]
 *   "title", "button" (what the other one says), "facts" [{label, value}]
 *   "reason": needed | optional, as the parameter "reason_as"
 *   "rehearse" [params of rehearsals]: what they come to is shown; all must load
 *   "changes": overrides, rules and the files it is for can be chosen; "overrides" to begin with, or the number
 *     "suggestion" of those in "suggestions" [{overrides, why}]
 *   "paced": it is of many files, and can be given a rate
 *   "count", "unit": how many of what it is about; else the rows rehearsed
 */
#ifndef TUI_VIEW_DIALOG_H
#define TUI_VIEW_DIALOG_H

#include "tui/view/view.h"

/* What is to be read once more. */
struct redrive_subject {
    const char *run;     /* the one rehearsed */
    json_int_t cause;    /* 0: none. Of whole files: all it keeps in quarantine */
    bool rows;           /* open rejected rows: of the cause, or those numbered, or all of the run's */
    bool everywhere;     /* of the cause, in whichever run */
    const json_t *row;   /* their numbers */
    const json_t *runs;  /* several files in place of one run */
    json_int_t count;    /* of files or rows; 0: what the rehearsal says */
    bool patch;          /* with the run's patch */
    const json_t *ideas; /* suggestions, as a reason or a cause has them */
};

enum { NO_IDEA = -1 };

/* One dialog for all of them. idea: the suggestion it begins with, or NO_IDEA. */
void dialog_redrive(struct view *view, const struct redrive_subject *subjects, size_t count, int idea);
/* Items of runs, whose files are closed; runs are their ids. */
void dialog_discard(struct view *view, const json_t *runs, const char *name);
/* Rejected rows of a run: of a cause, or those numbered. */
void dialog_discard_rows(struct view *view, const char *run, json_int_t cause, const json_t *row, json_int_t count);
/* What was loaded by a run: rows of it. */
void dialog_withdraw(struct view *view, const char *run, const char *name, json_int_t rows);
/* key: "incident" or "cause". */
void dialog_acknowledge(struct view *view, const char *key, json_int_t number, const char *name);
/* method: "approve" or "decline"; request: an item of requests. */
void dialog_decide(struct view *view, const char *method, const json_t *request);
/* method: "pause", "resume", "rate" or "cancel"; request: the same. */
void dialog_pace(struct view *view, const char *method, const json_t *request);

#endif
