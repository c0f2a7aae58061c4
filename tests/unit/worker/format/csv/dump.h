/* What a reader made of bytes, as text: one line a record, so that tests can compare. Checks what must always hold. */
#ifndef TESTS_CSV_DUMP_H
#define TESTS_CSV_DUMP_H

#include "worker/format/csv/reader.h"

#include <stdio.h>
#include <stdlib.h>

#define DUMP_REQUIRE(condition)                                                            \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

struct dump_state {
    uint64_t sequence, rows, end, line;
};

static inline struct dialect dump_dialect(void)
{
    struct dialect dialect;
    dialect_init(&dialect);
    dialect.encoding = ENCODING_UTF8;
    dialect.encoding_name = STR("utf-8");
    dialect.delimiter = STR(",");
    dialect.quote = dialect.escape = '"';
    dialect.comment = DIALECT_NONE;
    dialect.line_end = STR("\n");
    return dialect;
}

static inline void dump_cell(struct batch *batch, uint32_t row, uint32_t column, struct buf *out)
{
    struct cell cell = batch_cell(batch, row, column);
    size_t length = cell.length & CELL_LENGTH;
    DUMP_REQUIRE(cell.offset <= batch->text_length && length <= batch->text_length - cell.offset);
    DUMP_REQUIRE(!(cell.length & CELL_MISSING) || length == 0);
    struct str text = batch_cell_text(batch, cell);
    DUMP_REQUIRE(text.p);
    buf_add_cstr(out, cell.length & CELL_MISSING ? "-" : cell.length & CELL_QUOTED ? "'" : "[");
    buf_add_str(out, text);
    buf_add_cstr(out, cell.length & CELL_MISSING ? "" : cell.length & CELL_QUOTED ? "'" : "]");
}

static inline void dump_row(struct batch *batch, uint32_t i, struct dump_state *state, size_t *error, struct buf *out)
{
    static const char marks[] = "gbfrd";
    const struct row *row = &batch->rows[i];
    DUMP_REQUIRE(row->offset >= state->end && row->line > state->line);
    DUMP_REQUIRE(row->text_offset + (size_t)row->text_length <= batch->text_length);
    state->end = row->offset + row->length;
    state->line = row->line;
    buf_printf(out, "%llu L%llu @%llu+%llu %c%u ", (unsigned long long)(batch->first_row + i),
        (unsigned long long)row->line, (unsigned long long)row->offset, (unsigned long long)row->length,
        marks[batch->marks[i]], row->cells);
    for (uint32_t column = 0; column < batch->width; column++)
        dump_cell(batch, i, column, out);
    DUMP_REQUIRE(*error == batch->error_count || batch->errors[*error].row >= i);
    for (; *error < batch->error_count && batch->errors[*error].row == i; ++*error) {
        const struct row_error *e = &batch->errors[*error];
        buf_printf(out, " !%s@%d=", row_code_name(e->code), e->position);
        buf_add_str(out, e->value);
    }
    buf_add_byte(out, '\n');
}

/* False: the reader failed, err says why. original: checked against when not NULL (UTF-8 only). */
static inline bool dump_stream(struct stream *stream, const struct segment *segments, size_t count,
    const struct reader_options *options, const struct str *original, struct buf *out, struct err *err)
{
    struct reader *reader = reader_open(stream, segments, count, options, err);
    struct batch *batch = batch_new(0);
    struct dump_state state = {0};
    enum reader_result result = READER_FAILED;
    DUMP_REQUIRE(batch);
    while (reader && (result = reader_next(reader, batch, err)) == READER_BATCH) {
        size_t error = 0;
        DUMP_REQUIRE(batch->sequence == state.sequence++ && batch->n > 0 && batch->width == options->width);
        for (uint32_t i = 0; i < batch->n; i++) {
            const struct row *row = &batch->rows[i];
            dump_row(batch, i, &state, &error, out);
            if (original)
                DUMP_REQUIRE(row->offset + row->length <= original->n && row->text_length <= row->length &&
                             memcmp(original->p + row->offset, batch->text + row->text_offset, row->text_length) == 0);
        }
        DUMP_REQUIRE(error == batch->error_count);
    }
    batch_free(batch);
    reader_close(reader);
    return result == READER_END;
}

/* A whole input as one segment. */
static inline bool dump_bytes(struct str bytes, const struct reader_options *options, struct buf *out, struct err *err)
{
    struct segment whole = {.length = UINT64_MAX, .first_row = 1, .first_line = 1};
    struct stream *stream = stream_memory(bytes, err);
    DUMP_REQUIRE(stream);
    bool same = options->dialect->encoding == ENCODING_UTF8;
    bool ok = dump_stream(stream, &whole, 1, options, same ? &bytes : NULL, out, err);
    stream_close(stream);
    return ok;
}

#endif
