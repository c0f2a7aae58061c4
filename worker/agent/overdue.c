#include "worker/agent/overdue.h"

#include "shared/clock.h"
#include "shared/json.h"
#include "worker/config/due.h"

#include <sqlite3.h>

static bool expects_files(const struct contracts *contracts)
{
    for (size_t i = 0; i < contracts->count; i++)
        if (contracts->list[i]->expect_every_us || contracts->list[i]->expect_by.n)
            return true;
    return false;
}

static void add(struct json *json, const struct contracts *contracts, sqlite3_stmt *row, int64_t now, struct call *call)
{
    struct str dataset = {(const char *)sqlite3_column_text(row, 0), (size_t)sqlite3_column_bytes(row, 0)};
    const struct contract *contract = contracts_find(contracts, dataset);
    int64_t due = contract ? contract_due(contract, sqlite3_column_int64(row, 1), call->arena) : INT64_MAX;
    char text[CLOCK_TEXT_SIZE];
    if (due >= now)
        return;
    jsonw_key_str(json, dataset);
    jsonw_cstring(json, clock_format(due, text));
}

static bool read_arrivals(
    struct call *call, const struct contracts *contracts, int64_t now, struct json *json, struct err *err)
{
    sqlite3 *db = journal_handle(call->agent->journal);
    sqlite3_stmt *statement;
    int step;
    if (sqlite3_prepare_v2(db,
            "SELECT dataset, max(arrived_at) FROM file WHERE dataset IS NOT NULL GROUP BY dataset ORDER BY dataset", -1,
            &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    while ((step = sqlite3_step(statement)) == SQLITE_ROW)
        add(json, contracts, statement, now, call);
    if (step != SQLITE_DONE)
        ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
}

bool overdue_datasets(struct call *call, int64_t now, struct buf *out, struct err *err)
{
    struct contracts contracts = {0};
    struct findings findings = {.arena = call->arena};
    struct err unread; /* the overview is shown without contracts too */
    struct json json;
    bool ok = true;
    jsonw_init(&json, out);
    jsonw_object_begin(&json);
    if (call->agent->datasets && contracts_load(call->agent->datasets, &contracts, &findings, &unread) &&
        expects_files(&contracts))
        ok = read_arrivals(call, &contracts, now, &json, err);
    jsonw_object_end(&json);
    contracts_free(&contracts);
    return ok;
}
