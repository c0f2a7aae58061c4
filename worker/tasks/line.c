#include "worker/tasks/crew_intern.h"

#include <stdlib.h>

static struct slot *slot_of(const struct line_run *run, uint64_t item)
{
    return &run->slots[item % run->line->slots];
}

static void work(struct crew *crew, struct line_run *run)
{
    uint64_t item = run->begun++;
    struct slot *slot = slot_of(run, item);
    if (slot->state == SLOT_FAILED)
        return;
    run->running++;
    pthread_mutex_unlock(&crew->lock);
    bool ok = run->line->work(run->line->context, (unsigned)(item % run->line->slots), &slot->err);
    pthread_mutex_lock(&crew->lock);
    run->running--;
    slot->state = ok ? SLOT_WORKED : SLOT_FAILED;
    run->ended = run->ended || !ok;
}

static void produce(struct crew *crew, struct line_run *run)
{
    uint64_t item = run->produced;
    struct slot *slot = slot_of(run, item);
    run->producing = true;
    run->running++;
    pthread_mutex_unlock(&crew->lock);
    enum line_result result = run->line->produce(run->line->context, (unsigned)(item % run->line->slots), &slot->err);
    pthread_mutex_lock(&crew->lock);
    run->running--;
    run->producing = false;
    run->ended = run->ended || result != LINE_ITEM;
    if (result == LINE_END)
        return;
    slot->state = result == LINE_ITEM ? SLOT_PRODUCED : SLOT_FAILED;
    run->produced++;
}

bool line_step(struct crew *crew, struct line_run *run)
{
    if (run->begun < run->produced)
        work(crew, run);
    else if (!run->ended && !run->producing && run->produced - run->committed < run->line->slots)
        produce(crew, run);
    else
        return false;
    pthread_cond_broadcast(&crew->changed);
    return true;
}

/* Commits what is next in order; false: it is not ready. */
static bool commit_next(struct crew *crew, struct line_run *run, bool *ok, struct err *err)
{
    struct slot *slot = slot_of(run, run->committed);
    if (run->committed == run->produced || slot->state == SLOT_PRODUCED)
        return false;
    if (slot->state == SLOT_FAILED) {
        *err = slot->err;
        *ok = false;
        return true;
    }
    pthread_mutex_unlock(&crew->lock);
    *ok = run->line->commit(run->line->context, (unsigned)(run->committed % run->line->slots), err);
    pthread_mutex_lock(&crew->lock);
    if (!*ok)
        return true;
    slot->state = SLOT_FREE;
    run->committed++;
    pthread_cond_broadcast(&crew->changed);
    return true;
}

static bool commit_all(struct crew *crew, struct line_run *run, struct err *err)
{
    bool ok = true;
    while (ok && !(run->ended && !run->producing && run->committed == run->produced))
        if (!commit_next(crew, run, &ok, err) && !crew_step(crew))
            pthread_cond_wait(&crew->changed, &crew->lock);
    return ok;
}

bool crew_line(struct crew *crew, const struct line *line, unsigned *slot, struct err *err)
{
    struct line_run run = {.line = line, .slots = calloc(line->slots, sizeof *run.slots)};
    if (!run.slots)
        return ERR(err, ERR_MEMORY, "no memory for %u items", line->slots);
    pthread_mutex_lock(&crew->lock);
    crew->run = &run;
    bool ok = commit_all(crew, &run, err);
    crew->run = NULL;
    while (run.running)
        pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    *slot = (unsigned)(run.committed % line->slots);
    free(run.slots);
    return ok;
}
