#include "worker/format/parquet/footer.h"

#include "worker/format/parquet/schema.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL = 8, LARGEST_FOOTER = 64 * 1024 * 1024 };

bool footer_pread(int fd, const char *name, uint64_t offset, void *out, size_t n, struct err *err)
{
    char *at = out;
    while (n) {
        ssize_t got = pread(fd, at, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_ERRNO(err, "cannot read %s", name);
        if (got == 0)
            return ERR(err, ERR_CORRUPT, "%s ends at byte %llu", name, (unsigned long long)offset);
        at += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

bool footer_load(int fd, const char *name, struct footer_bytes *footer, struct arena *arena, struct err *err)
{
    struct stat st;
    char head[4], tail[TAIL];
    uint32_t length;
    if (fstat(fd, &st) != 0)
        return ERR_ERRNO(err, "cannot look at %s", name);
    footer->file_size = (uint64_t)st.st_size;
    if (footer->file_size < sizeof head + TAIL)
        return ERR(err, ERR_CORRUPT, "%s: %llu bytes are no Parquet file", name, (unsigned long long)st.st_size);
    if (!footer_pread(fd, name, 0, head, sizeof head, err) ||
        !footer_pread(fd, name, footer->file_size - TAIL, tail, TAIL, err))
        return false;
    memcpy(&length, tail, sizeof length);
    if (memcmp(tail + 4, "PARE", 4) == 0)
        return ERR(err, ERR_CORRUPT, "%s: the footer is encrypted", name);
    if (memcmp(tail + 4, "PAR1", 4) != 0)
        return ERR(err, ERR_CORRUPT, "%s: no PAR1 at the end: not Parquet, or cut short", name);
    if (memcmp(head, "PAR1", 4) != 0)
        return ERR(err, ERR_CORRUPT, "%s: no PAR1 at the start: not a Parquet file", name);
    if (length > footer->file_size - TAIL - sizeof head || length > LARGEST_FOOTER)
        return ERR(err, ERR_CORRUPT, "%s: a footer of %u bytes does not fit in the file", name, length);
    footer->offset = footer->file_size - TAIL - length;
    char *bytes = arena_alloc(arena, (size_t)length + 1);
    if (!bytes)
        return ERR(err, ERR_MEMORY, "no memory for the footer of %s", name);
    footer->metadata = (struct str){bytes, length};
    return footer_pread(fd, name, footer->offset, bytes, length, err);
}

static void read_pair(struct thrift_reader *reader, struct str *key, struct str *value)
{
    int16_t last = 0;
    struct thrift_field field;
    *key = *value = STR("");
    while (thrift_read_field(reader, &last, &field)) {
        if (field.id == 1)
            *key = thrift_read_binary(reader, field);
        else if (field.id == 2)
            *value = thrift_read_binary(reader, field);
        else
            thrift_skip(reader, field);
    }
}

static bool read_metadata(struct thrift_reader *reader, struct thrift_field field, const char *name,
    struct parquet_footer *footer, struct arena *arena, struct err *err)
{
    uint32_t count = thrift_read_list(reader, field, THRIFT_STRUCT);
    footer->metadata_keys = ARENA_ARRAY(arena, struct str, (size_t)count + 1);
    footer->metadata_values = ARENA_ARRAY(arena, struct str, (size_t)count + 1);
    if (!footer->metadata_keys || !footer->metadata_values)
        return ERR(err, ERR_MEMORY, "no memory for the metadata of %s", name);
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        read_pair(reader, &footer->metadata_keys[i], &footer->metadata_values[i]);
    footer->metadata_count = count;
    return true;
}

static void skip_groups(struct thrift_reader *reader, struct thrift_field field, struct parquet_footer *footer)
{
    int16_t last;
    struct thrift_field inner;
    footer->row_groups = thrift_read_list(reader, field, THRIFT_STRUCT);
    for (uint32_t i = 0; i < footer->row_groups && !reader->failed; i++)
        for (last = 0; thrift_read_field(reader, &last, &inner);)
            thrift_skip(reader, inner);
}

static bool read_field(struct thrift_reader *reader, struct thrift_field field, const char *name,
    struct parquet_footer *footer, struct arena *arena, struct err *err)
{
    switch (field.id) {
    case 2:
        return schema_read(reader, field, name, footer, arena, err);
    case 3:
        footer->rows = (uint64_t)thrift_read_int(reader, field);
        return true;
    case 4:
        skip_groups(reader, field, footer);
        return true;
    case 5:
        return read_metadata(reader, field, name, footer, arena, err);
    case 6:
        footer->created_by = thrift_read_binary(reader, field);
        return true;
    default:
        thrift_skip(reader, field);
        return true;
    }
}

bool parquet_read_footer(int fd, const char *name, struct parquet_footer *footer, struct arena *arena, struct err *err)
{
    struct footer_bytes bytes;
    struct thrift_reader reader;
    struct thrift_field field;
    int16_t last = 0;
    *footer = (struct parquet_footer){.created_by = STR("")};
    if (!footer_load(fd, name, &bytes, arena, err))
        return false;
    thrift_read_init(&reader, bytes.metadata.p, bytes.metadata.n);
    while (thrift_read_field(&reader, &last, &field))
        if (!read_field(&reader, field, name, footer, arena, err))
            return false;
    if (reader.failed)
        return ERR(err, ERR_CORRUPT, "%s: the footer cannot be read at its byte %zu", name,
            (size_t)(reader.at - (const uint8_t *)bytes.metadata.p));
    if (!footer->column_count || footer->rows > INT64_MAX)
        return ERR(err, ERR_CORRUPT, "%s: the footer states no columns or no row count", name);
    return true;
}
