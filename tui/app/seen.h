/* When its user last looked at each target: $XDG_STATE_HOME/sluice/seen.json. */
#ifndef TUI_APP_SEEN_H
#define TUI_APP_SEEN_H

#include "tui/core/target.h"

#include <jansson.h>

/* By what a target is known again: its lake's folder, or as it was given. May be the buffer. */
const char *seen_key(const struct link_options *options, char folder[PATH_MAX]);
/* {target: time}; empty when there is none yet. */
json_t *seen_read(void);
/* Puts these over what is there by now, atomically; the oldest of too many go. That it cannot be written is no reason
 * to complain at the end of a session. */
void seen_write(const json_t *looks);

#endif
