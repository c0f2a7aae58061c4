/*
 * Opening names below a folder so that none leads outside it: openat2(2) with RESOLVE_BENEATH, and where the kernel
 * lacks that, a walk which follows no link at all. Thread-safe.
 */
#ifndef WORKER_STORAGE_BENEATH_H
#define WORKER_STORAGE_BENEATH_H

#include <sys/types.h>

/* As openat(); path is relative, "" is the folder itself. EXDEV or ELOOP: it leads outside. */
int beneath_open(int folder, const char *path, int flags, mode_t mode);
/* The walk alone. */
int beneath_walk(int folder, const char *path, int flags, mode_t mode);

#endif
