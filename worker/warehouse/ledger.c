#include "worker/warehouse/ledger.h"

#include <stdio.h>

enum { MAX_SQL = 1024 * 1024 };

#define LARGE "8388608" /* bytes: below, a table is read as fast as its index */

struct numbers {
    char file_id[24], fence[24];
};

static void print(const struct ledger_key *key, struct numbers *numbers)
{
    snprintf(numbers->file_id, sizeof numbers->file_id, "%lld", (long long)key->file_id);
    snprintf(numbers->fence, sizeof numbers->fence, "%lld", (long long)key->fence);
}

bool ledger_take(struct pg *pg, const struct ledger_key *key, bool *last, struct err *err)
{
    struct numbers numbers;
    print(key, &numbers);
    const char *values[] = {key->lake_id, numbers.file_id, key->dataset.p, numbers.fence, key->run_id};
    struct pg_result *row = pg_query(pg,
        "INSERT INTO sluice.ledger AS l (lake_id, file_id, dataset, fence) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (lake_id, file_id) DO UPDATE SET fence = greatest(l.fence, excluded.fence), "
        "dataset = excluded.dataset, changed_at = now() RETURNING fence, coalesce(last_run = $5, false)",
        values, 5, err);
    if (!row)
        return false;
    int64_t fence = (int64_t)pg_number(row, 0, 0);
    *last = str_eq(pg_value(row, 0, 1), STR("t"));
    pg_result_free(row);
    return fence == key->fence || err_set(err, ERR_FENCED, PG_ERROR, __FILE__, __LINE__,
                                      "somebody later holds file %s in the warehouse", numbers.file_id);
}

/* A run's rows lie together: an index of ranges finds them, and hardly takes any room. */
static struct pg_result *missing_indexes(struct pg *pg, const struct ledger_key *key, struct err *err)
{
    struct numbers numbers;
    print(key, &numbers);
    const char *values[] = {key->lake_id, numbers.file_id, key->dataset.p, LARGE};
    return pg_query(pg,
        "SELECT format('CREATE INDEX ON %s USING brin (_run_id) WITH (autosummarize = on)', c.oid::regclass) "
        "  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = '_run_id' "
        " WHERE c.oid IN (SELECT to_regclass(format('%I.%I', schema_name, table_name)) FROM sluice.made "
        "                  WHERE dataset = $3 AND column_name = '_run_id') "
        "   AND c.relkind = 'r' AND pg_relation_size(c.oid) > $4::bigint AND pg_has_role(c.relowner, 'USAGE') "
        "   AND EXISTS (SELECT FROM sluice.ledger WHERE lake_id = $1 AND file_id = $2 AND run_ids <> '{}') "
        "   AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indkey[0] = a.attnum AND indpred IS NULL)",
        values, 4, err);
}

static bool make_indexes(struct pg *pg, const struct ledger_key *key, struct err *err)
{
    bool unsure;
    if (!pg_begin(pg, STR(""), err))
        return false;
    bool ok = pg_run(pg, "SELECT pg_advisory_xact_lock(hashtext('sluice'))", err);
    struct pg_result *missing = ok ? missing_indexes(pg, key, err) : NULL;
    ok = missing != NULL;
    for (int i = 0; ok && i < pg_rows(missing); i++)
        ok = pg_run(pg, pg_value(missing, i, 0).p, err);
    pg_result_free(missing);
    ok = ok && pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    return ok;
}

bool ledger_index(struct pg *pg, const struct ledger_key *key, struct err *err)
{
    if (key->adds)
        return true;
    if (!pg_connect(pg, err))
        return false;
    struct pg_result *missing = missing_indexes(pg, key, err);
    bool ok = missing != NULL, wanted = missing && pg_rows(missing);
    pg_result_free(missing);
    return ok && (!wanted || make_indexes(pg, key, err));
}

bool ledger_clear(struct pg *pg, const struct ledger_key *key, struct err *err)
{
    struct numbers numbers;
    struct buf sql;
    if (key->adds)
        return true;
    print(key, &numbers);
    const char *values[] = {key->lake_id, numbers.file_id, key->dataset.p};
    struct pg_result *tables = pg_query(pg,
        "SELECT format('DELETE FROM %I.%I WHERE _run_id = ANY (%L::text[])', schema_name, table_name, l.run_ids) "
        "  FROM (SELECT DISTINCT schema_name, table_name FROM sluice.made WHERE dataset = $3 "
        "           AND column_name = '_run_id' AND to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL) "
        "m, "
        "       sluice.ledger l "
        " WHERE l.lake_id = $1 AND l.file_id = $2 AND l.run_ids <> '{}'",
        values, 3, err);
    if (!tables)
        return false;
    buf_init(&sql, MAX_SQL);
    for (int i = 0; i < pg_rows(tables); i++)
        buf_printf(&sql, STR_FMT ";\n", STR_ARG(pg_value(tables, i, 0)));
    pg_result_free(tables);
    bool ok = buf_ok(&sql, "a statement", err) && (!sql.n || pg_run(pg, sql.p, err));
    buf_dispose(&sql);
    return ok;
}

bool ledger_put(struct pg *pg, const struct ledger_key *key, bool stands, struct err *err)
{
    struct numbers numbers;
    print(key, &numbers);
    const char *values[] = {key->lake_id, numbers.file_id, key->run_id, stands ? "t" : "f", key->adds ? "t" : "f"};
    struct pg_result *done = pg_query(pg,
        "UPDATE sluice.ledger SET run_ids = CASE WHEN $5::boolean THEN run_ids ELSE '{}' END "
        "|| CASE WHEN $4::boolean THEN ARRAY[$3::text] ELSE '{}' END, last_run = $3, "
        "changed_at = now() "
        "WHERE lake_id = $1 AND file_id = $2",
        values, 5, err);
    pg_result_free(done);
    return done != NULL;
}

bool ledger_ask(struct pg *pg, const struct ledger_key *key, bool *committed, struct err *err)
{
    bool unsure;
    *committed = false;
    if (!pg_begin(pg, STR(""), err))
        return false;
    struct pg_result *there = pg_query(pg, "SELECT 1 WHERE to_regclass('sluice.ledger') IS NOT NULL", NULL, 0, err);
    bool ok = there != NULL;
    if (ok && pg_rows(there))
        ok = ledger_take(pg, key, committed, err);
    pg_result_free(there);
    ok = ok && pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    return ok;
}
