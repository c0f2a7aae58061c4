#include "worker/journal/metric.h"

#include "worker/journal/internal.h"

#define DAY (86400 * INT64_C(1000000))

/* A run takes less than a day, so that those of before need no look. */
bool metric_runs(struct journal *journal, struct str owner, int64_t after,
    bool (*each)(void *context, const struct metric_run *run), void *context, struct err *err)
{
    struct query query;
    char first[ULID_SIZE];
    bool goes_on = true;
    ulid_first_of(after - DAY, first);
    query_open(&query, journal,
        "SELECT run_id, dataset, coalesce(outcome, 'failed'), coalesce(rows_out, 0), rows_rejected, duration, "
        "finished_at - coalesce(arrived_at, started_at), finished_at FROM run_view "
        "WHERE run_id >= ? AND owner = ? AND finished_at > ? AND kind IN ('file', 'redrive') ORDER BY finished_at",
        err);
    query_str(&query, str_of(first));
    query_str(&query, owner);
    query_int(&query, after);
    while (goes_on && query_step(&query) == STEP_ROW) {
        const struct metric_run run = {.run_id = query_column(&query, 0),
            .dataset = query_column(&query, 1),
            .outcome = query_column(&query, 2),
            .rows = (uint64_t)query_column_int(&query, 3),
            .rejected = (uint64_t)query_column_int(&query, 4),
            .duration = query_column_int(&query, 5),
            .lag = query_column_int(&query, 6),
            .finished_at = query_column_int(&query, 7)};
        goes_on = each(context, &run);
    }
    query_close(&query);
    return query.ok;
}

bool metric_waiting(struct journal *journal,
    bool (*each)(void *context, struct str dataset, uint64_t files, int64_t since), void *context, struct err *err)
{
    struct query query;
    bool goes_on = true;
    query_open(&query, journal,
        "SELECT dataset, count(*), min(arrived_at) FROM file WHERE state IN ('PENDING', 'FAILED') GROUP BY dataset",
        err);
    while (goes_on && query_step(&query) == STEP_ROW)
        goes_on =
            each(context, query_column(&query, 0), (uint64_t)query_column_int(&query, 1), query_column_int(&query, 2));
    query_close(&query);
    return query.ok;
}
