/*
 * A large file's rows into tables that are empty: nobody else may be at such a table until the end of the transaction,
 * so that its rows come frozen: no later reader or vacuum writes the table again; and without WAL where the server
 * keeps the least (wal_level minimal). Where somebody else is at the table, or it has anything that this could disturb,
 * it is loaded like any other.
 */
#include "worker/warehouse/load_internal.h"

#include "shared/clock.h"

#include <string.h>

/* A row, unless the table is to be left alone. */
static const char wanted[] =
    "SELECT FROM pg_class c "
    " WHERE c.oid = to_regclass($1) AND c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relhassubclass "
    "   AND pg_relation_size(c.oid) = 0 AND pg_has_role(c.relowner, 'USAGE') "
    "   AND current_setting('wal_level') <> 'logical' "
    "   AND NOT EXISTS (SELECT FROM pg_constraint WHERE c.oid IN (conrelid, confrelid)) "
    "   AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid) "
    "   AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.atthasdef "
    "                      AND a.attname IN ('_run_id', 'ingest_ts'))";

static bool is_wanted(struct load *load, enum tier tier, bool *yes, struct err *err)
{
    const char *values[] = {load->tables.tiers[tier].name.p};
    struct pg_result *found = pg_query(load->pg, wanted, values, 1, err);
    *yes = found && pg_rows(found);
    pg_result_free(found);
    return found != NULL;
}

static bool run_on(struct load *load, enum tier tier, const char *before, const char *after, struct err *err)
{
    const char *sql =
        arena_printf(load->arena, "%s" STR_FMT "%s", before, STR_ARG(load->tables.tiers[tier].name), after);
    return sql ? pg_run(load->pg, sql, err) : ERR(err, ERR_MEMORY, "no memory for a statement");
}

/* *locked false: somebody else is at it, or it may not be had alone. */
static bool lock(struct load *load, enum tier tier, bool *locked, struct err *err)
{
    if (!pg_run(load->pg, "SAVEPOINT sluice_lock", err))
        return false;
    *locked = run_on(load, tier, "LOCK TABLE ", " IN ACCESS EXCLUSIVE MODE NOWAIT", err);
    if (*locked)
        return pg_run(load->pg, "RELEASE SAVEPOINT sluice_lock", err);
    if (strcmp(pg_state(load->pg), "55P03") != 0 && strcmp(pg_state(load->pg), "42501") != 0)
        return false;
    return pg_run(load->pg, "ROLLBACK TO SAVEPOINT sluice_lock; RELEASE SAVEPOINT sluice_lock", err);
}

/* What is the same in all rows need not come with each. */
static bool set_defaults(struct load *load, enum tier tier, struct err *err)
{
    char moment[CLOCK_TEXT_SIZE];
    clock_format(load->ingest_ts, moment);
    const char *defaults = arena_printf(
        load->arena, " ALTER _run_id SET DEFAULT '%s', ALTER ingest_ts SET DEFAULT '%s'", load->key.run_id, moment);
    return defaults ? run_on(load, tier, "ALTER TABLE ", defaults, err)
                    : ERR(err, ERR_MEMORY, "no memory for a statement");
}

/* It gets a new file by TRUNCATE: only such a one takes frozen rows, and rows without WAL. */
static bool take(struct load *load, enum tier tier, struct err *err)
{
    bool yes, locked = false;
    if (!is_wanted(load, tier, &yes, err) || (yes && !lock(load, tier, &locked, err)) ||
        (locked && !is_wanted(load, tier, &yes, err)))
        return false;
    load->fresh[tier] = locked && yes;
    return !load->fresh[tier] || (run_on(load, tier, "TRUNCATE ", "", err) && set_defaults(load, tier, err));
}

bool fresh_take(struct load *load, struct err *err)
{
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        if (tables_have(&load->tables, tier) && !(tier == TIER_SILVER && load->staged) && !take(load, tier, err))
            return false;
    return true;
}

bool fresh_leave(struct load *load, struct err *err)
{
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        if (load->fresh[tier] &&
            !run_on(load, tier, "ALTER TABLE ", " ALTER _run_id DROP DEFAULT, ALTER ingest_ts DROP DEFAULT", err))
            return false;
    return true;
}
