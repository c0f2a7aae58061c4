#include "worker/warehouse/copier.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "worker/warehouse/binary.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
    PARCELS = 4, /* that wait to be sent */
    SECOND = 1000000,
    /* A COPY ends now and then, as a statement may only take so long, and what the server refuses is told at its end;
     * but seldom, as each fills buffers of the server's own that the next one has no use for. */
    MOST_COPY_BYTES = 1 << 30,
    MOST_COPY_US = 60 * SECOND,
    COPY_SHARE = 4 /* of the time that a statement may take */
};

struct parcel {
    unsigned statement;
    struct buf tuples;
};

struct copier {
    struct pg *pg;
    struct pg_watch watch; /* who was asked, and is asked by those who wait */
    const char *const *statements;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct parcel parcels[PARCELS];
    unsigned first, count;
    bool ended, done;
    atomic_bool stopped;
    /* the thread's, until it is done */
    bool open;
    unsigned statement;
    size_t bytes;
    int64_t since, most_us;
    bool ok;
    struct err err;
};

/* ---- the thread ---- */

static bool goes_on(void *context, struct err *err)
{
    struct copier *copier = context;
    return !atomic_load(&copier->stopped) || ERR(err, ERR_INTERRUPTED, "the rows are not wanted any more");
}

static bool end_copy(struct copier *copier, struct err *err)
{
    char bytes[8];
    struct buf tail;
    if (!copier->open)
        return true;
    copier->open = false;
    buf_init(&tail, sizeof bytes);
    binary_tail(&tail);
    bool ok = buf_ok(&tail, "rows for the warehouse", err) && pg_copy_put(copier->pg, buf_str(&tail), err) &&
              pg_copy_end(copier->pg, err);
    buf_dispose(&tail);
    return ok;
}

static bool begin_copy(struct copier *copier, unsigned statement, struct err *err)
{
    struct buf head;
    if (copier->open && copier->statement == statement && copier->bytes < MOST_COPY_BYTES &&
        clock_monotonic() - copier->since < copier->most_us)
        return true;
    if (!end_copy(copier, err) || !pg_copy_begin(copier->pg, copier->statements[statement], err))
        return false;
    copier->open = true;
    copier->statement = statement;
    copier->bytes = 0;
    copier->since = clock_monotonic();
    buf_init(&head, 64);
    binary_head(&head);
    bool ok = buf_ok(&head, "rows for the warehouse", err) && pg_copy_put(copier->pg, buf_str(&head), err);
    buf_dispose(&head);
    return ok;
}

static bool send(struct copier *copier, const struct parcel *parcel, struct err *err)
{
    copier->bytes += parcel->tuples.n;
    return fault_pass("copying", NULL, err) && begin_copy(copier, parcel->statement, err) &&
           pg_copy_put(copier->pg, buf_str(&parcel->tuples), err);
}

/* Under the lock. False: nothing came for a second. */
static bool wait_change(struct copier *copier)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    return pthread_cond_timedwait(&copier->changed, &copier->lock, &until) == 0;
}

/* The next one, or NULL: *end, or nobody has brought one for a while. */
static const struct parcel *next(struct copier *copier, bool *end)
{
    bool waited = false;
    pthread_mutex_lock(&copier->lock);
    while (!copier->count && !copier->ended && !atomic_load(&copier->stopped) && !waited)
        waited = !wait_change(copier);
    const struct parcel *parcel =
        copier->count && !atomic_load(&copier->stopped) ? &copier->parcels[copier->first] : NULL;
    *end = !parcel && (copier->ended || atomic_load(&copier->stopped));
    pthread_mutex_unlock(&copier->lock);
    return parcel;
}

static void sent(struct copier *copier)
{
    pthread_mutex_lock(&copier->lock);
    buf_reset(&copier->parcels[copier->first].tuples);
    copier->first = (copier->first + 1) % PARCELS;
    copier->count--;
    pthread_cond_broadcast(&copier->changed);
    pthread_mutex_unlock(&copier->lock);
}

static bool send_all(struct copier *copier, struct err *err)
{
    bool end = false, ok = true;
    while (ok && !end) {
        const struct parcel *parcel = next(copier, &end);
        ok = parcel ? send(copier, parcel, err) : end_copy(copier, err);
        if (parcel && ok)
            sent(copier);
    }
    return ok;
}

static void *serve(void *context)
{
    struct copier *copier = context;
    struct err err;
    bool ok = send_all(copier, &err);
    pthread_mutex_lock(&copier->lock);
    copier->ok = ok;
    if (!ok)
        copier->err = err;
    copier->done = true;
    pthread_cond_broadcast(&copier->changed);
    pthread_mutex_unlock(&copier->lock);
    return NULL;
}

/* ---- who brings the tuples ---- */

static bool start(struct copier *copier)
{
    sigset_t all, before;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&copier->lock, NULL);
    pthread_cond_init(&copier->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    copier->watch = pg_watched(copier->pg);
    pg_alive(copier->pg, goes_on, copier);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool ok = pthread_create(&copier->thread, NULL, serve, copier) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void dispose(struct copier *copier)
{
    pg_alive(copier->pg, copier->watch.alive, copier->watch.context);
    for (unsigned i = 0; i < PARCELS; i++)
        buf_dispose(&copier->parcels[i].tuples);
    pthread_cond_destroy(&copier->changed);
    pthread_mutex_destroy(&copier->lock);
    free(copier);
}

struct copier *copier_new(struct pg *pg, const char *const *statements, struct err *err)
{
    struct copier *copier = calloc(1, sizeof *copier);
    if (copier) {
        copier->pg = pg;
        copier->statements = statements;
        int64_t limit = pg_statement_limit(pg) / COPY_SHARE;
        copier->most_us = limit && limit < MOST_COPY_US ? limit : MOST_COPY_US;
        for (unsigned i = 0; i < PARCELS; i++)
            buf_init(&copier->parcels[i].tuples, SIZE_MAX);
        if (start(copier))
            return copier;
        dispose(copier);
    }
    ERR(err, ERR_MEMORY, "no memory or thread to load the warehouse");
    return NULL;
}

/* Waits until there is room for a parcel, or until the thread is done; true: it is at work still. */
static bool wait_for(struct copier *copier, bool room, struct err *err)
{
    bool asked = true;
    pthread_mutex_lock(&copier->lock);
    while (asked && !copier->done && (!room || copier->count == PARCELS)) {
        if (wait_change(copier) || !copier->watch.alive)
            continue;
        pthread_mutex_unlock(&copier->lock);
        asked = copier->watch.alive(copier->watch.context, err);
        pthread_mutex_lock(&copier->lock);
    }
    bool ok = asked && (!copier->done || copier->ok);
    if (asked && !ok)
        *err = copier->err;
    pthread_mutex_unlock(&copier->lock);
    return ok;
}

bool copier_put(struct copier *copier, unsigned statement, struct buf *tuples, struct err *err)
{
    if (!wait_for(copier, true, err))
        return false;
    pthread_mutex_lock(&copier->lock);
    struct parcel *parcel = &copier->parcels[(copier->first + copier->count) % PARCELS];
    struct buf empty = parcel->tuples;
    empty.max = tuples->max;
    parcel->statement = statement;
    parcel->tuples = *tuples;
    *tuples = empty;
    copier->count++;
    pthread_cond_broadcast(&copier->changed);
    pthread_mutex_unlock(&copier->lock);
    return true;
}

void copier_end(struct copier *copier)
{
    pthread_mutex_lock(&copier->lock);
    copier->ended = true;
    pthread_cond_broadcast(&copier->changed);
    pthread_mutex_unlock(&copier->lock);
}

bool copier_finish(struct copier *copier, struct err *err)
{
    return wait_for(copier, false, err);
}

void copier_free(struct copier *copier)
{
    if (!copier)
        return;
    atomic_store(&copier->stopped, true);
    copier_end(copier);
    pthread_join(copier->thread, NULL);
    dispose(copier);
}
