/* Losing the coordinator: nothing is written until it is back, and somebody can see since when. */
#include "worker/fleet/member.h"

#include "shared/clock.h"
#include "shared/log.h"

#include <string.h>
#include <time.h>

enum { STEP_MS = 100, STEPS = 5 };

static bool stopping(const struct member *member)
{
    return member->fleet->stop && *member->fleet->stop;
}

/* Told once an outage, by the first of this process that meets it; a file's note is there for every process of it. */
static void note_lost(struct member *member, const struct err *why)
{
    struct err unwritten;
    int64_t never = 0;
    if (atomic_compare_exchange_strong(&member->fleet->lost_since, &never, clock_monotonic()))
        log_err(LOG_ERROR, "coordinator-lost", why);
    if (!member->told && !replica_lost(member->journal, clock_now(), why->message, &unwritten))
        log_err(LOG_WARN, "outage-not-noted", &unwritten);
    member->told = true;
}

static void pause_a_bit(const struct member *member)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    for (int i = 0; i < STEPS && !stopping(member); i++)
        nanosleep(&step, NULL);
}

bool wait_again(struct member *member, int64_t patience_us, struct err *err)
{
    if (err->kind != ERR_UNAVAILABLE || !err->code || strcmp(err->code, FLEET_ERROR) != 0)
        return false;
    note_lost(member, err);
    if (stopping(member))
        return ERR(err, ERR_INTERRUPTED, "asked to stop while the coordinator is not reached");
    if (clock_monotonic() - atomic_load(&member->fleet->lost_since) >= patience_us)
        return false;
    pause_a_bit(member);
    return true;
}

void wait_over(struct member *member, int64_t lost_at)
{
    struct err unwritten;
    if (atomic_exchange(&member->fleet->lost_since, 0))
        log_event(LOG_INFO, "coordinator-back", NULL);
    if ((member->told || lost_at) && !replica_lost(member->journal, 0, "", &unwritten))
        log_err(LOG_WARN, "outage-not-noted", &unwritten);
    member->told = false;
}
