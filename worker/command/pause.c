/* sluiced pause DATASET, sluiced resume DATASET: nothing is claimed for it in between; what has begun is finished. */
#include "worker/command/hold.h"

#include <stdio.h>

#define PAUSED STR("paused")

static int act(int argc, char **argv, const struct command *command, bool pauses)
{
    struct workplace place;
    struct err err;
    int code;
    if (!workplace_open(&place, argc, argv, command, NULL, 1, NEED_LAKE | NEED_JOURNAL | NEED_CONTRACTS, &code))
        return code;
    struct str dataset = place.rest.count ? str_of(place.rest.items[0]) : STR("");
    bool ok = dataset.n ? contracts_find(&place.contracts, dataset) ||
                              ERR(&err, ERR_NOT_FOUND, "no contract is about a dataset '" STR_FMT "'", STR_ARG(dataset))
                        : ERR(&err, ERR_USAGE, "which dataset?");
    struct hold_change change = {
        .dataset = dataset, .reason = PAUSED, .action = pauses ? "paused" : "resumed", .holds = pauses};
    ok = ok && hold_change(&place, &change, &err);
    code = ok ? 0 : complain(&err);
    if (ok)
        printf(STR_FMT ": %s\n", STR_ARG(dataset), pauses ? "paused; 'sluiced resume' ends it" : "resumed");
    workplace_close(&place);
    return code;
}

static int run_pause(int argc, char **argv)
{
    return act(argc, argv, &command_pause, true);
}

static int run_resume(int argc, char **argv)
{
    return act(argc, argv, &command_resume, false);
}

const struct command command_pause = {
    .name = "pause",
    .arguments = "DATASET",
    .summary = "takes no more files of a dataset; what has begun is finished",
    .run = run_pause,
};

const struct command command_resume = {
    .name = "resume",
    .arguments = "DATASET",
    .summary = "takes its files again",
    .run = run_resume,
};
