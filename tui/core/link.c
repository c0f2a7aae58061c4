#include "tui/core/link.h"

#include "shared/buf.h"
#include "shared/fs.h"
#include "shared/rpc.h"
#include "shared/subprocess.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

struct link {
    struct subprocess agent;
    struct buf pending; /* read, not yet used */
    json_int_t next_id;
};

/* "sluiced" in the folder of this program when it is there. */
static char *agent_path(char path[PATH_MAX])
{
    static const char name[] = "/sluiced";
    static char fallback[] = "sluiced";
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof name);
    if (n <= 0)
        return fallback;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return fallback;
    memcpy(slash, name, sizeof name);
    return access(path, X_OK) == 0 ? path : fallback;
}

struct link *link_open(const char *lake, struct err *err)
{
    char path[PATH_MAX];
    char lake_option[] = "--lake", verb[] = "agent";
    char *lake_value = strdup(lake);
    struct link *link = calloc(1, sizeof *link);
    if (!lake_value || !link) {
        ERR(err, ERR_MEMORY, "no memory for a link");
        free(lake_value);
        free(link);
        return NULL;
    }
    char *argv[] = {agent_path(path), verb, lake_option, lake_value, NULL};
    signal(SIGPIPE, SIG_IGN); /* a lost agent is an error of the write, not the end of this program */
    bool ok = subprocess_start(&link->agent, argv, err);
    free(lake_value);
    buf_init(&link->pending, RPC_MAX_LINE);
    if (ok)
        return link;
    free(link);
    return NULL;
}

static bool read_line(struct link *link, struct str *line, struct err *err)
{
    for (;;) {
        const char *end = link->pending.n ? memchr(link->pending.p, '\n', link->pending.n) : NULL;
        if (end) {
            *line = (struct str){link->pending.p, (size_t)(end - link->pending.p)};
            return true;
        }
        if (!buf_reserve(&link->pending, READ_BYTES))
            return ERR(err, ERR_UNAVAILABLE, "the agent's answer is larger than %d bytes", RPC_MAX_LINE);
        ssize_t n = read(link->agent.out, link->pending.p + link->pending.n, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_ERRNO(err, "cannot read from the agent");
        if (n == 0)
            return ERR(err, ERR_UNAVAILABLE, "the agent ended before it answered");
        link->pending.n += (size_t)n;
    }
}

static bool send_request(struct link *link, const char *method, json_t *params, struct err *err)
{
    json_t *request =
        json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id", ++link->next_id, "method", method, "params", params);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    bool ok = text ? fs_write_all(link->agent.in, text, strlen(text), "the agent", err) &&
                         fs_write_all(link->agent.in, "\n", 1, "the agent", err)
                   : ERR(err, ERR_MEMORY, "no memory for a request");
    free(text);
    return ok;
}

static json_t *take_answer(struct link *link, struct str line, struct err *err)
{
    json_error_t fault;
    json_t *answer = json_loadb(line.p, line.n, 0, &fault);
    json_t *result = json_incref(json_object_get(answer, "result"));
    const json_t *error = json_object_get(answer, "error");
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *hint = json_string_value(json_object_get(json_object_get(error, "data"), "hint"));
    if (!result) {
        json_int_t code = json_integer_value(json_object_get(error, "code"));
        enum err_kind kind = code == RPC_UNAVAILABLE      ? ERR_UNAVAILABLE
                             : code == RPC_INVALID_PARAMS ? ERR_USAGE
                                                          : ERR_NOT_FOUND;
        ERR(err, kind, "%s", message ? message : answer ? "the agent's answer has no result" : fault.text);
        err_hint(err, "%s", hint ? hint : "");
    }
    json_decref(answer);
    buf_reset(&link->pending);
    return result;
}

json_t *link_call(struct link *link, const char *method, json_t *params, struct err *err)
{
    struct str line;
    if (!send_request(link, method, params, err) || !read_line(link, &line, err))
        return NULL;
    return take_answer(link, line, err);
}

void link_close(struct link *link)
{
    int status;
    struct err ignored; /* the agent's end tells nothing that an answer has not told */
    if (!link)
        return;
    if (!subprocess_end(&link->agent, &status, &ignored))
        kill(link->agent.pid, SIGTERM);
    buf_dispose(&link->pending);
    free(link);
}
