#include "worker/tasks/crew_intern.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>

unsigned crew_processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : (unsigned)count;
}

/* ---- crew_each ---- */

static void gang_task(struct crew *crew, struct gang *gang)
{
    struct err err;
    uint32_t i = gang->next++;
    gang->running++;
    pthread_mutex_unlock(&crew->lock);
    bool ok = gang->task(gang->context, i, &err);
    pthread_mutex_lock(&crew->lock);
    gang->running--;
    if (!ok && i < gang->failed) {
        gang->failed = i;
        gang->err = err;
        gang->n = gang->next;
    }
    if (!gang->running && gang->next >= gang->n)
        pthread_cond_broadcast(&crew->changed);
}

bool crew_each(struct crew *crew, uint32_t n, bool (*task)(void *context, uint32_t i, struct err *err), void *context,
    struct err *err)
{
    if (!crew || !crew->count || n < 2) {
        for (uint32_t i = 0; i < n; i++)
            if (!task(context, i, err))
                return false;
        return true;
    }
    struct gang gang = {.n = n, .failed = UINT32_MAX, .task = task, .context = context};
    pthread_mutex_lock(&crew->lock);
    crew->gang = &gang;
    pthread_cond_broadcast(&crew->changed);
    while (gang.next < gang.n)
        gang_task(crew, &gang);
    while (gang.running)
        pthread_cond_wait(&crew->changed, &crew->lock);
    crew->gang = NULL;
    pthread_mutex_unlock(&crew->lock);
    if (gang.failed == UINT32_MAX)
        return true;
    *err = gang.err;
    return false;
}

/* ---- threads ---- */

bool crew_step(struct crew *crew, unsigned self)
{
    if (crew->gang && crew->gang->next < crew->gang->n) {
        gang_task(crew, crew->gang);
        return true;
    }
    return crew->run && line_step(crew, crew->run, self);
}

static void *serve(void *context)
{
    const struct member *member = context;
    struct crew *crew = member->crew;
    pthread_mutex_lock(&crew->lock);
    while (!crew->ending)
        if (!crew_step(crew, member->number))
            pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Signals are for the owner, whose system calls know how to be interrupted. */
static void start_threads(struct crew *crew, unsigned wanted)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (crew->count < wanted) {
        struct member *member = &crew->members[crew->count];
        *member = (struct member){.crew = crew, .number = crew->count + 1};
        if (pthread_create(&member->thread, NULL, serve, member) != 0)
            break;
        crew->count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The lock is held for some instructions at a time: to spin is cheaper than to sleep. */
static bool init_lock(struct crew *crew)
{
    pthread_mutexattr_t kind;
    if (pthread_mutexattr_init(&kind) != 0)
        return false;
    bool ok =
        pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP) == 0 && pthread_mutex_init(&crew->lock, &kind) == 0;
    pthread_mutexattr_destroy(&kind);
    return ok;
}

struct crew *crew_new(unsigned threads, struct err *err)
{
    struct crew *crew = calloc(1, sizeof *crew);
    struct member *members = calloc(threads, sizeof *members);
    if (!crew || !members || !init_lock(crew) || pthread_cond_init(&crew->changed, NULL) != 0) {
        free(crew);
        free(members);
        ERR(err, ERR_MEMORY, "no memory for %u threads", threads);
        return NULL;
    }
    crew->members = members;
    /* The threads are seen by one another only once all are counted. */
    pthread_mutex_lock(&crew->lock);
    start_threads(crew, threads - 1);
    pthread_mutex_unlock(&crew->lock);
    return crew;
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->ending = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned i = 0; i < crew->count; i++)
        pthread_join(crew->members[i].thread, NULL);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    free(crew->members);
    free(crew);
}

unsigned crew_threads(const struct crew *crew)
{
    return crew->count + 1;
}
