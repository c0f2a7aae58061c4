/* The second pass: all columns of the winners, and row_hash, to one file. */
#ifndef WORKER_GOLD_WRITE_H
#define WORKER_GOLD_WRITE_H

#include "worker/config/contract.h"
#include "worker/gold/source.h"

struct write_options {
    const struct contract *contract;
    const char *path; /* of the staged file */
    struct str partition;
    size_t memory; /* bytes of a row group */
};

/* Takes the bits of rows for which gold.delete_when is true, and counts them as deleted. The file is synced. */
bool gold_write(struct sources *sources, const struct write_options *options, struct parquet_summary *summary,
    struct err *err) MUST_CHECK;

#endif
