#include "worker/config/due.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

/* In a spring gap, or twice: an hour later the clock is in no doubt. */
static int64_t instant_of(const struct timezone_rules *rules, int64_t local)
{
    int64_t at;
    if (timezone_to_utc(rules, local, &at) == VALUE_OK || timezone_to_utc(rules, local + HOUR_US, &at) == VALUE_OK)
        return at;
    return local;
}

/* The first time at or after `from` that the clock of the zone shows what `by` says: "06:00 Europe/Berlin". */
static int64_t next_by(struct str by, int64_t from, struct arena *arena)
{
    const struct timezone_rules *rules = NULL;
    struct err unread; /* the contract has loaded with it */
    int64_t past = ((by.p[0] - '0') * 10 + by.p[1] - '0') * 60 + (by.p[3] - '0') * 10 + by.p[4] - '0';
    past *= MINUTE_US;
    struct str zone = str_trim((struct str){by.p + 5, by.n - 5});
    if (zone.n && !timezone_load(zone, arena, &rules, &unread))
        return INT64_MAX;
    int64_t local = timezone_to_local(rules, from), at;
    local -= local % DAY_US;
    for (at = instant_of(rules, local + past); at < from; local += DAY_US)
        at = instant_of(rules, local + DAY_US + past);
    return at;
}

int64_t contract_due(const struct contract *contract, int64_t last, struct arena *arena)
{
    int64_t every = contract->expect_every_us, period = every > DAY_US ? every : DAY_US, due = INT64_MAX;
    if (contract->expect_by.n)
        due = next_by(contract->expect_by, last + period - DAY_US / 2, arena);
    bool by_every = every && (every < DAY_US || !contract->expect_by.n);
    return by_every && last + every < due ? last + every : due;
}
