/*
 * The link to an agent for a screen: questions are sent and answers taken as they come, nothing waits. The caller polls
 * in and out and calls async_link_pump().
 */
#ifndef TUI_CORE_ASYNC_LINK_H
#define TUI_CORE_ASYNC_LINK_H

#include "shared/buf.h"
#include "shared/subprocess.h"

#include <jansson.h>

struct async_link {
    struct subprocess agent;
    struct buf to_send, received;
    size_t used; /* of received */
    json_int_t next_id;
    bool open;
};

struct answer {
    bool notice; /* not an answer: the agent says of itself that the journal has changed */
    json_int_t id;
    json_t *result; /* the taker's; NULL: err tells */
    struct err err;
};

/* Starts argv with its standard input and output as the link. */
bool async_link_open(struct async_link *link, char *const argv[], struct err *err) MUST_CHECK;
/* The link is a local socket, behind which an agent is started. */
bool async_link_connect(struct async_link *link, const char *socket, struct err *err) MUST_CHECK;
void async_link_close(struct async_link *link);
/* Queues a question; params are taken over and may be NULL. Its id, or 0 when memory is out. */
json_int_t async_link_ask(struct async_link *link, const char *method, json_t *params);
bool async_link_writes(const struct async_link *link);
/* Moves what can be moved without waiting. False with err: the link is lost. */
bool async_link_pump(struct async_link *link, struct err *err) MUST_CHECK;
bool async_link_take(struct async_link *link, struct answer *answer);

#endif
