#include "tui/core/link.h"

#include "shared/buf.h"
#include "shared/fs.h"
#include "shared/rpc.h"
#include "shared/subprocess.h"
#include "tui/core/complaint.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, SSH_FAILED = 255, NO_SUCH_COMMAND = 127 };

struct link {
    struct subprocess agent;
    struct complaint complaint;
    struct buf pending; /* read, not yet used */
    bool answered, ended, is_ssh;
    json_int_t next_id;
};

struct link *link_open(const struct link_options *options, struct err *err)
{
    struct agent_command command;
    struct link *link = calloc(1, sizeof *link);
    if (!link) {
        ERR(err, ERR_MEMORY, "no memory for a link");
        return NULL;
    }
    if (!target_command(options, &command, err)) {
        free(link);
        return NULL;
    }
    link->is_ssh = target_is_ssh(options);
    signal(SIGPIPE, SIG_IGN); /* a lost agent is an error of the write, not the end of this program */
    buf_init(&link->pending, RPC_MAX_LINE);
    complaint_begin(&link->complaint);
    bool started = command.socket ? subprocess_connect(&link->agent, command.socket, err)
                                  : subprocess_start(&link->agent, (char *const *)command.argv, err);
    complaint_started(&link->complaint);
    if (started)
        return link;
    complaint_end(&link->complaint);
    err_hint(err, command.socket ? "'sluiced watch --socket PATH' listens there, when it runs."
                  : link->is_ssh ? "ssh is needed for this target."
                                 : "sluiced is looked for beside sluice, then in $PATH.");
    free(link);
    return NULL;
}

/* Before its first answer the agent ends because it could not start, and it has told why. */
static bool lost(struct link *link, struct err *err)
{
    static const enum err_kind kinds[] = {
        [1] = ERR_UNAVAILABLE, [2] = ERR_CONFIG, [3] = ERR_UNAVAILABLE, [4] = ERR_NOT_FOUND};
    int status = 0;
    struct err ignored;
    link->ended = true;
    bool known = subprocess_end(&link->agent, &status, &ignored) && WIFEXITED(status);
    complaint_pass(&link->complaint);
    int code = known ? WEXITSTATUS(status) : 0;
    if (code == SSH_FAILED && link->is_ssh) {
        ERR(err, ERR_UNAVAILABLE, link->answered ? "the ssh link was lost" : "ssh could not reach the agent");
        return err_hint(err, "What ssh said stands above; try 'ssh -v' with the same host.");
    }
    if (code == NO_SUCH_COMMAND && link->is_ssh && !link->answered) {
        ERR(err, ERR_UNAVAILABLE, "there is no sluiced in the PATH of that account");
        return err_hint(err, "Install it there, or name it in a forced command of its authorized_keys.");
    }
    if (!link->answered && code > 0 && code <= 4)
        return ERR(err, kinds[code], "%s", "");
    return ERR(err, ERR_UNAVAILABLE, "the agent ended before it answered");
}

/* Until the agent answers, or has ended; what it complains of meanwhile is passed on. */
static void wait_for_answer(struct link *link)
{
    struct pollfd fds[] = {{.fd = link->agent.out, .events = POLLIN}, {.fd = link->complaint.pipe, .events = POLLIN}};
    while (!fds[0].revents) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        complaint_pass(&link->complaint);
        if (fds[1].revents & ~POLLIN) /* nobody can write there any more */
            fds[1].fd = -1;
    }
}

static bool read_line(struct link *link, struct str *line, struct err *err)
{
    for (size_t seen = 0;; seen = link->pending.n) {
        if (!buf_reserve(&link->pending, READ_BYTES))
            return ERR(err, ERR_UNAVAILABLE, "the agent's answer is larger than %d bytes", RPC_MAX_LINE);
        wait_for_answer(link);
        ssize_t n = read(link->agent.out, link->pending.p + link->pending.n, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_ERRNO(err, "cannot read from the agent");
        if (n == 0)
            return lost(link, err);
        link->pending.n += (size_t)n;
        const char *end = memchr(link->pending.p + seen, '\n', link->pending.n - seen);
        if (end) {
            *line = (struct str){link->pending.p, (size_t)(end - link->pending.p)};
            link->answered = true;
            return true;
        }
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

static enum err_kind kind_of(json_int_t code)
{
    switch (code) {
    case RPC_UNAVAILABLE:
        return ERR_UNAVAILABLE;
    case RPC_INVALID_PARAMS:
    case RPC_INVALID_REQUEST:
        return ERR_USAGE;
    case RPC_REFUSED:
    case RPC_FORBIDDEN:
        return ERR_FILE;
    case RPC_INTERNAL_ERROR:
        return ERR_BUG;
    default:
        return ERR_NOT_FOUND;
    }
}

static void take_error(const json_t *error, struct err *err)
{
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *hint = json_string_value(json_object_get(json_object_get(error, "data"), "hint"));
    ERR(err, kind_of(json_integer_value(json_object_get(error, "code"))), "%s",
        message ? message : "the agent refused");
    err_hint(err, "%s", hint ? hint : "");
}

static json_t *take_answer(struct link *link, struct str line, struct err *err)
{
    json_error_t fault;
    json_t *answer = json_loadb(line.p, line.n, JSON_ALLOW_NUL, &fault);
    json_t *result = json_incref(json_object_get(answer, "result"));
    const json_t *error = json_object_get(answer, "error");
    if (!answer)
        ERR(err, ERR_UNAVAILABLE, "the agent's answer cannot be read: %s", fault.text);
    else if (json_integer_value(json_object_get(answer, "id")) != link->next_id) {
        json_decref(result);
        result = NULL;
        ERR(err, ERR_UNAVAILABLE, "the agent's answer is not to what was asked");
    } else if (!result)
        take_error(error, err);
    json_decref(answer);
    buf_reset(&link->pending);
    return result;
}

json_t *link_call(struct link *link, const char *method, json_t *params, struct err *err)
{
    struct str line;
    /* An agent that ended broke the pipe; what it had to say shows when its answer is read. */
    if (!send_request(link, method, params, err) && link->answered) {
        (void)lost(link, err);
        return NULL;
    }
    return read_line(link, &line, err) ? take_answer(link, line, err) : NULL;
}

bool link_ended(const struct link *link)
{
    return link->ended;
}

void link_close(struct link *link)
{
    int status;
    struct err ignored; /* the agent's end tells nothing that an answer has not told */
    if (!link)
        return;
    if (!link->ended && !subprocess_end(&link->agent, &status, &ignored))
        subprocess_stop(&link->agent);
    complaint_end(&link->complaint);
    buf_dispose(&link->pending);
    free(link);
}
