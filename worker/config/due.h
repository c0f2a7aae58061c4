/* What a contract expects of its producer's clock. */
#ifndef WORKER_CONFIG_DUE_H
#define WORKER_CONFIG_DUE_H

#include "worker/config/contract.h"

/* By when the file after the one that arrived at last is expected; INT64_MAX: by no time. With `by`, a file that came
 * up to twelve hours after its time of day was late for it, another early for the next. */
int64_t contract_due(const struct contract *contract, int64_t last, struct arena *arena);

#endif
