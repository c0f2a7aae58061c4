#include "worker/agent/wanted.h"

#include "shared/rpc.h"
#include "worker/batch/code.h"

#include <sqlite3.h>

static bool find_stage(const struct call *call, int *stage, int *code, struct err *err)
{
    const char *name = json_string_value(json_object_get(call->params, "stage"));
    *stage = -1;
    if (!name)
        return true;
    for (int i = 0; i < STAGE_COUNT && *stage < 0; i++)
        if (strcmp(stage_name((enum stage)i), name) == 0)
            *stage = i;
    if (*stage >= 0)
        return true;
    *code = RPC_INVALID_PARAMS;
    ERR(err, ERR_USAGE, "there is no stage '%s'", name);
    return err_hint(err, "'sluice stages %s' lists those of the run.", call->run_id);
}

static sqlite3_stmt *causes_of(struct call *call, const struct wanted *wanted)
{
    static const char sql[] = "SELECT c.cause_id, count(*) OVER () FROM run_cause rc JOIN cause c USING (cause_id)"
                              " WHERE rc.run_id = ?1 AND (?2 = 0 OR c.cause_id = ?2) AND (?3 IS NULL OR c.stage = ?3)";
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(journal_handle(call->agent->journal), sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_bind_text(statement, 1, call->run_id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, wanted->cause);
    if (wanted->stage >= 0)
        sqlite3_bind_text(statement, 3, stage_name((enum stage)wanted->stage), -1, SQLITE_STATIC);
    return statement;
}

static bool list_causes(struct call *call, struct wanted *wanted, struct err *err)
{
    sqlite3_stmt *statement = causes_of(call, wanted);
    int step = SQLITE_ERROR;
    bool ok = true;
    while (ok && statement && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!wanted->list)
            wanted->list = ARENA_ARRAY(call->arena, uint32_t, (size_t)sqlite3_column_int64(statement, 1));
        ok = wanted->list || ERR(err, ERR_MEMORY, "no memory for the causes of a stage");
        if (ok)
            wanted->list[wanted->count++] = (uint32_t)sqlite3_column_int64(statement, 0);
    }
    if (ok && step != SQLITE_DONE)
        ok = ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s",
            sqlite3_errmsg(journal_handle(call->agent->journal)));
    sqlite3_finalize(statement);
    return ok;
}

bool wanted_of(struct call *call, struct wanted *wanted, int *code, struct err *err)
{
    *wanted = (struct wanted){.cause = call_integer(call, "cause", 0, 0, INT64_MAX)};
    if (!find_stage(call, &wanted->stage, code, err))
        return false;
    *code = RPC_UNAVAILABLE;
    wanted->some = wanted->cause || wanted->stage >= 0;
    return !wanted->some || list_causes(call, wanted, err);
}

bool wanted_has(const struct wanted *wanted, uint32_t cause)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->list[i] == cause)
            return true;
    return !wanted->some;
}
