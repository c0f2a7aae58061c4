/* Patches: edits of records of a file that a run rejected, or rejected rows of, as ranges of its bytes, which
 * themselves are never changed. */
#ifndef WORKER_JOURNAL_PATCH_H
#define WORKER_JOURNAL_PATCH_H

#include "worker/journal/redrive.h"

struct patch_edit {
    int64_t edit;
    uint64_t row, line;      /* of the record, and the physical line it starts on */
    struct str column;       /* the cell that was changed; empty: the record as a whole */
    uint64_t offset, length; /* of the record in the (decompressed) original, without its line end */
    struct str before;       /* the original's bytes */
    struct str after;        /* the record as it is to be read, earlier edits of the row included */
};

/* That of a run's file; edits that were undone are left out. */
struct patch {
    char patch_id[ULID_SIZE]; /* "": there is none yet */
    int64_t file_id;
    char run_id[ULID_SIZE], sha256[SHA256_TEXT_SIZE]; /* of the original */
    struct patch_edit *edits;                         /* in the order they were made */
    size_t count, capacity;
    char hash[SHA256_TEXT_SIZE]; /* of what the edits come to: what a request is bound to */
};

bool journal_patch_read(
    struct journal *journal, const char *run_id, struct patch *patch, struct arena *arena, struct err *err) MUST_CHECK;
/* One edit more; the first one makes the patch. */
bool journal_patch_add(struct journal *journal, struct patch *patch, const struct patch_edit *edit,
    const struct decider *by, int64_t now, struct err *err) MUST_CHECK;
/* Takes the last edit back. ERR_EXISTS: there is none. */
bool journal_patch_undo(struct journal *journal, const struct patch *patch, const struct decider *by, int64_t now,
    struct err *err) MUST_CHECK;
/* The last edit of that row; NULL: none. */
const struct patch_edit *patch_of_row(const struct patch *patch, uint64_t row);

#endif
