#include "worker/journal/internal.h"

#include "shared/json.h"

#include <stdio.h>

enum { LINE_MAX_BYTES = 1024 * 1024 };

static const char first_prev[SHA256_TEXT_SIZE] = "0000000000000000000000000000000000000000000000000000000000000000";

static void hash_line(const char *prev, struct str line, char out[SHA256_TEXT_SIZE], struct buf *scratch)
{
    buf_reset(scratch);
    buf_add_cstr(scratch, prev);
    buf_add_str(scratch, line);
    sha256_of(buf_str(scratch), out);
}

static bool read_head(struct journal *journal, int64_t *last_id, char hash[SHA256_TEXT_SIZE], struct err *err)
{
    struct query query;
    query_open(&query, journal, "SELECT audit_id, hash FROM audit ORDER BY audit_id DESC LIMIT 1", err);
    *last_id = 0;
    memcpy(hash, first_prev, SHA256_TEXT_SIZE);
    if (query_step(&query) == STEP_ROW) {
        *last_id = query_column_int(&query, 0);
        snprintf(hash, SHA256_TEXT_SIZE, "%.*s", STR_ARG(query_column(&query, 1)));
    }
    return query_run(&query);
}

/* Line ends inside JSON stand between tokens only; without them the line is one, and can be sealed as one. */
static void write_detail(struct json *json, struct str detail)
{
    jsonw_key(json, "detail");
    if (!detail.n) {
        jsonw_null(json);
        return;
    }
    size_t from = json->out->n;
    jsonw_raw(json, detail);
    for (size_t i = from; !json->out->failed && i < json->out->n; i++)
        if (json->out->p[i] == '\n' || json->out->p[i] == '\r')
            json->out->p[i] = ' ';
}

static void write_line(struct buf *line, int64_t id, const struct audit_entry *entry)
{
    struct json json;
    jsonw_init(&json, line);
    jsonw_object_begin(&json);
    jsonw_put_int(&json, "id", id);
    jsonw_put_int(&json, "at", entry->at);
    jsonw_put_string(&json, "actor", entry->actor);
    jsonw_put_string(&json, "role", entry->role);
    if (entry->from.n)
        jsonw_put_string(&json, "from", entry->from);
    jsonw_put_string(&json, "action", entry->action);
    jsonw_put_string(&json, "subject", entry->subject);
    if (entry->client.n)
        jsonw_put_string(&json, "client", entry->client);
    write_detail(&json, entry->detail);
    jsonw_object_end(&json);
}

/* One call does one thing once, whoever of two that were sent comes first. */
static bool remember_call(struct journal *journal, const struct audit_entry *entry, int64_t audit_id, struct err *err)
{
    struct query query;
    int changed = 0;
    if (!entry->client.n)
        return true;
    query_open(&query, journal,
        "INSERT OR IGNORE INTO client_call (client_id, action, actor, call, subject, audit_id) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        err);
    query_str(&query, entry->client);
    query_str(&query, entry->action);
    query_str(&query, entry->actor);
    query_str(&query, entry->call);
    query_str(&query, entry->subject);
    query_int(&query, audit_id);
    return query_run_changed(&query, &changed) &&
           (changed || ERR(err, ERR_EXISTS, "the call " STR_FMT " was done already", STR_ARG(entry->client)));
}

static bool append(struct journal *journal, const struct audit_entry *entry, struct buf *line, struct buf *scratch,
    int64_t *audit_id, struct err *err)
{
    char prev[SHA256_TEXT_SIZE], hash[SHA256_TEXT_SIZE];
    struct query query;
    if (!read_head(journal, audit_id, prev, err))
        return false;
    write_line(line, ++*audit_id, entry);
    hash_line(prev, buf_str(line), hash, scratch);
    if (!buf_ok(line, "an audit line", err) || !buf_ok(scratch, "an audit line", err))
        return false;
    query_open(&query, journal,
        "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, json_extract(?2, '$.at'), json_extract(?2, '$.actor'), "
        "json_extract(?2, '$.action'), json_extract(?2, '$.subject'))",
        err);
    query_int(&query, *audit_id);
    query_str(&query, buf_str(line));
    query_cstr(&query, prev);
    query_cstr(&query, hash);
    return query_run(&query) && remember_call(journal, entry, *audit_id, err);
}

bool audit_append(struct journal *journal, const struct audit_entry *entry, int64_t *audit_id, struct err *err)
{
    struct buf line, scratch;
    buf_init(&line, LINE_MAX_BYTES);
    buf_init(&scratch, LINE_MAX_BYTES + SHA256_TEXT_SIZE);
    bool ok = append(journal, entry, &line, &scratch, audit_id, err);
    buf_dispose(&line);
    buf_dispose(&scratch);
    return ok;
}

bool journal_audit(struct journal *journal, const struct audit_entry *entry, int64_t *audit_id, struct err *err)
{
    return unit_begin(journal, err) && unit_end(journal, audit_append(journal, entry, audit_id, err), err);
}

static bool check_row(struct query *query, int64_t id, const char *prev, char hash[SHA256_TEXT_SIZE],
    struct buf *scratch, struct err *err)
{
    struct str line = query_column(query, 1);
    if (query_column_int(query, 0) != id)
        return ERR(err, ERR_CORRUPT, "audit line %lld is missing", (long long)id);
    if (query_column_int(query, 4) != id)
        return ERR(err, ERR_CORRUPT, "audit line %lld says it is another", (long long)id);
    if (!str_eq(query_column(query, 2), str_of(prev)))
        return ERR(err, ERR_CORRUPT, "audit line %lld does not follow the one before it", (long long)id);
    hash_line(prev, line, hash, scratch);
    if (!buf_ok(scratch, "an audit line", err))
        return false;
    if (!str_eq(query_column(query, 3), str_of(hash)) || !query_column_int(query, 5))
        return ERR(err, ERR_CORRUPT, "audit line %lld is not what was written", (long long)id);
    return true;
}

bool journal_audit_verify(struct journal *journal, uint64_t *lines, char head[SHA256_TEXT_SIZE], struct err *err)
{
    struct query query;
    struct buf scratch;
    char hash[SHA256_TEXT_SIZE];
    bool ok = true;
    buf_init(&scratch, 0x7FFFFFFF);
    query_open(&query, journal,
        "SELECT audit_id, line, prev_hash, hash, iif(json_valid(line), json_extract(line, '$.id'), 0), "
        "iif(json_valid(line), (at, actor, action, subject) IS (json_extract(line, '$.at'), "
        "json_extract(line, '$.actor'), json_extract(line, '$.action'), json_extract(line, '$.subject')), 0) "
        "FROM audit ORDER BY audit_id",
        err);
    *lines = 0;
    memcpy(head, first_prev, SHA256_TEXT_SIZE);
    while (ok && query_step(&query) == STEP_ROW) {
        ok = check_row(&query, (int64_t)*lines + 1, head, hash, &scratch, err);
        if (ok) {
            memcpy(head, hash, SHA256_TEXT_SIZE);
            ++*lines;
        }
    }
    query_close(&query);
    buf_dispose(&scratch);
    return ok && query.ok;
}
