#include "worker/watch/watch.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/watch/notices.h"

#include <errno.h>
#include <poll.h>

enum { SECOND = 1000000, FIRST_WAIT_US = SECOND, LONGEST_WAIT_US = 60 * SECOND, RETRY_LOOK_US = 5 * SECOND };

struct loop {
    struct worker *worker;
    const struct watch_options *options;
    struct notices *notices;
    int64_t next_sweep, next_look; /* monotonic */
    int64_t wait_us;               /* 0: no dependency is down */
    struct err *err;
    bool failed;
};

static bool stopping(const struct loop *loop)
{
    return loop->worker->stop && *loop->worker->stop;
}

static bool watch_zone(void *context, struct str prefix)
{
    struct loop *loop = context;
    return notices_refresh(loop->notices, prefix, loop->err);
}

static bool sweep(struct loop *loop, struct err *err)
{
    struct worker *worker = loop->worker;
    loop->err = err;
    loop->next_sweep = clock_monotonic() + loop->options->sweep_us;
    return worker->storage->driver->probe(worker->storage, err) && worker_recover(worker, err) &&
           worker_landing_zones(worker, watch_zone, loop) &&
           worker_register(worker, clock_now() - loop->options->quiet_us, err);
}

static void register_due(void *context, struct str key)
{
    struct loop *loop = context;
    if (!loop->failed && !worker_register_key(loop->worker, key, loop->err))
        loop->failed = true;
}

static bool take_due(struct loop *loop, struct err *err)
{
    bool overflow;
    loop->err = err;
    loop->failed = false;
    if (!notices_read(loop->notices, clock_monotonic(), loop->options->quiet_us, &overflow, err))
        return false;
    if (overflow)
        loop->next_sweep = 0;
    notices_due(loop->notices, clock_monotonic(), register_due, loop);
    return !loop->failed;
}

static bool turn(struct loop *loop, struct err *err)
{
    if (loop->options->reload && loop->options->reload_wanted && *loop->options->reload_wanted) {
        loop->worker->contracts = loop->options->reload(loop->options->context);
        loop->next_sweep = 0;
    }
    if (clock_monotonic() >= loop->next_sweep && !sweep(loop, err))
        return false;
    loop->next_look = clock_monotonic() + RETRY_LOOK_US; /* for files whose backoff has run out */
    return take_due(loop, err) && worker_work(loop->worker, err);
}

/* A dependency is down: one incident, a growing pause, everything by itself when it is back. */
static void wait_longer(struct loop *loop, const struct err *why)
{
    struct err second;
    if (!loop->wait_us) {
        log_err(LOG_ERROR, "dependency-down", why);
        if (!journal_incident(
                loop->worker->journal, STR("dependency"), STR("lake"), str_of(why->message), clock_now(), &second))
            log_err(LOG_WARN, "incident-not-recorded", &second);
    }
    loop->wait_us = loop->wait_us ? loop->wait_us * 2 : FIRST_WAIT_US;
    loop->wait_us = loop->wait_us > LONGEST_WAIT_US ? LONGEST_WAIT_US : loop->wait_us;
    loop->next_sweep = 0;
}

static void all_well(struct loop *loop)
{
    struct err second;
    if (!loop->wait_us)
        return;
    loop->wait_us = 0;
    log_event(LOG_INFO, "dependency-back", NULL);
    if (!journal_incident_close(loop->worker->journal, STR("dependency"), STR("lake"), clock_now(), &second))
        log_err(LOG_WARN, "incident-not-closed", &second);
}

static void pause_until_news(struct loop *loop)
{
    int64_t now = clock_monotonic(), until = loop->next_sweep < loop->next_look ? loop->next_sweep : loop->next_look;
    int64_t due = notices_next(loop->notices);
    until = due < until ? due : until;
    if (loop->wait_us)
        until = now + loop->wait_us;
    struct pollfd fd = {.fd = loop->wait_us ? -1 : notices_fd(loop->notices), .events = POLLIN};
    int timeout = until <= now ? 0 : (int)((until - now + 999) / 1000);
    if (poll(&fd, 1, timeout) < 0 && errno != EINTR)
        log_event(LOG_WARN, "poll-failed", NULL);
}

bool watch(struct worker *worker, const struct watch_options *options, struct err *err)
{
    struct loop loop = {.worker = worker, .options = options};
    loop.notices = notices_new(worker->storage->root.p, err);
    bool ok = loop.notices != NULL;
    while (ok && !stopping(&loop)) {
        if (turn(&loop, err))
            all_well(&loop);
        else if (stopping(&loop))
            break;
        else if (err_action(err) == ERR_ACTION_STOP)
            ok = false;
        else
            wait_longer(&loop, err);
        if (ok)
            pause_until_news(&loop);
    }
    notices_free(loop.notices);
    return ok;
}
