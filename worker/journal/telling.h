/* A line of the audit while its detail is written: who, from where and by which call are never left out. */
#ifndef WORKER_JOURNAL_TELLING_H
#define WORKER_JOURNAL_TELLING_H

#include "shared/json.h"
#include "worker/journal/redrive.h"

struct telling {
    struct buf text;
    struct json json; /* in the detail's object */
};

void telling_begin(struct telling *telling);
/* Appends the line, inside the caller's transaction. */
bool telling_end(struct telling *telling, struct journal *journal, const char *action, struct str subject,
    const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
/* It is not told after all. */
void telling_drop(struct telling *telling);

#endif
