/* SchemaElements as any writer puts them, read into columns: the leaves, named by their dotted path. */
#ifndef WORKER_FORMAT_PARQUET_SCHEMA_H
#define WORKER_FORMAT_PARQUET_SCHEMA_H

#include "worker/format/parquet/parquet.h"
#include "worker/format/parquet/thrift.h"

/* The field that holds the schema's list. False with err ERR_CORRUPT or ERR_MEMORY. */
bool schema_read(struct thrift_reader *reader, struct thrift_field field, const char *name,
    struct parquet_footer *footer, struct arena *arena, struct err *err) MUST_CHECK;

#endif
