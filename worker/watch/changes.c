#include "worker/watch/changes.h"

#include "worker/config/stamp.h"

void changes_init(struct changes *changes, const char *path)
{
    *changes = (struct changes){.path = path, .taken = path ? stamp_of(path) : 0};
    changes->seen = changes->taken;
}

bool changes_settled(struct changes *changes)
{
    uint64_t now = changes->path ? stamp_of(changes->path) : 0;
    bool settled = now == changes->seen && now != changes->taken;
    changes->seen = now;
    if (settled)
        changes->taken = now;
    return settled;
}
