#include "worker/warehouse/again_internal.h"

#include "shared/fault.h"
#include "worker/warehouse/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MISMATCH(err, ...) err_set((err), ERR_CORRUPT, PG_ERROR, __FILE__, __LINE__, __VA_ARGS__)

/* As str_trim() has it. */
#define SPACE "E' \\t\\n\\x0b\\f\\r'"

bool again_run_text(struct again *again, struct buf *sql, struct err *err)
{
    bool ok = buf_ok(sql, "a statement", err) && pg_run(again->pg, sql->p, err);
    buf_dispose(sql);
    return ok;
}

void again_run_ids(const struct again *again, struct buf *sql)
{
    buf_add_cstr(sql, "'{");
    for (size_t i = 0; i < again->file.run_count; i++)
        buf_printf(sql, "%s%s", i ? "," : "", again->file.runs[i].run_id);
    buf_add_cstr(sql, "}'::text[]");
}

/* ---- opening ---- */

/* Rows are locked until the end; other runs than those asked for may stand by now. */
static bool take_file(struct again *again, struct err *err)
{
    char file_id[24];
    struct buf sql;
    snprintf(file_id, sizeof file_id, "%" PRId64, again->file.file_id);
    const char *values[] = {again->file.lake_id, file_id};
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_add_cstr(&sql, "SELECT run_ids = ");
    again_run_ids(again, &sql);
    buf_add_cstr(&sql, " FROM sluice.ledger WHERE lake_id = $1 AND file_id = $2 FOR UPDATE");
    struct pg_result *row = buf_ok(&sql, "a statement", err) ? pg_query(again->pg, sql.p, values, 2, err) : NULL;
    buf_dispose(&sql);
    if (!row)
        return false;
    bool same = pg_rows(row) && str_eq(pg_value(row, 0, 0), STR("t"));
    pg_result_free(row);
    return same || err_set(err, ERR_CHANGED, PG_ERROR, __FILE__, __LINE__,
                       "file %s was loaded anew or taken back meanwhile", file_id);
}

static bool has(const struct again *again, enum tier tier)
{
    return again->tables.tiers[tier].count != 0;
}

static bool not_kept(const struct again_run *run, const char *what, struct err *err)
{
    err_set(err, ERR_FILE, PG_ERROR, __FILE__, __LINE__, "the warehouse has no %s of run %s", what, run->run_id);
    return err_hint(err, "warehouse.stages says what is kept; 'sluice reprocess' reads the file itself again.");
}

bool again_source(const struct again *again, size_t i, enum tier *tier, struct err *err)
{
    const struct again_run *run = &again->file.runs[i];
    bool bronze = run->has_bronze && has(again, TIER_BRONZE);
    *tier = bronze ? TIER_BRONZE : TIER_RAW;
    return bronze || (run->has_raw && has(again, TIER_RAW)) || not_kept(run, "bronze or raw", err);
}

static bool begin(struct again *again, struct err *err)
{
    struct ledger_key key = {
        .lake_id = again->file.lake_id, .dataset = again->contract->dataset, .file_id = again->file.file_id};
    if (!tables_init(&again->tables, again->contract, again->arena, err) ||
        !tables_ensure(again->pg, &again->tables, err) || !ledger_index(again->pg, &key, err) ||
        !pg_begin(again->pg, again->contract->warehouse.schema, err))
        return false;
    again->open = true;
    return take_file(again, err) && tables_lock(again->pg, &again->tables, err) && fault_pass("stage-taken", NULL, err);
}

struct again *again_open(
    struct pg *pg, const struct contract *contract, const struct again_file *file, size_t memory, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct again *again = arena ? ARENA_NEW(arena, struct again) : NULL;
    if (!again) {
        arena_free(arena);
        ERR(err, ERR_MEMORY, "no memory to make a stage again");
        return NULL;
    }
    *again = (struct again){.pg = pg, .arena = arena, .contract = contract, .file = *file, .memory = memory};
    buf_init(&again->typed, AGAIN_MOST_PENDING);
    buf_init(&again->errors, AGAIN_MOST_PENDING);
    if (begin(again, err))
        return again;
    again_close(again);
    return NULL;
}

void again_close(struct again *again)
{
    if (!again)
        return;
    pg_result_free(again->page);
    pg_result_free(again->error_page);
    pg_result_free(again->load.page);
    if (again->open)
        pg_rollback(again->pg);
    buf_dispose(&again->typed);
    buf_dispose(&again->errors);
    arena_free(again->arena);
}

/* ---- bronze ---- */

static void add_list(struct buf *sql, const struct str *texts, size_t count)
{
    buf_add_cstr(sql, "(ARRAY[");
    for (size_t i = 0; i < count; i++) {
        buf_add_cstr(sql, i ? ", " : "");
        pg_literal(sql, texts[i]);
    }
    buf_add_cstr(sql, "]::text[])");
}

static void add_resolved(struct buf *sql, const struct contract *contract, const struct field *field)
{
    const struct str *list = field->missing_own ? field->missing_values : contract->missing_values;
    size_t count = field->missing_own ? field->missing_count : contract->missing_count;
    buf_add_cstr(sql, "CASE WHEN r.");
    pg_name(sql, field->name);
    buf_add_cstr(sql, " = ANY ");
    add_list(sql, list, count);
    buf_add_cstr(sql, " OR btrim(r.");
    pg_name(sql, field->name);
    buf_add_cstr(sql, ", " SPACE ") = ANY ");
    add_list(sql, list, count);
    buf_add_cstr(sql, " THEN NULL ELSE btrim(r.");
    pg_name(sql, field->name);
    buf_add_cstr(sql, ", " SPACE ") END");
}

static void add_bronze(struct buf *sql, const struct again *again, const struct again_run *run)
{
    const struct tier_table *bronze = &again->tables.tiers[TIER_BRONZE];
    buf_printf(sql, "DELETE FROM " STR_FMT " WHERE _run_id = '%s'; INSERT INTO " STR_FMT " (" STR_FMT ") SELECT ",
        STR_ARG(bronze->name), run->run_id, STR_ARG(bronze->name), STR_ARG(bronze->list));
    for (uint32_t i = 0; i < bronze->count; i++) {
        const struct tier_column *column = &bronze->columns[i];
        buf_add_cstr(sql, i ? ", " : "");
        if (column->source == SOURCE_FIELD)
            add_resolved(sql, run->contract, &run->contract->fields[column->index]);
        else {
            buf_add_cstr(sql, "r.");
            pg_name(sql, column->name);
        }
    }
    buf_printf(
        sql, " FROM " STR_FMT " r WHERE r._run_id = '%s'; ", STR_ARG(again->tables.tiers[TIER_RAW].name), run->run_id);
}

static bool count_rows(
    struct again *again, enum tier tier, const char *run_id, uint64_t wanted, uint64_t *widest, struct err *err)
{
    const char *values[] = {run_id};
    struct str name = again->tables.tiers[tier].name;
    char *sql = arena_printf(again->arena,
        "SELECT count(*), coalesce(max(octet_length(t::text)), 0) FROM " STR_FMT " t WHERE _run_id = $1",
        STR_ARG(name));
    struct pg_result *found = sql ? pg_query(again->pg, sql, values, 1, err) : NULL;
    if (!found)
        return sql ? false : ERR(err, ERR_MEMORY, "no memory for a statement");
    uint64_t rows = pg_number(found, 0, 0);
    *widest = pg_number(found, 0, 1);
    pg_result_free(found);
    if (rows == wanted)
        return true;
    MISMATCH(err, STR_FMT " holds %" PRIu64 " rows of run %s, the journal has %" PRIu64, STR_ARG(name), rows, run_id,
        wanted);
    return err_hint(err, "'sluiced fsck' names what is missing; 'sluice reprocess' reads the file itself again.");
}

bool again_bronze(struct again *again, struct again_counts *counts, struct err *err)
{
    for (size_t i = 0; i < again->file.run_count; i++) {
        const struct again_run *run = &again->file.runs[i];
        struct buf sql;
        uint64_t widest;
        if (!run->has_raw || !has(again, TIER_RAW))
            return not_kept(run, "raw", err);
        if (!has(again, TIER_BRONZE))
            return not_kept(run, "bronze", err);
        buf_init(&sql, AGAIN_MAX_SQL);
        if (!count_rows(again, TIER_RAW, run->run_id, run->raw, &widest, err))
            return false;
        add_bronze(&sql, again, run);
        if (!again_run_text(again, &sql, err))
            return false;
        again->counts.rows += run->raw;
    }
    again->counts.out = again->counts.rows;
    *counts = again->counts;
    return fault_pass("stage-made", NULL, err);
}

/* ---- silver: what is read ---- */

/* Rows that no later run has. */
static bool add_not_later(struct buf *sql, const struct again *again, size_t of, struct err *err)
{
    enum tier tier;
    for (size_t i = of + 1; i < again->file.run_count; i++) {
        if (!again_source(again, i, &tier, err))
            return false;
        buf_printf(sql,
            " AND NOT EXISTS (SELECT FROM " STR_FMT " l WHERE l._row_number = b._row_number AND l._run_id = '%s')",
            STR_ARG(again->tables.tiers[tier].name), again->file.runs[i].run_id);
    }
    return true;
}

/* Bronze only trimmed it: then it is what was delivered, as a text keeps its spaces. */
static void add_text(struct buf *sql, struct str name, bool raw_too)
{
    if (raw_too) {
        buf_add_cstr(sql, "CASE WHEN b.");
        pg_name(sql, name);
        buf_add_cstr(sql, " IS NULL OR b.");
        pg_name(sql, name);
        buf_add_cstr(sql, " = btrim(r.");
        pg_name(sql, name);
        buf_add_cstr(sql, ", " SPACE ") THEN r.");
        pg_name(sql, name);
        buf_add_cstr(sql, " ELSE b.");
        pg_name(sql, name);
        buf_add_cstr(sql, " END, ");
    } else {
        buf_add_cstr(sql, "b.");
        pg_name(sql, name);
        buf_add_cstr(sql, ", ");
    }
}

static bool open_cursor(struct again *again, size_t of, enum tier source, struct err *err)
{
    const struct contract *contract = again->run->contract;
    struct buf sql;
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_add_cstr(&sql, "DECLARE sluice_text NO SCROLL CURSOR FOR SELECT ");
    for (uint32_t i = 0; i < contract->field_count; i++)
        add_text(&sql, contract->fields[i].name, again->raw_too);
    buf_printf(&sql,
        "%s, b._parse_error, b._row_number, (extract(epoch FROM b.ingest_ts) * 1000000)::bigint FROM " STR_FMT " b",
        contract->extra_columns == EXTRA_RESCUE ? "b._rescued" : "NULL", STR_ARG(again->tables.tiers[source].name));
    if (again->raw_too)
        buf_printf(&sql, " LEFT JOIN " STR_FMT " r ON r._run_id = b._run_id AND r._row_number = b._row_number",
            STR_ARG(again->tables.tiers[TIER_RAW].name));
    buf_printf(&sql, " WHERE b._run_id = '%s'", again->file.runs[of].run_id);
    if (!add_not_later(&sql, again, of, err)) {
        buf_dispose(&sql);
        return false;
    }
    buf_add_cstr(&sql, " ORDER BY b._row_number");
    again->cursor_open = again_run_text(again, &sql, err);
    return again->cursor_open;
}

static bool close_cursor(struct again *again, struct err *err)
{
    pg_result_free(again->page);
    again->page = NULL;
    bool ok = !again->cursor_open || pg_run(again->pg, "CLOSE sluice_text", err);
    again->cursor_open = false;
    return ok;
}

bool again_read(struct again *again, size_t of, size_t as, struct err *err)
{
    enum { MOST_ROWS = 4096, SHARE = 8 };
    const struct again_run *source = &again->file.runs[of];
    uint64_t widest = 0, ignored;
    enum tier tier;
    again->run = &again->file.runs[as];
    again->as = as;
    again->at_rejected = 0;
    if (!has(again, TIER_SILVER))
        return not_kept(again->run, "silver", err);
    if (!close_cursor(again, err) || !again_source(again, of, &tier, err) ||
        !count_rows(again, tier, source->run_id, tier == TIER_RAW ? source->raw : source->bronze, &widest, err))
        return false;
    again->raw_too = tier == TIER_BRONZE && source->has_raw && has(again, TIER_RAW);
    if (again->raw_too && !count_rows(again, TIER_RAW, source->run_id, source->raw, &ignored, err))
        return false;
    uint64_t fit = again->memory / SHARE / (widest + 64 * (again->run->contract->field_count + 4));
    again->page_rows = fit > MOST_ROWS ? MOST_ROWS : fit ? fit : 1;
    return open_cursor(again, of, tier, err);
}

/* ---- the end ---- */

bool again_commit(struct again *again, const char *run_id, bool *unsure, struct err *err)
{
    char file_id[24];
    snprintf(file_id, sizeof file_id, "%" PRId64, again->file.file_id);
    const char *values[] = {again->file.lake_id, file_id, run_id};
    *unsure = false;
    struct pg_result *done = pg_query(again->pg,
        "UPDATE sluice.ledger SET last_run = $3, changed_at = now() WHERE lake_id = $1 AND file_id = $2", values, 3,
        err);
    pg_result_free(done);
    if (!done || !fault_pass("stage-committing", NULL, err) || !pg_commit(again->pg, unsure, err))
        return false;
    again->open = false;
    *unsure = !fault_pass("stage-committed", NULL, err);
    return !*unsure;
}

bool again_ask(
    struct pg *pg, const char *lake_id, int64_t file_id, const char *run_id, bool *committed, struct err *err)
{
    char file[24];
    bool unsure;
    snprintf(file, sizeof file, "%" PRId64, file_id);
    const char *values[] = {lake_id, file, run_id};
    *committed = false;
    if (!pg_begin(pg, STR(""), err))
        return false;
    struct pg_result *row = pg_query(pg,
        "SELECT last_run IS NOT DISTINCT FROM $3 FROM sluice.ledger WHERE lake_id = $1 AND file_id = $2 FOR UPDATE",
        values, 3, err);
    bool ok = row != NULL;
    if (ok && pg_rows(row))
        *committed = str_eq(pg_value(row, 0, 0), STR("t"));
    pg_result_free(row);
    ok = ok && pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    return ok;
}

/* ---- what there is ---- */

static bool read_file(const struct pg_result *rows, int at, struct again_found *file, struct arena *arena)
{
    *file = (struct again_found){.file_id = (int64_t)pg_number(rows, at, 0)};
    struct str ids = pg_value(rows, at, 1);
    file->run_ids = ARENA_ARRAY(arena, struct str, ids.n + 1);
    while (file->run_ids && ids.n) {
        size_t n = str_find_byte(ids, ',');
        struct str id = arena_str(arena, (struct str){ids.p, n});
        if (!id.p)
            return false;
        file->run_ids[file->run_count++] = id;
        ids = n < ids.n ? (struct str){ids.p + n + 1, ids.n - n - 1} : STR("");
    }
    return file->run_ids != NULL;
}

bool again_list(struct pg *pg, const char *lake_id, struct str dataset, struct again_found **files, size_t *count,
    struct arena *arena, struct err *err)
{
    const char *values[] = {lake_id, arena_cstr(arena, dataset.p)};
    bool unsure;
    *files = NULL;
    *count = 0;
    if (!pg_begin(pg, STR(""), err))
        return false;
    struct pg_result *there = pg_query(pg, "SELECT 1 WHERE to_regclass('sluice.ledger') IS NOT NULL", NULL, 0, err);
    struct pg_result *rows = there && pg_rows(there)
                                 ? pg_query(pg,
                                       "SELECT file_id, array_to_string(run_ids, ',') FROM sluice.ledger WHERE lake_id "
                                       "= $1 AND dataset = $2 AND run_ids <> '{}' ORDER BY file_id",
                                       values, 2, err)
                                 : NULL;
    bool ok = there && (rows || !pg_rows(there));
    size_t n = rows ? (size_t)pg_rows(rows) : 0;
    if (ok && n && !(*files = ARENA_ARRAY(arena, struct again_found, n)))
        ok = ERR(err, ERR_MEMORY, "no memory for the files in the warehouse");
    for (; ok && *count < n; ++*count)
        ok = read_file(rows, (int)*count, &(*files)[*count], arena) ||
             ERR(err, ERR_MEMORY, "no memory for the files in the warehouse");
    pg_result_free(there);
    pg_result_free(rows);
    ok = ok && pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    return ok;
}
