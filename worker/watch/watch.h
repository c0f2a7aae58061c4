/*
 * The daemon's loop: inotify on the landing zone (sub-folders made later included), a sweep for what events missed, and
 * waiting out of dependency faults. A file is taken only when complete: renamed in, or closed and quiet.
 */
#ifndef WORKER_WATCH_WATCH_H
#define WORKER_WATCH_WATCH_H

#include "worker/run/worker.h"

struct watch_options {
    int64_t quiet_us; /* after the last write and close */
    int64_t sweep_us; /* between sweeps */
    /* Asks for the contracts anew (SIGHUP, change of the folder); NULL: they stay. */
    const struct contracts *(*reload)(void *context);
    void *context;
    const volatile sig_atomic_t *reload_wanted;
};

/* Until *worker->stop. false only where nothing can be waited for. */
bool watch(struct worker *worker, const struct watch_options *options, struct err *err) MUST_CHECK;

#endif
