/* The full-screen console: a stack of screens over one link. */
#ifndef TUI_APP_CONSOLE_H
#define TUI_APP_CONSOLE_H

#include "tui/core/link.h"

#include <stdbool.h>

/* Standard input and output are a terminal, and not a dumb one. */
bool console_possible(void);
/* Until the user quits. False with err: it could not be started, or the terminal is gone. */
bool console_run(const struct link_options *options, struct err *err) MUST_CHECK;

#endif
