/* What verbs asked one after another share: links that stay open, when their user last looked, where a list goes on. */
#ifndef TUI_APP_SESSION_H
#define TUI_APP_SESSION_H

#include "shared/options.h"
#include "tui/core/link.h"

enum { SESSION_MOST_LINKS = 32 };

struct session {
    struct link_options link;   /* where nothing else is given */
    struct option_list targets; /* several, one, or none */
    struct session_link {
        char *key;
        struct link *link;
    } links[SESSION_MOST_LINKS];
    size_t link_count;
    bool link_used;         /* the one taken last has answered before */
    json_t *looks, *looked; /* seen.h: of earlier sessions, and in this one */
    json_t *next;           /* what the last list goes on after; NULL: it has no more */
    /* Of what acts: shall it be done? */
    bool (*confirm)(void *context, struct link *link, const char *verb);
    void *context;
};

void session_begin(struct session *session, const struct link_options *link, const struct option_list *targets);
/* Keeps when its user has looked, too. */
void session_end(struct session *session);
/* A link that is there, or a new one; to be given back. */
struct link *session_take(struct session *session, const struct link_options *options, struct err *err);
void session_give(struct session *session, struct link *link);
/* When the target was last looked at before this session, or NULL; it is looked at now. */
const char *session_look(struct session *session, const struct link_options *options);

#endif
