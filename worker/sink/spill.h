/*
 * Rows of partitions that have no open writer: one file of blocks, each the columns of a few rows of one partition,
 * read back partition by partition in the order they came.
 */
#ifndef WORKER_SINK_SPILL_H
#define WORKER_SINK_SPILL_H

#include "worker/batch/batch.h"

struct spill;

/* The file is created at path and unlinked at once: it lives as long as the spill. */
struct spill *spill_open(const char *path, const struct type *types, uint32_t column_count, struct err *err);
bool spill_append(struct spill *spill, uint32_t partition, const struct vector *const *columns, const uint32_t *rows,
    uint32_t n, struct err *err) MUST_CHECK;
/* Calls each(context, columns, n) for every block of the partition; the vectors live for that call. */
bool spill_read(struct spill *spill, uint32_t partition,
    bool (*each)(void *context, const struct vector *const *columns, uint32_t n, struct err *err), void *context,
    struct err *err) MUST_CHECK;
void spill_close(struct spill *spill);

#endif
