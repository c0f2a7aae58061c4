#include "worker/command/read.h"

#include "shared/fs.h"
#include "shared/json.h"
#include "shared/utf8.h"
#include "worker/format/csv/cell.h"
#include "worker/format/csv/reader.h"
#include "worker/format/csv/sniff.h"
#include "worker/format/csv/sniff_fit.h"

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUT_BYTES = 256 * 1024, OUT_MAX = 1024 * 1024 * 1024 };

enum form { FORM_NONE, FORM_CSV, FORM_JSON };

struct reading {
    const char *path;
    enum form form;
    bool explain;
    int fd;
    uint64_t length;
    struct arena *arena, *scratch;
    struct sniff sniff;
    enum compression compression;
    struct fit fit;
    struct buf out;
    struct str *keys; /* of the JSON objects */
    uint64_t records, blank, longer, shorter, too_long, bad_text;
    struct err *err;
};

static bool flush(struct reading *r, size_t above)
{
    if (r->out.n <= above)
        return true;
    if (!buf_ok(&r->out, "the output", r->err) || !fs_write_all(STDOUT_FILENO, r->out.p, r->out.n, "stdout", r->err))
        return false;
    buf_reset(&r->out);
    return true;
}

static void write_csv(struct reading *r, const struct str *cells)
{
    size_t width = r->sniff.width;
    /* an empty line would be no record */
    if (width == 1 && cells[0].n == 0)
        buf_add_cstr(&r->out, "\"\"");
    for (size_t c = 0; c < width; c++) {
        if (c)
            buf_add_byte(&r->out, ',');
        csv_cell_write(&r->out, cells[c]);
    }
    buf_add_byte(&r->out, '\n');
}

static void write_json(struct reading *r, const struct str *cells)
{
    struct json json;
    jsonw_init(&json, &r->out);
    jsonw_object_begin(&json);
    for (size_t c = 0; c < r->sniff.width; c++) {
        jsonw_key_str(&json, r->keys[c]);
        jsonw_string(&json, cells[c]);
    }
    jsonw_object_end(&json);
    buf_add_byte(&r->out, '\n');
}

/* Output is UTF-8 whatever came in: bytes that are none become U+FFFD. */
static bool make_valid(struct reading *r, struct str *cell)
{
    size_t good = utf8_valid_prefix(*cell);
    if (good == cell->n)
        return true;
    r->bad_text++;
    char *out = arena_alloc(r->scratch, cell->n * 3 + 1);
    if (!out)
        return ERR(r->err, ERR_MEMORY, "out of memory for a cell");
    size_t n = 0;
    struct str rest = *cell;
    while (rest.n) {
        good = utf8_valid_prefix(rest);
        memcpy(out + n, rest.p, good);
        n += good;
        rest = (struct str){rest.p + good, rest.n - good};
        if (rest.n) {
            n += utf8_encode(0xFFFD, out + n);
            rest = (struct str){rest.p + 1, rest.n - 1};
        }
    }
    *cell = (struct str){out, n};
    return true;
}

static bool is_blank(const struct str *cells, size_t n)
{
    for (size_t c = 0; c < n; c++) {
        if (str_trim(cells[c]).n)
            return false;
    }
    return true;
}

static bool write_record(struct reading *r, struct str *cells, bool valid)
{
    if (is_blank(cells, r->sniff.width)) {
        r->blank++;
        return true;
    }
    for (size_t c = 0; !valid && c < r->sniff.width; c++) {
        if (!make_valid(r, &cells[c]))
            return false;
    }
    r->records++;
    if (r->form == FORM_CSV)
        write_csv(r, cells);
    else if (r->form == FORM_JSON)
        write_json(r, cells);
    return flush(r, OUT_BYTES);
}

/* A record that has not the header's width: its text is split again, which may even give more than one record. */
static bool write_fitted(struct reading *r, struct str text, bool valid)
{
    for (size_t at = 0;;) {
        bool got;
        if (!fit_next(&r->fit, text, &at, &got, r->scratch))
            return ERR(r->err, ERR_MEMORY, "out of memory for a record");
        if (!got)
            return true;
        if (!write_record(r, r->fit.cells, valid))
            return false;
    }
}

/* Text behind a closing quote: the reader put such a cell together elsewhere, and the quotes are not in it. */
static bool was_put_together(const struct row *row, struct cell cell)
{
    return cell.offset < row->text_offset || cell.offset > row->text_offset + row->text_length;
}

static struct str cell_text(struct reading *r, const struct batch *batch, struct cell cell)
{
    struct split_cell split = {
        .raw = {batch->text + cell.offset, cell.length & CELL_LENGTH}, .escaped = cell.length & CELL_ESCAPED};
    return split_text(&r->fit.rule, &split, r->scratch);
}

static bool write_row(struct reading *r, struct batch *batch, uint32_t row, bool valid)
{
    const struct row *at = &batch->rows[row];
    uint32_t width = r->sniff.width;
    struct str *cells = r->fit.cells;
    if (at->cells != width) {
        r->longer += at->cells > width;
        r->shorter += at->cells < width;
        return write_fitted(r, (struct str){batch->text + at->text_offset, at->text_length}, valid);
    }
    for (uint32_t c = 0; c < width; c++) {
        struct cell cell = batch_cell(batch, row, c);
        if (was_put_together(at, cell))
            return write_fitted(r, (struct str){batch->text + at->text_offset, at->text_length}, valid);
        cells[c] = cell_text(r, batch, cell);
        if (!cells[c].p)
            return ERR(r->err, ERR_MEMORY, "out of memory for a cell");
    }
    return write_record(r, cells, valid);
}

static bool write_batch(struct reading *r, struct batch *batch)
{
    bool valid = utf8_valid((struct str){batch->text, batch->text_length});
    for (size_t i = 0; i < batch->error_count; i++)
        r->too_long += batch->errors[i].code == CODE_ROW_TOO_LONG;
    for (uint32_t row = 0; row < batch->n; row++) {
        if (batch->marks[row] == MARK_BLANK) {
            r->blank++;
            continue;
        }
        if (!write_row(r, batch, row, valid))
            return false;
    }
    arena_reset(r->scratch);
    return true;
}

static struct stream *open_stream(struct reading *r)
{
    return stream_open_fd(r->fd, r->path, r->length, (struct stream_limits){0}, &r->compression, r->err);
}

static bool read_sample(struct reading *r, bool *whole, struct str *sample)
{
    struct stream *stream = open_stream(r);
    if (!stream)
        return false;
    char *p = arena_alloc(r->arena, SNIFF_SAMPLE_BYTES + 1);
    size_t got = 0;
    bool ok = p ? stream_read_full(stream, p, SNIFF_SAMPLE_BYTES + 1, &got, r->err)
                : ERR(r->err, ERR_MEMORY, "out of memory for the sample");
    stream_close(stream);
    *whole = got <= SNIFF_SAMPLE_BYTES;
    *sample = (struct str){p, *whole ? got : SNIFF_SAMPLE_BYTES};
    return ok;
}

/* "a", "", "a" become a, col_2, a_3: each key once. */
static bool set_keys(struct reading *r)
{
    size_t width = r->sniff.width;
    r->keys = ARENA_ARRAY(r->arena, struct str, width);
    for (size_t c = 0; r->keys && c < width; c++) {
        struct str label = r->sniff.labels ? str_trim(r->sniff.labels[c]) : (struct str){NULL, 0};
        bool taken = false;
        for (size_t i = 0; i < c && width <= 4096; i++)
            taken = taken || str_eq(r->keys[i], label);
        char *key = label.n == 0 ? arena_printf(r->arena, "col_%zu", c + 1)
                    : taken      ? arena_printf(r->arena, STR_FMT "_%zu", STR_ARG(label), c + 1)
                                 : NULL;
        if (label.n == 0 || taken)
            label = str_of(key);
        if (!label.p)
            return ERR(r->err, ERR_MEMORY, "out of memory for the labels");
        r->keys[c] = label;
    }
    return r->keys ? true : ERR(r->err, ERR_MEMORY, "out of memory for the labels");
}

static bool read_records(struct reading *r)
{
    struct segment all = {.offset = r->sniff.dialect.first_data_offset,
        .length = UINT64_MAX,
        .first_row = 1,
        .first_line = r->sniff.dialect.first_data_line};
    struct reader_options options = {.dialect = &r->sniff.dialect, .width = r->sniff.width, .forgiving = true};
    struct stream *stream = open_stream(r);
    struct batch *batch = batch_new(0);
    struct reader *reader = stream && batch ? reader_open(stream, &all, 1, &options, r->err) : NULL;
    bool ok = reader != NULL;
    if (stream && !batch)
        ERR(r->err, ERR_MEMORY, "out of memory for a batch");
    while (ok) {
        enum reader_result result = reader_next(reader, batch, r->err);
        if (result == READER_END)
            break;
        ok = result == READER_BATCH && write_batch(r, batch);
    }
    if (reader)
        reader_close(reader);
    batch_free(batch);
    stream_close(stream);
    return ok && flush(r, 0);
}

static void explain_count(FILE *to, uint64_t n, const char *what)
{
    if (n)
        fprintf(to, "%" PRIu64 " %s\n", n, what);
}

static void explain(const struct reading *r)
{
    FILE *to = r->form == FORM_NONE ? stdout : stderr;
    if (r->compression != COMPRESSION_NONE)
        fprintf(to, "compressed with %s\n", compression_name(r->compression));
    for (size_t i = 0; i < r->sniff.note_count; i++)
        fprintf(to, STR_FMT "\n", STR_ARG(r->sniff.notes[i]));
    if (r->sniff.width == 0)
        return;
    struct str end = r->sniff.dialect.line_end;
    fprintf(to, "line ends %s\n",
        str_eq(end, STR("\n"))     ? "LF"
        : str_eq(end, STR("\r\n")) ? "CRLF"
        : str_eq(end, STR("\r"))   ? "CR"
                                   : "mixed");
    fprintf(to, "%" PRIu64 " records, each fitted to %" PRIu32 " cells\n", r->records, r->sniff.width);
    explain_count(to, r->blank, "blank records left out");
    explain_count(to, r->longer, "records had more cells");
    explain_count(to, r->shorter, "records had fewer cells");
    for (int i = 0; i < FIT_REPAIRS; i++) {
        if (r->fit.repairs[i])
            fprintf(to, "%" PRIu64 " times: %s\n", r->fit.repairs[i], fit_repair_text((enum fit_repair)i));
    }
    explain_count(to, r->too_long, "records were longer than the limit and are cut");
    explain_count(to, r->bad_text, "cells held bytes that are not text in this encoding: they show as U+FFFD");
}

static bool print_file(struct reading *r)
{
    struct str sample;
    bool whole;
    if (!read_sample(r, &whole, &sample))
        return false;
    struct sniff_request request = {.sample = sample, .whole = whole, .forgiving = true};
    if (!sniff_csv(&request, &r->sniff, r->arena, r->err))
        return false;
    if (r->sniff.binary)
        return ERR_REJECT(r->err, r->sniff.refused, STR_FMT, STR_ARG(r->sniff.refusal));
    if (!fit_init(&r->fit, &r->sniff.dialect, r->sniff.width, r->sniff.kinds, r->arena) || !set_keys(r))
        return ERR(r->err, ERR_MEMORY, "out of memory for the columns");
    if (r->form == FORM_CSV && r->sniff.labels)
        write_csv(r, r->sniff.labels);
    if (r->sniff.refused && !r->explain)
        fprintf(stderr, "sluiced read: " STR_FMT "\n", STR_ARG(r->sniff.refusal));
    return read_records(r);
}

static int usage(FILE *to, int code)
{
    fputs("usage: sluiced read FILE [--csv|--json] [--explain]\n"
          "Prints FILE as sluice reads it, without a contract: as clean CSV (default) or a JSON object a line.\n"
          "  --explain  say on stderr (alone: on stdout) what was found, repaired and left out, and why\n",
        to);
    return code;
}

static int fail(const struct reading *r)
{
    fprintf(stderr, "sluiced read: %s: %s\n", r->path, r->err->message);
    if (r->err->hint[0])
        fprintf(stderr, "%s\n", r->err->hint);
    return err_exit_code(r->err);
}

static int open_and_print(struct reading *r)
{
    struct stat status;
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        if (r->fd < 0)
            ERR_ERRNO(r->err, "cannot open it");
        else
            ERR(r->err, ERR_NOT_FOUND, "not a regular file");
        fail(r);
        return 4;
    }
    r->length = (uint64_t)status.st_size;
    bool ok = print_file(r);
    bool nothing = !ok && r->err->code && strcmp(r->err->code, "empty-file") == 0;
    if (ok && r->explain)
        explain(r);
    if (nothing)
        fprintf(stderr, "sluiced read: %s: %s\n", r->path, r->err->message);
    return ok || nothing ? 0 : fail(r);
}

int command_read(int argc, char **argv)
{
    static const struct option options[] = {{"csv", no_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
        {"explain", no_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct err err = {0};
    struct reading r = {.fd = -1, .err = &err};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return usage(stdout, 0);
        if (option == '?' || (option != 'e' && r.form != FORM_NONE))
            return usage(stderr, 2);
        if (option == 'e')
            r.explain = true;
        else
            r.form = option == 'j' ? FORM_JSON : FORM_CSV;
    }
    if (optind + 1 != argc)
        return usage(stderr, 2);
    r.path = argv[optind];
    if (r.form == FORM_NONE && !r.explain)
        r.form = FORM_CSV;
    r.arena = arena_new(0);
    r.scratch = arena_new(0);
    buf_init(&r.out, OUT_MAX);
    int code = 3;
    if (r.arena && r.scratch)
        code = open_and_print(&r);
    if (r.fd >= 0)
        close(r.fd);
    buf_dispose(&r.out);
    arena_free(r.scratch);
    arena_free(r.arena);
    return code;
}
