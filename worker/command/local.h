/* Consoles of local users: what watch starts for whoever connects to its socket. */
#ifndef WORKER_COMMAND_LOCAL_H
#define WORKER_COMMAND_LOCAL_H

#include "worker/command/workplace.h"
#include "worker/watch/listener.h"

/* *listener NULL: the settings name no socket, or another worker listens there. */
bool local_listen(struct workplace *place, struct listener **listener, struct err *err) MUST_CHECK;

#endif
