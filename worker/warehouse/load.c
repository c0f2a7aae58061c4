#include "worker/warehouse/load_internal.h"

#include "shared/clock.h"
#include "shared/fault.h"

enum {
    MOST_PENDING = 1 << 30,
    LEAST_FLUSH = 256 * 1024,
    MOST_FLUSH = 2 * 1024 * 1024,
    SHARE = 16, /* of its memory, that a buffer is: there are some of each table and some on their way */
    LARGE = 4 * 1024 * 1024,
    MAX_SQL = 4 * 1024 * 1024
};

/* ---- opening ---- */

static const char *copy_statement(struct load *load, enum tier tier)
{
    const struct tier_table *table = &load->tables.tiers[tier];
    bool staged = tier == TIER_SILVER && load->staged;
    struct buf sql;
    buf_init(&sql, MAX_SQL);
    buf_printf(&sql, "COPY " STR_FMT " (", STR_ARG(staged ? STR(STAGE_TABLE) : table->name));
    for (uint32_t i = 0; i < table->count; i++) {
        if (load_is_default(load, tier, &table->columns[i]))
            continue;
        buf_add_cstr(&sql, i ? ", " : "");
        pg_name(&sql, table->columns[i].name);
    }
    buf_printf(&sql, "%s) FROM STDIN (FORMAT binary%s)", staged ? ", _line, _offset, _length" : "",
        load->fresh[tier] ? ", FREEZE" : "");
    const char *copy = sql.failed ? NULL : arena_cstr(load->arena, sql.p);
    buf_dispose(&sql);
    return copy;
}

static bool prepare_silver(struct load *load, struct err *err)
{
    return !tables_have(&load->tables, TIER_SILVER) ||
           (settle_wanted(load, &load->staged, err) && (!load->staged || settle_stage(load, err)));
}

static bool prepare_tables(struct load *load, bool large, struct err *err)
{
    if (!tables_lock(load->pg, &load->tables, err) || !prepare_silver(load, err) || (large && !fresh_take(load, err)))
        return false;
    for (enum tier tier = 0; tier < TIER_COUNT; tier++) {
        load->copy[tier] = tables_have(&load->tables, tier) ? copy_statement(load, tier) : "";
        if (!load->copy[tier])
            return ERR(err, ERR_MEMORY, "no memory for a statement");
    }
    return true;
}

static bool begin(struct load *load, bool large, struct err *err)
{
    bool last;
    struct str schema = load->contract ? load->contract->warehouse.schema : STR("");
    if (load->contract &&
        (!tables_init(&load->tables, load->contract, load->arena, err) || !tables_ensure(load->pg, &load->tables, err)))
        return false;
    if (!ledger_index(load->pg, &load->key, err) || !pg_begin(load->pg, schema, err))
        return false;
    load->open = true;
    return ledger_take(load->pg, &load->key, &last, err) && ledger_clear(load->pg, &load->key, err) &&
           (!load->contract || prepare_tables(load, large, err));
}

static size_t flush_bytes(size_t memory)
{
    size_t share = memory / SHARE;
    return share < LEAST_FLUSH ? LEAST_FLUSH : share > MOST_FLUSH ? MOST_FLUSH : share;
}

struct load *load_open(struct pg *pg, const struct load_options *options, const struct ledger_key *key, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct load *load = arena ? ARENA_NEW(arena, struct load) : NULL;
    if (!load) {
        arena_free(arena);
        ERR(err, ERR_MEMORY, "no memory to load the warehouse");
        return NULL;
    }
    *load = (struct load){.pg = pg,
        .arena = arena,
        .contract = options->contract,
        .key = *key,
        .ingest_ts = options->ingest_ts,
        .flush_bytes = flush_bytes(options->memory)};
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        buf_init(&load->pending[tier], MOST_PENDING);
    buf_init(&load->scratch, MOST_PENDING);
    if (begin(load, options->bytes >= LARGE, err))
        return load;
    load_close(load);
    return NULL;
}

void load_begin(struct load *load, const int32_t *column_of_field)
{
    load->column_of_field = column_of_field;
    load->counts.started_at = clock_now();
}

/* ---- rows ---- */

static bool flush(struct load *load, enum tier tier, size_t least, struct err *err)
{
    struct buf *pending = &load->pending[tier];
    if (pending->n <= least)
        return true;
    load->counts.bytes[tier] += pending->n;
    if (!load->copier)
        load->copier = copier_new(load->pg, load->copy, err);
    return load->copier && copier_put(load->copier, tier, pending, err);
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

bool load_end(struct load *load, struct err *err)
{
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        if (!flush(load, tier, 0, err))
            return false;
    if (load->copier)
        copier_end(load->copier);
    return true;
}

/* The connection is its own again. */
static bool finish_copy(struct load *load, struct err *err)
{
    bool ok = !load->copier || copier_finish(load->copier, err);
    copier_free(load->copier);
    load->copier = NULL;
    return ok;
}

bool load_finish(struct load *load, struct load_counts *counts, struct err *err)
{
    if (!finish_copy(load, err) || !fresh_leave(load, err) || (load->staged && !settle(load, err)))
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
    copier_free(load->copier);
    pg_result_free(load->page);
    if (load->open)
        pg_rollback(load->pg);
    pg_alive(load->pg, NULL, NULL);
    for (enum tier tier = 0; tier < TIER_COUNT; tier++)
        buf_dispose(&load->pending[tier]);
    buf_dispose(&load->scratch);
    arena_free(load->arena);
}
