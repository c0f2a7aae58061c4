/* Which columns an output in Parquet has, and where their values come from. */
#ifndef WORKER_SINK_OUTPUT_H
#define WORKER_SINK_OUTPUT_H

#include "worker/format/parquet/parquet.h"
#include "worker/sink/sink.h"

/* The columns every output carries beside the contract's, in this order behind them. */
enum system_column { COLUMN_RUN_ID, COLUMN_ROW_NUMBER, COLUMN_SOURCE_FILE, COLUMN_INGEST_TS, SYSTEM_COLUMNS };

struct output {
    struct parquet_column *columns;
    int32_t *sources; /* index in batch.columns, or -1 - system_column */
    uint32_t count;
};

/* The contract's fields but those in the path, derived columns, system columns. false: memory is out. */
bool output_choose(struct output *output, const struct contract *contract, struct arena *arena) MUST_CHECK;
/* The system columns of a batch, in arena. */
bool output_system(const struct sink_run *run, const struct batch *batch, struct vector system[SYSTEM_COLUMNS],
    struct arena *arena, struct err *err) MUST_CHECK;

#endif
