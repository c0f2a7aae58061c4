/* A file read with a patch over it. */
#ifndef WORKER_RUN_PATCHED_H
#define WORKER_RUN_PATCHED_H

#include "worker/format/csv/reader.h"
#include "worker/journal/patch.h"

/* The file from its first record on, the patch's records in place of the original's; without a patch one segment. Row
 * and line numbers stay the original's. NULL: no memory. */
struct segment *patched_segments(
    const struct dialect *dialect, const struct patch *patch, size_t *count, struct arena *arena);

#endif
