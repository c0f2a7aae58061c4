/* Sizes and durations as people write them. */
#ifndef SHARED_QUANTITY_H
#define SHARED_QUANTITY_H

#include "shared/str.h"

#include <stdint.h>

/* "4096", "64k", "256MB", "1.5 GiB": k, M, G, T, with B or iB behind it or not, are powers of 1024. Any case. */
bool quantity_size(struct str text, uint64_t *bytes);
/* "90", "5m", "1h30m", "1.5d": ms, s, m, h, d, w; a bare number is seconds. Microseconds. */
bool quantity_duration(struct str text, int64_t *micros);

#endif
