#include "worker/notify/notify.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/journal/alert.h"
#include "worker/notify/amiss.h"
#include "worker/notify/channel.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

enum { FIRST_WAIT_S = 30, LONGEST_WAIT_S = 3600, MOST_ATTEMPTS = 30, LOOK_S = 60 };

struct notify {
    struct notify_options options;
    struct arena *arena;
    const char *console;
    int64_t mark[2];  /* of the journal when it was last looked through */
    int64_t since;    /* when that was; 0: never */
    pthread_t thread; /* while started */
    pthread_mutex_t lock;
    pthread_cond_t news; /* on the monotonic clock */
    const char *journal_path;
    bool started, stop, woken;
};

/* A path as a shell takes it. */
static const char *quoted(const char *text, struct arena *arena)
{
    struct buf out;
    if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.:@%+=,-") == strlen(text))
        return text;
    buf_init(&out, 64 * 1024);
    buf_add_byte(&out, '\'');
    for (const char *p = text; *p; p++)
        if (*p == '\'')
            buf_add_cstr(&out, "'\\''");
        else
            buf_add_byte(&out, *p);
    buf_add_byte(&out, '\'');
    const char *copy = out.failed ? NULL : arena_str(arena, buf_str(&out)).p;
    buf_dispose(&out);
    return copy;
}

struct notify *notify_new(const struct notify_options *options, bool *wanted, struct err *err)
{
    pthread_condattr_t attributes;
    *wanted = options->alerts->channel_count > 0;
    if (!*wanted)
        return NULL;
    struct arena *arena = arena_new(0);
    struct notify *notify = arena ? ARENA_NEW(arena, struct notify) : NULL;
    const char *lake = notify ? quoted(options->lake, arena) : NULL;
    if (lake) {
        notify->arena = arena;
        notify->options = *options;
        notify->console =
            options->alerts->console ? options->alerts->console : arena_printf(arena, "sluice --lake %s", lake);
    }
    if (!lake || !notify->console) {
        arena_free(arena);
        ERR(err, ERR_MEMORY, "no memory for alerts");
        return NULL;
    }
    pthread_mutex_init(&notify->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&notify->news, &attributes);
    pthread_condattr_destroy(&attributes);
    return notify;
}

static void wake(struct notify *notify, bool stop)
{
    pthread_mutex_lock(&notify->lock);
    notify->woken = true;
    notify->stop = notify->stop || stop;
    pthread_cond_signal(&notify->news);
    pthread_mutex_unlock(&notify->lock);
}

void notify_free(struct notify *notify)
{
    if (!notify)
        return;
    if (notify->started) {
        wake(notify, true);
        pthread_join(notify->thread, NULL);
    }
    pthread_cond_destroy(&notify->news);
    pthread_mutex_destroy(&notify->lock);
    arena_free(notify->arena);
}

/* ---- finding ---- */

void notify_collect(struct notify *notify, struct journal *journal, const struct contracts *contracts)
{
    struct err err;
    bool changed = false;
    if (!notify)
        return;
    const struct amiss_options options = {.alerts = notify->options.alerts,
        .contracts = contracts,
        .since = notify->since ? notify->since - DAY : 0, /* a run may have begun a day before it told of its rows */
        .at_once = notify->options.at_once};
    int64_t now = clock_now();
    bool ok = alert_changed(journal, notify->mark, &changed, &err);
    if (ok && changed)
        ok = amiss_collect(journal, &options, now, &err);
    if (!ok) {
        log_err(LOG_WARN, "alerts-not-collected", &err);
        notify->mark[0] = -1;
    } else if (changed) {
        notify->since = now;
        wake(notify, false);
    }
}

/* ---- sending ---- */

/* 30 s, a minute, two … an hour; a quarter more or less, so that not all come back at once. */
static int64_t back_off(uint64_t attempts, int64_t now)
{
    int64_t wait = FIRST_WAIT_S;
    for (uint64_t i = 1; i < attempts && wait < LONGEST_WAIT_S; i++)
        wait *= 2;
    wait = (wait < LONGEST_WAIT_S ? wait : LONGEST_WAIT_S) * SECOND;
    return now + wait - wait / 4 + (int64_t)((uint64_t)clock_monotonic() * 7919 % (uint64_t)(wait / 2));
}

static enum alert_severity severity_of(const struct alert_item *item)
{
    int severity = ALERT_WARNING;
    while (severity < ALERT_CRITICAL && !str_eq(item->severity, str_of(alert_severities[severity])))
        severity++;
    return (enum alert_severity)severity;
}

/* What may not be told now is put off; the others close ranks. */
static bool heed_quiet(struct journal *journal, const struct alert_channel *channel, struct alert_items *items,
    int64_t now, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < items->count; i++) {
        int64_t until = alerts_quiet_until(&channel->quiet, severity_of(&items->list[i]), now);
        if (!until)
            items->list[kept++] = items->list[i];
        else if (!alert_put_off(journal, &items->list[i], until, NULL, err))
            return false;
    }
    items->count = kept;
    return true;
}

static bool settle(struct journal *journal, const struct alert_channel *channel, const struct alert_items *items,
    const struct err *why, struct err *err)
{
    int64_t now = clock_now();
    if (!why) {
        log_event(LOG_INFO, "alert-sent", "channel", channel->name, NULL);
        return alert_sent(journal, items, now, err);
    }
    log_event(LOG_WARN, "alert-not-sent", "channel", channel->name, "message", why->message, NULL);
    for (size_t i = 0; i < items->count; i++) {
        uint64_t attempts = items->list[i].attempts + 1;
        int64_t again = attempts < MOST_ATTEMPTS ? back_off(attempts, now) : 0;
        if (!alert_put_off(journal, &items->list[i], again, why->message, err))
            return false;
    }
    return true;
}

static bool deliver_channel(struct notify *notify, struct journal *journal, const struct alert_channel *channel,
    int64_t *next, struct arena *arena, struct err *err)
{
    struct alert_items items;
    struct err why;
    int64_t now = clock_now();
    if (!alert_take(journal, channel->name, channel->rate, now, &items, next, arena, err) ||
        !heed_quiet(journal, channel, &items, now, err))
        return false;
    if (items.count) {
        const struct rendering r = {&items, notify->options.environment, notify->console};
        bool sent = channel_send(channel, notify->options.secrets, &r, &why);
        if (!settle(journal, channel, &items, sent ? NULL : &why, err))
            return false;
    }
    return *next || alert_next(journal, channel->name, next, err);
}

bool notify_deliver(struct notify *notify, struct journal *journal, int64_t *next, struct err *err)
{
    bool ok = true;
    *next = 0;
    for (size_t i = 0; notify && ok && i < notify->options.alerts->channel_count; i++) {
        struct arena *arena = arena_new(0);
        int64_t then = 0;
        ok = arena ? deliver_channel(notify, journal, &notify->options.alerts->channels[i], &then, arena, err)
                   : ERR(err, ERR_MEMORY, "no memory for alerts");
        arena_free(arena);
        *next = !*next || (then && then < *next) ? then : *next;
    }
    return ok;
}

/* ---- the thread ---- */

/* Until there is news, or it is time. false: to stop. */
static bool wait_until(struct notify *notify, int64_t next)
{
    int64_t wait = (int64_t)LOOK_S * SECOND, now = clock_now();
    struct timespec deadline;
    if (next && next - now < wait)
        wait = next > now ? next - now : 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += (time_t)(wait / SECOND);
    deadline.tv_nsec += (long)(wait % SECOND) * 1000;
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&notify->lock);
    while (!notify->woken && pthread_cond_timedwait(&notify->news, &notify->lock, &deadline) == 0)
        ;
    notify->woken = false;
    bool goes_on = !notify->stop;
    pthread_mutex_unlock(&notify->lock);
    return goes_on;
}

/* The journal is opened anew each time: the lake may have come back with another one. */
static void *send_all(void *context)
{
    struct notify *notify = context;
    int64_t next = 1;
    do {
        struct err err;
        struct journal *journal = journal_open(notify->journal_path, false, &err);
        bool ok = journal && notify_deliver(notify, journal, &next, &err);
        journal_close(journal);
        if (!ok) {
            log_err(LOG_WARN, "outbox-not-read", &err);
            next = clock_now() + FIRST_WAIT_S * SECOND;
        }
    } while (wait_until(notify, next));
    return NULL;
}

bool notify_start(struct notify *notify, const char *journal_path, struct err *err)
{
    sigset_t all, before;
    if (!notify)
        return true;
    notify->journal_path = arena_cstr(notify->arena, journal_path);
    if (!notify->journal_path)
        return ERR(err, ERR_MEMORY, "no memory for alerts");
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the main thread's */
    notify->started = pthread_create(&notify->thread, NULL, send_all, notify) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return notify->started || ERR(err, ERR_UNAVAILABLE, "no thread to send alerts");
}

bool notify_test(struct notify *notify, const struct alert_channel *channel, struct err *err)
{
    int64_t now = clock_now();
    struct alert_item item = {.kind = STR("test"),
        .severity = STR("warning"),
        .title = STR("this is a test: nothing is wrong"),
        .opened_at = now};
    const struct alert_items items = {.list = &item, .count = 1, .capacity = 1};
    const struct rendering r = {&items, notify->options.environment, notify->console};
    return channel_send(channel, notify->options.secrets, &r, err);
}
