/*
 * Rows that a constraint of silver forbids, which sluice knows nothing of: unique against older rows, foreign keys,
 * checks, and whatever a trigger says. They come to a table of the transaction first, are looked for there by what the
 * catalogue knows of the constraints, and what then is still refused is found by halves.
 */
#include "worker/warehouse/load_internal.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SQL = 4 * 1024 * 1024, PAGE = 500 };

#define REFUSED "pg_temp.sluice_refused"
#define IS_OPEN "NOT EXISTS (SELECT FROM " REFUSED " f WHERE f.row_number = s._row_number)"

/* ---- is there anything to ask? ---- */

bool settle_wanted(struct load *load, bool *wanted, struct err *err)
{
    const char *values[] = {load->tables.tiers[TIER_SILVER].name.p};
    struct pg_result *found = pg_query(load->pg,
        "SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass($1)) "
        "    OR EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass($1) AND indisunique) "
        "    OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal) "
        "    OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped "
        "                  AND attnotnull AND attname NOT IN ('_run_id', '_row_number', 'ingest_ts'))",
        values, 1, err);
    if (!found)
        return false;
    *wanted = str_eq(pg_value(found, 0, 0), STR("t"));
    pg_result_free(found);
    return true;
}

static bool run_text(struct load *load, struct buf *sql, struct err *err)
{
    bool ok = buf_ok(sql, "a statement", err) && pg_run(load->pg, sql->p, err);
    buf_dispose(sql);
    return ok;
}

bool settle_stage(struct load *load, struct err *err)
{
    const struct tier_table *silver = &load->tables.tiers[TIER_SILVER];
    struct buf sql;
    buf_init(&sql, MAX_SQL);
    buf_add_cstr(&sql, "CREATE TEMP TABLE sluice_rows (");
    for (uint32_t i = 0; i < silver->count; i++) {
        pg_name(&sql, silver->columns[i].name);
        buf_add_byte(&sql, ' ');
        tables_type(&sql, silver->columns[i].type);
        buf_add_cstr(&sql, ", ");
    }
    buf_add_cstr(&sql,
        "_line bigint, _offset bigint, _length bigint) ON COMMIT DROP; "
        "CREATE TEMP TABLE sluice_refused (row_number bigint, code int, column_name text, value text, detail text) "
        "ON COMMIT DROP; CREATE INDEX ON pg_temp.sluice_refused (row_number); SET CONSTRAINTS ALL IMMEDIATE");
    return run_text(load, &sql, err);
}

/* ---- what the catalogue tells ---- */

/* $1 silver, then codes: $2 constraint, $3 check, $4 foreign key, $5 unique. Each row is a statement that notes the
 * rows one constraint forbids; only such as speak of our columns alone. */
#define OURS \
    "(SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = 'pg_temp.sluice_rows'::regclass)"
#define NAMES(keys, table)                                                                             \
    "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(" keys ") WITH ORDINALITY k(num, n) " \
    "JOIN pg_attribute a ON a.attrelid = " table " AND a.attnum = k.num)"
#define NOTE                                                                                                       \
    "'INSERT INTO " REFUSED " SELECT s._row_number, ' || code || ', ' || "                                         \
    "CASE WHEN cardinality(names) = 1 THEN format('%L, s.%I::text', names[1], names[1]) ELSE 'NULL, NULL' END || " \
    "format(', %L FROM ', 'violates ' || name)"
#define EACH(template) "(SELECT string_agg(format(" template ", n, r), ' AND ') FROM unnest(names, refs) x(n, r))"
#define PRESENT "(SELECT string_agg(format('s.%I IS NOT NULL', n), ' AND ') FROM unnest(names) x(n))"

static const char statements[] =
    "WITH c AS ("
    "SELECT 0 AS turn, 'NOT NULL' AS name, $2::int AS code, ARRAY[attname::text] AS names, NULL::text[] AS refs, "
    "       NULL::text AS other, NULL::text AS expr "
    "  FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attnotnull "
    "UNION ALL "
    "SELECT 1, conname, $3::int, coalesce(" NAMES("conkey",
        "conrelid") ", '{}'), NULL, NULL, "
                    "       pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = to_regclass($1) AND "
                    "contype = 'c' "
                    "UNION ALL "
                    "SELECT 2, conname, $4::int, " NAMES("conkey", "conrelid") ", " NAMES("confkey",
                        "confrelid") ", "
                                     "       confrelid::regclass::text, NULL "
                                     "  FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype = 'f' AND "
                                     "confrelid <> conrelid "
                                     "UNION ALL "
                                     "SELECT 3, i.indexrelid::regclass::text, $5::int, "
                                     "       " NAMES("(i.indkey::int2[])[0:i.indnkeyatts - 1]",
                                         "i.indrelid") ", NULL, NULL, NULL "
                                                       "  FROM pg_index i WHERE i.indrelid = to_regclass($1) AND "
                                                       "i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL) "
                                                       "SELECT CASE turn "
                                                       "  WHEN 0 THEN " NOTE " || 'pg_temp.sluice_rows s WHERE s.' || "
                                                       "quote_ident(names[1]) || ' IS NULL' "
                                                       "  WHEN 1 THEN " NOTE
                                                       " || 'pg_temp.sluice_rows s WHERE (' || expr || ') IS FALSE' "
                                                       "  WHEN 2 THEN " NOTE
                                                       " || 'pg_temp.sluice_rows s WHERE ' || " PRESENT
                                                       " || ' AND NOT EXISTS (SELECT FROM ' || other || "
                                                       "       ' t WHERE ' || " EACH(
                                                           "'t.%2$I = s.%1$I'") " || ')' "
                                                                                "  ELSE " NOTE
                                                                                " || '(SELECT s.*, row_number() OVER "
                                                                                "(PARTITION BY ' || "
                                                                                "       (SELECT "
                                                                                "string_agg(format('s.%I', n), ', ') "
                                                                                "FROM unnest(names) x(n)) || "
                                                                                "       ' ORDER BY s._row_number) AS "
                                                                                "_nth FROM pg_temp.sluice_rows s WHERE "
                                                                                "' || " PRESENT " || ' AND " IS_OPEN
                                                                                ") s "
                                                                                "WHERE s._nth > 1 OR EXISTS (SELECT "
                                                                                "FROM ' || to_regclass($1)::text || ' "
                                                                                "t WHERE ' || "
                                                                                "       (SELECT "
                                                                                "string_agg(format('t.%1$I = s.%1$I', "
                                                                                "n), ' AND ') FROM unnest(names) x(n)) "
                                                                                "|| ')' END "
                                                                                "  FROM c WHERE names <@ " OURS
                                                                                " ORDER BY turn, name";

static bool note_refusals(struct load *load, struct err *err)
{
    char codes[4][8];
    static const enum row_code list[] = {CODE_CONSTRAINT, CODE_ROW_CONSTRAINT, CODE_FOREIGN_KEY, CODE_UNIQUE};
    for (int i = 0; i < 4; i++)
        snprintf(codes[i], sizeof codes[i], "%d", list[i]);
    const char *values[] = {load->tables.tiers[TIER_SILVER].name.p, codes[0], codes[1], codes[2], codes[3]};
    struct pg_result *found = pg_query(load->pg, statements, values, 5, err);
    bool ok = found != NULL;
    for (int i = 0; ok && i < pg_rows(found); i++)
        ok = pg_run(load->pg, pg_value(found, i, 0).p, err);
    pg_result_free(found);
    return ok;
}

/* ---- what only trying tells ---- */

static bool is_of_rows(const char *state)
{
    return strncmp(state, "23", 2) == 0 || strncmp(state, "22", 2) == 0 || strcmp(state, "P0001") == 0;
}

static enum row_code code_of(const char *state)
{
    return strcmp(state, "23505") == 0   ? CODE_UNIQUE
           : strcmp(state, "23503") == 0 ? CODE_FOREIGN_KEY
           : strcmp(state, "23502") == 0 ? CODE_CONSTRAINT
                                         : CODE_ROW_CONSTRAINT;
}

/* *fits false: the rows from first to last were refused, and nothing is changed. */
static bool try_rows(struct load *load, int64_t first, int64_t last, bool *fits, struct err *err)
{
    const struct tier_table *silver = &load->tables.tiers[TIER_SILVER];
    struct buf sql;
    struct err why;
    buf_init(&sql, MAX_SQL);
    buf_printf(&sql,
        "INSERT INTO " STR_FMT " (" STR_FMT ") SELECT " STR_FMT " FROM " STAGE_TABLE
        " s WHERE _row_number BETWEEN %lld AND %lld AND " IS_OPEN " ORDER BY _row_number",
        STR_ARG(silver->name), STR_ARG(silver->list), STR_ARG(silver->list), (long long)first, (long long)last);
    *fits = false;
    if (!pg_run(load->pg, "SAVEPOINT sluice_rows", err)) {
        buf_dispose(&sql);
        return false;
    }
    *fits = run_text(load, &sql, err);
    if (*fits)
        return pg_run(load->pg, "RELEASE SAVEPOINT sluice_rows", err);
    if (!is_of_rows(pg_state(load->pg)))
        return false;
    char state[8];
    snprintf(state, sizeof state, "%s", pg_state(load->pg));
    if (!pg_run(load->pg, "ROLLBACK TO SAVEPOINT sluice_rows; RELEASE SAVEPOINT sluice_rows", &why)) {
        *err = why;
        return false;
    }
    if (first < last)
        return true;
    buf_init(&sql, MAX_SQL);
    buf_printf(&sql, "INSERT INTO " REFUSED " VALUES (%lld, %d, NULL, NULL, ", (long long)first, code_of(state));
    const char *colon = strstr(err->message, ": ");
    pg_literal(&sql, str_of(colon ? colon + 2 : err->message));
    buf_add_byte(&sql, ')');
    *fits = true;
    return run_text(load, &sql, err);
}

static bool insert_by_halves(struct load *load, int64_t first, int64_t last, struct err *err)
{
    bool fits;
    if (!try_rows(load, first, last, &fits, err))
        return false;
    if (fits)
        return true;
    int64_t middle = first + (last - first) / 2;
    return insert_by_halves(load, first, middle, err) && insert_by_halves(load, middle + 1, last, err);
}

/* Of two transactions that bring one key the second waits for the first, fails, and sees it when it looks again. */
static bool insert_all(struct load *load, int64_t last, struct err *err)
{
    bool fits;
    return try_rows(load, 1, last, &fits, err) &&
           (fits || (pg_run(load->pg, "DELETE FROM " REFUSED, err) && note_refusals(load, err) &&
                        insert_by_halves(load, 1, last, err)));
}

bool settle(struct load *load, struct err *err)
{
    if (!pg_run(load->pg, "ANALYZE " STAGE_TABLE, err) || !note_refusals(load, err) ||
        !insert_all(load, (int64_t)load->counts.records + 1, err))
        return false;
    struct pg_result *found = pg_query(load->pg, "SELECT count(DISTINCT row_number) FROM " REFUSED, NULL, 0, err);
    if (!found)
        return false;
    load->counts.refused = pg_number(found, 0, 0);
    pg_result_free(found);
    return true;
}

/* ---- who was refused ---- */

static bool next_page(struct load *load, struct err *err)
{
    if (!load->cursor_open &&
        !pg_run(load->pg,
            "DECLARE sluice_refusals CURSOR FOR SELECT f.row_number, s._line, s._offset, s._length, f.code, "
            "f.column_name, f.value, f.detail FROM " REFUSED " f JOIN " STAGE_TABLE
            " s ON s._row_number = f.row_number ORDER BY f.row_number, f.code, f.detail",
            err))
        return false;
    load->cursor_open = true;
    pg_result_free(load->page);
    load->at = 0;
    char sql[64];
    snprintf(sql, sizeof sql, "FETCH %d FROM sluice_refusals", PAGE);
    load->page = pg_query(load->pg, sql, NULL, 0, err);
    return load->page != NULL;
}

static int32_t field_of(const struct load *load, struct str name)
{
    for (uint32_t i = 0; name.p && i < load->contract->field_count; i++)
        if (str_eq(load->contract->fields[i].name, name))
            return (int32_t)i;
    return -1;
}

bool load_next_refusal(struct load *load, struct load_refusal *refusal, bool *found, struct err *err)
{
    *found = false;
    if (!load->counts.refused)
        return true;
    if ((!load->page || load->at == pg_rows(load->page)) && !next_page(load, err))
        return false;
    if (!pg_rows(load->page))
        return true;
    int at = load->at++;
    *refusal = (struct load_refusal){.row_number = pg_number(load->page, at, 0),
        .line = pg_number(load->page, at, 1),
        .offset = pg_number(load->page, at, 2),
        .length = pg_number(load->page, at, 3),
        .code = (enum row_code)pg_number(load->page, at, 4),
        .field = field_of(load, pg_value(load->page, at, 5)),
        .value = pg_value(load->page, at, 6),
        .detail = pg_value(load->page, at, 7).p};
    *found = true;
    return true;
}
