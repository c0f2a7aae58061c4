/* Who did what and whether it is all there; incidents and causes that somebody looks after. */
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/rpc.h"
#include "worker/agent/acting.h"
#include "worker/journal/acknowledge.h"

#include "schema/agent/audit.sql.h"

static bool verify(struct call *call, struct json *json, struct err *err)
{
    struct err broken;
    uint64_t lines;
    char head[SHA256_TEXT_SIZE];
    bool ok = journal_audit_verify(call->agent->journal, &lines, head, &broken);
    if (!ok && broken.kind != ERR_CORRUPT) {
        *err = broken;
        return false;
    }
    jsonw_key(json, "verified");
    jsonw_object_begin(json);
    jsonw_put_uint(json, "lines", lines);
    jsonw_put_cstring(json, "head", head);
    if (!ok)
        jsonw_put_cstring(json, "broken", broken.message);
    jsonw_object_end(json);
    return true;
}

/* The chain is followed for the first page: it is read from its first line on. */
bool answer_audit(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct buf page;
    struct json json;
    buf_init(&page, RPC_MAX_LINE);
    bool ok = method_query(audit_sql_text, call, &page, code, err);
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    if (ok && !json_is_string(json_object_get(call->params, "after"))) {
        *code = RPC_UNAVAILABLE;
        ok = verify(call, &json, err);
    }
    if (ok && json.out->n > 1)
        buf_add_byte(result, ',');
    if (ok)
        buf_add(result, page.p + 1, page.n - 1);
    buf_dispose(&page);
    return ok;
}

static bool acknowledge(struct acting *acting, int64_t incident, int64_t cause, struct err *err)
{
    struct str note = str_trim(call_text(acting->call, "note"));
    if (!incident == !cause)
        return ERR(err, ERR_USAGE, "it is one incident, or one cause, that is acknowledged");
    if (incident)
        return journal_acknowledge_incident(acting->journal, incident, note, &acting->by, clock_now(), err);
    return journal_acknowledge_cause(acting->journal, cause, note, &acting->by, clock_now(), err);
}

bool answer_acknowledge(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct acting acting;
    int64_t incident = call_integer(call, "incident", 0, 0, INT64_MAX);
    int64_t cause = call_integer(call, "cause", 0, 0, INT64_MAX);
    const char *subject =
        arena_printf(call->arena, "%s %lld", incident ? "incident" : "cause", (long long)(incident ? incident : cause));
    bool ok = acting_write(&acting, call, err) && acknowledge(&acting, incident, cause, err);
    if (!ok)
        acting_refused(&acting, "acknowledge", subject, code, err);
    acting_end(&acting);
    return ok && method_call(method_find(incident ? "incidents" : "causes"), call, result, code, err);
}
