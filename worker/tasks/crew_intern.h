/* What crew.c and line.c share. All fields are guarded by lock but those set before the threads start. */
#ifndef WORKER_TASKS_CREW_INTERN_H
#define WORKER_TASKS_CREW_INTERN_H

#include "worker/tasks/crew.h"

#include <pthread.h>

/* One call of crew_each(). */
struct gang {
    uint32_t n, next, running;
    uint32_t failed; /* the smallest task that failed; UINT32_MAX: none */
    bool (*task)(void *context, uint32_t i, struct err *err);
    void *context;
    struct err err; /* of that task */
};

enum slot_state { SLOT_FREE, SLOT_PRODUCED, SLOT_WORKED, SLOT_COMMITTED, SLOT_FAILED };

struct slot {
    enum slot_state state;
    struct err err;
};

/* The present round of the oldest committed item. */
struct round {
    unsigned number; /* of the next one */
    uint32_t n, next, running;
    bool beginning;
};

/* One call of crew_line(). Items are numbered; item i has the place i % slots. */
struct line_run {
    const struct line *line;
    struct slot *slots;
    uint64_t produced, begun, committed, left; /* items that came, that are or were worked on, … */
    struct round round;
    unsigned running; /* callbacks, but the owner's commit */
    bool producing, ended;
};

struct crew {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something to do, or to commit, or the end */
    pthread_t *threads;
    unsigned count; /* of threads, the owner not included */
    bool ending;
    struct gang *gang;
    struct line_run *run;
};

/* With the lock held, which is given up in between: does one thing, the most urgent. False: there is nothing to do. */
bool crew_step(struct crew *crew);
/* The same for the line's part. */
bool line_step(struct crew *crew, struct line_run *run);

#endif
