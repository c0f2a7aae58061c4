#include "worker/format/parquet/column_reader.h"

#include "worker/format/parquet/codec.h"
#include "worker/format/parquet/footer.h"
#include "worker/format/parquet/metadata.h"

#include <stdlib.h>

enum {
    WINDOW = 64 * 1024,           /* read ahead; and the most a page header may take */
    MOST_PAGE = 256 * 1024 * 1024 /* of a page's body */
};

bool column_fault(const struct column_reader *column, uint64_t offset, const char *what, struct err *err)
{
    return ERR(err, ERR_CORRUPT, "%s: row group %u, column " STR_FMT ", byte %llu: %s", column->name, column->group,
        STR_ARG(column->spec->name), (unsigned long long)offset, what);
}

bool column_unsupported(const struct column_reader *column, const char *what, struct err *err)
{
    return ERR_REJECT(err, "unsupported-parquet", "%s: column " STR_FMT ": %s cannot be read", column->name,
        STR_ARG(column->spec->name), what);
}

static bool no_memory(const struct column_reader *column, struct err *err)
{
    return ERR(
        err, ERR_MEMORY, "no memory to read column " STR_FMT " of %s", STR_ARG(column->spec->name), column->name);
}

bool column_reader_init(struct column_reader *column, struct arena *arena, struct err *err)
{
    buf_init(&column->file, (size_t)MOST_PAGE + WINDOW);
    buf_init(&column->page, (size_t)MOST_PAGE + DECODE_PAD);
    buf_init(&column->dictionary_page, (size_t)MOST_PAGE + DECODE_PAD);
    buf_init(&column->previous, MOST_PAGE);
    buf_init(&column->texts, MOST_PAGE);
    if (column->leaf->is_nested)
        return column_unsupported(column, "a nested or repeated column", err);
    if (column->leaf->unreadable)
        return column_unsupported(column, column->leaf->unreadable, err);
    if (column->leaf->physical == PHYSICAL_FIXED && (!column->leaf->width || column->leaf->width > 64))
        return column_unsupported(column, "a fixed length of no or more than 64 bytes", err);
    column->raw = arena_alloc(arena, PARQUET_SLICE * raw_size(column->leaf));
    if (!vector_init(&column->vector, column->spec->type, PARQUET_SLICE, arena) || !column->raw)
        return no_memory(column, err);
    return true;
}

void column_reader_dispose(struct column_reader *column)
{
    buf_dispose(&column->file);
    buf_dispose(&column->page);
    buf_dispose(&column->dictionary_page);
    buf_dispose(&column->previous);
    buf_dispose(&column->texts);
    free(column->dictionary_room);
    column->dictionary_room = NULL;
}

bool column_reader_begin(struct column_reader *column, const struct chunk *chunk, uint32_t group, struct err *err)
{
    static const char *const others[] = {[3] = "LZO", [4] = "Brotli", [5] = "LZ4", [7] = "LZ4_RAW"};
    /* parquet.thrift's numbers of codecs, as ours */
    static const enum parquet_codec ours[] = {
        [0] = PARQUET_UNCOMPRESSED, [1] = PARQUET_SNAPPY, [2] = PARQUET_GZIP, [6] = PARQUET_ZSTD};
    column->group = group;
    if (chunk->is_elsewhere)
        return column_unsupported(column, "an encrypted column, or one in another file,", err);
    if (chunk->physical != column->leaf->physical)
        return column_fault(column, (uint64_t)chunk->offset, "another physical type than the schema's", err);
    if (chunk->codec < 0 || chunk->codec > 7)
        return column_unsupported(column, "a compression codec of a later format", err);
    if (others[chunk->codec])
        return column_unsupported(column, others[chunk->codec], err);
    column->codec = chunk->codec == 7 ? PARQUET_UNCOMPRESSED : ours[chunk->codec];
    column->at = (uint64_t)chunk->offset;
    column->end = column->at + (uint64_t)chunk->size;
    column->chunk_left = (uint64_t)chunk->values;
    column->page_left = 0;
    column->dictionary.n = 0;
    return true;
}

/* n bytes of the file from offset on, n at most what the chunk has left. NULL: err. */
static const char *look(struct column_reader *column, uint64_t offset, size_t n, struct err *err)
{
    struct buf *file = &column->file;
    if (offset >= column->file_offset && offset + n <= column->file_offset + file->n)
        return file->p + (offset - column->file_offset);
    size_t kept = 0;
    if (offset >= column->file_offset && offset < column->file_offset + file->n) {
        kept = (size_t)(column->file_offset + file->n - offset);
        memmove(file->p, file->p + (offset - column->file_offset), kept);
    }
    uint64_t left = column->end - offset;
    size_t wanted = left < n + WINDOW ? (size_t)left : n + WINDOW;
    file->n = 0;
    if (!buf_reserve(file, wanted)) {
        no_memory(column, err);
        return NULL;
    }
    column->file_offset = offset;
    file->n = kept;
    if (wanted > kept && !footer_pread(column->fd, column->name, offset + kept, file->p + kept, wanted - kept, err)) {
        file->n = 0;
        return NULL;
    }
    file->n = wanted;
    return file->p;
}

static bool read_header(struct column_reader *column, struct page_header *header, struct err *err)
{
    uint64_t left = column->end - column->at;
    size_t n = left < WINDOW ? (size_t)left : WINDOW;
    const char *p = n ? look(column, column->at, n, err) : NULL;
    if (!p)
        return n ? false : column_fault(column, column->at, "the column ends before its last row", err);
    if (!page_read_header(p, n, header))
        return column_fault(column, column->at, "no page header", err);
    if ((uint64_t)header->compressed_size > left - header->size)
        return column_fault(column, column->at, "a page reaches over the end of its column", err);
    if (header->compressed_size > MOST_PAGE || header->uncompressed_size > MOST_PAGE)
        return column_unsupported(column, "a page of more than 256 MiB", err);
    return true;
}

/* A fuzzer's changes would all end at the CRC; there it holds (libFuzzer's own name for such a build). */
static bool crc_holds(const struct page_header *header, const char *p)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    (void)header, (void)p;
    return true;
#else
    return !header->has_crc || page_crc(0, p, (size_t)header->compressed_size) == header->crc;
#endif
}

/* The page's body, checked and decompressed, into out; the first plain bytes of it are not compressed. */
static bool read_body(
    struct column_reader *column, const struct page_header *header, size_t plain, struct buf *out, struct err *err)
{
    size_t size = (size_t)header->compressed_size, full = (size_t)header->uncompressed_size;
    uint64_t offset = column->at + header->size;
    const char *p = size ? look(column, offset, size, err) : "";
    if (!p)
        return false;
    if (!crc_holds(header, p))
        return column_fault(column, column->at, "the CRC of a page is wrong", err);
    if (plain > size || plain > full)
        return column_fault(column, column->at, "levels longer than their page", err);
    buf_reset(out);
    if (!buf_reserve(out, full + DECODE_PAD))
        return no_memory(column, err);
    memcpy(out->p, p, plain);
    struct str rest = {p + plain, size - plain};
    enum parquet_codec codec = header->is_compressed ? column->codec : PARQUET_UNCOMPRESSED;
    if ((rest.n || full > plain) && !codec_decompress(codec, rest, out->p + plain, full - plain, err))
        return err->kind == ERR_MEMORY ? false : column_fault(column, column->at, "a page does not decompress", err);
    memset(out->p + full, 0, DECODE_PAD);
    out->n = full;
    return true;
}

static bool read_dictionary(struct column_reader *column, const struct page_header *header, struct err *err)
{
    if (header->encoding != ENCODING_PLAIN && header->encoding != ENCODING_PLAIN_DICTIONARY)
        return column_unsupported(column, "a dictionary that is not PLAIN", err);
    if (column->dictionary.n || column->leaf->physical == PHYSICAL_BOOLEAN)
        return column_fault(column, column->at, "a dictionary where none can be", err);
    size_t least = column->leaf->physical == PHYSICAL_BYTE_ARRAY ? sizeof(uint32_t) : raw_size(column->leaf);
    if (!read_body(column, header, 0, &column->dictionary_page, err))
        return false;
    if (header->values < 0 || (uint64_t)header->values > column->dictionary_page.n / least)
        return column_fault(column, column->at, "a dictionary of more values than its page holds", err);
    uint32_t n = (uint32_t)header->values;
    size_t size = type_size(column->spec->type);
    free(column->dictionary_room);
    column->dictionary_room = malloc((size_t)n * size + 1);
    if (!column->dictionary_room)
        return no_memory(column, err);
    column->dictionary = (struct vector){.type = column->spec->type, .n = n, .data = column->dictionary_room};
    column->encoding = ENCODING_PLAIN;
    column->values = (const uint8_t *)column->dictionary_page.p;
    column->values_end = column->values + column->dictionary_page.n;
    for (uint32_t done = 0; done < n;) {
        uint32_t take = n - done < PARQUET_SLICE ? n - done : PARQUET_SLICE;
        if (!raw_take(column, take, (char *)column->dictionary_room + done * size, err))
            return false;
        done += take;
    }
    return true;
}

/* Where the levels of a page end and its values begin. */
static bool begin_levels(struct column_reader *column, const struct page_header *header, struct err *err)
{
    const uint8_t *p = (const uint8_t *)column->page.p;
    size_t n = column->page.n;
    column->values = p;
    column->values_end = p + n;
    if (header->type == PAGE_DATA_V2) {
        column->values += header->levels;
        hybrid_init(&column->levels, p, (size_t)header->levels, 1);
        return true;
    }
    if (!column->spec->nullable)
        return true;
    uint32_t length;
    if (header->level_encoding != ENCODING_RLE)
        return column_unsupported(column, "the BIT_PACKED encoding of levels", err);
    if (n < sizeof length)
        return column_fault(column, column->at, "a page too short for its levels", err);
    memcpy(&length, p, sizeof length);
    if (length > n - sizeof length)
        return column_fault(column, column->at, "levels longer than their page", err);
    hybrid_init(&column->levels, p + sizeof length, length, 1);
    column->values += sizeof length + length;
    return true;
}

static bool read_data(struct column_reader *column, const struct page_header *header, struct err *err)
{
    bool is_v2 = header->type == PAGE_DATA_V2;
    if (header->values < 0 || (uint64_t)header->values > column->chunk_left)
        return column_fault(column, column->at, "the pages hold more values than the footer states", err);
    if (is_v2 && (header->repetition != 0 || header->levels < 0))
        return column_fault(column, column->at, "impossible levels", err);
    if (!read_body(column, header, is_v2 ? (size_t)header->levels : 0, &column->page, err) ||
        !begin_levels(column, header, err))
        return false;
    column->encoding = header->encoding;
    column->page_left = (uint32_t)header->values;
    column->chunk_left -= column->page_left;
    return raw_begin(column, err);
}

bool column_reader_page(struct column_reader *column, struct err *err)
{
    while (!column->page_left) {
        struct page_header header;
        bool ok = read_header(column, &header, err);
        if (ok && header.type == PAGE_DICTIONARY)
            ok = read_dictionary(column, &header, err);
        else if (ok && (header.type == PAGE_DATA || header.type == PAGE_DATA_V2))
            ok = read_data(column, &header, err);
        if (!ok)
            return false;
        column->at += header.size + (uint64_t)header.compressed_size;
    }
    return true;
}

/* present values lie at the front of the vector: each goes to its row, last first. */
static void spread(struct vector *vector, uint32_t n, uint32_t present)
{
    size_t size = type_size(vector->type);
    char *data = vector->data;
    for (uint32_t row = n; row-- && present < row + 1;)
        if (vector->state[row] == VALUE_PRESENT) {
            present--;
            memcpy(data + row * size, data + present * size, size);
        } else {
            memset(data + row * size, 0, size);
        }
}

bool column_reader_take(struct column_reader *column, uint32_t n, struct err *err)
{
    struct vector *vector = &column->vector;
    uint32_t present = n;
    if (column->spec->nullable) {
        if (!hybrid_read_bits(&column->levels, vector->state, n))
            return column_fault(column, column->at, "the levels end before the page", err);
        present = 0;
        for (uint32_t i = 0; i < n; i++) {
            present += vector->state[i];
            vector->state[i] = vector->state[i] ? VALUE_PRESENT : VALUE_NULL;
        }
    } else {
        memset(vector->state, VALUE_PRESENT, n);
    }
    if (!raw_take(column, present, vector->data, err))
        return false;
    if (present < n)
        spread(vector, n, present);
    vector->n = n;
    column->page_left -= n;
    return true;
}
