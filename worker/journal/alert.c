#include "worker/journal/alert.h"

#include "shared/ulid.h"
#include "worker/journal/internal.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)

/* ---- what is amiss ---- */

static bool find_incidents(struct journal *journal, alert_each *each, void *context, struct err *err)
{
    struct query query;
    bool ok = true;
    query_open(&query, journal,
        "SELECT CAST(incident_id AS TEXT), kind, subject, message, opened_at, last_at FROM incident "
        "WHERE closed_at IS NULL",
        err);
    while (ok && query_step(&query) == STEP_ROW) {
        const struct alert_found found = {.kind = "incident",
            .subject = query_column(&query, 0),
            .word = query_column(&query, 1),
            .dataset = query_column(&query, 2),
            .message = query_column(&query, 3),
            .opened_at = query_column_int(&query, 4),
            .last_at = query_column_int(&query, 5)};
        ok = each(context, &found, err);
    }
    query_close(&query);
    return ok && query.ok;
}

#define OF_FILE "EXISTS (SELECT 1 FROM file f WHERE f.job_run_id = rc.run_id AND f.state = 'QUARANTINED')"
#define OF_ROWS "rc.rows - rc.recovered - rc.rejected_again - rc.discarded - rc.returned - rc.superseded"

/* A run's id begins with its time. */
static bool find_causes(struct journal *journal, struct str since, alert_each *each, void *context, struct err *err)
{
    struct query query;
    bool ok = true;
    query_open(&query, journal,
        "WITH touched AS (SELECT cause_id FROM run_cause WHERE run_id >= ? "
        "UNION SELECT CAST(subject AS INTEGER) FROM alert WHERE kind = 'cause' AND resolved_at IS NULL) "
        "SELECT CAST(c.cause_id AS TEXT), c.dataset, c.code, c.column_name, c.rule_id, c.whole_file, count(*), "
        "sum(iif(c.whole_file, 0, " OF_ROWS ")), min(r.started_at), max(coalesce(r.finished_at, r.started_at)), "
        "(SELECT samples FROM run_cause l WHERE l.cause_id = c.cause_id ORDER BY l.run_id DESC LIMIT 1), "
        "iif(EXISTS (SELECT 1 FROM cause o WHERE o.cause_id <> c.cause_id AND o.dataset = c.dataset AND o.code = "
        "c.code "
        "AND o.column_name = c.column_name AND o.rule_id = c.rule_id AND o.whole_file = c.whole_file), c.shape, '') "
        "FROM touched t JOIN cause c ON c.cause_id = t.cause_id JOIN run_cause rc ON rc.cause_id = c.cause_id "
        "JOIN run r ON r.run_id = rc.run_id "
        "WHERE CASE WHEN c.whole_file THEN " OF_FILE " ELSE " OF_ROWS " > 0 END GROUP BY c.cause_id",
        err);
    query_str(&query, since);
    while (ok && query_step(&query) == STEP_ROW) {
        const struct alert_found found = {.kind = "cause",
            .subject = query_column(&query, 0),
            .dataset = query_column(&query, 1),
            .word = query_column(&query, 2),
            .message = query_column(&query, 3),
            .rule = query_column(&query, 4),
            .whole_file = query_column_int(&query, 5) != 0,
            .files = (uint64_t)query_column_int(&query, 6),
            .rows = (uint64_t)query_column_int(&query, 7),
            .opened_at = query_column_int(&query, 8),
            .last_at = query_column_int(&query, 9),
            .samples = query_column(&query, 10),
            .shape = query_column(&query, 11)};
        ok = each(context, &found, err);
    }
    query_close(&query);
    return ok && query.ok;
}

static bool find_requests(struct journal *journal, alert_each *each, void *context, struct err *err)
{
    struct query query;
    bool ok = true;
    query_open(&query, journal,
        "SELECT d.redrive_id, d.dataset, d.requested_by, d.reason, d.requested_at, "
        "(SELECT count(*) FROM redrive_file q WHERE q.redrive_id = d.redrive_id) "
        "FROM redrive d WHERE d.state = 'requested'",
        err);
    while (ok && query_step(&query) == STEP_ROW) {
        const struct alert_found found = {.kind = "request",
            .subject = query_column(&query, 0),
            .dataset = query_column(&query, 1),
            .word = query_column(&query, 2),
            .message = query_column(&query, 3),
            .opened_at = query_column_int(&query, 4),
            .last_at = query_column_int(&query, 4),
            .files = (uint64_t)query_column_int(&query, 5)};
        ok = each(context, &found, err);
    }
    query_close(&query);
    return ok && query.ok;
}

bool alert_find(struct journal *journal, int64_t since, alert_each *each, void *context, struct err *err)
{
    char id[ULID_SIZE];
    ulid_first_of(since, id);
    return find_incidents(journal, each, context, err) && find_causes(journal, str_of(id), each, context, err) &&
           find_requests(journal, each, context, err);
}

bool alert_changed(struct journal *journal, int64_t mark[2], bool *changed, struct err *err)
{
    struct query query;
    int64_t version = 0, own = sqlite3_total_changes64(journal->db);
    bool found;
    query_open(&query, journal, "SELECT data_version FROM pragma_data_version", err);
    if (!query_run_int(&query, &version, &found))
        return false;
    *changed = version != mark[0] || own != mark[1];
    mark[0] = version;
    mark[1] = own;
    return true;
}

/* ---- alerts ---- */

bool alert_raise(struct journal *journal, const struct alert_found *found, const char *severity, struct str title,
    struct str sample, int64_t *alert_id, bool *is_new, struct err *err)
{
    struct query query;
    query_open(
        &query, journal, "SELECT alert_id FROM alert WHERE kind = ? AND subject = ? AND resolved_at IS NULL", err);
    query_cstr(&query, found->kind);
    query_str(&query, found->subject);
    bool there;
    if (!query_run_int(&query, alert_id, &there))
        return false;
    *is_new = !there;
    query_open(&query, journal,
        there ? "UPDATE alert SET severity = ?1, title = ?2, sample = ?3, files = ?4, rows = ?5, last_at = ?6 "
                "WHERE alert_id = ?7 AND (title, files, rows, last_at) IS NOT (?2, ?4, ?5, ?6)"
              : "INSERT INTO alert (severity, title, sample, files, rows, last_at, kind, subject, dataset, opened_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        err);
    query_cstr(&query, severity);
    query_str(&query, title);
    query_str(&query, sample);
    query_count(&query, found->files);
    query_count(&query, found->rows);
    query_int(&query, found->last_at);
    if (there) {
        query_int(&query, *alert_id);
        return query_run(&query);
    }
    query_cstr(&query, found->kind);
    query_str(&query, found->subject);
    query_str(&query, found->dataset);
    query_int(&query, found->opened_at);
    if (!query_run(&query))
        return false;
    *alert_id = sqlite3_last_insert_rowid(journal->db);
    return true;
}

static bool tell(
    struct journal *journal, int64_t alert_id, const char *channel, const char *event, int64_t due_at, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO alert_message (alert_id, channel, event, state, due_at) VALUES (?, ?, ?, 'waiting', ?) "
        "ON CONFLICT DO NOTHING",
        err);
    query_int(&query, alert_id);
    query_cstr(&query, channel);
    query_cstr(&query, event);
    query_int(&query, due_at);
    return query_run(&query);
}

bool alert_tell(struct journal *journal, int64_t alert_id, const char *channel, int64_t due_at, struct err *err)
{
    return tell(journal, alert_id, channel, "opened", due_at, err);
}

bool alert_settle(struct journal *journal, int64_t now, struct err *err)
{
    static const char *const steps[] = {
        "UPDATE alert SET resolved_at = ?1 WHERE resolved_at IS NULL AND ("
        "kind = 'incident' AND NOT EXISTS (SELECT 1 FROM incident i "
        "WHERE i.incident_id = CAST(subject AS INTEGER) AND i.closed_at IS NULL) "
        "OR kind = 'request' AND NOT EXISTS (SELECT 1 FROM redrive d "
        "WHERE d.redrive_id = subject AND d.state = 'requested') "
        "OR kind = 'cause' AND NOT EXISTS (SELECT 1 FROM cause c JOIN run_cause rc ON rc.cause_id = c.cause_id "
        "WHERE c.cause_id = CAST(subject AS INTEGER) AND CASE WHEN c.whole_file THEN " OF_FILE " ELSE " OF_ROWS
        " > 0 END))",
        "INSERT INTO alert_message (alert_id, channel, event, state, due_at) "
        "SELECT m.alert_id, m.channel, 'resolved', 'waiting', ?1 FROM alert_message m JOIN alert a USING (alert_id) "
        "WHERE a.resolved_at = ?1 AND m.event = 'opened' AND (m.state IN ('sent', 'sending') OR m.attempts > 0) "
        "ON CONFLICT DO NOTHING",
        "UPDATE alert_message SET state = 'dropped' WHERE event = 'opened' AND state = 'waiting' AND attempts = 0 "
        "AND alert_id IN (SELECT alert_id FROM alert WHERE resolved_at = ?1)"};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct query query;
        query_open(&query, journal, steps[i], err);
        query_int(&query, now);
        if (!query_run(&query))
            return false;
    }
    return true;
}

/* ---- messages ---- */

/* Batches, as one has one time. *next: when the oldest of too many is an hour old. */
static bool has_room(struct journal *journal, const char *channel, uint64_t rate, int64_t now, bool *room,
    int64_t *next, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT count(DISTINCT sent_at), min(sent_at) FROM alert_message WHERE channel = ? AND sent_at > ?", err);
    query_cstr(&query, channel);
    query_int(&query, now - HOUR);
    if (query_step(&query) == STEP_ROW) {
        *room = (uint64_t)query_column_int(&query, 0) < rate;
        *next = *room ? 0 : query_column_int(&query, 1) + HOUR;
    }
    return query_run(&query);
}

static bool read_due(struct journal *journal, const char *channel, int64_t now, struct alert_items *items,
    struct arena *arena, struct err *err)
{
    struct query query;
    bool ok = true;
    query_open(&query, journal,
        "SELECT m.message_id, m.event = 'resolved', a.kind, a.subject, a.dataset, a.severity, a.title, a.sample, "
        "a.files, a.rows, m.attempts, a.opened_at, a.resolved_at, "
        "iif(a.kind = 'cause', (SELECT max(rc.run_id) FROM run_cause rc WHERE rc.cause_id = CAST(a.subject AS "
        "INTEGER)), '') AS run_id, "
        "iif(a.kind = 'cause', (SELECT whole_file FROM cause c WHERE c.cause_id = CAST(a.subject AS INTEGER)), 0) AS "
        "whole "
        "FROM alert_message m JOIN alert a USING (alert_id) "
        "WHERE m.channel = ? AND m.state IN ('waiting', 'sending') AND m.due_at <= ? ORDER BY m.message_id LIMIT ?",
        err);
    query_cstr(&query, channel);
    query_int(&query, now);
    query_int(&query, ALERT_BATCH);
    while (ok && query_step(&query) == STEP_ROW) {
        ok = arena_reserve(arena, (void **)&items->list, items->count, &items->capacity, sizeof *items->list) ||
             ERR(err, ERR_MEMORY, "no memory for alerts");
        if (ok)
            items->list[items->count++] = (struct alert_item){.message_id = query_column_int(&query, 0),
                .resolved = query_column_int(&query, 1) != 0,
                .kind = query_column_copy(&query, 2, arena),
                .subject = query_column_copy(&query, 3, arena),
                .dataset = query_column_copy(&query, 4, arena),
                .severity = query_column_copy(&query, 5, arena),
                .title = query_column_copy(&query, 6, arena),
                .sample = query_column_copy(&query, 7, arena),
                .files = (uint64_t)query_column_int(&query, 8),
                .rows = (uint64_t)query_column_int(&query, 9),
                .attempts = (uint64_t)query_column_int(&query, 10),
                .opened_at = query_column_int(&query, 11),
                .resolved_at = query_column_int(&query, 12),
                .run_id = query_column_copy(&query, 13, arena),
                .whole_file = query_column_int(&query, 14) != 0};
    }
    query_close(&query);
    return ok && query.ok;
}

static bool lease(struct journal *journal, const struct alert_items *items, int64_t now, struct err *err)
{
    for (size_t i = 0; i < items->count; i++) {
        struct query query;
        query_open(&query, journal,
            "UPDATE alert_message SET state = 'sending', attempts = attempts + 1, due_at = ? WHERE message_id = ?",
            err);
        query_int(&query, now + ALERT_LEASE_S * SECOND);
        query_int(&query, items->list[i].message_id);
        if (!query_run(&query))
            return false;
    }
    return true;
}

bool alert_take(struct journal *journal, const char *channel, uint64_t rate, int64_t now, struct alert_items *items,
    int64_t *next, struct arena *arena, struct err *err)
{
    bool room = false;
    *items = (struct alert_items){0};
    *next = 0;
    return unit_begin(journal, err) &&
           unit_end(journal,
               has_room(journal, channel, rate, now, &room, next, err) &&
                   (!room || (read_due(journal, channel, now, items, arena, err) && lease(journal, items, now, err))),
               err);
}

static bool mark_sent(struct journal *journal, const struct alert_items *items, int64_t now, struct err *err)
{
    for (size_t i = 0; i < items->count; i++) {
        struct query query;
        query_open(&query, journal,
            "UPDATE alert_message SET state = 'sent', sent_at = ?, error = NULL WHERE message_id = ?", err);
        query_int(&query, now);
        query_int(&query, items->list[i].message_id);
        if (!query_run(&query))
            return false;
    }
    return true;
}

bool alert_sent(struct journal *journal, const struct alert_items *items, int64_t now, struct err *err)
{
    return unit_begin(journal, err) && unit_end(journal, mark_sent(journal, items, now, err), err);
}

bool alert_put_off(
    struct journal *journal, const struct alert_item *item, int64_t due_at, const char *why, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "UPDATE alert_message SET state = iif(?1 > 0, 'waiting', 'failed'), due_at = iif(?1 > 0, ?1, due_at), "
        "error = coalesce(?2, error), attempts = attempts - (?2 IS NULL) WHERE message_id = ?3",
        err);
    query_int(&query, due_at);
    query_cstr(&query, why);
    query_int(&query, item->message_id);
    return unit_end(journal, query_run(&query), err);
}

bool alert_next(struct journal *journal, const char *channel, int64_t *next, struct err *err)
{
    struct query query;
    bool found;
    *next = 0;
    query_open(&query, journal,
        "SELECT due_at FROM alert_message WHERE channel = ? AND state IN ('waiting', 'sending') ORDER BY due_at LIMIT "
        "1",
        err);
    query_cstr(&query, channel);
    return query_run_int(&query, next, &found);
}
