/* A request of many files while it is carried out: so many files a time, and paused for as long as somebody wants. Each
 * change is a compare-and-swap with its line of the audit; what has begun is finished. */
#ifndef WORKER_JOURNAL_PACE_H
#define WORKER_JOURNAL_PACE_H

#include "worker/journal/redrive.h"

/* "100/min", "5/s", "2000/h", "50/d": microseconds from one file's beginning to the next one's, at least. "none": 0.
 * ERR_USAGE. */
bool pace_read(struct str text, int64_t *spacing, struct err *err) MUST_CHECK;

/* ERR_EXISTS: it is not under way, or is as it should be already. */
bool journal_redrive_pause(struct journal *journal, const struct redrive *redrive, const struct decider *by,
    int64_t now, struct err *err) MUST_CHECK;
bool journal_redrive_resume(struct journal *journal, const struct redrive *redrive, const struct decider *by,
    int64_t now, struct err *err) MUST_CHECK;
/* From the next file on. rate: as pace_read() takes it. ERR_EXISTS: the request is over. */
bool journal_redrive_rate(struct journal *journal, const struct redrive *redrive, struct str rate,
    const struct decider *by, int64_t now, struct err *err) MUST_CHECK;

/* When the first of those files may be begun that wait for nothing but their request's rate; 0: none does. */
bool journal_pace_next(struct journal *journal, int64_t now, int64_t *at, struct err *err) MUST_CHECK;

#endif
