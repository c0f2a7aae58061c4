#include "worker/command/hold.h"

#include "shared/clock.h"
#include "worker/agent/identity.h"

bool hold_change(struct workplace *place, const struct hold_change *change, struct err *err)
{
    struct identity who;
    int64_t audit_id;
    if (!identity_find(NULL, NULL, place->storage->owned.p, &who, place->arena, err))
        return false;
    struct audit_entry entry = {.at = clock_now(),
        .actor = who.name,
        .role = who.role,
        .action = str_of(change->action),
        .subject = change->dataset};
    if (!journal_begin(place->journal, err))
        return false;
    bool ok = (change->holds ? journal_hold(place->journal, change->dataset, change->reason, who.name, entry.at,
                                   change->until, err)
                             : journal_release(place->journal, change->dataset, change->reason, err)) &&
              journal_audit(place->journal, &entry, &audit_id, err);
    if (ok)
        return journal_commit(place->journal, err);
    journal_rollback(place->journal);
    return false;
}
