#include "worker/command/command.h"
#include "worker/command/read.h"

#include "shared/suggest.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct command reading = {
    .name = "read",
    .arguments = "FILE [--csv|--json] [--explain]",
    .summary = "prints any file as sluice reads it, without a contract",
    .run = command_read,
};

static const struct command *const commands[] = {
    &command_run,
    &command_watch,
    &command_register,
    &command_check,
    &command_infer,
    &reading,
    &command_gold,
    &command_stage,
    &command_fsck,
    &command_health,
    &command_pause,
    &command_resume,
    &command_drain,
    &command_journal,
    &command_agent,
    &command_alert,
    &command_secret,
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

struct str command_nearest(const char *name)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, str_of(name));
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        suggest_offer(&suggestion, str_of(commands[i]->name));
    return suggestion.best;
}

void command_help(void)
{
    puts("usage: sluiced COMMAND [options]\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
    puts("\n'sluiced COMMAND --help' tells a command's options; the manual is sluiced(1).");
}
