#include "worker/redrive/patching.h"

#include "shared/clock.h"
#include "shared/utf8.h"
#include "worker/format/csv/reader.h"
#include "worker/run/file_run.h"

#include <iconv.h>
#include <unistd.h>

enum { MAX_RECORD = DIALECT_MAX_ROW_BYTES, BATCH_MEMORY = 64 * 1024 * 1024 };

/* ---- the record ---- */

static bool find_row(struct file_run *run, uint64_t row, struct patch_edit *edit, struct err *err)
{
    const struct dialect *dialect = &run->sniff.dialect;
    struct segment whole = {.offset = dialect->first_data_offset,
        .length = UINT64_MAX,
        .first_row = 1,
        .first_line = dialect->first_data_line};
    struct reader_options options = {.dialect = dialect, .width = run->binding.width};
    struct stream *stream = file_run_stream(run, err);
    struct reader *reader = stream ? reader_open(stream, &whole, 1, &options, err) : NULL;
    struct batch *batch = reader ? batch_new(BATCH_MEMORY) : NULL;
    enum reader_result result = READER_FAILED;
    bool found = false;
    if (reader && !batch)
        ERR(err, ERR_MEMORY, "no memory to read a row");
    while (batch && !found && (result = reader_next(reader, batch, err)) == READER_BATCH) {
        found = row >= batch->first_row && row < batch->first_row + batch->n;
        if (found)
            *edit = (struct patch_edit){.row = row,
                .line = batch->rows[row - batch->first_row].line,
                .offset = batch->rows[row - batch->first_row].offset,
                .length = batch->rows[row - batch->first_row].length};
    }
    if (result == READER_END)
        ERR(err, ERR_NOT_FOUND, "the file has no row %llu", (unsigned long long)row);
    batch_free(batch);
    reader_close(reader);
    stream_close(stream);
    return found;
}

static bool read_record(struct file_run *run, struct patch_edit *edit, struct err *err)
{
    size_t got = 0;
    uint64_t skipped;
    if (edit->length > MAX_RECORD)
        return ERR(err, ERR_USAGE, "row %llu is too long to be edited", (unsigned long long)edit->row);
    struct stream *stream = file_run_stream(run, err);
    char *bytes = stream ? arena_alloc(run->arena, edit->length + 1) : NULL;
    bool ok = stream && (bytes || ERR(err, ERR_MEMORY, "no memory for a row")) &&
              stream_skip(stream, edit->offset, &skipped, err) &&
              stream_read_full(stream, bytes, edit->length, &got, err);
    ok = ok && (got == edit->length || ERR(err, ERR_CORRUPT, "row %llu cannot be read", (unsigned long long)edit->row));
    stream_close(stream);
    edit->before = (struct str){bytes, got};
    return ok;
}

/* ---- the cell ---- */

static int32_t column_of(const struct file_run *run, struct str name)
{
    const struct binding *binding = &run->binding;
    for (uint32_t f = 0; binding->column_of_field && f < run->contract->field_count; f++)
        if (str_eq(run->contract->fields[f].name, name) && binding->column_of_field[f] >= 0)
            return binding->column_of_field[f];
    for (uint32_t c = 0; run->sniff.labels && c < run->sniff.width; c++)
        if (str_eq(str_trim(run->sniff.labels[c]), str_trim(name)))
            return (int32_t)c;
    return -1;
}

/* Where cell i stands in the record, quotes included. */
static bool cell_range(const struct dialect *dialect, struct str record, uint32_t i, size_t *from, size_t *to)
{
    struct str delimiter = dialect->delimiter;
    size_t at = 0;
    for (uint32_t cell = 0;; cell++) {
        *from = at;
        if (at < record.n && dialect->quote >= 0 && record.p[at] == (char)dialect->quote) {
            for (at++; at < record.n; at++) {
                bool escaped = dialect->escape >= 0 && record.p[at] == (char)dialect->escape && at + 1 < record.n &&
                               (dialect->escape != dialect->quote || record.p[at + 1] == (char)dialect->quote);
                if (escaped)
                    at++;
                else if (record.p[at] == (char)dialect->quote)
                    break;
            }
        }
        while (at < record.n && !str_starts((struct str){record.p + at, record.n - at}, delimiter))
            at++;
        *to = at;
        if (cell == i)
            return true;
        if (at >= record.n)
            return false;
        at += delimiter.n;
    }
}

static bool needs_quotes(const struct dialect *dialect, struct str value)
{
    bool edge = value.n && (strchr(" \t", value.p[0]) || strchr(" \t", value.p[value.n - 1]));
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '\n' || value.p[i] == '\r' || (dialect->quote >= 0 && value.p[i] == (char)dialect->quote) ||
            str_starts((struct str){value.p + i, value.n - i}, dialect->delimiter))
            return true;
    return edge;
}

static bool add_cell(const struct dialect *dialect, struct str value, struct buf *out, struct err *err)
{
    if (!needs_quotes(dialect, value)) {
        buf_add_str(out, value);
        return true;
    }
    if (dialect->quote < 0 || dialect->escape < 0)
        return ERR(
            err, ERR_USAGE, "this file knows no quotes: a value with its delimiter or a line end cannot stand in it");
    buf_add_byte(out, (char)dialect->quote);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == (char)dialect->quote || value.p[i] == (char)dialect->escape)
            buf_add_byte(out, (char)dialect->escape);
        buf_add_byte(out, value.p[i]);
    }
    buf_add_byte(out, (char)dialect->quote);
    return true;
}

/* From UTF-8 to what the file is written in. */
static bool encode(
    const struct dialect *dialect, struct str text, struct buf *out, struct arena *arena, struct err *err)
{
    if (dialect->encoding == ENCODING_UTF8) {
        buf_add_str(out, text);
        return true;
    }
    const char *name = arena_cstr(arena, dialect->encoding_name.p);
    iconv_t converter = name ? iconv_open(name, "UTF-8") : (iconv_t)-1;
    size_t in_left = text.n, room = 4 * text.n + 8;
    char *in = (char *)(uintptr_t)text.p, *bytes = arena_alloc(arena, room), *to = bytes;
    size_t left = room;
    if (converter == (iconv_t)-1 || !bytes)
        return ERR(err, ERR_USAGE, "values cannot be written in " STR_FMT, STR_ARG(dialect->encoding_name));
    bool ok = iconv(converter, &in, &in_left, &to, &left) != (size_t)-1 && !in_left;
    iconv_close(converter);
    buf_add(out, bytes, room - left);
    return ok || ERR(err, ERR_USAGE, STR_FMT " has no such character", STR_ARG(dialect->encoding_name));
}

static bool is_wide(const struct dialect *dialect)
{
    return dialect->encoding != ENCODING_UTF8 && dialect->encoding != ENCODING_SINGLE_BYTE;
}

static bool write_cell(
    struct file_run *run, const struct patching *patching, struct str record, struct buf *out, struct err *err)
{
    const struct dialect *dialect = &run->sniff.dialect;
    int32_t column = column_of(run, patching->column);
    struct buf cell;
    size_t from, to;
    if (column < 0)
        return ERR(err, ERR_NOT_FOUND, "the file has no column " STR_FMT, STR_ARG(patching->column));
    if (is_wide(dialect))
        return ERR(err, ERR_USAGE, "cells of a file in " STR_FMT " cannot be edited: give the whole row, --raw",
            STR_ARG(dialect->encoding_name));
    if (!cell_range(dialect, record, (uint32_t)column, &from, &to))
        return ERR(err, ERR_NOT_FOUND, "row %llu has no cell for " STR_FMT ": give the whole row, --raw",
            (unsigned long long)patching->row, STR_ARG(patching->column));
    buf_init(&cell, MAX_RECORD);
    buf_add(out, record.p, from);
    bool ok = add_cell(dialect, patching->value, &cell, err) && buf_ok(&cell, "a cell", err) &&
              encode(dialect, buf_str(&cell), out, run->arena, err);
    buf_add(out, record.p + to, record.n - to);
    buf_dispose(&cell);
    return ok;
}

/* ---- the edit ---- */

static bool make(struct file_run *run, const struct patching *patching, const struct decider *by, struct err *err)
{
    struct patch patch;
    struct patch_edit edit = {0};
    struct journal *journal = run->worker->journal;
    struct buf record;
    if (!find_row(run, patching->row, &edit, err) || !read_record(run, &edit, err) ||
        !journal_patch_read(journal, run->claim.run_id, &patch, run->arena, err))
        return false;
    const struct patch_edit *earlier = patch_of_row(&patch, patching->row);
    if (!patch.patch_id[0]) {
        patch.file_id = run->claim.file.file_id;
        memcpy(patch.run_id, run->claim.run_id, sizeof patch.run_id);
        memcpy(patch.sha256, run->claim.file.sha256.p, sizeof patch.sha256);
    }
    edit.column = patching->column;
    buf_init(&record, 2 * MAX_RECORD);
    bool ok = patching->column.n ? write_cell(run, patching, earlier ? earlier->after : edit.before, &record, err)
                                 : encode(&run->sniff.dialect, patching->value, &record, run->arena, err);
    edit.after = buf_str(&record);
    ok = ok && buf_ok(&record, "a row", err) &&
         (str_trim(edit.after).n || ERR(err, ERR_USAGE, "a row cannot become empty: there is 'sluice discard'")) &&
         (!str_eq(edit.after, earlier ? earlier->after : edit.before) ||
             ERR(err, ERR_USAGE, "row %llu says so already", (unsigned long long)patching->row)) &&
         journal_patch_add(journal, &patch, &edit, by, clock_now(), err);
    buf_dispose(&record);
    return ok;
}

/* Of a loaded file only what it did not load: a row that was rejected and that nobody has dealt with. */
static bool may_be_edited(
    const struct patching *patching, const struct past *past, struct arena *arena, struct err *err)
{
    struct row_choice choice = {.rows = &patching->row, .row_count = 1};
    struct rejected_row *rows;
    size_t count;
    if (past->file.sha256.n && past->file.state == FILE_QUARANTINED)
        return true;
    if (past->file.state != FILE_SUCCEEDED || !str_eq(past->outcome, STR("loaded")))
        return ERR(err, ERR_EXISTS, STR_FMT " is %s: it is neither quarantined nor loaded by this run",
            STR_ARG(past->file.arrival_key), file_state_name(past->file.state));
    if (!journal_rows(patching->file.rules.journal, past->run_id, &choice, ROW_OPEN, 1, &rows, &count, arena, err))
        return false;
    if (count)
        return true;
    ERR(err, ERR_EXISTS, "row %llu is no open rejected row of run %s", (unsigned long long)patching->row, past->run_id);
    return err_hint(
        err, "One that was rejected again is edited in the run that read it again: 'sluice show' names it.");
}

bool patching_edit(const struct patching *patching, const struct decider *by, struct arena *arena, struct err *err)
{
    char base[SHA256_TEXT_SIZE];
    struct past past;
    struct rules_request rules = patching->file.rules;
    struct worker worker = {.options = {.memory = patching->file.memory, .lease_us = INT64_MAX},
        .storage = rules.storage,
        .journal = rules.journal,
        .stop = patching->file.stop};
    struct err refused;
    if (!utf8_valid(patching->value))
        return ERR(err, ERR_USAGE, "the value must be UTF-8");
    if (!past_read(rules.journal, patching->file.run_id, &past, arena, err))
        return false;
    if (!may_be_edited(patching, &past, arena, err))
        return false;
    rules.dataset = past.file.dataset;
    rules.ruleset_hash = past.ruleset_hash;
    struct contract *contract = rules_load(&rules, base, arena, err);
    struct file_run run = {
        .worker = &worker, .arena = arena, .claim.file = past.file, .contract = contract, .fd = -1, .rehearsal = true};
    memcpy(run.claim.run_id, past.run_id, sizeof run.claim.run_id);
    bool ok = contract && rehearse_open(&run, err);
    /* a header that is refused has been split into its labels nevertheless */
    if (ok && stage_validate(&run, &refused) == STEP_FAILED && !run.sniff.width) {
        *err = refused;
        ok = false;
    }
    ok = ok && make(&run, patching, by, err);
    if (run.fd >= 0)
        close(run.fd);
    contract_free(contract);
    return ok;
}
