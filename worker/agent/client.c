#include "worker/agent/client.h"

#include "shared/json.h"
#include "shared/rpc.h"
#include "worker/agent/acting.h"

#include <sqlite3.h>
#include <stdlib.h>

/* What the journal knows of it. */
struct done {
    struct str call, action, subject;
    bool found;
};

static struct str column(sqlite3_stmt *statement, int index, struct arena *arena)
{
    return arena_str(arena, str_of((const char *)sqlite3_column_text(statement, index)));
}

/* The last thing it did: a request that its asker approved at once has done two. */
static bool look_up(struct call *call, struct str id, struct done *done, struct err *err)
{
    const struct agent *agent = call->agent;
    sqlite3 *db = journal_handle(agent->journal);
    sqlite3_stmt *statement;
    *done = (struct done){0};
    if (sqlite3_prepare_v2(db,
            "SELECT call, action, subject FROM client_call WHERE client_id = ?1 AND actor = ?2 "
            "ORDER BY audit_id DESC LIMIT 1",
            -1, &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, id.p, (int)id.n, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, agent->who.name.p, (int)agent->who.name.n, SQLITE_STATIC);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        *done = (struct done){column(statement, 0, call->arena), column(statement, 1, call->arena),
            column(statement, 2, call->arena), true};
    bool ok = step == SQLITE_ROW || step == SQLITE_DONE ||
              ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return ok;
}

static bool read_id(struct call *call, struct str *id, int *code, struct err *err)
{
    const json_t *value = json_object_get(call->params, "client");
    *id = call_text(call, "client");
    if (!value || json_is_null(value) || ulid_valid(*id))
        return true;
    *code = RPC_INVALID_PARAMS;
    return ERR(err, ERR_USAGE, "the parameter 'client' must be a ULID");
}

/* The same call: the same method with the same parameters, in whatever order. */
static bool hash_call(struct call *call, struct err *err)
{
    char *text = json_dumps(call->params, JSON_COMPACT | JSON_SORT_KEYS);
    const char *whole = text ? arena_printf(call->arena, "%s %s", call->method, text) : NULL;
    free(text);
    if (!whole)
        return ERR(err, ERR_MEMORY, "no memory for a call");
    sha256_of(str_of(whole), call->client.hash);
    return true;
}

bool client_read(struct call *call, bool *known, int *code, struct err *err)
{
    struct str id;
    struct done done;
    *known = false;
    if (!read_id(call, &id, code, err))
        return false;
    if (!id.n)
        return true;
    *code = RPC_UNAVAILABLE;
    memcpy(call->client.id, id.p, id.n);
    if (!hash_call(call, err) || !look_up(call, id, &done, err))
        return false;
    *known = done.found;
    if (!done.found || str_eq(done.call, str_of(call->client.hash)))
        return true;
    *code = RPC_INVALID_PARAMS;
    ERR(err, ERR_USAGE, "the client id %s was used for another call", call->client.id);
    return err_hint(err, "'outcome' tells what became of that one; a new call needs a new id.");
}

/* ---- what came of it ---- */

static bool show(struct call *call, const char *method, const char *key, json_t *value, struct buf *result, int *code,
    struct err *err)
{
    json_t *params = json_pack("{s:o}", key, value);
    struct call one = {.agent = call->agent, .params = params, .arena = call->arena};
    bool ok = params ? method_call(method_find(method), &one, result, code, err)
                     : ERR(err, ERR_MEMORY, "no memory for an answer");
    json_decref(params);
    return ok;
}

bool client_again(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct done done;
    json_t *incident = json_object_get(call->params, "incident"), *cause = json_object_get(call->params, "cause");
    *code = RPC_UNAVAILABLE;
    if (!look_up(call, str_of(call->client.id), &done, err))
        return false;
    if (strcmp(call->method, "discard") == 0 || strcmp(call->method, "patch") == 0)
        return show(call, strcmp(call->method, "patch") == 0 ? "patch" : "run", "run", json_string(call->run_id),
            result, code, err);
    if (strcmp(call->method, "acknowledge") == 0)
        return show(call, json_is_integer(incident) ? "incidents" : "causes",
            json_is_integer(incident) ? "incident" : "cause", json_incref(json_is_integer(incident) ? incident : cause),
            result, code, err);
    return acting_show(call, done.subject.p, result, code, err);
}

static bool is_request(const struct call *call, struct str subject)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(journal_handle(call->agent->journal), "SELECT 1 FROM redrive WHERE redrive_id = ?1", -1,
            &statement, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(statement, 1, subject.p, (int)subject.n, SQLITE_STATIC);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return found;
}

/* The first of a list's items, null when there is none. */
static bool add_request(struct call *call, struct str subject, struct json *json, int *code, struct err *err)
{
    struct buf list;
    buf_init(&list, RPC_MAX_LINE);
    bool ok = acting_show(call, subject.p, &list, code, err);
    json_t *answer = ok ? json_loadb(list.p, list.n, JSON_ALLOW_NUL, NULL) : NULL;
    char *text = answer ? json_dumps(json_array_get(json_object_get(answer, "items"), 0), JSON_COMPACT) : NULL;
    jsonw_raw(json, text ? str_of(text) : STR("null"));
    free(text);
    json_decref(answer);
    buf_dispose(&list);
    return ok;
}

bool answer_outcome(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct str id;
    struct done done;
    struct json json;
    if (!read_id(call, &id, code, err))
        return false;
    if (!id.n) {
        *code = RPC_INVALID_PARAMS;
        return ERR(err, ERR_USAGE, "method outcome needs the parameter 'client'");
    }
    *code = RPC_UNAVAILABLE;
    if (!look_up(call, id, &done, err))
        return false;
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    jsonw_put_bool(&json, "known", done.found);
    if (done.found) {
        jsonw_put_string(&json, "action", done.action);
        jsonw_put_string(&json, "subject", done.subject);
    }
    jsonw_key(&json, "request");
    bool ok = true;
    if (done.found && is_request(call, done.subject))
        ok = add_request(call, done.subject, &json, code, err);
    else
        jsonw_null(&json);
    jsonw_object_end(&json);
    return ok;
}
