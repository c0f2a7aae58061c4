#include "worker/agent/agent.h"

#include "shared/fs.h"
#include "shared/json.h"
#include "shared/rpc.h"
#include "worker/agent/method.h"

#include <errno.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

static bool send_line(int out, struct buf *message, struct err *err)
{
    buf_add_byte(message, '\n');
    return buf_ok(message, "an answer", err) && fs_write_all(out, message->p, message->n, "the client", err);
}

static void begin_message(struct json *json, struct buf *out, const json_t *id)
{
    char *text = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    jsonw_init(json, out);
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "jsonrpc", "2.0");
    jsonw_key(json, "id");
    jsonw_raw(json, text ? str_of(text) : STR("null"));
    free(text);
}

static bool send_error(int out, const json_t *id, int code, const struct err *why, struct err *err)
{
    struct buf message;
    struct json json;
    buf_init(&message, RPC_MAX_LINE);
    begin_message(&json, &message, id);
    jsonw_key(&json, "error");
    jsonw_object_begin(&json);
    jsonw_put_int(&json, "code", code);
    jsonw_put_cstring(&json, "message", why->message);
    jsonw_key(&json, "data");
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "hint", why->hint);
    jsonw_object_end(&json);
    jsonw_object_end(&json);
    jsonw_object_end(&json);
    bool ok = send_line(out, &message, err);
    buf_dispose(&message);
    return ok;
}

/* result is JSON, made in one line. */
static bool send_result(int out, const json_t *id, struct str result, struct err *err)
{
    struct buf message;
    struct json json;
    buf_init(&message, RPC_MAX_LINE);
    begin_message(&json, &message, id);
    jsonw_key(&json, "result");
    jsonw_raw(&json, result);
    jsonw_object_end(&json);
    bool ok = send_line(out, &message, err);
    buf_dispose(&message);
    return ok;
}

static bool answer(struct agent *agent, const json_t *request, int out, struct err *err)
{
    const json_t *id = json_object_get(request, "id");
    const char *name = json_string_value(json_object_get(request, "method"));
    const struct method *method = name ? method_find(name) : NULL;
    struct err why = {0};
    if (!method) {
        ERR(&why, ERR_USAGE, name ? "there is no method '%.80s'" : "a request has no method%s", name ? name : "");
        return send_error(out, id, name ? RPC_METHOD_NOT_FOUND : RPC_INVALID_REQUEST, &why, err);
    }
    struct buf result;
    struct call call = {.agent = agent, .params = json_object_get(request, "params"), .arena = arena_new(0)};
    int code = RPC_INTERNAL_ERROR;
    buf_init(&result, RPC_MAX_LINE);
    bool answered =
        call.arena && method_call(method, &call, &result, &code, &why) && buf_ok(&result, "an answer", &why);
    bool ok = answered ? send_result(out, id, buf_str(&result), err) : send_error(out, id, code, &why, err);
    buf_dispose(&result);
    arena_free(call.arena);
    return ok;
}

static bool take_line(struct agent *agent, struct str line, int out, struct err *err)
{
    json_error_t fault;
    json_t *request = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &fault);
    bool ok;
    if (json_is_object(request))
        ok = answer(agent, request, out, err);
    else {
        struct err why;
        ERR(&why, ERR_USAGE, "not a JSON-RPC request: %s", request ? "not an object" : fault.text);
        ok = send_error(out, NULL, request ? RPC_INVALID_REQUEST : RPC_PARSE_ERROR, &why, err);
    }
    json_decref(request);
    return ok;
}

bool agent_serve(struct agent *agent, int in, int out, struct err *err)
{
    struct buf pending;
    bool ok = true, open = true;
    buf_init(&pending, RPC_MAX_LINE);
    while (ok && open && !(agent->stop && *agent->stop)) {
        ok =
            buf_reserve(&pending, READ_BYTES) || ERR(err, ERR_USAGE, "a request is larger than %d bytes", RPC_MAX_LINE);
        ssize_t n = ok ? read(in, pending.p + pending.n, READ_BYTES) : 0;
        if (n < 0 && errno == EINTR && !(agent->stop && *agent->stop))
            continue;
        if (n < 0 && errno == EINTR)
            break;
        if (n < 0)
            ok = ERR_ERRNO(err, "cannot read from the client");
        open = n > 0;
        pending.n += n > 0 ? (size_t)n : 0;
        size_t used = 0;
        for (char *end; ok && (end = memchr(pending.p + used, '\n', pending.n - used));) {
            size_t length = (size_t)(end - pending.p) - used;
            ok = length == 0 || take_line(agent, (struct str){pending.p + used, length}, out, err);
            used += length + 1;
        }
        memmove(pending.p, pending.p + used, pending.n - used);
        pending.n -= used;
    }
    buf_dispose(&pending);
    return ok;
}
