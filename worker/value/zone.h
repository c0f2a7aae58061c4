/* An IANA zone in memory, and its two readers: TZif (RFC 8536) and the POSIX TZ string in its footer. */
#ifndef WORKER_VALUE_ZONE_H
#define WORKER_VALUE_ZONE_H

#include "worker/value/value.h"

/* From at (microseconds, UTC) on, local time is UTC + offset. */
struct zone_transition {
    int64_t at;
    int64_t offset;
};

struct timezone_rules {
    int64_t first_offset; /* before the first transition */
    struct zone_transition *transitions;
    size_t count, capacity;
    /* From here on instants are moved back by whole cycles of 400 years, after which the calendar, and so a rule,
     * repeats. INT64_MAX when the zone has no rule for the future. */
    int64_t repeat_from;
};

/* false: memory is out. */
bool zone_add(struct timezone_rules *rules, int64_t at, int64_t offset, struct arena *arena) MUST_CHECK;
/* The whole file. false with ERR_CONFIG: damaged, or one that counts leap seconds. */
bool zone_read_tzif(
    struct str file, struct timezone_rules *rules, struct str *footer, struct arena *arena, struct err *err) MUST_CHECK;
/* Appends what the footer ("CET-1CEST,M3.5.0,M10.5.0/3") says about the time after the last transition. */
bool zone_apply_footer(
    struct str footer, struct timezone_rules *rules, struct arena *arena, struct err *err) MUST_CHECK;

#endif
