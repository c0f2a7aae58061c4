#include "worker/run/rules.h"

#include "shared/fs.h"
#include "worker/run/ruleset.h"

#include <sqlite3.h>

enum { MAX_PATH = 8192, MAX_TEXT = 8 * 1024 * 1024 };

/* ---- findings as one error ---- */

static bool first_mistake(const struct findings *findings, struct err *err)
{
    const struct finding *first = NULL;
    for (size_t i = 0; i < findings->count && !first; i++)
        if (!findings->list[i].warning)
            first = &findings->list[i];
    if (!first)
        return ERR(err, ERR_CONFIG, "the contract has mistakes");
    if (first->line)
        ERR(err, ERR_CONFIG, STR_FMT ":%d:%d: " STR_FMT, STR_ARG(first->file), first->line, first->column,
            STR_ARG(first->message));
    else
        ERR(err, ERR_CONFIG, STR_FMT ": " STR_FMT, STR_ARG(first->file), STR_ARG(first->message));
    if (findings->errors > 1)
        err_hint(err, "There are %zu more mistakes.", findings->errors - 1);
    return false;
}

static struct contract *load(
    const char *path, const struct overrides *overrides, bool kept, struct arena *arena, struct err *err)
{
    struct findings findings = {.arena = arena};
    const struct contract_variant variant = {.path = path, .overrides = overrides, .kept = kept};
    struct contract *contract = contract_load_variant(&variant, &findings, err);
    if (!contract && err->kind == ERR_NONE)
        first_mistake(&findings, err);
    return contract;
}

/* ---- as it is now ---- */

static struct contract *load_current(
    const struct rules_request *request, char base_hash[SHA256_TEXT_SIZE], struct arena *arena, struct err *err)
{
    const struct contract *now = contracts_find(request->contracts, request->dataset);
    if (!now) {
        ERR(err, ERR_CONFIG, "there is no contract " STR_FMT " that loads", STR_ARG(request->dataset));
        err_hint(err, "'sluiced check' names the mistakes of contracts.");
        return NULL;
    }
    memcpy(base_hash, now->hash, SHA256_TEXT_SIZE);
    return load(now->path.p, request->overrides, false, arena, err);
}

/* ---- as it was ---- */

/* The contract's text as the journal has it: which of the kept files is the contract shows by that. */
static bool kept_text(struct journal *journal, struct str hash, struct str *text, struct arena *arena, struct err *err)
{
    sqlite3_stmt *statement;
    sqlite3 *db = journal_handle(journal);
    *text = (struct str){0};
    if (sqlite3_prepare_v2(db, "SELECT text FROM ruleset WHERE ruleset_hash = ?1", -1, &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, hash.p, (int)hash.n, SQLITE_TRANSIENT);
    if (sqlite3_step(statement) == SQLITE_ROW)
        *text = arena_str(arena,
            (struct str){(const char *)sqlite3_column_text(statement, 0), (size_t)sqlite3_column_bytes(statement, 0)});
    sqlite3_finalize(statement);
    return text->p || ERR(err, ERR_CORRUPT, "ruleset " STR_FMT " is not in the journal", STR_ARG(hash));
}

struct search {
    struct storage *storage;
    struct arena *arena;
    struct err *err;
    struct str text, overrides; /* what is looked for; what was found beside it */
    const char *path;
    bool failed;
};

static bool look(void *context, const struct storage_object *object)
{
    struct search *search = context;
    struct buf content, path;
    bool is_overrides = str_eq(storage_base_name(object->key), STR(RULESET_OVERRIDES));
    bool reads = is_overrides || (!search->path && object->size == search->text.n);
    buf_init(&content, MAX_TEXT);
    buf_init(&path, MAX_PATH);
    /* Each of them: the contract names those beside it. */
    bool ok = search->storage->driver->fetch(search->storage, object->key, &path, search->err) &&
              (!reads || fs_read(path.p, &content, search->err));
    bool found = ok && reads && !is_overrides && str_eq(buf_str(&content), search->text);
    if (ok && is_overrides) {
        search->overrides = arena_str(search->arena, buf_str(&content));
        ok = search->overrides.p || ERR(search->err, ERR_MEMORY, "no memory for overrides");
    }
    if (found) {
        search->path = arena_cstr(search->arena, path.p);
        ok = (search->path || ERR(search->err, ERR_MEMORY, "no memory for a path"));
    }
    buf_dispose(&content);
    buf_dispose(&path);
    search->failed = !ok;
    return ok;
}

static bool add_all(struct overrides *to, const struct overrides *from, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < from->count; i++)
        if (!overrides_put(to, from->list[i].map, from->list[i].key, from->list[i].value, arena, err))
            return false;
    return true;
}

static struct contract *load_found(
    const struct rules_request *request, const struct search *search, struct arena *arena, struct err *err)
{
    struct overrides *all = ARENA_NEW(arena, struct overrides);
    if (!all) {
        ERR(err, ERR_MEMORY, "no memory for overrides");
        return NULL;
    }
    if (search->overrides.n && !overrides_read(all, search->overrides, arena, err))
        return NULL;
    struct contract *then = load(search->path, all, true, arena, err);
    if (then && !str_eq(str_of(then->hash), request->ruleset_hash)) {
        ERR(err, ERR_CORRUPT, "the kept ruleset " STR_FMT " has changed", STR_ARG(request->ruleset_hash));
        contract_free(then);
        return NULL;
    }
    if (!then || !request->overrides || !request->overrides->count)
        return then;
    contract_free(then);
    return add_all(all, request->overrides, arena, err) ? load(search->path, all, true, arena, err) : NULL;
}

static struct contract *load_same(
    const struct rules_request *request, char base_hash[SHA256_TEXT_SIZE], struct arena *arena, struct err *err)
{
    struct search search = {.storage = request->storage, .arena = arena, .err = err};
    struct storage *storage = request->storage;
    if (request->ruleset_hash.n != SHA256_TEXT_SIZE - 1) {
        ERR(err, ERR_USAGE, "that run ended before it had rules: use --rules current");
        return NULL;
    }
    char *prefix = arena_printf(arena, "audit/rulesets/" STR_FMT "/", STR_ARG(request->ruleset_hash));
    memcpy(base_hash, request->ruleset_hash.p, SHA256_TEXT_SIZE);
    if (!prefix)
        ERR(err, ERR_MEMORY, "no memory for a key");
    if (!prefix || !kept_text(request->journal, request->ruleset_hash, &search.text, arena, err) ||
        !storage->driver->list(storage, str_of(prefix), look, &search, err) || search.failed)
        return NULL;
    if (search.path)
        return load_found(request, &search, arena, err);
    ERR(err, ERR_CORRUPT, "the ruleset %s is not in the lake", prefix);
    err_hint(err, "Use --rules current.");
    return NULL;
}

struct contract *rules_load(
    const struct rules_request *request, char base_hash[SHA256_TEXT_SIZE], struct arena *arena, struct err *err)
{
    err_clear(err);
    return request->rules == RULES_SAME ? load_same(request, base_hash, arena, err)
                                        : load_current(request, base_hash, arena, err);
}
