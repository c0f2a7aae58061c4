#include "worker/journal/silver.h"

#include "worker/journal/internal.h"

#include <string.h>

/* ?1 a run, ?2 the load: what another load told of the run. */
#define FORMER "(SELECT load_run_id FROM silver_again WHERE run_id = ?1 AND load_run_id <> ?2)"

static bool close_former(struct journal *journal, const char *load_run_id, struct str run_id, struct err *err)
{
    struct query query;
    query_open(&query, journal, "UPDATE run_cause SET superseded = rows WHERE run_id IN " FORMER, err);
    query_str(&query, run_id);
    query_cstr(&query, load_run_id);
    if (!query_run(&query))
        return false;
    query_open(&query, journal, "UPDATE run SET superseded_by = ?2 WHERE run_id IN " FORMER, err);
    query_str(&query, run_id);
    query_cstr(&query, load_run_id);
    return query_run(&query);
}

static bool put(struct journal *journal, const char *load_run_id, const struct silver_run *run, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "INSERT INTO silver_again VALUES (?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET load_run_id = "
        "excluded.load_run_id, rows = excluded.rows, recovered = excluded.recovered",
        err);
    query_str(&query, run->run_id);
    query_cstr(&query, load_run_id);
    query_count(&query, run->rows);
    query_count(&query, run->recovered);
    return query_run(&query);
}

bool journal_silver_again(
    struct journal *journal, const char *load_run_id, const struct silver_run *runs, size_t count, struct err *err)
{
    bool ok = true;
    if (!unit_begin(journal, err))
        return false;
    for (size_t i = 0; ok && i < count; i++)
        ok = close_former(journal, load_run_id, runs[i].run_id, err) && put(journal, load_run_id, &runs[i], err);
    return unit_end(journal, ok, err);
}

bool journal_silver_recovered(struct journal *journal, const char *run_id, bool *recovered, struct err *err)
{
    struct query query;
    int64_t one;
    query_open(&query, journal, "SELECT 1 FROM silver_again WHERE run_id = ? AND recovered > 0", err);
    query_cstr(&query, run_id);
    return query_run_int(&query, &one, recovered);
}

bool journal_loaded_run(struct journal *journal, struct str run_id, struct loaded_run *run, bool *found,
    struct arena *arena, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "SELECT coalesce(r.ruleset_hash, ''), f.arrival_key, coalesce((SELECT rows_out FROM stage_count s WHERE "
        "s.run_id = r.run_id AND s.stage = 'raw'), -1), coalesce((SELECT rows_out FROM stage_count s WHERE s.run_id = "
        "r.run_id AND s.stage = 'bronze'), -1) FROM run r JOIN file f USING (file_id) WHERE r.run_id = ? AND r.outcome "
        "= 'loaded' AND r.state = "
        "'archived' AND r.superseded_by IS NULL",
        err);
    query_str(&query, run_id);
    *found = query_step(&query) == STEP_ROW;
    if (*found) {
        int64_t raw = query_column_int(&query, 2), bronze = query_column_int(&query, 3);
        *run = (struct loaded_run){.ruleset_hash = query_column_copy(&query, 0, arena),
            .arrival_key = query_column_copy(&query, 1, arena),
            .has_raw = raw >= 0,
            .has_bronze = bronze >= 0,
            .raw = raw > 0 ? (uint64_t)raw : 0,
            .bronze = bronze > 0 ? (uint64_t)bronze : 0};
    }
    query_close(&query);
    return query.ok;
}

bool journal_run_find(struct journal *journal, struct str part, struct str *run_id, struct str *dataset,
    struct arena *arena, struct err *err)
{
    struct query query;
    int found = 0;
    query_open(&query, journal,
        "SELECT run_id, dataset FROM run WHERE instr(run_id, upper(?1)) > 0 AND kind IN ('file', 'redrive') LIMIT 2",
        err);
    query_str(&query, part);
    while (query_step(&query) == STEP_ROW) {
        found++;
        *run_id = query_column_copy(&query, 0, arena);
        *dataset = query_column_copy(&query, 1, arena);
    }
    query_close(&query);
    if (!query.ok || found == 1)
        return query.ok;
    return ERR(err, ERR_USAGE, found ? "several runs have " STR_FMT " in their id" : "no run has " STR_FMT " in its id",
        STR_ARG(part));
}

bool journal_rejected(
    struct journal *journal, struct str run_id, uint64_t **numbers, size_t *count, struct arena *arena, struct err *err)
{
    struct query query;
    size_t capacity = 0;
    bool ok = true;
    *numbers = NULL;
    *count = 0;
    query_open(&query, journal, "SELECT entries FROM reject_block WHERE run_id = ? ORDER BY block", err);
    query_str(&query, run_id);
    while (ok && query_step(&query) == STEP_ROW) {
        struct str entries = query_column(&query, 0);
        for (size_t at = 0; ok && at + REJECT_ENTRY_BYTES <= entries.n; at += REJECT_ENTRY_BYTES) {
            void *list = *numbers;
            ok = arena_reserve(arena, &list, *count, &capacity, sizeof **numbers);
            *numbers = list;
            if (ok)
                memcpy(&(*numbers)[(*count)++], entries.p + at, sizeof **numbers);
        }
    }
    query_close(&query);
    return ok ? query.ok : ERR(err, ERR_MEMORY, "no memory for the rejected rows of a run");
}
