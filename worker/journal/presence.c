/* Who works, idle or not. */
#include "worker/journal/internal.h"

enum { DAY_S = 86400, SECOND = 1000000 };

bool journal_worker_seen(struct journal *journal, struct str owner, int64_t started_at, int64_t now, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "INSERT INTO worker (owner, version, started_at, seen_at) VALUES (?1, '" SLUICE_VERSION "', ?2, ?3) "
        "ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at",
        err);
    query_str(&query, owner);
    query_int(&query, started_at);
    query_int(&query, now);
    bool ok = query_run(&query);
    if (ok) {
        query_open(&query, journal, "DELETE FROM worker WHERE seen_at < ?", err);
        query_int(&query, now - (int64_t)DAY_S * SECOND);
        ok = query_run(&query);
    }
    return unit_end(journal, ok, err);
}

bool journal_worker_left(struct journal *journal, struct str owner, int64_t now, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal, "UPDATE worker SET seen_at = ?2, ended_at = ?2 WHERE owner = ?1", err);
    query_str(&query, owner);
    query_int(&query, now);
    return unit_end(journal, query_run(&query), err);
}
