/*
 * An output may go to another lake than the run's: its key is then the object's URL, s3://bucket/key or file:///path.
 * Nothing else of the run lies there, and no marker is looked for or made: what is built for it stands in a staging
 * folder of its own, which the next one for it clears away.
 */
#ifndef WORKER_RUN_ELSEWHERE_H
#define WORKER_RUN_ELSEWHERE_H

#include "worker/storage/storage.h"

bool elsewhere_is(struct str key);
/* The storage that has a key, and the key there; own and the same key where it is no URL. They live in arena. */
bool elsewhere_open(struct storage *own, struct str key, struct storage **storage, struct str *there,
    struct arena *arena, struct err *err) MUST_CHECK;
/* What was built there is gone, but for what was published. Nothing for a key of the lake itself. */
bool elsewhere_clear(
    struct storage *own, struct str key, struct str dataset, struct arena *arena, struct err *err) MUST_CHECK;
/* Where to build, in that storage; run_folder: where it is for a key of the lake itself. .p NULL: no memory. */
struct str elsewhere_folder(
    const struct storage *own, struct str key, struct str dataset, struct str run_folder, struct arena *arena);

#endif
