/*
 * Values of one column looked up once for many writers: what each writer would find in a table of its own, it takes
 * from a list by number. The file is the same, byte for byte, with and without.
 */
#ifndef WORKER_FORMAT_PARQUET_SHARED_H
#define WORKER_FORMAT_PARQUET_SHARED_H

#include "worker/format/parquet/dictionary.h"
#include "worker/format/parquet/parquet.h"

struct shared_column {
    struct dictionary dictionary;
    bool dropped;   /* it spares nothing: writers look up themselves */
    struct buf ids; /* uint32_t by row of the vector looked up last, where a value is present */
};

struct parquet_shared {
    uint32_t count;
    struct shared_column *columns;
};

#endif
