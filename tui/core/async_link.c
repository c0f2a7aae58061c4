#include "tui/core/async_link.h"

#include "shared/rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

static bool unblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static bool open_link(struct async_link *link, char *const argv[], const char *socket, struct err *err)
{
    *link = (struct async_link){.next_id = link->next_id};
    buf_init(&link->to_send, RPC_MAX_LINE);
    buf_init(&link->received, RPC_MAX_LINE);
    if (!(socket ? subprocess_connect(&link->agent, socket, err) : subprocess_start(&link->agent, argv, err)))
        return false;
    link->open = true;
    if (unblock(link->agent.in) && unblock(link->agent.out))
        return true;
    ERR_ERRNO(err, "cannot set up the link");
    async_link_close(link);
    return false;
}

bool async_link_open(struct async_link *link, char *const argv[], struct err *err)
{
    return open_link(link, argv, NULL, err);
}

bool async_link_connect(struct async_link *link, const char *socket, struct err *err)
{
    return open_link(link, NULL, socket, err);
}

void async_link_close(struct async_link *link)
{
    int status;
    struct err ignored; /* the agent's end tells nothing that an answer has not told */
    if (link->open) {
        link->open = false;
        subprocess_stop(&link->agent);
        if (!subprocess_end(&link->agent, &status, &ignored))
            kill(link->agent.pid, SIGKILL);
    }
    buf_dispose(&link->to_send);
    buf_dispose(&link->received);
    link->used = 0;
}

json_int_t async_link_ask(struct async_link *link, const char *method, json_t *params)
{
    json_int_t id = ++link->next_id;
    json_t *request =
        json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id", id, "method", method, "params", params);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (text) {
        buf_add_cstr(&link->to_send, text);
        buf_add_byte(&link->to_send, '\n');
    }
    bool ok = text && !link->to_send.failed;
    free(text);
    return ok ? id : 0;
}

bool async_link_writes(const struct async_link *link)
{
    return link->open && link->to_send.n > 0;
}

static bool send_some(struct async_link *link, struct err *err)
{
    while (link->to_send.n) {
        ssize_t n = write(link->agent.in, link->to_send.p, link->to_send.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || ERR(err, ERR_UNAVAILABLE, "the agent is gone");
        memmove(link->to_send.p, link->to_send.p + n, link->to_send.n - (size_t)n);
        link->to_send.n -= (size_t)n;
    }
    return true;
}

static bool receive_some(struct async_link *link, struct err *err)
{
    for (;;) {
        if (link->used == link->received.n)
            link->used = link->received.n = 0;
        if (!buf_reserve(&link->received, READ_BYTES))
            return ERR(err, ERR_UNAVAILABLE, "the agent's answer is larger than %d bytes", RPC_MAX_LINE);
        ssize_t n = read(link->agent.out, link->received.p + link->received.n, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || ERR(err, ERR_UNAVAILABLE, "the agent cannot be read");
        if (n == 0)
            return ERR(err, ERR_UNAVAILABLE, "the agent is gone");
        link->received.n += (size_t)n;
    }
}

bool async_link_pump(struct async_link *link, struct err *err)
{
    return send_some(link, err) && receive_some(link, err);
}

static void read_answer(struct answer *answer, struct str line)
{
    json_error_t fault;
    json_t *message = json_loadb(line.p, line.n, JSON_ALLOW_NUL, &fault);
    const json_t *error = json_object_get(message, "error");
    const char *said = json_string_value(json_object_get(error, "message"));
    const char *hint = json_string_value(json_object_get(json_object_get(error, "data"), "hint"));
    if (json_is_string(json_object_get(message, "method"))) {
        *answer = (struct answer){.notice = true};
        json_decref(message);
        return;
    }
    *answer = (struct answer){.id = json_integer_value(json_object_get(message, "id")),
        .result = json_incref(json_object_get(message, "result"))};
    if (!answer->result) {
        json_int_t code = json_integer_value(json_object_get(error, "code"));
        ERR(&answer->err, code == RPC_UNAVAILABLE ? ERR_UNAVAILABLE : ERR_NOT_FOUND, "%s",
            said ? said : "the agent's answer is not one");
        err_hint(&answer->err, "%s", hint ? hint : "");
    }
    json_decref(message);
}

bool async_link_take(struct async_link *link, struct answer *answer)
{
    size_t left = link->received.n - link->used;
    const char *start = link->received.p + link->used, *end = left ? memchr(start, '\n', left) : NULL;
    if (!end)
        return false;
    read_answer(answer, (struct str){start, (size_t)(end - start)});
    link->used += (size_t)(end - start) + 1;
    return true;
}
