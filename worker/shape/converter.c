#include "worker/shape/converter.h"

static bool find_keys(struct converter *converter)
{
    const struct contract *contract = converter->contract;
    converter->is_key = ARENA_ARRAY(converter->arena, bool, contract->field_count);
    if (!converter->is_key)
        return false;
    for (uint32_t i = 0; i < contract->primary_key_count; i++)
        converter->is_key[contract->primary_key[i]] = true;
    for (uint32_t f = 0; f < contract->field_count; f++)
        converter->is_key[f] |= contract->fields[f].constraints.unique;
    return true;
}

struct converter *converter_new(const struct contract *contract, const struct binding *binding,
    const struct dialect *dialect, struct arena *arena, struct err *err)
{
    struct converter *converter = ARENA_NEW(arena, struct converter);
    if (!converter) {
        convert_no_memory(err);
        return NULL;
    }
    *converter =
        (struct converter){.contract = contract, .binding = binding, .dialect = dialect, .arena = arena, .rescued = -1};
    converter->columns = contract->scope.count + contract->partition_count;
    if (contract->extra_columns == EXTRA_RESCUE)
        converter->rescued = (int32_t)converter->columns++;
    converter->plans = ARENA_ARRAY(arena, struct plan, contract->field_count);
    converter->notes = ARENA_ARRAY(arena, struct str, contract->field_count);
    if (!converter->plans || !converter->notes || !find_keys(converter)) {
        convert_no_memory(err);
        return NULL;
    }
    for (uint32_t f = 0; f < contract->field_count; f++)
        if (!plan_init(&converter->plans[f], contract, f, binding->column_of_field[f], arena, err))
            return NULL;
    return converter;
}

uint32_t converter_columns(const struct converter *converter)
{
    return converter->columns;
}

int32_t converter_rescued(const struct converter *converter)
{
    return converter->rescued;
}

const struct str *converter_notes(const struct converter *converter, size_t *count)
{
    *count = converter->note_count;
    return converter->notes;
}
