#include "worker/run/heap.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MAPPED_BYTES = 256 * 1024,    /* blocks from here on are mapped by themselves */
    STEP_BYTES = 4 * 1024 * 1024, /* what the heap grows by when a reserve is used up */
    MOST_RESERVE = 512 * 1024 * 1024,
    NEVER = 1024 * 1024 * 1024,
    PROBES = 2 * STEP_BYTES / MAPPED_BYTES, /* more than is left over of a step */
};

static bool reserved; /* since the last release; the owner's alone */

void heap_bound(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    mallopt(M_TRIM_THRESHOLD, NEVER);
    mallopt(M_TOP_PAD, STEP_BYTES);
}

/* malloc() has no word for it: blocks are taken until it asks the system for more, of which it then gets plenty. */
void heap_reserve(size_t bytes)
{
    void *probes[PROBES];
    uintptr_t before = (uintptr_t)sbrk(0), after = before;
    size_t n = 0;
    mallopt(M_TOP_PAD, (int)(bytes < MOST_RESERVE ? bytes : MOST_RESERVE));
    while (n < PROBES && after == before && (probes[n] = malloc(MAPPED_BYTES / 2)) != NULL) {
        n++;
        after = (uintptr_t)sbrk(0);
    }
    mallopt(M_TOP_PAD, STEP_BYTES);
    reserved = true;
    uintptr_t from = before + (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
    from -= from % (uintptr_t)sysconf(_SC_PAGESIZE);
    /* A system without such pages refuses: nothing is lost. */
    if (after > from)
        (void)madvise((void *)from, after - from, MADV_HUGEPAGE);
    while (n)
        free(probes[--n]);
}

void heap_release(void)
{
    if (reserved)
        malloc_trim(0);
    reserved = false;
}
