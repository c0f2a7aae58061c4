#include "worker/format/parquet/footer.h"

#include "worker/format/parquet/page.h"
#include "worker/format/parquet/thrift.h"

#include <stdlib.h>

enum { WINDOW = 64 * 1024 }; /* holds any header of ours, and is what a body is read by */

struct chunk {
    int64_t values, uncompressed, compressed, data_offset, dictionary_offset;
};

struct checker {
    int fd;
    const char *name;
    struct parquet_check *check;
    struct thrift_reader reader;
    uint64_t footer_offset, at; /* at: where the next chunk must begin */
    uint32_t group, column;
    uint64_t group_values; /* of the columns of this row group; each the same */
    char *window;
};

static bool fault(const struct checker *c, uint64_t offset, const char *what, struct err *err)
{
    return ERR(err, ERR_CORRUPT, "%s: row group %u, column %u, byte %llu: %s", c->name, c->group, c->column,
        (unsigned long long)offset, what);
}

static bool check_body(struct checker *c, const struct page_header *header, uint64_t offset, struct err *err)
{
    uint32_t crc = 0;
    for (size_t left = (size_t)header->compressed_size; left;) {
        size_t n = left < WINDOW ? left : WINDOW;
        if (!footer_pread(c->fd, c->name, offset, c->window, n, err))
            return false;
        crc = page_crc(crc, c->window, n);
        offset += n;
        left -= n;
    }
    if (!header->has_crc)
        return fault(c, offset, "a page without a CRC", err);
    return crc == header->crc ||
           fault(c, offset - (uint64_t)header->compressed_size, "the CRC of a page is wrong", err);
}

static bool check_page(struct checker *c, uint64_t end, struct page_header *header, struct err *err)
{
    size_t n = end - c->at < WINDOW ? (size_t)(end - c->at) : WINDOW;
    if (!footer_pread(c->fd, c->name, c->at, c->window, n, err))
        return false;
    if (!page_read_header(c->window, n, header))
        return fault(c, c->at, "no page header", err);
    if ((uint64_t)header->compressed_size > end - c->at - header->size)
        return fault(c, c->at, "a page reaches over the end of its column", err);
    if (header->values < 0)
        return fault(c, c->at, "a page does not count its values", err);
    uint64_t body = c->at + header->size;
    c->at = body + (uint64_t)header->compressed_size;
    c->check->pages++;
    return check_body(c, header, body, err);
}

static bool check_chunk(struct checker *c, const struct chunk *chunk, struct err *err)
{
    int64_t start = chunk->dictionary_offset > 0 ? chunk->dictionary_offset : chunk->data_offset;
    if (start < 0 || (uint64_t)start != c->at)
        return fault(c, c->at, "the column does not begin where the one before it ends", err);
    if (chunk->compressed < 0 || (uint64_t)chunk->compressed > c->footer_offset - c->at)
        return fault(c, c->at, "the column reaches into the footer", err);
    uint64_t end = c->at + (uint64_t)chunk->compressed, values = 0, uncompressed = 0;
    while (c->at < end) {
        struct page_header header;
        bool is_first_data = c->at == (uint64_t)chunk->data_offset;
        if (!check_page(c, end, &header, err))
            return false;
        if (is_first_data && header.type != PAGE_DATA)
            return fault(c, c->at, "no data page where the footer says", err);
        if (header.type == PAGE_DATA || header.type == PAGE_DATA_V2)
            values += (uint64_t)header.values;
        uncompressed += header.size + (uint64_t)header.uncompressed_size;
    }
    if (chunk->values < 0 || values != (uint64_t)chunk->values)
        return fault(c, end, "the pages hold other than the stated number of values", err);
    if (chunk->uncompressed < 0 || uncompressed != (uint64_t)chunk->uncompressed)
        return fault(c, end, "the pages hold other than the stated number of bytes", err);
    if (c->column && values != c->group_values)
        return fault(c, end, "the columns of a row group differ in length", err);
    c->group_values = values;
    c->check->values += values;
    return true;
}

static void read_chunk_metadata(struct thrift_reader *reader, struct thrift_field field, struct chunk *chunk)
{
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        int64_t *into = inner.id == 5    ? &chunk->values
                        : inner.id == 6  ? &chunk->uncompressed
                        : inner.id == 7  ? &chunk->compressed
                        : inner.id == 9  ? &chunk->data_offset
                        : inner.id == 11 ? &chunk->dictionary_offset
                                         : NULL;
        if (into)
            *into = thrift_read_int(reader, inner);
        else
            thrift_skip(reader, inner);
    }
}

static bool check_columns(struct checker *c, struct thrift_field field, struct err *err)
{
    uint32_t count = thrift_read_list(&c->reader, field, THRIFT_STRUCT);
    for (c->column = 0; c->column < count && !c->reader.failed; c->column++) {
        struct chunk chunk = {.values = -1, .uncompressed = -1, .compressed = -1, .data_offset = -1};
        struct thrift_field inner;
        for (int16_t last = 0; thrift_read_field(&c->reader, &last, &inner);) {
            if (inner.id == 3)
                read_chunk_metadata(&c->reader, inner, &chunk);
            else
                thrift_skip(&c->reader, inner);
        }
        if (!c->reader.failed && !check_chunk(c, &chunk, err))
            return false;
    }
    return true;
}

static bool check_groups(struct checker *c, struct thrift_field field, struct err *err)
{
    uint32_t count = thrift_read_list(&c->reader, field, THRIFT_STRUCT);
    for (c->group = 0; c->group < count && !c->reader.failed; c->group++) {
        int64_t rows = -1;
        struct thrift_field inner;
        c->group_values = 0;
        for (int16_t last = 0; thrift_read_field(&c->reader, &last, &inner);) {
            if (inner.id == 1 && !check_columns(c, inner, err))
                return false;
            if (inner.id == 3)
                rows = thrift_read_int(&c->reader, inner);
            else if (inner.id != 1)
                thrift_skip(&c->reader, inner);
        }
        if (!c->reader.failed && (rows < 0 || (uint64_t)rows != c->group_values))
            return fault(c, c->at, "the row group states another number of rows than its columns hold", err);
        c->check->rows += c->group_values;
    }
    return true;
}

static bool check_file(struct checker *c, struct err *err)
{
    int16_t last = 0;
    int64_t rows = -1;
    struct thrift_field field;
    while (thrift_read_field(&c->reader, &last, &field)) {
        if (field.id == 4 && !check_groups(c, field, err))
            return false;
        if (field.id == 3)
            rows = thrift_read_int(&c->reader, field);
        else if (field.id != 4)
            thrift_skip(&c->reader, field);
    }
    if (c->reader.failed)
        return ERR(err, ERR_CORRUPT, "%s: the footer cannot be read", c->name);
    if (c->at != c->footer_offset)
        return ERR(err, ERR_CORRUPT, "%s: bytes %llu to %llu belong to no column", c->name, (unsigned long long)c->at,
            (unsigned long long)c->footer_offset);
    if (rows < 0 || (uint64_t)rows != c->check->rows)
        return ERR(err, ERR_CORRUPT, "%s: the footer states %lld rows, the row groups hold %llu", c->name,
            (long long)rows, (unsigned long long)c->check->rows);
    return true;
}

bool parquet_check_pages(int fd, const char *name, struct parquet_check *check, struct err *err)
{
    struct footer_bytes footer;
    struct arena *arena = arena_new(0);
    *check = (struct parquet_check){0};
    if (!arena)
        return ERR(err, ERR_MEMORY, "no memory to check %s", name);
    bool ok = footer_load(fd, name, &footer, arena, err);
    if (ok) {
        struct checker c = {.fd = fd, .name = name, .check = check, .footer_offset = footer.offset, .at = 4};
        check->bytes = footer.file_size;
        thrift_read_init(&c.reader, footer.metadata.p, footer.metadata.n);
        c.window = arena_alloc(arena, WINDOW);
        ok = c.window ? check_file(&c, err) : ERR(err, ERR_MEMORY, "no memory to check %s", name);
    }
    arena_free(arena);
    return ok;
}
