#include "worker/warehouse/tables.h"

#include "schema/warehouse.sql.h"

enum { MAX_SQL = 4 * 1024 * 1024 };

#define CONFIG(err, ...) err_set((err), ERR_CONFIG, PG_ERROR, __FILE__, __LINE__, __VA_ARGS__)

/* ---- what is wanted ---- */

void tables_type(struct buf *out, struct type type)
{
    static const char *const names[] = {[TYPE_STRING] = "text",
        [TYPE_INTEGER] = "bigint",
        [TYPE_DECIMAL] = "numeric",
        [TYPE_DOUBLE] = "double precision",
        [TYPE_BOOLEAN] = "boolean",
        [TYPE_DATE] = "date",
        [TYPE_TIME] = "time without time zone",
        [TYPE_TIMESTAMP] = "timestamp with time zone"};
    buf_add_cstr(out, names[type.kind]);
    if (type.kind == TYPE_DECIMAL)
        buf_printf(out, "(%u,%u)", type.precision, type.scale);
}

static void add(struct tier_table *table, struct str name, struct type type, enum column_source source, uint32_t index)
{
    table->columns[table->count++] = (struct tier_column){name, type, source, index};
}

static void choose_columns(struct tables *tables, enum tier tier)
{
    const struct contract *contract = tables->contract;
    struct tier_table *table = &tables->tiers[tier];
    bool typed = tier == TIER_SILVER;
    for (uint32_t i = 0; i < contract->field_count; i++)
        add(table, contract->fields[i].name, typed ? contract->fields[i].type : TYPE(TYPE_STRING), SOURCE_FIELD, i);
    uint32_t first_derived = contract->scope.count - contract->derived_count;
    for (uint32_t i = 0; typed && i < contract->derived_count; i++)
        add(table, contract->derived[i].name, contract->derived[i].type, SOURCE_VECTOR, first_derived + i);
    if (contract->extra_columns == EXTRA_RESCUE)
        add(table, STR("_rescued"), TYPE(TYPE_STRING), SOURCE_VECTOR,
            contract->scope.count + contract->partition_count);
    if (!typed)
        add(table, STR("_parse_error"), TYPE(TYPE_STRING), SOURCE_PARSE_ERROR, 0);
    add(table, STR("_run_id"), TYPE(TYPE_STRING), SOURCE_RUN_ID, 0);
    add(table, STR("_row_number"), TYPE(TYPE_INTEGER), SOURCE_ROW_NUMBER, 0);
    add(table, STR("ingest_ts"), TYPE(TYPE_TIMESTAMP), SOURCE_INGEST_TS, 0);
}

static bool name_table(struct tables *tables, enum tier tier, struct arena *arena, struct err *err)
{
    const struct warehouse *warehouse = &tables->contract->warehouse;
    struct tier_table *table = &tables->tiers[tier];
    struct buf text;
    buf_init(&text, MAX_SQL);
    pg_name(&text, warehouse->schema);
    buf_add_byte(&text, '.');
    pg_name(&text, warehouse->tables[tier]);
    table->name = arena_str(arena, buf_str(&text));
    buf_reset(&text);
    for (uint32_t i = 0; i < table->count; i++) {
        buf_add_cstr(&text, i ? ", " : "");
        pg_name(&text, table->columns[i].name);
    }
    table->list = arena_str(arena, buf_str(&text));
    bool ok = buf_ok(&text, "the columns of a table", err);
    buf_dispose(&text);
    return ok && ((table->name.p && table->list.p) || ERR(err, ERR_MEMORY, "no memory for the columns of a table"));
}

bool tables_init(struct tables *tables, const struct contract *contract, struct arena *arena, struct err *err)
{
    enum { OWN = 8 };
    *tables = (struct tables){.contract = contract};
    for (enum tier tier = 0; tier < TIER_COUNT; tier++) {
        struct tier_table *table = &tables->tiers[tier];
        if (!(contract->warehouse.stages & 1U << tier))
            continue;
        table->columns = ARENA_ARRAY(arena, struct tier_column, contract->field_count + contract->derived_count + OWN);
        if (!table->columns)
            return ERR(err, ERR_MEMORY, "no memory for the columns of a table");
        choose_columns(tables, tier);
        if (!name_table(tables, tier, arena, err))
            return false;
    }
    return true;
}

/* ---- what is there ---- */

/* A table as the catalogue has it: name, type, what it was made as (or NULL), for whom (or NULL). A column that was
 * made and is gone has no type. */
#define COLUMNS                                                                                                \
    "SELECT coalesce(a.attname, m.column_name), format_type(a.atttypid, a.atttypmod), m.type, m.dataset, "     \
    "       to_regclass($1) IS NOT NULL "                                                                      \
    "  FROM (SELECT attname::text, atttypid, atttypmod FROM pg_attribute "                                     \
    "         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped) a "                        \
    "  FULL JOIN (SELECT * FROM sluice.made WHERE schema_name = $2 AND table_name = $3) m ON m.column_name = " \
    "a.attname"

struct look {
    struct pg *pg;
    const struct tables *tables;
    enum tier tier;
    struct pg_result *found;
    struct buf sql;
};

static const struct tier_table *table_of(const struct look *look)
{
    return &look->tables->tiers[look->tier];
}

static struct str short_name(const struct look *look)
{
    return look->tables->contract->warehouse.tables[look->tier];
}

static int find_column(const struct look *look, struct str name)
{
    for (int i = 0; i < pg_rows(look->found); i++)
        if (str_eq(pg_value(look->found, i, 0), name))
            return i;
    return -1;
}

static void remember(struct look *look, const struct tier_column *column, struct str type)
{
    const struct contract *contract = look->tables->contract;
    struct str values[] = {contract->warehouse.schema, short_name(look), column->name, type, contract->dataset};
    buf_add_cstr(&look->sql, "INSERT INTO sluice.made VALUES (");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf_add_cstr(&look->sql, i ? ", " : "");
        pg_literal(&look->sql, values[i]);
    }
    buf_add_cstr(
        &look->sql, ") ON CONFLICT (schema_name, table_name, column_name) DO UPDATE SET type = excluded.type;\n");
}

static void alter(struct look *look, const char *verb, const struct tier_column *column, struct str type)
{
    buf_printf(&look->sql, "ALTER TABLE " STR_FMT " %s COLUMN ", STR_ARG(table_of(look)->name), verb);
    pg_name(&look->sql, column->name);
    buf_printf(&look->sql, " %s" STR_FMT ";\n", verb[1] == 'L' ? "TYPE " : "", STR_ARG(type));
    remember(look, column, type);
}

/* Values that were loaded under the old type all fit, or the server says no. */
static bool is_wider(struct str was, struct str wanted)
{
    bool was_number = str_eq(was, STR("bigint")) || str_starts(was, STR("numeric("));
    return str_eq(wanted, STR("text")) || (was_number && str_starts(wanted, STR("numeric(")));
}

static bool check_column(struct look *look, const struct tier_column *column, struct str wanted, struct err *err)
{
    int at = find_column(look, column->name);
    if (at < 0) {
        alter(look, "ADD", column, wanted);
        return true;
    }
    struct str is = pg_value(look->found, at, 1), made = pg_value(look->found, at, 2);
    if (!is.p) {
        CONFIG(err, "somebody dropped or renamed the column " STR_FMT " of " STR_FMT, STR_ARG(column->name),
            STR_ARG(table_of(look)->name));
        return err_hint(err, "Put it back, or forget it (DELETE FROM sluice.made) to have an empty one made.");
    }
    if (str_eq(is, wanted)) {
        if (!made.p || !str_eq(made, wanted))
            remember(look, column, wanted);
        return true;
    }
    if (made.p && str_eq(is, made) && is_wider(is, wanted)) {
        alter(look, "ALTER", column, wanted);
        return true;
    }
    CONFIG(err, "the column " STR_FMT " of " STR_FMT " is " STR_FMT ", the contract wants " STR_FMT,
        STR_ARG(column->name), STR_ARG(table_of(look)->name), STR_ARG(is), STR_ARG(wanted));
    return err_hint(err, "Alter it to that type, or change the contract back.");
}

static bool check_columns(struct look *look, struct err *err)
{
    struct buf type;
    bool ok = true;
    buf_init(&type, 128);
    for (uint32_t i = 0; ok && i < table_of(look)->count; i++) {
        buf_reset(&type);
        tables_type(&type, table_of(look)->columns[i].type);
        ok = check_column(look, &table_of(look)->columns[i], buf_str(&type), err);
    }
    buf_dispose(&type);
    return ok;
}

static bool check_owner(struct look *look, struct err *err)
{
    for (int i = 0; i < pg_rows(look->found); i++) {
        struct str owner = pg_value(look->found, i, 3);
        if (owner.p && !str_eq(owner, look->tables->contract->dataset)) {
            CONFIG(err, "the table " STR_FMT " is the dataset " STR_FMT "'s", STR_ARG(table_of(look)->name),
                STR_ARG(owner));
            return err_hint(err, "Name other tables, or another schema, in the contract's warehouse section.");
        }
    }
    return true;
}

static void create(struct look *look)
{
    const struct tier_table *table = table_of(look);
    buf_printf(&look->sql, "CREATE TABLE " STR_FMT " (", STR_ARG(table->name));
    for (uint32_t i = 0; i < table->count; i++) {
        const struct tier_column *column = &table->columns[i];
        buf_add_cstr(&look->sql, i ? ", " : "");
        pg_name(&look->sql, column->name);
        buf_add_byte(&look->sql, ' ');
        tables_type(&look->sql, column->type);
        buf_add_cstr(&look->sql, column->source >= SOURCE_RUN_ID ? " NOT NULL" : "");
    }
    buf_add_cstr(&look->sql, ");\n");
    for (uint32_t i = 0; i < table->count; i++) {
        struct buf type;
        buf_init(&type, 128);
        tables_type(&type, table->columns[i].type);
        remember(look, &table->columns[i], buf_str(&type));
        buf_dispose(&type);
    }
    buf_printf(&look->sql,
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_read') THEN GRANT SELECT ON " STR_FMT
        " TO sluice_read; END IF; END $$;\n",
        STR_ARG(table->name));
}

static bool ensure_table(struct look *look, struct err *err)
{
    const struct warehouse *warehouse = &look->tables->contract->warehouse;
    const char *values[] = {table_of(look)->name.p, warehouse->schema.p, short_name(look).p};
    look->found = pg_query(look->pg, COLUMNS, values, 3, err);
    if (!look->found)
        return false;
    bool exists = pg_rows(look->found) && str_eq(pg_value(look->found, 0, 4), STR("t")), ok = true;
    buf_reset(&look->sql);
    if (exists)
        ok = check_owner(look, err) && check_columns(look, err);
    else if (!pg_rows(look->found))
        create(look);
    else {
        ok = CONFIG(err, "somebody dropped or renamed the table " STR_FMT, STR_ARG(table_of(look)->name));
        err_hint(err, "Put it back, or forget it (DELETE FROM sluice.made) to have an empty one made.");
    }
    ok = ok && buf_ok(&look->sql, "a statement", err) && (!look->sql.n || pg_run(look->pg, look->sql.p, err));
    pg_result_free(look->found);
    return ok;
}

/* By whether it is there, as CREATE … IF NOT EXISTS asks for the right to create even where it need not. */
static bool ensure_schemas(struct pg *pg, struct str schema, struct err *err)
{
    const char *values[] = {schema.p};
    struct pg_result *found = pg_query(pg,
        "SELECT to_regclass('sluice.ledger') IS NOT NULL, EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", values,
        1, err);
    if (!found)
        return false;
    bool own = str_eq(pg_value(found, 0, 0), STR("t")), theirs = str_eq(pg_value(found, 0, 1), STR("t"));
    struct buf sql;
    buf_init(&sql, MAX_SQL);
    if (!own)
        buf_add_cstr(&sql, warehouse_sql_text);
    if (!theirs) {
        buf_add_cstr(&sql, "CREATE SCHEMA ");
        pg_name(&sql, schema);
        buf_add_cstr(&sql,
            "; DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_read') THEN GRANT USAGE ON SCHEMA ");
        pg_name(&sql, schema);
        buf_add_cstr(&sql, " TO sluice_read; END IF; END $$;");
    }
    pg_result_free(found);
    bool ok = buf_ok(&sql, "a statement", err) && (!sql.n || pg_run(pg, sql.p, err));
    buf_dispose(&sql);
    return ok;
}

bool tables_ensure(struct pg *pg, const struct tables *tables, struct err *err)
{
    struct look look = {.pg = pg, .tables = tables};
    bool unsure;
    if (!pg_begin(pg, STR(""), err))
        return false;
    buf_init(&look.sql, MAX_SQL);
    bool ok = pg_run(pg, "SELECT pg_advisory_xact_lock(hashtext('sluice'))", err) &&
              ensure_schemas(pg, tables->contract->warehouse.schema, err);
    for (enum tier tier = 0; ok && tier < TIER_COUNT; tier++) {
        look.tier = tier;
        ok = !tables_have(tables, tier) || ensure_table(&look, err);
    }
    buf_dispose(&look.sql);
    ok = ok && pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    return ok;
}

bool tables_lock(struct pg *pg, const struct tables *tables, struct err *err)
{
    struct buf sql;
    buf_init(&sql, MAX_SQL);
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        if (tables_have(tables, tier))
            buf_printf(&sql, "%s" STR_FMT, sql.n ? ", " : "LOCK TABLE ", STR_ARG(tables->tiers[tier].name));
    buf_add_cstr(&sql, " IN ROW EXCLUSIVE MODE");
    bool ok = buf_ok(&sql, "a statement", err) && pg_run(pg, sql.p, err);
    buf_dispose(&sql);
    return ok;
}
