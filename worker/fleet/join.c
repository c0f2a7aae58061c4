/* Becoming a part of the fleet: its first member's journal is its beginning, all others fetch it. */
#include "worker/fleet/member.h"

#include "shared/clock.h"
#include "shared/log.h"

#include "schema/coordinator.sql.h"

#include <stdio.h>

enum { SHORT_SQL = 4 * 1024 };

/* By whether it is there, as CREATE … IF NOT EXISTS asks for the right to create even where it need not. */
static bool has_tables(struct pg *pg, bool *has, struct err *err)
{
    struct pg_result *found = pg_query(pg, "SELECT to_regclass('sluice.lake') IS NOT NULL", NULL, 0, err);
    if (!found)
        return false;
    *has = str_eq(pg_value(found, 0, 0), STR("t"));
    pg_result_free(found);
    return true;
}

static bool make_tables(struct pg *pg, struct err *err)
{
    bool has, unsure;
    if (!pg_begin(pg, STR(""), err))
        return false;
    bool ok = pg_run(pg, "SELECT pg_advisory_xact_lock(hashtext('sluice'))", err) && has_tables(pg, &has, err) &&
              (has || pg_run(pg, coordinator_sql_text, err)) && pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    return ok;
}

static bool ensure_tables(struct member *member, struct err *err)
{
    bool has;
    return pg_connect(member->pg, err) && has_tables(member->pg, &has, err) && (has || make_tables(member->pg, err));
}

static bool run_part(void *context, const char *sql, struct err *err)
{
    return pg_run(context, sql, err);
}

/* *first false: somebody else was. */
static bool insert_lake(struct member *member, const char *log_id, bool *first, struct err *err)
{
    char version[16];
    const char *values[] = {member->fleet->lake_id, log_id, version};
    snprintf(version, sizeof version, "%d", replica_newest());
    struct pg_result *row = pg_query(member->pg,
        "INSERT INTO sluice.lake (lake_id, log_id, version, generation) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING "
        "RETURNING 1",
        values, 3, err);
    if (!row)
        return false;
    *first = pg_rows(row) > 0;
    pg_result_free(row);
    return true;
}

/* Its statements are of the newest version's tables. */
bool member_mirror(struct member *member, struct err *err)
{
    if (!member->mirror)
        member->mirror = mirror_new(journal_handle(member->journal), member->fleet->lake_id, err);
    return member->mirror != NULL;
}

/* This journal becomes the fleet's. Who else starts now waits for the lake's line. */
static bool begin_fleet(struct member *member, struct err *err)
{
    char log_id[ULID_SIZE];
    int64_t position;
    bool first = false, unsure = false;
    struct err second;
    ulid_new(log_id);
    if (!member_mirror(member, err) || !log_transaction(member, err))
        return false;
    bool ok = insert_lake(member, log_id, &first, err);
    bool marked = ok && first && replica_mark(member->journal, log_id, err);
    ok = ok &&
         (!first || (marked && snapshot_put(member, 1, &position, err) &&
                        mirror_all(member->mirror, run_part, member->pg, err) && pg_commit(member->pg, &unsure, err)));
    if (!ok || !first)
        pg_rollback(member->pg);
    if (ok && first)
        log_event(LOG_INFO, "fleet-founded", "lake", member->fleet->lake_id, NULL);
    /* A COMMIT without an answer leaves the mark: the next look says whether the log is there. */
    if (!ok && marked && !unsure && !replica_mark(member->journal, "", &second))
        log_err(LOG_WARN, "mark-kept", &second);
    return ok;
}

static bool refuse_history(struct member *member, struct err *err)
{
    err_set(err, ERR_CONFIG, FLEET_ERROR, __FILE__, __LINE__,
        "the journal %s has a history of its own, which is not the fleet's", journal_path(member->journal));
    return err_hint(err, "Name an empty one with --journal, or move this one away: the fleet's is fetched then.");
}

/* A newer program than the ones before: the log goes on from the migrated journal. */
static bool upgrade(struct member *member, struct err *err)
{
    struct lake_row row;
    struct replica replica;
    struct pg_result *changes;
    struct buf sql;
    int64_t position;
    bool unsure, again = false;
    if (!log_follow(member, err) || !replica_read(member->journal, &replica, err) ||
        !log_look(member, true, replica.position, &row, &changes, err))
        return false;
    pg_result_free(changes);
    again = row.head != replica.position || row.version == replica_newest();
    if (again) {
        pg_rollback(member->pg);
        return true;
    }
    buf_init(&sql, SHORT_SQL);
    buf_printf(&sql,
        "DELETE FROM sluice.snapshot WHERE lake_id = '%s'; DELETE FROM sluice.change WHERE lake_id = '%s'; UPDATE "
        "sluice.lake SET version = %d, generation = generation + 1, snapshot = head, tail = head, bytes = 0 WHERE "
        "lake_id = '%s'",
        member->fleet->lake_id, member->fleet->lake_id, replica_newest(), member->fleet->lake_id);
    bool ok = buf_ok(&sql, "a statement", err) && replica_migrate(member->journal, err) &&
              pg_run(member->pg, sql.p, err) && snapshot_put(member, row.generation + 1, &position, err) &&
              pg_commit(member->pg, &unsure, err);
    buf_dispose(&sql);
    if (!ok)
        pg_rollback(member->pg);
    return ok;
}

/* *done false: something was done about it, look again. */
static bool step(struct member *member, bool *done, struct err *err)
{
    struct lake_row row;
    struct replica replica;
    struct pg_result *changes;
    int version;
    bool is_new;
    *done = false;
    if (!ensure_tables(member, err) || !replica_version(member->journal, &version, err) ||
        !log_look(member, false, INT64_MAX, &row, &changes, err))
        return false;
    pg_result_free(changes);
    if (!replica_read(member->journal, &replica, err))
        return false;
    wait_over(member, replica.lost_at);
    if (!row.found && !replica.position)
        return begin_fleet(member, err);
    if (row.found && row.version <= replica_newest() && strcmp(row.log_id, replica.log_id) != 0 && !replica.position)
        return replica_is_new(member->journal, &is_new, err) &&
               (is_new ? snapshot_fetch(member, err) : refuse_history(member, err));
    if (!log_check(member, &row, &replica, err))
        return false;
    if (version != row.version)
        return snapshot_fetch(member, err);
    if (version < replica_newest())
        return upgrade(member, err);
    *done = true;
    return log_follow(member, err);
}

bool join_fleet(struct member *member, struct err *err)
{
    bool done = false;
    while (!done)
        if (!step(member, &done, err) && !wait_again(member, member->fleet->options.patience_us, err))
            return false;
    return true;
}
