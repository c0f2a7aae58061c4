#include "worker/shape/lane.h"

#include "shared/utf8.h"

typedef enum value_result cell_function(const struct plan *plan, struct str text, void *out);

/* What the cells of one column have in common. */
struct column {
    const struct plan *plan;
    struct batch *batch;
    struct vector *out;
    bool clean; /* all of the batch's text is UTF-8 */
    struct matcher matcher;
};

static bool add_error(
    struct column *column, uint32_t row, enum row_code code, struct str value, const char *detail, struct err *err)
{
    struct row_error error = {.row = row,
        .position = column->plan->column,
        .field = (int32_t)column->plan->index,
        .rule = -1,
        .stage = STAGE_CONVERT,
        .code = code,
        .value = value,
        .detail = detail};
    return batch_error(column->batch, &error, err);
}

static __attribute__((noinline)) bool fail_value(
    struct column *column, uint32_t row, enum value_result result, struct str text, struct err *err)
{
    const struct plan *plan = column->plan;
    column->out->state[row] = VALUE_FAILED;
    if (result == VALUE_AMBIGUOUS)
        return add_error(column, row, CODE_AMBIGUOUS, text, plan->ambiguous, err);
    return add_error(column, row, CODE_TYPE, text, result == VALUE_RANGE ? plan->range : plan->bad, err);
}

static __attribute__((noinline)) bool take_missing(
    struct column *column, uint32_t row, struct str text, struct err *err)
{
    column->out->state[row] = VALUE_NULL;
    if (!column->plan->required)
        return true;
    column->out->state[row] = VALUE_FAILED;
    return add_error(column, row, CODE_CONSTRAINT, text, "required", err);
}

static __attribute__((noinline)) bool report_broken(
    struct column *column, uint32_t row, unsigned broken, struct str text, struct err *err)
{
    for (unsigned check = 1; check <= CHECK_ENUM; check *= 2)
        if ((broken & check) &&
            !add_error(column, row, CODE_CONSTRAINT, text, constraint_detail(column->plan, check), err))
            return false;
    return true;
}

/* Inlined once for each lane, so that the lane is inlined too. */
static inline __attribute__((always_inline)) bool convert_cells(
    struct column *column, cell_function *parse, struct err *err)
{
    const struct plan *plan = column->plan;
    struct batch *batch = column->batch;
    const struct cell *cell = batch->cells + plan->column;
    char *value = column->out->data;
    size_t size = type_size(column->out->type);
    uint8_t *state = column->out->state;
    for (uint32_t row = 0; row < batch->n; row++, cell += batch->width, value += size) {
        if (batch->marks[row] == MARK_BLANK || (cell->length & CELL_MISSING)) {
            state[row] = batch->marks[row] == MARK_BLANK ? VALUE_NULL : VALUE_FAILED;
            continue;
        }
        struct str text = {batch->text + cell->offset, cell->length & CELL_LENGTH};
        if (cell->length & CELL_ESCAPED) {
            text = batch_cell_text(batch, *cell);
            if (!text.p)
                return convert_no_memory(err);
        }
        if (!column->clean && !utf8_valid(text)) {
            state[row] = VALUE_FAILED;
            if (!add_error(column, row, CODE_ENCODING, text, NULL, err))
                return false;
            continue;
        }
        if (text_set_has(&plan->missing, text)) {
            if (!take_missing(column, row, text, err))
                return false;
            continue;
        }
        enum value_result result = parse(plan, text, value);
        if (result != VALUE_OK) {
            if (!fail_value(column, row, result, text, err))
                return false;
            continue;
        }
        unsigned broken = plan->checks ? constraints_broken(plan, &column->matcher, text, value) : 0;
        if (broken && !report_broken(column, row, broken, text, err))
            return false;
    }
    return true;
}

static bool convert_strings(struct column *column, struct err *err)
{
    return convert_cells(column, cell_string, err);
}

static bool convert_integers(struct column *column, struct err *err)
{
    return convert_cells(column, cell_integer, err);
}

static bool convert_decimals(struct column *column, struct err *err)
{
    return convert_cells(column, cell_decimal, err);
}

static bool convert_doubles(struct column *column, struct err *err)
{
    return convert_cells(column, cell_double, err);
}

static bool convert_dates(struct column *column, struct err *err)
{
    return convert_cells(column, cell_date, err);
}

static bool convert_timestamps(struct column *column, struct err *err)
{
    return convert_cells(column, cell_timestamp, err);
}

static bool convert_others(struct column *column, struct err *err)
{
    return convert_cells(column, plan_parse_careful, err);
}

static bool convert_column(const struct plan *plan, struct batch *batch, bool clean, struct err *err)
{
    static bool (*const lanes[])(struct column *, struct err *) = {
        [TYPE_STRING] = convert_strings,
        [TYPE_INTEGER] = convert_integers,
        [TYPE_DECIMAL] = convert_decimals,
        [TYPE_DOUBLE] = convert_doubles,
        [TYPE_BOOLEAN] = convert_others,
        [TYPE_DATE] = convert_dates,
        [TYPE_TIME] = convert_others,
        [TYPE_TIMESTAMP] = convert_timestamps,
    };
    struct column column = {.plan = plan, .batch = batch, .out = &batch->columns[plan->index], .clean = clean};
    if (!vector_init(column.out, plan->field->type, batch->n, batch->arena))
        return convert_no_memory(err);
    if (plan->column < 0 || (uint32_t)plan->column >= batch->width) {
        memset(column.out->state, VALUE_NULL, batch->n);
        return true;
    }
    if (!matcher_begin(&column.matcher, plan, err))
        return false;
    bool done = lanes[plan->field->type.kind](&column, err);
    matcher_end(&column.matcher);
    return done;
}

static bool begin(const struct converter *converter, struct batch *batch, struct err *err)
{
    batch->columns = ARENA_ARRAY(batch->arena, struct vector, converter->columns);
    batch->column_count = converter->columns;
    return batch->columns || convert_no_memory(err);
}

static bool is_clean(const struct batch *batch)
{
    return utf8_valid((struct str){batch->text, batch->text_length});
}

bool convert_batch(const struct converter *converter, struct batch *batch, struct err *err)
{
    bool clean = is_clean(batch);
    if (!begin(converter, batch, err))
        return false;
    for (uint32_t f = 0; f < converter->contract->field_count; f++)
        if (!convert_column(&converter->plans[f], batch, clean, err))
            return false;
    return converter->rescued < 0 || rescue_batch(converter, batch, clean, err);
}

/* A key too many does no harm here, so a text is not judged: it is its bytes. */
bool convert_keys(const struct converter *converter, struct batch *batch, struct err *err)
{
    if (!begin(converter, batch, err))
        return false;
    for (uint32_t f = 0; f < converter->contract->field_count; f++) {
        if (!converter->is_key[f])
            continue;
        struct plan plan = converter->plans[f];
        bool is_text = plan.field->type.kind == TYPE_STRING;
        plan.checks = 0;
        if (!convert_column(&plan, batch, is_text || is_clean(batch), err))
            return false;
    }
    return true;
}
