/* Times ahead and past, as people say them. */
#ifndef SHARED_UNTIL_H
#define SHARED_UNTIL_H

#include "shared/err.h"
#include "shared/str.h"

#include <stdint.h>

/*
 * "09:00" (the next time this machine's clock on the wall shows it), "2h" or "1d12h" from now, or ISO 8601:
 * "2026-01-31", "2026-01-31T09:00" and "2026-01-31 09:00:00", on the clock on the wall, or with Z or ±HH:MM.
 * Microseconds. ERR_USAGE.
 */
bool until_read(struct str text, int64_t now, int64_t *at, struct err *err) MUST_CHECK;

/* The same looking back: "09:00" is the last time the clock showed it, "2h" is two hours ago. */
bool since_read(struct str text, int64_t now, int64_t *at, struct err *err) MUST_CHECK;

#endif
