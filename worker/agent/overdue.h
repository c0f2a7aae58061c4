/* Which datasets' next file is overdue, by the contracts as they are now. */
#ifndef WORKER_AGENT_OVERDUE_H
#define WORKER_AGENT_OVERDUE_H

#include "worker/agent/method.h"

/* An object: since when, by dataset. Those of which no file has ever arrived, or no contract loads, are not in it. */
bool overdue_datasets(struct call *call, int64_t now, struct buf *out, struct err *err) MUST_CHECK;

#endif
