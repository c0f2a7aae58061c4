#include "worker/format/parquet/parquet_reader.h"

#include "worker/format/parquet/column_reader.h"
#include "worker/format/parquet/footer.h"
#include "worker/format/parquet/metadata.h"

#include <stdlib.h>

enum { MOST_FOOTER_MEMORY = 512 * 1024 * 1024 };

struct group {
    int64_t rows;
    struct chunk *chunks;
};

struct parquet_reader {
    int fd;
    char *name;
    struct arena *arena;  /* the footer and the row groups */
    struct arena *chosen; /* vectors of the columns */
    struct parquet_footer footer;
    uint64_t data_end; /* where the footer begins */
    struct group *groups;
    uint32_t group_count;
    struct column_reader *columns;
    uint32_t *indices; /* in the footer */
    uint32_t column_count;
    uint32_t group;    /* the next to begin */
    int64_t rows_left; /* of the present one */
};

/* ---- the footer's row groups ---- */

static void read_chunk_metadata(struct thrift_reader *reader, struct thrift_field field, struct chunk *chunk)
{
    int64_t data = -1, dictionary = 0;
    int16_t last = 0;
    struct thrift_field inner;
    thrift_read_struct(reader, field);
    while (thrift_read_field(reader, &last, &inner)) {
        switch (inner.id) {
        case 1:
            chunk->physical = thrift_read_i32(reader, inner);
            break;
        case 4:
            chunk->codec = thrift_read_i32(reader, inner);
            break;
        case 5:
            chunk->values = thrift_read_int(reader, inner);
            break;
        case 7:
            chunk->size = thrift_read_int(reader, inner);
            break;
        case 9:
            data = thrift_read_int(reader, inner);
            break;
        case 11:
            dictionary = thrift_read_int(reader, inner);
            break;
        default:
            thrift_skip(reader, inner);
        }
    }
    chunk->offset = dictionary > 0 && dictionary < data ? dictionary : data;
}

static void read_chunk(struct thrift_reader *reader, struct chunk *chunk)
{
    int16_t last = 0;
    struct thrift_field field;
    *chunk = (struct chunk){.offset = -1, .size = -1, .values = -1, .physical = -1, .codec = -1};
    while (thrift_read_field(reader, &last, &field)) {
        if (field.id == 3)
            read_chunk_metadata(reader, field, chunk);
        else
            thrift_skip(reader, field);
        chunk->is_elsewhere |= field.id == 1 || field.id == 8 || field.id == 9;
    }
}

static bool read_group(struct parquet_reader *r, struct thrift_reader *reader, struct group *group, struct err *err)
{
    int16_t last = 0;
    struct thrift_field field;
    group->rows = -1;
    while (thrift_read_field(reader, &last, &field)) {
        if (field.id == 3) {
            group->rows = thrift_read_int(reader, field);
        } else if (field.id == 1) {
            uint32_t count = thrift_read_list(reader, field, THRIFT_STRUCT);
            if (count != r->footer.column_count)
                return ERR(err, ERR_CORRUPT, "%s: a row group of %u columns, the schema has %u", r->name, count,
                    r->footer.column_count);
            group->chunks = ARENA_ARRAY(r->arena, struct chunk, count);
            if (!group->chunks)
                return ERR(err, ERR_MEMORY, "no memory for the row groups of %s", r->name);
            for (uint32_t i = 0; i < count && !reader->failed; i++)
                read_chunk(reader, &group->chunks[i]);
        } else {
            thrift_skip(reader, field);
        }
    }
    if (!reader->failed && (group->rows < 0 || !group->chunks))
        return ERR(err, ERR_CORRUPT, "%s: a row group without rows or columns", r->name);
    return true;
}

static bool read_groups(struct parquet_reader *r, struct str metadata, struct err *err)
{
    struct thrift_reader reader;
    struct thrift_field field;
    int16_t last = 0;
    thrift_read_init(&reader, metadata.p, metadata.n);
    while (thrift_read_field(&reader, &last, &field)) {
        if (field.id != 4) {
            thrift_skip(&reader, field);
            continue;
        }
        r->group_count = thrift_read_list(&reader, field, THRIFT_STRUCT);
        r->groups = ARENA_ARRAY(r->arena, struct group, r->group_count);
        if (!r->groups)
            return ERR(err, ERR_MEMORY, "no memory for the row groups of %s", r->name);
        for (uint32_t i = 0; i < r->group_count && !reader.failed; i++)
            if (!read_group(r, &reader, &r->groups[i], err))
                return false;
    }
    return !reader.failed || ERR(err, ERR_CORRUPT, "%s: the row groups of the footer cannot be read", r->name);
}

static bool check_groups(struct parquet_reader *r, struct err *err)
{
    uint64_t rows = 0;
    for (uint32_t g = 0; g < r->group_count; g++) {
        rows += (uint64_t)r->groups[g].rows;
        if (r->groups[g].rows > INT64_MAX / 2 || rows > INT64_MAX)
            return ERR(err, ERR_CORRUPT, "%s: row group %u states an impossible number of rows", r->name, g);
        for (uint32_t c = 0; c < r->footer.column_count; c++) {
            const struct chunk *chunk = &r->groups[g].chunks[c];
            if (chunk->is_elsewhere)
                continue;
            if (chunk->offset < 0 || chunk->size < 0 || (uint64_t)chunk->offset > r->data_end ||
                (uint64_t)chunk->size > r->data_end - (uint64_t)chunk->offset)
                return ERR(err, ERR_CORRUPT, "%s: row group %u, column " STR_FMT ": its bytes are not in the file",
                    r->name, g, STR_ARG(r->footer.columns[c].name));
        }
    }
    return rows == r->footer.rows || ERR(err, ERR_CORRUPT, "%s: the footer states %llu rows, the row groups hold %llu",
                                         r->name, (unsigned long long)r->footer.rows, (unsigned long long)rows);
}

static bool open_footer(struct parquet_reader *r, struct err *err)
{
    struct footer_bytes bytes;
    return parquet_read_footer(r->fd, r->name, &r->footer, r->arena, err) &&
           footer_load(r->fd, r->name, &bytes, r->arena, err) && (r->data_end = bytes.offset) > 0 &&
           read_groups(r, bytes.metadata, err) && check_groups(r, err);
}

struct parquet_reader *parquet_reader_open(int fd, const char *name, struct err *err)
{
    struct parquet_reader *r = calloc(1, sizeof *r);
    if (r) {
        r->fd = fd;
        r->arena = arena_new(MOST_FOOTER_MEMORY);
        r->name = r->arena ? arena_cstr(r->arena, name) : NULL;
    }
    if (!r || !r->name)
        ERR(err, ERR_MEMORY, "no memory to read %s", name);
    else if (open_footer(r, err))
        return r;
    parquet_reader_close(r);
    return NULL;
}

static void drop_columns(struct parquet_reader *r)
{
    for (uint32_t i = 0; i < r->column_count; i++)
        column_reader_dispose(&r->columns[i]);
    r->column_count = 0;
    arena_free(r->chosen);
    r->chosen = NULL;
}

void parquet_reader_close(struct parquet_reader *reader)
{
    if (!reader)
        return;
    drop_columns(reader);
    arena_free(reader->arena);
    free(reader);
}

const struct parquet_footer *parquet_reader_footer(const struct parquet_reader *reader)
{
    return &reader->footer;
}

/* ---- rows ---- */

bool parquet_reader_select(struct parquet_reader *r, const uint32_t *columns, uint32_t count, struct err *err)
{
    drop_columns(r);
    r->group = 0;
    r->rows_left = 0;
    r->chosen = arena_new(0);
    r->columns = r->chosen ? ARENA_ARRAY(r->chosen, struct column_reader, count) : NULL;
    r->indices = r->columns ? ARENA_ARRAY(r->chosen, uint32_t, count) : NULL;
    if (!r->indices)
        return ERR(err, ERR_MEMORY, "no memory to read %s", r->name);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = columns[i];
        if (index >= r->footer.column_count)
            return ERR(err, ERR_BUG, "%s has no column %u", r->name, index);
        r->indices[i] = index;
        r->columns[i] = (struct column_reader){
            .fd = r->fd, .name = r->name, .spec = &r->footer.columns[index], .leaf = &r->footer.leaves[index]};
        r->column_count++;
        if (!column_reader_init(&r->columns[i], r->chosen, err))
            return false;
    }
    return true;
}

static bool begin_group(struct parquet_reader *r, struct err *err)
{
    const struct group *group = &r->groups[r->group];
    for (uint32_t i = 0; i < r->column_count; i++) {
        const struct chunk *chunk = &group->chunks[r->indices[i]];
        if (!column_reader_begin(&r->columns[i], chunk, r->group, err))
            return false;
        if (chunk->values != group->rows)
            return column_fault(
                &r->columns[i], (uint64_t)chunk->offset, "other values than the row group has rows", err);
    }
    r->rows_left = group->rows;
    r->group++;
    return true;
}

bool parquet_reader_next(struct parquet_reader *r, const struct vector **vectors, uint32_t *n, struct err *err)
{
    *n = 0;
    while (!r->rows_left) {
        if (r->group == r->group_count)
            return true;
        if (!begin_group(r, err))
            return false;
    }
    uint32_t take = r->rows_left < PARQUET_SLICE ? (uint32_t)r->rows_left : PARQUET_SLICE;
    for (uint32_t i = 0; i < r->column_count; i++) {
        if (!column_reader_page(&r->columns[i], err))
            return false;
        take = r->columns[i].page_left < take ? r->columns[i].page_left : take;
    }
    for (uint32_t i = 0; i < r->column_count; i++) {
        if (!column_reader_take(&r->columns[i], take, err))
            return false;
        vectors[i] = &r->columns[i].vector;
    }
    r->rows_left -= take;
    *n = take;
    return true;
}
