/* How far a request of files is, in words: for its screen, the list of requests and the command line. */
#ifndef TUI_VIEW_PROGRESS_H
#define TUI_VIEW_PROGRESS_H

#include "tui/view/view.h"

/* "12 of 40 files, 00:12 left, 3.2 files/s, 1,204 of 4,000 rows, 320 rows/s"; nothing of a request without files, or
 * that nobody has approved. */
void progress_words(struct buf *out, const json_t *request);
/* "at most 100/min; paused by bo, 03:12:44"; nothing where it goes as fast as it can. */
void progress_pace(struct buf *out, const json_t *request);
/* A bar and the words, if there are any; the line after it. */
int progress_draw(const json_t *request, struct canvas *canvas, int y, int x);
/* Its state, as lists have it: "running 30%", "paused 30%". */
void progress_state(struct buf *out, const json_t *request);

#endif
