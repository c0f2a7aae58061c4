/* Does a dataset add up? Every row that was delivered, once, at its last state. What gold read is what its metrics say,
 * what lies in processed/ and among the rejects is the journal's. */
#include "shared/rpc.h"
#include "worker/agent/method.h"

#include <sqlite3.h>
#include <stdlib.h>

enum { MAX_METRICS = 256 * 1024 * 1024, STATE_COUNT = 7 };

/* What a file counts as, which while it waits for a request is what it was. */
#define COUNTS_AS                                                                                          \
    "coalesce((SELECT q.from_state FROM redrive_file q WHERE q.redrive_id = f.redrive_id AND q.file_id = " \
    "f.file_id), f.state) "

/* The runs that count: of each file the last that read it whole, and those that read rows of it again later. */
#define LIVE                                                                                                      \
    "WITH row_run AS (SELECT x.outcome_run_id AS run_id FROM redrive_file x JOIN redrive d USING (redrive_id) "   \
    "                  WHERE d.scope = 'rows' AND x.outcome_run_id IS NOT NULL), "                                \
    "whole AS (SELECT f.file_id, " COUNTS_AS "AS state, max(r.run_id) AS run_id FROM file f JOIN run r USING "    \
    "           (file_id) "                                                                                       \
    "           WHERE f.dataset = ?1 AND r.run_id NOT IN (SELECT run_id FROM row_run) AND r.outcome = CASE "      \
    "           " COUNTS_AS                                                                                       \
    "                 WHEN 'SUCCEEDED' THEN 'loaded' WHEN 'WITHDRAWN' THEN 'loaded' WHEN 'QUARANTINED' THEN "     \
    "                 'quarantined' WHEN 'DISCARDED' THEN 'quarantined' END GROUP BY f.file_id), "                \
    "live AS (SELECT run_id, state, 1 AS is_whole FROM whole UNION ALL SELECT r.run_id, w.state, 0 FROM whole w " \
    "          JOIN run r USING (file_id) JOIN row_run x ON x.run_id = r.run_id "                                 \
    "         WHERE r.run_id > w.run_id AND r.outcome = 'loaded' AND w.state = 'SUCCEEDED') "

struct balance {
    struct call *call;
    int64_t delivered, filtered, duplicates, discarded, withdrawn, open; /* open: of files in quarantine too */
    int64_t states[STATE_COUNT];
    int64_t processed, gold, gold_duplicates, deleted, superseded, pending;
    bool balanced;
    json_t *items;
};

static sqlite3_stmt *prepare(struct balance *balance, const char *sql, struct err *err)
{
    sqlite3 *db = journal_handle(balance->call->agent->journal);
    sqlite3_stmt *statement;
    const char *dataset = json_string_value(json_object_get(balance->call->params, "dataset"));
    const char *partition = json_string_value(json_object_get(balance->call->params, "partition"));
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
        return NULL;
    }
    sqlite3_bind_text(statement, 1, dataset, -1, SQLITE_TRANSIENT);
    if (partition && sqlite3_bind_parameter_count(statement) > 1)
        sqlite3_bind_text(statement, 2, partition, -1, SQLITE_TRANSIENT);
    return statement;
}

static bool each_row(struct balance *balance, const char *sql,
    bool (*each)(struct balance *balance, sqlite3_stmt *row, struct err *err), struct err *err)
{
    sqlite3_stmt *statement = prepare(balance, sql, err);
    int step = SQLITE_DONE;
    bool ok = statement != NULL;
    while (ok && (step = sqlite3_step(statement)) == SQLITE_ROW)
        ok = each(balance, statement, err);
    if (ok && step != SQLITE_DONE)
        ok = ERR(err, ERR_UNAVAILABLE, "the journal cannot be read");
    sqlite3_finalize(statement);
    return ok;
}

/* ---- what was delivered, and rejected ---- */

static bool add_run(struct balance *balance, sqlite3_stmt *row, struct err *err)
{
    const char *state = (const char *)sqlite3_column_text(row, 0);
    int64_t whole = sqlite3_column_int64(row, 1), read = sqlite3_column_int64(row, 2);
    (void)err;
    balance->delivered += whole ? read : 0;
    if (strcmp(state, "SUCCEEDED") == 0)
        balance->filtered += sqlite3_column_int64(row, 3);
    else
        *(strcmp(state, "WITHDRAWN") == 0     ? &balance->withdrawn
            : strcmp(state, "DISCARDED") == 0 ? &balance->discarded
                                              : &balance->open) += read;
    return true;
}

/* A repeated key within its file is a duplicate for as long as nobody did anything about it. What the warehouse alone
 * refused stands in the lake, and is counted there. */
static bool add_block(struct balance *balance, sqlite3_stmt *row, struct err *err)
{
    const char *entries = sqlite3_column_blob(row, 0);
    const unsigned char *states = sqlite3_column_blob(row, 1);
    const char *keys = (const char *)sqlite3_column_text(row, 3), *refused = (const char *)sqlite3_column_text(row, 4);
    char name[16];
    (void)err;
    for (int i = 0; i < sqlite3_column_int(row, 2); i++) {
        uint32_t cause;
        memcpy(&cause, entries + (size_t)i * REJECT_ENTRY_BYTES + 16, sizeof cause);
        snprintf(name, sizeof name, ",%u,", cause);
        if (refused && strstr(refused, name))
            continue;
        if (states[i] == 0 && keys && strstr(keys, name))
            balance->duplicates++;
        else if (states[i] < STATE_COUNT)
            balance->states[states[i]]++;
    }
    return true;
}

static bool add_deliveries(struct balance *balance, struct err *err)
{
    return each_row(balance,
               LIVE
               "SELECT l.state, l.is_whole, coalesce((SELECT rows_in + rows_expanded FROM stage_count s WHERE "
               "s.run_id = l.run_id AND s.stage = 'parse'), 0), (SELECT coalesce(sum(rows_filtered), 0) FROM "
               "stage_count s WHERE s.run_id = l.run_id AND s.stage NOT IN ('raw', 'bronze', 'silver')) FROM live l",
               add_run, err) &&
           each_row(balance,
               LIVE
               "SELECT b.entries, b.row_states, b.row_count, (SELECT ',' || group_concat(cause_id, ',') || ',' "
               "FROM cause WHERE dataset = ?1 AND code = 'primary-key'), (SELECT ',' || group_concat(cause_id, ',') || "
               "',' FROM cause WHERE dataset = ?1 AND stage = 'silver') FROM live l JOIN reject_block b USING "
               "(run_id) WHERE l.state = 'SUCCEEDED'",
               add_block, err);
}

/* ---- gold ---- */

struct partition {
    int64_t processed, gold, kept, duplicates, deleted, superseded, read_present, read_gone;
};

/* Rows of a file that gold read: do they still lie in processed/? */
static bool is_present(struct balance *balance, const char *key, bool *present, struct err *err)
{
    sqlite3 *db = journal_handle(balance->call->agent->journal);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, "SELECT 1 FROM output WHERE key = ?1 AND removed_at IS NULL", -1, &statement, NULL) !=
        SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT);
    *present = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return true;
}

static int64_t count_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool add_file(struct balance *balance, struct partition *p, const json_t *file, struct err *err)
{
    const char *key = json_string_value(json_object_get(file, "key"));
    bool present = false;
    if (!is_present(balance, key ? key : "", &present, err))
        return false;
    *(present ? &p->read_present : &p->read_gone) += count_of(file, "rows");
    p->kept += count_of(file, "kept");
    p->duplicates += count_of(file, "duplicates");
    p->deleted += count_of(file, "deleted");
    p->superseded += count_of(file, "superseded");
    return true;
}

static bool read_metrics(struct balance *balance, struct str key, struct partition *p, struct err *err)
{
    struct storage *storage = balance->call->agent->storage;
    struct buf text;
    buf_init(&text, MAX_METRICS);
    bool ok = storage->driver->read(storage, key, &text, err);
    json_t *metrics = ok ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    ok = ok && (metrics || ERR(err, ERR_CORRUPT, STR_FMT " is not what was written there", STR_ARG(key)));
    const json_t *files = json_object_get(metrics, "files");
    for (size_t i = 0; ok && i < json_array_size(files); i++)
        ok = add_file(balance, p, json_array_get(files, i), err);
    json_decref(metrics);
    buf_dispose(&text);
    return ok;
}

/* Files that gold has not read yet, less those it still holds though they are gone. */
static bool add_partition(struct balance *balance, sqlite3_stmt *row, struct err *err)
{
    struct partition p = {.processed = sqlite3_column_int64(row, 1), .gold = sqlite3_column_int64(row, 2)};
    const char *metrics = (const char *)sqlite3_column_text(row, 3);
    if (metrics && !read_metrics(balance, str_of(metrics), &p, err))
        return false;
    int64_t pending = p.processed - p.read_present - p.read_gone;
    int64_t difference = p.processed - p.gold - p.duplicates - p.deleted - p.superseded - pending;
    json_array_append_new(balance->items,
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "partition", sqlite3_column_text(row, 0), "processed",
            (json_int_t)p.processed, "gold", (json_int_t)p.gold, "gold_duplicates", (json_int_t)p.duplicates, "deleted",
            (json_int_t)p.deleted, "superseded", (json_int_t)p.superseded, "pending", (json_int_t)pending, "difference",
            (json_int_t)difference));
    balance->balanced &= difference == 0;
    balance->processed += p.processed;
    balance->gold += p.gold;
    balance->gold_duplicates += p.duplicates;
    balance->deleted += p.deleted;
    balance->superseded += p.superseded;
    balance->pending += pending;
    return true;
}

static bool add_gold(struct balance *balance, struct err *err)
{
    return each_row(balance,
        "SELECT p.partition, (SELECT coalesce(sum(rows), 0) FROM output o WHERE o.dataset = ?1 AND o.partition = "
        "p.partition AND o.kind = 'processed' AND o.removed_at IS NULL), coalesce(g.rows, 0), (SELECT o.key FROM "
        "run_output ro JOIN output o USING (output_id) WHERE ro.run_id = g.run_id AND o.kind = 'gold-metrics') "
        "FROM (SELECT DISTINCT partition FROM output WHERE dataset = ?1 AND kind = 'processed' UNION SELECT partition "
        "FROM gold_partition WHERE dataset = ?1) p LEFT JOIN gold_partition g ON g.dataset = ?1 AND g.partition = "
        "p.partition WHERE ?2 IS NULL OR p.partition = ?2 ORDER BY 1",
        add_partition, err);
}

/* ---- the whole ---- */

static json_t *total(struct balance *b)
{
    enum { OPEN, REQUESTED, RECOVERED, REJECTED_AGAIN, DISCARDED, RETURNED };
    int64_t open = b->open + b->states[OPEN], discarded = b->discarded + b->states[DISCARDED];
    int64_t requested = b->states[REQUESTED], returned = b->states[RETURNED];
    int64_t difference = b->delivered - b->gold - b->pending - b->duplicates - b->gold_duplicates - b->filtered -
                         b->deleted - b->superseded - open - requested - returned - discarded - b->withdrawn;
    b->balanced &= difference == 0;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "delivered",
        (json_int_t)b->delivered, "gold", (json_int_t)b->gold, "pending", (json_int_t)b->pending, "duplicates",
        (json_int_t)b->duplicates, "gold_duplicates", (json_int_t)b->gold_duplicates, "filtered",
        (json_int_t)b->filtered, "deleted", (json_int_t)b->deleted, "superseded", (json_int_t)b->superseded, "open",
        (json_int_t)open, "requested", (json_int_t)requested, "returned", (json_int_t)returned, "discarded",
        (json_int_t)discarded, "withdrawn", (json_int_t)b->withdrawn, "difference", (json_int_t)difference);
}

static bool is_known(struct balance *balance, sqlite3_stmt *row, struct err *err)
{
    if (sqlite3_column_int64(row, 0))
        return true;
    (void)balance;
    ERR(err, ERR_NOT_FOUND, "there is no dataset of this name, or no such partition");
    return err_hint(err, "'sluice overview' lists the datasets, 'sluice balance DATASET' its partitions.");
}

bool answer_balance(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct balance balance = {.call = call, .balanced = true};
    const char *dataset = json_string_value(json_object_get(call->params, "dataset"));
    bool one = json_is_string(json_object_get(call->params, "partition"));
    *code = RPC_INVALID_PARAMS;
    if (!dataset)
        return ERR(err, ERR_USAGE, "which dataset? 'overview' lists them");
    *code = RPC_UNAVAILABLE;
    balance.items = json_array();
    bool ok = each_row(&balance,
                  "SELECT iif(?2 IS NULL, EXISTS (SELECT 1 FROM file WHERE dataset = ?1), EXISTS (SELECT 1 FROM "
                  "output WHERE dataset = ?1 AND partition = ?2))",
                  is_known, err) &&
              add_gold(&balance, err) && (one || add_deliveries(&balance, err));
    json_t *answer = json_pack("{s:s, s:O}", "dataset", dataset, "items", balance.items);
    if (ok && !one)
        json_object_set_new(answer, "total", total(&balance));
    json_object_set_new(answer, "balanced", json_boolean(balance.balanced));
    char *text = ok ? json_dumps(answer, JSON_COMPACT) : NULL;
    if (text)
        buf_add_cstr(result, text);
    else if (!ok && err->kind == ERR_NOT_FOUND)
        *code = RPC_NOT_FOUND;
    free(text);
    json_decref(answer);
    json_decref(balance.items);
    return ok;
}
