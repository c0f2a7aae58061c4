/* Rejected rows of a run that are read again, without the rest of their file. */
#ifndef WORKER_RUN_CHOSEN_H
#define WORKER_RUN_CHOSEN_H

#include "worker/batch/batch.h"
#include "worker/journal/patch.h"
#include "worker/journal/rows.h"
#include "worker/storage/storage.h"

struct chosen {
    const char *run_id; /* whose rejects they are */
    struct rejected_row *rows;
    struct row_place *places; /* where the original has them: rules that cut it into other records don't find them */
    size_t count;
};

/* memory: of the whole process; what a part of it cannot hold is refused. ERR_NOT_FOUND: there are none. */
bool chosen_load(struct storage *storage, struct journal *journal, const char *run_id, const struct row_choice *choice,
    enum row_state state, size_t memory, struct chosen *chosen, struct arena *arena, struct err *err) MUST_CHECK;
/* Records that a patch stands in for are as long as the patch has them. */
void chosen_patched(struct chosen *chosen, const struct patch *patch);

#endif
