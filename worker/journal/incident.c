#include "worker/journal/internal.h"

bool incident_open(
    struct journal *journal, struct str kind, struct str subject, struct str message, int64_t now, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO incident (kind, subject, message, opened_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4) "
        "ON CONFLICT (kind, subject) WHERE closed_at IS NULL "
        "DO UPDATE SET times = times + 1, last_at = excluded.last_at, message = excluded.message",
        err);
    query_str(&query, kind);
    query_str(&query, subject);
    query_str(&query, message);
    query_int(&query, now);
    return query_run(&query);
}

bool incident_close(struct journal *journal, struct str kind, struct str subject, int64_t now, struct err *err)
{
    struct query query;
    query_open(
        &query, journal, "UPDATE incident SET closed_at = ? WHERE kind = ? AND subject = ? AND closed_at IS NULL", err);
    query_int(&query, now);
    query_str(&query, kind);
    query_str(&query, subject);
    return query_run(&query);
}

bool journal_incident(
    struct journal *journal, struct str kind, struct str subject, struct str message, int64_t now, struct err *err)
{
    return unit_begin(journal, err) && unit_end(journal, incident_open(journal, kind, subject, message, now, err), err);
}

bool journal_incident_close(struct journal *journal, struct str kind, struct str subject, int64_t now, struct err *err)
{
    return unit_begin(journal, err) && unit_end(journal, incident_close(journal, kind, subject, now, err), err);
}
