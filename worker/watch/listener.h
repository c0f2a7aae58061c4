/* A local socket: whoever connects gets an agent, which asks the kernel who it is. On a thread of its own. */
#ifndef WORKER_WATCH_LISTENER_H
#define WORKER_WATCH_LISTENER_H

#include "shared/err.h"

struct listener;

/*
 * argv (NULL-terminated, kept by the caller until listener_close()) is started for each connection, which is its
 * standard input and output. *listener NULL with true: another worker listens there already.
 */
bool listener_open(const char *path, char *const argv[], struct listener **listener, struct err *err) MUST_CHECK;
/* Takes nobody in any more, and ends the agents once they have done what they are at. NULL is fine. */
void listener_close(struct listener *listener);

#endif
