#include "worker/journal/seal.h"

#include "shared/clock.h"
#include "shared/fault.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/utf8.h"
#include "worker/journal/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { PIECE_BYTES = 4 * 1024 * 1024, MOST_BYTES = 64 * 1024 * 1024, MOST_SQL = 64 * 1024 };

/* ---- which rows changed ---- */

/* Events are forgotten anyway, and may come twice. */
#define SEALED_TABLES                                  \
    "m.type = 'table' AND m.name NOT LIKE 'sqlite_%' " \
    "AND m.name NOT IN ('unsealed', 'sealing', 'replica', 'worker', 'event_key') "

static bool run_all(struct journal *journal, const char *texts, struct err *err)
{
    struct query query;
    struct buf all;
    buf_init(&all, MOST_BYTES);
    query_open(&query, journal, texts, err);
    while (query_step(&query) == STEP_ROW)
        buf_add_str(&all, query_column(&query, 0));
    bool ok = query_run(&query) && buf_ok(&all, "the triggers of the journal", err) &&
              (!all.n || db_run(journal, all.p, err));
    buf_dispose(&all);
    return ok;
}

bool seal_triggers_drop(struct journal *journal, struct err *err)
{
    return run_all(journal,
        "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'seal\\_%' "
        "ESCAPE '\\'",
        err);
}

bool seal_triggers(struct journal *journal, struct err *err)
{
    return seal_triggers_drop(journal, err) &&
           run_all(journal,
               "SELECT 'CREATE TRIGGER seal_' || m.name || o.name || ' AFTER ' || o.name || ' ON ' || m.name || "
               "' BEGIN INSERT INTO unsealed VALUES (''' || m.name || ''', json_array(' || "
               "(SELECT group_concat(o.which || '.' || p.name, ', ') FROM (SELECT name FROM pragma_table_info(m.name) "
               "WHERE pk ORDER BY pk) p) || '), NULL) ON CONFLICT (of_table, row_key) DO UPDATE SET piece = NULL; "
               "END;' "
               "FROM sqlite_schema m, (SELECT 'INSERT' AS name, 'NEW' AS which UNION ALL SELECT 'UPDATE', 'NEW' "
               "UNION ALL SELECT 'DELETE', 'OLD') o WHERE " SEALED_TABLES,
               err);
}

bool seal_mark_all(struct journal *journal, struct err *err)
{
    return run_all(journal,
        "SELECT 'INSERT OR REPLACE INTO unsealed SELECT ''' || m.name || ''', json_array(' || "
        "(SELECT group_concat(p.name, ', ') FROM (SELECT name FROM pragma_table_info(m.name) WHERE pk ORDER BY pk) p) "
        "|| '), NULL FROM ' || m.name || ';' FROM sqlite_schema m WHERE " SEALED_TABLES,
        err);
}

/* ---- a piece ---- */

struct piece {
    struct journal *journal;
    struct err *err;
    struct buf text;
    struct json json;
    int64_t number, complete;
    char journal_id[ULID_SIZE];
    uint64_t rows;
    char table[64];      /* the last one written of */
    struct buf last_key; /* the last row of it */
};

static void put_value(struct json *json, sqlite3_stmt *statement, int column)
{
    struct str bytes = {sqlite3_column_blob(statement, column), (size_t)sqlite3_column_bytes(statement, column)};
    int type = sqlite3_column_type(statement, column);
    if (type == SQLITE_INTEGER)
        jsonw_int(json, sqlite3_column_int64(statement, column));
    else if (type == SQLITE_FLOAT)
        jsonw_double(json, sqlite3_column_double(statement, column));
    else if (type == SQLITE_NULL)
        jsonw_null(json);
    else if (type == SQLITE_TEXT && utf8_valid(bytes))
        jsonw_string(json, bytes);
    else { /* {"blob": base64} or {"text": base64} */
        jsonw_object_begin(json);
        jsonw_key(json, type == SQLITE_TEXT ? "text" : "blob");
        jsonw_base64(json, bytes);
        jsonw_object_end(json);
    }
}

/* Columns: the mark's key, whether the row is there, then the row. */
static void put_row(struct piece *piece, sqlite3_stmt *statement)
{
    struct json *json = &piece->json;
    const char *key = (const char *)sqlite3_column_text(statement, 0);
    jsonw_init(json, &piece->text);
    if (sqlite3_column_int(statement, 1)) {
        jsonw_array_begin(json);
        for (int i = 2; i < sqlite3_column_count(statement); i++)
            put_value(json, statement, i);
        jsonw_array_end(json);
    } else {
        jsonw_object_begin(json);
        jsonw_key(json, "gone");
        jsonw_raw(json, str_of(key));
        jsonw_object_end(json);
    }
    buf_add_byte(&piece->text, '\n');
    buf_reset(&piece->last_key);
    buf_add_cstr(&piece->last_key, key);
    piece->rows++;
}

static void put_table(struct piece *piece, const char *table, sqlite3_stmt *statement)
{
    struct json *json = &piece->json;
    jsonw_init(json, &piece->text);
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "table", table);
    jsonw_key(json, "columns");
    jsonw_array_begin(json);
    for (int i = 2; i < sqlite3_column_count(statement); i++)
        jsonw_cstring(json, sqlite3_column_name(statement, i));
    jsonw_array_end(json);
    jsonw_object_end(json);
    buf_add_byte(&piece->text, '\n');
    snprintf(piece->table, sizeof piece->table, "%s", table);
}

static bool put_rows(struct piece *piece, const char *table, const char *sql)
{
    sqlite3 *db = piece->journal->db;
    sqlite3_stmt *statement;
    int step = SQLITE_DONE;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return db_error(db, piece->journal->path, "journal", piece->err);
    while (piece->text.n < PIECE_BYTES && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        if (strcmp(piece->table, table) != 0)
            put_table(piece, table, statement);
        put_row(piece, statement);
    }
    bool ok = step == SQLITE_ROW || step == SQLITE_DONE || db_error(db, piece->journal->path, "journal", piece->err);
    sqlite3_finalize(statement);
    return ok && buf_ok(&piece->text, "a piece of the journal", piece->err);
}

/* Table by table and by the order of the marks, until it is large enough. */
static bool put_tables(struct piece *piece)
{
    struct query query;
    bool ok = true;
    query_open(&query, piece->journal,
        "SELECT m.name, 'SELECT u.row_key, t.' || (SELECT name FROM pragma_table_info(m.name) WHERE pk = 1) || "
        "' IS NOT NULL, ' || (SELECT group_concat('t.' || p.name || ' AS ' || p.name, ', ') "
        "FROM pragma_table_info(m.name) p) || ' FROM unsealed u LEFT JOIN ' || m.name || ' t ON ' || "
        "(SELECT group_concat('t.' || p.name || ' = u.row_key ->> ' || (p.pk - 1), ' AND ') "
        "FROM pragma_table_info(m.name) p WHERE p.pk) || ' WHERE u.of_table = ''' || m.name || "
        "''' ORDER BY u.row_key' "
        "FROM (SELECT DISTINCT of_table AS name FROM unsealed) m ORDER BY m.name",
        piece->err);
    while (ok && piece->text.n < PIECE_BYTES && query_step(&query) == STEP_ROW) {
        char table[64];
        query_column_into(&query, 0, table, sizeof table);
        struct str sql = query_column(&query, 1);
        ok = put_rows(piece, table, sql.p);
    }
    bool stepped = query.ok;
    query_close(&query);
    return ok && stepped;
}

/* What was written is under way in this piece, until somebody changes it again. */
static bool take_marks(struct piece *piece)
{
    struct query query;
    query_open(&query, piece->journal,
        "UPDATE unsealed SET piece = ?1 WHERE of_table < ?2 OR (of_table = ?2 AND row_key <= ?3)", piece->err);
    query_int(&query, piece->number);
    query_cstr(&query, piece->table);
    query_str(&query, buf_str(&piece->last_key));
    return query_run(&query);
}

static bool next_number(struct piece *piece)
{
    struct query query;
    char fresh[ULID_SIZE];
    ulid_new(fresh);
    query_open(&query, piece->journal,
        "INSERT INTO sealing VALUES (1, ?1, 1, 0) ON CONFLICT (one) DO UPDATE SET piece = piece + 1 "
        "RETURNING piece, complete, journal_id",
        piece->err);
    query_cstr(&query, fresh);
    if (query_step(&query) == STEP_ROW) {
        piece->number = query_column_int(&query, 0);
        piece->complete = query_column_int(&query, 1);
        query_column_into(&query, 2, piece->journal_id, sizeof piece->journal_id);
    }
    return query_run(&query);
}

static void put_head(struct piece *piece, const struct storage *storage, int64_t now)
{
    struct json *json = &piece->json;
    jsonw_init(json, &piece->text);
    jsonw_object_begin(json);
    jsonw_put_cstring(json, "journal", piece->journal_id);
    jsonw_put_int(json, "piece", piece->number);
    jsonw_put_int(json, "after", piece->complete);
    jsonw_put_cstring(json, "lake", storage->lake_id);
    jsonw_put_time(json, "at", now);
    jsonw_object_end(json);
    buf_add_byte(&piece->text, '\n');
}

static void put_foot(struct piece *piece)
{
    struct json *json = &piece->json;
    char hash[SHA256_TEXT_SIZE];
    sha256_of(buf_str(&piece->text), hash);
    jsonw_init(json, &piece->text);
    jsonw_object_begin(json);
    jsonw_put_uint(json, "rows", piece->rows);
    jsonw_put_cstring(json, "sha256", hash);
    jsonw_object_end(json);
    buf_add_byte(&piece->text, '\n');
}

static bool collect(struct piece *piece, const struct storage *storage, int64_t now)
{
    if (!unit_begin(piece->journal, piece->err))
        return false;
    bool ok = next_number(piece);
    if (ok)
        put_head(piece, storage, now);
    ok = ok && put_tables(piece) && take_marks(piece);
    return unit_end(piece->journal, ok, piece->err);
}

static bool put_away(struct piece *piece, struct storage *storage, int64_t now)
{
    char day[CLOCK_TEXT_SIZE], key[160];
    size_t room = ZSTD_compressBound(piece->text.n);
    char *packed = malloc(room);
    if (!packed)
        return ERR(piece->err, ERR_MEMORY, "no memory to seal the journal");
    snprintf(key, sizeof key, SEAL_PREFIX "date=%.10s/%s-%010lld" SEAL_SUFFIX, clock_format(now, day),
        piece->journal_id, (long long)piece->number);
    size_t n = ZSTD_compress(packed, room, piece->text.p, piece->text.n, 3);
    bool ok = !ZSTD_isError(n) || ERR(piece->err, ERR_BUG, "zstd: %s", ZSTD_getErrorName(n));
    ok = ok && storage->driver->write(storage, str_of(key), (struct str){packed, n}, piece->err) &&
         fault_pass("journal-sealed", NULL, piece->err);
    free(packed);
    return ok;
}

static bool complete(struct piece *piece)
{
    struct query query;
    if (!unit_begin(piece->journal, piece->err))
        return false;
    query_open(&query, piece->journal, "DELETE FROM unsealed WHERE piece = ?1", piece->err);
    query_int(&query, piece->number);
    bool ok = query_run(&query);
    if (ok) {
        query_open(&query, piece->journal, "UPDATE sealing SET complete = ?1 WHERE complete < ?1", piece->err);
        query_int(&query, piece->number);
        ok = query_run(&query);
    }
    return unit_end(piece->journal, ok, piece->err);
}

static bool is_due(struct journal *journal, bool *due, struct err *err)
{
    struct query query;
    int64_t one;
    query_open(&query, journal, "SELECT 1 FROM unsealed LIMIT 1", err);
    return query_run_int(&query, &one, due);
}

bool journal_seal(struct journal *journal, struct storage *storage, struct err *err)
{
    bool due = false, ok = is_due(journal, &due, err);
    ok = ok && (!due || storage->lake_id[0] || storage->driver->probe(storage, err));
    while (ok && due) {
        int64_t now = clock_now();
        struct piece piece = {.journal = journal, .err = err};
        buf_init(&piece.text, MOST_BYTES);
        buf_init(&piece.last_key, MOST_SQL);
        ok = collect(&piece, storage, now);
        if (ok)
            put_foot(&piece);
        ok = ok && buf_ok(&piece.text, "a piece of the journal", err) && put_away(&piece, storage, now) &&
             complete(&piece);
        bool cut = piece.text.n >= PIECE_BYTES;
        buf_dispose(&piece.text);
        buf_dispose(&piece.last_key);
        ok = ok && (!cut || is_due(journal, &due, err));
        due = due && cut;
    }
    return ok;
}

void journal_seal_quietly(struct journal *journal, struct storage *storage)
{
    struct err err;
    if (!journal_seal(journal, storage, &err))
        log_err(LOG_WARN, "journal-not-sealed", &err);
}
