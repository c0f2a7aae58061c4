/* The worker of a command that works until it is done or told to stop. */
#ifndef WORKER_COMMAND_MAKE_WORKER_H
#define WORKER_COMMAND_MAKE_WORKER_H

#include "worker/command/workplace.h"
#include "worker/run/worker.h"

/* From now on SIGINT and SIGTERM ask it to stop. It borrows all it has from place. */
struct worker make_worker(struct workplace *place);

#endif
