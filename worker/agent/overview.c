/* overview: what the journal tells, and how much room the lake's disk has. */
#include "worker/agent/method.h"

#include "shared/clock.h"
#include "shared/rpc.h"
#include "worker/agent/overdue.h"

#include "schema/agent/overview.sql.h"

#include <sys/statvfs.h>

/* *text is an object, which gets one member more. */
static void add_disk(const struct agent *agent, struct buf *text)
{
    struct statvfs disk;
    bool is_folder = agent->storage->driver->features & STORAGE_FILES;
    if (!is_folder || !text->n || statvfs(agent->storage->root.p, &disk) != 0)
        return;
    text->n--;
    buf_printf(text, ",\"disk\":{\"free\":%llu,\"total\":%llu}}", (unsigned long long)disk.f_bavail * disk.f_frsize,
        (unsigned long long)disk.f_blocks * disk.f_frsize);
}

bool answer_overview(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct call with = *call;
    struct buf expected;
    buf_init(&expected, RPC_MAX_LINE);
    *code = RPC_UNAVAILABLE;
    bool ok = overdue_datasets(call, clock_now(), &expected, err);
    json_t *params = call->params ? json_copy((json_t *)call->params) : json_object();
    with.params = params;
    ok = ok && (json_object_set_new(params, "expected", json_stringn(expected.p, expected.n)) == 0 ||
                   ERR(err, ERR_MEMORY, "no memory for an overview"));
    ok = ok && method_query(overview_sql_text, &with, result, code, err);
    if (ok)
        add_disk(call->agent, result);
    json_decref(params);
    buf_dispose(&expected);
    return ok;
}
