/*
 * The daemon's loop: inotify on the landing zone (sub-folders made later included), a sweep for what events missed, and
 * waiting out of dependency faults. A file is taken only when complete: renamed in, or closed and quiet; never while
 * somebody has it open for writing, as far as the kernel tells us.
 */
#ifndef WORKER_WATCH_WATCH_H
#define WORKER_WATCH_WATCH_H

#include "worker/notify/metrics.h"
#include "worker/notify/notify.h"
#include "worker/watch/compact.h"

struct watch_options {
    int64_t quiet_us; /* after the last write and close */
    int64_t sweep_us; /* between sweeps */
    struct compact_schedule gold;
    /* Reads the contracts anew into worker->contracts; false with err keeps the old ones. */
    bool (*reload)(void *context, struct worker *worker, struct err *err);
    void *context;
    const char *datasets; /* file or folder of the contracts: a change of it reloads them */
    volatile sig_atomic_t *reload_wanted;
    struct notify *notify;   /* NULL: nobody is told */
    struct metrics *metrics; /* NULL: none are wanted */
    const char *events;      /* URL of a queue that tells of what is put into the bucket; NULL: none does */
};

/* Until *worker->stop: true then. worker->journal may be another one afterwards: it is opened anew when the lake came
 * back with another file in its place. The caller's signal handlers set the flags; SIGIO is ignored from here on. */
bool watch(struct worker *worker, const struct watch_options *options, struct err *err) MUST_CHECK;

#endif
