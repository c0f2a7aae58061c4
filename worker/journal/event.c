/* The latest event of each key: they come twice, and in any order. */
#include "worker/journal/internal.h"

bool journal_event(
    struct journal *journal, struct str key, struct str sequencer, int64_t now, bool *fresh, struct err *err)
{
    struct query query;
    int changed = 0;
    *fresh = true;
    if (!sequencer.n)
        return true;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "INSERT INTO event_key (key, sequencer, seen_at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE "
        "SET sequencer = excluded.sequencer, seen_at = excluded.seen_at WHERE excluded.sequencer > sequencer",
        err);
    query_str(&query, key);
    query_str(&query, sequencer);
    query_int(&query, now);
    bool ok = query_run_changed(&query, &changed);
    *fresh = changed > 0;
    return unit_end(journal, ok, err);
}

bool journal_events_forget(struct journal *journal, int64_t before, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal, "DELETE FROM event_key WHERE seen_at < ?", err);
    query_int(&query, before);
    return unit_end(journal, query_run(&query), err);
}
