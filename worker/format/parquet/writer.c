#include "worker/format/parquet/parquet.h"

#include "shared/fs.h"
#include "worker/format/parquet/metadata.h"

#include <stdlib.h>

enum {
    DEFAULT_ROW_GROUP = 64 * 1024 * 1024,
    DEFAULT_PAGE = 1024 * 1024,
    LEAST_DEFAULT_PAGE = 16 * 1024,
    LEAST_PAGE = 4 * 1024,
    PAGES_A_WRITE = 64,
    MOST_PAGE = 256 * 1024 * 1024, /* page sizes are 32-bit signed */
};

static const struct str magic = {"PAR1", 4};

struct parquet_writer {
    int fd;
    char *name;
    struct parquet_options options;
    struct arena *texts; /* of name, columns and options */
    struct column *columns;
    uint32_t column_count, group_count;
    uint64_t group_rows, rows, offset;
    struct sha256 *sha; /* of what was written */
    struct buf groups;  /* the finished RowGroup structures */
    size_t memory;
};

static bool copy_texts(struct parquet_writer *writer, const struct parquet_column *columns, struct err *err)
{
    struct arena *arena = writer->texts;
    struct parquet_options *options = &writer->options;
    struct str *keys = ARENA_ARRAY(arena, struct str, 2 * options->metadata_count + 1);
    bool ok = keys != NULL;
    for (size_t i = 0; ok && i < options->metadata_count; i++) {
        keys[i] = arena_str(arena, options->metadata_keys[i]);
        keys[options->metadata_count + i] = arena_str(arena, options->metadata_values[i]);
        ok = keys[i].p && keys[options->metadata_count + i].p;
    }
    options->metadata_keys = keys;
    options->metadata_values = keys + options->metadata_count;
    if (ok && options->created_by)
        ok = (options->created_by = arena_cstr(arena, options->created_by)) != NULL;
    for (uint32_t i = 0; ok && i < writer->column_count; i++) {
        struct parquet_column column = columns[i];
        ok = (column.name = arena_str(arena, column.name)).p != NULL;
        column_init(&writer->columns[i], &column, &writer->options);
    }
    return ok || ERR(err, ERR_MEMORY, "no memory to open %s", writer->name);
}

static size_t clamp(size_t n, size_t least, size_t most)
{
    return n < least ? least : n > most ? most : n;
}

/* Not above n: what a doubling buffer comes to. */
static size_t power_of_two(size_t n)
{
    return (size_t)1 << (8 * sizeof n - 1 - (unsigned)__builtin_clzl(n));
}

static struct parquet_options with_defaults(const struct parquet_options *options, uint32_t column_count)
{
    struct parquet_options o = *options;
    o.row_group_bytes = o.row_group_bytes ? o.row_group_bytes : DEFAULT_ROW_GROUP;
    /* Each column fills a page uncompressed: together they shall not outweigh the row group. */
    if (!o.page_bytes)
        o.page_bytes = power_of_two(clamp(o.row_group_bytes / 2 / column_count, LEAST_DEFAULT_PAGE, DEFAULT_PAGE));
    o.page_bytes = clamp(o.page_bytes, LEAST_PAGE, MOST_PAGE);
    return o;
}

static size_t count_memory(const struct parquet_writer *writer)
{
    size_t memory = sizeof *writer + writer->groups.capacity + arena_used(writer->texts);
    for (uint32_t i = 0; i < writer->column_count; i++)
        memory += sizeof *writer->columns + column_memory(&writer->columns[i]);
    return memory;
}

static bool put(struct parquet_writer *writer, const void *p, size_t n, struct err *err)
{
    if (!fs_write_all(writer->fd, p, n, writer->name, err))
        return false;
    sha256_add(writer->sha, p, n);
    writer->offset += n;
    return true;
}

struct parquet_writer *parquet_writer_open(int fd, const char *name, const struct parquet_column *columns,
    uint32_t column_count, const struct parquet_options *options, struct err *err)
{
    if (!column_count) {
        ERR(err, ERR_BUG, "%s: a Parquet file needs at least one column", name);
        return NULL;
    }
    struct parquet_writer *writer = calloc(1, sizeof *writer);
    if (writer) {
        writer->fd = fd;
        writer->options = with_defaults(options, column_count);
        writer->column_count = column_count;
        buf_init(&writer->groups, UINT32_MAX / 2);
        writer->texts = arena_new(0);
        writer->sha = sha256_new();
        writer->columns = calloc(column_count, sizeof *writer->columns);
        writer->name = writer->texts ? arena_cstr(writer->texts, name) : NULL;
    }
    if (!writer || !writer->columns || !writer->name || !writer->sha)
        ERR(err, ERR_MEMORY, "no memory to open %s", name);
    else if (copy_texts(writer, columns, err) && put(writer, magic.p, magic.n, err)) {
        writer->memory = count_memory(writer);
        return writer;
    }
    parquet_writer_abort(writer);
    return NULL;
}

void parquet_writer_abort(struct parquet_writer *writer)
{
    if (!writer)
        return;
    for (uint32_t i = 0; writer->columns && i < writer->column_count; i++)
        column_dispose(&writer->columns[i]);
    free(writer->columns);
    sha256_free(writer->sha);
    buf_dispose(&writer->groups);
    arena_free(writer->texts);
    free(writer);
}

size_t parquet_writer_memory(const struct parquet_writer *writer)
{
    return writer->memory;
}

/* Pages on their way into the file: many in one call. */
struct batch_of_pages {
    struct iovec parts[PAGES_A_WRITE];
    int n;
    size_t bytes;
};

static bool put_batch(struct parquet_writer *writer, struct batch_of_pages *batch, struct err *err)
{
    for (int i = 0; i < batch->n; i++)
        sha256_add(writer->sha, batch->parts[i].iov_base, batch->parts[i].iov_len);
    if (!fs_write_parts(writer->fd, batch->parts, batch->n, writer->name, err))
        return false;
    writer->offset += batch->bytes;
    batch->n = 0;
    batch->bytes = 0;
    return true;
}

static bool put_pages(
    struct parquet_writer *writer, struct batch_of_pages *batch, struct stored_page *page, struct err *err)
{
    for (; page; page = page->next) {
        if (batch->n == PAGES_A_WRITE && !put_batch(writer, batch, err))
            return false;
        batch->parts[batch->n++] = (struct iovec){page->bytes, page->n};
        batch->bytes += page->n;
    }
    return true;
}

static bool close_group(struct parquet_writer *writer, struct err *err)
{
    uint64_t offset = writer->offset;
    struct batch_of_pages batch = {.n = 0};
    if (!writer->group_rows)
        return true;
    for (uint32_t i = 0; i < writer->column_count; i++) {
        struct column *column = &writer->columns[i];
        if (!column_finish(column, err) || !put_pages(writer, &batch, column->dictionary_page, err) ||
            !put_pages(writer, &batch, column->pages, err))
            return false;
    }
    if (!put_batch(writer, &batch, err))
        return false;
    fs_begin_sync(writer->fd, offset);
    metadata_write_row_group(
        &writer->groups, writer->columns, writer->column_count, offset, writer->group_rows, writer->group_count);
    for (uint32_t i = 0; i < writer->column_count; i++)
        column_reset(&writer->columns[i]);
    writer->rows += writer->group_rows;
    writer->group_rows = 0;
    writer->group_count++;
    return buf_ok(&writer->groups, "a Parquet footer", err);
}

bool parquet_writer_flush(struct parquet_writer *writer, struct err *err)
{
    bool ok = close_group(writer, err);
    for (uint32_t i = 0; i < writer->column_count; i++)
        column_release(&writer->columns[i]);
    writer->memory = count_memory(writer);
    return ok;
}

bool parquet_writer_looks_up(const struct parquet_writer *writer, uint32_t column)
{
    return writer->columns[column].use_dictionary;
}

/* rows NULL: from first on. */
static bool append_part(struct parquet_writer *writer, uint32_t column, const struct vector *vector,
    const struct shared_column *shared, const uint32_t *rows, uint32_t first, uint32_t n, struct err *err)
{
    struct column *to = &writer->columns[column];
    uint64_t at = writer->group_rows;
    for (uint32_t done = 0; done < n;) {
        uint32_t slice = COLUMN_SLICE - (uint32_t)(at % COLUMN_SLICE);
        slice = slice < n - done ? slice : n - done;
        if (!column_append(to, vector, shared, rows, first + done, slice, err))
            return err_context(err, "%s", writer->name);
        done += slice;
        at += slice;
        if (at % COLUMN_SLICE == 0 && !column_checkpoint(to, err))
            return err_context(err, "%s", writer->name);
    }
    return true;
}

bool parquet_writer_append_column(struct parquet_writer *writer, uint32_t column, const struct vector *vector,
    const struct parquet_shared *shared, const uint32_t *rows, uint32_t n, struct err *err)
{
    return append_part(writer, column, vector, &shared->columns[column], rows, 0, n, err);
}

bool parquet_writer_end_rows(struct parquet_writer *writer, uint32_t n, struct err *err)
{
    uint64_t before = writer->group_rows;
    size_t encoded = 0;
    writer->group_rows += n;
    for (uint32_t i = 0; i < writer->column_count; i++)
        encoded += column_encoded(&writer->columns[i]);
    bool ends = before / COLUMN_SLICE < writer->group_rows / COLUMN_SLICE && encoded >= writer->options.row_group_bytes;
    bool ok = !ends || close_group(writer, err) || err_context(err, "%s", writer->name);
    writer->memory = count_memory(writer);
    return ok;
}

bool parquet_writer_append(struct parquet_writer *writer, const struct vector *const *columns, const uint32_t *rows,
    uint32_t n, struct err *err)
{
    for (uint32_t done = 0; done < n;) {
        uint32_t slice = COLUMN_SLICE - (uint32_t)(writer->group_rows % COLUMN_SLICE);
        slice = slice < n - done ? slice : n - done;
        for (uint32_t i = 0; i < writer->column_count; i++)
            if (!append_part(writer, i, columns[i], NULL, rows, done, slice, err))
                return false;
        if (!parquet_writer_end_rows(writer, slice, err))
            return false;
        done += slice;
    }
    return true;
}

static bool write_footer(struct parquet_writer *writer, struct err *err)
{
    struct buf footer;
    buf_init(&footer, UINT32_MAX / 2);
    metadata_write_file(&footer, writer->columns, writer->column_count, &writer->options, buf_str(&writer->groups),
        writer->group_count, writer->rows);
    uint32_t length = (uint32_t)footer.n;
    buf_add(&footer, &length, sizeof length);
    buf_add_str(&footer, magic);
    bool ok = buf_ok(&footer, "a Parquet footer", err) && put(writer, footer.p, footer.n, err);
    buf_dispose(&footer);
    return ok;
}

bool parquet_writer_close(struct parquet_writer *writer, struct parquet_summary *summary, struct err *err)
{
    bool ok = close_group(writer, err) && write_footer(writer, err);
    *summary =
        (struct parquet_summary){.rows = writer->rows, .bytes = writer->offset, .row_groups = writer->group_count};
    sha256_finish(writer->sha, summary->sha256);
    writer->sha = NULL;
    parquet_writer_abort(writer);
    return ok;
}
