/* rehearse: what a file would do under other rules. Looks only, so every role may. */
#include "worker/redrive/rehearse.h"
#include "shared/rpc.h"
#include "worker/agent/method.h"

#include <stdlib.h>

static int code_of(const struct err *err)
{
    switch (err->kind) {
    case ERR_USAGE:
    case ERR_CONFIG:
        return RPC_INVALID_PARAMS;
    case ERR_NOT_FOUND:
        return RPC_NOT_FOUND;
    case ERR_UNAVAILABLE:
    case ERR_IO:
        return RPC_UNAVAILABLE;
    default:
        return RPC_INTERNAL_ERROR;
    }
}

static bool take_list(struct call *call, const char *name, bool map, struct overrides *overrides, struct err *err)
{
    const json_t *list = json_object_get(call->params, name), *item;
    size_t i;
    if (list && !json_is_array(list))
        return ERR(err, ERR_USAGE, "the parameter '%s' is a list of texts", name);
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return ERR(err, ERR_USAGE, "the parameter '%s' is a list of texts", name);
        struct str text = {json_string_value(item), json_string_length(item)};
        if (!overrides_add(overrides, map, text, call->arena, err))
            return false;
    }
    return true;
}

bool call_overrides(struct call *call, struct overrides *overrides, struct err *err)
{
    return take_list(call, "set", false, overrides, err) && take_list(call, "map", true, overrides, err);
}

bool call_rules(struct call *call, enum rules *rules, struct err *err)
{
    const json_t *value = json_object_get(call->params, "rules");
    const char *text = json_string_value(value);
    *rules = text && strcmp(text, "same") == 0 ? RULES_SAME : RULES_CURRENT;
    if (!value || (text && (*rules == RULES_SAME || strcmp(text, "current") == 0)))
        return true;
    return ERR(err, ERR_USAGE, "rules are 'same' (as then) or 'current'");
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool take_numbers(struct call *call, const json_t *given, struct row_choice *choice, struct err *err)
{
    size_t count = json_is_array(given) ? json_array_size(given) : 1;
    uint64_t *rows = ARENA_ARRAY(call->arena, uint64_t, count + 1);
    if (!rows)
        return ERR(err, ERR_MEMORY, "no memory for %zu row numbers", count);
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(given) ? json_array_get(given, i) : given;
        if (!json_is_integer(one) || json_integer_value(one) < 1)
            return ERR(err, ERR_USAGE, "the parameter 'row' is a row's number, or a list of them");
        rows[i] = (uint64_t)json_integer_value(one);
    }
    qsort(rows, count, sizeof *rows, compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (!i || rows[i] != rows[choice->row_count - 1])
            rows[choice->row_count++] = rows[i];
    choice->rows = rows;
    return count || ERR(err, ERR_USAGE, "the list 'row' is empty");
}

bool call_row_choice(struct call *call, struct row_choice *choice, bool *given, struct err *err)
{
    const json_t *row = json_object_get(call->params, "row"), *scope = json_object_get(call->params, "scope");
    const char *text = json_string_value(scope);
    *choice = (struct row_choice){.cause_id = call_integer(call, "cause", 0, 0, INT64_MAX)};
    if (scope && !(text && (strcmp(text, "rows") == 0 || strcmp(text, "file") == 0)))
        return ERR(err, ERR_USAGE, "the scope is 'rows' or 'file'");
    *given = choice->cause_id || row || (text && strcmp(text, "rows") == 0);
    return !row || take_numbers(call, row, choice, err);
}

bool answer_rehearse(struct call *call, struct buf *result, int *code, struct err *err)
{
    const struct agent *agent = call->agent;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    struct rehearsal *rehearsal = ARENA_NEW(call->arena, struct rehearsal);
    struct contracts contracts = {0};
    struct findings findings = {.arena = call->arena};
    struct row_choice choice;
    bool of_rows = false;
    struct rehearse_request request = {.run_id = call->run_id,
        .patch = json_is_true(json_object_get(call->params, "patch")),
        .memory = agent->memory,
        .stop = agent->stop,
        .rules = {
            .storage = agent->storage, .journal = agent->journal, .contracts = &contracts, .overrides = overrides}};
    bool ok = (overrides && rehearsal) || ERR(err, ERR_MEMORY, "no memory for a rehearsal");
    ok = ok && call_overrides(call, overrides, err) && call_rules(call, &request.rules.rules, err) &&
         call_row_choice(call, &choice, &of_rows, err);
    if (of_rows)
        request.rows = &choice;
    ok = ok && contracts_load(agent->datasets, &contracts, &findings, err) &&
         rehearse(&request, rehearsal, call->arena, err) && rehearsal_write(rehearsal, result, err);
    contracts_free(&contracts);
    if (!ok)
        *code = code_of(err);
    return ok;
}
