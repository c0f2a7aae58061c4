/* Acting: asking for re-drives, deciding on them, discarding. The journal is opened for writing for as long as a call
 * lasts; whoever asks in a lake of their own is also the one who approves. */
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/rpc.h"
#include "worker/agent/method.h"
#include "worker/redrive/request.h"

#include <sqlite3.h>

enum { MAX_OWNER = 512, LEASE_US = 60 * 1000000 };

/* What an acting call works with. */
struct acting {
    struct call *call;
    struct journal *journal;
    struct contracts contracts;
    struct findings findings;
    struct decider by;
    struct buf owner;
};

static bool may(struct call *call, const char *least, int *code, struct err *err)
{
    struct str role = call->agent->role;
    if (str_eq(role, STR("approver")) || (str_eq(role, STR("operator")) && strcmp(least, "operator") == 0))
        return true;
    *code = RPC_FORBIDDEN;
    return ERR(err, ERR_USAGE, "the role " STR_FMT " may not do this: %s may", STR_ARG(role), least);
}

static bool begin(struct acting *acting, struct call *call, struct err *err)
{
    const struct agent *agent = call->agent;
    *acting =
        (struct acting){.call = call, .findings = {.arena = call->arena}, .by = {agent->operator_name, agent->role}};
    buf_init(&acting->owner, MAX_OWNER);
    acting->journal = journal_open(sqlite3_db_filename(journal_handle(agent->journal), "main"), false, err);
    return acting->journal && agent->storage->driver->probe(agent->storage, err) &&
           journal_owner(&acting->owner, err) &&
           contracts_load(agent->datasets, &acting->contracts, &acting->findings, err);
}

static void end(struct acting *acting)
{
    contracts_free(&acting->contracts);
    journal_close(acting->journal);
    buf_dispose(&acting->owner);
}

/* What was refused is in the audit, whoever asked. */
static bool refused(struct acting *acting, const char *action, const char *subject, int *code, const struct err *err)
{
    struct err unwritten;
    *code = err->kind == ERR_FILE || err->kind == ERR_EXISTS    ? RPC_REFUSED
            : err->kind == ERR_NOT_FOUND                        ? RPC_NOT_FOUND
            : err->kind == ERR_USAGE || err->kind == ERR_CONFIG ? RPC_INVALID_PARAMS
                                                                : RPC_UNAVAILABLE;
    if (*code == RPC_REFUSED && acting->journal &&
        !journal_refused(acting->journal, str_of(action), str_of(subject), str_of(err->message), &acting->by,
            clock_now(), &unwritten))
        log_err(LOG_WARN, "refusal-not-audited", &unwritten);
    return false;
}

/* The request as 'requests' lists it. */
static bool show(struct call *call, const char *redrive_id, struct buf *result, int *code, struct err *err)
{
    json_t *params = json_pack("{s:s}", "request", redrive_id);
    struct call one = {.agent = call->agent, .params = params, .arena = call->arena};
    bool ok = params ? method_call(method_find("requests"), &one, result, code, err)
                     : ERR(err, ERR_MEMORY, "no memory for an answer");
    json_decref(params);
    return ok;
}

static bool approve_and_run(struct acting *acting, const struct redrive *redrive, struct err *err)
{
    struct call *call = acting->call;
    const struct agent *agent = call->agent;
    struct worker worker = {.options = {.memory = agent->memory, .lease_us = LEASE_US, .ignore_backoff = true},
        .storage = agent->storage,
        .journal = acting->journal,
        .contracts = &acting->contracts,
        .owner = buf_str(&acting->owner),
        .stop = agent->stop};
    struct err left;
    if (!redrive_approve(agent->storage, acting->journal, &acting->contracts, redrive, &acting->by, call->arena, err))
        return false;
    /* Approved it is, whatever becomes of this process: a worker does what is left. */
    if (!redrive_carry_out(&worker, redrive, &left))
        log_err(LOG_WARN, "left-to-a-worker", &left);
    return true;
}

static struct str text_param(const struct call *call, const char *name)
{
    const json_t *value = json_object_get(call->params, name);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)} : STR("");
}

static bool ask(struct acting *acting, struct redrive *redrive, struct err *err)
{
    struct call *call = acting->call;
    const struct agent *agent = call->agent;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    struct redrive_request request = {.run_id = call->run_id,
        .cause_id = call_integer(call, "cause", 0, 0, INT64_MAX),
        .reason = text_param(call, "reason"),
        .memory = agent->memory,
        .stop = agent->stop,
        .rules = {.storage = agent->storage,
            .journal = acting->journal,
            .contracts = &acting->contracts,
            .overrides = overrides}};
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    if (!call->run_id[0] == !request.cause_id)
        return ERR(err, ERR_USAGE, "a re-drive is of one run, or of all files of one cause");
    return call_overrides(call, overrides, err) && call_rules(call, &request.rules.rules, err) &&
           redrive_ask(&request, &acting->by, redrive, call->arena, err);
}

bool answer_redrive(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    bool waits = json_is_true(json_object_get(call->params, "ask"));
    if (!may(call, "operator", code, err))
        return false;
    bool ok =
        begin(&acting, call, err) && ask(&acting, &redrive, err) && (waits || approve_and_run(&acting, &redrive, err));
    if (!ok)
        refused(&acting, "redrive", redrive.redrive_id[0] ? redrive.redrive_id : call->run_id, code, err);
    end(&acting);
    return ok && show(call, redrive.redrive_id, result, code, err);
}

static bool find(struct acting *acting, struct redrive *redrive, struct err *err)
{
    struct str part = text_param(acting->call, "request");
    if (!part.n)
        return ERR(err, ERR_USAGE, "which request? 'sluice requests' lists them");
    return journal_redrive_read(acting->journal, part, redrive, acting->call->arena, err);
}

bool answer_approve(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    if (!may(call, "approver", code, err))
        return false;
    bool ok = begin(&acting, call, err) && find(&acting, &redrive, err) && approve_and_run(&acting, &redrive, err);
    if (!ok)
        refused(&acting, "approve", redrive.redrive_id, code, err);
    end(&acting);
    return ok && show(call, redrive.redrive_id, result, code, err);
}

bool answer_decline(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    struct str reason = str_trim(text_param(call, "reason"));
    if (!may(call, "approver", code, err))
        return false;
    bool ok = begin(&acting, call, err) && (reason.n || ERR(err, ERR_USAGE, "declining needs a reason")) &&
              find(&acting, &redrive, err) &&
              journal_redrive_close(acting.journal, &redrive, "declined", reason, &acting.by, clock_now(), err);
    if (!ok)
        refused(&acting, "decline", redrive.redrive_id, code, err);
    end(&acting);
    return ok && show(call, redrive.redrive_id, result, code, err);
}

bool answer_discard(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct str reason = str_trim(text_param(call, "reason"));
    if (!may(call, "operator", code, err))
        return false;
    bool ok = begin(&acting, call, err) && (reason.n || ERR(err, ERR_USAGE, "discarding needs a reason")) &&
              journal_discard(acting.journal, call->run_id, reason, &acting.by, clock_now(), err);
    if (!ok)
        refused(&acting, "discard", call->run_id, code, err);
    end(&acting);
    return ok && method_call(method_find("run"), call, result, code, err);
}
