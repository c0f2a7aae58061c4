#include "worker/watch/watch.h"
#include "worker/notify/expected.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/journal/pace.h"
#include "worker/journal/seal.h"
#include "worker/notify/expected.h"
#include "worker/run/heap.h"
#include "worker/watch/arrivals.h"
#include "worker/watch/changes.h"
#include "worker/watch/notices.h"
#include "worker/watch/writer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SECOND = 1000000,
    FIRST_WAIT_US = SECOND,
    LONGEST_WAIT_US = 30 * SECOND,
    LOOK_US = 2 * SECOND,
    BEAT_US = 30 * SECOND
};
/* Where the kernel cannot tell whether a writer is there, one that events have told of is believed in for so long. */
#define OPEN_FOR_US (600 * (int64_t)SECOND)

struct loop {
    struct worker *worker;
    const struct watch_options *options;
    struct notices *notices;
    struct arrivals arrivals;
    struct changes contracts;
    struct compact_schedule gold;
    struct stat journal; /* the file that worker->journal has open */
    char *journal_path;
    int64_t next_sweep, next_look; /* monotonic */
    int64_t started_at, next_beat; /* clock_now(); monotonic */
    int64_t wait_us;               /* 0: no dependency is down */
    int64_t down_since;            /* clock_now() */
    bool watching;                 /* the first sweep is done */
    bool told;                     /* the journal has an incident of it */
    bool grouped, failed, found;   /* of the keys that are due */
    struct err why;                /* what is down */
    struct err *err;
};

static bool stopping(const struct loop *loop)
{
    return loop->worker->stop && *loop->worker->stop;
}

static void incident(struct loop *loop, const char *kind, const char *subject, const char *message)
{
    struct err second;
    if (!journal_incident(loop->worker->journal, str_of(kind), str_of(subject), str_of(message), clock_now(), &second))
        log_err(LOG_WARN, "incident-not-recorded", &second);
}

static void incident_over(struct loop *loop, const char *kind, const char *subject)
{
    struct err second;
    if (!journal_incident_close(loop->worker->journal, str_of(kind), str_of(subject), clock_now(), &second))
        log_err(LOG_WARN, "incident-not-closed", &second);
}

/* ---- is a file complete? ---- */

static enum writer ask_kernel(struct loop *loop, struct str key)
{
    struct storage *storage = loop->worker->storage;
    struct err unreadable; /* whoever claims the file will say why */
    int fd;
    if (!storage->driver->open_fd(storage, key, &fd, &unreadable))
        return WRITER_UNKNOWN;
    enum writer writer = writer_of(fd);
    close(fd);
    return writer;
}

/* 0: it is; else when to look again (monotonic). A time of change that lies ahead says nothing. */
static int64_t look_again(struct loop *loop, const struct storage_object *object, bool renamed)
{
    int64_t now = clock_monotonic(), age = clock_here() - object->modified, quiet = loop->options->quiet_us;
    if (!(loop->worker->storage->driver->features & STORAGE_FILES))
        return 0;
    enum writer writer = ask_kernel(loop, object->key);
    if (writer == WRITER_PRESENT)
        return now + (quiet > SECOND ? quiet : SECOND);
    if (writer == WRITER_UNKNOWN && age < OPEN_FOR_US && notices_is_open(loop->notices, object->key))
        return now + SECOND;
    return renamed || age < 0 || age >= quiet ? 0 : now + quiet - age;
}

/* For the sweep. What is not complete is looked at again when it may be. */
static bool is_complete(void *context, const struct storage_object *object)
{
    struct loop *loop = context;
    struct err second;
    int64_t again = look_again(loop, object, false);
    if (!again)
        notices_forget(loop->notices, object->key);
    else if (!notices_put(loop->notices, object->key, again, &second))
        log_err(LOG_WARN, "left-to-the-sweep", &second);
    return !again;
}

static bool watch_zone(void *context, struct str prefix)
{
    struct loop *loop = context;
    return notices_refresh(loop->notices, prefix, loop->err);
}

static bool watch_zones(struct loop *loop, struct err *err)
{
    loop->err = err;
    if (!worker_landing_zones(loop->worker, watch_zone, loop))
        return false;
    size_t unwatched = notices_unwatched(loop->notices);
    if (unwatched) {
        log_event(LOG_WARN, "folders-not-watched", "hint", "raise fs.inotify.max_user_watches", NULL);
        incident(
            loop, "watch", "inotify", "some folders are found by the sweep only: raise fs.inotify.max_user_watches");
    } else
        incident_over(loop, "watch", "inotify");
    return true;
}

static bool sweep(struct loop *loop, struct err *err)
{
    loop->next_sweep = clock_monotonic() + loop->options->sweep_us;
    return watch_zones(loop, err) && worker_register(loop->worker, is_complete, loop, err) &&
           arrivals_tidy(&loop->arrivals, loop->worker, err);
}

/* ---- keys that events told of ---- */

static bool register_key(struct loop *loop, struct str key)
{
    struct journal *journal = loop->worker->journal;
    if (!loop->grouped && !journal_begin(journal, loop->err))
        return false;
    loop->grouped = true;
    loop->found = true;
    return worker_register_key(loop->worker, key, loop->err);
}

static int64_t take_key(void *context, struct str key, bool renamed)
{
    struct loop *loop = context;
    struct storage *storage = loop->worker->storage;
    struct storage_object object;
    struct arena *arena = arena_new(0);
    bool exists = false;
    int64_t again = 0;
    if (loop->failed || stopping(loop))
        again = clock_monotonic() + SECOND;
    else if (!arena)
        loop->failed = !ERR(loop->err, ERR_MEMORY, "no memory to look at a file");
    else if (!storage->driver->stat(storage, key, &exists, &object, arena, loop->err))
        loop->failed = loop->err->kind != ERR_FILE;
    else if (exists && !(again = look_again(loop, &object, renamed)))
        loop->failed = !register_key(loop, key);
    arena_free(arena);
    return again;
}

static bool take_due(struct loop *loop, struct err *err)
{
    struct journal *journal = loop->worker->journal;
    bool overflow;
    loop->err = err;
    loop->failed = loop->grouped = loop->found = false;
    if (!notices_read(loop->notices, clock_monotonic(), loop->options->quiet_us, &overflow, err))
        return false;
    if (overflow)
        loop->next_sweep = clock_monotonic() + loop->options->quiet_us;
    notices_due(loop->notices, clock_monotonic(), take_key, loop);
    if (loop->grouped && !loop->failed)
        return journal_commit(journal, err);
    if (loop->grouped)
        journal_rollback(journal);
    return !loop->failed;
}

/* ---- contracts ---- */

static void reload(struct loop *loop)
{
    struct err why;
    volatile sig_atomic_t *wanted = loop->options->reload_wanted;
    bool changed = changes_settled(&loop->contracts);
    if (!loop->options->reload || (!changed && !(wanted && *wanted)))
        return;
    if (wanted)
        *wanted = 0;
    if (loop->options->reload(loop->options->context, loop->worker, &why)) {
        log_event(LOG_INFO, "contracts-reloaded", "datasets", loop->options->datasets, NULL);
        incident_over(loop, "contracts", "datasets");
        loop->next_sweep = 0;
    } else {
        log_err(LOG_ERROR, "contracts-not-reloaded", &why);
        incident(loop, "contracts", "datasets", why.message);
    }
}

/* ---- the journal ---- */

/* The lake may have gone and come back with another journal in its place, as a restored one has. */
static bool same_journal(struct loop *loop, struct err *err)
{
    struct stat now;
    if (stat(loop->journal_path, &now) != 0) {
        ERR_ERRNO(err, "the journal %s cannot be reached", loop->journal_path);
        err->kind = ERR_UNAVAILABLE;
        return false;
    }
    if (now.st_dev == loop->journal.st_dev && now.st_ino == loop->journal.st_ino)
        return true;
    struct journal *other = journal_open(loop->journal_path, false, err);
    if (!other)
        return false;
    log_event(LOG_WARN, "journal-opened-anew", "journal", loop->journal_path, NULL);
    journal_close(loop->worker->journal);
    loop->worker->journal = other;
    loop->journal = now;
    loop->told = false; /* what the old one was told need not be in this one */
    return true;
}

static bool remember_journal(struct loop *loop, struct err *err)
{
    const char *path = sqlite3_db_filename(journal_handle(loop->worker->journal), "main");
    loop->journal_path = strdup(path ? path : "");
    if (!loop->journal_path)
        return ERR(err, ERR_MEMORY, "no memory to watch");
    return stat(path, &loop->journal) == 0 || ERR_ERRNO(err, "cannot look at the journal %s", path);
}

/* ---- gold ---- */

/* Once nothing waits any more: files are worth more than their compaction. */
static bool compact(struct loop *loop, struct err *err)
{
    return !compact_due(&loop->gold, loop->worker, clock_monotonic()) || compact_all(&loop->gold, loop->worker, err);
}

/* ---- who is there ---- */

static bool beat(struct loop *loop, struct err *err)
{
    struct worker *worker = loop->worker;
    if (clock_monotonic() < loop->next_beat)
        return true;
    loop->next_beat = clock_monotonic() + BEAT_US;
    return journal_worker_seen(worker->journal, worker->owner, loop->started_at, clock_now(), err);
}

static void say_goodbye(struct loop *loop)
{
    struct err err;
    if (!journal_worker_left(loop->worker->journal, loop->worker->owner, clock_now(), &err))
        log_err(LOG_WARN, "left-without-a-word", &err);
}

/* ---- the loop ---- */

/* Files that their request's rate holds back are looked for when they are due. */
static bool keep_pace(struct loop *loop, struct err *err)
{
    int64_t now = clock_now(), at;
    if (!journal_pace_next(loop->worker->journal, now, &at, err))
        return false;
    int64_t due = clock_monotonic() + at - now;
    if (at && due < loop->next_look)
        loop->next_look = due;
    return true;
}

static bool turn(struct loop *loop, struct err *err)
{
    struct storage *storage = loop->worker->storage;
    int64_t now = clock_monotonic();
    bool sweeps = now >= loop->next_sweep, looks = sweeps || now >= loop->next_look;
    if (looks) {
        loop->next_look = now + LOOK_US;
        if (!same_journal(loop, err) || !beat(loop, err) || (sweeps && !storage->driver->probe(storage, err)))
            return false;
        reload(loop);
        expected_tell(loop->worker->journal, loop->worker->contracts, clock_now());
        sweeps = sweeps || now >= loop->next_sweep;
    }
    if (sweeps && (!worker_recover(loop->worker, err) || !sweep(loop, err)))
        return false;
    if (!loop->watching)
        log_event(LOG_INFO, "watching", "lake", storage->root.p, NULL);
    loop->watching = true;
    /* A file whose backoff has run out shows at a look only. */
    return take_due(loop, err) && arrivals_take(&loop->arrivals, loop->worker, &loop->found, err) &&
           (!(looks || loop->found) || worker_work(loop->worker, err)) && keep_pace(loop, err) && compact(loop, err);
}

/* A dependency is down: one incident, a growing pause, everything by itself when it is back. */
static void wait_longer(struct loop *loop, const struct err *why)
{
    struct err second;
    if (!loop->wait_us) {
        loop->why = *why;
        loop->down_since = clock_now();
        loop->told = journal_incident(
            loop->worker->journal, STR("dependency"), STR("lake"), str_of(why->message), loop->down_since, &second);
        log_err(LOG_ERROR, "dependency-down", why);
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
    /* The journal may have been what was down, or it is another one by now. */
    if (!loop->told && !journal_incident(loop->worker->journal, STR("dependency"), STR("lake"),
                           str_of(loop->why.message), loop->down_since, &second))
        log_err(LOG_WARN, "incident-not-recorded", &second);
    incident_over(loop, "dependency", "lake");
}

static int64_t next_news(const struct loop *loop)
{
    int64_t next = loop->next_sweep < loop->next_look ? loop->next_sweep : loop->next_look;
    int64_t due = notices_next(loop->notices), gold = loop->gold.next;
    next = gold && gold < next ? gold : next;
    return due < next ? due : next;
}

/* Signals are held back from the look at their flags to the wait, so that none is slept over. */
static void pause_until_news(struct loop *loop)
{
    const volatile sig_atomic_t *wanted = loop->options->reload_wanted;
    sigset_t ours, before;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGHUP);
    sigprocmask(SIG_BLOCK, &ours, &before);
    if (!stopping(loop) && !(wanted && *wanted)) {
        int64_t now = clock_monotonic(), until = loop->wait_us ? now + loop->wait_us : next_news(loop);
        int64_t left = until > now ? until - now : 0;
        struct pollfd fds[] = {{.fd = loop->wait_us ? -1 : notices_fd(loop->notices), .events = POLLIN},
            {.fd = loop->wait_us ? -1 : queue_fd(loop->arrivals.queue), .events = POLLIN}};
        struct timespec timeout = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND * 1000};
        if (ppoll(fds, 2, &timeout, &before) < 0 && errno != EINTR)
            log_event(LOG_WARN, "poll-failed", NULL);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (wanted && *wanted)
        loop->next_look = 0;
}

bool watch(struct worker *worker, const struct watch_options *options, struct err *err)
{
    struct loop loop = {.worker = worker, .options = options, .gold = options->gold, .started_at = clock_now()};
    signal(SIGIO, SIG_IGN); /* how the kernel says that a writer waits for a lease of ours */
    changes_init(&loop.contracts, options->datasets);
    compact_begin(&loop.gold, clock_monotonic());
    bool has_files = worker->storage->driver->features & STORAGE_FILES;
    loop.notices = notices_new(has_files ? worker->storage->root.p : NULL, err);
    bool ok = loop.notices && remember_journal(&loop, err);
    ok = ok && arrivals_open(&loop.arrivals, options->events, worker->storage, err);
    ok = ok && notify_start(options->notify, loop.journal_path, err);
    while (ok && !stopping(&loop)) {
        if (turn(&loop, err)) {
            all_well(&loop);
            journal_seal_quietly(worker->journal, worker->storage);
        } else if (!stopping(&loop))
            wait_longer(&loop, err);
        notify_collect(options->notify, worker->journal, worker->contracts);
        metrics_report(options->metrics, worker->journal);
        heap_release();
        pause_until_news(&loop);
    }
    if (ok)
        say_goodbye(&loop);
    arrivals_close(&loop.arrivals);
    notices_free(loop.notices);
    free(loop.journal_path);
    return ok;
}
