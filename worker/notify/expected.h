/* What contracts expect of their producers: files by a time, so many rows in each. What is amiss is an incident, once,
 * until it is over. */
#ifndef WORKER_NOTIFY_EXPECTED_H
#define WORKER_NOTIFY_EXPECTED_H

#include "worker/config/contract.h"
#include "worker/journal/expect.h"

struct expected {
    const struct contract *contract;
    int64_t due; /* its next file; INT64_MAX: by no time */
    struct delivered delivered;
    bool off; /* the last file loaded has other than the expected rows */
};

/* Of each contract that expects something. */
bool expected_list(struct journal *journal, const struct contracts *contracts, struct expected **list, size_t *count,
    struct arena *arena, struct err *err) MUST_CHECK;
/* The worker's: datasets are known from now on, incidents begin and end. A failure is logged. */
void expected_tell(struct journal *journal, const struct contracts *contracts, int64_t now);

#endif
