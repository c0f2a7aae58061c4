/* What takes long of a move, done by a thread of its own while its file is worked on. */
#ifndef WORKER_RUN_AHEAD_H
#define WORKER_RUN_AHEAD_H

#include "worker/storage/storage.h"

struct ahead;

/* The names must live until ahead_end(). NULL where nothing can be done beforehand. */
struct ahead *ahead_begin(struct storage *storage, struct str from, struct str to, const char *version);
/* Waits and frees. ahead may be NULL. */
void ahead_end(struct ahead *ahead);

#endif
