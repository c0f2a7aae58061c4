/* Rows of the reject files by the journal's blocks: any page of a million costs the same. */
#include "worker/agent/rows.h"

#include "shared/json.h"
#include "shared/rpc.h"
#include "worker/agent/mask.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum { WINDOW = 32 * 1024, MAX_LINE = 64 * 1024 * 1024 };

struct page {
    struct call *call;
    struct row_reader *reader;
    int64_t left;
    int fd;       /* the reject JSONL */
    char *window; /* of the file, from its byte window_at on: rows of a page lie side by side */
    uint64_t window_at;
    size_t window_n;
    struct buf line;
    struct mask mask;
    struct arena *arena; /* of one row */
};

/* What the window has from offset on; it is moved there when that is nothing. */
static bool look(struct page *page, uint64_t offset, struct str *seen, struct err *err)
{
    if (offset < page->window_at || offset >= page->window_at + page->window_n) {
        ssize_t n;
        while ((n = pread(page->fd, page->window, WINDOW, (off_t)offset)) < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_ERRNO(err, "cannot read the reject file");
        page->window_at = offset;
        page->window_n = (size_t)n;
    }
    size_t skip = (size_t)(offset - page->window_at);
    *seen = (struct str){page->window + skip, page->window_n - skip};
    return true;
}

static bool read_line(struct page *page, uint64_t offset, struct err *err)
{
    struct str seen;
    buf_reset(&page->line);
    do {
        if (!look(page, offset + page->line.n, &seen, err))
            return false;
        size_t n = str_find_byte(seen, '\n');
        buf_add(&page->line, seen.p, n);
        if (n < seen.n)
            return buf_ok(&page->line, "a rejected row", err);
    } while (seen.n && buf_ok(&page->line, "a rejected row", err));
    return seen.n ? false : ERR(err, ERR_CORRUPT, "the reject file ends in the middle of a row");
}

/* Parsed. What is passed on must be the row that was written: one JSON object on its line. Sensitive values are masked.
 */
static json_t *check_line(struct page *page, uint64_t row, struct err *err)
{
    json_t *reject = json_loadb(page->line.p, page->line.n, JSON_ALLOW_NUL, NULL);
    const json_t *number = json_object_get(reject, "row_number");
    if (!json_is_integer(number) || (uint64_t)json_integer_value(number) != row) {
        json_decref(reject);
        ERR(err, ERR_CORRUPT, "the reject file of run %s was changed: row %llu is not where it was written",
            page->call->run_id, (unsigned long long)row);
        err_hint(err, "'sluiced fsck' names what else differs.");
        return NULL;
    }
    if (mask_wanted(&page->mask)) {
        mask_row(&page->mask, reject, page->arena);
        char *text = json_dumps(reject, JSON_COMPACT);
        buf_reset(&page->line);
        buf_add_cstr(&page->line, text ? text : "{}");
        free(text);
    }
    return reject;
}

static bool take_row(struct page *page, struct reject_row *row, uint64_t offset, struct err *err)
{
    struct row_reader *reader = page->reader;
    arena_reset(page->arena);
    if (!read_line(page, offset, err) || !(row->reject = check_line(page, row->number, err)))
        return false;
    row->line = buf_str(&page->line);
    row->arena = page->arena;
    bool ok = reader->take(reader->context, row, err);
    json_decref(row->reject);
    reader->last = (int64_t)row->number;
    page->left--;
    return ok;
}

/* An entry is u64 row, u64 offset, u32 cause, u32 errors (schema/journal.sql). */
static bool add_entry(struct page *page, const unsigned char *entry, unsigned char state, struct err *err)
{
    uint64_t row, offset;
    uint32_t cause;
    memcpy(&row, entry, sizeof row);
    memcpy(&offset, entry + 8, sizeof offset);
    memcpy(&cause, entry + 16, sizeof cause);
    if ((int64_t)row <= page->reader->after || !wanted_has(&page->reader->wanted, cause))
        return true;
    page->reader->more = !page->left;
    struct reject_row taken = {.number = row, .cause = cause, .state = row_state_name(state)};
    return page->reader->more || take_row(page, &taken, offset, err);
}

static bool add_blocks(struct page *page, struct err *err)
{
    sqlite3 *db = journal_handle(page->call->agent->journal);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db,
            "SELECT entries, row_states, row_count FROM reject_block WHERE run_id = ?1 AND last_row > ?2 ORDER BY "
            "block",
            -1, &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, page->call->run_id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, page->reader->after);
    bool ok = true;
    int step = SQLITE_DONE;
    while (ok && !page->reader->more && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const unsigned char *entries = sqlite3_column_blob(statement, 0), *state = sqlite3_column_blob(statement, 1);
        int count = sqlite3_column_int(statement, 2);
        for (int i = 0; ok && !page->reader->more && i < count; i++)
            ok = add_entry(page, entries + (size_t)i * REJECT_ENTRY_BYTES, state[i], err);
    }
    if (ok && step != SQLITE_DONE && step != SQLITE_ROW)
        ok = ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return ok;
}

bool call_output(struct call *call, const char *kind, struct str *key, struct err *err)
{
    return journal_run_output_key(call->agent->journal, call->run_id, kind, key, call->arena, err);
}

bool rows_read(struct call *call, struct row_reader *reader, struct err *err)
{
    struct storage *storage = call->agent->storage;
    struct page page = {.call = call,
        .reader = reader,
        .left = reader->limit,
        .fd = -1,
        .window = arena_alloc(call->arena, WINDOW),
        .arena = arena_new(0)};
    struct str key;
    buf_init(&page.line, MAX_LINE);
    bool ok = (page.window && page.arena) || ERR(err, ERR_MEMORY, "no memory for rejected rows");
    ok = ok && call_output(call, "rejects-json", &key, err) && mask_init(&page.mask, call, err) &&
         (!key.n || (storage->driver->open_fd(storage, key, &page.fd, err) && add_blocks(&page, err)));
    buf_dispose(&page.line);
    mask_dispose(&page.mask);
    arena_free(page.arena);
    if (page.fd >= 0)
        close(page.fd);
    return ok;
}

static bool put_row(void *context, const struct reject_row *row, struct err *err)
{
    struct json *json = context;
    (void)err;
    jsonw_object_begin(json);
    jsonw_put_uint(json, "row_number", row->number);
    jsonw_put_uint(json, "cause", row->cause);
    jsonw_put_cstring(json, "state", row->state);
    jsonw_key(json, "reject");
    jsonw_raw(json, row->line);
    jsonw_object_end(json);
    return true;
}

bool answer_rows(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct json json;
    struct row_reader reader = {.after = call_integer(call, "after", 0, 0, INT64_MAX),
        .limit = call_integer(call, "limit", RPC_PAGE, 1, RPC_MAX_PAGE),
        .take = put_row,
        .context = &json};
    if (!wanted_of(call, &reader.wanted, code, err))
        return false;
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "run_id", call->run_id);
    jsonw_key(&json, "items");
    jsonw_array_begin(&json);
    bool ok = rows_read(call, &reader, err);
    jsonw_array_end(&json);
    if (reader.more)
        jsonw_put_int(&json, "next", reader.last);
    jsonw_object_end(&json);
    return ok;
}

/* The file is laid out for people; the wire wants one line. */
static bool in_one_line(struct str text, struct str key, struct buf *result, struct err *err)
{
    json_error_t fault;
    json_t *reason = json_loadb(text.p, text.n, JSON_ALLOW_NUL, &fault);
    char *line = reason ? json_dumps(reason, JSON_COMPACT) : NULL;
    if (line)
        buf_add_cstr(result, line);
    else
        ERR(err, ERR_CORRUPT, STR_FMT " is not what was written there: %s", STR_ARG(key), fault.text);
    json_decref(reason);
    free(line);
    return line != NULL;
}

bool answer_reason(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct str key;
    struct storage *storage = call->agent->storage;
    struct buf text;
    *code = RPC_UNAVAILABLE;
    if (!call_output(call, "reason", &key, err))
        return false;
    *code = RPC_NOT_FOUND;
    if (!key.n) {
        ERR(err, ERR_NOT_FOUND, "run %s has no reason.json: its file was not quarantined", call->run_id);
        return err_hint(err, "'sluice rows RUN' shows the rows it rejected.");
    }
    buf_init(&text, MAX_LINE);
    *code = RPC_UNAVAILABLE;
    bool ok = storage->driver->read(storage, key, &text, err) && in_one_line(buf_str(&text), key, result, err);
    buf_dispose(&text);
    return ok;
}
