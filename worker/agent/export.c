/* The return pack: the rejected rows of a run that nobody has dealt with, as their producer sent them, and the reasons
 * beside them. */
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/rpc.h"
#include "shared/utf8.h"
#include "worker/agent/acting.h"
#include "worker/agent/mask.h"
#include "worker/format/csv/transcode.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PAGE_BYTES = 2 * 1024 * 1024,
    MAX_PAGE = 40 * 1024 * 1024,
    HEAD_BYTES = 512,
    WINDOW_BYTES = 256 * 1024,
    END_COUNT = 3,
    MAX_END = 8,
};

struct entry {
    uint64_t row, offset; /* offset: of its line in the reject JSONL */
    uint32_t cause;
    bool is_open;
};

struct pack {
    struct call *call;
    int jsonl, csv, reasons;
    struct str csv_key;
    int64_t cause;
    struct buf ends[END_COUNT]; /* CR LF, LF, CR in the file's encoding */
    struct buf window;          /* of the reasons, from window_at on */
    uint64_t window_at;
    uint64_t row, csv_at, reasons_at; /* where this page goes on: behind row */
    struct buf rows, why;             /* what it holds */
    uint64_t count;
    bool more;
};

static bool read_at(int fd, uint64_t at, char *p, size_t want, size_t *n, struct err *err)
{
    for (*n = 0; *n < want;) {
        ssize_t got = pread(fd, p + *n, want - *n, (off_t)(at + *n));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_ERRNO(err, "cannot read a reject file");
        if (!got)
            break;
        *n += (size_t)got;
    }
    return true;
}

static bool changed(const struct pack *pack, uint64_t row, struct err *err)
{
    ERR(err, ERR_CORRUPT, "the reject files of run %s were changed: row %" PRIu64 " is not where it was written",
        pack->call->run_id, row);
    return err_hint(err, "'sluiced fsck' names what else differs.");
}

/* How long a rejected record is, which stands at the beginning of its JSON line. */
static bool record_length(struct pack *pack, const struct entry *entry, uint64_t *length, struct err *err)
{
    char head[HEAD_BYTES + 1], number[40];
    size_t n;
    if (!read_at(pack->jsonl, entry->offset, head, HEAD_BYTES, &n, err))
        return false;
    head[n] = '\0';
    snprintf(number, sizeof number, "\"row_number\":%" PRIu64 ",", entry->row);
    const char *at = strstr(head, "\"byte_length\":");
    if (!strstr(head, number) || !at)
        return changed(pack, entry->row, err);
    *length = strtoull(at + strlen("\"byte_length\":"), NULL, 10);
    return true;
}

/* ---- blocks ---- */

static bool each_block(struct pack *pack, const char *sql, bool backwards,
    bool (*each)(struct pack *pack, const struct entry *entry, struct err *err), struct err *err)
{
    sqlite3 *db = journal_handle(pack->call->agent->journal);
    sqlite3_stmt *statement;
    bool ok = true;
    int step = SQLITE_DONE;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(statement, 1, pack->call->run_id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, (int64_t)pack->row);
    while (ok && !pack->more && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *entries = sqlite3_column_blob(statement, 0), *states = sqlite3_column_blob(statement, 1);
        int count = sqlite3_column_int(statement, 2);
        for (int i = 0; ok && !pack->more && i < count; i++) {
            int at = backwards ? count - 1 - i : i;
            struct entry entry = {.is_open = states[at] == 0};
            memcpy(&entry.row, entries + (size_t)at * REJECT_ENTRY_BYTES, sizeof entry.row);
            memcpy(&entry.offset, entries + (size_t)at * REJECT_ENTRY_BYTES + 8, sizeof entry.offset);
            memcpy(&entry.cause, entries + (size_t)at * REJECT_ENTRY_BYTES + 16, sizeof entry.cause);
            ok = each(pack, &entry, err);
        }
    }
    if (ok && step != SQLITE_DONE && step != SQLITE_ROW)
        ok = ERR(err, ERR_UNAVAILABLE, "the journal cannot be read: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return ok;
}

/* ---- the rows ---- */

static bool step_back(struct pack *pack, const struct entry *entry, struct err *err)
{
    char tail[MAX_END];
    uint64_t length;
    size_t n, want = pack->csv_at < MAX_END ? (size_t)pack->csv_at : MAX_END;
    if (!record_length(pack, entry, &length, err) || !read_at(pack->csv, pack->csv_at - want, tail, want, &n, err))
        return false;
    for (int i = 0; i < END_COUNT; i++)
        if (str_ends((struct str){tail, n}, buf_str(&pack->ends[i]))) {
            length += pack->ends[i].n;
            break;
        }
    if (length > pack->csv_at)
        return changed(pack, entry->row, err);
    pack->csv_at -= length;
    return true;
}

/* What lies before the first row is the header: as long as what the rows leave of the file. */
static bool find_first(struct pack *pack, struct err *err)
{
    off_t size = lseek(pack->csv, 0, SEEK_END);
    if (size < 0)
        return ERR_ERRNO(err, "cannot read a reject file");
    pack->csv_at = (uint64_t)size;
    return each_block(pack,
        "SELECT entries, row_states, row_count FROM reject_block WHERE run_id = ?1 AND last_row > ?2 ORDER BY block "
        "DESC",
        true, step_back, err);
}

static bool copy(struct pack *pack, int fd, uint64_t at, uint64_t length, struct buf *out, struct err *err)
{
    size_t n;
    if (length > MAX_PAGE || !buf_reserve(out, (size_t)length))
        return ERR(err, ERR_MEMORY, "a rejected row of run %s is too long to be sent", pack->call->run_id);
    if (!read_at(fd, at, out->p + out->n, (size_t)length, &n, err))
        return false;
    out->n += n;
    return n == length || ERR(err, ERR_CORRUPT, "a reject file of run %s was cut off", pack->call->run_id);
}

static bool take_row(struct pack *pack, const struct entry *entry, bool wanted, struct err *err)
{
    char after[MAX_END];
    uint64_t length;
    size_t n;
    if (!record_length(pack, entry, &length, err) ||
        !read_at(pack->csv, pack->csv_at + length, after, MAX_END, &n, err))
        return false;
    for (int i = 0; i < END_COUNT; i++)
        if (str_starts((struct str){after, n}, buf_str(&pack->ends[i]))) {
            length += pack->ends[i].n;
            break;
        }
    bool ok = !wanted || copy(pack, pack->csv, pack->csv_at, length, &pack->rows, err);
    pack->csv_at += length;
    return ok;
}

/* ---- the reasons ---- */

/* The length of the record at p with its line end; 0: it does not end here. */
static size_t record_end(const char *p, size_t n)
{
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        quoted ^= p[i] == '"';
        if (p[i] == '\n' && !quoted)
            return i + 1;
    }
    return 0;
}

/* The record at reasons_at; empty: the end. */
static bool peek_reason(struct pack *pack, struct str *record, struct err *err)
{
    for (size_t want = WINDOW_BYTES;; want *= 2) {
        uint64_t skip = pack->reasons_at - pack->window_at;
        const char *p = skip < pack->window.n ? pack->window.p + skip : "";
        size_t have = skip < pack->window.n ? pack->window.n - (size_t)skip : 0, n, length = record_end(p, have);
        *record = (struct str){p, length};
        if (length)
            return true;
        buf_reset(&pack->window);
        pack->window_at = pack->reasons_at;
        if (!buf_reserve(&pack->window, want))
            return ERR(err, ERR_MEMORY, "no memory for the reasons of run %s", pack->call->run_id);
        if (!read_at(pack->reasons, pack->reasons_at, pack->window.p, want, &n, err))
            return false;
        pack->window.n = n;
        if (n <= have) /* no more to come */
            return n == 0 || ERR(err, ERR_CORRUPT, "the reasons of run %s were cut off", pack->call->run_id);
    }
}

static bool take_reasons(struct pack *pack, const struct entry *entry, bool wanted, struct err *err)
{
    struct str record;
    while (peek_reason(pack, &record, err)) {
        uint64_t row = record.n ? strtoull(record.p, NULL, 10) : UINT64_MAX;
        if (row > entry->row)
            return true;
        if (row == entry->row && wanted)
            buf_add_str(&pack->why, record);
        pack->reasons_at += record.n;
    }
    return false;
}

static bool take(struct pack *pack, const struct entry *entry, struct err *err)
{
    bool wanted = entry->is_open && (!pack->cause || entry->cause == pack->cause);
    if (entry->row <= pack->row)
        return true;
    if (pack->rows.n + pack->why.n >= PAGE_BYTES) {
        pack->more = true;
        return true;
    }
    pack->row = entry->row;
    pack->count += wanted;
    return take_row(pack, entry, wanted, err) && take_reasons(pack, entry, wanted, err);
}

/* ---- the page ---- */

static bool begin_page(struct pack *pack, struct err *err)
{
    const char *after = json_string_value(json_object_get(pack->call->params, "after"));
    struct str heading;
    if (after)
        return sscanf(after, "%" SCNu64 ":%" SCNu64 ":%" SCNu64, &pack->row, &pack->csv_at, &pack->reasons_at) == 3 ||
               ERR(err, ERR_USAGE, "'%.80s' is not what an export goes on after", after);
    if (!find_first(pack, err) || !copy(pack, pack->csv, 0, pack->csv_at, &pack->rows, err) ||
        !peek_reason(pack, &heading, err))
        return false;
    buf_add_str(&pack->why, heading);
    pack->reasons_at = heading.n;
    return true;
}

/* "a.csv.gz" of run R: "a.R.csv". */
static void put_names(struct json *json, struct str file, const char *run_id)
{
    struct str stem = file;
    if (str_ends(stem, STR(".gz")))
        stem.n -= 3;
    else if (str_ends(stem, STR(".zst")))
        stem.n -= 4;
    const char *dot = memrchr(stem.p, '.', stem.n);
    struct str extension = dot && dot > stem.p ? (struct str){dot, stem.n - (size_t)(dot - stem.p)} : STR("");
    char name[512];
    stem.n -= extension.n;
    snprintf(name, sizeof name, STR_FMT ".%s" STR_FMT, STR_ARG(stem), run_id, STR_ARG(extension));
    jsonw_put_cstring(json, "name", name);
    snprintf(name, sizeof name, STR_FMT ".%s.reasons.csv", STR_ARG(stem), run_id);
    jsonw_put_cstring(json, "reasons_name", name);
}

static void put_bytes(struct json *json, const char *text_name, const char *coded_name, struct str bytes)
{
    bool is_text = utf8_valid(bytes) && !memchr(bytes.n ? bytes.p : "x", '\0', bytes.n ? bytes.n : 1);
    if (is_text)
        jsonw_put_string(json, text_name, bytes);
    else {
        jsonw_key(json, coded_name);
        jsonw_base64(json, bytes);
    }
}

static void put_page(struct pack *pack, struct str file, struct buf *result)
{
    struct json json;
    char next[80];
    jsonw_init(&json, result);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "run_id", pack->call->run_id);
    put_names(&json, storage_base_name(file), pack->call->run_id);
    jsonw_put_uint(&json, "rows", pack->count);
    put_bytes(&json, "text", "base64", buf_str(&pack->rows));
    put_bytes(&json, "reasons", "reasons_base64", buf_str(&pack->why));
    snprintf(next, sizeof next, "%" PRIu64 ":%" PRIu64 ":%" PRIu64, pack->row, pack->csv_at, pack->reasons_at);
    if (pack->more)
        jsonw_put_cstring(&json, "next", next);
    jsonw_object_end(&json);
}

/* ---- files ---- */

static bool open_one(struct pack *pack, const char *kind, int *fd, struct err *err)
{
    struct storage *storage = pack->call->agent->storage;
    struct str key;
    if (!call_output(pack->call, kind, &key, err))
        return false;
    if (key.n)
        return storage->driver->open_fd(storage, key, fd, err);
    ERR(err, ERR_NOT_FOUND, "run %s rejected no rows", pack->call->run_id);
    return err_hint(err, "'sluice rejects' lists the runs that did; 'sluice reason RUN' tells of a whole file.");
}

static bool learn_ends(struct pack *pack, const json_t *recorded, struct err *err)
{
    static const struct str plain[END_COUNT] = {{"\r\n", 2}, {"\n", 1}, {"\r", 1}};
    struct dialect dialect;
    const char *name = json_string_value(json_object_get(recorded, "encoding"));
    dialect_init(&dialect);
    dialect.encoding = encoding_of(str_of(name ? name : "utf-8"), pack->call->arena, &dialect.encoding_name);
    for (int i = 0; i < END_COUNT; i++)
        dialect_encode(&dialect, plain[i], &pack->ends[i]);
    return buf_ok(&pack->ends[0], "a line end", err);
}

/* The bytes hold what the screen hides: only who may see it gets them, and it is known. */
static bool may_reveal(struct call *call, bool sensitive, int *code, struct err *err)
{
    struct acting acting;
    struct audit_entry entry = {.at = clock_now(),
        .actor = call->agent->who.name,
        .role = call->agent->who.role,
        .from = call->agent->who.from,
        .action = STR("revealed"),
        .subject = str_of(call->run_id),
        .detail = STR("{\"by\":\"export\"}")};
    int64_t audit_id;
    if (!sensitive)
        return true;
    if (!acting_may(call, "operator", code, err))
        return false;
    if (json_is_string(json_object_get(call->params, "after")))
        return true;
    bool ok = acting_write(&acting, call, err) && journal_audit(acting.journal, &entry, &audit_id, err);
    acting_end(&acting);
    return ok;
}

static struct str file_of(struct call *call)
{
    sqlite3_stmt *statement;
    struct str key = STR("rejected.csv");
    if (sqlite3_prepare_v2(journal_handle(call->agent->journal),
            "SELECT f.arrival_key FROM run r JOIN file f USING (file_id) WHERE r.run_id = ?1", -1, &statement,
            NULL) != SQLITE_OK)
        return key;
    sqlite3_bind_text(statement, 1, call->run_id, -1, SQLITE_TRANSIENT);
    if (sqlite3_step(statement) == SQLITE_ROW)
        key = arena_str(call->arena, str_of((const char *)sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    return key;
}

static void init(struct pack *pack)
{
    for (int i = 0; i < END_COUNT; i++)
        buf_init(&pack->ends[i], 2 * MAX_END);
    buf_init(&pack->window, MAX_PAGE);
    buf_init(&pack->rows, 2 * MAX_PAGE);
    buf_init(&pack->why, 2 * MAX_PAGE);
}

static void dispose(struct pack *pack)
{
    int files[] = {pack->jsonl, pack->csv, pack->reasons};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    for (int i = 0; i < END_COUNT; i++)
        buf_dispose(&pack->ends[i]);
    buf_dispose(&pack->window);
    buf_dispose(&pack->rows);
    buf_dispose(&pack->why);
}

bool answer_export(struct call *call, struct buf *result, int *code, struct err *err)
{
    struct pack pack = {.call = call, .jsonl = -1, .csv = -1, .reasons = -1};
    struct mask mask;
    *code = RPC_UNAVAILABLE;
    pack.cause = call_integer(call, "cause", 0, 0, INT64_MAX);
    if (!mask_init(&mask, call, err))
        return false;
    init(&pack);
    bool ok = may_reveal(call, mask_wanted(&mask), code, err) && learn_ends(&pack, mask.dialect, err) &&
              open_one(&pack, "rejects-json", &pack.jsonl, err) && open_one(&pack, "rejects-csv", &pack.csv, err) &&
              open_one(&pack, "rejects-reasons", &pack.reasons, err) && begin_page(&pack, err) &&
              each_block(&pack,
                  "SELECT entries, row_states, row_count FROM reject_block WHERE run_id = ?1 AND last_row > ?2 "
                  "ORDER BY block",
                  false, take, err) &&
              buf_ok(&pack.rows, "rejected rows", err) && buf_ok(&pack.why, "reasons", err);
    if (ok)
        put_page(&pack, file_of(call), result);
    else if (err->kind == ERR_NOT_FOUND || (err->kind == ERR_USAGE && *code == RPC_UNAVAILABLE))
        *code = err->kind == ERR_USAGE ? RPC_INVALID_PARAMS : RPC_NOT_FOUND;
    dispose(&pack);
    mask_dispose(&mask);
    return ok;
}
