/* From the point of no return on: everything here can be repeated by anybody who holds the manifest. */
#ifndef WORKER_RUN_PUBLISH_H
#define WORKER_RUN_PUBLISH_H

#include "worker/run/manifest.h"
#include "worker/run/worker.h"

/*
 * Publishes what the manifest lists, commits it to the journal, removes what it takes back, archives the original, ends
 * the run, removes staging and manifest. state: where the run stands (RUN_PUBLISHING or RUN_COMMITTED); earlier steps
 * are not done again.
 */
bool publish_run(struct worker *worker, const struct claim *claim, const struct manifest *manifest,
    enum run_state state, struct arena *arena, struct err *err) MUST_CHECK;

/* Moves the claim's file, with the intent in the journal first. Updates claim->file.location. version: as the storage's
 * move() has it. */
bool publish_move(
    struct worker *worker, struct claim *claim, struct str to, const char *version, struct err *err) MUST_CHECK;

/* Removes staging and manifest of a run that will not be published (any more). */
bool publish_clear(struct worker *worker, const char *run_id, struct arena *arena, struct err *err) MUST_CHECK;

/* Removes staging and manifests of runs that are over, where a process ended before it could. */
bool publish_sweep(struct worker *worker, struct err *err) MUST_CHECK;

#endif
