#include "worker/agent/acting.h"

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/rpc.h"
#include "worker/journal/redrive.h"
#include "worker/journal/seal.h"

#include <sqlite3.h>

enum { MAX_OWNER = 512 };

bool acting_write(struct acting *acting, struct call *call, struct err *err)
{
    const struct agent *agent = call->agent;
    *acting = (struct acting){.call = call,
        .findings = {.arena = call->arena},
        .by = {.name = agent->who.name,
            .role = agent->who.role,
            .from = agent->who.from,
            .client = str_of(call->client.id),
            .call = str_of(call->client.hash)}};
    buf_init(&acting->owner, MAX_OWNER);
    acting->journal = journal_open(sqlite3_db_filename(journal_handle(agent->journal), "main"), false, err);
    return acting->journal != NULL;
}

void acting_forbidden(struct call *call, const char *action, const char *subject, const struct err *why)
{
    struct acting acting;
    struct err unwritten;
    if (!acting_write(&acting, call, &unwritten) || !journal_refused(acting.journal, str_of(action), str_of(subject),
                                                        str_of(why->message), &acting.by, clock_now(), &unwritten))
        log_err(LOG_WARN, "refusal-not-audited", &unwritten);
    acting_end(&acting);
}

/* What the call is about, as far as it says so in few words. */
static const char *named(const struct call *call)
{
    struct str request = call_text(call, "request");
    if (call->run_id[0] || request.n >= ULID_SIZE)
        return call->run_id;
    return request.n ? request.p : "";
}

bool acting_may(struct call *call, const char *least, int *code, struct err *err)
{
    struct str role = call->agent->who.role;
    if (str_eq(role, STR("approver")) || (str_eq(role, STR("operator")) && strcmp(least, "operator") == 0))
        return true;
    ERR(err, ERR_USAGE, "the role " STR_FMT " may not do this: %s may", STR_ARG(role), least);
    acting_forbidden(call, call->method, named(call), err);
    *code = RPC_FORBIDDEN;
    return false;
}

bool acting_begin(struct acting *acting, struct call *call, struct err *err)
{
    const struct agent *agent = call->agent;
    return acting_write(acting, call, err) && agent->storage->driver->probe(agent->storage, err) &&
           journal_owner(&acting->owner, err) &&
           contracts_load(agent->datasets, &acting->contracts, &acting->findings, err);
}

void acting_end(struct acting *acting)
{
    contracts_free(&acting->contracts);
    if (acting->journal)
        journal_seal_quietly(acting->journal, acting->call->agent->storage);
    journal_close(acting->journal);
    buf_dispose(&acting->owner);
}

/* What was refused is in the audit, whoever asked. */
bool acting_refused(struct acting *acting, const char *action, const char *subject, int *code, const struct err *err)
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
bool acting_show(struct call *call, const char *redrive_id, struct buf *result, int *code, struct err *err)
{
    json_t *params = json_pack("{s:s}", "request", redrive_id);
    struct call one = {.agent = call->agent, .params = params, .arena = call->arena};
    bool ok = params ? method_call(method_find("requests"), &one, result, code, err)
                     : ERR(err, ERR_MEMORY, "no memory for an answer");
    json_decref(params);
    return ok;
}

struct str call_text(const struct call *call, const char *name)
{
    const json_t *value = json_object_get(call->params, name);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)} : STR("");
}
