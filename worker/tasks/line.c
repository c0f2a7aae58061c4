#include "worker/tasks/crew_intern.h"

#include <stdlib.h>

static struct slot *slot_of(const struct line_run *run, uint64_t item)
{
    return &run->slots[item % run->line->slots];
}

static unsigned place_of(const struct line_run *run, uint64_t item)
{
    return (unsigned)(item % run->line->slots);
}

static void fail(struct line_run *run, struct slot *slot)
{
    slot->state = SLOT_FAILED;
    run->ended = true;
}

static void work(struct crew *crew, struct line_run *run, uint64_t item)
{
    struct slot *slot = slot_of(run, item);
    if (slot->state == SLOT_FAILED)
        return;
    run->running++;
    pthread_mutex_unlock(&crew->lock);
    bool ok = run->line->work(run->line->context, place_of(run, item), &slot->err);
    pthread_mutex_lock(&crew->lock);
    run->running--;
    slot->state = SLOT_WORKED;
    if (!ok)
        fail(run, slot);
}

/* Whoever produced an item works on it too: its cache holds it. */
static void produce(struct crew *crew, struct line_run *run)
{
    uint64_t item = run->produced;
    struct slot *slot = slot_of(run, item);
    run->producing = true;
    run->running++;
    pthread_mutex_unlock(&crew->lock);
    enum line_result result = run->line->produce(run->line->context, place_of(run, item), &slot->err);
    pthread_mutex_lock(&crew->lock);
    run->running--;
    run->producing = false;
    run->ended = run->ended || result != LINE_ITEM;
    if (result == LINE_END)
        return;
    slot->state = result == LINE_ITEM ? SLOT_PRODUCED : SLOT_FAILED;
    run->produced++;
    pthread_cond_broadcast(&crew->changed);
    work(crew, run, item);
}

/* ---- rounds ---- */

static void leave(struct line_run *run)
{
    slot_of(run, run->left++)->state = SLOT_FREE;
    run->round = (struct round){0};
}

/* Equal shares, so that a task finds what its last round left in the cache of the same processor. */
static void share_out(const struct crew *crew, struct line_run *run, uint32_t n)
{
    unsigned threads = crew->count + 1;
    for (unsigned i = 0; i < threads; i++)
        run->shares[i] =
            (struct share){(uint32_t)((uint64_t)n * i / threads), (uint32_t)((uint64_t)n * (i + 1) / threads)};
    run->round.left = n;
}

/* The next of one's own share, else the last of who has most left. */
static uint32_t take(const struct crew *crew, struct line_run *run, unsigned self)
{
    struct share *most = &run->shares[self];
    run->round.left--;
    if (most->next < most->end)
        return most->next++;
    for (unsigned i = 0; i <= crew->count; i++)
        if (run->shares[i].end - run->shares[i].next > most->end - most->next)
            most = &run->shares[i];
    return --most->end;
}

static void begin_round(struct crew *crew, struct line_run *run)
{
    struct round *round = &run->round;
    struct slot *slot = slot_of(run, run->left);
    round->beginning = true;
    run->running++;
    pthread_mutex_unlock(&crew->lock);
    uint32_t n = 0;
    bool ok = run->line->round(run->line->context, place_of(run, run->left), round->number, &n, &slot->err);
    pthread_mutex_lock(&crew->lock);
    run->running--;
    *round = (struct round){.number = round->number + 1};
    share_out(crew, run, n);
    if (!ok)
        fail(run, slot);
    else if (!n)
        leave(run);
    pthread_cond_broadcast(&crew->changed);
}

static void do_task(struct crew *crew, struct line_run *run, unsigned self)
{
    struct round *round = &run->round;
    struct slot *slot = slot_of(run, run->left);
    struct err err;
    uint32_t i = take(crew, run, self);
    round->running++;
    run->running++;
    pthread_mutex_unlock(&crew->lock);
    bool ok = run->line->task(run->line->context, place_of(run, run->left), i, &err);
    pthread_mutex_lock(&crew->lock);
    round->running--;
    run->running--;
    if (!ok && slot->state != SLOT_FAILED) {
        slot->err = err;
        fail(run, slot);
    }
    if (!round->running && (!round->left || slot->state == SLOT_FAILED))
        pthread_cond_broadcast(&crew->changed);
}

static bool round_step(struct crew *crew, struct line_run *run, unsigned self)
{
    struct round *round = &run->round;
    if (run->left == run->committed || slot_of(run, run->left)->state == SLOT_FAILED)
        return false;
    if (round->left)
        do_task(crew, run, self);
    else if (!round->running && !round->beginning)
        begin_round(crew, run);
    else
        return false;
    return true;
}

bool line_step(struct crew *crew, struct line_run *run, unsigned self)
{
    if (round_step(crew, run, self))
        return true;
    if (run->ended || run->producing || run->produced - run->left >= run->line->slots)
        return false;
    produce(crew, run);
    pthread_cond_broadcast(&crew->changed);
    return true;
}

/* ---- the owner ---- */

/* Commits what is next in order; false: it is not ready. */
static bool commit_next(struct crew *crew, struct line_run *run)
{
    struct slot *slot = slot_of(run, run->committed);
    if (run->committed == run->produced || slot->state != SLOT_WORKED)
        return false;
    pthread_mutex_unlock(&crew->lock);
    bool ok = run->line->commit(run->line->context, place_of(run, run->committed), &slot->err);
    pthread_mutex_lock(&crew->lock);
    if (!ok) {
        fail(run, slot);
        return true;
    }
    slot->state = SLOT_COMMITTED;
    run->committed++;
    if (!run->line->round)
        leave(run);
    pthread_cond_broadcast(&crew->changed);
    return true;
}

/* The oldest item failed, and nobody is at it. */
static bool is_stuck(const struct line_run *run)
{
    return run->left < run->produced && slot_of(run, run->left)->state == SLOT_FAILED && !run->round.running;
}

static bool is_done(const struct line_run *run)
{
    return run->ended && !run->producing && run->left == run->produced;
}

static void dispose(struct line_run *run)
{
    free(run->slots);
    free(run->shares);
}

bool crew_line(struct crew *crew, const struct line *line, unsigned *slot, struct err *err)
{
    struct line_run run = {.line = line,
        .slots = calloc(line->slots, sizeof *run.slots),
        .shares = calloc(crew->count + 1, sizeof *run.shares)};
    if (!run.slots || !run.shares) {
        dispose(&run);
        return ERR(err, ERR_MEMORY, "no memory for %u items", line->slots);
    }
    pthread_mutex_lock(&crew->lock);
    crew->run = &run;
    while (!is_stuck(&run) && !is_done(&run))
        if (!commit_next(crew, &run) && !crew_step(crew, 0))
            pthread_cond_wait(&crew->changed, &crew->lock);
    crew->run = NULL;
    bool ok = !is_stuck(&run);
    while (run.running)
        pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    *slot = place_of(&run, run.left);
    if (!ok)
        *err = run.slots[*slot].err;
    dispose(&run);
    return ok;
}
