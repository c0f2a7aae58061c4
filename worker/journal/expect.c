#include "worker/journal/expect.h"

#include "worker/journal/internal.h"

bool journal_delivered(
    struct journal *journal, struct str dataset, struct delivered *out, struct arena *arena, struct err *err)
{
    struct query query;
    *out = (struct delivered){0};
    query_open(&query, journal,
        "SELECT coalesce((SELECT max(arrived_at) FROM file WHERE dataset = ?1), "
        "(SELECT since FROM dataset_known WHERE dataset = ?1), 0)",
        err);
    query_str(&query, dataset);
    if (query_step(&query) == STEP_ROW)
        out->last = query_column_int(&query, 0);
    if (!query_run(&query))
        return false;
    query_open(&query, journal,
        "SELECT f.arrival_key, coalesce((SELECT max(s.rows_in + s.rows_expanded) FROM run r JOIN stage_count s USING "
        "(run_id) WHERE r.file_id = f.file_id AND r.outcome = 'loaded' AND s.stage = 'parse'), 0) "
        "FROM file f WHERE f.dataset = ? AND f.state = 'SUCCEEDED' ORDER BY f.arrived_at DESC, f.file_id DESC LIMIT 1",
        err);
    query_str(&query, dataset);
    if (query_step(&query) == STEP_ROW) {
        out->loaded = query_column_copy(&query, 0, arena);
        out->rows = (uint64_t)query_column_int(&query, 1);
    }
    return query_run(&query);
}

bool journal_know_dataset(struct journal *journal, struct str dataset, int64_t now, struct err *err)
{
    struct query query;
    bool known = false;
    query_open(&query, journal, "SELECT 1 FROM dataset_known WHERE dataset = ?", err);
    query_str(&query, dataset);
    known = query_step(&query) == STEP_ROW;
    if (!query_run(&query) || known)
        return query.ok;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal, "INSERT OR IGNORE INTO dataset_known VALUES (?, ?)", err);
    query_str(&query, dataset);
    query_int(&query, now);
    return unit_end(journal, query_run(&query), err);
}

static bool list_of_kind(struct journal *journal, const char *kind, struct expected_incident **list, size_t *count,
    size_t *capacity, struct arena *arena, struct err *err)
{
    struct query query;
    bool room = true;
    query_open(
        &query, journal, "SELECT kind, subject, message FROM incident WHERE kind = ? AND closed_at IS NULL", err);
    query_str(&query, str_of(kind));
    while (room && query_step(&query) == STEP_ROW) {
        room = arena_reserve(arena, (void **)list, *count, capacity, sizeof **list) ||
               ERR(err, ERR_MEMORY, "no memory for incidents");
        if (room)
            (*list)[(*count)++] = (struct expected_incident){query_column_copy(&query, 0, arena),
                query_column_copy(&query, 1, arena), query_column_copy(&query, 2, arena)};
    }
    query_close(&query);
    return room && query.ok;
}

bool journal_open_incidents(struct journal *journal, const char *const *kinds, struct expected_incident **list,
    size_t *count, struct arena *arena, struct err *err)
{
    size_t capacity = 0;
    bool ok = true;
    *list = NULL;
    *count = 0;
    for (size_t i = 0; ok && kinds[i]; i++)
        ok = list_of_kind(journal, kinds[i], list, count, &capacity, arena, err);
    return ok;
}
