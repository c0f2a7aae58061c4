#include "worker/agent/agent.h"

#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/rpc.h"
#include "shared/utf8.h"
#include "worker/agent/contracts.h"
#include "worker/agent/method.h"

#include <errno.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, LOOK_US = 1000000, AGAIN_US = 5000000 };

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

/* Text of the journal that came from a file's bytes may not be UTF-8, and JSON has to be. */
static void add_valid(struct json *json, struct str text)
{
    struct buf *out = json->out;
    jsonw_raw(json, STR(""));
    while (text.n) {
        size_t n = utf8_valid_prefix(text);
        buf_add(out, text.p, n);
        if (n < text.n)
            buf_add_cstr(out, "\xEF\xBF\xBD");
        n += n < text.n;
        text = (struct str){text.p + n, text.n - n};
    }
}

/* result is JSON, made in one line. */
static bool send_result(int out, const json_t *id, struct str result, struct err *err)
{
    struct buf message;
    struct json json;
    buf_init(&message, RPC_MAX_LINE);
    begin_message(&json, &message, id);
    jsonw_key(&json, "result");
    add_valid(&json, result);
    jsonw_object_end(&json);
    bool ok = send_line(out, &message, err);
    buf_dispose(&message);
    return ok;
}

/* ---- requests ---- */

/* What is wrong with it as JSON-RPC; NULL: nothing. */
static const char *complaint(const json_t *request)
{
    const json_t *id = json_object_get(request, "id"), *params = json_object_get(request, "params");
    const char *version = json_string_value(json_object_get(request, "jsonrpc"));
    if (!json_is_object(request))
        return "it is not an object";
    if (!version || strcmp(version, "2.0") != 0)
        return "its 'jsonrpc' is not \"2.0\"";
    if (!json_is_string(json_object_get(request, "method")))
        return "it has no method";
    if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
        return "its id is neither text nor a number";
    return params && !json_is_object(params) ? "its params are not an object" : NULL;
}

static bool refuse(int out, int code, const char *why, struct err *err)
{
    struct err invalid;
    ERR(&invalid, ERR_USAGE, "not a JSON-RPC request: %s", why);
    return send_error(out, NULL, code, &invalid, err);
}

static bool answer(struct agent *agent, const json_t *request, int out, struct err *err)
{
    const json_t *id = json_object_get(request, "id");
    const char *name = json_string_value(json_object_get(request, "method"));
    const struct method *method = method_find(name);
    struct err why = {0};
    if (!id)
        return true;
    if (!method) {
        ERR(&why, ERR_USAGE, "there is no method '%.80s'", name);
        return send_error(out, id, RPC_METHOD_NOT_FOUND, &why, err);
    }
    struct buf result;
    struct call call = {.agent = agent, .params = json_object_get(request, "params"), .arena = arena_new(0)};
    int code = RPC_INTERNAL_ERROR;
    buf_init(&result, RPC_MAX_LINE);
    bool answered = (call.arena || ERR(&why, ERR_MEMORY, "no memory for an answer")) &&
                    method_call(method, &call, &result, &code, &why) && buf_ok(&result, "an answer", &why);
    bool ok = answered ? send_result(out, id, buf_str(&result), err) : send_error(out, id, code, &why, err);
    buf_dispose(&result);
    arena_free(call.arena);
    return ok;
}

static bool take_line(struct agent *agent, struct str line, int out, struct err *err)
{
    json_error_t fault;
    json_t *request = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &fault);
    const char *why = request ? complaint(request) : NULL;
    bool ok = !request ? refuse(out, RPC_PARSE_ERROR, fault.text, err)
              : why    ? refuse(out, RPC_INVALID_REQUEST, why, err)
                       : answer(agent, request, out, err);
    json_decref(request);
    return ok;
}

/* ---- lines ---- */

struct reader {
    struct buf pending;
    bool skipping; /* the rest of a line that was too long */
};

static bool take_lines(struct reader *reader, struct agent *agent, size_t fresh, int out, struct err *err)
{
    struct buf *pending = &reader->pending;
    size_t used = 0, from = pending->n - fresh;
    bool ok = true;
    for (char *end; ok && (end = memchr(pending->p + from, '\n', pending->n - from));) {
        size_t next = (size_t)(end - pending->p) + 1;
        struct str line = str_trim((struct str){pending->p + used, next - 1 - used});
        ok = reader->skipping || !line.n || take_line(agent, line, out, err);
        reader->skipping = false;
        used = from = next;
    }
    memmove(pending->p, pending->p + used, pending->n - used);
    pending->n -= used;
    if (ok && !reader->skipping && pending->n > RPC_MAX_REQUEST) {
        reader->skipping = true;
        ok = refuse(out, RPC_INVALID_REQUEST, "it is too large", err);
    }
    if (reader->skipping)
        pending->n = 0;
    return ok;
}

/* ---- notices ---- */

/* Any other connection's commit moves data_version; a journal put in another's place is another inode. */
static bool look(struct agent *agent, struct journal_mark *mark)
{
    struct err unread; /* no lake, no journal: nothing to tell */
    sqlite3_stmt *statement;
    if (!agent_journal(agent, &unread) ||
        sqlite3_prepare_v2(journal_handle(agent->journal), "PRAGMA data_version", -1, &statement, NULL) != SQLITE_OK)
        return false;
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found)
        *mark = (struct journal_mark){agent->device, agent->inode, sqlite3_column_int64(statement, 0)};
    sqlite3_finalize(statement);
    return found;
}

void agent_follow(struct agent *agent)
{
    agent->notices = true;
    agent->notice_due = clock_monotonic() + LOOK_US;
    if (!look(agent, &agent->told))
        agent->told = (struct journal_mark){0};
}

static bool send_changed(int out, struct err *err)
{
    struct buf message;
    struct json json;
    char now[CLOCK_TEXT_SIZE];
    buf_init(&message, RPC_MAX_LINE);
    jsonw_init(&json, &message);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "jsonrpc", "2.0");
    jsonw_put_cstring(&json, "method", "changed");
    jsonw_key(&json, "params");
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "as_of", clock_format(clock_now(), now));
    jsonw_object_end(&json);
    jsonw_object_end(&json);
    bool ok = send_line(out, &message, err);
    buf_dispose(&message);
    return ok;
}

/* At most once a second, however busy the client or the journal is. */
static bool tell_changes(struct agent *agent, int out, struct err *err)
{
    struct journal_mark mark, told = agent->told;
    if (!agent->notices || clock_monotonic() < agent->notice_due)
        return true;
    agent->notice_due = clock_monotonic() + LOOK_US;
    if (!look(agent, &mark))
        return true;
    agent->told = mark;
    bool same = mark.device == told.device && mark.inode == told.inode && mark.version == told.version;
    return same || send_changed(out, err);
}

/* Until there is something to read, or it is time to look at the journal. False: neither is yet. */
static bool wait_for_client(const struct agent *agent, int in)
{
    struct pollfd fd = {.fd = in, .events = POLLIN};
    int64_t left = agent->notice_due - clock_monotonic();
    int timeout = !agent->notices ? -1 : left <= 0 ? 0 : (int)(left / 1000) + 1;
    return poll(&fd, 1, timeout) > 0;
}

static bool stopping(const struct agent *agent)
{
    return agent->stop && *agent->stop;
}

bool agent_serve(struct agent *agent, int in, int out, struct err *err)
{
    struct reader reader = {0};
    bool ok = true, open = true;
    buf_init(&reader.pending, RPC_MAX_REQUEST + 2 * READ_BYTES);
    while (ok && open && !stopping(agent)) {
        struct buf *pending = &reader.pending;
        if (!buf_reserve(pending, READ_BYTES)) {
            ok = ERR(err, ERR_MEMORY, "no memory for a request");
            break;
        }
        bool readable = wait_for_client(agent, in);
        ok = tell_changes(agent, out, err);
        if (!ok || !readable)
            continue;
        ssize_t n = read(in, pending->p + pending->n, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ok = ERR_ERRNO(err, "cannot read from the client");
        open = n > 0;
        pending->n += n > 0 ? (size_t)n : 0;
        ok = ok && take_lines(&reader, agent, n > 0 ? (size_t)n : 0, out, err);
    }
    buf_dispose(&reader.pending);
    return ok;
}

/* ---- the journal ---- */

/* What other machines did is to be seen here, and this machine's worker may be down. Where the coordinator is not
 * reached the journal is as it was, and says so. */
static void follow(struct agent *agent)
{
    struct err why;
    if (!agent->in_fleet || clock_monotonic() < agent->follow_due)
        return;
    if (!agent->follower)
        agent->follower = journal_open(agent->journal_path, false, &why);
    bool ok = agent->follower && journal_follow(agent->follower, &why);
    if (!ok)
        log_err(LOG_WARN, "fleet-not-followed", &why);
    agent->follow_due = clock_monotonic() + (ok ? LOOK_US : AGAIN_US);
}

static bool no_journal(struct agent *agent, struct err *err)
{
    struct stat status;
    struct str root = agent->storage->root;
    bool has_files = agent->storage->driver->features & STORAGE_FILES;
    agent_dispose(agent);
    if (has_files && (stat(root.p, &status) != 0 || !S_ISDIR(status.st_mode))) {
        ERR(err, ERR_UNAVAILABLE, "the lake " STR_FMT " is not there", STR_ARG(root));
        return err_hint(err, "If it is a mount, mount it; --lake names another.");
    }
    ERR(err, ERR_UNAVAILABLE, "the lake " STR_FMT " has no journal yet", STR_ARG(root));
    return err_hint(err, "'sluiced run --lake DIR' makes one.");
}

bool agent_journal(struct agent *agent, struct err *err)
{
    struct stat status;
    follow(agent);
    if (stat(agent->journal_path, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? no_journal(agent, err)
                   : ERR_ERRNO(err, "the journal %s cannot be reached", agent->journal_path);
    if (agent->journal && status.st_dev == agent->device && status.st_ino == agent->inode)
        return true;
    agent_dispose(agent);
    agent->journal = journal_open(agent->journal_path, true, err);
    agent->device = status.st_dev;
    agent->inode = status.st_ino;
    return agent->journal != NULL;
}

void agent_dispose(struct agent *agent)
{
    journal_close(agent->journal);
    journal_close(agent->follower);
    agent->journal = agent->follower = NULL;
    free(agent->counts);
    agent->counts = NULL;
    agent_forget_contracts(agent);
}
