#include "worker/sink/spill.h"

#include "shared/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_BLOCK = 256 * 1024 * 1024, WRITE_BUFFER = 1024 * 1024, NO_BLOCK = UINT32_MAX };

struct block {
    uint64_t offset;
    uint32_t length, rows, next;
};

struct chain {
    uint32_t first, last;
};

struct spill {
    int fd;
    const char *path;
    uint64_t offset;
    struct buf pending; /* written blocks, not yet in the file */
    struct arena *arena, *scratch;
    const struct type *types;
    uint32_t column_count;
    struct block *blocks;
    size_t block_count, block_capacity;
    struct chain *chains; /* by partition */
    uint32_t chain_count;
};

struct spill *spill_open(const char *path, const struct type *types, uint32_t column_count, struct err *err)
{
    struct spill *s = calloc(1, sizeof *s);
    struct arena *arena = arena_new(0), *scratch = arena_new(0);
    struct type *copy = arena ? ARENA_ARRAY(arena, struct type, column_count) : NULL;
    const char *name = arena ? arena_cstr(arena, path) : NULL;
    int fd = s && scratch && copy && name ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0) {
        if (s && scratch && copy && name)
            ERR_ERRNO(err, "cannot create %s", path);
        else
            ERR(err, ERR_MEMORY, "no memory for a spill file");
        arena_free(arena);
        arena_free(scratch);
        free(s);
        return NULL;
    }
    unlink(path);
    memcpy(copy, types, column_count * sizeof *types);
    *s = (struct spill){
        .fd = fd, .path = name, .arena = arena, .scratch = scratch, .types = copy, .column_count = column_count};
    buf_init(&s->pending, MAX_BLOCK);
    return s;
}

static bool flush(struct spill *s, struct err *err)
{
    if (!buf_ok(&s->pending, "a spilled block", err) || !fs_write_all(s->fd, s->pending.p, s->pending.n, s->path, err))
        return false;
    s->offset += s->pending.n;
    buf_reset(&s->pending);
    return true;
}

static void write_column(struct buf *out, const struct vector *v, const uint32_t *rows, uint32_t n)
{
    size_t size = type_size(v->type);
    for (uint32_t i = 0; i < n; i++)
        buf_add_byte(out, (char)v->state[rows[i]]);
    for (uint32_t i = 0; i < n; i++) {
        if (v->state[rows[i]] != VALUE_PRESENT)
            continue;
        if (v->type.kind != TYPE_STRING) {
            buf_add(out, vector_at(v, rows[i]), size);
            continue;
        }
        uint32_t length = (uint32_t)v->str[rows[i]].n;
        buf_add(out, &length, sizeof length);
        buf_add_str(out, v->str[rows[i]]);
    }
}

static bool reach_chain(struct spill *s, uint32_t partition)
{
    if (partition < s->chain_count)
        return true;
    uint32_t larger = partition * 2 + 64;
    struct chain *chains = realloc(s->chains, larger * sizeof *chains);
    if (!chains)
        return false;
    for (uint32_t i = s->chain_count; i < larger; i++)
        chains[i] = (struct chain){NO_BLOCK, NO_BLOCK};
    s->chains = chains;
    s->chain_count = larger;
    return true;
}

bool spill_append(struct spill *s, uint32_t partition, const struct vector *const *columns, const uint32_t *rows,
    uint32_t n, struct err *err)
{
    void *blocks = s->blocks;
    if (!reach_chain(s, partition) ||
        !arena_reserve(s->arena, &blocks, s->block_count, &s->block_capacity, sizeof *s->blocks))
        return ERR(err, ERR_MEMORY, "no memory for the list of spilled blocks");
    s->blocks = blocks;
    size_t start = s->pending.n;
    for (uint32_t c = 0; c < s->column_count; c++)
        write_column(&s->pending, columns[c], rows, n);
    if (!buf_ok(&s->pending, "a spilled block", err))
        return false;
    uint32_t id = (uint32_t)s->block_count++;
    s->blocks[id] = (struct block){s->offset + start, (uint32_t)(s->pending.n - start), n, NO_BLOCK};
    struct chain *chain = &s->chains[partition];
    if (chain->last == NO_BLOCK)
        chain->first = id;
    else
        s->blocks[chain->last].next = id;
    chain->last = id;
    return s->pending.n < WRITE_BUFFER || flush(s, err);
}

static bool read_block(struct spill *s, const struct block *block, char *into, struct err *err)
{
    for (size_t at = 0; at < block->length;) {
        ssize_t n = pread(s->fd, into + at, block->length - at, (off_t)(block->offset + at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_ERRNO(err, "cannot read %s back", s->path);
        at += (size_t)n;
    }
    return true;
}

static const char *read_column(struct vector *v, const char *at)
{
    size_t size = type_size(v->type);
    memcpy(v->state, at, v->n);
    at += v->n;
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->state[i] != VALUE_PRESENT)
            continue;
        if (v->type.kind != TYPE_STRING) {
            memcpy(vector_at(v, i), at, size);
            at += size;
            continue;
        }
        uint32_t length;
        memcpy(&length, at, sizeof length);
        v->str[i] = (struct str){at + sizeof length, length};
        at += sizeof length + length;
    }
    return at;
}

bool spill_read(struct spill *s, uint32_t partition,
    bool (*each)(void *context, const struct vector *const *columns, uint32_t n, struct err *err), void *context,
    struct err *err)
{
    if (partition >= s->chain_count || !flush(s, err))
        return partition >= s->chain_count;
    for (uint32_t id = s->chains[partition].first; id != NO_BLOCK; id = s->blocks[id].next) {
        const struct block *block = &s->blocks[id];
        arena_reset(s->scratch);
        char *bytes = arena_alloc(s->scratch, block->length);
        struct vector *vectors = ARENA_ARRAY(s->scratch, struct vector, s->column_count);
        const struct vector **columns = ARENA_ARRAY(s->scratch, const struct vector *, s->column_count);
        if (!bytes || !vectors || !columns)
            return ERR(err, ERR_MEMORY, "no memory for a spilled block");
        if (!read_block(s, block, bytes, err))
            return false;
        const char *at = bytes;
        for (uint32_t c = 0; c < s->column_count; c++) {
            if (!vector_init(&vectors[c], s->types[c], block->rows, s->scratch))
                return ERR(err, ERR_MEMORY, "no memory for a spilled block");
            at = read_column(&vectors[c], at);
            columns[c] = &vectors[c];
        }
        if (!each(context, columns, block->rows, err))
            return false;
    }
    return true;
}

void spill_close(struct spill *s)
{
    if (!s)
        return;
    close(s->fd);
    buf_dispose(&s->pending);
    arena_free(s->arena);
    arena_free(s->scratch);
    free(s->chains);
    free(s);
}
