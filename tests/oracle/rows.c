#include "tests/oracle/rows.h"

#include "tests/oracle/words.h"
#include "worker/value/value.h"

static const struct column {
    const char *name;
    struct type type;
    const char *sql;
} columns[ROWS_COLUMNS] = {
    {"i", {TYPE_INTEGER, 0, 0}, "bigint"},
    {"j", {TYPE_INTEGER, 0, 0}, "bigint"},
    {"k", {TYPE_INTEGER, 0, 0}, "bigint"},
    {"p", {TYPE_DECIMAL, 18, 2}, "numeric(18,2)"},
    {"q", {TYPE_DECIMAL, 18, 2}, "numeric(18,2)"},
    {"r", {TYPE_DECIMAL, 18, 6}, "numeric(18,6)"},
    {"w", {TYPE_DECIMAL, 38, 9}, "numeric(38,9)"},
    {"z", {TYPE_DECIMAL, 38, 0}, "numeric(38,0)"},
    {"d", {TYPE_DOUBLE, 0, 0}, "double precision"},
    {"e", {TYPE_DOUBLE, 0, 0}, "double precision"},
    {"s", {TYPE_STRING, 0, 0}, "text"},
    {"u", {TYPE_STRING, 0, 0}, "text"},
    {"v", {TYPE_STRING, 0, 0}, "text"},
    {"b", {TYPE_BOOLEAN, 0, 0}, "boolean"},
    {"c", {TYPE_BOOLEAN, 0, 0}, "boolean"},
    {"dt", {TYPE_DATE, 0, 0}, "date"},
    {"da", {TYPE_DATE, 0, 0}, "date"},
    {"tm", {TYPE_TIME, 0, 0}, "time"},
    {"ts", {TYPE_TIMESTAMP, 0, 0}, "timestamptz"},
    {"at", {TYPE_TIMESTAMP, 0, 0}, "timestamptz"},
    {"rates.rate", {TYPE_DECIMAL, 18, 4}, "numeric(18,4)"},
};

/* The name of a reference's column, without the reference. */
static const char *column_name(uint32_t c)
{
    const char *point = strchr(columns[c].name, '.');
    return point ? point + 1 : columns[c].name;
}

void rows_table(struct buf *sql)
{
    buf_add_cstr(sql, "create table oracle.t (_row int");
    for (uint32_t c = 0; c < ROWS_COLUMNS; c++)
        buf_printf(sql, ", \"%s\" %s", column_name(c), columns[c].sql);
    buf_add_byte(sql, ')');
}

static void random_value(struct dice *dice, const struct type *type, struct buf *out)
{
    switch (type->kind) {
    case TYPE_INTEGER:
        words_integer(dice, out);
        break;
    case TYPE_DECIMAL:
        words_decimal(dice, type->precision, type->scale, out);
        break;
    case TYPE_DOUBLE:
        words_double(dice, out);
        break;
    case TYPE_BOOLEAN:
        buf_add_cstr(out, dice_percent(dice, 50) ? "true" : "false");
        break;
    case TYPE_DATE:
        words_date(dice, out);
        break;
    case TYPE_TIME:
        words_time(dice, out);
        break;
    case TYPE_TIMESTAMP:
        words_stamp(dice, out);
        break;
    default:
        words_text(dice, out);
    }
}

static bool fill_value(struct vector *vector, uint32_t row, struct dice *dice, struct arena *arena)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_add_cstr(&text, "");
    random_value(dice, &vector->type, &text);
    struct str kept = arena_str(arena, buf_str(&text));
    buf_dispose(&text);
    vector->state[row] = dice_percent(dice, 12) ? VALUE_NULL : VALUE_PRESENT;
    return kept.p && value_parse(kept, vector->type, NULL, vector_at(vector, row)) == VALUE_OK;
}

void rows_print(const struct rows *rows, uint32_t column, uint32_t row, struct buf *out)
{
    const struct vector *vector = &rows->vectors[column];
    struct buf text;
    if (vector->state[row] != VALUE_PRESENT) {
        buf_add_cstr(out, "null");
        return;
    }
    buf_init(&text, 1 << 16);
    value_print(&text, vector->type, vector_at(vector, row));
    words_quoted(out, buf_str(&text));
    buf_dispose(&text);
}

bool rows_fill(struct rows *rows, struct dice *dice, struct arena *arena, struct buf *sql)
{
    rows->scope = (struct expr_scope){rows->names, ROWS_COLUMNS};
    for (uint32_t c = 0; c < ROWS_COLUMNS; c++) {
        rows->names[c] = (struct expr_name){str_of(columns[c].name), columns[c].type};
        rows->slots[c] = &rows->vectors[c];
        if (!vector_init(&rows->vectors[c], columns[c].type, ROWS_COUNT, arena))
            return false;
        for (uint32_t row = 0; row < ROWS_COUNT; row++) {
            if (!fill_value(&rows->vectors[c], row, dice, arena))
                return false;
        }
    }
    buf_add_cstr(sql, "truncate oracle.t; insert into oracle.t values ");
    for (uint32_t row = 0; row < ROWS_COUNT; row++) {
        buf_printf(sql, "%s(%u", row ? ", " : "", row);
        for (uint32_t c = 0; c < ROWS_COLUMNS; c++) {
            buf_add_cstr(sql, ", ");
            rows_print(rows, c, row, sql);
        }
        buf_add_byte(sql, ')');
    }
    return true;
}
