/* The journal as it was after a change, so that a new replica need not read all there ever was. */
#include "worker/fleet/member.h"

#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE_BYTES = 1024 * 1024, SHORT_SQL = 4 * 1024, AGAIN_US = 30000000 };

/* ---- putting ---- */

static bool put_piece(struct member *member, int64_t generation, int piece, struct str bytes, struct err *err)
{
    struct buf sql;
    buf_init(&sql, FLEET_MAX_SQL);
    buf_printf(&sql, "INSERT INTO sluice.snapshot VALUES ('%s', %lld, %d, ", member->fleet->lake_id,
        (long long)generation, piece);
    bool ok = wire_pack(&sql, bytes, err);
    buf_add_cstr(&sql, ")");
    ok = ok && buf_ok(&sql, "a snapshot", err) && pg_run(member->pg, sql.p, err);
    buf_dispose(&sql);
    return ok;
}

static bool put_file(struct member *member, int64_t generation, const char *path, struct err *err)
{
    char *piece = malloc(PIECE_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok =
        piece ? fd >= 0 || ERR_ERRNO(err, "cannot open %s", path) : ERR(err, ERR_MEMORY, "no memory for a snapshot");
    ssize_t n = 1;
    for (int i = 0; ok && n > 0; i++) {
        n = read(fd, piece, PIECE_BYTES);
        if (n < 0)
            ok = ERR_ERRNO(err, "cannot read %s", path);
        else if (n > 0)
            ok = put_piece(member, generation, i, (struct str){piece, (size_t)n}, err);
    }
    if (fd >= 0)
        close(fd);
    free(piece);
    return ok;
}

static char *temporary(const struct member *member, struct err *err)
{
    char *path = NULL;
    if (asprintf(&path, "%s.snapshot.%ld.%p", journal_path(member->journal), (long)getpid(), (const void *)member) <
        0) {
        ERR(err, ERR_MEMORY, "no memory for a path");
        return NULL;
    }
    return path;
}

static void discard(char *path)
{
    if (path)
        unlink(path);
    free(path);
}

bool snapshot_put(struct member *member, int64_t generation, int64_t *position, struct err *err)
{
    char *path = temporary(member, err);
    bool ok = path && journal_backup(member->journal, path, err) && replica_position_in(path, position, err) &&
              put_file(member, generation, path, err);
    discard(path);
    return ok;
}

/* ---- fetching ---- */

static bool fetch_piece(struct member *member, int64_t generation, int piece, int fd, bool *more, struct err *err)
{
    char text[2][24];
    const char *values[] = {member->fleet->lake_id, text[0], text[1]};
    struct buf bytes;
    snprintf(text[0], sizeof text[0], "%lld", (long long)generation);
    snprintf(text[1], sizeof text[1], "%d", piece);
    struct pg_result *found = pg_query(member->pg,
        "SELECT encode(content, 'hex') FROM sluice.snapshot WHERE lake_id = $1 AND generation = $2 AND piece = $3",
        values, 3, err);
    if (!found)
        return false;
    *more = pg_rows(found) > 0;
    buf_init(&bytes, FLEET_MAX_SQL);
    bool ok = !*more || (wire_unpack(pg_value(found, 0, 0), &bytes, err) &&
                            fs_write_all(fd, bytes.p, bytes.n, "the snapshot", err));
    buf_dispose(&bytes);
    pg_result_free(found);
    return ok;
}

static bool fetch_file(struct member *member, const char *path, struct err *err)
{
    struct lake_row row;
    struct pg_result *changes;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_ERRNO(err, "cannot write %s", path);
    bool more = true;
    /* one view of it, while somebody may put another in its place */
    bool ok = pg_connect(member->pg, err) &&
              pg_run(member->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err) &&
              log_look(member, false, INT64_MAX, &row, &changes, err);
    if (ok)
        pg_result_free(changes);
    for (int i = 0; ok && more; i++)
        ok = fetch_piece(member, row.generation, i, fd, &more, err);
    pg_rollback(member->pg);
    if (close(fd) != 0 && ok)
        ok = ERR_ERRNO(err, "cannot write %s", path);
    return ok;
}

bool snapshot_fetch(struct member *member, struct err *err)
{
    char *path = temporary(member, err);
    log_event(LOG_INFO, "fetching-journal", "journal", journal_path(member->journal), NULL);
    bool ok = path && fetch_file(member, path, err) && replica_restore(member->journal, path, err);
    discard(path);
    return ok;
}

/* ---- a new one ---- */

/* One worker at a time, and not again at once when it failed. */
static bool take_turn(struct member *member, int64_t *generation, bool *taken, struct err *err)
{
    const char *values[] = {member->fleet->lake_id};
    struct pg_result *row = pg_query(member->pg,
        "UPDATE sluice.lake SET taken_at = clock_timestamp() WHERE lake_id = $1 AND "
        "(taken_at IS NULL OR taken_at < clock_timestamp() - interval '5 minutes') RETURNING generation",
        values, 1, err);
    if (!row)
        return false;
    *taken = pg_rows(row) > 0;
    if (*taken)
        *generation = (int64_t)pg_number(row, 0, 0);
    pg_result_free(row);
    return true;
}

/* The changes between the last snapshot and this one stay: replicas that are a little behind read them. */
static bool put_in_place(struct member *member, int64_t generation, int64_t position, struct err *err)
{
    struct buf sql;
    bool unsure;
    const char *lake_id = member->fleet->lake_id;
    buf_init(&sql, SHORT_SQL);
    buf_printf(&sql,
        "UPDATE sluice.lake SET tail = snapshot, snapshot = %lld, generation = %lld, bytes = 0, taken_at = NULL WHERE "
        "lake_id = '%s'; DELETE FROM sluice.snapshot WHERE lake_id = '%s' AND generation < %lld; "
        "DELETE FROM sluice.change WHERE lake_id = '%s' AND seq <= (SELECT tail FROM sluice.lake WHERE lake_id = '%s')",
        (long long)position, (long long)generation, lake_id, lake_id, (long long)generation, lake_id, lake_id);
    bool ok = buf_ok(&sql, "a statement", err) && pg_run(member->pg, sql.p, err) && pg_commit(member->pg, &unsure, err);
    buf_dispose(&sql);
    return ok;
}

void snapshot_renew(struct member *member)
{
    struct err why;
    int64_t generation, position;
    bool taken = false;
    if ((member->since_snapshot < SNAPSHOT_CHANGES && member->bytes < SNAPSHOT_BYTES) ||
        clock_monotonic() < member->next_snapshot)
        return;
    member->next_snapshot = clock_monotonic() + AGAIN_US;
    bool ok = take_turn(member, &generation, &taken, &why);
    if (ok && !taken)
        return;
    ok = ok && log_transaction(member, &why) && snapshot_put(member, generation + 1, &position, &why) &&
         put_in_place(member, generation + 1, position, &why);
    if (ok)
        log_event(LOG_INFO, "snapshot", "lake", member->fleet->lake_id, NULL);
    else {
        pg_rollback(member->pg);
        log_err(LOG_WARN, "no-snapshot", &why);
    }
}
