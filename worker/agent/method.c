#include "worker/agent/method.h"

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/rpc.h"
#include "worker/agent/acting.h"
#include "worker/agent/cells.h"
#include "worker/agent/client.h"

#include "schema/agent/alerts.sql.h"
#include "schema/agent/incidents.sql.h"
#include "schema/agent/overrides.sql.h"
#include "schema/agent/rejects.sql.h"
#include "schema/agent/requests.sql.h"
#include "schema/agent/run.sql.h"
#include "schema/agent/runs.sql.h"
#include "schema/agent/stages.sql.h"
#include "schema/agent/workers.sql.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_US INT64_C(86400000000)

static bool answer_hello(struct call *call, struct buf *result, int *code, struct err *err);

static const struct method methods[] = {
    {"hello", false, NULL, NULL, answer_hello},
    {"overview", false, NULL, NULL, answer_overview},
    {"runs", false, NULL, runs_sql_text, NULL},
    {"run", true, NULL, run_sql_text, NULL},
    {"rejects", false, NULL, rejects_sql_text, NULL},
    {"causes", false, NULL, NULL, answer_causes},
    {"rows", true, NULL, NULL, answer_rows},
    {"grid", true, NULL, NULL, answer_grid},
    {"original", true, NULL, NULL, answer_original},
    {"frequency", true, NULL, NULL, answer_frequency},
    {"reason", true, NULL, NULL, answer_reason},
    {"stages", true, NULL, stages_sql_text, NULL},
    {"rehearse", true, NULL, NULL, answer_rehearse},
    {"redrive", false, "operator", NULL, answer_redrive},
    {"reprocess", false, "operator", NULL, answer_reprocess},
    {"withdraw", true, "operator", NULL, answer_withdraw},
    {"requests", false, NULL, requests_sql_text, NULL},
    {"approve", false, "approver", NULL, answer_approve},
    {"decline", false, "approver", NULL, answer_decline},
    {"pause", false, "operator", NULL, answer_pause},
    {"resume", false, "operator", NULL, answer_resume},
    {"rate", false, "operator", NULL, answer_rate},
    {"cancel", false, "operator", NULL, answer_cancel},
    {"discard", true, "operator", NULL, answer_discard},
    {"outcome", false, NULL, NULL, answer_outcome},
    {"overrides", false, NULL, overrides_sql_text, NULL},
    {"override", false, "operator", NULL, answer_override},
    {"patch", true, NULL, NULL, answer_patch},
    {"contract", false, "operator", NULL, answer_contract},
    {"revoke", false, "operator", NULL, answer_revoke},
    {"incidents", false, NULL, incidents_sql_text, NULL},
    {"alerts", false, NULL, alerts_sql_text, NULL},
    {"workers", false, NULL, workers_sql_text, NULL},
    {"acknowledge", false, "operator", NULL, answer_acknowledge},
    {"audit", false, NULL, NULL, answer_audit},
    {"trace", false, NULL, NULL, answer_trace},
    {"balance", false, NULL, NULL, answer_balance},
    {"export", true, NULL, NULL, answer_export},
    {"returned", true, "operator", NULL, answer_returned},
};

const struct method *method_list(size_t *count)
{
    *count = sizeof methods / sizeof *methods;
    return methods;
}

const struct method *method_find(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

int64_t call_integer(const struct call *call, const char *name, int64_t otherwise, int64_t least, int64_t most)
{
    const json_t *value = json_object_get(call->params, name);
    if (!json_is_integer(value))
        return otherwise;
    int64_t number = json_integer_value(value);
    return number < least ? least : number > most ? most : number;
}

static bool answer_hello(struct call *call, struct buf *result, int *code, struct err *err)
{
    const struct agent *agent = call->agent;
    struct json json;
    (void)code, (void)err;
    if (json_is_true(json_object_get(call->params, "notices")))
        agent_follow(call->agent);
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    jsonw_put_int(&json, "protocol", RPC_PROTOCOL);
    jsonw_put_cstring(&json, "version", SLUICE_VERSION);
    jsonw_put_string(&json, "lake", agent->storage->url);
    jsonw_key(&json, "environment");
    jsonw_object_begin(&json);
    jsonw_put_string(&json, "name", agent->environment);
    jsonw_key(&json, "colour");
    if (agent->colour.n)
        jsonw_string(&json, agent->colour);
    else
        jsonw_null(&json);
    jsonw_object_end(&json);
    jsonw_put_string(&json, "operator", agent->who.name);
    jsonw_put_string(&json, "role", agent->who.role);
    jsonw_put_bool(&json, "four_eyes", agent->who.four_eyes);
    jsonw_key(&json, "capabilities");
    jsonw_array_begin(&json);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        jsonw_cstring(&json, methods[i].name);
    jsonw_array_end(&json);
    jsonw_object_end(&json);
    return true;
}

/* ---- queries ---- */

static bool bind(struct call *call, sqlite3_stmt *statement, int index)
{
    const char *name = sqlite3_bind_parameter_name(statement, index) + 1;
    const json_t *value = json_object_get(call->params, name);
    if (strcmp(name, "now") == 0)
        return sqlite3_bind_int64(statement, index, clock_now()) == SQLITE_OK;
    if (strcmp(name, "since") == 0)
        return sqlite3_bind_int64(statement, index, clock_now() - DAY_US) == SQLITE_OK;
    if (strcmp(name, "limit") == 0)
        return sqlite3_bind_int64(statement, index, call_integer(call, "limit", RPC_PAGE, 1, RPC_MAX_PAGE)) ==
               SQLITE_OK;
    if (strcmp(name, "run") == 0 && call->run_id[0])
        return sqlite3_bind_text(statement, index, call->run_id, -1, SQLITE_TRANSIENT) == SQLITE_OK;
    if (json_is_integer(value))
        return sqlite3_bind_int64(statement, index, json_integer_value(value)) == SQLITE_OK;
    return !json_is_string(value) || sqlite3_bind_text(statement, index, json_string_value(value),
                                         (int)json_string_length(value), SQLITE_TRANSIENT) == SQLITE_OK;
}

bool method_query(const char *sql, struct call *call, struct buf *result, int *code, struct err *err)
{
    sqlite3 *db = journal_handle(call->agent->journal);
    sqlite3_stmt *statement;
    *code = RPC_UNAVAILABLE;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    bool ok = true;
    for (int i = 1; ok && i <= sqlite3_bind_parameter_count(statement); i++)
        ok = bind(call, statement, i);
    int step = ok ? sqlite3_step(statement) : SQLITE_ERROR;
    if (step == SQLITE_ROW)
        buf_add(result, sqlite3_column_text(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
    else if (step == SQLITE_DONE) {
        *code = RPC_NOT_FOUND;
        ERR(err, ERR_NOT_FOUND, "run %s is not in the journal", call->run_id);
    } else
        ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return step == SQLITE_ROW;
}

/* ---- parameters ---- */

static const struct {
    const char *name;
    bool is_text;
} parameters[] = {{"run", true}, {"dataset", true}, {"cause", false}, {"limit", false}, {"subject", true},
    {"incident", false}, {"note", true}, {"partition", true}, {"since", true}, {"seen", true}, {"stage", true},
    {"part", true}, {"request", true}, {"rate", true}};

static bool bad_parameter(const char *name, const char *wants, int *code, struct err *err)
{
    *code = RPC_INVALID_PARAMS;
    return ERR(err, ERR_USAGE, "the parameter '%s' must be %s", name, wants);
}

/* null stands for absent. "after" is what "next" was: a row number, or text. */
static bool check_parameters(const struct method *method, const json_t *params, int *code, struct err *err)
{
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        const json_t *value = json_object_get(params, parameters[i].name);
        if (value && !json_is_null(value) && !(parameters[i].is_text ? json_is_string(value) : json_is_integer(value)))
            return bad_parameter(parameters[i].name, parameters[i].is_text ? "text" : "a whole number", code, err);
    }
    const json_t *after = json_object_get(params, "after");
    bool row = method->answer == answer_rows;
    if (after && !json_is_null(after) && !(row ? json_is_integer(after) : json_is_string(after)))
        return bad_parameter("after", row ? "a row number" : "text", code, err);
    return true;
}

/* ---- which run ---- */

static bool ambiguous(const char *part, const struct buf *found, int *code, struct err *err)
{
    *code = RPC_AMBIGUOUS;
    ERR(err, ERR_NOT_FOUND, "'%s' is part of more than one run's id", part);
    return err_hint(err, "Give more of it; among them: %s.", found->p);
}

/* params.run is any part of a run's id that names only one. */
static bool resolve_run(struct call *call, int *code, struct err *err)
{
    enum { EXAMPLES = 3, EXAMPLES_BYTES = 4 * ULID_SIZE };
    const char *part = json_string_value(json_object_get(call->params, "run"));
    sqlite3 *db = journal_handle(call->agent->journal);
    sqlite3_stmt *statement;
    struct buf names;
    int found = 0, step;
    if (!part || !*part)
        return true;
    *code = RPC_UNAVAILABLE;
    if (sqlite3_prepare_v2(db, "SELECT run_id FROM run WHERE instr(run_id, upper(?1)) > 0 ORDER BY 1 DESC LIMIT ?2", -1,
            &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    buf_init(&names, EXAMPLES_BYTES);
    sqlite3_bind_text(statement, 1, part, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(statement, 2, EXAMPLES);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *id = (const char *)sqlite3_column_text(statement, 0);
        buf_printf(&names, "%s%s", found++ ? ", " : "", id ? id : "");
        snprintf(call->run_id, sizeof call->run_id, "%s", id ? id : "");
    }
    if (step != SQLITE_DONE)
        ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    else if (found > 1)
        ambiguous(part, &names, code, err);
    else if (!found) {
        *code = RPC_NOT_FOUND;
        ERR(err, ERR_NOT_FOUND, "no run has '%s' in its id", part);
        err_hint(err, "'sluice runs' lists them.");
    }
    sqlite3_finalize(statement);
    buf_dispose(&names);
    return step == SQLITE_DONE && found == 1;
}

/* Two that were sent at once: the one that came later finds what the other did. */
static bool act_once(const struct method *method, struct call *call, struct buf *result, int *code, struct err *err)
{
    struct err unread;
    int ignored;
    bool known;
    if (!client_read(call, &known, code, err))
        return false;
    if (known)
        return client_again(call, result, code, err);
    if (method->answer(call, result, code, err))
        return true;
    return call->client.id[0] && client_read(call, &known, &ignored, &unread) && known &&
           client_again(call, result, code, err);
}

/* Not even who or what is here; the first time it is told in the audit. */
static bool has_no_role(struct call *call, int *code, struct err *err)
{
    struct agent *agent = call->agent;
    struct err unread;
    ERR(err, ERR_USAGE, STR_FMT " has no role here", STR_ARG(agent->who.name));
    err_hint(err, "The settings of the worker give one: operators: {" STR_FMT ": viewer}.", STR_ARG(agent->who.name));
    if (!agent->turned_away && agent_journal(agent, &unread))
        acting_forbidden(call, call->method, "", err);
    agent->turned_away = true;
    *code = RPC_FORBIDDEN;
    return false;
}

bool method_call(const struct method *method, struct call *call, struct buf *result, int *code, struct err *err)
{
    *code = RPC_INTERNAL_ERROR;
    call->method = method->name;
    if (str_eq(call->agent->who.role, STR("none")))
        return has_no_role(call, code, err);
    if (method->answer == answer_hello)
        return answer_hello(call, result, code, err);
    if (!check_parameters(method, call->params, code, err))
        return false;
    *code = RPC_UNAVAILABLE;
    if (!agent_journal(call->agent, err))
        return false;
    bool resolved = resolve_run(call, code, err);
    if (method->least && !acting_may(call, method->least, code, err)) /* whatever it names, and in the audit */
        return false;
    if (!resolved)
        return false;
    if (method->needs_run && !call->run_id[0]) {
        *code = RPC_INVALID_PARAMS;
        return ERR(err, ERR_USAGE, "method %s needs the parameter 'run'", method->name);
    }
    if (method->sql)
        return method_query(method->sql, call, result, code, err);
    bool acts = method->least || method->answer == answer_patch; /* which anybody may look at */
    return acts ? act_once(method, call, result, code, err) : method->answer(call, result, code, err);
}
