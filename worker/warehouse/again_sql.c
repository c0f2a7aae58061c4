#include "worker/warehouse/again_internal.h"
#include "worker/warehouse/binary.h"

#include <stdio.h>

enum { FLUSH_BYTES = 4 * 1024 * 1024, MAX_COPY = 1 << 30 };

/* As Hive's FileUtils.escapePathName: two bytes more in a folder's name each. */
#define ESCAPED                                                                                                   \
    "E'\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0a\\x0b\\x0c\\x0d\\x0e\\x0f\\x10\\x11\\x12\\x13\\x14\\x15" \
    "\\x16\\x17\\x18\\x19\\x1a\\x1b\\x1c\\x1d\\x1e\\x1f\\x7f\"#%''*/:=?\\\\{}[]^'"

static uint32_t first_derived(const struct contract *contract)
{
    return contract->scope.count - contract->derived_count;
}

static bool filters_late(const struct contract *contract)
{
    uint32_t count;
    const uint32_t *slots = expr_slots(contract->filter, &count);
    return count && slots[count - 1] >= first_derived(contract);
}

static const struct reference *reference_of(const struct contract *contract, uint32_t slot, uint32_t *at, uint32_t *c)
{
    slot -= contract->field_count;
    for (*at = 0; slot >= contract->references[*at].column_count; ++*at)
        slot -= contract->references[*at].column_count;
    *c = slot;
    return &contract->references[*at];
}

/* ---- tables ---- */

void sql_typed_table(struct buf *sql, const struct contract *contract)
{
    buf_add_cstr(sql, "CREATE TEMP TABLE sluice_typed (");
    for (uint32_t i = 0; i < contract->field_count; i++) {
        pg_name(sql, contract->fields[i].name);
        buf_add_byte(sql, ' ');
        tables_type(sql, contract->fields[i].type);
        buf_add_cstr(sql, ", ");
    }
    buf_add_cstr(sql, "_rescued text, _row_number bigint, _ingest timestamp with time zone, _wrong boolean, "
                      "_known boolean, _failed text) ON COMMIT DROP");
}

static bool copy_reference(
    struct again *again, const struct reference *reference, const char *statement, struct err *err)
{
    struct buf rows;
    bool ok = pg_copy_begin(again->pg, statement, err);
    buf_init(&rows, MAX_COPY);
    binary_head(&rows);
    for (uint32_t row = 0; ok && row < reference->rows; row++) {
        binary_row(&rows, (uint16_t)(reference->column_count + 1));
        for (uint32_t c = 0; c <= reference->column_count; c++) {
            const struct vector *vector = c ? &reference->columns[c - 1] : &reference->key;
            if (vector->state[row] == VALUE_PRESENT)
                binary_value(&rows, vector->type, vector_at(vector, row));
            else
                binary_null(&rows);
        }
        if (rows.n < FLUSH_BYTES)
            continue;
        ok = buf_ok(&rows, "a reference", err) && pg_copy_put(again->pg, buf_str(&rows), err);
        buf_reset(&rows);
    }
    binary_tail(&rows);
    ok = ok && buf_ok(&rows, "a reference", err) && pg_copy_put(again->pg, buf_str(&rows), err) &&
         pg_copy_end(again->pg, err);
    buf_dispose(&rows);
    return ok;
}

static bool make_reference(struct again *again, uint32_t at, struct err *err)
{
    const struct reference *reference = &again->run->contract->references[at];
    struct buf sql;
    char statement[80];
    buf_init(&sql, AGAIN_MAX_SQL);
    buf_printf(
        &sql, "DROP TABLE IF EXISTS pg_temp.sluice_reference_%u; CREATE TEMP TABLE sluice_reference_%u (_key ", at, at);
    tables_type(&sql, reference->key_type);
    for (uint32_t c = 0; c < reference->column_count; c++) {
        buf_printf(&sql, ", _c%u ", c);
        tables_type(&sql, reference->columns[c].type);
    }
    buf_add_cstr(&sql, ") ON COMMIT DROP");
    snprintf(statement, sizeof statement, "COPY pg_temp.sluice_reference_%u FROM STDIN (FORMAT binary)", at);
    if (!again_run_text(again, &sql, err) || !copy_reference(again, reference, statement, err))
        return false;
    snprintf(statement, sizeof statement, "ANALYZE pg_temp.sluice_reference_%u", at);
    return pg_run(again->pg, statement, err);
}

bool sql_references(struct again *again, struct err *err)
{
    for (uint32_t i = 0; i < again->run->contract->reference_count; i++)
        if (!make_reference(again, i, err))
            return false;
    return true;
}

/* ---- one expression ---- */

/* Slots, and what derived ones among them are made of. */
static void add_slots(struct buf *sql, const struct contract *contract, const struct expr *expr)
{
    uint32_t count;
    const uint32_t *slots = expr_slots(expr, &count);
    for (uint32_t i = 0; i < count; i++) {
        buf_printf(sql, "%u,", slots[i]);
        if (slots[i] >= first_derived(contract))
            add_slots(sql, contract, contract->derived[slots[i] - first_derived(contract)].expr);
    }
}

static void add_fields(struct buf *sql, const struct contract *contract, const struct expr *expr)
{
    uint32_t count, added = 0;
    const uint32_t *slots = expr_slots(expr, &count);
    buf_add_cstr(sql, "(SELECT ");
    for (uint32_t i = 0; i < count; i++) {
        if (slots[i] >= contract->field_count && slots[i] < first_derived(contract))
            continue;
        buf_add_cstr(sql, added++ ? ", _t." : "_t.");
        pg_name(sql, contract->scope.names[slots[i]].name);
    }
    buf_add_cstr(sql, added ? ") _s" : "1) _s");
}

static void add_references(struct buf *sql, const struct contract *contract, const struct expr *expr)
{
    uint32_t count, last = UINT32_MAX, at, c;
    const uint32_t *slots = expr_slots(expr, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (slots[i] < contract->field_count || slots[i] >= first_derived(contract))
            continue;
        const struct reference *reference = reference_of(contract, slots[i], &at, &c);
        if (at != last && last != UINT32_MAX) {
            buf_add_cstr(sql, ") ");
            pg_name(sql, contract->references[last].name);
        }
        buf_printf(sql, "%s_t._r%u_%u AS ",
            at == last           ? ", "
            : last == UINT32_MAX ? " FROM (SELECT "
                                 : ", (SELECT ",
            at, c);
        pg_name(sql, reference->column_names[c]);
        last = at;
    }
    if (last != UINT32_MAX) {
        buf_add_cstr(sql, ") ");
        pg_name(sql, contract->references[last].name);
    }
}

enum when { WHEN_ALWAYS, WHEN_ACTIVE };

/*
 * Its value where nothing that it reads failed. Names of fields are looked for one level nearer than references, so
 * that a column of a reference may be called as a field is. before, after: around the column _v of the value.
 */
static void add_value(struct buf *sql, const struct contract *contract, const struct expr *expr,
    const struct type *type, enum when when, const char *before, const char *after)
{
    buf_add_cstr(sql, "CASE WHEN NOT (_t._bad && '{");
    size_t start = sql->n;
    add_slots(sql, contract, expr);
    if (sql->n > start)
        sql->p[--sql->n] = '\0';
    buf_add_cstr(sql, "}'::int[])");
    if (when == WHEN_ACTIVE && contract->filter) {
        buf_add_cstr(sql, " AND (_t._wrong OR _t._filter");
        for (uint32_t i = 0; i < contract->reference_count; i++)
            buf_printf(sql, " OR _t._k%u", i);
        buf_add_cstr(sql, ") IS TRUE");
    }
    buf_printf(sql, " THEN (SELECT (SELECT %s FROM (SELECT ", before);
    if (type)
        buf_add_cstr(sql, "CAST(");
    buf_add_byte(sql, '(');
    expr_print_sql(expr, sql);
    buf_add_byte(sql, ')');
    if (type) {
        buf_add_cstr(sql, " AS ");
        tables_type(sql, *type);
        buf_add_byte(sql, ')');
    }
    buf_add_cstr(sql, " AS _v FROM ");
    add_fields(sql, contract, expr);
    buf_printf(sql, ") _w%s)", after);
    add_references(sql, contract, expr);
    buf_add_cstr(sql, ") END");
}

static void add_partition(struct buf *sql, const struct contract *contract, uint32_t i)
{
    const struct partition_column *partition = &contract->partitions[i];
    static const char text[] =
        "CASE WHEN _v IS NULL THEN 1 WHEN _v = '' THEN 2 WHEN octet_length(_v) + 2 * "
        "(char_length(_v) - char_length(translate(_v, " ESCAPED ", ''))) > 200 THEN 3 ELSE 0 END";
    add_value(sql, contract, partition->expr, &partition->type, WHEN_ACTIVE,
        partition->type.kind == TYPE_STRING ? text : "CASE WHEN _v IS NULL THEN 1 ELSE 0 END", "");
}

/* ---- the steps: each reads what those before it made ---- */

enum step_kind { STEP_FILTER, STEP_DERIVED, STEP_RULE, STEP_PARTITION };

struct sql_step {
    enum step_kind kind;
    uint32_t index;
};

/* The i-th; false: there are no more. */
static bool step_at(const struct contract *contract, uint32_t i, struct sql_step *step)
{
    bool early = contract->filter && !filters_late(contract), late = contract->filter && !early;
    if (early && i-- == 0) {
        *step = (struct sql_step){STEP_FILTER, 0};
        return true;
    }
    if (i < contract->derived_count) {
        *step = (struct sql_step){STEP_DERIVED, i};
        return true;
    }
    i -= contract->derived_count;
    if (late && i-- == 0) {
        *step = (struct sql_step){STEP_FILTER, 0};
        return true;
    }
    *step = (struct sql_step){
        i < contract->rule_count ? STEP_RULE : STEP_PARTITION, i < contract->rule_count ? i : i - contract->rule_count};
    return i < contract->rule_count + contract->partition_count;
}

static bool is_told(const struct contract *contract, const struct sql_step *step)
{
    return step->kind != STEP_RULE || contract->rules[step->index].severity != SEVERITY_WARN;
}

static void add_step_column(struct buf *sql, const struct contract *contract, const struct sql_step *step)
{
    if (step->kind == STEP_FILTER)
        buf_add_cstr(sql, "_filter");
    else if (step->kind == STEP_DERIVED)
        pg_name(sql, contract->derived[step->index].name);
    else
        buf_printf(sql, "_%c%u", step->kind == STEP_RULE ? 'u' : 'p', step->index);
}

static void add_step_value(struct buf *sql, const struct contract *contract, const struct sql_step *step)
{
    enum when after_filter = contract->filter && !filters_late(contract) ? WHEN_ACTIVE : WHEN_ALWAYS;
    const struct derived *derived = &contract->derived[step->index];
    switch (step->kind) {
    case STEP_FILTER:
        add_value(sql, contract, contract->filter, NULL, WHEN_ALWAYS, "_v", "");
        break;
    case STEP_DERIVED:
        add_value(sql, contract, derived->expr, &derived->type, after_filter, "_v", "");
        break;
    case STEP_RULE:
        add_value(sql, contract, contract->rules[step->index].expr, NULL, WHEN_ACTIVE, "_v", "");
        break;
    case STEP_PARTITION:
        add_partition(sql, contract, step->index);
    }
}

void sql_joined(struct buf *sql, const struct contract *contract, const char *where)
{
    buf_add_cstr(sql, "SELECT ");
    for (uint32_t i = 0; i < contract->field_count; i++) {
        buf_add_cstr(sql, "_y.");
        pg_name(sql, contract->fields[i].name);
        buf_add_cstr(sql, ", ");
    }
    buf_add_cstr(
        sql, "_y._rescued, _y._row_number, _y._ingest, _y._wrong, _y._known, coalesce(_y._failed::int[], '{}')");
    uint32_t slot = contract->field_count;
    for (uint32_t i = 0; i < contract->reference_count; i++) {
        const struct reference *reference = &contract->references[i];
        buf_printf(sql, " || CASE WHEN %d = ANY (coalesce(_y._failed::int[], '{}'))", reference->on_field);
        if (reference->missing_reject) {
            buf_add_cstr(sql, " OR (_y.");
            pg_name(sql, contract->fields[reference->on_field].name);
            buf_printf(sql, " IS NOT NULL AND _x%u._key IS NULL)", i);
        }
        buf_add_cstr(sql, " THEN '{");
        for (uint32_t c = 0; c < reference->column_count; c++)
            buf_printf(sql, "%s%u", c ? "," : "", slot++);
        buf_add_cstr(sql, "}' ELSE '{}' END::int[]");
    }
    buf_add_cstr(sql, " AS _bad");
    for (uint32_t i = 0; i < contract->reference_count; i++) {
        const struct reference *reference = &contract->references[i];
        buf_printf(sql, ", %s AND NOT (%d = ANY (coalesce(_y._failed::int[], '{}'))) AND _y.",
            reference->missing_reject ? "true" : "false", reference->on_field);
        pg_name(sql, contract->fields[reference->on_field].name);
        buf_printf(sql, " IS NOT NULL AND _x%u._key IS NULL AS _k%u", i, i);
        for (uint32_t c = 0; c < reference->column_count; c++)
            buf_printf(sql, ", _x%u._c%u AS _r%u_%u", i, c, i, c);
    }
    buf_add_cstr(sql, " FROM " AGAIN_TYPED " _y");
    for (uint32_t i = 0; i < contract->reference_count; i++) {
        buf_printf(sql, " LEFT JOIN pg_temp.sluice_reference_%u _x%u ON _x%u._key = _y.", i, i, i);
        pg_name(sql, contract->fields[contract->references[i].on_field].name);
    }
    buf_add_cstr(sql, where);
}

/* From the outermost SELECT inwards. OFFSET 0 keeps PostgreSQL from writing a value's text out wherever it is read;
 * what nothing reads stands in one SELECT. */
void sql_judged(struct buf *sql, const struct contract *contract, const char *where)
{
    struct sql_step step;
    uint32_t layers = 0, steps = 0;
    bool shares = false;
    while (step_at(contract, steps, &step))
        steps++;
    for (uint32_t i = steps; i > 0; i--) {
        if (!step_at(contract, i - 1, &step) || !is_told(contract, &step))
            continue;
        bool is_last = step.kind == STEP_RULE || step.kind == STEP_PARTITION;
        if (!(shares && is_last)) {
            buf_add_cstr(sql, layers++ ? " FROM (SELECT _t.*" : "SELECT _t.*");
            shares = is_last;
        }
        buf_add_cstr(sql, ", ");
        add_step_value(sql, contract, &step);
        buf_add_cstr(sql, " AS ");
        add_step_column(sql, contract, &step);
    }
    buf_add_cstr(sql, layers ? " FROM (" : "");
    sql_joined(sql, contract, where);
    for (uint32_t i = 0; i < layers; i++)
        buf_add_cstr(sql, " OFFSET 0) _t");
}

void sql_is_wrong(struct buf *sql, const struct contract *contract)
{
    buf_add_cstr(sql, "(_t._wrong");
    for (uint32_t i = 0; i < contract->reference_count; i++)
        buf_printf(sql, " OR _t._k%u", i);
    for (uint32_t i = 0; i < contract->rule_count; i++)
        if (contract->rules[i].severity != SEVERITY_WARN)
            buf_printf(sql, " OR _t._u%u IS FALSE", i);
    for (uint32_t i = 0; i < contract->partition_count; i++)
        buf_printf(sql, " OR coalesce(_t._p%u, 0) > 0", i);
    buf_add_byte(sql, ')');
}

void sql_is_kept(struct buf *sql, const struct contract *contract)
{
    if (contract->filter)
        buf_add_cstr(sql, " AND _t._filter IS TRUE");
}

/* ---- one at a time ---- */

static struct str step_name(const struct contract *contract, const struct sql_step *step)
{
    switch (step->kind) {
    case STEP_DERIVED:
        return contract->derived[step->index].name;
    case STEP_RULE:
        return contract->rules[step->index].id;
    case STEP_PARTITION:
        return contract->partitions[step->index].name;
    default:
        return STR("filter");
    }
}

static void add_careful_step(struct buf *code, const struct contract *contract, const struct sql_step *step, size_t run)
{
    static const int orders[] = {ORDER_FILTER, ORDER_DERIVED, ORDER_RULE, ORDER_PARTITION};
    buf_add_cstr(code, "BEGIN UPDATE " AGAIN_JUDGED " _t SET ");
    add_step_column(code, contract, step);
    buf_add_cstr(code, " = ");
    add_step_value(code, contract, step);
    buf_printf(code,
        " WHERE _t._row_number = _n; EXCEPTION WHEN data_exception THEN INSERT INTO " AGAIN_ERRORS
        " " AGAIN_ERROR_COLUMNS " SELECT _n, %zu, _t._known, %u, %d, %d, NULL, ",
        run, (unsigned)orders[step->kind] + step->index, STAGE_RULES, CODE_EXPRESSION);
    if (step->kind == STEP_RULE)
        buf_printf(code, "%u, NULL, ", step->index);
    else
        buf_add_cstr(code, "NULL, NULL, ");
    pg_literal(code, step_name(contract, step));
    buf_add_cstr(code, " || ': ' || SQLERRM FROM " AGAIN_JUDGED " _t WHERE _t._row_number = _n; "
                       "UPDATE " AGAIN_JUDGED " _t SET _wrong = true");
    if (step->kind == STEP_DERIVED)
        buf_printf(code, ", _bad = _bad || %u", first_derived(contract) + step->index);
    buf_add_cstr(code, " WHERE _t._row_number = _n; END; ");
}

static void add_joined_columns(struct buf *code, const struct contract *contract)
{
    for (uint32_t i = 0; i < contract->field_count; i++) {
        pg_name(code, contract->fields[i].name);
        buf_add_cstr(code, ", ");
    }
    buf_add_cstr(code, "_rescued, _row_number, _ingest, _wrong, _known, _bad");
    for (uint32_t i = 0; i < contract->reference_count; i++) {
        buf_printf(code, ", _k%u", i);
        for (uint32_t c = 0; c < contract->references[i].column_count; c++)
            buf_printf(code, ", _r%u_%u", i, c);
    }
}

void sql_careful(struct buf *sql, const struct contract *contract, size_t run, int64_t first, int64_t last)
{
    struct buf code;
    struct sql_step step;
    buf_init(&code, AGAIN_MAX_SQL);
    buf_printf(&code,
        "DECLARE _n bigint; BEGIN FOR _n IN SELECT _y._row_number FROM " AGAIN_TYPED
        " _y WHERE _y._row_number BETWEEN %lld AND %lld LOOP INSERT INTO " AGAIN_JUDGED " (",
        (long long)first, (long long)last);
    add_joined_columns(&code, contract);
    buf_add_cstr(&code, ") ");
    sql_joined(&code, contract, " WHERE _y._row_number = _n");
    buf_add_cstr(&code, "; ");
    for (uint32_t i = 0; step_at(contract, i, &step); i++)
        if (is_told(contract, &step))
            add_careful_step(&code, contract, &step, run);
    buf_add_cstr(&code, "END LOOP; END");
    buf_add_cstr(sql, "DO ");
    if (code.failed)
        sql->failed = true;
    else
        pg_literal(sql, buf_str(&code));
    buf_dispose(&code);
}
