/*
 * An SQS queue, polled by a thread of its own. A batch of messages is handed to the watch's loop and stays the
 * thread's: it keeps them hidden from others for as long as the loop needs, and deletes each only once the loop has
 * settled it, so that nothing is lost with a worker that dies in between.
 */
#ifndef WORKER_WATCH_QUEUE_H
#define WORKER_WATCH_QUEUE_H

#include "shared/buf.h"

struct queue;

/* url: of the queue. NULL: no region, no memory. */
struct queue *queue_open(const char *url, struct err *err);
/* Ends what is asked of SQS within a second or so. May be NULL. */
void queue_close(struct queue *queue);
/* Readable when there is something to settle, or something has changed; -1: there is no queue. */
int queue_fd(const struct queue *queue);

struct queue_message {
    struct str id, body;
};

/* Each message that waits; true from settle: it is dealt with and deleted, else it stays and comes again with the next
 * call. */
void queue_settle(
    struct queue *queue, bool (*settle)(void *context, const struct queue_message *message), void *context);
/* Whether SQS can be asked; down: since when nothing could. Copies the reason. */
bool queue_works(struct queue *queue, struct err *why);

#endif
