/*
 * The types of values. Storage of one value in a vector:
 *   string: struct str (UTF-8) · integer: int64_t · decimal: int64_t (precision <= 18) or __int128 (<= 38), scaled by
 *   10^scale · double: double · boolean: uint8_t 0/1 · date: int32_t days since 1970-01-01 (proleptic Gregorian) ·
 *   time: int64_t microseconds since midnight · timestamp: int64_t microseconds since 1970-01-01T00:00:00Z
 */
#ifndef WORKER_VALUE_TYPE_H
#define WORKER_VALUE_TYPE_H

#include "shared/str.h"

#include <stdint.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum type_kind {
    TYPE_STRING,
    TYPE_INTEGER,
    TYPE_DECIMAL,
    TYPE_DOUBLE,
    TYPE_BOOLEAN,
    TYPE_DATE,
    TYPE_TIME,
    TYPE_TIMESTAMP,
};

struct type {
    enum type_kind kind;
    uint8_t precision; /* decimal only: 1-38 */
    uint8_t scale;     /* decimal only: 0-precision */
};

#define TYPE(k) ((struct type){.kind = (k)})
#define TYPE_DEC(p, s) ((struct type){TYPE_DECIMAL, (p), (s)})

enum { DECIMAL_NARROW_PRECISION = 18, DECIMAL_MAX_PRECISION = 38 };

/* Is a decimal of this type kept in 128 bits? */
static inline bool type_is_wide(struct type type)
{
    return type.kind == TYPE_DECIMAL && type.precision > DECIMAL_NARROW_PRECISION;
}

/* Bytes of one value in a vector. */
static inline size_t type_size(struct type type)
{
    switch (type.kind) {
    case TYPE_STRING:
        return sizeof(struct str);
    case TYPE_BOOLEAN:
        return 1;
    case TYPE_DATE:
        return sizeof(int32_t);
    case TYPE_DECIMAL:
        return type_is_wide(type) ? sizeof(int128) : sizeof(int64_t);
    default:
        return sizeof(int64_t);
    }
}

static inline bool type_eq(struct type a, struct type b)
{
    return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale;
}

#endif
