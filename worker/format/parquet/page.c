#include "worker/format/parquet/page.h"

#include "worker/format/parquet/codec.h"
#include "worker/format/parquet/thrift.h"

#include <stdlib.h>
#include <zlib.h>

uint32_t page_crc(uint32_t crc, const void *p, size_t n)
{
    return (uint32_t)crc32_z(crc, p, n);
}

static void write_header(const struct page *page, struct str stored, struct buf *out)
{
    struct thrift_writer writer;
    thrift_init(&writer, out);
    thrift_i32(&writer, 1, page->type);
    thrift_i32(&writer, 2, (int32_t)page->body.n);
    thrift_i32(&writer, 3, (int32_t)stored.n);
    thrift_i32(&writer, 4, (int32_t)page_crc(0, stored.p, stored.n));
    thrift_begin_field(&writer, page->type == PAGE_DICTIONARY ? 7 : 5);
    thrift_i32(&writer, 1, (int32_t)page->values);
    thrift_i32(&writer, 2, page->encoding);
    if (page->type == PAGE_DATA) {
        thrift_i32(&writer, 3, ENCODING_RLE);
        thrift_i32(&writer, 4, ENCODING_RLE);
    }
    thrift_end(&writer);
    thrift_end(&writer);
}

struct stored_page *page_store(const struct page *page, const struct parquet_options *options, struct err *err)
{
    struct str body;
    struct buf header;
    struct stored_page *stored = NULL;
    if (!codec_compress(options->codec, options->level, page->body, &body, err))
        return NULL;
    buf_init(&header, 256);
    write_header(page, body, &header);
    if (!header.failed)
        stored = malloc(sizeof *stored + header.n + body.n);
    if (stored) {
        stored->next = NULL;
        stored->n = header.n + body.n;
        stored->uncompressed = header.n + page->body.n;
        memcpy(stored->bytes, header.p, header.n);
        if (body.n)
            memcpy(stored->bytes + header.n, body.p, body.n);
    } else {
        ERR(err, ERR_MEMORY, "no memory for a Parquet page of %zu bytes", body.n);
    }
    buf_dispose(&header);
    return stored;
}

/* num_values is field 1 of every kind of page header; the rest is numbered by kind. */
static void read_kind(struct thrift_reader *reader, struct thrift_field field, struct page_header *header)
{
    bool is_v2 = field.id == 8;
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        if (inner.id == 1)
            header->values = thrift_read_i32(reader, inner);
        else if (inner.id == (is_v2 ? 4 : 2))
            header->encoding = thrift_read_i32(reader, inner);
        else if (inner.id == 3 && field.id == 5)
            header->level_encoding = thrift_read_i32(reader, inner);
        else if (inner.id == 5 && is_v2)
            header->levels = thrift_read_i32(reader, inner);
        else if (inner.id == 6 && is_v2)
            header->repetition = thrift_read_i32(reader, inner);
        else if (inner.id == 7 && is_v2)
            header->is_compressed = thrift_read_bool(reader, inner);
        else
            thrift_skip(reader, inner);
    }
}

bool page_read_header(const void *p, size_t n, struct page_header *header)
{
    struct thrift_reader reader;
    struct thrift_field field;
    int16_t last = 0;
    *header = (struct page_header){.type = -1,
        .uncompressed_size = -1,
        .compressed_size = -1,
        .values = -1,
        .encoding = -1,
        .level_encoding = ENCODING_RLE,
        .is_compressed = true};
    thrift_read_init(&reader, p, n);
    while (thrift_read_field(&reader, &last, &field)) {
        switch (field.id) {
        case 1:
            header->type = thrift_read_i32(&reader, field);
            break;
        case 2:
            header->uncompressed_size = thrift_read_i32(&reader, field);
            break;
        case 3:
            header->compressed_size = thrift_read_i32(&reader, field);
            break;
        case 4:
            header->has_crc = true;
            header->crc = (uint32_t)thrift_read_i32(&reader, field);
            break;
        case 5:
        case 7:
        case 8:
            read_kind(&reader, field, header);
            break;
        default:
            thrift_skip(&reader, field);
        }
    }
    header->size = (size_t)(reader.at - (const uint8_t *)p);
    return !reader.failed && header->type >= 0 && header->uncompressed_size >= 0 && header->compressed_size >= 0;
}
