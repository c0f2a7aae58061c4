/* What most commands work with: the settings, the lake, its journal, the contracts; opened in that order, closed together. */
#ifndef WORKER_COMMAND_WORKPLACE_H
#define WORKER_COMMAND_WORKPLACE_H

#include "worker/config/contract.h"
#include "worker/config/settings.h"
#include "worker/journal/journal.h"
#include "worker/storage/storage.h"

struct workplace {
    struct arena *arena;
    struct settings settings;
    struct storage *storage;
    struct journal *journal;
    struct contracts contracts;
    struct buf owner;
};

enum workplace_need {
    NEED_LAKE = 1,
    NEED_JOURNAL = 2,      /* made when it is not there */
    NEED_JOURNAL_READ = 4, /* read only; workplace.journal stays NULL where there is none */
    NEED_CONTRACTS = 8,
};

/*
 * Parses argv into settings and positionals (at most most_positionals), then opens what is needed. On failure the reason
 * has been printed and *exit_code is what the command returns; so it is after --help.
 */
bool workplace_open(struct workplace *place, int argc, char **argv, const struct command_options *options,
    unsigned needs, int *exit_code);
void workplace_close(struct workplace *place);

/* "sluiced: message" and the hint on stderr; the error's exit code. */
int complain(const struct err *err);
/* Findings of contracts as file:line:column: message, on stdout. */
void findings_print(const struct findings *findings);

#endif
