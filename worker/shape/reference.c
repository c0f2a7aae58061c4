#include "worker/shape/rules.h"

static bool reject_key(struct ruling *ruling, const struct reference *reference, uint32_t row)
{
    struct batch *batch = ruling->batch;
    int32_t column = ruling->converter->binding->column_of_field[reference->on_field];
    struct str value = {0};
    if (column >= 0)
        value = batch_cell_text(batch, batch_cell(batch, row, (uint32_t)column));
    const char *detail = arena_printf(batch->arena, "not in the reference " STR_FMT, STR_ARG(reference->name));
    if (!detail)
        return ERR(ruling->err, ERR_MEMORY, "no memory to judge a batch");
    struct row_error error = {.row = row,
        .position = column,
        .field = reference->on_field,
        .rule = -1,
        .stage = STAGE_RULES,
        .code = CODE_FOREIGN_KEY,
        .value = value,
        .detail = detail};
    return batch_error(batch, &error, ruling->err);
}

/* found[row]: the reference's row, or UINT32_MAX; state[row]: that of all its columns in this row. */
static bool find_rows(struct ruling *ruling, const struct reference *reference, uint32_t *found, uint8_t *state)
{
    const struct vector *keys = &ruling->batch->columns[reference->on_field];
    size_t size = type_size(keys->type);
    const char *key = keys->data;
    for (uint32_t row = 0; row < ruling->batch->n; row++, key += size) {
        found[row] = UINT32_MAX;
        state[row] = keys->state[row];
        if (!ruling->active[row])
            state[row] = VALUE_FAILED;
        if (state[row] != VALUE_PRESENT)
            continue;
        found[row] = reference_find(reference, key);
        if (found[row] != UINT32_MAX)
            continue;
        state[row] = reference->missing_reject ? VALUE_FAILED : VALUE_NULL;
        if (reference->missing_reject && !reject_key(ruling, reference, row))
            return false;
    }
    return true;
}

static void copy_column(const struct vector *from, const uint32_t *found, const uint8_t *state, struct vector *out)
{
    size_t size = type_size(out->type);
    for (uint32_t row = 0; row < out->n; row++) {
        out->state[row] = state[row];
        if (state[row] != VALUE_PRESENT)
            continue;
        out->state[row] = from->state[found[row]];
        memcpy(vector_at(out, row), vector_at(from, found[row]), size);
    }
}

bool references_look_up(struct ruling *ruling)
{
    const struct contract *contract = ruling->contract;
    struct batch *batch = ruling->batch;
    uint32_t slot = contract->field_count;
    uint32_t *found = contract->reference_count ? ARENA_ARRAY(batch->arena, uint32_t, batch->n) : NULL;
    uint8_t *state = contract->reference_count ? ARENA_ARRAY(batch->arena, uint8_t, batch->n) : NULL;
    if (contract->reference_count && (!found || !state))
        return ERR(ruling->err, ERR_MEMORY, "no memory to judge a batch");
    for (uint32_t i = 0; i < contract->reference_count; i++) {
        const struct reference *reference = &contract->references[i];
        if (!find_rows(ruling, reference, found, state))
            return false;
        for (uint32_t c = 0; c < reference->column_count; c++, slot++) {
            struct vector *out = &batch->columns[slot];
            if (!vector_init(out, reference->columns[c].type, batch->n, batch->arena))
                return ERR(ruling->err, ERR_MEMORY, "no memory to judge a batch");
            copy_column(&reference->columns[c], found, state, out);
        }
    }
    return true;
}
