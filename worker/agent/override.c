/* How a dataset's files still to come are read: until a time, or for good by a change of the contract. */
#include "shared/clock.h"
#include "shared/until.h"
#include "worker/agent/acting.h"
#include "worker/journal/standing.h"
#include "worker/redrive/change.h"

bool call_apply_to(const struct call *call, int64_t *until, struct err *err)
{
    struct str to = call_text(call, "apply_to"), text = call_text(call, "until");
    *until = 0;
    if (to.n && !str_eq(to, STR("these")) && !str_eq(to, STR("until")) && !str_eq(to, STR("contract")))
        return ERR(err, ERR_USAGE, "a re-drive applies to 'these' files, 'until' a time, or to the 'contract'");
    if (to.n && !str_eq(to, STR("until")) && text.n)
        return ERR(err, ERR_USAGE, "what applies to these files or to the contract has no time until which it stands");
    if (str_eq(to, STR("until")) && !text.n)
        return ERR(err, ERR_USAGE, "until when? --until 09:00, 2h or 2026-01-31T09:00Z");
    return !text.n || until_read(text, clock_now(), until, err);
}

bool acting_dataset(struct acting *acting, struct str *dataset, struct err *err)
{
    *dataset = call_text(acting->call, "dataset");
    if (!dataset->n)
        return ERR(err, ERR_USAGE, "which dataset?");
    return contracts_find(&acting->contracts, *dataset) ||
           ERR(err, ERR_NOT_FOUND, "there is no contract " STR_FMT " that loads", STR_ARG(*dataset));
}

static bool ask(struct acting *acting, bool lasting, struct redrive *redrive, struct err *err)
{
    struct call *call = acting->call;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    struct redrive_request request = {.run_id = "",
        .reason = call_text(call, "reason"),
        .rules = {.storage = call->agent->storage,
            .journal = acting->journal,
            .contracts = &acting->contracts,
            .overrides = overrides}};
    struct str until = call_text(call, "until");
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    if (!acting_dataset(acting, &request.rules.dataset, err) || !call_overrides(call, overrides, err))
        return false;
    if (lasting)
        return change_ask(&request, &acting->by, redrive, call->arena, err);
    if (!until.n)
        return ERR(err, ERR_USAGE, "until when? --until 09:00, 2h or 2026-01-31T09:00Z");
    return until_read(until, clock_now(), &request.apply_until, err) &&
           override_ask(&request, &acting->by, redrive, call->arena, err);
}

static bool act(struct call *call, const char *action, bool lasting, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    bool waits = acting_waits(call);
    bool ok = acting_begin(&acting, call, err) && ask(&acting, lasting, &redrive, err) &&
              (waits || acting_approve(&acting, &redrive, err));
    if (!ok)
        acting_refused(&acting, action, redrive.redrive_id, code, err);
    acting_end(&acting);
    return ok && acting_show(call, redrive.redrive_id, result, code, err);
}

bool answer_override(struct call *call, struct buf *result, int *code, struct err *err)
{
    return act(call, "override", false, result, code, err);
}

bool answer_contract(struct call *call, struct buf *result, int *code, struct err *err)
{
    return act(call, "contract", true, result, code, err);
}

bool answer_revoke(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    struct str reason = str_trim(call_text(call, "reason"));
    bool ok = acting_begin(&acting, call, err) && (reason.n || ERR(err, ERR_USAGE, "revoking needs a reason")) &&
              acting_find(&acting, &redrive, err) &&
              journal_standing_revoke(acting.journal, &redrive, reason, &acting.by, clock_now(), err);
    if (!ok)
        acting_refused(&acting, "revoke", redrive.redrive_id, code, err);
    acting_end(&acting);
    return ok && acting_show(call, redrive.redrive_id, result, code, err);
}
