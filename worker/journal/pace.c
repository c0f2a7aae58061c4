#include "worker/journal/pace.h"

#include "worker/journal/internal.h"
#include "worker/journal/telling.h"

#define SECOND INT64_C(1000000)

static const struct {
    const char *name;
    int64_t us;
} units[] = {{"s", SECOND}, {"sec", SECOND}, {"m", 60 * SECOND}, {"min", 60 * SECOND}, {"h", 3600 * SECOND},
    {"hour", 3600 * SECOND}, {"d", 86400 * SECOND}, {"day", 86400 * SECOND}};

static bool no_rate(struct str text, struct err *err)
{
    ERR(err, ERR_USAGE, "'" STR_FMT "' is not a rate", STR_ARG(text));
    return err_hint(err, "So many files a second, minute, hour or day: 5/s, 100/min, 2000/h, 50/d; or none.");
}

bool pace_read(struct str text, int64_t *spacing, struct err *err)
{
    enum { MOST = 1000000 };
    size_t slash = str_find_byte(text, '/');
    struct str digits = str_trim((struct str){text.p, slash}), unit = STR("");
    int64_t files = 0;
    *spacing = 0;
    if (str_eq(text, STR("none")))
        return true;
    if (slash < text.n)
        unit = str_trim((struct str){text.p + slash + 1, text.n - slash - 1});
    for (size_t i = 0; i < digits.n && files <= MOST; i++)
        files = digits.p[i] >= '0' && digits.p[i] <= '9' ? files * 10 + (digits.p[i] - '0') : MOST + 1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_eq(unit, str_of(units[i].name)) && files > 0 && files <= MOST)
            *spacing = (units[i].us + files - 1) / files;
    return *spacing || no_rate(text, err);
}

/* Nothing was changed: why. */
static bool not_so(struct journal *journal, const struct redrive *redrive, bool pauses, struct err *err)
{
    struct query query;
    char state[16] = "", by[128] = "";
    query_open(&query, journal, "SELECT state, coalesce(paused_by, '') FROM redrive WHERE redrive_id = ?1", err);
    query_cstr(&query, redrive->redrive_id);
    if (query_step(&query) == STEP_ROW) {
        query_column_into(&query, 0, state, sizeof state);
        query_column_into(&query, 1, by, sizeof by);
    }
    if (!query_run(&query))
        return false;
    if (strcmp(state, "approved") != 0 && strcmp(state, "running") != 0)
        return ERR(err, ERR_EXISTS, "request %s is %s: it is not under way", redrive->redrive_id, state);
    return pauses ? ERR(err, ERR_EXISTS, "request %s is paused already, by %s", redrive->redrive_id, by)
                  : ERR(err, ERR_EXISTS, "request %s is not paused", redrive->redrive_id);
}

static bool tell(struct journal *journal, const struct redrive *redrive, const char *step, struct str rate,
    const struct decider *by, int64_t now, struct err *err)
{
    struct telling detail;
    telling_begin(&detail);
    if (rate.n)
        jsonw_put_string(&detail.json, "rate", rate);
    return redrive_tell(journal, &detail, redrive, step, by, now, err);
}

static bool set_paused(struct journal *journal, const struct redrive *redrive, bool pauses, const struct decider *by,
    int64_t now, struct err *err)
{
    struct query query;
    int changed = 0;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "UPDATE redrive SET paused_by = iif(?2, ?3, NULL), paused_at = iif(?2, ?4, NULL) WHERE redrive_id = ?1 "
        "AND state IN ('approved', 'running') AND (paused_by IS NULL) = ?2",
        err);
    query_cstr(&query, redrive->redrive_id);
    query_int(&query, pauses);
    query_str(&query, by->name);
    query_int(&query, now);
    bool ok = query_run_changed(&query, &changed) && (changed || not_so(journal, redrive, pauses, err)) &&
              tell(journal, redrive, pauses ? "paused" : "resumed", STR(""), by, now, err);
    return unit_end(journal, ok, err);
}

bool journal_redrive_pause(
    struct journal *journal, const struct redrive *redrive, const struct decider *by, int64_t now, struct err *err)
{
    return set_paused(journal, redrive, true, by, now, err);
}

bool journal_redrive_resume(
    struct journal *journal, const struct redrive *redrive, const struct decider *by, int64_t now, struct err *err)
{
    return set_paused(journal, redrive, false, by, now, err);
}

bool journal_redrive_rate(struct journal *journal, const struct redrive *redrive, struct str rate,
    const struct decider *by, int64_t now, struct err *err)
{
    struct query query;
    int64_t spacing;
    int changed = 0;
    if (!pace_read(rate, &spacing, err) || !unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "UPDATE redrive SET rate = ?2, spacing = ?3 WHERE redrive_id = ?1 AND state IN ('requested', 'approved', "
        "'running')",
        err);
    query_cstr(&query, redrive->redrive_id);
    query_str_or_null(&query, spacing ? rate : STR(""));
    query_int(&query, spacing);
    bool ok = query_run_changed(&query, &changed) &&
              (changed || ERR(err, ERR_EXISTS, "request %s is over", redrive->redrive_id)) &&
              tell(journal, redrive, "rate", rate, by, now, err);
    return unit_end(journal, ok, err);
}

bool journal_pace_next(struct journal *journal, int64_t now, int64_t *at, struct err *err)
{
    struct query query;
    bool found;
    query_open(&query, journal,
        "SELECT coalesce(min(d.next_at), 0) FROM redrive d WHERE d.state IN ('approved', 'running') "
        "AND d.paused_at IS NULL AND " PACE_HOLDS("?1") " AND EXISTS (SELECT 1 FROM redrive_file x JOIN file f "
                                                        "USING (file_id) WHERE x.redrive_id = d.redrive_id AND "
                                                        "x.outcome IS NULL AND f.redrive_id = d.redrive_id "
                                                        "AND f.state IN ('PENDING', 'FAILED') AND f.retry_at <= ?1)",
        err);
    query_int(&query, now);
    return query_run_int(&query, at, &found);
}
