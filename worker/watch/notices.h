/* inotify over a tree: which keys below a folder were touched, and which of them are complete. */
#ifndef WORKER_WATCH_NOTICES_H
#define WORKER_WATCH_NOTICES_H

#include "shared/arena.h"
#include "shared/err.h"

#include <stdint.h>

struct notices;

/* Watches root/prefix for each prefix ("raw/") and every folder below it. A prefix that is not there is waited for by
 * the sweep: notices_refresh() watches what has appeared. */
struct notices *notices_new(const char *root, struct err *err);
void notices_free(struct notices *notices);
bool notices_refresh(struct notices *notices, struct str prefix, struct err *err) MUST_CHECK;
int notices_fd(const struct notices *notices);
/*
 * Takes what inotify has. A renamed-in file is due at once, a written one quiet_us after its last event. *overflow:
 * events were lost, sweep everything.
 */
bool notices_read(struct notices *notices, int64_t now, int64_t quiet_us, bool *overflow, struct err *err) MUST_CHECK;
/* Calls each(context, key) for every key that is due, and forgets it. */
void notices_due(struct notices *notices, int64_t now, void (*each)(void *context, struct str key), void *context);
/* When the next key will be due; INT64_MAX: none. */
int64_t notices_next(const struct notices *notices);

#endif
