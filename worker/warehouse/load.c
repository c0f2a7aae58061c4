#include "worker/warehouse/load_internal.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "worker/warehouse/binary.h"

#include <stdlib.h>

enum { MOST_PENDING = 1 << 30, LEAST_FLUSH = 256 * 1024, MOST_FLUSH = 4 * 1024 * 1024, SHARE = 8 };

/* ---- opening ---- */

static const char *copy_statement(struct load *load, enum tier tier)
{
    const struct tier_table *table = &load->tables.tiers[tier];
    bool staged = tier == TIER_SILVER && load->staged;
    return arena_printf(load->arena, "COPY " STR_FMT " (" STR_FMT "%s) FROM STDIN (FORMAT binary)",
        STR_ARG(staged ? STR(STAGE_TABLE) : table->name), STR_ARG(table->list),
        staged ? ", _line, _offset, _length" : "");
}

/* Tables stay as they were found until the end: whoever alters one waits. */
static bool lock_tables(struct load *load, struct err *err)
{
    const char *sql =
        arena_printf(load->arena, "LOCK TABLE " STR_FMT ", " STR_FMT ", " STR_FMT " IN ROW EXCLUSIVE MODE",
            STR_ARG(load->tables.tiers[TIER_RAW].name), STR_ARG(load->tables.tiers[TIER_BRONZE].name),
            STR_ARG(load->tables.tiers[TIER_SILVER].name));
    return sql ? pg_run(load->pg, sql, err) : ERR(err, ERR_MEMORY, "no memory for a statement");
}

static bool prepare_tables(struct load *load, struct err *err)
{
    if (!lock_tables(load, err) || !settle_wanted(load, &load->staged, err) ||
        (load->staged && !settle_stage(load, err)))
        return false;
    for (enum tier tier = 0; tier < TIER_COUNT; tier++) {
        load->copy[tier] = copy_statement(load, tier);
        if (!load->copy[tier])
            return ERR(err, ERR_MEMORY, "no memory for a statement");
    }
    return true;
}

static bool begin(struct load *load, struct err *err)
{
    bool last;
    struct str schema = load->contract ? load->contract->warehouse.schema : STR("");
    if (load->contract &&
        (!tables_init(&load->tables, load->contract, load->arena, err) || !tables_ensure(load->pg, &load->tables, err)))
        return false;
    if (!pg_begin(load->pg, schema, err))
        return false;
    load->open = true;
    return ledger_take(load->pg, &load->key, &last, err) && ledger_clear(load->pg, &load->key, err) &&
           (!load->contract || prepare_tables(load, err));
}

struct load *load_open(
    struct pg *pg, const struct contract *contract, const struct ledger_key *key, size_t memory, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct load *load = arena ? ARENA_NEW(arena, struct load) : NULL;
    if (!load) {
        arena_free(arena);
        ERR(err, ERR_MEMORY, "no memory to load the warehouse");
        return NULL;
    }
    size_t flush = memory / SHARE;
    *load = (struct load){.pg = pg,
        .arena = arena,
        .contract = contract,
        .key = *key,
        .flush_bytes = flush < LEAST_FLUSH  ? LEAST_FLUSH
                       : flush > MOST_FLUSH ? MOST_FLUSH
                                            : flush};
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        buf_init(&load->pending[tier], MOST_PENDING);
    if (begin(load, err))
        return load;
    load_close(load);
    return NULL;
}

void load_begin(struct load *load, const int32_t *column_of_field, int64_t ingest_ts)
{
    load->column_of_field = column_of_field;
    load->ingest_ts = ingest_ts;
    load->counts.started_at = clock_now();
}

/* ---- rows ---- */

static bool flush(struct load *load, enum tier tier, size_t least, struct err *err)
{
    struct buf *pending = &load->pending[tier], head;
    if (pending->n <= least)
        return true;
    buf_init(&head, 64);
    binary_head(&head);
    binary_tail(pending);
    bool ok = buf_ok(pending, "rows for the warehouse", err) && fault_pass("copying", NULL, err) &&
              pg_copy_begin(load->pg, load->copy[tier], err) && pg_copy_put(load->pg, buf_str(&head), err) &&
              pg_copy_put(load->pg, buf_str(pending), err) && pg_copy_end(load->pg, err);
    load->counts.bytes[tier] += pending->n;
    buf_dispose(&head);
    buf_reset(pending);
    return ok;
}

bool load_rows(struct load *load, const struct batch *batch, struct err *err)
{
    if (!tuples_add(load, batch, err))
        return false;
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        if (!flush(load, tier, load->flush_bytes, err))
            return false;
    return true;
}

bool load_finish(struct load *load, struct load_counts *counts, struct err *err)
{
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        if (!flush(load, tier, 0, err))
            return false;
    if (load->staged && !settle(load, err))
        return false;
    load->counts.finished_at = clock_now();
    *counts = load->counts;
    return fault_pass("loaded", NULL, err);
}

/* ---- the end ---- */

bool load_commit(struct load *load, bool *unsure, struct err *err)
{
    *unsure = false;
    if (!ledger_put(load->pg, &load->key, load->contract != NULL, err) || !fault_pass("committing", NULL, err) ||
        !pg_commit(load->pg, unsure, err))
        return false;
    load->open = false;
    *unsure = !fault_pass("loaded-for-good", NULL, err);
    return !*unsure;
}

void load_close(struct load *load)
{
    if (!load)
        return;
    pg_result_free(load->page);
    if (load->open)
        pg_rollback(load->pg);
    pg_alive(load->pg, NULL, NULL);
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        buf_dispose(&load->pending[tier]);
    arena_free(load->arena);
}
