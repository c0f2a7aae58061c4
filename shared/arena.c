#include "shared/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_BLOCK = 16 * 1024, LARGEST_BLOCK = 4 * 1024 * 1024 };

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGNMENT) unsigned char data[];
};

struct closer {
    struct closer *next;
    void (*close)(void *);
    void *context;
};

struct arena {
    struct block *blocks;
    struct closer *closers;
    size_t limit, held, used;
    size_t before; /* held when it was last reset: what it will need again */
};

struct arena *arena_new(size_t limit)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->limit = limit;
    return arena;
}

static void run_closers(struct arena *arena)
{
    while (arena->closers) {
        struct closer *closer = arena->closers;
        arena->closers = closer->next;
        closer->close(closer->context);
    }
}

static void free_blocks(struct arena *arena, struct block *keep)
{
    struct block *block = arena->blocks;
    while (block) {
        struct block *next = block->next;
        if (block != keep)
            free(block);
        block = next;
    }
    arena->blocks = keep;
    arena->held = 0;
    arena->used = 0;
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
        arena->held = keep->size;
    }
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    run_closers(arena);
    free_blocks(arena, NULL);
    free(arena);
}

/* One block is kept; several become one, so that an arena in steady use asks the system for nothing. */
void arena_reset(struct arena *arena)
{
    struct block *only = NULL;
    run_closers(arena);
#ifndef ARENA_SEPARATE
    if (arena->blocks && !arena->blocks->next)
        only = arena->blocks;
    arena->before = arena->held;
#endif
    free_blocks(arena, only);
}

static struct block *add_block(struct arena *arena, size_t need)
{
    size_t size = need;
    /* A kept block that is too small would only count against the limit. */
    if (!arena->used)
        free_blocks(arena, NULL);
#ifndef ARENA_SEPARATE
    size_t wanted = arena->held < FIRST_BLOCK ? FIRST_BLOCK : arena->held;
    if (wanted > LARGEST_BLOCK)
        wanted = LARGEST_BLOCK;
    if (!arena->held && wanted < arena->before)
        wanted = arena->before;
    if (size < wanted)
        size = wanted;
    if (arena->limit && arena->held + size > arena->limit)
        size = need;
#endif
    if (arena->limit && (size > arena->limit || arena->held > arena->limit - size))
        return NULL;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    block->used = 0;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->held += size;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > PTRDIFF_MAX - sizeof(struct block) - ALIGNMENT)
        return NULL;
    size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!need)
        need = ALIGNMENT;
    struct block *block = arena->blocks;
    if (!block || block->size - block->used < need)
        block = add_block(arena, need);
    if (!block)
        return NULL;
    void *p = block->data + block->used;
    block->used += need;
    arena->used += need;
    return p;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    void *p = arena_alloc(arena, count * size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size)
{
    void *p = arena_alloc(arena, new_size);
    if (p && old && old_size)
        memcpy(p, old, old_size < new_size ? old_size : new_size);
    return p;
}

struct str arena_str(struct arena *arena, struct str s)
{
    char *p = s.n < SIZE_MAX ? arena_alloc(arena, s.n + 1) : NULL;
    if (!p)
        return (struct str){0};
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct str){p, s.n};
}

char *arena_cstr(struct arena *arena, const char *text)
{
    return (char *)(uintptr_t)arena_str(arena, str_of(text)).p;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

bool arena_closer(struct arena *arena, void (*close)(void *context), void *context)
{
    struct closer *closer = arena_alloc(arena, sizeof *closer);
    if (!closer)
        return false;
    *closer = (struct closer){arena->closers, close, context};
    arena->closers = closer;
    return true;
}

bool arena_reserve(struct arena *arena, void **ptr, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity ? *capacity * 2 : 8;
    void *p = larger > SIZE_MAX / size ? NULL : arena_grow(arena, *ptr, *capacity * size, larger * size);
    if (!p)
        return false;
    *ptr = p;
    *capacity = larger;
    return true;
}
