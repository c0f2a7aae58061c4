/*
 * inotify over a tree: which keys below the lake's landing zones were touched, and when each is to be looked at. Times
 * are the caller's (monotonic microseconds). What inotify cannot give (watches used up, events lost) is told, so that a
 * sweep can stand in.
 */
#ifndef WORKER_WATCH_NOTICES_H
#define WORKER_WATCH_NOTICES_H

#include "shared/arena.h"
#include "shared/err.h"

#include <stdint.h>

struct notices;

/* Keys are relative to root; NULL: there are no folders to watch. Where the machine gives no inotify at all,
 * notices_fd() is -1. */
struct notices *notices_new(const char *root, struct err *err);
void notices_free(struct notices *notices);
int notices_fd(const struct notices *notices);

/* Watches the folder prefix ("raw/") and every one below it; one that is not there is left for the next time. */
bool notices_refresh(struct notices *notices, struct str prefix, struct err *err) MUST_CHECK;
/* Folders that could not be watched since this was last asked. */
size_t notices_unwatched(struct notices *notices);

/*
 * Takes what inotify has: a renamed-in file is due at once, a closed one quiet_us later, one that is being written not
 * before it is closed. *overflow: events were lost and the keys forgotten, sweep everything.
 */
bool notices_read(struct notices *notices, int64_t now, int64_t quiet_us, bool *overflow, struct err *err) MUST_CHECK;
/* Look at this key at due, unless an event has more to say about it. */
bool notices_put(struct notices *notices, struct str key, int64_t due, struct err *err) MUST_CHECK;
void notices_forget(struct notices *notices, struct str key);
/* Somebody wrote to it and has not closed it, as far as events tell. */
bool notices_is_open(const struct notices *notices, struct str key);

/* renamed: it came by a rename, whole. Returns 0 when done with the key, or when to look again. */
typedef int64_t notices_each(void *context, struct str key, bool renamed);
/* Calls each for every key that is due. It must not call functions that change notices. */
void notices_due(struct notices *notices, int64_t now, notices_each *each, void *context);
/* When the next key will be due; INT64_MAX: none. */
int64_t notices_next(const struct notices *notices);

#endif
