#include "worker/run/fsck.h"

#include "worker/format/parquet/parquet.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, RUN_PAGE = 100, FOOTER_MEMORY = 256 * 1024 * 1024 };

struct check {
    struct storage *storage;
    struct journal *journal;
    const struct fsck_options *options;
    struct fsck_report *report;
    struct fsck_sheet *sheet; /* of the present run */
    uint64_t good, rejects;   /* found in the present run's outputs */
};

/* What the journal says of one output. */
struct expected {
    struct str key, kind;
    uint64_t rows, bytes;
    struct str sha256;
};

bool fsck_differ(struct fsck_report *report, struct err *err, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    void *list = report->differences;
    struct str line = arena_str(report->arena, str_of(text));
    if (!line.p || !arena_reserve(report->arena, &list, report->difference_count, &report->difference_capacity,
                       sizeof(struct str)))
        return ERR(err, ERR_MEMORY, "no memory for the list of differences");
    report->differences = list;
    report->differences[report->difference_count++] = line;
    return true;
}

/* ---- one output ---- */

static bool count_lines(int fd, struct str key, uint64_t *lines, struct err *err)
{
    char *chunk = malloc(READ_BYTES);
    bool ok = chunk || ERR(err, ERR_MEMORY, "no memory to count lines");
    uint64_t at = 0;
    *lines = 0;
    while (ok) {
        ssize_t n = pread(fd, chunk, READ_BYTES, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ok = ERR_ERRNO(err, "cannot read " STR_FMT, STR_ARG(key));
        if (n <= 0)
            break;
        for (const char *p = chunk; (p = memchr(p, '\n', (size_t)(chunk + n - p))); p++)
            ++*lines;
        at += (uint64_t)n;
    }
    free(chunk);
    return ok;
}

static bool count_rows(struct check *check, int fd, const struct expected *output, uint64_t *rows, struct err *err)
{
    *rows = output->rows;
    if (str_eq(output->kind, STR("rejects-json"))) {
        if (!count_lines(fd, output->key, rows, err))
            return false;
        check->rejects += *rows;
    }
    bool is_gold = str_eq(output->kind, STR("gold"));
    if (!is_gold && !str_eq(output->kind, STR("processed")))
        return true;
    struct arena *arena = arena_new(FOOTER_MEMORY);
    struct parquet_footer footer;
    struct err fault;
    bool readable = arena && parquet_read_footer(fd, output->key.p, &footer, arena, &fault);
    *rows = readable ? footer.rows : 0;
    check->good += is_gold ? 0 : *rows;
    arena_free(arena);
    return readable ||
           fsck_differ(check->report, err, STR_FMT ": %s", STR_ARG(output->key), arena ? fault.message : "no memory");
}

static bool look_into(struct check *check, int fd, const struct expected *output, struct err *err)
{
    char sha256[SHA256_TEXT_SIZE];
    uint64_t bytes, rows;
    if (!sha256_fd(fd, output->key.p, sha256, &bytes, err) || !count_rows(check, fd, output, &rows, err))
        return false;
    if (rows != output->rows)
        return fsck_differ(check->report, err, STR_FMT ": holds %" PRIu64 " rows, the journal has %" PRIu64,
            STR_ARG(output->key), rows, output->rows);
    if (bytes != output->bytes)
        return fsck_differ(check->report, err, STR_FMT ": has %" PRIu64 " bytes, the journal has %" PRIu64,
            STR_ARG(output->key), bytes, output->bytes);
    if (!str_eq(str_of(sha256), output->sha256))
        return fsck_differ(
            check->report, err, STR_FMT ": its bytes are not those that were published", STR_ARG(output->key));
    return true;
}

static bool trust(struct check *check, const struct expected *output)
{
    if (str_eq(output->kind, STR("processed")))
        check->good += output->rows;
    if (str_eq(output->kind, STR("rejects-json")))
        check->rejects += output->rows;
    return true;
}

static bool check_output(struct check *check, const struct expected *output, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct storage_object object;
    bool exists = false, ok = arena || ERR(err, ERR_MEMORY, "no memory to look at an output");
    ok = ok && check->storage->driver->stat(check->storage, output->key, &exists, &object, arena, err);
    uint32_t sample = check->options->sample;
    bool look = sample < 2 || check->report->outputs % sample == 0;
    check->report->outputs++;
    int fd = -1;
    if (ok && !exists)
        ok = fsck_differ(
            check->report, err, STR_FMT ": is missing, with %" PRIu64 " rows", STR_ARG(output->key), output->rows);
    else if (ok && !look)
        ok = trust(check, output);
    else if (ok)
        ok =
            check->storage->driver->open_fd(check->storage, output->key, &fd, err) && look_into(check, fd, output, err);
    if (fd >= 0)
        close(fd);
    arena_free(arena);
    return ok;
}

/* ---- queries ---- */

static bool prepare(struct check *check, const char *sql, sqlite3_stmt **statement, struct err *err)
{
    sqlite3 *db = journal_handle(check->journal);
    if (sqlite3_prepare_v2(db, sql, -1, statement, NULL) == SQLITE_OK)
        return true;
    return ERR(err, ERR_CORRUPT, "the journal cannot be read: %s", sqlite3_errmsg(db));
}

static struct str text(sqlite3_stmt *statement, int column)
{
    const char *p = (const char *)sqlite3_column_text(statement, column);
    return (struct str){p ? p : "", p ? (size_t)sqlite3_column_bytes(statement, column) : 0};
}

static uint64_t number(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

static bool check_outputs(struct check *check, struct str run_id, struct err *err)
{
    sqlite3_stmt *statement;
    struct arena *arena = arena_new(0);
    void *list = NULL;
    size_t count = 0, capacity = 0;
    bool ok = arena || ERR(err, ERR_MEMORY, "no memory for the outputs of a run");
    ok = ok && prepare(check,
                   "SELECT o.key, o.kind, o.rows, o.bytes, o.sha256 FROM run_output ro JOIN output o USING (output_id)"
                   " WHERE ro.run_id = ?1 AND o.removed_at IS NULL ORDER BY o.key",
                   &statement, err);
    if (ok) {
        sqlite3_bind_text(statement, 1, run_id.p, (int)run_id.n, SQLITE_TRANSIENT);
        while (sqlite3_step(statement) == SQLITE_ROW &&
               arena_reserve(arena, &list, count, &capacity, sizeof(struct expected)))
            ((struct expected *)list)[count++] =
                (struct expected){arena_str(arena, text(statement, 0)), arena_str(arena, text(statement, 1)),
                    number(statement, 2), number(statement, 3), arena_str(arena, text(statement, 4))};
        sqlite3_finalize(statement);
    }
    for (size_t i = 0; ok && i < count; i++)
        ok = check_output(check, &((struct expected *)list)[i], err);
    arena_free(arena);
    return ok;
}

static bool check_original(struct check *check, struct str location, uint64_t size, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct storage_object object;
    bool exists, ok = arena || ERR(err, ERR_MEMORY, "no memory to look at a file");
    ok = ok && check->storage->driver->stat(check->storage, location, &exists, &object, arena, err);
    if (ok && !exists)
        ok = fsck_differ(check->report, err, STR_FMT ": the original is missing", STR_ARG(location));
    else if (ok && object.size != size)
        ok = fsck_differ(check->report, err, STR_FMT ": the original has %" PRIu64 " bytes, the journal has %" PRIu64,
            STR_ARG(location), object.size, size);
    arena_free(arena);
    return ok;
}

/* ---- one run ---- */

static struct fsck_sheet *sheet_of(struct fsck_report *report, struct str dataset)
{
    for (size_t i = 0; i < report->sheet_count; i++)
        if (str_eq(report->sheets[i].dataset, dataset))
            return &report->sheets[i];
    void *list = report->sheets;
    struct str name = arena_str(report->arena, dataset);
    if (!name.p ||
        !arena_reserve(report->arena, &list, report->sheet_count, &report->sheet_capacity, sizeof *report->sheets))
        return NULL;
    report->sheets = list;
    report->sheets[report->sheet_count] = (struct fsck_sheet){.dataset = name};
    return &report->sheets[report->sheet_count++];
}

/* What the journal says of one run. */
struct finished_run {
    struct str run_id, dataset, outcome, location;
    uint64_t size, in, out, rejected, duplicate, filtered;
    uint64_t refused; /* by the warehouse alone: good ones of the lake, and among the rejects */
    bool taken_back;  /* its rows went, and count no more */
};

static bool balance_run(struct check *check, const struct finished_run *run, struct err *err)
{
    check->sheet->delivered += run->in;
    check->sheet->good += run->out;
    check->sheet->rejected += run->rejected;
    check->sheet->duplicate += run->duplicate;
    check->sheet->filtered += run->filtered;
    check->sheet->found_good += check->good;
    check->sheet->found_rejects += check->rejects;
    uint64_t found = check->good + check->rejects + run->filtered - run->refused;
    if (run->in == found)
        return true;
    return fsck_differ(check->report, err,
        "run " STR_FMT ": %" PRIu64 " rows were read, its outputs account for %" PRIu64 " (%" PRIu64 " good, %" PRIu64
        " rejected, %" PRIu64 " filtered)",
        STR_ARG(run->run_id), run->in, found, check->good, check->rejects, run->filtered);
}

static bool check_run(struct check *check, const struct finished_run *run, struct err *err)
{
    check->good = check->rejects = 0;
    check->report->runs++;
    check->sheet = sheet_of(check->report, run->dataset);
    if (!check->sheet)
        return ERR(err, ERR_MEMORY, "no memory for a balance sheet");
    check->sheet->runs++;
    return check_outputs(check, run->run_id, err) && check_original(check, run->location, run->size, err) &&
           (!str_eq(run->outcome, STR("loaded")) || run->taken_back || balance_run(check, run, err));
}

/* Up to RUN_PAGE runs after one, so that no read of the journal stays open while outputs are looked into. */
static bool read_runs(struct check *check, struct str after, struct finished_run *runs, size_t *count,
    struct arena *arena, struct err *err)
{
    sqlite3_stmt *statement;
    if (!prepare(check,
            "SELECT run_id, dataset, outcome, location, size, rows_in, rows_out, rows_rejected, rows_duplicate,"
            " rows_filtered, superseded_by IS NOT NULL, coalesce(rows_out - (SELECT s.rows_out FROM stage_count s"
            " WHERE s.run_id = v.run_id AND s.stage = 'silver'), 0) FROM run_view v WHERE state = 'archived' AND kind "
            "IN ('file', "
            "'redrive') AND run_id > ?1"
            " AND outcome IN ('loaded', 'quarantined', 'duplicate', 'withdrawn') AND finished_at >= ?2 ORDER BY run_id "
            "LIMIT ?3",
            &statement, err))
        return false;
    sqlite3_bind_text(statement, 1, after.p, (int)after.n, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, check->options->since);
    sqlite3_bind_int(statement, 3, RUN_PAGE);
    for (*count = 0; sqlite3_step(statement) == SQLITE_ROW; ++*count)
        runs[*count] = (struct finished_run){
            arena_str(arena, text(statement, 0)),
            arena_str(arena, text(statement, 1)),
            arena_str(arena, text(statement, 2)),
            arena_str(arena, text(statement, 3)),
            number(statement, 4),
            number(statement, 5),
            number(statement, 6),
            number(statement, 7),
            number(statement, 8),
            number(statement, 9),
            number(statement, 11),
            number(statement, 10) != 0,
        };
    sqlite3_finalize(statement);
    return true;
}

static bool check_runs(struct check *check, struct err *err)
{
    struct arena *pages[2] = {arena_new(0), arena_new(0)};
    struct finished_run runs[RUN_PAGE];
    struct str after = STR("");
    size_t count = RUN_PAGE;
    bool ok = (pages[0] && pages[1]) || ERR(err, ERR_MEMORY, "no memory for a page of runs");
    for (int turn = 0; ok && count == RUN_PAGE; turn = !turn) {
        arena_reset(pages[turn]);
        ok = read_runs(check, after, runs, &count, pages[turn], err);
        for (size_t i = 0; ok && i < count; i++)
            ok = check_run(check, &runs[i], err);
        after = count ? runs[count - 1].run_id : after;
    }
    arena_free(pages[0]);
    arena_free(pages[1]);
    return ok;
}

static bool count_unfinished(struct check *check, struct err *err)
{
    sqlite3_stmt *statement;
    if (!prepare(check, "SELECT count(*) FROM run WHERE state NOT IN ('archived', 'failed')", &statement, err))
        return false;
    if (sqlite3_step(statement) == SQLITE_ROW)
        check->report->unfinished = number(statement, 0);
    sqlite3_finalize(statement);
    return true;
}

/* ---- gold ---- */

/* The objects themselves, and that each holds the rows its compaction kept of those it read. */
static bool check_gold(struct check *check, struct err *err)
{
    sqlite3_stmt *statement;
    if (!prepare(check,
            "SELECT o.key, o.kind, o.rows, o.bytes, o.sha256, g.run_id, s.rows_in, s.rows_out"
            " FROM gold_partition g JOIN run_output ro USING (run_id) JOIN output o USING (output_id)"
            " JOIN stage_count s ON s.run_id = g.run_id AND s.stage = 'compact'"
            " WHERE o.removed_at IS NULL AND g.compacted_at >= ?1 ORDER BY o.key",
            &statement, err))
        return false;
    sqlite3_bind_int64(statement, 1, check->options->since);
    bool ok = true;
    while (ok && sqlite3_step(statement) == SQLITE_ROW) {
        struct expected output = {
            text(statement, 0), text(statement, 1), number(statement, 2), number(statement, 3), text(statement, 4)};
        ok = check_output(check, &output, err);
        if (ok && str_eq(output.kind, STR("gold")) && output.rows != number(statement, 7))
            ok = fsck_differ(check->report, err,
                STR_FMT ": holds %" PRIu64 " rows, its compaction " STR_FMT " kept %" PRIu64, STR_ARG(output.key),
                output.rows, STR_ARG(text(statement, 5)), number(statement, 7));
    }
    sqlite3_finalize(statement);
    return ok;
}

/* What loads say of the rows that they lost. */
static bool check_loads(struct check *check, struct err *err)
{
    sqlite3_stmt *statement;
    if (!prepare(check,
            "SELECT o.key, o.kind, o.rows, o.bytes, o.sha256 FROM run r JOIN run_output ro USING (run_id) JOIN output "
            "o "
            "USING (output_id) WHERE r.kind = 'load' AND r.finished_at >= ?1 AND o.kind = 'rejects-json' AND "
            "o.removed_at IS NULL ORDER BY o.key",
            &statement, err))
        return false;
    sqlite3_bind_int64(statement, 1, check->options->since);
    bool ok = true;
    while (ok && sqlite3_step(statement) == SQLITE_ROW) {
        struct expected output = {
            text(statement, 0), text(statement, 1), number(statement, 2), number(statement, 3), text(statement, 4)};
        ok = check_output(check, &output, err);
    }
    sqlite3_finalize(statement);
    return ok;
}

/* ---- what nobody knows of ---- */

struct strays {
    struct check *check;
    sqlite3_stmt *known;
    struct err *err;
    bool failed;
};

static bool look_up(void *context, const struct storage_object *object)
{
    struct strays *strays = context;
    sqlite3_bind_text(strays->known, 1, object->key.p, (int)object->key.n, SQLITE_TRANSIENT);
    bool known = sqlite3_step(strays->known) == SQLITE_ROW;
    sqlite3_reset(strays->known);
    if (known)
        return true;
    /* Exports may lie beside gold's own objects. */
    if (str_starts(object->key, STR("gold/")) && !str_ends(object->key, STR("/part-00000.parquet")))
        return true;
    strays->failed =
        !fsck_differ(strays->check->report, strays->err, STR_FMT ": nobody published it", STR_ARG(object->key));
    return !strays->failed;
}

static bool find_strays(struct check *check, struct err *err)
{
    static const char *const prefixes[] = {"processed/", "rejected/data_quality/", "gold/"};
    struct strays strays = {.check = check, .err = err};
    if (!prepare(check, "SELECT 1 FROM output WHERE key = ?1 AND removed_at IS NULL", &strays.known, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof prefixes / sizeof *prefixes; i++)
        ok = check->storage->driver->list(check->storage, str_of(prefixes[i]), look_up, &strays, err) && !strays.failed;
    sqlite3_finalize(strays.known);
    return ok;
}

static bool check_audit(struct check *check, struct err *err)
{
    char head[SHA256_TEXT_SIZE];
    uint64_t lines;
    struct err fault;
    if (journal_audit_verify(check->journal, &lines, head, &fault))
        return true;
    if (fault.kind == ERR_CORRUPT)
        return fsck_differ(check->report, err, "the audit: %s", fault.message);
    *err = fault;
    return false;
}

bool fsck(struct storage *storage, struct journal *journal, const struct fsck_options *options,
    struct fsck_report *report, struct err *err)
{
    struct check check = {.storage = storage, .journal = journal, .options = options, .report = report};
    return check_runs(&check, err) && check_audit(&check, err) && check_gold(&check, err) && check_loads(&check, err) &&
           count_unfinished(&check, err) && (options->since || report->unfinished || find_strays(&check, err));
}
