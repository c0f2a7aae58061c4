#include "shared/utf8.h"
#include "worker/warehouse/binary.h"
#include "worker/warehouse/load_internal.h"

/* What the rows of one batch have in common. */
struct tuples {
    struct load *load;
    const struct batch *batch;
    bool clean; /* its text is UTF-8 without NUL */
    size_t error;
};

static bool is_missing(const struct contract *contract, const struct field *field, struct str text)
{
    const struct str *list = field->missing_own ? field->missing_values : contract->missing_values;
    size_t count = field->missing_own ? field->missing_count : contract->missing_count;
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i], text))
            return true;
    return false;
}

/* The cell of a field, its escapes resolved; .p NULL: the record has none. */
static struct str cell_text(struct tuples *t, uint32_t row, uint32_t field)
{
    int32_t at = t->load->column_of_field[field];
    if (at < 0 || (uint32_t)at >= t->batch->width)
        return (struct str){0};
    struct cell cell = batch_cell(t->batch, row, (uint32_t)at);
    struct str raw = {t->batch->text + cell.offset, cell.length & CELL_LENGTH};
    if (cell.length & CELL_MISSING)
        return (struct str){0};
    if (!(cell.length & CELL_ESCAPED))
        return raw;
    buf_reset(&t->load->scratch);
    if (!buf_reserve(&t->load->scratch, raw.n))
        return (struct str){0};
    return (struct str){t->load->scratch.p, escapes_resolve(t->batch->escapes, raw, t->load->scratch.p)};
}

static void put_bronze(struct tuples *t, struct buf *out, uint32_t field, struct str text)
{
    const struct contract *contract = t->load->contract;
    struct str trimmed = str_trim(text);
    if (!text.p || is_missing(contract, &contract->fields[field], text) ||
        (trimmed.n != text.n && is_missing(contract, &contract->fields[field], trimmed)))
        binary_null(out);
    else
        binary_text(out, trimmed, t->clean);
}

static void put_cell(struct tuples *t, enum tier tier, struct buf *out, uint32_t row, uint32_t field)
{
    struct str text = cell_text(t, row, field);
    if (tier == TIER_BRONZE)
        put_bronze(t, out, field, text);
    else if (!text.p)
        binary_null(out);
    else
        binary_text(out, text, t->clean);
}

static void put_vector(struct buf *out, const struct vector *vector, uint32_t row)
{
    if (vector->n <= row || vector->state[row] != VALUE_PRESENT)
        binary_null(out);
    else
        binary_value(out, vector->type, vector_at(vector, row));
}

/* What parse found wrong with the record; a stage that is made from this table again leaves such a row alone. */
static void put_parse_error(struct tuples *t, struct buf *out, uint32_t row)
{
    const struct batch *batch = t->batch;
    if (t->error < batch->error_count && batch->errors[t->error].row == row &&
        batch->errors[t->error].stage == STAGE_PARSE)
        binary_text(out, str_of(row_code_name(batch->errors[t->error].code)), true);
    else if (batch->marks[row] == MARK_BLANK)
        binary_text(out, str_of(row_code_name(CODE_BLANK_ROW)), true);
    else
        binary_null(out);
}

static void put_row(struct tuples *t, enum tier tier, uint32_t row)
{
    const struct load *load = t->load;
    const struct tier_table *table = &load->tables.tiers[tier];
    struct buf *out = &t->load->pending[tier];
    enum { PLACE = 3, DEFAULTS = 2 };
    bool staged = tier == TIER_SILVER && load->staged;
    binary_row(out, (uint16_t)(table->count - (load->fresh[tier] ? DEFAULTS : 0) + (staged ? PLACE : 0)));
    for (uint32_t c = 0; c < table->count; c++) {
        const struct tier_column *column = &table->columns[c];
        if (load_is_default(load, tier, column))
            continue;
        switch (column->source) {
        case SOURCE_FIELD:
            if (tier == TIER_SILVER)
                put_vector(out, &t->batch->columns[column->index], row);
            else
                put_cell(t, tier, out, row, column->index);
            break;
        case SOURCE_VECTOR:
            put_vector(out, &t->batch->columns[column->index], row);
            break;
        case SOURCE_PARSE_ERROR:
            put_parse_error(t, out, row);
            break;
        case SOURCE_RUN_ID:
            binary_text(out, str_of(load->key.run_id), true);
            break;
        case SOURCE_ROW_NUMBER:
            binary_i64(out, (int64_t)batch_row_number(t->batch, row));
            break;
        case SOURCE_INGEST_TS:
            binary_timestamp(out, load->ingest_ts);
            break;
        }
    }
    if (staged) {
        binary_i64(out, (int64_t)t->batch->rows[row].line);
        binary_i64(out, (int64_t)t->batch->rows[row].offset);
        binary_i64(out, (int64_t)t->batch->rows[row].length);
    }
}

static void count(struct load_counts *counts, enum mark mark)
{
    counts->records++;
    counts->good += mark == MARK_GOOD;
    counts->rejected += mark == MARK_REJECTED;
    counts->duplicate += mark == MARK_DUPLICATE;
    counts->filtered += mark == MARK_FILTERED || mark == MARK_BLANK;
}

bool tuples_add(struct load *load, const struct batch *batch, struct err *err)
{
    struct str text = {batch->text, batch->text_length};
    struct tuples t = {.load = load, .batch = batch, .clean = utf8_valid(text) && !memchr(text.p, 0, text.n)};
    for (uint32_t row = 0; row < batch->n; row++) {
        while (t.error < batch->error_count && batch->errors[t.error].row < row)
            t.error++;
        for (enum tier tier = 0; tier < TIER_COUNT; tier++)
            if (tables_have(&load->tables, tier) && (tier != TIER_SILVER || batch->marks[row] == MARK_GOOD))
                put_row(&t, tier, row);
        count(&load->counts, (enum mark)batch->marks[row]);
    }
    return buf_ok(&load->scratch, "rows for the warehouse", err) &&
           buf_ok(&load->pending[TIER_RAW], "rows for the warehouse", err) &&
           buf_ok(&load->pending[TIER_BRONZE], "rows for the warehouse", err) &&
           buf_ok(&load->pending[TIER_SILVER], "rows for the warehouse", err);
}
