#include "worker/journal/telling.h"

#include "worker/journal/internal.h"

enum { MAX_DETAIL = 1024 * 1024 };

void telling_begin(struct telling *telling)
{
    buf_init(&telling->text, MAX_DETAIL);
    jsonw_init(&telling->json, &telling->text);
    jsonw_object_begin(&telling->json);
}

bool telling_end(struct telling *telling, struct journal *journal, const char *action, struct str subject,
    const struct decider *by, int64_t now, struct err *err)
{
    int64_t id;
    jsonw_object_end(&telling->json);
    struct audit_entry entry = {.at = now,
        .actor = by->name,
        .role = by->role,
        .from = by->from,
        .action = str_of(action),
        .subject = subject,
        .detail = buf_str(&telling->text),
        .client = by->client,
        .call = by->call};
    bool ok = buf_ok(&telling->text, "an audit line", err) && audit_append(journal, &entry, &id, err);
    telling_drop(telling);
    return ok;
}

void telling_drop(struct telling *telling)
{
    buf_dispose(&telling->text);
}
