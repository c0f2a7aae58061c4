/* The footer's structures as we write them (parquet.thrift: SchemaElement, RowGroup, ColumnChunk, FileMetaData). */
#ifndef WORKER_FORMAT_PARQUET_METADATA_H
#define WORKER_FORMAT_PARQUET_METADATA_H

#include "worker/format/parquet/column.h"

/* parquet.thrift's numbers */
enum physical_type {
    PHYSICAL_BOOLEAN = 0,
    PHYSICAL_INT32 = 1,
    PHYSICAL_INT64 = 2,
    PHYSICAL_INT96 = 3,
    PHYSICAL_FLOAT = 4,
    PHYSICAL_DOUBLE = 5,
    PHYSICAL_BYTE_ARRAY = 6,
    PHYSICAL_FIXED = 7,
};

enum converted_type {
    CONVERTED_UTF8 = 0,
    CONVERTED_DECIMAL = 5,
    CONVERTED_DATE = 6,
    CONVERTED_TIME_MILLIS = 7,
    CONVERTED_TIME_MICROS = 8,
    CONVERTED_TIMESTAMP_MILLIS = 9,
    CONVERTED_TIMESTAMP_MICROS = 10,
    CONVERTED_UINT_8 = 11,
    CONVERTED_UINT_64 = 14,
    CONVERTED_INTERVAL = 21,
};

/* Field ids of the union LogicalType */
enum logical_type {
    LOGICAL_NONE = 0,
    LOGICAL_STRING = 1,
    LOGICAL_DECIMAL = 5,
    LOGICAL_DATE = 6,
    LOGICAL_TIME = 7,
    LOGICAL_TIMESTAMP = 8,
    LOGICAL_INTEGER = 10,
    LOGICAL_BSON = 13,
    LOGICAL_UUID = 14,
    LOGICAL_FLOAT16 = 15,
    LOGICAL_VARIANT = 16,
    LOGICAL_GEOMETRY = 17,
    LOGICAL_GEOGRAPHY = 18,
};

/* A row group whose columns are finished and lie one after the other from offset on. */
void metadata_write_row_group(struct buf *out, const struct column *columns, uint32_t column_count, uint64_t offset,
    uint64_t rows, uint32_t ordinal);
/* FileMetaData; groups: what metadata_write_row_group() wrote, group_count times. */
void metadata_write_file(struct buf *out, const struct column *columns, uint32_t column_count,
    const struct parquet_options *options, struct str groups, uint32_t group_count, uint64_t rows);

#endif
