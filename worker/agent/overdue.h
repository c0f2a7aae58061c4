/* What contracts expect, and what is amiss with it, as the overview's query wants it. */
#ifndef WORKER_AGENT_OVERDUE_H
#define WORKER_AGENT_OVERDUE_H

#include "worker/agent/method.h"

/* Appends an object: of each dataset whose contract expects something {due, due_in (seconds), overdue, off {file, rows,
 * least, most}}, without what does not apply. */
bool overdue_datasets(struct call *call, int64_t now, struct buf *out, struct err *err) MUST_CHECK;

#endif
