/* Rows that are lost of silver since it was made again, and were not when their files were read: a reject file and
 * causes, as of any other run. */
#ifndef WORKER_RUN_LOST_H
#define WORKER_RUN_LOST_H

#include "worker/run/manifest.h"
#include "worker/run/worker.h"
#include "worker/warehouse/again.h"

/* Into the run's staging folder and its manifest. */
bool lost_write(struct worker *worker, struct manifest *manifest, struct again *again, const struct again_file *file,
    struct arena *arena, struct err *err) MUST_CHECK;

#endif
