#include "worker/journal/acknowledge.h"

#include "shared/clock.h"
#include "worker/journal/internal.h"
#include "worker/journal/telling.h"

#include <stdio.h>

/* What differs between the two. */
struct acknowledged {
    const char *word;
    const char *read;  /* by id: acknowledged_by, acknowledged_at, is it over, whose doing it was */
    const char *write; /* by, at, note, id */
};

static const struct acknowledged of_incident = {"incident",
    "SELECT acknowledged_by, acknowledged_at, closed_at IS NOT NULL, "
    "(SELECT decided_by FROM redrive WHERE kind = 'break-glass' AND redrive_id = subject) FROM incident WHERE "
    "incident_id = ?",
    "UPDATE incident SET acknowledged_by = ?1, acknowledged_at = ?2, note = ?3, "
    "closed_at = iif(kind = 'break-glass', ?2, closed_at) WHERE incident_id = ?4"};
static const struct acknowledged of_cause = {"cause",
    "SELECT a.acknowledged_by, a.acknowledged_at, 0, NULL FROM cause c LEFT JOIN cause_acknowledged a USING (cause_id) "
    "WHERE c.cause_id = ?",
    "INSERT INTO cause_acknowledged (acknowledged_by, acknowledged_at, note, cause_id) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (cause_id) DO UPDATE SET acknowledged_at = excluded.acknowledged_at, note = excluded.note"};

static bool is_free(
    struct journal *journal, const struct acknowledged *what, int64_t id, struct str name, struct err *err)
{
    struct query query;
    char at[CLOCK_TEXT_SIZE];
    bool ok = true;
    query_open(&query, journal, what->read, err);
    query_int(&query, id);
    enum step step = query_step(&query);
    struct str by = step == STEP_ROW ? query_column(&query, 0) : STR("");
    if (step == STEP_DONE) {
        ok = ERR(err, ERR_NOT_FOUND, "there is no %s %lld", what->word, (long long)id);
        err_hint(err, "'sluice %ss' lists them.", what->word);
    } else if (step == STEP_ROW && query_column_int(&query, 2))
        ok = ERR(err, ERR_EXISTS, "%s %lld is closed", what->word, (long long)id);
    else if (step == STEP_ROW && str_eq(query_column(&query, 3), name) && name.n) {
        ok = ERR(err, ERR_EXISTS, "%s %lld is of what you did alone", what->word, (long long)id);
        err_hint(err, "Somebody else reviews it.");
    } else if (by.n && !str_eq(by, name)) {
        clock_format(query_column_int(&query, 1), at);
        ok = ERR(err, ERR_EXISTS, STR_FMT " has %s %lld already, since %s", STR_ARG(by), what->word, (long long)id, at);
    }
    query_close(&query);
    return ok && query.ok;
}

static bool write_it(struct journal *journal, const struct acknowledged *what, int64_t id, struct str note,
    const struct decider *by, int64_t now, struct err *err)
{
    struct query query;
    query_open(&query, journal, what->write, err);
    query_str(&query, by->name);
    query_int(&query, now);
    query_str(&query, note);
    query_int(&query, id);
    return query_run(&query);
}

enum { MAX_SUBJECT = 64 };

static bool tell(struct journal *journal, const struct acknowledged *what, int64_t id, struct str note,
    const struct decider *by, int64_t now, struct err *err)
{
    struct telling telling;
    char subject[MAX_SUBJECT];
    snprintf(subject, sizeof subject, "%s %lld", what->word, (long long)id);
    telling_begin(&telling);
    jsonw_put_string(&telling.json, "note", note);
    return telling_end(&telling, journal, "acknowledged", str_of(subject), by, now, err);
}

static bool acknowledge(struct journal *journal, const struct acknowledged *what, int64_t id, struct str note,
    const struct decider *by, int64_t now, struct err *err)
{
    if (!unit_begin(journal, err))
        return false;
    bool ok = is_free(journal, what, id, by->name, err) && write_it(journal, what, id, note, by, now, err) &&
              tell(journal, what, id, note, by, now, err);
    return unit_end(journal, ok, err);
}

bool journal_acknowledge_incident(struct journal *journal, int64_t incident_id, struct str note,
    const struct decider *by, int64_t now, struct err *err)
{
    return acknowledge(journal, &of_incident, incident_id, note, by, now, err);
}

bool journal_acknowledge_cause(
    struct journal *journal, int64_t cause_id, struct str note, const struct decider *by, int64_t now, struct err *err)
{
    return acknowledge(journal, &of_cause, cause_id, note, by, now, err);
}
