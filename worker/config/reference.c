/* A reference table: a CSV file read whole, its columns typed by what stands in them, found by key through a hash. */
#include "shared/fs.h"
#include "worker/config/load.h"
#include "worker/format/csv/reader.h"
#include "worker/format/csv/sniff.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

enum {
    REFERENCE_MAX_BYTES = 64 * 1024 * 1024,
    BATCH_BYTES = 256 * 1024 * 1024,
    MAX_FINDINGS = 20, /* of one file: the twenty-first bad line says nothing new */
};

struct table {
    struct loader *loader;
    struct reference *reference;
    const struct yaml_node *file, *key_at;
    struct buf bytes; /* the file, decompressed */
    struct sniff sniff;
    uint32_t width, key;
    struct str *cells; /* rows * width */
    uint64_t *lines;
    uint32_t rows;
    size_t cell_capacity, line_capacity;
    size_t findings;
};

/* ---- the bytes ---- */

static bool not_usable(struct table *t, const struct err *err)
{
    if (err->kind == ERR_MEMORY) {
        t->loader->memory_out = true;
        *t->loader->err = *err;
    } else {
        load_error(t->loader, t->file, "the reference can't be used: %s", err->message);
    }
    return false;
}

static bool read_stream(struct table *t, int fd, uint64_t size, struct err *err)
{
    const struct stream_limits limits = {REFERENCE_MAX_BYTES, 0};
    enum compression compression;
    struct stream *stream = stream_open_fd(fd, t->reference->file.p, size, limits, &compression, err);
    bool ok = stream != NULL;
    size_t got = 1;
    while (ok && got) {
        enum { CHUNK = 256 * 1024 };
        ok = buf_reserve(&t->bytes, CHUNK) && stream->read(stream, t->bytes.p + t->bytes.n, CHUNK, &got, err);
        t->bytes.n += ok ? got : 0;
    }
    stream_close(stream);
    if (!ok && t->bytes.failed)
        return ERR(err, ERR_CONFIG, "it is larger than %d MiB", REFERENCE_MAX_BYTES >> 20);
    return ok;
}

static bool read_bytes(struct table *t, struct err *err)
{
    const char *path = t->reference->file.p;
    uint64_t size;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    if (fd < 0)
        return ERR_ERRNO(err, "cannot open %s", path);
    struct stat status;
    bool ok = fstat(fd, &status) == 0 || ERR_ERRNO(err, "cannot look at %s", path);
    ok = ok && (S_ISREG(status.st_mode) || ERR(err, ERR_CONFIG, "%s is no file", path));
    ok = ok && sha256_fd(fd, path, t->reference->content_hash, &size, err) && read_stream(t, fd, size, err);
    close(fd);
    return ok;
}

/* ---- the records ---- */

struct memory_stream {
    struct stream stream;
    struct str rest;
};

static bool memory_read(struct stream *stream, void *p, size_t n, size_t *got, struct err *err)
{
    struct memory_stream *memory = (struct memory_stream *)stream;
    (void)err;
    *got = n < memory->rest.n ? n : memory->rest.n;
    memcpy(p, memory->rest.p, *got);
    memory->rest = (struct str){memory->rest.p + *got, memory->rest.n - *got};
    return true;
}

static void memory_close(struct stream *stream)
{
    (void)stream;
}

static void bad_line(struct table *t, uint64_t line, const char *what, struct str value)
{
    if (t->findings++ < MAX_FINDINGS && !t->loader->quiet)
        finding_add(t->loader->findings, t->reference->file.p, (int)line, 1, false, "%s%s" STR_FMT "%s", what,
            value.n ? " '" : "", (int)(value.n < 100 ? value.n : 100), value.p ? value.p : "", value.n ? "'" : "");
}

static bool keep_row(struct table *t, struct batch *batch, uint32_t row)
{
    struct arena *arena = t->loader->arena;
    size_t at = (size_t)t->rows * t->width;
    if (!arena_reserve(arena, (void **)&t->lines, t->rows, &t->line_capacity, sizeof *t->lines))
        return false;
    while (t->cell_capacity < at + t->width)
        if (!arena_reserve(arena, (void **)&t->cells, t->cell_capacity, &t->cell_capacity, sizeof *t->cells))
            return false;
    for (uint32_t i = 0; i < t->width; i++) {
        struct str text = str_trim(batch_cell_text(batch, batch_cell(batch, row, i)));
        t->cells[at + i] = arena_str(arena, text);
        if (!t->cells[at + i].p)
            return false;
    }
    t->lines[t->rows++] = batch->rows[row].line;
    return true;
}

static bool keep_batch(struct table *t, struct batch *batch, struct err *err)
{
    for (size_t i = 0; i < batch->error_count; i++)
        bad_line(t, batch->rows[batch->errors[i].row].line, row_code_name(batch->errors[i].code), STR(""));
    for (uint32_t row = 0; row < batch->n; row++)
        if (batch->marks[row] == MARK_GOOD && !keep_row(t, batch, row))
            return ERR(err, ERR_MEMORY, "no memory for the reference %s", t->reference->file.p);
    return true;
}

static bool read_records(struct table *t, struct err *err)
{
    struct memory_stream memory = {{memory_read, memory_close}, buf_str(&t->bytes)};
    const struct segment whole = {.offset = t->sniff.dialect.first_data_offset,
        .length = UINT64_MAX,
        .first_row = 1,
        .first_line = t->sniff.dialect.first_data_line};
    const struct reader_options options = {.dialect = &t->sniff.dialect, .width = t->width};
    struct batch *batch = batch_new(BATCH_BYTES);
    struct reader *reader = batch ? reader_open(&memory.stream, &whole, 1, &options, err) : NULL;
    bool ok = batch || ERR(err, ERR_MEMORY, "no memory for the reference %s", t->reference->file.p);
    enum reader_result result = reader ? READER_BATCH : READER_FAILED;
    while (result == READER_BATCH && ok) {
        result = reader_next(reader, batch, err);
        if (result == READER_BATCH)
            ok = keep_batch(t, batch, err);
    }
    reader_close(reader);
    batch_free(batch);
    return ok && result == READER_END;
}

/* ---- the columns ---- */

static bool name_columns(struct table *t)
{
    struct loader *loader = t->loader;
    struct reference *r = t->reference;
    t->key = UINT32_MAX;
    r->column_names = load_alloc(loader, t->width, sizeof *r->column_names);
    if (!r->column_names)
        return false;
    for (uint32_t i = 0; i < t->width; i++) {
        struct str name = load_normalise(loader, t->sniff.labels[i]);
        if (t->key == UINT32_MAX &&
            (str_eq(str_trim(t->sniff.labels[i]), t->key_at->text) || str_eq(name, t->key_at->text))) {
            t->key = i;
            continue;
        }
        if (!name_valid(name))
            return bad_line(t, 1, "a column whose label makes no name:", t->sniff.labels[i]), false;
        for (uint32_t k = 0; k < r->column_count; k++)
            if (str_eq(name, r->column_names[k]))
                return bad_line(t, 1, "two columns have the label", t->sniff.labels[i]), false;
        r->column_names[r->column_count++] = name;
    }
    if (t->key == UINT32_MAX)
        load_error(loader, t->key_at, "the reference " STR_FMT " has no column '" STR_FMT "'", STR_ARG(r->file),
            STR_ARG(t->key_at->text));
    return t->key != UINT32_MAX;
}

/* Digits before and after the point; false: no plain number ("007" is none, it would lose its zeros). */
static bool number_shape(struct str text, unsigned *whole, unsigned *fraction)
{
    size_t i = text.n && text.p[0] == '-', from = i;
    while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
        i++;
    *whole = (unsigned)(i - from);
    *fraction = 0;
    if (!*whole || (*whole > 1 && text.p[from] == '0'))
        return false;
    if (i < text.n && text.p[i] == '.') {
        size_t point = i++;
        while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
            i++;
        *fraction = (unsigned)(i - point - 1);
        if (!*fraction)
            return false;
    }
    return i == text.n && *whole + *fraction <= DECIMAL_MAX_PRECISION;
}

static struct type infer_type(const struct table *t, uint32_t column)
{
    unsigned whole = 0, fraction = 0, seen = 0;
    for (uint32_t row = 0; row < t->rows; row++) {
        struct str text = t->cells[(size_t)row * t->width + column];
        unsigned w, f;
        if (!text.n)
            continue;
        if (!number_shape(text, &w, &f))
            return TYPE(TYPE_STRING);
        whole = w > whole ? w : whole;
        fraction = f > fraction ? f : fraction;
        seen++;
    }
    if (!seen || whole + fraction > DECIMAL_MAX_PRECISION)
        return TYPE(TYPE_STRING);
    if (!fraction && whole <= DECIMAL_NARROW_PRECISION)
        return TYPE(TYPE_INTEGER);
    return TYPE_DEC(whole + fraction <= DECIMAL_NARROW_PRECISION ? DECIMAL_NARROW_PRECISION : DECIMAL_MAX_PRECISION,
        (uint8_t)fraction);
}

static bool out_of_memory(struct table *t)
{
    t->loader->memory_out = true;
    return ERR(t->loader->err, ERR_MEMORY, "no memory for the reference %s", t->reference->file.p);
}

static bool fill_column(struct table *t, uint32_t column, struct vector *out)
{
    static const struct value_format plain = {.decimal_char = '.'};
    if (!vector_init(out, infer_type(t, column), t->rows, t->loader->arena))
        return out_of_memory(t);
    for (uint32_t row = 0; row < t->rows; row++) {
        struct str text = t->cells[(size_t)row * t->width + column];
        if (!text.n)
            out->state[row] = VALUE_NULL;
        else if (value_parse(text, out->type, &plain, vector_at(out, row)) != VALUE_OK)
            return bad_line(t, t->lines[row], "a value that does not fit its column:", text), false;
    }
    return true;
}

/* Keys are written plainly, or as the field itself is. */
static bool fill_key(struct table *t)
{
    static const struct value_format plain = {.decimal_char = '.'};
    struct reference *r = t->reference;
    const struct field *field = &t->loader->contract->fields[r->on_field];
    if (!vector_init(&r->key, r->key_type, t->rows, t->loader->arena))
        return out_of_memory(t);
    for (uint32_t row = 0; row < t->rows; row++) {
        struct str text = t->cells[(size_t)row * t->width + t->key];
        if (!text.n)
            bad_line(t, t->lines[row], "an empty key", STR(""));
        else if (value_parse(text, r->key_type, &plain, vector_at(&r->key, row)) != VALUE_OK &&
                 value_parse(text, r->key_type, &field->format, vector_at(&r->key, row)) != VALUE_OK)
            bad_line(t, t->lines[row], "the key is no value of the field it is compared with:", text);
    }
    return t->findings == 0;
}

/* ---- the index ---- */

static uint64_t hash_key(struct type type, const void *key)
{
    const struct str *text = key;
    if (type.kind == TYPE_STRING)
        return XXH3_64bits(text->p ? text->p : "", text->n);
    return XXH3_64bits(key, type_size(type));
}

static bool same_key(struct type type, const void *a, const void *b)
{
    if (type.kind == TYPE_STRING)
        return str_eq(*(const struct str *)a, *(const struct str *)b);
    return memcmp(a, b, type_size(type)) == 0;
}

/* Buckets hold row + 1, linear probing; at most half are taken, so a free one always ends the search. */
static bool build_index(struct table *t)
{
    struct reference *r = t->reference;
    r->rows = t->rows;
    for (r->bucket_count = 16; r->bucket_count < 2 * (uint64_t)r->rows;)
        r->bucket_count *= 2;
    r->buckets = load_alloc(t->loader, r->bucket_count, sizeof *r->buckets);
    if (!r->buckets)
        return false;
    for (uint32_t row = 0; row < r->rows; row++) {
        const void *key = vector_at(&r->key, row);
        uint32_t at = (uint32_t)hash_key(r->key_type, key) & (r->bucket_count - 1);
        for (; r->buckets[at]; at = (at + 1) & (r->bucket_count - 1))
            if (same_key(r->key_type, key, vector_at(&r->key, r->buckets[at] - 1))) {
                bad_line(t, t->lines[row], "a key that stands twice:", t->cells[(size_t)row * t->width + t->key]);
                break;
            }
        if (!r->buckets[at])
            r->buckets[at] = row + 1;
    }
    return t->findings == 0;
}

uint32_t reference_find(const struct reference *reference, const void *key)
{
    uint32_t at = (uint32_t)hash_key(reference->key_type, key) & (reference->bucket_count - 1);
    for (; reference->buckets[at]; at = (at + 1) & (reference->bucket_count - 1))
        if (same_key(reference->key_type, key, vector_at(&reference->key, reference->buckets[at] - 1)))
            return reference->buckets[at] - 1;
    return UINT32_MAX;
}

/* ---- the whole ---- */

static bool detect(struct table *t, struct err *err)
{
    struct str sample = buf_str(&t->bytes);
    bool whole = sample.n <= SNIFF_SAMPLE_BYTES;
    sample.n = whole ? sample.n : SNIFF_SAMPLE_BYTES;
    const struct sniff_request request = {
        .sample = sample, .whole = whole, .expected = &t->key_at->text, .expected_count = 1};
    if (!sniff_csv(&request, &t->sniff, t->loader->arena, err))
        return false;
    t->width = t->sniff.width;
    return t->sniff.labels || ERR(err, ERR_CONFIG, "it has no header");
}

static bool fill_columns(struct table *t)
{
    struct reference *r = t->reference;
    uint32_t n = 0;
    r->columns = load_alloc(t->loader, t->width, sizeof *r->columns);
    for (uint32_t i = 0; r->columns && i < t->width; i++)
        if (i != t->key && !fill_column(t, i, &r->columns[n++]))
            return false;
    return r->columns != NULL;
}

bool reference_read(
    struct loader *loader, const struct yaml_node *file, const struct yaml_node *key, struct reference *reference)
{
    struct table t = {.loader = loader, .reference = reference, .file = file, .key_at = key};
    struct err err = {0};
    buf_init(&t.bytes, REFERENCE_MAX_BYTES + 1024 * 1024);
    bool ok = read_bytes(&t, &err) && detect(&t, &err);
    ok = ok ? name_columns(&t) && (read_records(&t, &err) || not_usable(&t, &err)) : not_usable(&t, &err);
    ok = ok && t.findings == 0 && fill_key(&t) && fill_columns(&t) && build_index(&t);
    if (ok && !t.rows)
        load_warning(loader, file, "the reference has no rows");
    buf_dispose(&t.bytes);
    return ok;
}
