#include "worker/journal/internal.h"

bool journal_incident(
    struct journal *journal, struct str kind, struct str subject, struct str message, int64_t now, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "INSERT INTO incident (kind, subject, message, opened_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4) "
        "ON CONFLICT (kind, subject) WHERE closed_at IS NULL "
        "DO UPDATE SET times = times + 1, last_at = excluded.last_at, message = excluded.message",
        err);
    query_str(&query, kind);
    query_str(&query, subject);
    query_str(&query, message);
    query_int(&query, now);
    return unit_end(journal, query_run(&query), err);
}

bool journal_incident_close(struct journal *journal, struct str kind, struct str subject, int64_t now, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(
        &query, journal, "UPDATE incident SET closed_at = ? WHERE kind = ? AND subject = ? AND closed_at IS NULL", err);
    query_int(&query, now);
    query_str(&query, kind);
    query_str(&query, subject);
    return unit_end(journal, query_run(&query), err);
}
