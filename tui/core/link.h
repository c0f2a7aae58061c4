/* The link to an agent: one call at a time, answers as jansson values. */
#ifndef TUI_CORE_LINK_H
#define TUI_CORE_LINK_H

#include "shared/err.h"

#include <jansson.h>

#include <limits.h>

struct link;

/* The sluiced that serves as agent: the one beside this program, else "sluiced" in PATH. */
char *link_agent_path(char path[PATH_MAX]);

/* Starts `sluiced agent` for a local lake: the sluiced beside this program, else the one in PATH. */
struct link *link_open(const char *lake, struct err *err);
/* params is taken over and may be NULL. NULL with err: the agent's own words and hint, or that the link is lost. */
json_t *link_call(struct link *link, const char *method, json_t *params, struct err *err);
void link_close(struct link *link);

#endif
