/* Numbers about the work done, for those who watch over it. */
#ifndef WORKER_JOURNAL_METRIC_H
#define WORKER_JOURNAL_METRIC_H

#include "worker/journal/journal.h"

struct metric_run {
    struct str run_id, dataset, outcome; /* "failed" where it came to none */
    uint64_t rows, rejected;
    int64_t duration, lag; /* microseconds; lag: from its arrival to its end */
    int64_t finished_at;
};

/* Of a file's runs of this owner that ended after a time, oldest first. Texts live until each returns. */
bool metric_runs(struct journal *journal, struct str owner, int64_t after,
    bool (*each)(void *context, const struct metric_run *run), void *context, struct err *err) MUST_CHECK;
/* How many files of each dataset wait, and since when the oldest does. */
bool metric_waiting(struct journal *journal,
    bool (*each)(void *context, struct str dataset, uint64_t files, int64_t since), void *context,
    struct err *err) MUST_CHECK;

#endif
