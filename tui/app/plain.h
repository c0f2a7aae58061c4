/*
 * The console for screen readers, dumb terminals and scripts: lines are read, answers are printed once, nothing is ever
 * redrawn. A line is what would stand behind `sluice`; the console's keys and ':' stand for the same.
 */
#ifndef TUI_APP_PLAIN_H
#define TUI_APP_PLAIN_H

#include "tui/app/session.h"

/* A terminal that cannot be redrawn, with a person at it. */
bool plain_wanted(void);

struct plain {
    const char *go; /* what is asked first; NULL: the overview */
    /* Does what these words say; the exit code. */
    int (*run)(void *context, int argc, char **argv);
    void *context;
};

/* Until its user quits or the input ends. The exit code: where no terminal asks, the worst of all. */
int plain_run(struct session *session, const struct plain *plain, struct err *err);

#endif
