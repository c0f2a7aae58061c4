/*
 * What a queue says of objects that were put: S3's own notifications (their keys are URL-encoded), EventBridge's shape
 * of them (whose are not), either of them through SNS. Events of other kinds are read and tell of nothing.
 */
#ifndef WORKER_WATCH_EVENT_H
#define WORKER_WATCH_EVENT_H

#include "shared/buf.h"

struct event {
    struct str bucket, key; /* decoded */
    struct str sequencer;   /* hex; orders the events of one key; may be empty */
};

/* Each object that was created. Texts live until each returns; false from it ends the reading, and is returned. */
typedef bool event_each(void *context, const struct event *event);

/* false with why: the message is none of these. */
bool event_read(struct str body, event_each *each, void *context, struct err *why) MUST_CHECK;
/* As the order within a key wants them to be compared: a longer one's place is held by zeros on the right. */
void event_sequencer(struct str sequencer, char out[65]);

#endif
