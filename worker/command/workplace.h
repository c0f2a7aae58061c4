/* What most commands work with: settings, lake, journal, contracts; opened in that order, closed together. */
#ifndef WORKER_COMMAND_WORKPLACE_H
#define WORKER_COMMAND_WORKPLACE_H

#include "worker/command/command.h"
#include "worker/config/contract.h"
#include "worker/config/settings.h"
#include "worker/fleet/fleet.h"
#include "worker/journal/journal.h"
#include "worker/pg/pg.h"
#include "worker/storage/storage.h"

struct workplace {
    struct arena *arena;
    struct settings settings;
    struct storage *storage;
    struct journal *journal;
    bool seals;          /* the journal is this lake's, and is told to it at the end */
    struct pg *pg;       /* the warehouse; NULL: none */
    struct fleet *fleet; /* NULL: none */
    struct contracts contracts;
    struct option_list rest;
    struct buf owner;
};

enum workplace_need {
    NEED_LAKE = 1,
    NEED_JOURNAL = 2,      /* made when it is not there */
    NEED_JOURNAL_READ = 4, /* read only; workplace.journal stays NULL where there is none */
    NEED_CONTRACTS = 8,
    NEED_WAREHOUSE = 16, /* where the settings name one; it is connected to when first used */
    NEED_PATIENCE = 32,  /* the fleet's coordinator is waited for as long as it takes */
};

/*
 * Parses argv (argv[0] is the command) into settings, the command's own options and rest (most: arguments allowed),
 * then opens what is needed. On failure the reason has been printed and *exit_code is what the command returns; so it
 * is after
 * --help.
 */
bool workplace_open(struct workplace *place, int argc, char **argv, const struct command *command,
    const struct option_set *extra, size_t most, unsigned needs, int *exit_code);
void workplace_close(struct workplace *place);
/* Closes it after work that ended with code: 3 where the journal could not be told to the lake, which is left to do. */
int workplace_end(struct workplace *place, int code);
/* Where the journal lies; once the lake is open. NULL: no memory. */
const char *workplace_journal(struct workplace *place, struct err *err);

/* The lake's fleet, where the settings name a coordinator: from now on journals opened for writing are replicas. */
bool workplace_fleet(struct workplace *place, int64_t patience_us, struct err *err) MUST_CHECK;
/* What asks to stop: nothing is waited for then. */
void workplace_stop(struct workplace *place, const volatile sig_atomic_t *stop);

/* Contracts anew from the same place; NULL with the findings printed when they have errors. */
bool workplace_reload(struct workplace *place, struct contracts *contracts);

/* "sluiced: message" and the hint on stderr; the error's exit code. */
int complain(const struct err *err);
/* Findings of contracts as file:line:column: message, on stdout. */
void findings_print(const struct findings *findings);

#endif
