/* What is amiss, as alerts in the outbox: what each is called, how bad it is, who is told. */
#ifndef WORKER_NOTIFY_AMISS_H
#define WORKER_NOTIFY_AMISS_H

#include "worker/config/alerts.h"
#include "worker/config/contract.h"
#include "worker/journal/journal.h"

struct amiss_options {
    const struct alerts *alerts;
    const struct contracts *contracts; /* say what is sensitive: of what they do not know no value is shown */
    int64_t since;                     /* causes of runs from then on, and those told of already */
    bool at_once;
};

/* In one transaction. */
bool amiss_collect(
    struct journal *journal, const struct amiss_options *options, int64_t now, struct err *err) MUST_CHECK;

#endif
