/* One primary key from delivery to gold: every processed file of the dataset, every reject file and every gold object
 * is read, the key's columns alone, a slice at a time. */
#include "shared/rpc.h"
#include "worker/agent/cells.h"
#include "worker/config/contract.h"
#include "worker/format/parquet/parquet_reader.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_KEY = 16, MAX_VALUE = 1024 * 1024, MOST_STEPS = 10000, BEHIND_KEY = 2 /* _run_id, _row_number */ };

struct trace {
    struct call *call;
    struct contracts contracts;
    const struct contract *contract;
    struct str values[MOST_KEY]; /* of the primary key, in its order */
    uint32_t count;
    json_t *steps; /* to be sorted by at */
    json_t *gold;  /* the rows in gold: {run, row, partition, at} */
    struct buf text;
};

#define TIME(column) \
    "strftime('%Y-%m-%dT%H:%M:%S', " column " / 1000000, 'unixepoch') || printf('.%06dZ', " column " % 1000000)"

/* ---- the key ---- */

static struct str name_of(const struct trace *trace, uint32_t i)
{
    return trace->contract->fields[trace->contract->primary_key[i]].name;
}

/* Where "name=" stands in key: at its start or behind a comma. NULL: nowhere. */
static const char *find_name(struct str key, struct str name)
{
    for (size_t at = 0; at + name.n < key.n; at++)
        if ((at == 0 || key.p[at - 1] == ',') && memcmp(key.p + at, name.p, name.n) == 0 && key.p[at + name.n] == '=')
            return key.p + at;
    return NULL;
}

/* "17" for a key of one column; "shop=3,receipt=17". A value ends where the next column's name stands. */
static bool read_key(struct trace *trace, struct str key, struct err *err)
{
    trace->count = trace->contract->primary_key_count;
    if (!trace->count || trace->count > MOST_KEY)
        return ERR(
            err, ERR_USAGE, "dataset " STR_FMT " has no primary key to follow", STR_ARG(trace->contract->dataset));
    for (uint32_t i = 0; i < trace->count; i++) {
        const char *at = find_name(key, name_of(trace, i)), *end = key.p + key.n;
        if (!at && trace->count == 1) {
            trace->values[0] = key;
            return true;
        }
        if (!at) {
            ERR(err, ERR_USAGE, "the key needs " STR_FMT "=VALUE", STR_ARG(name_of(trace, i)));
            return err_hint(err, "A key of several columns is written COLUMN=VALUE,COLUMN=VALUE.");
        }
        for (uint32_t other = 0; other < trace->count; other++) {
            const char *next = find_name(key, name_of(trace, other));
            if (next && next > at && next - 1 < end)
                end = next - 1;
        }
        at += name_of(trace, i).n + 1;
        trace->values[i] = (struct str){at, (size_t)(end - at)};
    }
    return true;
}

/* ---- steps ---- */

static bool add_step(struct trace *trace, json_t *step, struct err *err)
{
    if (step && json_array_size(trace->steps) < MOST_STEPS)
        return json_array_append_new(trace->steps, step) == 0 || ERR(err, ERR_MEMORY, "no memory for an answer");
    json_decref(step);
    return ERR(err, ERR_MEMORY, "the key has more steps than can be told");
}

static bool each_row(struct trace *trace, const char *sql,
    bool (*each)(struct trace *trace, sqlite3_stmt *row, struct err *err), struct err *err)
{
    sqlite3 *db = journal_handle(trace->call->agent->journal);
    sqlite3_stmt *statement;
    bool ok = true;
    int step = SQLITE_DONE;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, trace->contract->dataset.p, (int)trace->contract->dataset.n, SQLITE_TRANSIENT);
    while (ok && (step = sqlite3_step(statement)) == SQLITE_ROW)
        ok = each(trace, statement, err);
    if (ok && step != SQLITE_DONE)
        ok = ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return ok;
}

static const char *column(sqlite3_stmt *row, int i)
{
    return (const char *)sqlite3_column_text(row, i);
}

/* ---- Parquet ---- */

static uint32_t find_column(const struct parquet_footer *footer, struct str name)
{
    for (uint32_t i = 0; i < footer->column_count; i++)
        if (str_eq(footer->columns[i].name, name))
            return i;
    return UINT32_MAX;
}

/* The columns of the key that an object's rows hold; the others are in its path. */
struct key_columns {
    uint32_t count, columns[MOST_KEY + BEHIND_KEY], of_key[MOST_KEY];
};

static bool is_key(
    struct trace *trace, const struct key_columns *key, const struct vector *const *vectors, uint32_t row)
{
    for (uint32_t i = 0; i < key->count; i++) {
        if (vectors[i]->state[row] != VALUE_PRESENT)
            return false;
        buf_reset(&trace->text);
        value_print(&trace->text, vectors[i]->type, vector_at(vectors[i], row));
        if (!str_eq(buf_str(&trace->text), trace->values[key->of_key[i]]))
            return false;
    }
    return true;
}

/* false: none of its rows has the key; one from before a column was there has not. */
static bool find_key(
    struct trace *trace, struct str object, const struct parquet_footer *footer, struct key_columns *key)
{
    *key = (struct key_columns){0};
    for (uint32_t i = 0; i < trace->count; i++) {
        uint32_t column = find_column(footer, name_of(trace, i));
        if (column != UINT32_MAX) {
            key->of_key[key->count] = i;
            key->columns[key->count++] = column;
            continue;
        }
        buf_reset(&trace->text);
        if (!storage_hive_value(&trace->text, object, name_of(trace, i)) ||
            !str_eq(buf_str(&trace->text), trace->values[i]))
            return false;
    }
    key->columns[key->count] = find_column(footer, STR("_run_id"));
    key->columns[key->count + 1] = find_column(footer, STR("_row_number"));
    return key->columns[key->count] != UINT32_MAX && key->columns[key->count + 1] != UINT32_MAX;
}

typedef bool found_row(struct trace *trace, sqlite3_stmt *object, struct str run, int64_t row, struct err *err);

static bool scan_reader(
    struct trace *trace, sqlite3_stmt *object, struct parquet_reader *reader, found_row *found, struct err *err)
{
    const struct vector *vectors[MOST_KEY + BEHIND_KEY];
    struct key_columns key;
    uint32_t n;
    if (!find_key(trace, str_of(column(object, 0)), parquet_reader_footer(reader), &key))
        return true;
    if (!parquet_reader_select(reader, key.columns, key.count + BEHIND_KEY, err))
        return false;
    for (;;) {
        if (!parquet_reader_next(reader, vectors, &n, err))
            return false;
        if (!n)
            return true;
        for (uint32_t i = 0; i < n; i++)
            if (is_key(trace, &key, vectors, i) &&
                !found(trace, object, vectors[key.count]->str[i], vectors[key.count + 1]->i64[i], err))
                return false;
    }
}

static bool scan_object(struct trace *trace, sqlite3_stmt *object, found_row *found, struct err *err)
{
    struct storage *storage = trace->call->agent->storage;
    const char *key = column(object, 0);
    int fd;
    if (!storage->driver->open_fd(storage, str_of(key), &fd, err))
        return false;
    struct parquet_reader *reader = parquet_reader_open(fd, key, err);
    bool ok = reader && scan_reader(trace, object, reader, found, err);
    parquet_reader_close(reader);
    close(fd);
    return ok;
}

/* Its run was a re-drive: who let it run, and when. */
static bool add_redriven(struct trace *trace, sqlite3_stmt *object, int first, int64_t row, struct err *err)
{
    if (!column(object, first))
        return true;
    return add_step(trace,
        json_pack("{s:s, s:s, s:s, s:s?, s:s, s:I}", "step", "redriven", "at", column(object, first + 1), "request",
            column(object, first), "by", column(object, first + 2), "run", column(object, first + 3), "row",
            (json_int_t)row),
        err);
}

/* A rejected row that was read again was delivered but once, and the run that rejected it tells that. */
static bool add_delivered(struct trace *trace, sqlite3_stmt *object, int first, json_t *step, struct err *err)
{
    bool again = sqlite3_column_int(object, first + 4) != 0;
    if (!again)
        return add_step(trace, step, err);
    json_decref(step);
    return true;
}

static bool found_in_gold(struct trace *trace, sqlite3_stmt *object, struct str run, int64_t row, struct err *err)
{
    json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:I}", "step", "gold", "at", column(object, 1), "object",
        column(object, 0), "partition", column(object, 2), "run", run.p, run.n, "row", (json_int_t)row);
    json_array_append(trace->gold, step);
    return add_step(trace, step, err);
}

/* Did it win in its partition's gold, or lose, and to which row? */
static void judge(const struct trace *trace, json_t *step, const char *partition, int64_t since, int64_t compacted)
{
    const json_t *winner = NULL, *gold;
    size_t i;
    json_array_foreach(trace->gold, i, gold)
    {
        if (strcmp(json_string_value(json_object_get(gold, "partition")), partition) != 0)
            continue;
        winner = gold;
        if (json_equal(json_object_get(gold, "run"), json_object_get(step, "run")) &&
            json_equal(json_object_get(gold, "row"), json_object_get(step, "row"))) {
            json_object_set_new(step, "gold", json_string("won"));
            return;
        }
    }
    if (!compacted || since > compacted) {
        json_object_set_new(step, "gold", json_string("pending"));
        return;
    }
    json_object_set_new(step, "gold", json_string(winner ? "lost" : "deleted"));
    if (winner)
        json_object_set_new(step, "to",
            json_pack("{s:O, s:O}", "run", json_object_get(winner, "run"), "row", json_object_get(winner, "row")));
}

static bool found_processed(struct trace *trace, sqlite3_stmt *object, struct str run, int64_t row, struct err *err)
{
    json_t *delivered = json_pack("{s:s, s:s, s:s, s:s%, s:I}", "step", "delivered", "at", column(object, 3), "file",
        column(object, 4), "run", run.p, run.n, "row", (json_int_t)row);
    json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:I}", "step", "processed", "at", column(object, 1), "object",
        column(object, 0), "partition", column(object, 2), "run", run.p, run.n, "row", (json_int_t)row);
    judge(trace, step, column(object, 2), sqlite3_column_int64(object, 5), sqlite3_column_int64(object, 6));
    return add_delivered(trace, object, 7, delivered, err) && add_redriven(trace, object, 7, row, err) &&
           add_step(trace, step, err);
}

static bool scan_gold(struct trace *trace, sqlite3_stmt *row, struct err *err)
{
    return scan_object(trace, row, found_in_gold, err);
}

static bool scan_processed(struct trace *trace, sqlite3_stmt *row, struct err *err)
{
    return scan_object(trace, row, found_processed, err);
}

/* ---- rejects ---- */

struct rejects {
    struct grammar grammar;
    int positions[MOST_KEY]; /* of the key's columns among the cells */
};

static bool is_label(const struct field *field, const char *label)
{
    struct str text = str_of(label);
    for (size_t i = 0; i < field->alias_count; i++)
        if (str_eq_nocase_ascii(field->aliases[i], text))
            return true;
    return str_eq_nocase_ascii(field->name, text) || (field->label.n && str_eq_nocase_ascii(field->label, text));
}

/* By the file's header; without one, by the contract's order. */
static bool find_positions(const struct trace *trace, const json_t *header, struct rejects *rejects)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        uint32_t field = trace->contract->primary_key[i];
        const json_t *label;
        size_t at;
        int32_t bound = trace->contract->fields[field].position;
        rejects->positions[i] = bound > 0 ? bound - 1 : json_array_size(header) ? -1 : (int)field;
        json_array_foreach(header, at, label)
        {
            if (bound <= 0 && json_is_string(label) &&
                is_label(&trace->contract->fields[field], json_string_value(label)))
                rejects->positions[i] = (int)at;
        }
        if (rejects->positions[i] < 0)
            return false;
    }
    return true;
}

static bool is_rejected_key(const struct trace *trace, const struct rejects *rejects, const json_t *reject)
{
    struct arena *arena = arena_new(0);
    json_t *cells = arena ? cells_split(&rejects->grammar, cells_raw(reject, arena), arena) : NULL;
    bool same = cells != NULL;
    for (uint32_t i = 0; same && i < trace->count; i++) {
        const json_t *cell = json_array_get(cells, (size_t)rejects->positions[i]);
        struct str text = {json_string_value(cell), json_string_length(cell)};
        same = text.p && str_eq(str_trim(text), trace->values[i]);
    }
    json_decref(cells);
    arena_free(arena);
    return same;
}

/* The state of a rejected row as the method rows has it. */
static const char *state_of(struct trace *trace, const char *run_id, int64_t row)
{
    sqlite3_stmt *statement;
    const char *state = "open";
    if (sqlite3_prepare_v2(journal_handle(trace->call->agent->journal),
            "SELECT entries, row_states, row_count FROM reject_block WHERE run_id = ?1 AND ?2 BETWEEN first_row AND "
            "last_row",
            -1, &statement, NULL) != SQLITE_OK)
        return state;
    sqlite3_bind_text(statement, 1, run_id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, row);
    if (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_int(statement, 2); i++) {
            const unsigned char *at = sqlite3_column_blob(statement, 1);
            if (memcmp((const char *)sqlite3_column_blob(statement, 0) + (size_t)i * REJECT_ENTRY_BYTES, &row,
                    sizeof row) == 0)
                state = row_state_name(at[i]);
        }
    sqlite3_finalize(statement);
    return state;
}

static bool add_reject(struct trace *trace, sqlite3_stmt *object, const json_t *reject, struct err *err)
{
    const json_t *error = json_array_get(json_object_get(reject, "errors"), 0),
                 *row = json_object_get(reject, "row_number");
    const char *code = json_string_value(json_object_get(error, "code"));
    json_t *delivered = json_pack("{s:s, s:s, s:s, s:s, s:O}", "step", "delivered", "at", column(object, 3), "file",
        column(object, 4), "run", column(object, 5), "row", row);
    json_t *step = json_pack("{s:s, s:s, s:s, s:O, s:O*, s:O*, s:O*, s:O*, s:s}", "step",
        code && strcmp(code, "primary-key") == 0 ? "duplicate" : "rejected", "at", column(object, 1), "run",
        column(object, 5), "row", row, "line", json_object_get(reject, "line_number"), "code",
        json_object_get(error, "code"), "column", json_object_get(error, "column"), "message",
        json_object_get(error, "message"), "state", state_of(trace, column(object, 5), json_integer_value(row)));
    return add_delivered(trace, object, 6, delivered, err) &&
           add_redriven(trace, object, 6, json_integer_value(row), err) && add_step(trace, step, err);
}

static bool read_lines(
    struct trace *trace, sqlite3_stmt *object, FILE *lines, const struct rejects *rejects, struct err *err)
{
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    for (ssize_t n; ok && (n = getline(&line, &room, lines)) > 0;) {
        json_t *reject = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
        if (!reject)
            ok = ERR(err, ERR_CORRUPT, "%s holds what is not JSON", column(object, 0));
        else if (is_rejected_key(trace, rejects, reject))
            ok = add_reject(trace, object, reject, err);
        json_decref(reject);
    }
    free(line);
    return ok;
}

static bool scan_rejects(struct trace *trace, sqlite3_stmt *object, struct err *err)
{
    struct storage *storage = trace->call->agent->storage;
    struct call inner = {.agent = trace->call->agent, .arena = trace->call->arena};
    struct rejects rejects;
    struct err ignored;
    int fd;
    snprintf(inner.run_id, sizeof inner.run_id, "%s", column(object, 5));
    json_t *dialect = cells_dialect(&inner, err);
    if (!dialect)
        return false;
    cells_grammar(dialect, &rejects.grammar);
    json_t *header = cells_header(&inner, dialect, &rejects.grammar, &ignored);
    bool ok = true;
    if (find_positions(trace, header, &rejects)) {
        FILE *lines = NULL;
        ok = storage->driver->open_fd(storage, str_of(column(object, 0)), &fd, err) &&
             ((lines = fdopen(fd, "r")) || ERR_ERRNO(err, "cannot read a reject file")) &&
             read_lines(trace, object, lines, &rejects, err);
        if (lines)
            fclose(lines);
    }
    json_decref(header);
    json_decref(dialect);
    return ok;
}

/* ---- the whole ---- */

struct place {
    json_t *step;
    size_t at; /* as found: a row's own steps come in their order */
};

static int by_time(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    int order = strcmp(
        json_string_value(json_object_get(one->step, "at")), json_string_value(json_object_get(other->step, "at")));
    return order ? order : (one->at > other->at) - (one->at < other->at);
}

static json_t *sorted(struct trace *trace)
{
    size_t count = json_array_size(trace->steps);
    struct place *steps = ARENA_ARRAY(trace->call->arena, struct place, count + 1);
    json_t *all = json_array();
    for (size_t i = 0; steps && i < count; i++)
        steps[i] = (struct place){json_array_get(trace->steps, i), i};
    if (steps)
        qsort(steps, count, sizeof *steps, by_time);
    for (size_t i = 0; steps && i < count; i++)
        json_array_append(all, steps[i].step);
    return all;
}

#define REDRIVEN \
    "d.redrive_id, " TIME("coalesce(d.decided_at, d.requested_at)") ", d.decided_by, r.run_id, d.scope = 'rows' "
#define FROM_REDRIVE \
    "LEFT JOIN redrive_file x ON x.outcome_run_id = r.run_id LEFT JOIN redrive d ON d.redrive_id = x.redrive_id "
#define FROM_OUTPUT "FROM output o JOIN run_output ro USING (output_id) JOIN run r ON r.run_id = ro.run_id "

static bool follow(struct trace *trace, struct err *err)
{
    return each_row(trace,
               "SELECT o.key, " TIME("r.finished_at") ", o.partition " FROM_OUTPUT
                                                      "WHERE o.dataset = ?1 AND o.kind = 'gold' AND o.removed_at IS "
                                                      "NULL AND r.finished_at IS NOT NULL",
               scan_gold, err) &&
           each_row(trace,
               "SELECT o.key, " TIME("r.finished_at") ", o.partition, " TIME(
                   "f.arrived_at") ", f.arrival_key, "
                                   "r.finished_at, (SELECT compacted_at FROM gold_partition g WHERE g.dataset = ?1 AND "
                                   "g.partition = "
                                   "o.partition), " REDRIVEN FROM_OUTPUT
                                   "JOIN file f ON f.file_id = r.file_id " FROM_REDRIVE
                                   "WHERE o.dataset = ?1 AND o.kind = "
                                   "'processed' AND o.removed_at IS NULL AND r.finished_at IS NOT NULL ORDER BY "
                                   "r.run_id",
               scan_processed, err) &&
           each_row(trace,
               "SELECT o.key, " TIME("r.finished_at") ", o.partition, " TIME(
                   "f.arrived_at") ", f.arrival_key, "
                                   "r.run_id, " REDRIVEN FROM_OUTPUT
                                   "JOIN file f ON f.file_id = r.file_id " FROM_REDRIVE
                                   "WHERE o.dataset = ?1 AND o.kind = "
                                   "'rejects-json' AND o.removed_at IS NULL AND r.finished_at IS NOT NULL ORDER BY "
                                   "r.run_id",
               scan_rejects, err);
}

static bool begin(struct trace *trace, struct findings *findings, int *code, struct err *err)
{
    const char *dataset = json_string_value(json_object_get(trace->call->params, "dataset"));
    const json_t *key = json_object_get(trace->call->params, "key");
    *code = RPC_INVALID_PARAMS;
    if (!dataset || !json_is_string(key) || !json_string_length(key))
        return ERR(err, ERR_USAGE, "which dataset, and which key?");
    if (!contracts_load(trace->call->agent->datasets, &trace->contracts, findings, err))
        return false;
    trace->contract = contracts_find(&trace->contracts, str_of(dataset));
    if (trace->contract)
        return read_key(trace, (struct str){json_string_value(key), json_string_length(key)}, err);
    *code = RPC_NOT_FOUND;
    return ERR(err, ERR_NOT_FOUND, "no contract is about a dataset '%.80s'", dataset);
}

bool answer_trace(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct trace trace = {.call = call, .steps = json_array(), .gold = json_array()};
    struct findings findings = {.arena = call->arena};
    buf_init(&trace.text, MAX_VALUE);
    bool ok = begin(&trace, &findings, code, err);
    if (ok) {
        *code = RPC_UNAVAILABLE;
        ok = follow(&trace, err);
    }
    json_t *answer = ok ? json_pack("{s:O, s:O, s:o}", "dataset", json_object_get(call->params, "dataset"), "key",
                              json_object_get(call->params, "key"), "steps", sorted(&trace))
                        : NULL;
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    if (text)
        buf_add_cstr(result, text);
    free(text);
    json_decref(answer);
    json_decref(trace.steps);
    json_decref(trace.gold);
    buf_dispose(&trace.text);
    contracts_free(&trace.contracts);
    return ok;
}
