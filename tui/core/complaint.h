/* What a child writes to standard error, sanitised on its way to ours: what it quotes may come from a file. */
#ifndef TUI_CORE_COMPLAINT_H
#define TUI_CORE_COMPLAINT_H

#include "shared/buf.h"

struct complaint {
    int pipe, own;   /* what is written comes in at pipe; standard error as it was, while a child is started */
    struct buf line; /* not ended yet */
};

/* Between these two a child that is started writes to the pipe. Without one it inherits standard error itself. */
void complaint_begin(struct complaint *complaint);
void complaint_started(struct complaint *complaint);
/* Passes on what is there, line by line; it never waits. */
void complaint_pass(struct complaint *complaint);
/* The rest, and the end of it. */
void complaint_end(struct complaint *complaint);

#endif
