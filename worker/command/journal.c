/* sluiced journal backup FILE: the journal as it is now, while others work with it. */
#include "worker/command/workplace.h"

#include <stdio.h>
#include <string.h>

static int backup(struct workplace *place, struct err *err)
{
    const struct option_list *rest = &place->rest;
    if (rest->count != 2 || strcmp(rest->items[0], "backup") != 0) {
        ERR(err, ERR_USAGE, "what is to be done with the journal, and where to?");
        err_hint(err, "sluiced journal backup FILE");
        return complain(err);
    }
    if (!place->journal) {
        ERR(err, ERR_NOT_FOUND, "the lake %s has no journal", place->settings.lake);
        err_hint(err, "--lake DIR names another lake; 'sluiced run' makes its journal.");
        return complain(err);
    }
    if (!journal_backup(place->journal, rest->items[1], err))
        return complain(err);
    printf("%s is the journal as it was now\n", rest->items[1]);
    return 0;
}

static int run(int argc, char **argv)
{
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, &command_journal, NULL, 2, NEED_LAKE | NEED_JOURNAL_READ, &code))
        return code;
    code = backup(&place, &err);
    workplace_close(&place);
    return code;
}

const struct command command_journal = {
    .name = "journal",
    .arguments = "backup FILE",
    .summary = "copies the journal while others work with it",
    .run = run,
};
