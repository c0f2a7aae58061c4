#include "worker/journal/standing.h"

#include "worker/journal/internal.h"
#include "worker/journal/telling.h"

static const char incident_kind[] = "override-void";

static bool tell(struct journal *journal, const char *action, struct str subject, struct str why,
    const struct decider *by, int64_t now, struct err *err)
{
    struct telling telling;
    telling_begin(&telling);
    jsonw_put_string(&telling.json, "why", why);
    return telling_end(&telling, journal, action, subject, by, now, err);
}

bool standing_begin(struct journal *journal, const struct redrive *redrive, int64_t now, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO standing_override (redrive_id, dataset, overrides, starts_at, until) VALUES (?, ?, ?, ?, ?)", err);
    query_cstr(&query, redrive->redrive_id);
    query_str(&query, redrive->dataset);
    query_str(&query, redrive->overrides);
    query_int(&query, now);
    query_int(&query, redrive->apply_until);
    return query_run(&query) && incident_close(journal, str_of(incident_kind), redrive->dataset, now, err);
}

bool change_insert(struct journal *journal, const struct redrive *redrive, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO contract_change (redrive_id, path, before, text, diff) VALUES (?, ?, ?, ?, ?)", err);
    query_cstr(&query, redrive->redrive_id);
    query_str(&query, redrive->change->path);
    query_cstr(&query, redrive->change->before);
    query_str(&query, redrive->change->text);
    query_str(&query, redrive->change->diff);
    return query_run(&query);
}

bool journal_change_read(struct journal *journal, const char *redrive_id, struct contract_change *change,
    struct arena *arena, struct err *err)
{
    struct query query;
    *change = (struct contract_change){0};
    query_open(&query, journal, "SELECT path, text, diff, before FROM contract_change WHERE redrive_id = ?1", err);
    query_cstr(&query, redrive_id);
    if (query_step(&query) == STEP_ROW) {
        struct str before = query_column(&query, 3);
        change->path = query_column_copy(&query, 0, arena);
        change->text = query_column_copy(&query, 1, arena);
        change->diff = query_column_copy(&query, 2, arena);
        memcpy(change->before, before.p, before.n < SHA256_TEXT_SIZE ? before.n : SHA256_TEXT_SIZE - 1);
    }
    return query_run(&query) &&
           (change->path.p || ERR(err, ERR_CORRUPT, "request %s has no text of a contract", redrive_id));
}

bool journal_standing_list(struct journal *journal, struct str dataset, int64_t at, struct standing_list *out,
    struct arena *arena, struct err *err)
{
    struct query query;
    bool ok = true;
    *out = (struct standing_list){0};
    query_open(&query, journal,
        "SELECT redrive_id, dataset, overrides, starts_at, until FROM standing_override WHERE dataset = ?1 AND until > "
        "?2 AND starts_at <= ?2 AND ended_at IS NULL ORDER BY starts_at DESC, redrive_id DESC",
        err);
    query_str(&query, dataset);
    query_int(&query, at);
    while (ok && query_step(&query) == STEP_ROW) {
        void *list = out->list;
        struct str id = query_column(&query, 0);
        struct standing one = {.dataset = query_column_copy(&query, 1, arena),
            .overrides = query_column_copy(&query, 2, arena),
            .starts_at = query_column_int(&query, 3),
            .until = query_column_int(&query, 4)};
        memcpy(one.redrive_id, id.p, id.n < ULID_SIZE ? id.n : ULID_SIZE - 1);
        ok = one.dataset.p && one.overrides.p && arena_reserve(arena, &list, out->count, &out->capacity, sizeof one);
        out->list = ok ? list : out->list;
        if (ok)
            out->list[out->count++] = one;
    }
    return query_run(&query) && (ok || ERR(err, ERR_MEMORY, "no memory for standing overrides"));
}

static bool finish(struct journal *journal, const char *redrive_id, struct str why, const struct decider *by,
    int64_t now, int *changed, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE standing_override SET ended_at = ?2, ended_by = ?3, ended_why = ?4 "
        "WHERE redrive_id = ?1 AND ended_at IS NULL AND until > ?2",
        err);
    query_cstr(&query, redrive_id);
    query_int(&query, now);
    query_str_or_null(&query, by ? by->name : STR(""));
    query_str(&query, why);
    return query_run_changed(&query, changed);
}

static bool not_in_force(const struct redrive *redrive, struct err *err)
{
    bool stands = redrive->apply_until && str_eq(redrive->state, STR("requested"));
    if (!redrive->apply_until)
        return ERR(err, ERR_NOT_FOUND, "request %s is no standing override", redrive->redrive_id);
    ERR(err, ERR_EXISTS,
        stands ? "request %s has not been approved: it overrides nothing yet" : "the override of request %s is over",
        redrive->redrive_id);
    return err_hint(err, stands ? "Decline it." : "'sluice overrides' tells how each ended.");
}

bool journal_standing_revoke(struct journal *journal, const struct redrive *redrive, struct str why,
    const struct decider *by, int64_t now, struct err *err)
{
    int changed = 0;
    if (!unit_begin(journal, err))
        return false;
    bool ok = finish(journal, redrive->redrive_id, why, by, now, &changed, err) &&
              (changed || not_in_force(redrive, err)) &&
              tell(journal, "override-revoked", str_of(redrive->redrive_id), why, by, now, err);
    return unit_end(journal, ok, err);
}

bool journal_standing_void(
    struct journal *journal, const struct standing *standing, struct str why, int64_t now, struct err *err)
{
    static const struct decider worker = {.name = STR("worker"), .role = STR("worker"), .from = STR("")};
    int changed = 0;
    if (!unit_begin(journal, err))
        return false;
    bool ok = finish(journal, standing->redrive_id, why, NULL, now, &changed, err);
    if (ok && changed)
        ok = tell(journal, incident_kind, str_of(standing->redrive_id), why, &worker, now, err) &&
             incident_open(journal, str_of(incident_kind), standing->dataset, why, now, err);
    return unit_end(journal, ok, err);
}
