/* A journal made anew from its pieces in the lake. */
#include "shared/base64.h"
#include "worker/journal/internal.h"
#include "worker/journal/seal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { MOST_PACKED = 64 * 1024 * 1024, MOST_TEXT = 256 * 1024 * 1024, MOST_SQL = 64 * 1024, NUMBER_AT = ULID_SIZE };

struct piece_key {
    struct str key;
    char journal_id[ULID_SIZE];
    int64_t number, modified;
};

struct rebuild {
    struct journal *journal;
    struct storage *storage;
    struct arena *arena;
    struct err *err;
    void (*tell)(void *context, const char *problem);
    void *context;
    struct rebuild_report *report;
    struct piece_key *pieces;
    size_t count, capacity;
    bool failed;
    /* of the table whose rows are read */
    char table[64];
    sqlite3_stmt *insert;
    size_t columns;
};

static void problem(struct rebuild *rebuild, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct rebuild *rebuild, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rebuild->report->problems++;
    rebuild->tell(rebuild->context, text);
}

/* ---- which pieces ---- */

/* "<journal>-<number>.jsonl.zst" */
static bool read_name(struct str name, struct piece_key *piece)
{
    if (name.n <= NUMBER_AT || name.p[NUMBER_AT - 1] != '-' || !ulid_valid((struct str){name.p, ULID_SIZE - 1}))
        return false;
    memcpy(piece->journal_id, name.p, ULID_SIZE - 1);
    size_t i = NUMBER_AT;
    for (; i < name.n && name.p[i] >= '0' && name.p[i] <= '9' && i < NUMBER_AT + 18; i++)
        piece->number = piece->number * 10 + (name.p[i] - '0');
    return i > NUMBER_AT && str_eq((struct str){name.p + i, name.n - i}, STR(SEAL_SUFFIX));
}

static bool add_piece(void *context, const struct storage_object *object)
{
    struct rebuild *rebuild = context;
    struct piece_key piece = {.key = arena_str(rebuild->arena, object->key), .modified = object->modified};
    void *list = rebuild->pieces;
    if (!read_name(storage_base_name(object->key), &piece)) {
        problem(rebuild, STR_FMT " is no piece of a journal", STR_ARG(object->key));
        return true;
    }
    bool ok = piece.key.p && arena_reserve(rebuild->arena, &list, rebuild->count, &rebuild->capacity, sizeof piece);
    rebuild->failed = !ok;
    if (!ok)
        return ERR(rebuild->err, ERR_MEMORY, "no memory for the pieces of a journal");
    rebuild->pieces = list;
    rebuild->pieces[rebuild->count++] = piece;
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct piece_key *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Of one journal: the one named, or the one that was sealed last. */
static bool choose(struct rebuild *rebuild, struct str from)
{
    const struct piece_key *last = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < rebuild->count; i++) {
        const struct piece_key *piece = &rebuild->pieces[i];
        bool fits = !from.n || str_eq(from, str_of(piece->journal_id));
        if (fits && (!last || piece->modified > last->modified))
            last = piece;
    }
    if (!last && from.n)
        return ERR(
            rebuild->err, ERR_NOT_FOUND, "no piece of a journal " STR_FMT " lies in " SEAL_PREFIX, STR_ARG(from));
    if (!last) {
        ERR(rebuild->err, ERR_NOT_FOUND,
            "no piece of a journal lies in " SEAL_PREFIX ": there is nothing to make it of");
        return err_hint(
            rebuild->err, "A worker seals its journal there as it works, from version 8 of the journal on.");
    }
    memcpy(rebuild->report->journal_id, last->journal_id, ULID_SIZE);
    for (size_t i = 0; i < rebuild->count; i++)
        if (strcmp(rebuild->pieces[i].journal_id, rebuild->report->journal_id) == 0)
            rebuild->pieces[kept++] = rebuild->pieces[i];
    rebuild->count = kept;
    qsort(rebuild->pieces, kept, sizeof *rebuild->pieces, by_number);
    return true;
}

/* ---- what is in one ---- */

static bool unpack(struct rebuild *rebuild, const struct piece_key *piece, struct buf *text, struct err *why)
{
    struct buf packed;
    buf_init(&packed, MOST_PACKED);
    bool ok = rebuild->storage->driver->read(rebuild->storage, piece->key, &packed, why);
    unsigned long long size = ok ? ZSTD_getFrameContentSize(packed.p, packed.n) : 0;
    if (ok && (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > MOST_TEXT))
        ok = ERR(why, ERR_CORRUPT, "it is not what was sealed");
    ok = ok && (buf_reserve(text, size) || ERR(why, ERR_MEMORY, "no memory for a piece of the journal"));
    if (ok) {
        size_t n = ZSTD_decompress(text->p, size, packed.p, packed.n);
        text->n = ZSTD_isError(n) ? 0 : n;
        ok = n == size || ERR(why, ERR_CORRUPT, "it is not what was sealed");
    }
    buf_dispose(&packed);
    return ok;
}

/* Cuts the last line off, which tells the hash of all before it. */
static bool check_foot(struct str *text, struct err *why)
{
    size_t end = text->n ? text->n - 1 : 0, at = end;
    char hash[SHA256_TEXT_SIZE];
    while (at > 0 && text->p[at - 1] != '\n')
        at--;
    json_t *foot = json_loadb(text->p + at, end - at, 0, NULL);
    const char *expected = json_string_value(json_object_get(foot, "sha256"));
    text->n = at;
    sha256_of(*text, hash);
    bool ok = (expected && strcmp(expected, hash) == 0) || ERR(why, ERR_CORRUPT, "its bytes have changed");
    json_decref(foot);
    return ok;
}

static bool sql_failed(struct rebuild *rebuild, struct err *why)
{
    return db_error(rebuild->journal->db, rebuild->journal->path, "journal", why);
}

static bool is_name(const json_t *value)
{
    const char *name = json_string_value(value);
    return name && *name && strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(name);
}

static bool begin_table(struct rebuild *rebuild, const json_t *head, struct err *why)
{
    const json_t *table = json_object_get(head, "table"), *columns = json_object_get(head, "columns"), *column;
    struct buf sql;
    size_t i;
    bool ok = is_name(table) && json_array_size(columns);
    buf_init(&sql, MOST_SQL);
    buf_printf(&sql, "INSERT OR REPLACE INTO \"%s\" (", ok ? json_string_value(table) : "");
    json_array_foreach(columns, i, column)
    {
        ok = ok && is_name(column);
        buf_printf(&sql, "%s\"%s\"", i ? ", " : "", ok ? json_string_value(column) : "");
    }
    buf_add_cstr(&sql, ") VALUES (");
    for (i = 0; i < json_array_size(columns); i++)
        buf_add_cstr(&sql, i ? ", ?" : "?");
    buf_add_cstr(&sql, ")");
    sqlite3_finalize(rebuild->insert);
    rebuild->insert = NULL;
    rebuild->columns = json_array_size(columns);
    snprintf(rebuild->table, sizeof rebuild->table, "%s", ok ? json_string_value(table) : "");
    ok = ok ? sqlite3_prepare_v2(rebuild->journal->db, sql.p, -1, &rebuild->insert, NULL) == SQLITE_OK ||
                  sql_failed(rebuild, why)
            : ERR(why, ERR_CORRUPT, "it names no table");
    buf_dispose(&sql);
    return ok;
}

static int bind_bytes(sqlite3_stmt *statement, int index, const json_t *value)
{
    const json_t *text = json_object_get(value, "text"), *coded = text ? text : json_object_get(value, "blob");
    struct buf bytes;
    int code = SQLITE_MISMATCH;
    buf_init(&bytes, MOST_TEXT);
    if (json_is_string(coded) &&
        base64_decode(&bytes, (struct str){json_string_value(coded), json_string_length(coded)}))
        code =
            text ? sqlite3_bind_text64(statement, index, bytes.n ? bytes.p : "", bytes.n, SQLITE_TRANSIENT, SQLITE_UTF8)
                 : sqlite3_bind_blob64(statement, index, bytes.n ? bytes.p : "", bytes.n, SQLITE_TRANSIENT);
    buf_dispose(&bytes);
    return code;
}

static int bind_value(sqlite3_stmt *statement, int index, const json_t *value)
{
    if (json_is_null(value))
        return sqlite3_bind_null(statement, index);
    if (json_is_integer(value))
        return sqlite3_bind_int64(statement, index, json_integer_value(value));
    if (json_is_real(value))
        return sqlite3_bind_double(statement, index, json_real_value(value));
    if (json_is_string(value))
        return sqlite3_bind_text64(
            statement, index, json_string_value(value), json_string_length(value), SQLITE_TRANSIENT, SQLITE_UTF8);
    return bind_bytes(statement, index, value);
}

/* Binds values, steps, resets. */
static bool run_with(struct rebuild *rebuild, sqlite3_stmt *statement, const json_t *values, struct err *why)
{
    const json_t *value;
    size_t i;
    bool ok = true;
    json_array_foreach(values, i, value) ok = ok && bind_value(statement, (int)i + 1, value) == SQLITE_OK;
    ok = ok ? sqlite3_step(statement) == SQLITE_DONE || sql_failed(rebuild, why)
            : ERR(why, ERR_CORRUPT, "it has a value that is none");
    sqlite3_reset(statement);
    return ok;
}

static bool take_row(struct rebuild *rebuild, const json_t *row, struct err *why)
{
    if (!rebuild->insert || json_array_size(row) != rebuild->columns)
        return ERR(why, ERR_CORRUPT, "it has a row of another shape than its table");
    return run_with(rebuild, rebuild->insert, row, why);
}

static bool take_gone(struct rebuild *rebuild, const json_t *key, struct err *why)
{
    sqlite3_stmt *statement = NULL;
    struct query query;
    query_open(&query, rebuild->journal,
        "SELECT 'DELETE FROM ' || ?1 || ' WHERE ' || (SELECT group_concat(name || ' = ?' || pk, ' AND ') "
        "FROM pragma_table_info(?1) WHERE pk)",
        why);
    query_cstr(&query, rebuild->table);
    bool ok = query_step(&query) == STEP_ROW &&
              (sqlite3_prepare_v2(rebuild->journal->db, query_column(&query, 0).p, -1, &statement, NULL) == SQLITE_OK ||
                  sql_failed(rebuild, why));
    query_close(&query);
    ok = ok && run_with(rebuild, statement, key, why);
    sqlite3_finalize(statement);
    return ok;
}

static bool take_line(struct rebuild *rebuild, struct str line, struct err *why)
{
    json_t *value = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);
    const json_t *gone = json_object_get(value, "gone");
    bool ok = json_is_array(value) ? take_row(rebuild, value, why)
              : gone               ? take_gone(rebuild, gone, why)
              : value              ? begin_table(rebuild, value, why)
                                   : ERR(why, ERR_CORRUPT, "it has a line that is no JSON");
    json_decref(value);
    return ok;
}

static struct str next_line(struct str *text)
{
    size_t n = str_find_byte(*text, '\n');
    struct str line = {text->p, n};
    n += n < text->n;
    *text = (struct str){text->p + n, text->n - n};
    return line;
}

/* The piece is of this lake, and the one before it was read. */
static bool check_head(
    struct rebuild *rebuild, const struct piece_key *piece, struct str line, int64_t read_before, struct err *why)
{
    json_t *head = json_loadb(line.p, line.n, 0, NULL);
    const char *lake = json_string_value(json_object_get(head, "lake"));
    json_int_t after = json_integer_value(json_object_get(head, "after"));
    bool ok = (head && json_integer_value(json_object_get(head, "piece")) == piece->number) ||
              ERR(why, ERR_CORRUPT, "it is another piece than its name says");
    ok = ok &&
         ((lake && strcmp(lake, rebuild->storage->lake_id) == 0) || ERR(why, ERR_CORRUPT, "it is of another lake"));
    json_decref(head);
    if (ok && after > read_before)
        problem(rebuild, "piece %lld of the journal is not there: what only it told is lost", (long long)after);
    return ok;
}

static bool take_piece(struct rebuild *rebuild, const struct piece_key *piece, int64_t read_before, struct err *why)
{
    struct buf text;
    buf_init(&text, MOST_TEXT);
    bool ok = unpack(rebuild, piece, &text, why);
    struct str rest = buf_str(&text);
    ok = ok && check_foot(&rest, why) && check_head(rebuild, piece, next_line(&rest), read_before, why) &&
         unit_begin(rebuild->journal, why);
    if (ok) {
        while (ok && rest.n)
            ok = take_line(rebuild, next_line(&rest), why);
        sqlite3_finalize(rebuild->insert);
        rebuild->insert = NULL;
        ok = unit_end(rebuild->journal, ok, why);
    }
    buf_dispose(&text);
    return ok;
}

static bool take_pieces(struct rebuild *rebuild)
{
    struct err why;
    int64_t read = 0;
    for (size_t i = 0; i < rebuild->count; i++) {
        const struct piece_key *piece = &rebuild->pieces[i];
        if (take_piece(rebuild, piece, read, &why))
            rebuild->report->pieces++;
        else if (why.kind == ERR_MEMORY || why.kind == ERR_UNAVAILABLE || why.kind == ERR_BUG) {
            *rebuild->err = why;
            return false;
        } else
            problem(rebuild, STR_FMT ": %s", STR_ARG(piece->key), why.message);
        read = piece->number;
    }
    return true;
}

/* ---- all of them ---- */

static bool count_rows(struct rebuild *rebuild)
{
    struct query query;
    bool ok = true;
    query_open(&query, rebuild->journal,
        "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2", rebuild->err);
    while (query_step(&query) == STEP_ROW)
        problem(rebuild, "%lld of the rows of " STR_FMT " name a " STR_FMT " that no piece tells of",
            (long long)query_column_int(&query, 2), STR_ARG(query_column(&query, 0)), STR_ARG(query_column(&query, 1)));
    ok = query_run(&query);
    sqlite3_stmt *tables = NULL;
    if (ok && sqlite3_prepare_v2(rebuild->journal->db,
                  "SELECT 'SELECT count(*) FROM ' || name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE "
                  "'sqlite_%' AND name NOT IN ('unsealed', 'sealing')",
                  -1, &tables, NULL) != SQLITE_OK)
        return sql_failed(rebuild, rebuild->err);
    while (ok && sqlite3_step(tables) == SQLITE_ROW) {
        sqlite3_stmt *count = NULL;
        ok = sqlite3_prepare_v2(rebuild->journal->db, (const char *)sqlite3_column_text(tables, 0), -1, &count, NULL) ==
                 SQLITE_OK ||
             sql_failed(rebuild, rebuild->err);
        if (ok && sqlite3_step(count) == SQLITE_ROW)
            rebuild->report->rows += (uint64_t)sqlite3_column_int64(count, 0);
        sqlite3_finalize(count);
    }
    sqlite3_finalize(tables);
    return ok;
}

static bool verify(struct rebuild *rebuild)
{
    char head[SHA256_TEXT_SIZE];
    struct err why;
    if (journal_audit_verify(rebuild->journal, &rebuild->report->lines, head, &why))
        return true;
    problem(rebuild, "the audit: %s", why.message);
    return true;
}

/* The lake has all that is in it; the next piece follows the last one. */
static bool go_on_sealing(struct rebuild *rebuild)
{
    struct query query;
    query_open(&query, rebuild->journal, "INSERT INTO sealing VALUES (1, ?1, ?2, ?2)", rebuild->err);
    query_cstr(&query, rebuild->report->journal_id);
    query_int(&query, rebuild->pieces[rebuild->count - 1].number);
    return query_run(&query) && db_run(rebuild->journal, "DELETE FROM unsealed", rebuild->err);
}

/* The audit only appends; its lines come as they were. */
static bool load(struct rebuild *rebuild)
{
    struct buf audit;
    struct query query;
    buf_init(&audit, MOST_SQL);
    query_open(&query, rebuild->journal,
        "SELECT sql || ';', 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger' AND name LIKE "
        "'audit%'",
        rebuild->err);
    struct buf drops;
    buf_init(&drops, MOST_SQL);
    while (query_step(&query) == STEP_ROW) {
        buf_add_str(&audit, query_column(&query, 0));
        buf_add_str(&drops, query_column(&query, 1));
    }
    bool ok = query_run(&query) && buf_ok(&audit, "the triggers of the audit", rebuild->err) &&
              buf_ok(&drops, "the triggers of the audit", rebuild->err) &&
              db_run(rebuild->journal, drops.p, rebuild->err) && seal_triggers_drop(rebuild->journal, rebuild->err) &&
              db_run(rebuild->journal, "DELETE FROM meta", rebuild->err) && take_pieces(rebuild) &&
              db_run(rebuild->journal, audit.p, rebuild->err) && seal_triggers(rebuild->journal, rebuild->err) &&
              go_on_sealing(rebuild);
    buf_dispose(&audit);
    buf_dispose(&drops);
    return ok;
}

bool journal_rebuild(struct journal *journal, struct storage *storage, struct str from,
    void (*tell)(void *context, const char *problem), void *context, struct rebuild_report *report, struct err *err)
{
    struct rebuild rebuild = {.journal = journal,
        .storage = storage,
        .arena = arena_new(0),
        .err = err,
        .tell = tell,
        .context = context,
        .report = report};
    *report = (struct rebuild_report){0};
    bool ok = rebuild.arena || ERR(err, ERR_MEMORY, "no memory for the pieces of a journal");
    ok = ok && storage->driver->list(storage, STR(SEAL_PREFIX), add_piece, &rebuild, err) && !rebuild.failed &&
         choose(&rebuild, from) && db_run(journal, "PRAGMA foreign_keys = OFF", err) && journal_begin(journal, err);
    if (ok) {
        ok = load(&rebuild);
        if (ok)
            ok = journal_commit(journal, err);
        else
            journal_rollback(journal);
        ok = ok && count_rows(&rebuild) && verify(&rebuild) && db_run(journal, "PRAGMA foreign_keys = ON", err);
    }
    arena_free(rebuild.arena);
    return ok;
}
