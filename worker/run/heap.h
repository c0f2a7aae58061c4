/*
 * The heap of a process that works on files. The setting is about resident memory: what is large is mapped by itself
 * and goes back once freed, threads share what is not. Pages of two megabytes, where the system has them, spare most of
 * the faults that first touches cost.
 */
#ifndef WORKER_RUN_HEAP_H
#define WORKER_RUN_HEAP_H

#include <stddef.h>

/* Before the first thread starts. */
void heap_bound(void);
/* Before work on much data: address space for that many bytes, of which nothing is resident until it is used. */
void heap_reserve(size_t bytes);
/* Before a long rest: what is free goes back to the system. */
void heap_release(void);

#endif
