#include "worker/batch/batch.h"

#include <stdlib.h>

struct batch *batch_new(size_t limit)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch)
        batch->arena = arena_new(limit);
    if (batch && batch->arena)
        return batch;
    free(batch);
    return NULL;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    arena_free(batch->arena);
    free(batch);
}

void batch_reset(struct batch *batch)
{
    struct arena *arena = batch->arena;
    arena_reset(arena);
    *batch = (struct batch){.arena = arena};
}

/* Row from goes to the place to, at or before it. */
static void move_row(struct batch *batch, uint32_t from, uint32_t to)
{
    batch->rows[to] = batch->rows[from];
    batch->marks[to] = batch->marks[from];
    memmove(batch->cells + (size_t)to * batch->width, batch->cells + (size_t)from * batch->width,
        batch->width * sizeof *batch->cells);
}

/* to[row]: where it went, or UINT32_MAX. */
static void keep_errors(struct batch *batch, const uint32_t *to)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->error_count; i++) {
        struct row_error error = batch->errors[i];
        error.row = to[error.row];
        if (error.row != UINT32_MAX)
            batch->errors[kept++] = error;
    }
    batch->error_count = kept;
}

bool batch_keep(struct batch *batch, const struct row_place *places, size_t count, struct err *err)
{
    uint32_t *to = ARENA_ARRAY(batch->arena, uint32_t, batch->n + 1);
    uint64_t *own = ARENA_ARRAY(batch->arena, uint64_t, batch->n + 1);
    uint32_t kept = 0;
    size_t at = 0;
    if (!to || !own)
        return ERR(err, ERR_MEMORY, "no memory to choose the rows of a batch");
    for (uint32_t i = 0; i < batch->n; i++) {
        const struct row *row = &batch->rows[i];
        to[i] = UINT32_MAX;
        while (at < count && places[at].offset < row->offset)
            at++;
        if (at == count || places[at].offset != row->offset || places[at].length != row->length)
            continue;
        move_row(batch, i, kept);
        own[kept] = places[at].number;
        to[i] = kept++;
    }
    keep_errors(batch, to);
    batch->n = kept;
    batch->numbers = own;
    return true;
}

bool batch_error(struct batch *batch, const struct row_error *error, struct err *err)
{
    void *list = batch->errors;
    if (!arena_reserve(batch->arena, &list, batch->error_count, &batch->error_capacity, sizeof *error))
        return ERR(err, ERR_MEMORY, "no memory for the errors of a batch");
    batch->errors = list;
    batch->errors[batch->error_count++] = *error;
    uint8_t *mark = &batch->marks[error->row];
    *mark = error->code == CODE_PRIMARY_KEY && *mark == MARK_GOOD ? MARK_DUPLICATE : MARK_REJECTED;
    return true;
}

/* Merge sort of runs: errors come nearly sorted (one run a stage and column), and equal rows must keep their order. */
static void merge(struct row_error *into, const struct row_error *a, size_t na, const struct row_error *b, size_t nb)
{
    while (na && nb) {
        bool first = a->row <= b->row;
        *into++ = first ? *a++ : *b++;
        if (first)
            na--;
        else
            nb--;
    }
    for (; na; na--)
        *into++ = *a++;
    for (; nb; nb--)
        *into++ = *b++;
}

void batch_sort_errors(struct batch *batch)
{
    size_t n = batch->error_count;
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = batch->errors[i - 1].row <= batch->errors[i].row;
    struct row_error *other = sorted ? NULL : arena_alloc(batch->arena, n * sizeof *other);
    if (!other)
        return;
    struct row_error *from = batch->errors, *to = other;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t at = 0; at < n; at += 2 * width) {
            size_t left = n - at < width ? n - at : width;
            size_t right = n - at - left < width ? n - at - left : width;
            merge(to + at, from + at, left, from + at + left, right);
        }
        struct row_error *swap = from;
        from = to;
        to = swap;
    }
    batch->errors = from;
    batch->error_capacity = n;
}

static bool is_escaped(struct escapes escapes, char c)
{
    bool special = c == escapes.quote || c == escapes.delimiter || c == '\n' || c == '\r';
    return c == escapes.escape || (special && escapes.escape != escapes.quote);
}

size_t escapes_resolve(struct escapes escapes, struct str raw, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        if (escapes.escape && raw.p[i] == escapes.escape && i + 1 < raw.n && is_escaped(escapes, raw.p[i + 1]))
            i++;
        out[n++] = raw.p[i];
    }
    return n;
}

struct str batch_cell_text(struct batch *batch, struct cell cell)
{
    struct str text = {batch->text + cell.offset, cell.length & CELL_LENGTH};
    if (!(cell.length & CELL_ESCAPED))
        return text;
    char *out = arena_alloc(batch->arena, text.n);
    if (!out)
        return (struct str){0};
    return (struct str){out, escapes_resolve(batch->escapes, text, out)};
}

bool vector_init(struct vector *vector, struct type type, uint32_t n, struct arena *arena)
{
    vector->type = type;
    vector->n = n;
    vector->state = arena_calloc(arena, n ? n : 1, 1);
    vector->data = arena_alloc(arena, (size_t)n * type_size(type));
    return vector->state && vector->data;
}
