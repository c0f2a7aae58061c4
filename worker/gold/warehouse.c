#include "worker/gold/warehouse.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/fs.h"
#include "shared/log.h"
#include "worker/gold/export.h"
#include "worker/run/manifest.h"
#include "worker/run/publish.h"
#include "worker/run/warehouse.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { MAX_SQL = 4 * 1024 * 1024, MAX_PATH = 8192, FINGERPRINT = SHA256_TEXT_SIZE };

#define FRESH "pg_temp.sluice_gold"
#define CONFIG(err, ...) err_set((err), ERR_CONFIG, PG_ERROR, __FILE__, __LINE__, __VA_ARGS__)

struct making {
    struct worker *worker;
    const struct contract *contract;
    struct arena *arena;
    struct claim claim;
    int64_t beat_at;
    bool beyond_return;
    char fingerprint[FINGERPRINT]; /* of the last run that changed silver, the SQL and where it goes */
    struct str table;              /* "schema"."table" */
    struct str staged;
    const char *path;
    int fd;
    struct stage_count count;
};

static bool no_memory(struct err *err)
{
    return ERR(err, ERR_MEMORY, "no memory to make gold in the warehouse");
}

/* ---- has anything changed? ---- */

static bool meta(struct making *m, const char *kind, struct str *value, struct err *err)
{
    const char *name = arena_printf(m->arena, "%s" STR_FMT, kind, STR_ARG(m->contract->dataset));
    return name ? journal_meta_get(m->worker->journal, name, value, m->arena, err) : no_memory(err);
}

static bool is_stale(struct making *m, bool *stale, struct err *err)
{
    const struct warehouse *w = &m->contract->warehouse;
    struct str changed, made;
    struct buf text;
    *stale = false;
    if (!meta(m, "warehouse ", &changed, err) || !meta(m, "warehouse-gold ", &made, err))
        return false;
    if (!changed.n)
        return true;
    buf_init(&text, MAX_SQL);
    buf_printf(&text, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT "\n", STR_ARG(changed), STR_ARG(w->schema),
        STR_ARG(w->tables[3]), STR_ARG(w->export_key));
    buf_add_str(&text, w->gold_sql_text);
    bool ok = buf_ok(&text, "the SQL of gold", err);
    if (ok)
        sha256_of(buf_str(&text), m->fingerprint);
    buf_dispose(&text);
    *stale = ok && !str_eq(made, str_of(m->fingerprint));
    return ok;
}

/* ---- the transaction ---- */

static bool alive(void *context, struct err *err)
{
    struct making *m = context;
    const struct worker *worker = m->worker;
    if (worker->stop && *worker->stop)
        return ERR(err, ERR_INTERRUPTED, "asked to stop");
    if (clock_monotonic() - m->beat_at < worker->options.lease_us / 3)
        return true;
    m->beat_at = clock_monotonic();
    return journal_heartbeat(worker->journal, &m->claim, clock_now(), worker->options.lease_us, err);
}

static bool run_text(struct making *m, struct buf *sql, struct err *err)
{
    bool ok = buf_ok(sql, "a statement", err) && pg_run(m->worker->pg, sql->p, err);
    buf_dispose(sql);
    return ok;
}

static struct str without_semicolon(struct str sql)
{
    sql = str_trim(sql);
    while (sql.n && sql.p[sql.n - 1] == ';')
        sql = str_trim((struct str){sql.p, sql.n - 1});
    return sql;
}

/* Gold is made of the last stage that is loaded. */
static struct str last_table(const struct warehouse *w)
{
    size_t last = 2;
    while (last && !(w->stages & 1U << last))
        last--;
    return w->tables[last];
}

static bool select_rows(struct making *m, struct err *err)
{
    struct buf sql;
    buf_init(&sql, MAX_SQL);
    buf_printf(&sql, "CREATE TEMP TABLE sluice_gold ON COMMIT DROP AS\n" STR_FMT "\n",
        STR_ARG(without_semicolon(m->contract->warehouse.gold_sql_text)));
    if (!run_text(m, &sql, err))
        return err_context(err, STR_FMT, STR_ARG(m->contract->warehouse.gold_sql));
    buf_init(&sql, MAX_SQL);
    buf_add_cstr(&sql, "SELECT (SELECT count(*) FROM ");
    pg_name(&sql, m->contract->warehouse.schema);
    buf_add_byte(&sql, '.');
    pg_name(&sql, last_table(&m->contract->warehouse));
    buf_add_cstr(&sql, "), (SELECT count(*) FROM " FRESH ")");
    struct pg_result *found = buf_ok(&sql, "a statement", err) ? pg_query(m->worker->pg, sql.p, NULL, 0, err) : NULL;
    buf_dispose(&sql);
    if (!found)
        return false;
    uint64_t in = pg_number(found, 0, 0), out = pg_number(found, 0, 1);
    pg_result_free(found);
    m->count.rows_in = in;
    m->count.rows_out = out;
    m->count.rows_merged = in > out ? in - out : 0;
    m->count.rows_expanded = out > in ? out - in : 0;
    return true;
}

static bool take(void *context, struct str data, struct err *err)
{
    struct making *m = context;
    m->count.bytes_out += data.n;
    return fs_write_all(m->fd, data.p, data.n, m->path, err);
}

/* The fresh table is read in the order it was filled in. */
static bool copy_rows(struct making *m, struct err *err)
{
    if (!m->path)
        return true;
    m->fd = open(m->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (m->fd < 0)
        return ERR_ERRNO(err, "cannot create %s", m->path);
    bool ok = pg_copy_out(m->worker->pg, "COPY " FRESH " TO STDOUT (FORMAT csv, HEADER)", take, m, err) &&
              fs_sync_fd(m->fd, m->path, err);
    close(m->fd);
    return ok;
}

/* Whether the table is there, of ours, and of the fresh one's columns. */
static bool look_at_table(struct making *m, bool *exists, bool *same, struct err *err)
{
    const struct warehouse *w = &m->contract->warehouse;
    const char *values[] = {m->table.p, w->schema.p, w->tables[3].p, m->contract->dataset.p};
#define COLUMNS(table)                                                                                               \
    "(SELECT array_agg(row(attname, atttypid, atttypmod) ORDER BY attnum) FROM pg_attribute WHERE attrelid = " table \
    " AND attnum > 0 AND NOT attisdropped)"
    struct pg_result *found = pg_query(m->worker->pg,
        "SELECT to_regclass($1) IS NOT NULL, EXISTS (SELECT FROM sluice.made WHERE schema_name = $2 AND table_name = "
        "$3 "
        "AND dataset = $4), " COLUMNS("to_regclass($1)") " = " COLUMNS("'" FRESH "'::regclass"),
        values, 4, err);
#undef COLUMNS
    if (!found)
        return false;
    *exists = str_eq(pg_value(found, 0, 0), STR("t"));
    *same = str_eq(pg_value(found, 0, 2), STR("t"));
    bool ours = str_eq(pg_value(found, 0, 1), STR("t"));
    pg_result_free(found);
    if (!*exists || ours)
        return true;
    CONFIG(err, "the table " STR_FMT " is there, but it was not made for gold", STR_ARG(m->table));
    return err_hint(err, "Rename it, or name another table in the contract: warehouse.tables.gold.");
}

static void make_table(struct making *m, struct buf *sql, bool exists)
{
    const struct warehouse *w = &m->contract->warehouse;
    struct str values[] = {w->schema, w->tables[3], STR("*"), STR("gold"), m->contract->dataset};
    if (exists)
        buf_printf(sql, "DROP TABLE " STR_FMT "; ", STR_ARG(m->table));
    buf_printf(sql, "CREATE TABLE " STR_FMT " AS TABLE " FRESH "; INSERT INTO sluice.made VALUES (", STR_ARG(m->table));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf_add_cstr(sql, i ? ", " : "");
        pg_literal(sql, values[i]);
    }
    buf_printf(sql,
        ") ON CONFLICT DO NOTHING; DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_read') THEN "
        "GRANT SELECT ON " STR_FMT " TO sluice_read; END IF; END $$",
        STR_ARG(m->table));
}

static bool replace_table(struct making *m, struct err *err)
{
    bool exists, same;
    struct buf sql;
    if (!look_at_table(m, &exists, &same, err))
        return false;
    buf_init(&sql, MAX_SQL);
    if (exists && same)
        buf_printf(&sql, "DELETE FROM " STR_FMT "; INSERT INTO " STR_FMT " TABLE " FRESH, STR_ARG(m->table),
            STR_ARG(m->table));
    else
        make_table(m, &sql, exists);
    return run_text(m, &sql, err);
}

static bool transact(struct making *m, struct err *err)
{
    struct pg *pg = m->worker->pg;
    bool unsure;
    m->beat_at = clock_monotonic();
    pg_alive(pg, alive, m);
    bool ok = pg_begin(pg, m->contract->warehouse.schema, err) &&
              pg_run(pg, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", err) && select_rows(m, err) &&
              copy_rows(m, err) && replace_table(m, err) && fault_pass("gold-made", NULL, err) &&
              pg_commit(pg, &unsure, err);
    if (!ok)
        pg_rollback(pg);
    pg_alive(pg, NULL, NULL);
    return ok && fault_pass("gold-committed", NULL, err);
}

/* ---- the run ---- */

static bool stage(struct making *m, struct err *err)
{
    struct buf text;
    buf_init(&text, MAX_PATH);
    pg_name(&text, m->contract->warehouse.schema);
    buf_add_byte(&text, '.');
    pg_name(&text, m->contract->warehouse.tables[3]);
    m->table = arena_str(m->arena, buf_str(&text));
    buf_dispose(&text);
    m->staged = STR("");
    if (!m->table.p)
        return no_memory(err);
    return !m->contract->warehouse.export_key.n ||
           export_stage(m->worker, &m->claim, m->contract, &m->staged, &m->path, m->arena, err);
}

static void give_up(struct making *m, const struct err *why)
{
    struct worker *worker = m->worker;
    struct err second; /* the fault itself is told; recovery does what could not be done */
    bool exhausted;
    if (m->beyond_return || publish_clear(worker, m->claim.run_id, m->arena, &second))
        exhausted = journal_run_failed(worker->journal, &m->claim, why, STR(""), clock_now(), &exhausted, &second);
}

static bool work(struct making *m, struct err *err)
{
    m->count.stage = STAGE_GOLD;
    m->count.started_at = clock_now();
    if (!stage(m, err) || !transact(m, err))
        return false;
    m->count.finished_at = clock_now();
    struct export_object object = {.staged = m->staged, .path = m->path, .rows = m->count.rows_out, .count = &m->count};
    const char *name = arena_printf(m->arena, "warehouse-gold " STR_FMT, STR_ARG(m->contract->dataset));
    return (name || no_memory(err)) &&
           export_publish(m->worker, &m->claim, m->contract, &object, &m->beyond_return, m->arena, err) &&
           journal_meta_set(m->worker->journal, name, str_of(m->fingerprint), err);
}

static bool run(struct making *m, struct warehouse_gold *done, struct err *err)
{
    struct worker *worker = m->worker;
    struct str key = m->contract->warehouse.export_key;
    bool stale, exists, taken = false;
    if (!is_stale(m, &stale, err) || !stale)
        return !stale && err->kind == ERR_NONE;
    if (key.n && !export_stands(worker, key, &exists, m->arena, err))
        return false;
    if (!journal_run_begin(worker->journal, STR("load"), m->contract->dataset, STR(""), worker->owner, clock_now(),
            worker->options.lease_us, &m->claim, &taken, err))
        return false;
    if (!taken)
        return true;
    if (work(m, err)) {
        *done = (struct warehouse_gold){true, m->count.rows_out};
        return true;
    }
    give_up(m, err);
    return false;
}

bool warehouse_gold(
    struct worker *worker, const struct contract *contract, struct warehouse_gold *done, struct err *err)
{
    *done = (struct warehouse_gold){0};
    err_clear(err);
    if (!worker->pg || !contract->warehouse.gold_sql.n)
        return true;
    struct arena *arena = arena_new(0);
    struct making m = {.worker = worker, .contract = contract, .arena = arena};
    bool ok = arena ? run(&m, done, err) : no_memory(err);
    arena_free(arena);
    return ok;
}

bool warehouse_gold_forget(struct worker *worker, const struct contract *contract, struct err *err)
{
    struct buf name;
    buf_init(&name, MAX_PATH);
    buf_printf(&name, "warehouse-gold " STR_FMT, STR_ARG(contract->dataset));
    bool ok = buf_ok(&name, "a name", err) && journal_meta_set(worker->journal, name.p, STR(""), err);
    buf_dispose(&name);
    return ok;
}

bool warehouse_gold_all(struct worker *worker, struct err *err)
{
    for (size_t i = 0; i < worker->contracts->count; i++) {
        const struct contract *contract = worker->contracts->list[i];
        struct warehouse_gold done;
        struct err fault;
        bool ok = warehouse_gold(worker, contract, &done, &fault);
        if (!ok) {
            err_context(&fault, "gold of " STR_FMT, STR_ARG(contract->dataset));
            log_err(LOG_ERROR, "warehouse-gold-failed", &fault);
            worker->tally.waiting++;
        }
        worker->tally.gold_rows += done.rows;
        if ((!ok || done.made) && !warehouse_incident(worker, contract->dataset, ok ? NULL : &fault, err))
            return false;
        if (!ok && fault.kind == ERR_INTERRUPTED) {
            *err = fault;
            return false;
        }
    }
    return true;
}

bool warehouse_exports(
    struct worker *worker, const struct contract *contract, bool *exports, struct arena *arena, struct err *err)
{
    struct making m = {.worker = worker, .contract = contract, .arena = arena};
    struct str changed;
    *exports = contract->warehouse.gold_sql.n && worker->pg;
    if (!contract->warehouse.gold_sql.n || *exports)
        return true;
    if (!meta(&m, "warehouse ", &changed, err))
        return false;
    *exports = changed.n > 0;
    return true;
}
