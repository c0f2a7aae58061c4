/* Commands of sluiced: one file a command, one row in the table of table.c. */
#ifndef WORKER_COMMAND_COMMAND_H
#define WORKER_COMMAND_COMMAND_H

#include "shared/str.h"

struct command {
    const char *name;
    const char *arguments; /* as the usage line shows them */
    const char *summary;
    /* argv[0] is the command's name. The exit code: 0, 1 rejects or a refusal, 2 usage, 3 may pass, 4 will not. */
    int (*run)(int argc, char **argv);
};

extern const struct command command_run;
extern const struct command command_watch;
extern const struct command command_health;
extern const struct command command_register;
extern const struct command command_check;
extern const struct command command_infer;
extern const struct command command_gold;
extern const struct command command_stage;
extern const struct command command_fsck;
extern const struct command command_pause;
extern const struct command command_resume;
extern const struct command command_drain;
extern const struct command command_journal;
extern const struct command command_agent;
extern const struct command command_alert;
extern const struct command command_secret;

const struct command *command_find(const char *name);
/* The command's name a mistyped one is near to; empty: none. */
struct str command_nearest(const char *name);
/* The list with summaries. */
void command_help(void);

#endif
