#include "worker/shape/key_table.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LEAST_CACHE = 64 * 1024 };

struct key_spill {
    sqlite3 *db;
    sqlite3_stmt *find, *add;
    char *path;
};

static bool fault(const struct key_spill *spill, struct err *err)
{
    int code = sqlite3_errcode(spill->db);
    enum err_kind kind = code == SQLITE_NOMEM ? ERR_MEMORY : ERR_UNAVAILABLE;
    return ERR(err, kind, "cannot keep the keys of the file in %s: %s", spill->path, sqlite3_errmsg(spill->db));
}

/* The file is nobody else's and is thrown away: it needs neither journal nor sync. */
static bool prepare(struct key_spill *spill, size_t memory, struct err *err)
{
    char *cache =
        sqlite3_mprintf("PRAGMA cache_size=-%lld", (sqlite3_int64)(memory < LEAST_CACHE ? LEAST_CACHE : memory) / 1024);
    if (!cache)
        return ERR(err, ERR_MEMORY, "no memory for the keys seen so far");
    bool ok = sqlite3_exec(spill->db, cache, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_free(cache);
    ok = ok &&
         sqlite3_exec(spill->db,
             "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
             "CREATE TABLE seen(hash INTEGER, key BLOB, row INTEGER, PRIMARY KEY(hash, key)) WITHOUT ROWID; BEGIN",
             NULL, NULL, NULL) == SQLITE_OK &&
         sqlite3_prepare_v2(spill->db, "SELECT row FROM seen WHERE hash = ? AND key = ?", -1, &spill->find, NULL) ==
             SQLITE_OK &&
         sqlite3_prepare_v2(spill->db, "INSERT INTO seen VALUES (?, ?, ?)", -1, &spill->add, NULL) == SQLITE_OK;
    return ok || fault(spill, err);
}

struct key_spill *key_spill_open(const char *dir, size_t memory, struct err *err)
{
    struct key_spill *spill = calloc(1, sizeof *spill);
    if (!spill || asprintf(&spill->path, "%s/keys-XXXXXX", dir) < 0) {
        free(spill);
        ERR(err, ERR_MEMORY, "no memory for the keys seen so far");
        return NULL;
    }
    int fd = mkstemp(spill->path);
    if (fd < 0) {
        ERR_ERRNO(err, "cannot create %s", spill->path);
        free(spill->path);
        free(spill);
        return NULL;
    }
    close(fd);
    bool ok = sqlite3_open_v2(spill->path, &spill->db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK
                  ? prepare(spill, memory, err)
                  : fault(spill, err);
    if (ok)
        return spill;
    key_spill_close(spill);
    return NULL;
}

static bool bind(const struct key_spill *spill, sqlite3_stmt *statement, uint64_t hash, struct str key, struct err *err)
{
    bool ok = sqlite3_bind_int64(statement, 1, (sqlite3_int64)hash) == SQLITE_OK &&
              sqlite3_bind_blob64(statement, 2, key.n ? key.p : "", key.n, SQLITE_STATIC) == SQLITE_OK;
    return ok || fault(spill, err);
}

bool key_spill_find(struct key_spill *spill, struct key_hash hash, struct str key, uint64_t *row, struct err *err)
{
    *row = 0;
    if (!bind(spill, spill->find, hash.low, key, err))
        return false;
    int step = sqlite3_step(spill->find);
    if (step == SQLITE_ROW)
        *row = (uint64_t)sqlite3_column_int64(spill->find, 0);
    bool ok = step == SQLITE_ROW || step == SQLITE_DONE || fault(spill, err);
    sqlite3_reset(spill->find);
    return ok;
}

bool key_spill_add(struct key_spill *spill, uint64_t hash, struct str key, uint64_t row, struct err *err)
{
    if (!bind(spill, spill->add, hash, key, err))
        return false;
    sqlite3_bind_int64(spill->add, 3, (sqlite3_int64)row);
    bool ok = sqlite3_step(spill->add) == SQLITE_DONE || fault(spill, err);
    sqlite3_reset(spill->add);
    return ok;
}

void key_spill_close(struct key_spill *spill)
{
    if (!spill)
        return;
    sqlite3_finalize(spill->find);
    sqlite3_finalize(spill->add);
    sqlite3_close(spill->db);
    unlink(spill->path);
    free(spill->path);
    free(spill);
}
