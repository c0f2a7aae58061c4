/* The link to an agent: one call at a time, answers as jansson values. */
#ifndef TUI_CORE_LINK_H
#define TUI_CORE_LINK_H

#include "shared/err.h"

#include <jansson.h>

#include <limits.h>

struct link;

/* What the agent is started with; NULL: its own settings, environment and default. */
struct link_options {
    const char *lake, *journal, *config, *datasets;
};

/* The command that starts the agent: the sluiced beside this program, else the one in PATH. argv points into path and
 * options. */
enum { LINK_ARGUMENTS = 11 };
void link_command(const struct link_options *options, char path[PATH_MAX], const char *argv[LINK_ARGUMENTS]);

/* Starts `sluiced agent`: the sluiced beside this program, else the one in PATH. */
struct link *link_open(const struct link_options *options, struct err *err);
/* params is taken over and may be NULL. NULL with err: the agent's own words and hint, or that the link is lost
 * (message empty: the agent has said on standard error why it could not start). */
json_t *link_call(struct link *link, const char *method, json_t *params, struct err *err);
void link_close(struct link *link);

#endif
