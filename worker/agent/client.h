/* Acting calls that name themselves by "client", a ULID: done once, however often they are sent. */
#ifndef WORKER_AGENT_CLIENT_H
#define WORKER_AGENT_CLIENT_H

#include "worker/agent/method.h"

/* Reads the parameter "client" into the call. False: it is no ULID, or the caller has used it for another call.
 * *known: this call has been done, and its answer is to be given by client_again(). */
bool client_read(struct call *call, bool *known, int *code, struct err *err) MUST_CHECK;
/* What came of it, as the method itself would have answered. */
bool client_again(struct call *call, struct buf *result, int *code, struct err *err) MUST_CHECK;

#endif
