/*
 * Tells people. collect() writes into the journal's outbox what is amiss and what is over; a thread with a connection
 * of its own sends it, so that a channel that hangs or refuses holds nothing up. What was not sent stays in the outbox
 * and is tried again, by this process or the next.
 */
#ifndef WORKER_NOTIFY_NOTIFY_H
#define WORKER_NOTIFY_NOTIFY_H

#include "worker/config/alerts.h"
#include "worker/config/contract.h"
#include "worker/journal/journal.h"
#include "worker/secret/secrets.h"

struct notify;

/* What it points to outlives it. */
struct notify_options {
    const struct alerts *alerts;
    struct secrets *secrets;
    const char *environment; /* what this place is called */
    const char *lake;        /* its URL, for the command that opens the console */
    bool at_once;            /* nothing waits for others */
};

/* NULL: nobody is to be told (*err untouched, *wanted false), or memory is out. */
struct notify *notify_new(const struct notify_options *options, bool *wanted, struct err *err);
/* Waits for what is being sent. notify may be NULL here and below: nothing happens then. */
void notify_free(struct notify *notify);

/* On the caller's connection; does nothing where the journal is as it was. A failure is logged: telling is never a
 * reason to stop. */
void notify_collect(struct notify *notify, struct journal *journal, const struct contracts *contracts);
/* Sends from now on, in a thread. */
bool notify_start(struct notify *notify, const char *journal_path, struct err *err) MUST_CHECK;
/* Sends what is due, here and now. *next: when more will be, in microseconds since 1970; 0: nothing waits. */
bool notify_deliver(struct notify *notify, struct journal *journal, int64_t *next, struct err *err) MUST_CHECK;

/* A message that says that it is a test, sent at once; the journal has nothing of it. */
bool notify_test(struct notify *notify, const struct alert_channel *channel, struct err *err) MUST_CHECK;

#endif
