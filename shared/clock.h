/* Time as microseconds since 1970-01-01T00:00:00Z. $SLUICE_CLOCK (microseconds) freezes it, for pictures and tests. */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 32

int64_t clock_now(void);
/* This machine's own, which clock_now() is as well unless clock_follow() was called: of files' times, of signatures. */
int64_t clock_here(void);
/* From now on clock_now() goes as another clock does, which shows at now; small differences are let be. */
void clock_follow(int64_t at);
/* Never goes back; only differences mean something. Microseconds. */
int64_t clock_monotonic(void);
/* "2026-11-21T01:19:39.123456Z"; at most CLOCK_TEXT_SIZE bytes with the NUL. Returns out. */
char *clock_format(int64_t at, char out[CLOCK_TEXT_SIZE]);
/* "20261121T011939Z", as file names carry it. */
char *clock_format_compact(int64_t at, char out[CLOCK_TEXT_SIZE]);

#endif
