#include "worker/journal/internal.h"

bool journal_meta_get(
    struct journal *journal, const char *name, struct str *value, struct arena *arena, struct err *err)
{
    struct query query;
    query_open(&query, journal, "SELECT value FROM meta WHERE name = ?", err);
    query_cstr(&query, name);
    *value = (struct str){0};
    if (query_step(&query) == STEP_ROW)
        *value = query_column_copy(&query, 0, arena);
    return query_run(&query);
}

bool meta_set(struct journal *journal, const char *name, struct str value, struct err *err)
{
    struct query query;
    query_open(
        &query, journal, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", err);
    query_cstr(&query, name);
    query_str(&query, value);
    return query_run(&query);
}

bool journal_meta_set(struct journal *journal, const char *name, struct str value, struct err *err)
{
    return unit_begin(journal, err) && unit_end(journal, meta_set(journal, name, value, err), err);
}

bool journal_hold(struct journal *journal, struct str dataset, struct str reason, struct str held_by, int64_t now,
    int64_t until, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "INSERT INTO hold VALUES (?, ?, ?, ?, nullif(?, 0)) ON CONFLICT (dataset, reason) "
        "DO UPDATE SET held_by = excluded.held_by, held_until = excluded.held_until",
        err);
    query_str(&query, dataset);
    query_str(&query, reason);
    query_str(&query, held_by);
    query_int(&query, now);
    query_int(&query, until);
    return unit_end(journal, query_run(&query), err);
}

bool journal_release(struct journal *journal, struct str dataset, struct str reason, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal, "DELETE FROM hold WHERE dataset = ? AND reason = ?", err);
    query_str(&query, dataset);
    query_str(&query, reason);
    return unit_end(journal, query_run(&query), err);
}
