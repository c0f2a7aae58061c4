/* What gold partitions are made from, and what was last made of them. */
#include "worker/journal/internal.h"

#include "shared/clock.h"

#include <stdio.h>

bool journal_gold_partitions(struct journal *journal, struct str dataset, struct str **partitions, size_t *count,
    struct arena *arena, struct err *err)
{
    struct query query;
    size_t capacity = 0;
    bool ok = true;
    *partitions = NULL;
    *count = 0;
    query_open(&query, journal,
        "SELECT partition FROM output WHERE dataset = ?1 AND kind = 'processed' AND removed_at IS NULL "
        "UNION SELECT partition FROM gold_partition WHERE dataset = ?1 ORDER BY 1",
        err);
    query_str(&query, dataset);
    while (ok && query_step(&query) == STEP_ROW) {
        void *list = *partitions;
        ok = arena_reserve(arena, &list, *count, &capacity, sizeof **partitions);
        *partitions = list;
        if (ok)
            (*partitions)[(*count)++] = query_column_copy(&query, 0, arena);
    }
    query_close(&query);
    return ok ? query.ok : ERR(err, ERR_MEMORY, "no memory for the partitions of a dataset");
}

bool journal_gold_inputs(struct journal *journal, struct str dataset, struct str partition, struct gold_input **inputs,
    size_t *count, struct arena *arena, struct err *err)
{
    struct query query;
    size_t capacity = 0;
    bool ok = true;
    *inputs = NULL;
    *count = 0;
    query_open(&query, journal,
        "SELECT o.output_id, o.key, o.rows, o.bytes, f.file_id, f.arrived_at, min(r.run_id) FROM output o "
        "JOIN run_output ro USING (output_id) JOIN run r ON r.run_id = ro.run_id JOIN file f ON f.file_id = r.file_id "
        "WHERE o.dataset = ?1 AND o.partition = ?2 AND o.kind = 'processed' AND o.removed_at IS NULL "
        "GROUP BY o.output_id ORDER BY f.arrived_at, f.file_id, 7",
        err);
    query_str(&query, dataset);
    query_str(&query, partition);
    while (ok && query_step(&query) == STEP_ROW) {
        void *list = *inputs;
        ok = arena_reserve(arena, &list, *count, &capacity, sizeof **inputs);
        *inputs = list;
        if (ok)
            (*inputs)[(*count)++] = (struct gold_input){.output_id = query_column_int(&query, 0),
                .key = query_column_copy(&query, 1, arena),
                .rows = (uint64_t)query_column_int(&query, 2),
                .bytes = (uint64_t)query_column_int(&query, 3),
                .file_id = query_column_int(&query, 4),
                .ingest_ts = query_column_int(&query, 5)};
    }
    query_close(&query);
    return ok ? query.ok : ERR(err, ERR_MEMORY, "no memory for the files of a partition");
}

bool journal_gold_read(struct journal *journal, struct str dataset, struct str partition, struct gold_state *state,
    bool *found, struct arena *arena, struct err *err)
{
    struct query query;
    *state = (struct gold_state){0};
    query_open(&query, journal,
        "SELECT inputs, key, sha256, rows FROM gold_partition WHERE dataset = ? AND partition = ?", err);
    query_str(&query, dataset);
    query_str(&query, partition);
    *found = query_step(&query) == STEP_ROW;
    if (*found) {
        snprintf(state->inputs, sizeof state->inputs, STR_FMT, STR_ARG(query_column(&query, 0)));
        state->key = query_column_copy(&query, 1, arena);
        snprintf(state->sha256, sizeof state->sha256, STR_FMT, STR_ARG(query_column(&query, 2)));
        state->rows = (uint64_t)query_column_int(&query, 3);
    }
    return query_run(&query);
}

static bool remove_others(struct journal *journal, struct str key, const char *sha256, struct err *err)
{
    struct query query;
    query_open(&query, journal,
        "UPDATE output SET removed_at = ?3 WHERE key = ?1 AND sha256 <> ?2 AND removed_at IS NULL", err);
    query_str(&query, key);
    query_cstr(&query, sha256);
    query_int(&query, clock_now());
    return query_run(&query);
}

bool journal_output_replaced(
    struct journal *journal, const char *run_id, const struct journal_output *output, struct err *err)
{
    if (!unit_begin(journal, err))
        return false;
    bool ok = journal_output(journal, run_id, output, err) && remove_others(journal, output->key, output->sha256, err);
    return unit_end(journal, ok, err);
}

bool journal_output_find(struct journal *journal, struct str key, struct journal_output *output, bool *found,
    struct arena *arena, struct err *err)
{
    struct query query;
    *output = (struct journal_output){.key = key};
    query_open(&query, journal,
        "SELECT kind, partition, rows, bytes, sha256 FROM output WHERE key = ?1 AND removed_at IS NULL", err);
    query_str(&query, key);
    *found = query_step(&query) == STEP_ROW;
    if (*found) {
        output->kind = query_column_copy(&query, 0, arena);
        output->partition = query_column_copy(&query, 1, arena);
        output->rows = (uint64_t)query_column_int(&query, 2);
        output->bytes = (uint64_t)query_column_int(&query, 3);
        snprintf(output->sha256, sizeof output->sha256, STR_FMT, STR_ARG(query_column(&query, 4)));
    }
    return query_run(&query);
}

bool journal_gold_commit(
    struct journal *journal, const char *run_id, struct str partition, const struct gold_state *state, struct err *err)
{
    struct query query;
    if (!unit_begin(journal, err))
        return false;
    query_open(&query, journal,
        "INSERT INTO gold_partition SELECT dataset, ?2, run_id, ?3, ?4, ?5, ?6, ?7 FROM run WHERE run_id = ?1 "
        "ON CONFLICT (dataset, partition) DO UPDATE SET run_id = excluded.run_id, inputs = excluded.inputs, "
        "key = excluded.key, sha256 = excluded.sha256, rows = excluded.rows, compacted_at = excluded.compacted_at",
        err);
    query_cstr(&query, run_id);
    query_str(&query, partition);
    query_cstr(&query, state->inputs);
    query_str(&query, state->key);
    query_cstr(&query, state->sha256);
    query_count(&query, state->rows);
    query_int(&query, clock_now());
    return unit_end(journal, query_run(&query), err);
}

bool journal_gold_latest(struct journal *journal, char run_id[ULID_SIZE], struct err *err)
{
    struct query query;
    run_id[0] = '\0';
    query_open(&query, journal,
        "SELECT run_id FROM run WHERE kind IN ('file', 'redrive') AND outcome IN ('loaded', 'withdrawn') "
        "AND state = 'archived' ORDER BY run_id DESC LIMIT 1",
        err);
    if (query_step(&query) == STEP_ROW)
        query_column_into(&query, 0, run_id, ULID_SIZE);
    return query_run(&query);
}
