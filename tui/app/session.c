#include "tui/app/session.h"

#include "shared/clock.h"
#include "tui/app/seen.h"

#include <stdlib.h>
#include <string.h>

void session_begin(struct session *session, const struct link_options *link, const struct option_list *targets)
{
    *session = (struct session){
        .link = *link, .targets = *targets, .looks = seen_read(), .looked = json_object(), .next = NULL};
}

static void drop(struct session *session, size_t i)
{
    free(session->links[i].key);
    link_close(session->links[i].link);
    session->links[i] = session->links[--session->link_count];
}

void session_end(struct session *session)
{
    if (json_object_size(session->looked))
        seen_write(session->looked);
    while (session->link_count)
        drop(session, session->link_count - 1);
    json_decref(session->looks);
    json_decref(session->looked);
    json_decref(session->next);
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* What is asked with settings of its own has an agent of its own. */
static bool is_plain(const struct session *session, const struct link_options *options)
{
    const struct link_options *own = &session->link;
    return is_same(own->journal, options->journal) && is_same(own->config, options->config) &&
           is_same(own->datasets, options->datasets);
}

struct link *session_take(struct session *session, const struct link_options *options, struct err *err)
{
    const char *key = options->target ? options->target : options->lake ? options->lake : "";
    bool keeps = is_plain(session, options);
    session->link_used = true;
    for (size_t i = 0; keeps && i < session->link_count; i++)
        if (strcmp(session->links[i].key, key) == 0)
            return session->links[i].link;
    session->link_used = false;
    struct link *link = link_open(options, err);
    char *name = link && keeps && session->link_count < SESSION_MOST_LINKS ? strdup(key) : NULL;
    if (name)
        session->links[session->link_count++] = (struct session_link){name, link};
    return link;
}

void session_give(struct session *session, struct link *link)
{
    for (size_t i = 0; i < session->link_count; i++) {
        if (session->links[i].link != link)
            continue;
        if (link_ended(link))
            drop(session, i);
        return;
    }
    link_close(link);
}

const char *session_look(struct session *session, const struct link_options *options)
{
    char folder[PATH_MAX], now[CLOCK_TEXT_SIZE];
    const char *key = seen_key(options, folder);
    json_object_set_new(session->looked, key, json_string(clock_format(clock_now(), now)));
    return json_string_value(json_object_get(session->looks, key));
}
