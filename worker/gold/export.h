/*
 * The contract's export (warehouse.export) where there is no warehouse: all gold of a dataset as one CSV file in the
 * lake, or in another one that its URL names. RFC 4180 in UTF-8 with a header, LF ends: fields and derived columns as
 * gold has them, then partition columns that are none of these; by partition, in gold's order. NULL is nothing, an
 * empty text is "".
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

/* ---- what the warehouse's export does alike ---- */

/* *exists: what lies under the key is what the last export published. ERR_EXISTS, ERR_CORRUPT: it is something else. */
bool export_stands(
    struct worker *worker, struct str key, bool *exists, struct arena *arena, struct err *err) MUST_CHECK;

/* Where the file is to be built: staged and its path, of the lake that the export goes to. */
bool export_stage(struct worker *worker, const struct claim *claim, const struct contract *contract, struct str *staged,
    const char **path, struct arena *arena, struct err *err) MUST_CHECK;

struct export_object {
    struct str staged; /* lake key; empty: there is no file */
    const char *path;
    uint64_t rows;
    const struct stage_count *count; /* NULL: none */
};
/* From a claimed run with its file staged to its end. *beyond_return: only forward from here. */
bool export_publish(struct worker *worker, struct claim *claim, const struct contract *contract,
    const struct export_object *object, bool *beyond_return, struct arena *arena, struct err *err) MUST_CHECK;

#endif
