/* A verb's call to one target or several, and what is answered on standard output. */
#ifndef TUI_APP_ASK_H
#define TUI_APP_ASK_H

#include "shared/options.h"
#include "tui/app/session.h"
#include "tui/app/verb.h"
#include "tui/core/link.h"

struct asking {
    const struct verb *verb;
    const struct verb_input *input;
    const struct link_options *link;
    const struct option_list *targets; /* more than one: each is asked, the link's is not */
    bool json;
    struct session *session; /* NULL: a call is alone */
};

/* The exit code; what went wrong is told on standard error. */
int ask_verb(const struct asking *asking, struct arena *arena, struct err *err);
/* Tells it on standard error, unless the agent has; the exit code of it. */
int ask_complain(const struct err *err);

#endif
