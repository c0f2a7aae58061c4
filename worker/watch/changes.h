/* Has a file or folder changed since it was last looked at, and has it settled? */
#ifndef WORKER_WATCH_CHANGES_H
#define WORKER_WATCH_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

struct changes {
    const char *path; /* a file, or a folder: the files right in it count */
    uint64_t taken;   /* as of the last changes_settled() */
    uint64_t seen;    /* as of the last look */
};

void changes_init(struct changes *changes, const char *path);
/* True once when it changed and two looks in a row saw the same: an editor's half-written file is not taken. */
bool changes_settled(struct changes *changes);

#endif
