/*
 * Tasks: the threads that share one piece of work, and the two ways to share it. The thread that made the crew is one
 * of it: a crew of one starts no thread and does everything in turn, by the same code. Whatever is most urgent is done
 * first, by whoever is free, so that no thread has a role of its own but the owner, who alone commits.
 *
 * All functions are the owner's to call; callbacks run on any thread of the crew where it says so. Threads of the crew
 * take no signals.
 */
#ifndef WORKER_TASKS_CREW_H
#define WORKER_TASKS_CREW_H

#include "shared/err.h"

#include <stdint.h>

struct crew;

/* As many as this process may use. */
unsigned crew_processors(void);
/* threads: the owner included, at least 1. Fewer where the system gives no more; NULL: memory is out. */
struct crew *crew_new(unsigned threads, struct err *err);
/* crew may be NULL. */
void crew_free(struct crew *crew);
unsigned crew_threads(const struct crew *crew);

/*
 * task(context, i) for each i < n, in no order, the owner taking part; returns when all have ended. After a failure no
 * further one begins; of several failures that of the smallest i is reported. May be called within a commit of
 * crew_line(), not within another crew_each(). crew NULL: one after the other.
 */
bool crew_each(struct crew *crew, uint32_t n, bool (*task)(void *context, uint32_t i, struct err *err), void *context,
    struct err *err) MUST_CHECK;

enum line_result { LINE_ITEM, LINE_END, LINE_FAILED };

/*
 * Items go through produce, work, commit and, if there is a round, rounds of tasks. There are `slots` places for items;
 * an item keeps its place until its last round, so their number bounds memory and holds a fast producer back.
 */
struct line {
    unsigned slots; /* at least 1 */
    void *context;
    enum line_result (*produce)(void *context, unsigned slot, struct err *err); /* in order; one thread at a time */
    bool (*work)(void *context, unsigned slot, struct err *err);                /* any order, any threads */
    bool (*commit)(void *context, unsigned slot, struct err *err);              /* in order; the owner */
    /* In order, one thread at a time, while no task runs: how many tasks come next; 0: the item is done. NULL: it is
     * done once committed. Meanwhile items behind it may be committed. */
    bool (*round)(void *context, unsigned slot, unsigned round, uint32_t *tasks, struct err *err);
    bool (*task)(void *context, unsigned slot, uint32_t i, struct err *err); /* any order, any threads */
};

/*
 * Runs until produce ends or something fails. Failures count in the order of the items, not of time: everything before
 * a failed item is done, and *slot is its place. Items behind it may have been committed if one of its tasks failed,
 * else none is. When this returns no callback is running.
 */
bool crew_line(struct crew *crew, const struct line *line, unsigned *slot, struct err *err) MUST_CHECK;

#endif
