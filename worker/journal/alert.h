/*
 * The outbox of alerts. What is amiss is found in the journal itself: open incidents, causes with rows or files that
 * nobody has dealt with, requests that wait; so nothing that raises one can forget to tell. One alert each, until it is
 * over. A message is one alert for one channel; several go out together.
 */
#ifndef WORKER_JOURNAL_ALERT_H
#define WORKER_JOURNAL_ALERT_H

#include "worker/journal/journal.h"

struct alert_found {
    const char *kind; /* incident, cause, request */
    struct str subject;
    struct str dataset;       /* empty: not known, or of all */
    struct str word, message; /* an incident's kind and message; a cause's code and column; who asks and why */
    struct str rule;          /* of a cause */
    struct str shape;         /* of a cause's values, where others differ from it in nothing else */
    struct str samples;       /* of a cause: a JSON list */
    bool whole_file;
    uint64_t files, rows;
    int64_t opened_at, last_at;
};

typedef bool alert_each(void *context, const struct alert_found *found, struct err *err);

/* Causes that runs after a time (microseconds) touched, and all that is told of already. Texts live until each
 * returns; each must not write to the journal. */
bool alert_find(struct journal *journal, int64_t since, alert_each *each, void *context, struct err *err) MUST_CHECK;

/* Opens it, or brings the one that is open up to date. */
bool alert_raise(struct journal *journal, const struct alert_found *found, const char *severity, struct str title,
    struct str sample, int64_t *alert_id, bool *is_new, struct err *err) MUST_CHECK;
bool alert_tell(
    struct journal *journal, int64_t alert_id, const char *channel, int64_t due_at, struct err *err) MUST_CHECK;
/* What is over: whoever was told of it will be told, whoever was not never will. */
bool alert_settle(struct journal *journal, int64_t now, struct err *err) MUST_CHECK;
/* Has the journal changed since *mark was taken? Takes it anew. */
bool alert_changed(struct journal *journal, int64_t mark[2], bool *changed, struct err *err) MUST_CHECK;

struct alert_item {
    int64_t message_id;
    bool resolved; /* that it is over, else that it has begun */
    struct str kind, subject, dataset, severity, title, sample, run_id;
    bool whole_file;
    uint64_t files, rows, attempts;
    int64_t opened_at, resolved_at;
};

struct alert_items {
    struct alert_item *list;
    size_t count, capacity;
};

enum { ALERT_BATCH = 50, ALERT_LEASE_S = 120 };

/* What is due for a channel, ALERT_BATCH at most; the caller's until the lease ends. None once rate batches went out
 * within the hour: then *next is when there is room again. */
bool alert_take(struct journal *journal, const char *channel, uint64_t rate, int64_t now, struct alert_items *items,
    int64_t *next, struct arena *arena, struct err *err) MUST_CHECK;
bool alert_sent(struct journal *journal, const struct alert_items *items, int64_t now, struct err *err) MUST_CHECK;
/* To be tried again at due_at; 0: given up. why NULL: it was only put off, that was no attempt. */
bool alert_put_off(struct journal *journal, const struct alert_item *item, int64_t due_at, const char *why,
    struct err *err) MUST_CHECK;
/* When the next message of the channel is due; 0: none waits. */
bool alert_next(struct journal *journal, const char *channel, int64_t *next, struct err *err) MUST_CHECK;

#endif
