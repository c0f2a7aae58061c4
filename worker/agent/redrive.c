/* Asking for re-drives, deciding on them, discarding. Whoever asks in a lake of their own is also the one who approves.
 */
#include "shared/clock.h"
#include "shared/log.h"
#include "worker/agent/acting.h"
#include "worker/redrive/change.h"

#include <sqlite3.h>

enum { LEASE_US = 60 * 1000000 };

bool acting_waits(const struct call *call)
{
    return call->agent->who.four_eyes || json_is_true(json_object_get(call->params, "ask"));
}

/* On every overview, until somebody else has looked at it. */
static bool tell_all(struct acting *acting, const struct audit_entry *entry, struct err *err)
{
    struct str message =
        str_of(arena_printf(acting->call->arena, STR_FMT " approved alone what they asked for: request " STR_FMT,
            STR_ARG(entry->actor), STR_ARG(entry->subject)));
    return (message.p || ERR(err, ERR_MEMORY, "no memory to tell of it")) &&
           journal_incident(acting->journal, entry->action, entry->subject, message, entry->at, err);
}

/* Where four eyes are asked for, nobody approves their own; but one who may break the glass, and all will know. */
static bool by_another(struct acting *acting, const struct redrive *redrive, struct err *err)
{
    const struct agent *agent = acting->call->agent;
    struct audit_entry entry = {.at = clock_now(),
        .actor = acting->by.name,
        .role = acting->by.role,
        .from = acting->by.from,
        .action = STR("break-glass"),
        .subject = str_of(redrive->redrive_id)};
    int64_t audit_id;
    if (!agent->who.four_eyes || !str_eq(redrive->requested_by, agent->who.name))
        return true;
    if (agent->break_glass)
        return journal_audit(acting->journal, &entry, &audit_id, err) && tell_all(acting, &entry, err);
    ERR(err, ERR_EXISTS, "request %s is your own: somebody else must approve it", redrive->redrive_id);
    return err_hint(err, "Tell them: sluice approve %s", redrive->redrive_id);
}

bool acting_approve(struct acting *acting, const struct redrive *redrive, struct err *err)
{
    struct call *call = acting->call;
    const struct agent *agent = call->agent;
    struct worker worker = {.options = {.memory = agent->memory, .lease_us = LEASE_US, .ignore_backoff = true},
        .storage = agent->storage,
        .journal = acting->journal,
        .contracts = &acting->contracts,
        .owner = buf_str(&acting->owner),
        .pg = agent->pg,
        .stop = agent->stop};
    struct err left;
    if (!by_another(acting, redrive, err) ||
        !redrive_approve(agent->storage, acting->journal, &acting->contracts, redrive, &acting->by, call->arena, err))
        return false;
    /* Approved it is, whatever becomes of this process: a worker does what is left. */
    if (!redrive->spacing && !redrive_carry_out(&worker, redrive, &left))
        log_err(LOG_WARN, "left-to-a-worker", &left);
    return true;
}

/* The parameter "runs": several whole ids in place of one run. */
static bool take_runs(const struct call *call, struct redrive_request *request, struct err *err)
{
    const json_t *runs = json_object_get(call->params, "runs"), *run;
    struct str *list = ARENA_ARRAY(call->arena, struct str, json_array_size(runs) + 1);
    size_t i;
    if (!runs)
        return true;
    if (!list)
        return ERR(err, ERR_MEMORY, "no memory for a request");
    json_array_foreach(runs, i, run) list[i] = (struct str){json_string_value(run), json_string_length(run)};
    request->runs = list;
    request->run_count = json_array_size(runs);
    if (!request->run_count || call->run_id[0] || request->cause_id || request->patch)
        return ERR(err, ERR_USAGE, "'runs' is a list of files' runs, and stands alone");
    return true;
}

static bool ask(struct acting *acting, struct redrive *redrive, struct err *err)
{
    struct call *call = acting->call;
    const struct agent *agent = call->agent;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    struct redrive_request request = {.run_id = call->run_id,
        .patch = json_is_true(json_object_get(call->params, "patch")),
        .reason = call_text(call, "reason"),
        .rate = call_text(call, "rate"),
        .memory = agent->memory,
        .stop = agent->stop,
        .rules = {.storage = agent->storage,
            .journal = acting->journal,
            .contracts = &acting->contracts,
            .overrides = overrides}};
    struct row_choice choice;
    bool of_rows;
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    if (!call_row_choice(call, &choice, &of_rows, err))
        return false;
    if (call->run_id[0] && of_rows)
        request.rows = &choice;
    else
        request.cause_id = choice.cause_id;
    if (!take_runs(call, &request, err))
        return false;
    if (request.run_count && of_rows)
        return ERR(err, ERR_USAGE, "several runs are re-driven as whole files: name one for its rows");
    if (!call->run_id[0] && !request.run_count && (!request.cause_id || choice.row_count))
        return ERR(err, ERR_USAGE, "a re-drive is of one run, of rows of it, or of all of one cause");
    if (request.patch && !call->run_id[0])
        return ERR(err, ERR_USAGE, "a patch is of one run: name it");
    return call_overrides(call, overrides, err) && call_rules(call, &request.rules.rules, err) &&
           call_apply_to(call, &request.apply_until, err) &&
           redrive_ask(&request, &acting->by, redrive, call->arena, err);
}

static bool dataset_of(struct acting *acting, struct str *dataset, struct err *err)
{
    struct call *call = acting->call;
    sqlite3 *db = journal_handle(acting->journal);
    const char *first = json_string_value(json_array_get(json_object_get(call->params, "runs"), 0));
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db,
            "SELECT dataset FROM run WHERE run_id = ?1 UNION ALL SELECT dataset FROM cause WHERE cause_id = ?2 LIMIT 1",
            -1, &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, call->run_id[0] || !first ? call->run_id : first, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, call_integer(call, "cause", 0, 0, INT64_MAX));
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found)
        *dataset = arena_str(call->arena, str_of((const char *)sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    return found || ERR(err, ERR_NOT_FOUND, "there is no such run or cause");
}

/* What the files are re-driven by is to be in the contract too. */
static bool contract_request(struct acting *acting, struct redrive_request *request, struct err *err)
{
    struct call *call = acting->call;
    struct overrides *overrides = ARENA_NEW(call->arena, struct overrides);
    *request = (struct redrive_request){.run_id = "",
        .reason = call_text(call, "reason"),
        .rules = {.storage = call->agent->storage,
            .journal = acting->journal,
            .contracts = &acting->contracts,
            .overrides = overrides}};
    if (!overrides)
        return ERR(err, ERR_MEMORY, "no memory for overrides");
    return dataset_of(acting, &request->rules.dataset, err) && call_overrides(call, overrides, err) &&
           change_possible(request, call->arena, err);
}

/* Both or none: the change is tried before the re-drive is asked for. change stays empty where none is wanted. */
static bool ask_both(struct acting *acting, struct redrive *redrive, struct redrive *change, struct err *err)
{
    struct redrive_request request;
    struct decider by = acting->by;
    by.client = STR(""); /* the call is known by its re-drive */
    if (!str_eq(call_text(acting->call, "apply_to"), STR("contract")))
        return ask(acting, redrive, err);
    return contract_request(acting, &request, err) && ask(acting, redrive, err) &&
           change_ask(&request, &by, change, acting->call->arena, err);
}

bool acting_request(
    struct call *call, const char *action, acting_ask *asks, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    bool waits = acting_waits(call);
    bool ok = acting_begin(&acting, call, err) && asks(&acting, &redrive, err) &&
              (waits || acting_approve(&acting, &redrive, err));
    if (!ok)
        acting_refused(&acting, action, redrive.redrive_id[0] ? redrive.redrive_id : call->run_id, code, err);
    acting_end(&acting);
    return ok && acting_show(call, redrive.redrive_id, result, code, err);
}

/* The files come before the contract: they are bound to it as it is. */
static bool approve_both(
    struct acting *acting, const struct redrive *redrive, const struct redrive *change, struct err *err)
{
    if (!acting_approve(acting, redrive, err))
        return false;
    acting->by.client = STR("");
    return !change->redrive_id[0] || acting_approve(acting, change, err);
}

bool answer_redrive(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0}, change = {0};
    bool waits = acting_waits(call);
    bool ok = acting_begin(&acting, call, err) && ask_both(&acting, &redrive, &change, err) &&
              (waits || approve_both(&acting, &redrive, &change, err));
    if (!ok)
        acting_refused(&acting, "redrive", redrive.redrive_id[0] ? redrive.redrive_id : call->run_id, code, err);
    acting_end(&acting);
    return ok && acting_show(call, redrive.redrive_id, result, code, err);
}

bool acting_find(struct acting *acting, struct redrive *redrive, struct err *err)
{
    struct str part = call_text(acting->call, "request");
    if (!part.n)
        return ERR(err, ERR_USAGE, "which request? 'sluice requests' lists them");
    return journal_redrive_read(acting->journal, part, redrive, acting->call->arena, err);
}

bool answer_approve(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    bool ok = acting_begin(&acting, call, err) && acting_find(&acting, &redrive, err) &&
              acting_approve(&acting, &redrive, err);
    if (!ok)
        acting_refused(&acting, "approve", redrive.redrive_id, code, err);
    acting_end(&acting);
    return ok && acting_show(call, redrive.redrive_id, result, code, err);
}

bool answer_decline(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    struct redrive redrive = {0};
    struct str reason = str_trim(call_text(call, "reason"));
    bool ok = acting_begin(&acting, call, err) && (reason.n || ERR(err, ERR_USAGE, "declining needs a reason")) &&
              acting_find(&acting, &redrive, err) &&
              journal_redrive_close(acting.journal, &redrive, "declined", reason, &acting.by, clock_now(), err);
    if (!ok)
        acting_refused(&acting, "decline", redrive.redrive_id, code, err);
    acting_end(&acting);
    return ok && acting_show(call, redrive.redrive_id, result, code, err);
}

static bool discard(struct acting *acting, struct str reason, struct err *err)
{
    struct call *call = acting->call;
    struct row_choice choice;
    bool of_rows;
    if (!call_row_choice(call, &choice, &of_rows, err))
        return false;
    if (!of_rows)
        return journal_discard(acting->journal, call->run_id, reason, &acting->by, clock_now(), err);
    return journal_discard_rows(acting->journal, call->run_id, &choice, reason, &acting->by, clock_now(), err);
}

static bool give_back(struct acting *acting, struct str reason, struct err *err)
{
    struct call *call = acting->call;
    struct row_choice choice;
    bool of_rows;
    return call_row_choice(call, &choice, &of_rows, err) &&
           journal_return_rows(acting->journal, call->run_id, &choice, reason, &acting->by, clock_now(), err);
}

/* Something is closed for good; the run as it is then. */
static bool close_for_good(struct call *call, const char *action,
    bool (*closes)(struct acting *acting, struct str reason, struct err *err), struct buf *result, int *code,
    struct err *err)
{
    struct acting acting;
    struct str reason = str_trim(call_text(call, "reason"));
    bool ok = acting_begin(&acting, call, err) && (reason.n || ERR(err, ERR_USAGE, "closing needs a reason")) &&
              closes(&acting, reason, err);
    if (!ok)
        acting_refused(&acting, action, call->run_id, code, err);
    acting_end(&acting);
    return ok && method_call(method_find("run"), call, result, code, err);
}

bool answer_discard(struct call *call, struct buf *result, int *code, struct err *err)
{
    return close_for_good(call, "discard", discard, result, code, err);
}

bool answer_returned(struct call *call, struct buf *result, int *code, struct err *err)
{
    return close_for_good(call, "returned", give_back, result, code, err);
}
