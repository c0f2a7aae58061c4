/*
 * The contract's export (warehouse.export) where there is no warehouse: all gold of a dataset as one CSV file in the
 * lake. RFC 4180 in UTF-8 with a header, LF ends: fields and derived columns as gold has them, then partition columns
 * that are none of these; by partition, in gold's order. NULL is nothing, an empty text is "".
 */
#ifndef WORKER_GOLD_EXPORT_H
#define WORKER_GOLD_EXPORT_H

#include "worker/run/worker.h"

struct gold_export {
    bool made; /* false: it stands as it should already, or somebody else makes it */
    uint64_t rows;
};

/* Replaces what the last export published, and nothing else: ERR_EXISTS, ERR_CORRUPT. The contract has an export. */
bool gold_export(
    struct worker *worker, const struct contract *contract, struct gold_export *done, struct err *err) MUST_CHECK;

#endif
