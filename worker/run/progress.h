/* Progress of long work on stderr: a bar redrawn in place on a terminal, nothing elsewhere unless forced. */
#ifndef WORKER_RUN_PROGRESS_H
#define WORKER_RUN_PROGRESS_H

#include "shared/str.h"

#include <stdint.h>

struct progress;

/* NULL (which every function takes) where stderr is no terminal. forced: one line a file even there. */
struct progress *progress_new(bool forced);
void progress_free(struct progress *progress);
void progress_total(struct progress *progress, uint64_t files, uint64_t bytes);
void progress_file(struct progress *progress, struct str name, uint64_t size);
/* Of the present file. Cheap to call often. */
void progress_at(struct progress *progress, uint64_t bytes, uint64_t rows, uint64_t rejected);
/* The file is done: outcome in a word or two. */
void progress_done(struct progress *progress, const char *outcome, uint64_t rows, uint64_t rejected);
void progress_clear(struct progress *progress);

#endif
