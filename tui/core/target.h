/* How the agent of a target is started: here, or by the system's own ssh, with the user's own configuration. */
#ifndef TUI_CORE_TARGET_H
#define TUI_CORE_TARGET_H

#include "shared/err.h"

#include <limits.h>
#include <stdbool.h>

/* What the agent is started with; NULL: its own settings, environment and default. */
struct link_options {
    const char *target; /* a lake's folder, ssh://[user@]host[:port][/lake], or unix:PATH */
    const char *lake, *journal, *config, *datasets;
};

enum { LINK_ARGUMENTS = 20, TARGET_TEXT = 1024 };

/* argv, ended by NULL, points into itself and options. */
struct agent_command {
    const char *argv[LINK_ARGUMENTS];
    unsigned count;
    const char *socket;     /* where an agent is to be had, in place of starting argv; NULL: none */
    char program[PATH_MAX]; /* the sluiced beside this program, else the one in PATH */
    char host[TARGET_TEXT]; /* user@host */
    char port[8];
    char remote[2 * PATH_MAX]; /* what ssh runs there; a forced command has its own mind */
};

/* ERR_USAGE: the target is none. */
bool target_command(const struct link_options *options, struct agent_command *command, struct err *err) MUST_CHECK;
bool target_is_ssh(const struct link_options *options);

#endif
