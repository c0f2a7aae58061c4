#include "worker/command/make_worker.h"

static volatile sig_atomic_t stop_wanted;

static void on_stop(int signal_number)
{
    (void)signal_number;
    stop_wanted = 1;
}

struct worker make_worker(struct workplace *place)
{
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    workplace_stop(place, &stop_wanted);
    return (struct worker){
        .options = {.memory = place->settings.memory,
            .threads = (unsigned)place->settings.workers,
            .lease_us = place->settings.lease,
            .only = STR("")},
        .storage = place->storage,
        .journal = place->journal,
        .contracts = &place->contracts,
        .pg = place->pg,
        .owner = buf_str(&place->owner),
        .stop = &stop_wanted,
    };
}
