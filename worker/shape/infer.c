#include "worker/shape/infer.h"
#include "worker/shape/shape.h"

#include "shared/utf8.h"
#include "worker/format/csv/reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH_BYTES = 256 << 20, MAX_RATIO = 1000 };

static struct stream *open_stream(int fd, const char *path, uint64_t length, struct err *err)
{
    enum compression compression;
    struct stream_limits limits = {.max_ratio = MAX_RATIO};
    return stream_open_fd(fd, path, length, limits, &compression, err);
}

static bool sniff_stream(struct infer *infer, struct stream *stream, struct err *err)
{
    char *sample = arena_alloc(infer->arena, SNIFF_SAMPLE_BYTES);
    size_t got;
    if (!sample)
        return ERR(err, ERR_MEMORY, "no memory for the file's first bytes");
    if (!stream_read_full(stream, sample, SNIFF_SAMPLE_BYTES, &got, err))
        return false;
    infer->sample = (struct str){sample, got};
    struct sniff_request request = {.sample = infer->sample, .whole = got < SNIFF_SAMPLE_BYTES};
    return sniff_csv(&request, &infer->sniff, infer->arena, err);
}

static bool make_columns(struct infer *infer, struct err *err)
{
    const struct sniff *sniff = &infer->sniff;
    infer->count = sniff->width;
    infer->columns = ARENA_ARRAY(infer->arena, struct infer_column, infer->count);
    if (!infer->columns)
        return ERR(err, ERR_MEMORY, "no memory for the file's columns");
    for (uint32_t c = 0; c < infer->count; c++) {
        infer->columns[c].label = sniff->labels ? sniff->labels[c] : (struct str){0};
        infer->columns[c].position = c + 1;
        guess_init(&infer->columns[c].guess);
    }
    return guess_forms_init(&infer->forms, infer->arena, err);
}

static void count_faulty(struct infer *infer, const struct batch *batch)
{
    for (size_t i = 0; i < batch->error_count; i++) {
        const struct row_error *error = &batch->errors[i];
        if (i && error[-1].row == error->row)
            continue;
        if (error->code == CODE_MISSING_CELL)
            infer->shorter++;
        else if (error->code == CODE_EXTRA_CELL)
            infer->longer++;
        else
            infer->damaged++;
    }
}

static bool look_at(struct infer *infer, struct batch *batch, struct err *err)
{
    for (uint32_t row = 0; row < batch->n; row++) {
        if (batch->marks[row] != MARK_GOOD)
            continue;
        infer->rows++;
        for (uint32_t c = 0; c < batch->width; c++) {
            struct str text = batch_cell_text(batch, batch_cell(batch, row, c));
            if (!text.p)
                return ERR(err, ERR_MEMORY, "no memory for a batch of the file");
            if (utf8_valid(text) && !guess_add(&infer->columns[c].guess, &infer->forms, text, infer->arena, err))
                return false;
        }
    }
    count_faulty(infer, batch);
    return true;
}

static bool read_rows(struct infer *infer, struct stream *stream, struct err *err)
{
    const struct dialect *dialect = &infer->sniff.dialect;
    struct segment whole = {dialect->first_data_offset, UINT64_MAX, 1, dialect->first_data_line, {0}};
    struct reader_options options = {.dialect = dialect, .width = infer->sniff.width};
    struct reader *reader = reader_open(stream, &whole, 1, &options, err);
    struct batch *batch = batch_new(BATCH_BYTES);
    bool ok = reader && (batch || ERR(err, ERR_MEMORY, "no memory for a batch of the file"));
    while (ok) {
        enum reader_result result = reader_next(reader, batch, err);
        if (result == READER_END)
            break;
        ok = result == READER_BATCH && look_at(infer, batch, err);
    }
    batch_free(batch);
    reader_close(reader);
    return ok;
}

/* Trailing columns with neither label nor value are not part of the data. */
static void drop_blank_tail(struct infer *infer)
{
    while (infer->count > 1) {
        const struct infer_column *last = &infer->columns[infer->count - 1];
        bool seen = last->guess.values != 0;
        for (int i = 0; i < GUESS_TOKENS; i++)
            seen |= last->guess.token_seen[i];
        if (seen || str_trim(last->label).n)
            return;
        infer->count--;
    }
}

static bool settle(struct infer *infer, struct err *err)
{
    drop_blank_tail(infer);
    for (uint32_t c = 0; c < infer->count; c++)
        if (!guess_settle(&infer->columns[c].guess, &infer->forms, &infer->columns[c].result, infer->arena, err))
            return false;
    return infer_names(infer, err);
}

/* A run knows the contract's labels when it looks for the header: does that lead it elsewhere? */
static bool look_again(struct infer *infer, struct err *err)
{
    const struct dialect *dialect = &infer->sniff.dialect;
    struct str *labels = ARENA_ARRAY(infer->arena, struct str, 2 * (size_t)infer->count);
    struct dialect given;
    struct sniff again;
    struct err fault = {0};
    if (!labels)
        return ERR(err, ERR_MEMORY, "no memory for the file's columns");
    dialect_init(&given);
    given.encoding = dialect->encoding;
    given.encoding_name = dialect->encoding_name;
    struct sniff_request request = {
        .sample = infer->sample, .whole = infer->sample.n < SNIFF_SAMPLE_BYTES, .given = &given, .expected = labels};
    for (uint32_t c = 0; c < infer->count; c++) {
        labels[request.expected_count++] = infer->columns[c].name;
        if (infer->columns[c].by_label)
            labels[request.expected_count++] = infer->columns[c].label;
    }
    bool found = sniff_csv(&request, &again, infer->arena, &fault);
    if (!found && fault.kind == ERR_MEMORY)
        return ERR(err, ERR_MEMORY, "no memory for the file's columns");
    infer->unsteady = !found || again.width != infer->sniff.width ||
                      again.dialect.header_line != dialect->header_line ||
                      again.dialect.header_rows != dialect->header_rows ||
                      again.dialect.first_data_offset != dialect->first_data_offset ||
                      !str_eq(again.dialect.delimiter, dialect->delimiter);
    return true;
}

static bool infer_file(struct infer *infer, int fd, const char *path, struct err *err)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return ERR_ERRNO(err, "cannot read %s", path);
    struct stream *stream = open_stream(fd, path, (uint64_t)stat.st_size, err);
    bool ok = stream && sniff_stream(infer, stream, err) && make_columns(infer, err);
    stream_close(stream);
    if (!ok)
        return false;
    stream = open_stream(fd, path, (uint64_t)stat.st_size, err);
    ok = stream && read_rows(infer, stream, err) && settle(infer, err) && look_again(infer, err);
    stream_close(stream);
    return ok;
}

/* The file's name up to its first dot. */
static struct str stem_of(struct str key)
{
    size_t at = key.n;
    while (at && key.p[at - 1] != '/')
        at--;
    struct str name = {key.p + at, key.n - at};
    size_t dot = str_find_byte(name, '.');
    return (struct str){name.p, dot ? dot : name.n};
}

bool infer_contract(const char *path, struct str key, struct buf *yaml, struct err *err)
{
    struct infer infer = {.key = stem_of(key.n ? key : str_of(path)), .arena = arena_new(0)};
    struct str dataset = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = infer.arena != NULL;
    if (!ok)
        ERR(err, ERR_MEMORY, "no memory to look at %s", path);
    else if (fd < 0)
        ok = ERR_ERRNO(err, "cannot open %s", path);
    ok = ok && infer_file(&infer, fd, path, err) && infer_name(infer.key, infer.arena, &dataset, err);
    if (ok) {
        infer_write(&infer, dataset.n ? dataset : STR("dataset"), yaml);
        ok = buf_ok(yaml, "the contract", err);
    }
    if (fd >= 0)
        close(fd);
    arena_free(infer.arena);
    return ok;
}
