/* The full-screen console: a stack of screens over the links to one target or several. */
#ifndef TUI_APP_CONSOLE_H
#define TUI_APP_CONSOLE_H

#include "tui/core/link.h"

#include <stdbool.h>

/* Standard input and output are a terminal, and not a dumb one. */
bool console_possible(void);
struct console_target {
    const char *name;
    struct link_options options;
};

/* go: what to open first, as behind ':'; NULL: the overview. Until the user quits. False with err: it could not be
 * started, or the terminal is gone. */
bool console_run(const struct console_target *targets, size_t count, const char *go, struct err *err) MUST_CHECK;

#endif
