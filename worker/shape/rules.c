#include "worker/shape/rules.h"

bool rules_error(struct ruling *ruling, uint32_t row, enum row_code code, int32_t rule, const char *detail)
{
    struct row_error error = {
        .row = row, .position = -1, .field = -1, .rule = rule, .stage = STAGE_RULES, .code = code, .detail = detail};
    return batch_error(ruling->batch, &error, ruling->err);
}

static bool no_memory(struct ruling *ruling)
{
    return ERR(ruling->err, ERR_MEMORY, "no memory to judge a batch");
}

/* The detail reads "name: division by zero"; rule: the index of the rule so named, or -1. */
static bool report_failures(struct ruling *ruling, const struct expr_errors *errors, struct str name, int32_t rule)
{
    const char *last = NULL, *detail = NULL;
    for (size_t i = 0; i < errors->count; i++) {
        if (errors->list[i].message != last || !detail) {
            last = errors->list[i].message;
            detail = arena_printf(ruling->batch->arena, STR_FMT ": %s", STR_ARG(name), last);
            if (!detail)
                return no_memory(ruling);
        }
        if (!rules_error(ruling, errors->list[i].row, CODE_EXPRESSION, rule, detail))
            return false;
    }
    return true;
}

static bool evaluate(
    struct ruling *ruling, const struct expr *expr, struct vector *out, struct expr_errors *errors, struct arena *arena)
{
    *errors = (struct expr_errors){0};
    return expr_eval(expr, ruling->slots, ruling->batch->n, ruling->active, out, errors, arena, ruling->err);
}

static bool is_true(const struct vector *vector, uint32_t row)
{
    return vector->state[row] == VALUE_PRESENT && vector->u8[row];
}

static bool apply_filter(struct ruling *ruling)
{
    struct batch *batch = ruling->batch;
    struct vector kept;
    struct expr_errors errors;
    arena_reset(ruling->scratch);
    if (!evaluate(ruling, ruling->contract->filter, &kept, &errors, ruling->scratch) ||
        !report_failures(ruling, &errors, STR("filter"), -1))
        return false;
    for (uint32_t row = 0; row < batch->n; row++) {
        if (batch->marks[row] != MARK_GOOD || is_true(&kept, row))
            continue;
        batch->marks[row] = MARK_FILTERED;
        ruling->active[row] = 0;
    }
    return true;
}

static bool filter_needs_derived(const struct contract *contract)
{
    uint32_t count;
    const uint32_t *slots = expr_slots(contract->filter, &count);
    return count && slots[count - 1] >= contract->scope.count - contract->derived_count;
}

static bool derive(struct ruling *ruling)
{
    const struct contract *contract = ruling->contract;
    uint32_t slot = contract->scope.count - contract->derived_count;
    for (uint32_t i = 0; i < contract->derived_count; i++, slot++) {
        struct expr_errors errors;
        struct vector *out = &ruling->batch->columns[slot];
        if (!evaluate(ruling, contract->derived[i].expr, out, &errors, ruling->batch->arena) ||
            !report_failures(ruling, &errors, contract->derived[i].name, -1))
            return false;
    }
    return true;
}

static bool apply_rule(struct ruling *ruling, uint32_t index)
{
    const struct rule *rule = &ruling->contract->rules[index];
    uint64_t *failed = &ruling->counts->failed[index];
    const char *detail = NULL;
    struct vector held;
    struct expr_errors errors;
    arena_reset(ruling->scratch);
    if (!evaluate(ruling, rule->expr, &held, &errors, ruling->scratch))
        return false;
    *failed += errors.count;
    if (rule->severity != SEVERITY_WARN && !report_failures(ruling, &errors, rule->id, (int32_t)index))
        return false;
    for (uint32_t row = 0; row < ruling->batch->n; row++) {
        if (held.state[row] != VALUE_PRESENT || held.u8[row])
            continue;
        ++*failed;
        if (rule->severity == SEVERITY_WARN)
            continue;
        if (!detail && !(detail = arena_printf(ruling->batch->arena, STR_FMT, STR_ARG(rule->text))))
            return no_memory(ruling);
        if (!rules_error(ruling, row, CODE_ROW_CONSTRAINT, (int32_t)index, detail))
            return false;
    }
    return true;
}

static bool rule_on(struct ruling *ruling)
{
    const struct contract *contract = ruling->contract;
    bool late = contract->filter && filter_needs_derived(contract);
    if (!references_look_up(ruling) || (contract->filter && !late && !apply_filter(ruling)) || !derive(ruling) ||
        (late && !apply_filter(ruling)))
        return false;
    for (uint32_t i = 0; i < contract->rule_count; i++)
        if (!apply_rule(ruling, i))
            return false;
    for (uint32_t i = 0; i < contract->partition_count; i++) {
        struct expr_errors errors;
        const struct partition_column *partition = &contract->partitions[i];
        struct vector *out = &ruling->batch->columns[contract->scope.count + i];
        if (!evaluate(ruling, partition->expr, out, &errors, ruling->batch->arena) ||
            !report_failures(ruling, &errors, partition->name, -1) || !partition_check(ruling, i, out))
            return false;
    }
    return true;
}

bool rules_batch(const struct converter *converter, struct batch *batch, struct rule_counts *counts, struct err *err)
{
    const struct contract *contract = converter->contract;
    uint32_t slots = contract->scope.count;
    const struct vector **list = ARENA_ARRAY(batch->arena, const struct vector *, slots);
    struct ruling ruling = {.converter = converter,
        .contract = contract,
        .batch = batch,
        .counts = counts,
        .slots = list,
        .active = arena_alloc(batch->arena, batch->n),
        .err = err};
    if (!list || !ruling.active)
        return no_memory(&ruling);
    for (uint32_t i = 0; i < slots; i++)
        list[i] = &batch->columns[i];
    for (uint32_t row = 0; row < batch->n; row++)
        ruling.active[row] = batch->marks[row] != MARK_BLANK && batch->marks[row] != MARK_FILTERED;
    ruling.scratch = arena_new(0);
    bool done = ruling.scratch ? rule_on(&ruling) : no_memory(&ruling);
    arena_free(ruling.scratch);
    return done;
}
