/* Which partition does a row belong to: values of the partition columns to a dense number and a Hive path. */
#ifndef WORKER_SINK_PARTITION_H
#define WORKER_SINK_PARTITION_H

#include "worker/batch/batch.h"
#include "worker/config/contract.h"

struct partitions;

/* ingest_ts: where the contract has no partition, rows go to date=<its UTC day>. */
struct partitions *partitions_new(const struct contract *contract, int64_t ingest_ts);
void partitions_free(struct partitions *partitions);
/*
 * ids[i] is the partition of row rows[i], for n rows of the batch. ERR_FILE "too-many-partitions" past the contract's
 * limit.
 */
bool partitions_assign(struct partitions *partitions, const struct batch *batch, const uint32_t *rows, uint32_t n,
    uint32_t *ids, struct err *err) MUST_CHECK;
uint32_t partitions_count(const struct partitions *partitions);
/* "date=2026-11-21/mode=web": Hive-escaped. Valid as long as partitions is. */
struct str partitions_path(const struct partitions *partitions, uint32_t id);

#endif
