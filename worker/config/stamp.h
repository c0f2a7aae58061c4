/* What a file or folder looks like from outside: another stamp, and something in it has changed. */
#ifndef WORKER_CONFIG_STAMP_H
#define WORKER_CONFIG_STAMP_H

#include <stdint.h>

/* Of a file, or of the files right in a folder: names, sizes, times of their last change. 0: it is not there. */
uint64_t stamp_of(const char *path);

#endif
