/* What lies in .sluice/ of runs that are over: a process may die between the last word in the journal and tidying up.
 */
#include "worker/run/publish.h"

#include <sqlite3.h>

struct sweep {
    sqlite3_stmt *is_over;
    struct str prefix, last; /* the run looked at last: its files come one after another */
    struct arena *arena;
    char **runs;
    size_t count, capacity;
    bool failed;
};

static bool note_run(void *context, const struct storage_object *object)
{
    struct sweep *sweep = context;
    struct str run_id = {object->key.p + sweep->prefix.n, ULID_SIZE - 1};
    if (object->key.n < sweep->prefix.n + run_id.n || str_eq(run_id, sweep->last))
        return true;
    sweep->last = arena_str(sweep->arena, run_id);
    sqlite3_reset(sweep->is_over);
    sqlite3_bind_text(sweep->is_over, 1, run_id.p, (int)run_id.n, SQLITE_TRANSIENT);
    if (sqlite3_step(sweep->is_over) != SQLITE_ROW)
        return true;
    void *runs = sweep->runs;
    sweep->failed =
        !sweep->last.p || !arena_reserve(sweep->arena, &runs, sweep->count, &sweep->capacity, sizeof(char *));
    sweep->runs = runs;
    if (!sweep->failed)
        sweep->runs[sweep->count++] = arena_cstr(sweep->arena, sweep->last.p);
    return !sweep->failed;
}

static bool find(struct worker *worker, struct sweep *sweep, struct err *err)
{
    static const char *const prefixes[] = {".sluice/staging/", ".sluice/manifests/"};
    sqlite3 *db = journal_handle(worker->journal);
    if (sqlite3_prepare_v2(
            db, "SELECT 1 FROM run WHERE run_id = ?1 AND lease_until IS NULL", -1, &sweep->is_over, NULL) != SQLITE_OK)
        return ERR(err, ERR_CORRUPT, "the journal cannot be read: %s", sqlite3_errmsg(db));
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof prefixes / sizeof *prefixes; i++) {
        sweep->prefix = str_of(prefixes[i]);
        ok = worker->storage->driver->list(worker->storage, sweep->prefix, note_run, sweep, err);
    }
    sqlite3_finalize(sweep->is_over);
    return ok && (!sweep->failed || ERR(err, ERR_MEMORY, "no memory to tidy up"));
}

bool publish_sweep(struct worker *worker, struct err *err)
{
    struct sweep sweep = {.arena = arena_new(0), .last = STR("")};
    bool ok = sweep.arena ? find(worker, &sweep, err) : ERR(err, ERR_MEMORY, "no memory to tidy up");
    for (size_t i = 0; ok && i < sweep.count; i++)
        ok = publish_clear(worker, sweep.runs[i], sweep.arena, err);
    arena_free(sweep.arena);
    return ok;
}
