/* Taking back what was loaded: a file for good, or a dataset's files for what other rules make of them. */
#include "worker/redrive/withdraw.h"

#include "shared/clock.h"
#include "shared/until.h"
#include "worker/agent/acting.h"

static bool ask_withdraw(struct acting *acting, struct redrive *redrive, struct err *err)
{
    struct call *call = acting->call;
    struct redrive_request request = {
        .run_id = call->run_id, .reason = call_text(call, "reason"), .rules = {.journal = acting->journal}};
    return withdraw_ask(&request, &acting->by, redrive, call->arena, err);
}

bool answer_withdraw(struct call *call, struct buf *result, int *code, struct err *err)
{
    return acting_request(call, "withdraw", ask_withdraw, result, code, err);
}

static bool time_past(const struct call *call, const char *name, int64_t *at, struct err *err)
{
    struct str text = call_text(call, name);
    *at = 0;
    return !text.n || since_read(text, clock_now(), at, err);
}

static bool ask_reprocess(struct acting *acting, struct redrive *redrive, struct err *err)
{
    struct call *call = acting->call;
    const struct agent *agent = call->agent;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    struct redrive_request request = {.run_id = "",
        .reason = call_text(call, "reason"),
        .rate = call_text(call, "rate"),
        .memory = agent->memory,
        .stop = agent->stop,
        .rules = {.storage = agent->storage,
            .journal = acting->journal,
            .contracts = &acting->contracts,
            .overrides = overrides}};
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    return acting_dataset(acting, &request.rules.dataset, err) && call_overrides(call, overrides, err) &&
           call_rules(call, &request.rules.rules, err) && time_past(call, "since", &request.since, err) &&
           time_past(call, "until", &request.before, err) &&
           redrive_ask(&request, &acting->by, redrive, call->arena, err);
}

bool answer_reprocess(struct call *call, struct buf *result, int *code, struct err *err)
{
    return acting_request(call, "reprocess", ask_reprocess, result, code, err);
}
