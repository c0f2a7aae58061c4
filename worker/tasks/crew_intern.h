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

/* What a thread of the crew is to begin of a round: the same tasks in every round, as long as all are equally fast. */
struct share {
    uint32_t next, end;
};

/* The present round of the oldest committed item. */
struct round {
    unsigned number;        /* of the next one */
    uint32_t left, running; /* tasks not begun, tasks that run */
    bool beginning;
};

/* One call of crew_line(). Items are numbered; item i has the place i % slots. */
struct line_run {
    const struct line *line;
    struct slot *slots;
    struct share *shares;               /* by thread, the owner first */
    uint64_t produced, committed, left; /* items that came, that were committed, that are done */
    struct round round;
    unsigned running; /* callbacks, but the owner's commit */
    bool producing, ended;
};

/* A thread of the crew, not the owner. */
struct member {
    struct crew *crew;
    pthread_t thread;
    unsigned number; /* from 1 on; the owner is 0 */
};

struct crew {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something to do, or to commit, or the end */
    struct member *members;
    unsigned count; /* of them */
    bool ending;
    struct gang *gang;
    struct line_run *run;
};

/* With the lock held, which is given up in between: thread number `self` does one thing, the most urgent. False: there
 * is nothing to do. */
bool crew_step(struct crew *crew, unsigned self);
/* The same for the line's part. */
bool line_step(struct crew *crew, struct line_run *run, unsigned self);

#endif
