#include "worker/fleet/mirror.h"

#include "shared/utf8.h"
#include "worker/pg/pg.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 2, TABLES = 4, PIECE = 256 * 1024 };

enum kind { TEXT, NUMBER, TIME, BOOLEAN };

struct column {
    const char *name;
    enum kind kind;
};

/* The first columns are the key. */
static const struct mirrored {
    const char *name;
    int keys;
    struct column columns[20];
} tables[TABLES] = {
    {"file", 1,
        {{"file_id", NUMBER}, {"arrival_key", TEXT}, {"location", TEXT}, {"dataset", TEXT}, {"size", NUMBER},
            {"sha256", TEXT}, {"arrived_at", TIME}, {"state", TEXT}, {"waiting_for", TEXT}, {"attempts", NUMBER},
            {"job_run_id", TEXT}, {"processed_at", TIME}, {"error_code", TEXT}, {"error_message", TEXT}}},
    {"run", 1,
        {{"run_id", TEXT}, {"kind", TEXT}, {"dataset", TEXT}, {"partition", TEXT}, {"file_id", NUMBER}, {"state", TEXT},
            {"outcome", TEXT}, {"attempt", NUMBER}, {"fence", NUMBER}, {"owner", TEXT}, {"lease_until", TIME},
            {"started_at", TIME}, {"finished_at", TIME}, {"error_code", TEXT}, {"error_message", TEXT},
            {"superseded_by", TEXT}}},
    {"cause", 1,
        {{"cause_id", NUMBER}, {"dataset", TEXT}, {"stage", TEXT}, {"code", TEXT}, {"column_name", TEXT},
            {"rule_id", TEXT}, {"shape", TEXT}, {"whole_file", BOOLEAN}}},
    {"run_cause", 2,
        {{"run_id", TEXT}, {"cause_id", NUMBER}, {"rows", NUMBER}, {"only_rows", NUMBER}, {"requested", NUMBER},
            {"recovered", NUMBER}, {"rejected_again", NUMBER}, {"discarded", NUMBER}, {"returned", NUMBER},
            {"superseded", NUMBER}}},
};

struct mirror {
    sqlite3 *db;
    struct str lake_id;
    struct table {
        sqlite3_stmt *row;  /* by its key */
        struct buf columns; /* "a, b, c" */
        struct buf upsert;  /* what stands behind the values */
    } tables[TABLES];
};

/* ---- statements ---- */

static void write_parts(struct table *table, const struct mirrored *of)
{
    buf_init(&table->columns, PIECE);
    buf_init(&table->upsert, PIECE);
    buf_add_cstr(&table->upsert, ") ON CONFLICT (lake_id");
    for (int i = 0; of->columns[i].name; i++)
        buf_printf(&table->columns, "%s%s", i ? ", " : "", of->columns[i].name);
    for (int i = 0; i < of->keys; i++)
        buf_printf(&table->upsert, ", %s", of->columns[i].name);
    buf_add_cstr(&table->upsert, ") DO UPDATE SET ");
    for (int i = of->keys; of->columns[i].name; i++)
        buf_printf(
            &table->upsert, "%s%s = excluded.%s", i > of->keys ? ", " : "", of->columns[i].name, of->columns[i].name);
    buf_add_cstr(&table->upsert, ";\n");
}

static bool prepare(struct mirror *mirror, int i, struct err *err)
{
    struct table *table = &mirror->tables[i];
    const struct mirrored *of = &tables[i];
    struct buf sql;
    write_parts(table, of);
    buf_init(&sql, PIECE);
    buf_printf(&sql, "SELECT " STR_FMT " FROM %s WHERE ", STR_ARG(buf_str(&table->columns)), of->name);
    for (int k = 0; k < of->keys; k++)
        buf_printf(&sql, "%s%s = ?%d", k ? " AND " : "", of->columns[k].name, k + 1);
    bool ok = buf_ok(&sql, "a statement", err) && buf_ok(&table->upsert, "a statement", err);
    if (ok && sqlite3_prepare_v3(mirror->db, sql.p, -1, SQLITE_PREPARE_PERSISTENT, &table->row, NULL) != SQLITE_OK)
        ok = ERR(err, ERR_CORRUPT, "the journal cannot be read: %s", sqlite3_errmsg(mirror->db));
    buf_dispose(&sql);
    return ok;
}

struct mirror *mirror_new(struct sqlite3 *db, const char *lake_id, struct err *err)
{
    struct mirror *mirror = calloc(1, sizeof *mirror);
    if (!mirror) {
        ERR(err, ERR_MEMORY, "no memory for a fleet");
        return NULL;
    }
    mirror->db = db;
    mirror->lake_id = str_of(lake_id);
    for (int i = 0; i < TABLES; i++)
        if (!prepare(mirror, i, err)) {
            mirror_free(mirror);
            return NULL;
        }
    return mirror;
}

void mirror_free(struct mirror *mirror)
{
    for (int i = 0; mirror && i < TABLES; i++) {
        sqlite3_finalize(mirror->tables[i].row);
        buf_dispose(&mirror->tables[i].columns);
        buf_dispose(&mirror->tables[i].upsert);
    }
    free(mirror);
}

/* ---- values ---- */

/* What came from a file's bytes may be no UTF-8 and hold NULs, which PostgreSQL refuses. */
static void add_text(struct buf *sql, struct str text)
{
    buf_add_byte(sql, '\'');
    while (text.n) {
        size_t n = utf8_valid_prefix(text);
        for (size_t i = 0; i < n; i++) {
            if (text.p[i] == '\'')
                buf_add_byte(sql, '\'');
            buf_add_byte(sql, text.p[i] ? text.p[i] : ' ');
        }
        if (n < text.n)
            buf_add_cstr(sql, "\xEF\xBF\xBD");
        n += n < text.n;
        text = (struct str){text.p + n, text.n - n};
    }
    buf_add_byte(sql, '\'');
}

static void add_value(struct buf *sql, enum kind kind, sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        buf_add_cstr(sql, "NULL");
        return;
    }
    long long number = sqlite3_value_int64(value);
    switch (kind) {
    case TEXT: {
        const char *p = (const char *)sqlite3_value_text(value);
        add_text(sql, (struct str){p, (size_t)sqlite3_value_bytes(value)});
        return;
    }
    case NUMBER:
        buf_printf(sql, "%lld", number);
        return;
    case TIME: /* its microseconds as they are: a double would round them */
        buf_printf(sql, "'epoch'::timestamptz + '%lld s %lld us'::interval", number / 1000000, number % 1000000);
        return;
    case BOOLEAN:
        buf_add_cstr(sql, number ? "true" : "false");
        return;
    }
}

static void add_upsert(struct mirror *mirror, int i, sqlite3_stmt *row, struct buf *sql)
{
    buf_printf(sql, "INSERT INTO sluice.%s (lake_id, " STR_FMT ") VALUES (", tables[i].name,
        STR_ARG(buf_str(&mirror->tables[i].columns)));
    pg_literal(sql, mirror->lake_id);
    for (int c = 0; tables[i].columns[c].name; c++) {
        buf_add_cstr(sql, ", ");
        add_value(sql, tables[i].columns[c].kind, sqlite3_column_value(row, c));
    }
    buf_add_str(sql, buf_str(&mirror->tables[i].upsert));
}

static void add_delete(struct mirror *mirror, int i, sqlite3_value **keys, struct buf *sql)
{
    buf_printf(sql, "DELETE FROM sluice.%s WHERE lake_id = ", tables[i].name);
    pg_literal(sql, mirror->lake_id);
    for (int k = 0; k < tables[i].keys; k++) {
        buf_printf(sql, " AND %s = ", tables[i].columns[k].name);
        add_value(sql, tables[i].columns[k].kind, keys[k]);
    }
    buf_add_cstr(sql, ";\n");
}

/* ---- of a changeset ---- */

/* The key's columns stand in the table's order in both places. */
static bool read_keys(sqlite3_changeset_iter *change, int op, int columns, sqlite3_value **keys)
{
    unsigned char *is_key;
    int n, found = 0;
    if (sqlite3changeset_pk(change, &is_key, &n) != SQLITE_OK)
        return false;
    for (int c = 0; c < columns && found < MAX_KEYS; c++) {
        if (!is_key[c])
            continue;
        int code = op == SQLITE_INSERT ? sqlite3changeset_new(change, c, &keys[found])
                                       : sqlite3changeset_old(change, c, &keys[found]);
        if (code != SQLITE_OK)
            return false;
        found++;
    }
    return true;
}

static bool add_change(struct mirror *mirror, sqlite3_changeset_iter *change, struct buf *sql)
{
    const char *name;
    int columns, op, indirect, i = 0;
    sqlite3_value *keys[MAX_KEYS];
    if (sqlite3changeset_op(change, &name, &columns, &op, &indirect) != SQLITE_OK)
        return false;
    while (i < TABLES && strcmp(name, tables[i].name) != 0)
        i++;
    if (i == TABLES)
        return true;
    if (!read_keys(change, op, columns, keys))
        return false;
    sqlite3_stmt *row = mirror->tables[i].row;
    for (int k = 0; k < tables[i].keys; k++)
        sqlite3_bind_value(row, k + 1, keys[k]);
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        add_upsert(mirror, i, row, sql);
    else if (code == SQLITE_DONE)
        add_delete(mirror, i, keys, sql);
    sqlite3_reset(row);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

bool mirror_changes(struct mirror *mirror, struct str changeset, struct buf *sql, struct err *err)
{
    sqlite3_changeset_iter *change;
    bool started = sqlite3changeset_start(&change, (int)changeset.n, (void *)(uintptr_t)changeset.p) == SQLITE_OK;
    bool ok = started;
    while (ok && sqlite3changeset_next(change) == SQLITE_ROW)
        ok = add_change(mirror, change, sql);
    if (started)
        ok = sqlite3changeset_finalize(change) == SQLITE_OK && ok;
    return (ok || ERR(err, ERR_BUG, "a change of the journal cannot be read")) && buf_ok(sql, "a change", err);
}

/* ---- of all there is ---- */

static bool mirror_table(struct mirror *mirror, int i, struct buf *sql,
    bool (*run)(void *context, const char *sql, struct err *err), void *context, struct err *err)
{
    struct buf select;
    sqlite3_stmt *rows = NULL;
    buf_init(&select, PIECE);
    buf_printf(&select, "SELECT " STR_FMT " FROM %s", STR_ARG(buf_str(&mirror->tables[i].columns)), tables[i].name);
    bool ok = buf_ok(&select, "a statement", err);
    if (ok && sqlite3_prepare_v2(mirror->db, select.p, -1, &rows, NULL) != SQLITE_OK)
        ok = ERR(err, ERR_CORRUPT, "the journal cannot be read: %s", sqlite3_errmsg(mirror->db));
    while (ok && sqlite3_step(rows) == SQLITE_ROW) {
        add_upsert(mirror, i, rows, sql);
        if (sql->n < PIECE)
            continue;
        ok = buf_ok(sql, "a change", err) && run(context, sql->p, err);
        buf_reset(sql);
    }
    sqlite3_finalize(rows);
    buf_dispose(&select);
    return ok;
}

bool mirror_all(
    struct mirror *mirror, bool (*run)(void *context, const char *sql, struct err *err), void *context, struct err *err)
{
    struct buf sql;
    bool ok = true;
    buf_init(&sql, (size_t)PIECE * 64);
    for (int i = 0; ok && i < TABLES; i++)
        ok = mirror_table(mirror, i, &sql, run, context, err);
    ok = ok && (!sql.n || (buf_ok(&sql, "a change", err) && run(context, sql.p, err)));
    buf_dispose(&sql);
    return ok;
}
