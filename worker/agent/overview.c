/* overview: what the journal tells, and how much room the lake's disk has. */
#include "worker/agent/method.h"

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
    if (!method_query(overview_sql_text, call, result, code, err))
        return false;
    add_disk(call->agent, result);
    return true;
}
