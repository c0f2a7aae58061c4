/* What the contract makes of the typed rows, in PostgreSQL. */
#include "shared/fault.h"
#include "worker/warehouse/again_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RANGE_ROWS = 65536, CAREFUL_ROWS = 256, PAGE = 500 };

#define BASE "SELECT _t._row_number, %zu, _t._known, "

/* ---- the tables of the transaction ---- */

static bool make_common(struct again *again, struct err *err)
{
    const struct tier_table *silver = &again->tables.tiers[TIER_SILVER];
    struct buf sql;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_printf(&sql,
        "CREATE TEMP TABLE sluice_good ON COMMIT DROP AS SELECT " STR_FMT ", false AS _known, 0 AS _run FROM " STR_FMT
        " WITH NO DATA; CREATE TEMP TABLE sluice_errors (_row_number bigint, run bigint, known boolean, nth bigint, "
        "stage bigint, code bigint, field text, rule bigint, value text, detail text) ON COMMIT DROP",
        STR_ARG(silver->list), STR_ARG(silver->name));
    return again_run_text(again, &sql, err);
}

bool again_types(struct again *again, struct err *err)
{
    struct buf sql;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_add_cstr(&sql, "DROP TABLE IF EXISTS " AGAIN_TYPED ", " AGAIN_JUDGED "; ");
    sql_typed_table(&sql, again->run->contract);
    return (again->made || (again->made = make_common(again, err))) && again_run_text(again, &sql, err);
}

/* ---- expressions ---- */

static bool make_judged(struct again *again, struct err *err)
{
    struct buf sql;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_add_cstr(&sql, "CREATE INDEX ON " AGAIN_TYPED " (_row_number); ANALYZE " AGAIN_TYPED
                       "; CREATE TEMP TABLE sluice_judged ON COMMIT DROP AS ");
    sql_judged(&sql, again->run->contract, "");
    buf_add_cstr(&sql, " WITH NO DATA; CREATE INDEX ON " AGAIN_JUDGED " (_row_number)");
    return again_run_text(again, &sql, err);
}

/* *fits false: an expression fails on some row of the range, and nothing is changed. */
static bool try_range(struct again *again, int64_t first, int64_t last, bool *fits, struct err *err)
{
    struct buf sql;
    struct err why;
    char where[96];
    snprintf(where, sizeof where, " WHERE _y._row_number BETWEEN %" PRId64 " AND %" PRId64, first, last);
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_add_cstr(&sql, "INSERT INTO " AGAIN_JUDGED " ");
    sql_judged(&sql, again->run->contract, where);
    *fits = false;
    if (!pg_run(again->pg, "SAVEPOINT sluice_range", err)) {
        buf_dispose(&sql);
        return false;
    }
    *fits = again_run_text(again, &sql, err);
    if (*fits)
        return pg_run(again->pg, "RELEASE SAVEPOINT sluice_range", err);
    if (strncmp(pg_state(again->pg), "22", 2) != 0)
        return false;
    if (pg_run(again->pg, "ROLLBACK TO SAVEPOINT sluice_range; RELEASE SAVEPOINT sluice_range", &why))
        return true;
    *err = why;
    return false;
}

static bool judge_range(struct again *again, int64_t first, int64_t last, struct err *err)
{
    bool fits;
    struct buf sql;
    if (!try_range(again, first, last, &fits, err))
        return false;
    if (fits)
        return true;
    int64_t middle = first + (last - first) / 2;
    if (last - first >= CAREFUL_ROWS)
        return judge_range(again, first, middle, err) && judge_range(again, middle + 1, last, err);
    buf_init(&sql, AGAIN_MAX_SQL);
    sql_careful(&sql, again->run->contract, again->as, first, last);
    return again_run_text(again, &sql, err);
}

static bool judge_all(struct again *again, struct err *err)
{
    struct pg_result *found = pg_query(again->pg,
        "SELECT coalesce(min(_row_number), 1), coalesce(max(_row_number), 0) FROM " AGAIN_TYPED, NULL, 0, err);
    if (!found)
        return false;
    int64_t at = (int64_t)pg_number(found, 0, 0), end = (int64_t)pg_number(found, 0, 1);
    pg_result_free(found);
    bool ok = true;
    for (; ok && at <= end; at += RANGE_ROWS)
        ok = judge_range(again, at, at + RANGE_ROWS - 1 < end ? at + RANGE_ROWS - 1 : end, err);
    return ok;
}

/* ---- what came of it ---- */

static void note(struct buf *sql, const struct again *again, int nth, enum row_code code)
{
    buf_printf(sql, "INSERT INTO " AGAIN_ERRORS " " AGAIN_ERROR_COLUMNS " " BASE "%d, %d, %d, ", again->as, nth,
        STAGE_RULES, code);
}

static void note_references(struct buf *sql, const struct again *again)
{
    const struct contract *contract = again->run->contract;
    for (uint32_t i = 0; i < contract->reference_count; i++) {
        const struct reference *reference = &contract->references[i];
        struct str field = contract->fields[reference->on_field].name;
        if (!reference->missing_reject)
            continue;
        note(sql, again, ORDER_REFERENCE + (int)i, CODE_FOREIGN_KEY);
        pg_literal(sql, field);
        buf_add_cstr(sql, ", NULL, _t.");
        pg_name(sql, field);
        buf_printf(sql, "::text, 'not in the reference " STR_FMT "' FROM " AGAIN_JUDGED " _t WHERE _t._k%u; ",
            STR_ARG(reference->name), i);
    }
}

static void note_rules(struct buf *sql, const struct again *again)
{
    const struct contract *contract = again->run->contract;
    for (uint32_t i = 0; i < contract->rule_count; i++) {
        if (contract->rules[i].severity == SEVERITY_WARN)
            continue;
        note(sql, again, ORDER_RULE + (int)i, CODE_ROW_CONSTRAINT);
        buf_printf(sql, "NULL, %u, NULL, ", i);
        pg_literal(sql, contract->rules[i].text);
        buf_printf(sql, " FROM " AGAIN_JUDGED " _t WHERE _t._u%u IS FALSE; ", i);
    }
}

static void note_partitions(struct buf *sql, const struct again *again)
{
    const struct contract *contract = again->run->contract;
    for (uint32_t i = 0; i < contract->partition_count; i++) {
        note(sql, again, ORDER_PARTITION + (int)i, CODE_PARTITION);
        buf_printf(sql,
            "NULL, NULL, NULL, 'partition " STR_FMT " ' || (ARRAY['is NULL', 'is empty', 'is longer than 200 bytes'])"
            "[_t._p%u] FROM " AGAIN_JUDGED " _t WHERE _t._p%u > 0; ",
            STR_ARG(contract->partitions[i].name), i, i);
    }
}

static void keep_good(struct buf *sql, const struct again *again)
{
    const struct tier_table *silver = &again->tables.tiers[TIER_SILVER];
    buf_printf(sql, "INSERT INTO " AGAIN_GOOD " (" STR_FMT ", _known, _run) SELECT ", STR_ARG(silver->list));
    for (uint32_t i = 0; i < silver->count; i++) {
        const struct tier_column *column = &silver->columns[i];
        if (column->source == SOURCE_RUN_ID)
            buf_printf(sql, "'%s', ", again->run->run_id);
        else if (column->source == SOURCE_INGEST_TS)
            buf_add_cstr(sql, "_t._ingest, ");
        else {
            buf_add_cstr(sql, "_t.");
            pg_name(sql, column->name);
            buf_add_cstr(sql, ", ");
        }
    }
    buf_printf(sql, "_t._known, %zu FROM " AGAIN_JUDGED " _t WHERE NOT ", again->as);
    sql_is_wrong(sql, again->run->contract);
    sql_is_kept(sql, again->run->contract);
}

static bool count_judged(struct again *again, struct err *err)
{
    struct buf sql;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_add_cstr(&sql, "SELECT count(*) FILTER (WHERE ");
    sql_is_wrong(&sql, again->run->contract);
    buf_add_cstr(&sql, "), count(*) FILTER (WHERE NOT ");
    sql_is_wrong(&sql, again->run->contract);
    buf_add_cstr(&sql, " AND NOT (true");
    sql_is_kept(&sql, again->run->contract);
    buf_add_cstr(&sql, ")) FROM " AGAIN_JUDGED " _t");
    struct pg_result *found = buf_ok(&sql, "a statement", err) ? pg_query(again->pg, sql.p, NULL, 0, err) : NULL;
    buf_dispose(&sql);
    if (!found)
        return false;
    again->counts.rejected += pg_number(found, 0, 0);
    again->counts.filtered += pg_number(found, 0, 1);
    pg_result_free(found);
    return true;
}

/* Rules of severity quarantine are about the rows that broke them, and those that they could not judge. */
static bool count_rules(struct again *again, uint64_t *failed, struct err *err)
{
    char sql[240];
    snprintf(sql, sizeof sql,
        "SELECT rule, count(*) FROM " AGAIN_ERRORS " WHERE run = %zu AND rule IS NOT NULL AND stage = %d GROUP BY 1",
        again->as, STAGE_RULES);
    struct pg_result *found = pg_query(again->pg, sql, NULL, 0, err);
    for (int i = 0; found && i < pg_rows(found); i++)
        if (pg_number(found, i, 0) < again->run->contract->rule_count)
            failed[pg_number(found, i, 0)] = pg_number(found, i, 1);
    pg_result_free(found);
    return found != NULL;
}

bool again_judge(struct again *again, uint64_t *failed, struct err *err)
{
    struct buf sql;
    if (!sql_references(again, err) || !make_judged(again, err) || !judge_all(again, err))
        return false;
    buf_init(&sql, AGAIN_MAX_SQL);
    note_references(&sql, again);
    note_rules(&sql, again);
    note_partitions(&sql, again);
    keep_good(&sql, again);
    return again_run_text(again, &sql, err) && count_judged(again, err) && (!failed || count_rules(again, failed, err));
}

/* ---- repeats: the first valid row wins ---- */

static bool is_own_key(const struct contract *contract, uint32_t field)
{
    bool is_primary = contract->primary_key_count == 1 && contract->primary_key[0] == field;
    return contract->fields[field].constraints.unique && !is_primary;
}

/* A long text has no place in an index: its length and hash have. */
static void add_key_column(struct buf *sql, const struct contract *contract, uint32_t field)
{
    bool is_text = contract->fields[field].type.kind == TYPE_STRING;
    buf_add_cstr(sql, is_text ? "md5(" : "(");
    pg_name(sql, contract->fields[field].name);
    buf_add_byte(sql, ')');
    if (is_text) {
        buf_add_cstr(sql, ", length(");
        pg_name(sql, contract->fields[field].name);
        buf_add_byte(sql, ')');
    }
}

static void add_key_index(struct buf *sql, const struct contract *contract, const uint32_t *fields, uint32_t count)
{
    buf_add_cstr(sql, "CREATE UNIQUE INDEX ON pg_temp.sluice_keys (");
    for (uint32_t i = 0; i < count; i++) {
        buf_add_cstr(sql, i ? ", " : "");
        add_key_column(sql, contract, fields[i]);
    }
    buf_add_cstr(sql, "); ");
}

static void add_same_key(struct buf *sql, const struct contract *contract, const uint32_t *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_add_cstr(sql, i ? " AND w." : "w.");
        pg_name(sql, contract->fields[fields[i]].name);
        buf_add_cstr(sql, " = _t.");
        pg_name(sql, contract->fields[fields[i]].name);
    }
}

static void add_key_value(struct buf *sql, const struct contract *contract, const uint32_t *fields, uint32_t count)
{
    bool hidden = false;
    for (uint32_t i = 0; i < count; i++)
        hidden |= count > 1 && contract->fields[fields[i]].sensitive;
    for (uint32_t i = 0; i < count && !hidden; i++) {
        buf_add_cstr(sql, i ? " || ', ' || _t." : "_t.");
        pg_name(sql, contract->fields[fields[i]].name);
        buf_add_cstr(sql, "::text");
    }
    buf_add_cstr(sql, hidden ? "NULL" : "");
}

/* Those that are no winners, by one of the keys; by a later key only where no earlier one says so. */
static void note_repeats(
    struct buf *sql, const struct contract *contract, const uint32_t *fields, uint32_t count, int nth, bool primary)
{
    buf_printf(sql,
        "INSERT INTO " AGAIN_ERRORS " " AGAIN_ERROR_COLUMNS " SELECT _t._row_number, _t._run, _t._known, %d, %d, %d, ",
        ORDER_KEY + nth, STAGE_RULES, primary ? CODE_PRIMARY_KEY : CODE_UNIQUE);
    if (count == 1)
        pg_literal(sql, contract->fields[fields[0]].name);
    else
        buf_add_cstr(sql, "NULL");
    buf_add_cstr(sql, ", NULL, ");
    add_key_value(sql, contract, fields, count);
    buf_add_cstr(sql, ", 'repeats row ' || w._row_number FROM " AGAIN_GOOD " _t JOIN pg_temp.sluice_keys w ON ");
    add_same_key(sql, contract, fields, count);
    buf_printf(sql,
        " WHERE NOT EXISTS (SELECT FROM pg_temp.sluice_keys k WHERE k._row_number = _t._row_number) AND NOT EXISTS "
        "(SELECT FROM " AGAIN_ERRORS " e WHERE e._row_number = _t._row_number AND e.code = %d AND e.nth = %d); ",
        CODE_PRIMARY_KEY, ORDER_KEY);
}

static void add_keys(struct buf *sql, const struct contract *contract)
{
    buf_add_cstr(sql, "CREATE TEMP TABLE sluice_keys ON COMMIT DROP AS TABLE " AGAIN_GOOD " WITH NO DATA; "
                      "CREATE INDEX ON pg_temp.sluice_keys (_row_number); ");
    if (contract->primary_key_count)
        add_key_index(sql, contract, contract->primary_key, contract->primary_key_count);
    for (uint32_t f = 0; f < contract->field_count; f++)
        if (is_own_key(contract, f))
            add_key_index(sql, contract, &f, 1);
    buf_add_cstr(sql, "INSERT INTO pg_temp.sluice_keys SELECT * FROM " AGAIN_GOOD
                      " ORDER BY _row_number ON CONFLICT DO NOTHING; ANALYZE pg_temp.sluice_keys; "
                      "CREATE INDEX ON " AGAIN_ERRORS " (_row_number); ANALYZE " AGAIN_ERRORS "; ");
    if (contract->primary_key_count)
        note_repeats(sql, contract, contract->primary_key, contract->primary_key_count, 0, true);
    for (uint32_t f = 0; f < contract->field_count; f++)
        if (is_own_key(contract, f))
            note_repeats(sql, contract, &f, 1, 1 + (int)f, false);
}

static bool drop_repeats(struct again *again, struct err *err)
{
    const struct contract *contract = again->contract;
    struct buf sql;
    bool any = contract->primary_key_count > 0;
    for (uint32_t f = 0; f < contract->field_count; f++)
        any |= is_own_key(contract, f);
    if (!any)
        return true;
    buf_init(&sql, AGAIN_MAX_SQL);
    add_keys(&sql, contract);
    if (!again_run_text(again, &sql, err))
        return false;
    char text[256];
    snprintf(text, sizeof text,
        "WITH gone AS (DELETE FROM " AGAIN_GOOD " g WHERE NOT EXISTS (SELECT FROM pg_temp.sluice_keys k WHERE "
        "k._row_number = g._row_number) RETURNING _row_number) SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT "
        "FROM " AGAIN_ERRORS " e WHERE");
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_printf(&sql, "%s e._row_number = gone._row_number AND e.nth = %d)) FROM gone", text, ORDER_KEY);
    struct pg_result *gone = buf_ok(&sql, "a statement", err) ? pg_query(again->pg, sql.p, NULL, 0, err) : NULL;
    buf_dispose(&sql);
    if (!gone)
        return false;
    again->counts.duplicate = pg_number(gone, 0, 1);
    again->counts.rejected += pg_number(gone, 0, 0) - again->counts.duplicate;
    pg_result_free(gone);
    return true;
}

/* ---- into silver ---- */

static bool settle_good(struct again *again, struct err *err)
{
    const struct tier_table *silver = &again->tables.tiers[TIER_SILVER];
    struct load *load = &again->load;
    struct buf sql;
    if (!settle_stage(load, err))
        return false;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_printf(&sql, "INSERT INTO " STAGE_TABLE " (" STR_FMT ") SELECT " STR_FMT " FROM " AGAIN_GOOD,
        STR_ARG(silver->list), STR_ARG(silver->list));
    if (!again_run_text(again, &sql, err) || !settle(load, err))
        return false;
    again->counts.rejected += load->counts.refused;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_printf(&sql,
        "INSERT INTO " AGAIN_ERRORS " " AGAIN_ERROR_COLUMNS
        " SELECT g._row_number, g._run, g._known, %d, %d, f.code, f.column_name, NULL, f.value, f.detail FROM "
        "pg_temp.sluice_refused f JOIN " AGAIN_GOOD " g ON g._row_number = f.row_number; DELETE FROM " AGAIN_GOOD
        " g USING pg_temp.sluice_refused f WHERE g._row_number = f.row_number",
        ORDER_SILVER, STAGE_SILVER);
    return again_run_text(again, &sql, err);
}

static bool replace(struct again *again, struct err *err)
{
    const struct tier_table *silver = &again->tables.tiers[TIER_SILVER];
    struct load *load = &again->load;
    struct buf sql;
    bool constrained;
    *load = (struct load){.pg = again->pg, .arena = again->arena, .contract = again->contract, .tables = again->tables};
    load->counts.records = again->last_row;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_printf(&sql, "DELETE FROM " STR_FMT " WHERE _run_id = ANY (", STR_ARG(silver->name));
    again_run_ids(again, &sql);
    buf_add_byte(&sql, ')');
    if (!again_run_text(again, &sql, err) || !settle_wanted(load, &constrained, err))
        return false;
    if (constrained)
        return settle_good(again, err);
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_printf(&sql,
        "INSERT INTO " STR_FMT " (" STR_FMT ") SELECT " STR_FMT " FROM " AGAIN_GOOD " ORDER BY _row_number",
        STR_ARG(silver->name), STR_ARG(silver->list), STR_ARG(silver->list));
    return again_run_text(again, &sql, err);
}

static bool count_all(struct again *again, struct again_counts *counts, struct err *err)
{
    struct again_counts *c = &again->counts;
    struct pg_result *found = pg_query(again->pg,
        "SELECT (SELECT count(*) FROM " AGAIN_GOOD "), (SELECT count(DISTINCT _row_number) FROM " AGAIN_ERRORS
        " WHERE NOT known)",
        NULL, 0, err);
    if (!found)
        return false;
    c->out = pg_number(found, 0, 0);
    c->fresh = pg_number(found, 0, 1);
    pg_result_free(found);
    uint64_t total = 0;
    for (size_t i = 0; i < again->file.run_count; i++) {
        enum tier tier;
        if (!again_source(again, i, &tier, err))
            return false;
        total += tier == TIER_RAW ? again->file.runs[i].raw : again->file.runs[i].bronze;
    }
    c->filtered += c->blank;
    c->merged = total - c->rows;
    c->rows = total;
    *counts = *c;
    return true;
}

bool again_silver(struct again *again, struct again_counts *counts, struct err *err)
{
    return drop_repeats(again, err) && replace(again, err) && count_all(again, counts, err) &&
           fault_pass("stage-made", NULL, err);
}

bool again_stands(struct again *again, size_t i, uint64_t *rows, uint64_t *recovered, struct err *err)
{
    char run[24];
    snprintf(run, sizeof run, "%zu", i);
    const char *values[] = {run};
    struct pg_result *found = pg_query(again->pg,
        "SELECT count(*), count(*) FILTER (WHERE _known) FROM " AGAIN_GOOD " WHERE _run = $1", values, 1, err);
    if (!found)
        return false;
    *rows = pg_number(found, 0, 0);
    *recovered = pg_number(found, 0, 1);
    pg_result_free(found);
    return true;
}

/* ---- errors ---- */

static bool add_errors_of(struct buf *sql, const struct again *again, size_t i, struct err *err)
{
    const struct contract *contract = again->contract;
    enum tier tier;
    if (!again_source(again, i, &tier, err))
        return false;
    buf_printf(sql,
        "%sSELECT e._row_number, e.run, e.stage, e.code, e.field, coalesce(e.rule, -1), e.value, e.detail, "
        "(SELECT row_to_json(c)::text FROM (SELECT ",
        i ? " UNION ALL " : "");
    for (uint32_t f = 0; f < contract->field_count; f++) {
        buf_add_cstr(sql, f ? ", b." : "b.");
        pg_name(sql, contract->fields[f].name);
    }
    buf_printf(sql,
        ") c), e.nth FROM " AGAIN_ERRORS " e JOIN " STR_FMT " b ON b._row_number = e._row_number AND b._run_id = '%s' "
        "WHERE e.run = %zu AND NOT e.known",
        STR_ARG(again->tables.tiers[tier].name), again->file.runs[i].run_id, i);
    return true;
}

static bool open_errors(struct again *again, struct err *err)
{
    struct buf sql;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_add_cstr(&sql, "DECLARE sluice_lost NO SCROLL CURSOR FOR SELECT * FROM (");
    for (size_t i = 0; i < again->file.run_count; i++)
        if (!add_errors_of(&sql, again, i, err)) {
            buf_dispose(&sql);
            return false;
        }
    buf_add_cstr(&sql, ") a ORDER BY _row_number, nth, detail");
    again->errors_open = again_run_text(again, &sql, err);
    return again->errors_open;
}

static int32_t field_of(const struct contract *contract, struct str name)
{
    for (uint32_t i = 0; name.p && i < contract->field_count; i++)
        if (str_eq(contract->fields[i].name, name))
            return (int32_t)i;
    return -1;
}

static bool next_errors(struct again *again, struct err *err)
{
    char sql[64];
    if (!again->errors_open && !open_errors(again, err))
        return false;
    snprintf(sql, sizeof sql, "FETCH %d FROM sluice_lost", PAGE);
    pg_result_free(again->error_page);
    again->error_at = 0;
    again->error_page = pg_query(again->pg, sql, NULL, 0, err);
    return again->error_page != NULL;
}

bool again_next_error(struct again *again, struct again_error *error, bool *found, struct err *err)
{
    *found = false;
    if ((!again->error_page || again->error_at == pg_rows(again->error_page)) && !next_errors(again, err))
        return false;
    if (!pg_rows(again->error_page))
        return true;
    const struct pg_result *page = again->error_page;
    int at = again->error_at++;
    size_t run = pg_number(page, at, 1);
    *error = (struct again_error){.row_number = pg_number(page, at, 0),
        .run = run,
        .stage = (enum stage)pg_number(page, at, 2),
        .code = (enum row_code)pg_number(page, at, 3),
        .field = field_of(again->file.runs[run].contract, pg_value(page, at, 4)),
        .rule = (int32_t)pg_number(page, at, 5),
        .value = pg_value(page, at, 6),
        .detail = pg_value(page, at, 7).p,
        .cells = pg_value(page, at, 8)};
    *found = true;
    return true;
}
