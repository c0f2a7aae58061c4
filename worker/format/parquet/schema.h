/* SchemaElements as any writer puts them, read into columns: the leaves, named by their dotted path. */
#ifndef WORKER_FORMAT_PARQUET_SCHEMA_H
#define WORKER_FORMAT_PARQUET_SCHEMA_H

#include "worker/format/parquet/parquet.h"
#include "worker/format/parquet/thrift.h"

enum time_unit { UNIT_MICROS, UNIT_MILLIS, UNIT_NANOS };

/* A column as it is stored: what parquet_column leaves out. Footer.leaves[i] belongs to footer.columns[i]. */
struct parquet_leaf {
    int32_t physical;    /* enum physical_type */
    uint32_t width;      /* bytes of a PHYSICAL_FIXED value */
    enum time_unit unit; /* of a time or timestamp */
    bool is_unsigned;
    bool is_nested;         /* repeated, or within a group */
    const char *unreadable; /* the annotation we have no type for, or NULL */
};

/* The field that holds the schema's list. False with err ERR_CORRUPT or ERR_MEMORY. */
bool schema_read(struct thrift_reader *reader, struct thrift_field field, const char *name,
    struct parquet_footer *footer, struct arena *arena, struct err *err) MUST_CHECK;

#endif
