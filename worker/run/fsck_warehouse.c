/* The warehouse's tables against the journal: each standing run's rows are there, once, and no others. */
#include "worker/run/fsck.h"

#include <inttypes.h>
#include <sqlite3.h>

enum { MAX_SQL = 1024 * 1024 };

struct counted_run {
    struct str run_id;
    uint64_t rows, again; /* again: rows of a number that another has too */
};

struct counts {
    struct counted_run *list;
    size_t count, capacity;
};

struct drift {
    struct pg *pg;
    struct journal *journal;
    const struct fsck_options *options;
    const char *lake_id;
    struct fsck_report *report;
    struct arena *arena;
};

static bool add(struct drift *drift, struct counts *counts, struct counted_run run, struct err *err)
{
    void *list = counts->list;
    if (!run.run_id.p || !arena_reserve(drift->arena, &list, counts->count, &counts->capacity, sizeof run))
        return ERR(err, ERR_MEMORY, "no memory for the runs in the warehouse");
    counts->list = list;
    counts->list[counts->count++] = run;
    return true;
}

/* ---- what the journal says ---- */

static sqlite3_stmt *prepare(struct drift *drift, const char *sql, struct str first, struct err *err)
{
    sqlite3_stmt *statement;
    sqlite3 *db = journal_handle(drift->journal);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        ERR(err, ERR_CORRUPT, "the journal cannot be read: %s", sqlite3_errmsg(db));
        return NULL;
    }
    sqlite3_bind_text(statement, 1, first.p, (int)first.n, SQLITE_TRANSIENT);
    return statement;
}

/* Of raw and bronze together, or of silver, by run_id. */
static bool read_expected(struct drift *drift, struct str dataset, bool typed, struct counts *expected, struct err *err)
{
    sqlite3_stmt *statement = prepare(drift,
        "SELECT s.run_id, sum(iif(?3, coalesce(a.rows, s.rows_out), s.rows_out)) FROM run r JOIN stage_count s USING "
        "(run_id) LEFT JOIN silver_again a USING (run_id) WHERE r.dataset = ?1 AND r.kind IN ('file', 'redrive') "
        "AND r.outcome = 'loaded' AND r.superseded_by IS NULL AND r.state = 'archived' AND r.finished_at >= ?2 "
        "AND (s.stage = 'silver' AND ?3 OR s.stage IN ('raw', 'bronze') AND NOT ?3) GROUP BY 1 ORDER BY 1",
        dataset, err);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 2, drift->options->since);
    sqlite3_bind_int(statement, 3, typed);
    bool ok = true;
    while (ok && sqlite3_step(statement) == SQLITE_ROW) {
        struct str id = {(const char *)sqlite3_column_text(statement, 0), (size_t)sqlite3_column_bytes(statement, 0)};
        ok = add(drift, expected,
            (struct counted_run){arena_str(drift->arena, id), (uint64_t)sqlite3_column_int64(statement, 1), 0}, err);
    }
    sqlite3_finalize(statement);
    return ok;
}

/* A run that is under way may have been committed there and not yet here. */
static bool is_over(struct drift *drift, struct str run_id, bool *over, struct err *err)
{
    sqlite3_stmt *statement =
        prepare(drift, "SELECT 1 FROM run WHERE run_id = ?1 AND state NOT IN ('archived', 'failed')", run_id, err);
    if (!statement)
        return false;
    *over = sqlite3_step(statement) != SQLITE_ROW;
    sqlite3_finalize(statement);
    return true;
}

/* ---- what the tables hold ---- */

/* $1 dataset, $2 whether silver. A row: the SELECT that counts all of its tables of the kind, and their names. */
static const char tables_query[] =
    "SELECT string_agg(format('SELECT _run_id, count(*) AS n, count(*) - count(DISTINCT _row_number) AS again "
    "FROM %I.%I GROUP BY 1', schema_name, table_name), ' UNION ALL '), "
    "string_agg(format('%I.%I', schema_name, table_name), ', ' ORDER BY 1) "
    "FROM (SELECT schema_name, table_name FROM sluice.made WHERE dataset = $1 GROUP BY 1, 2 "
    "HAVING bool_or(column_name = '_run_id') AND bool_or(column_name = '_parse_error') <> $2::boolean) m "
    "WHERE to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL";

/* Runs of another lake may stand in the same tables. */
static bool read_found(
    struct drift *drift, struct str dataset, bool typed, struct counts *found, struct str *names, struct err *err)
{
    const char *values[] = {dataset.p, typed ? "t" : "f"}, *lake[] = {drift->lake_id};
    struct pg_result *tables = pg_query(drift->pg, tables_query, values, 2, err);
    if (!tables)
        return false;
    struct buf sql;
    struct str union_of = pg_value(tables, 0, 0), list = pg_value(tables, 0, 1);
    *names = arena_str(drift->arena, list.p ? list : typed ? STR("silver") : STR("raw and bronze"));
    buf_init(&sql, MAX_SQL);
    buf_printf(&sql,
        "SELECT _run_id, sum(n), sum(again) FROM (" STR_FMT ") u WHERE _run_id NOT IN (SELECT unnest(run_ids) FROM "
        "sluice.ledger WHERE lake_id <> $1) GROUP BY 1 ORDER BY _run_id COLLATE \"C\"",
        STR_ARG(union_of));
    bool none = !union_of.p, ok = buf_ok(&sql, "a statement", err);
    pg_result_free(tables);
    struct pg_result *rows = ok && !none ? pg_query(drift->pg, sql.p, lake, 1, err) : NULL;
    buf_dispose(&sql);
    ok = ok && (none || rows);
    for (int i = 0; rows && ok && i < pg_rows(rows); i++)
        ok = add(drift, found,
            (struct counted_run){
                arena_str(drift->arena, pg_value(rows, i, 0)), pg_number(rows, i, 1), pg_number(rows, i, 2)},
            err);
    pg_result_free(rows);
    return ok;
}

/* ---- the two side by side ---- */

static bool compare_run(struct drift *drift, struct str names, const struct counted_run *expected,
    const struct counted_run *found, struct err *err)
{
    struct str run_id = expected ? expected->run_id : found->run_id;
    uint64_t wanted = expected ? expected->rows : 0, rows = found ? found->rows : 0;
    bool over = true;
    if (!expected && (drift->options->since || !is_over(drift, run_id, &over, err) || !over))
        return err->kind == ERR_NONE;
    if (rows != wanted && !fsck_differ(drift->report, err,
                              "warehouse, " STR_FMT ": %" PRIu64 " rows of run " STR_FMT ", the journal has %" PRIu64,
                              STR_ARG(names), rows, STR_ARG(run_id), wanted))
        return false;
    return !found || !found->again ||
           fsck_differ(drift->report, err,
               "warehouse, " STR_FMT ": %" PRIu64 " rows of run " STR_FMT " are there again", STR_ARG(names),
               found->again, STR_ARG(run_id));
}

static bool compare(
    struct drift *drift, struct str names, const struct counts *expected, const struct counts *found, struct err *err)
{
    size_t e = 0, f = 0;
    while (e < expected->count || f < found->count) {
        int order = e == expected->count ? 1
                    : f == found->count  ? -1
                                         : str_cmp(expected->list[e].run_id, found->list[f].run_id);
        const struct counted_run *wanted = order <= 0 ? &expected->list[e++] : NULL;
        const struct counted_run *there = order >= 0 ? &found->list[f++] : NULL;
        if (!compare_run(drift, names, wanted, there, err))
            return false;
    }
    return true;
}

static bool check_gold(struct drift *drift, struct str dataset, struct err *err)
{
    const char *values[] = {dataset.p};
    struct pg_result *table = pg_query(drift->pg,
        "SELECT format('SELECT count(*) FROM %I.%I', schema_name, table_name), format('%I.%I', schema_name, "
        "table_name) "
        "FROM sluice.made WHERE dataset = $1 AND column_name = '*' "
        "AND to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL",
        values, 1, err);
    sqlite3_stmt *statement = table ? prepare(drift,
                                          "SELECT s.rows_out FROM run r JOIN stage_count s USING (run_id) WHERE "
                                          "r.dataset = ?1 AND r.kind = 'load' AND r.state = 'archived' AND s.stage = "
                                          "'gold' ORDER BY run_id DESC LIMIT 1",
                                          dataset, err)
                                    : NULL;
    bool ok = statement != NULL;
    if (ok && pg_rows(table) == 1 && sqlite3_step(statement) == SQLITE_ROW) {
        uint64_t wanted = (uint64_t)sqlite3_column_int64(statement, 0);
        struct pg_result *count = pg_query(drift->pg, pg_value(table, 0, 0).p, NULL, 0, err);
        ok = count && (pg_number(count, 0, 0) == wanted ||
                          fsck_differ(drift->report, err,
                              "warehouse, " STR_FMT ": %" PRIu64 " rows of gold, the journal has %" PRIu64,
                              STR_ARG(pg_value(table, 0, 1)), pg_number(count, 0, 0), wanted));
        pg_result_free(count);
    }
    sqlite3_finalize(statement);
    pg_result_free(table);
    return ok;
}

static bool check_dataset(struct drift *drift, struct str dataset, struct err *err)
{
    for (int typed = 0; typed < 2; typed++) {
        struct counts expected = {0}, found = {0};
        struct str names;
        if (!read_expected(drift, dataset, typed, &expected, err) ||
            !read_found(drift, dataset, typed, &found, &names, err) || !compare(drift, names, &expected, &found, err))
            return false;
    }
    return check_gold(drift, dataset, err);
}

static bool check_all(struct drift *drift, struct err *err)
{
    struct pg_result *there =
        pg_query(drift->pg, "SELECT 1 WHERE to_regclass('sluice.made') IS NOT NULL", NULL, 0, err);
    bool ok = there != NULL, made = ok && pg_rows(there);
    pg_result_free(there);
    struct pg_result *datasets =
        made ? pg_query(drift->pg, "SELECT DISTINCT dataset FROM sluice.made ORDER BY 1", NULL, 0, err) : NULL;
    ok = ok && (datasets || !made);
    for (int i = 0; ok && made && i < pg_rows(datasets); i++)
        ok = check_dataset(drift, pg_value(datasets, i, 0), err);
    pg_result_free(datasets);
    return ok;
}

bool fsck_warehouse(struct pg *pg, struct journal *journal, const struct fsck_options *options,
    struct fsck_report *report, struct err *err)
{
    struct drift drift = {.pg = pg, .journal = journal, .options = options, .report = report, .arena = arena_new(0)};
    struct str lake_id;
    bool unsure;
    err_clear(err);
    if (!drift.arena)
        return ERR(err, ERR_MEMORY, "no memory to look into the warehouse");
    bool ok =
        journal_meta_get(journal, "lake_id", &lake_id, drift.arena, err) &&
        ((drift.lake_id = arena_cstr(drift.arena, lake_id.n ? lake_id.p : "")) || ERR(err, ERR_MEMORY, "no memory")) &&
        pg_begin(pg, STR(""), err) && pg_run(pg, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", err) &&
        check_all(&drift, err) && pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    arena_free(drift.arena);
    return ok;
}
