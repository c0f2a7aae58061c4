/* Making a patch's edits: a record of the original is found by its number, and one cell of it, or all of it, written
 * anew in the file's own dialect and encoding. */
#ifndef WORKER_REDRIVE_PATCHING_H
#define WORKER_REDRIVE_PATCHING_H

#include "worker/journal/patch.h"
#include "worker/redrive/rehearse.h"

struct patching {
    struct rehearse_request file; /* the run, and the rules by which its header and dialect are read */
    uint64_t row;
    struct str column; /* a field's name or a label of the header; empty: value is the whole record */
    struct str value;  /* UTF-8 */
};

/* One edit more in the run's patch: of a quarantined file, or of a row that the run rejected and that is open.
 * ERR_USAGE, ERR_NOT_FOUND: there is no such row or column, or the value cannot be written so. */
bool patching_edit(
    const struct patching *patching, const struct decider *by, struct arena *arena, struct err *err) MUST_CHECK;

#endif
