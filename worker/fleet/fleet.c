#include "worker/fleet/fleet.h"

#include "shared/clock.h"
#include "worker/fleet/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is waited for on the server once somebody asked to stop. */
#define STOP_US INT64_C(5000000)
#define STATEMENT_US INT64_C(600000000)
#define LOCK_US INT64_C(60000000)

static const struct pg_part part = {FLEET_ERROR, "the coordinator",
    "Create the database, or name another with --coordinator.",
    "Grant the right: schema/coordinator.sql shows what a worker needs.",
    "Somebody dropped or renamed the coordinator's tables: put them back.",
    "The database is slow, or somebody holds a lock on its tables: pg_stat_activity shows who."};

static bool go_on(void *context, struct err *err)
{
    struct member *member = context;
    if (!member->fleet->stop || !*member->fleet->stop || clock_monotonic() - member->waited_from < STOP_US)
        return true;
    return ERR(err, ERR_INTERRUPTED, "asked to stop while the coordinator did not answer");
}

/* ---- what the journal calls ---- */

static void leave(void *handle)
{
    struct member *member = handle;
    mirror_free(member->mirror);
    pg_free(member->pg);
    free(member);
}

static bool open_member(struct member *member, struct err *err)
{
    const struct fleet_options *options = &member->fleet->options;
    const struct pg_options pg = {.part = &part,
        .url = member->fleet->url,
        .address = options->address,
        .address_context = options->address_context,
        .statement_us = STATEMENT_US,
        .lock_us = LOCK_US,
        .alive = go_on,
        .context = member};
    member->pg = pg_new(&pg, err);
    return member->pg && join_fleet(member, err) && member_mirror(member, err);
}

static void *join(void *context, struct journal *journal, struct err *err)
{
    struct member *member = calloc(1, sizeof *member);
    if (!member) {
        ERR(err, ERR_MEMORY, "no memory for a fleet");
        return NULL;
    }
    *member = (struct member){.fleet = context, .journal = journal};
    if (open_member(member, err))
        return member;
    leave(member);
    return NULL;
}

static bool begin(void *handle, struct err *err)
{
    return log_begin(handle, err);
}

static bool commit(void *handle, struct err *err)
{
    return log_commit(handle, err);
}

static void rollback(void *handle)
{
    log_rollback(handle);
}

static bool follow(void *handle, struct err *err)
{
    return log_follow(handle, err) || wait_again(handle, 0, err);
}

/* ---- the fleet ---- */

struct fleet *fleet_new(const struct fleet_options *options, struct err *err)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);
    if (fleet)
        fleet->url = strdup(options->url ? options->url : "");
    if (!fleet || !fleet->url) {
        free(fleet);
        ERR(err, ERR_MEMORY, "no memory for a fleet");
        return NULL;
    }
    fleet->options = *options;
    fleet->options.lake_id = fleet->lake_id;
    snprintf(fleet->lake_id, sizeof fleet->lake_id, "%s", options->lake_id);
    fleet->log = (struct journal_log){.context = fleet,
        .join = join,
        .leave = leave,
        .begin = begin,
        .commit = commit,
        .rollback = rollback,
        .follow = follow};
    journal_share(&fleet->log);
    return fleet;
}

void fleet_free(struct fleet *fleet)
{
    if (!fleet)
        return;
    journal_share(NULL);
    free(fleet->url);
    free(fleet);
}

void fleet_stop_flag(struct fleet *fleet, const volatile sig_atomic_t *stop)
{
    if (fleet)
        fleet->stop = stop;
}
