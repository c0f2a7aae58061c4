#include "worker/run/ruleset.h"

#include "shared/fs.h"

enum { MAX_KEY = 4096, MAX_FILE = 512 * 1024 * 1024 };

static bool keep(
    struct storage *storage, const struct contract *contract, struct str path, struct str content, struct err *err)
{
    struct buf key;
    buf_init(&key, MAX_KEY);
    buf_printf(&key, "audit/rulesets/%s/" STR_FMT, contract->hash, STR_ARG(storage_base_name(path)));
    bool ok = buf_ok(&key, "a key", err) && storage->driver->write(storage, buf_str(&key), content, err);
    buf_dispose(&key);
    return ok;
}

static bool keep_file(struct storage *storage, const struct contract *contract, struct str path, struct err *err)
{
    struct buf content;
    buf_init(&content, MAX_FILE);
    bool ok = fs_read(path.p, &content, err) && keep(storage, contract, path, buf_str(&content), err);
    buf_dispose(&content);
    return ok;
}

/* The contract is written last: where it stands, all of the ruleset does. */
bool ruleset_keep(struct storage *storage, const struct contract *contract, struct err *err)
{
    struct buf key;
    struct storage_object object;
    bool exists = false;
    struct arena *arena = arena_new(0);
    buf_init(&key, MAX_KEY);
    buf_printf(&key, "audit/rulesets/%s/" STR_FMT, contract->hash, STR_ARG(storage_base_name(contract->path)));
    bool ok = arena || ERR(err, ERR_MEMORY, "no memory to keep a ruleset");
    ok =
        ok && buf_ok(&key, "a key", err) && storage->driver->stat(storage, buf_str(&key), &exists, &object, arena, err);
    for (uint32_t i = 0; ok && !exists && i < contract->reference_count; i++)
        ok = keep_file(storage, contract, contract->references[i].file, err);
    if (ok && !exists && contract->warehouse.gold_sql.n)
        ok = keep(storage, contract, contract->warehouse.gold_sql, contract->warehouse.gold_sql_text, err);
    if (ok && !exists && contract->overrides.n)
        ok = keep(storage, contract, STR(RULESET_OVERRIDES), contract->overrides, err);
    if (ok && !exists)
        ok = keep(storage, contract, contract->path, contract->text, err);
    arena_free(arena);
    buf_dispose(&key);
    return ok;
}
