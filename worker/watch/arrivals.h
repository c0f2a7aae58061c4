/* Files that a queue's events tell of: registered as they come, each message deleted only when the journal has them. */
#ifndef WORKER_WATCH_ARRIVALS_H
#define WORKER_WATCH_ARRIVALS_H

#include "worker/run/worker.h"
#include "worker/watch/queue.h"

struct arrivals {
    struct queue *queue; /* NULL: none is watched */
    struct str bucket, prefix;
    bool works; /* as the journal was told */
};

/* url NULL: no queue. ERR_CONFIG: the lake is no bucket. */
bool arrivals_open(
    struct arrivals *arrivals, const char *url, const struct storage *storage, struct err *err) MUST_CHECK;
void arrivals_close(struct arrivals *arrivals);
/* What has come. *found: files among it. What is no event is set aside in rejected/events/, with an incident. */
bool arrivals_take(struct arrivals *arrivals, struct worker *worker, bool *found, struct err *err) MUST_CHECK;
/* With each sweep: forgets what was seen long ago; the incident of what was set aside ends once that is gone. */
bool arrivals_tidy(struct arrivals *arrivals, struct worker *worker, struct err *err) MUST_CHECK;

#endif
