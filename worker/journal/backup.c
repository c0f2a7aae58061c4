#include "worker/journal/internal.h"

#include "shared/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 1000, PAUSE_MS = 10 };

/* All pages in one step: in several, a busy writer makes SQLite start over again and again. */
static bool copy_pages(struct journal *journal, sqlite3 *to, const char *path, struct err *err)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", journal->db, "main");
    if (!backup)
        return db_error(to, path, "cannot start the backup", err);
    int code = sqlite3_backup_step(backup, -1);
    for (int i = 0; (code == SQLITE_BUSY || code == SQLITE_LOCKED) && i < TRIES; i++) {
        nanosleep(&pause, NULL);
        code = sqlite3_backup_step(backup, -1);
    }
    if (sqlite3_backup_finish(backup) != SQLITE_OK || code != SQLITE_DONE)
        return db_error(to, path, "cannot write the backup", err);
    return true;
}

/* A copy that is one file, wherever it is carried: no WAL beside it. */
static bool copy_to(struct journal *journal, const char *path, struct err *err)
{
    sqlite3 *to = NULL;
    bool ok = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK ||
              db_error(to, path, "cannot create the backup", err);
    ok = ok && copy_pages(journal, to, path, err);
    if (ok && sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
        ok = db_error(to, path, "cannot finish the backup", err);
    sqlite3_close(to);
    return ok;
}

static bool sync_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_ERRNO(err, "cannot open %s", path);
    bool ok = fs_sync_fd(fd, path, err);
    close(fd);
    return ok;
}

static bool put_in_place(const char *temporary, const char *path, struct err *err)
{
    if (rename(temporary, path) != 0)
        return ERR_ERRNO(err, "cannot rename %s to %s", temporary, path);
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = fs_sync_dir(folder, err);
    free(folder);
    return ok;
}

bool journal_backup(struct journal *journal, const char *path, struct err *err)
{
    char *temporary = NULL;
    if (journal->grouped)
        return ERR(err, ERR_BUG, "a backup inside a transaction");
    if (asprintf(&temporary, "%s.tmp.%ld", path, (long)getpid()) < 0)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = fs_remove(temporary, err) && copy_to(journal, temporary, err) && sync_file(temporary, err) &&
              put_in_place(temporary, path, err);
    if (!ok)
        unlink(temporary);
    free(temporary);
    return ok;
}
