/* Waiting, in one place: the keys, the links, what agents say on standard error, signals, and a deadline. */
#ifndef TUI_CORE_LOOP_H
#define TUI_CORE_LOOP_H

#include "shared/err.h"

#include <stdint.h>

enum loop_event {
    LOOP_KEYS = 1,
    LOOP_LINK = 2,
    LOOP_COMPLAINT = 4, /* something was written to standard error */
    LOOP_RESIZED = 8,
    LOOP_HANGUP = 16, /* the terminal is gone */
    LOOP_STOP = 32,   /* asked to end */
    LOOP_CONTINUED = 64,
};

struct loop {
    int wake;      /* signals come in here */
    int complaint; /* what is written to standard error comes in here, while it runs */
    int old_error; /* standard error before */
};

enum { LOOP_MOST_LINKS = 32 };

struct loop_link {
    int in, out; /* -1: none */
    bool writes; /* there is something to write to in */
};

struct loop_wait {
    int keys; /* -1: none */
    struct loop_link links[LOOP_MOST_LINKS];
    size_t link_count;
    int64_t deadline; /* clock_monotonic(); -1: none */
};

bool loop_init(struct loop *loop, struct err *err) MUST_CHECK;
void loop_dispose(struct loop *loop);
/* Bits of loop_event; 0: the deadline. */
unsigned loop_wait(struct loop *loop, const struct loop_wait *wait);

#endif
