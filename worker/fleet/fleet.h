/*
 * A fleet: workers on any machines, each with a journal of its own, share one log of changes in PostgreSQL
 * (schema/coordinator.sql, docs/fleet.md). Who writes holds the lake's line there, has applied all that others did, and
 * adds the next change; so there is one order of what happened, and every transaction of the journal is one of the
 * fleet's. PostgreSQL's clock is the clock.
 */
#ifndef WORKER_FLEET_FLEET_H
#define WORKER_FLEET_FLEET_H

#include "shared/secret.h"
#include "worker/journal/journal.h"

#include <signal.h>

#define FLEET_ERROR "coordinator"
#define FLEET_FOR_EVER INT64_MAX

struct fleet;

struct fleet_options {
    const char *url; /* libpq's */
    /* Writes the URL in place of url, as pg_options has it. */
    bool (*address)(void *context, bool fresh, struct secret *url, struct err *err);
    void *address_context;
    const char *lake_id;
    int64_t patience_us; /* how long an outage is waited for before work fails with ERR_UNAVAILABLE */
};

/* From now on every journal that this process opens for writing is a replica of the lake's log. One at a time. */
struct fleet *fleet_new(const struct fleet_options *options, struct err *err);
/* After the journals are closed. */
void fleet_free(struct fleet *fleet);
/* Somebody asks to stop: nothing is waited for any more. */
void fleet_stop_flag(struct fleet *fleet, const volatile sig_atomic_t *stop);

#endif
