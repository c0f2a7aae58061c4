/* Forms of dates and times held against each other. */
#ifndef WORKER_SHAPE_MOMENTS_H
#define WORKER_SHAPE_MOMENTS_H

#include "worker/value/value.h"

/* Is there a text that both single-form formats read, with different values? Found by trying real moments. */
bool moments_conflict(const struct value_format *a, const struct value_format *b, struct type type);
/* "iso", or the pattern. */
struct str moment_name(const struct moment_format *moment);

#endif
