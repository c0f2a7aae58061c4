/* The link to an agent: one call at a time, answers as jansson values. */
#ifndef TUI_CORE_LINK_H
#define TUI_CORE_LINK_H

#include "tui/core/target.h"

#include <jansson.h>

struct link;

/* Starts the target's agent. */
struct link *link_open(const struct link_options *options, struct err *err);
/* params is taken over and may be NULL. NULL with err: the agent's own words and hint, or that the link is lost
 * (message empty: the agent has said on standard error why it could not start). */
json_t *link_call(struct link *link, const char *method, json_t *params, struct err *err);
/* Has the agent, or the way to it, ended under a call? */
bool link_ended(const struct link *link);
void link_close(struct link *link);

#endif
