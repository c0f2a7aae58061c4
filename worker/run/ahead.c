#include "worker/run/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct ahead {
    pthread_t thread;
    struct storage *storage;
    struct str from, to;
    const char *version;
};

static void *serve(void *context)
{
    struct ahead *ahead = context;
    ahead->storage->driver->move_ahead(ahead->storage, ahead->from, ahead->to, ahead->version);
    return NULL;
}

struct ahead *ahead_begin(struct storage *storage, struct str from, struct str to, const char *version)
{
    sigset_t all, before;
    struct ahead *ahead = storage->driver->move_ahead ? malloc(sizeof *ahead) : NULL;
    if (!ahead)
        return NULL;
    *ahead = (struct ahead){.storage = storage, .from = from, .to = to, .version = version};
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = pthread_create(&ahead->thread, NULL, serve, ahead) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        return ahead;
    free(ahead);
    return NULL;
}

void ahead_end(struct ahead *ahead)
{
    if (!ahead)
        return;
    pthread_join(ahead->thread, NULL);
    free(ahead);
}
