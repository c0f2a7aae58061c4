/* When its user last looked at each target: $XDG_STATE_HOME/sluice/seen.json. */
#ifndef TUI_APP_SEEN_H
#define TUI_APP_SEEN_H

#include <jansson.h>

/* {target: time}; empty when there is none yet. */
json_t *seen_read(void);
/* Puts these over what is there by now, atomically; the oldest of too many go. That it cannot be written is no reason
 * to complain at the end of a session. */
void seen_write(const json_t *looks);

#endif
