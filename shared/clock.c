#include "shared/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What the way of an answer makes of it is no difference between clocks. */
enum { LET_BE_US = 250000 };

static _Atomic int64_t ahead; /* of the clock that is followed, to this machine's */

int64_t clock_here(void)
{
    const char *frozen = getenv("SLUICE_CLOCK");
    return frozen && *frozen ? strtoll(frozen, NULL, 10) : read_clock(CLOCK_REALTIME);
}

int64_t clock_now(void)
{
    const char *frozen = getenv("SLUICE_CLOCK");
    return frozen && *frozen ? clock_here() : clock_here() + atomic_load(&ahead);
}

void clock_follow(int64_t at)
{
    int64_t difference = at - clock_here(), change = difference - atomic_load(&ahead);
    if (change > LET_BE_US || change < -LET_BE_US)
        atomic_store(&ahead, difference);
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t split(int64_t at, struct tm *out)
{
    int64_t seconds = at / 1000000, micros = at % 1000000;
    if (micros < 0) {
        micros += 1000000;
        seconds--;
    }
    time_t t = (time_t)seconds;
    gmtime_r(&t, out);
    return micros;
}

char *clock_format(int64_t at, char out[CLOCK_TEXT_SIZE])
{
    struct tm tm;
    int64_t micros = split(at, &tm);
    size_t n = strftime(out, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, CLOCK_TEXT_SIZE - n, ".%06dZ", (int)micros);
    return out;
}

char *clock_format_compact(int64_t at, char out[CLOCK_TEXT_SIZE])
{
    struct tm tm;
    split(at, &tm);
    strftime(out, CLOCK_TEXT_SIZE, "%Y%m%dT%H%M%SZ", &tm);
    return out;
}
