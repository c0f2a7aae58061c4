/*
 * Arena: memory by lifetime (process, run, batch, frame). One thread at a time. A size limit turns a runaway into
 * ERR_MEMORY at the caller: arena_alloc() returns NULL when the limit or the machine's memory is reached.
 * A build with -DARENA_SEPARATE allocates each block by malloc, so that sanitizers see overruns.
 */
#ifndef SHARED_ARENA_H
#define SHARED_ARENA_H

#include "shared/err.h"
#include "shared/str.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

/* limit: bytes this arena may hold at once; 0: none. NULL when memory is out. */
struct arena *arena_new(size_t limit);
/* Runs the closers, last registered first, then releases everything. arena may be NULL. */
void arena_free(struct arena *arena);
/* Runs the closers and forgets the contents; as much memory as there was is kept, or asked for at once when next used.
 */
void arena_reset(struct arena *arena);

/* Aligned to 16; not cleared. NULL when out. */
void *arena_alloc(struct arena *arena, size_t size);
/* Cleared; count * size checked for overflow. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
/* Moves to a larger place; contents kept; old_size is what was asked for. */
void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size);
/* A copy with a NUL behind it. .p is NULL when memory is out. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_cstr(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t arena_used(const struct arena *arena);

/* close(context) is called at reset or free. False when memory is out (close was then not registered). */
bool arena_closer(struct arena *arena, void (*close)(void *context), void *context) MUST_CHECK;

#define ARENA_NEW(arena, type) ((type *)arena_calloc((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))

/* Appends to an arena-grown array: ptr, count, capacity are lvalues. False when memory is out. */
bool arena_reserve(struct arena *arena, void **ptr, size_t count, size_t *capacity, size_t size) MUST_CHECK;

#endif
