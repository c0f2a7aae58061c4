/* rehearse: what a file would do under other rules. Looks only, so every role may. */
#include "worker/redrive/rehearse.h"
#include "shared/rpc.h"
#include "worker/agent/method.h"

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

bool answer_rehearse(struct call *call, struct buf *result, int *code, struct err *err)
{
    const struct agent *agent = call->agent;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    struct rehearsal *rehearsal = ARENA_NEW(call->arena, struct rehearsal);
    struct contracts contracts = {0};
    struct findings findings = {.arena = call->arena};
    struct rehearse_request request = {.run_id = call->run_id,
        .patch = json_is_true(json_object_get(call->params, "patch")),
        .memory = agent->memory,
        .stop = agent->stop,
        .rules = {
            .storage = agent->storage, .journal = agent->journal, .contracts = &contracts, .overrides = overrides}};
    bool ok = (overrides && rehearsal) || ERR(err, ERR_MEMORY, "no memory for a rehearsal");
    ok = ok && call_overrides(call, overrides, err) && call_rules(call, &request.rules.rules, err) &&
         contracts_load(agent->datasets, &contracts, &findings, err) &&
         rehearse(&request, rehearsal, call->arena, err) && rehearsal_write(rehearsal, result, err);
    contracts_free(&contracts);
    if (!ok)
        *code = code_of(err);
    return ok;
}
