/* Stored values to ours: widths, byte orders, units. */
#include "worker/format/parquet/column_reader.h"
#include "worker/format/parquet/metadata.h"

static const int64_t day_us = INT64_C(86400000000);
static const int64_t julian_epoch = 2440588; /* 1970-01-01 as a Julian day number */

static bool does_not_fit(const struct column_reader *column, const char *what, struct err *err)
{
    return ERR_REJECT(
        err, "unsupported-parquet", "%s: column " STR_FMT ": %s", column->name, STR_ARG(column->spec->name), what);
}

static int64_t load_int(const struct parquet_leaf *leaf, const void *raw, uint32_t i)
{
    if (leaf->physical == PHYSICAL_INT64)
        return ((const int64_t *)raw)[i];
    return leaf->is_unsigned ? (int64_t)((const uint32_t *)raw)[i] : (int64_t)((const int32_t *)raw)[i];
}

/* Big-endian two's complement of any length; false beyond 128 bits. */
static bool load_big(const uint8_t *p, size_t n, int128 *value)
{
    uint128 bits = n && (p[0] & 0x80) ? ~(uint128)0 : 0;
    uint8_t fill = (uint8_t)bits;
    while (n > sizeof bits && *p == fill) {
        p++;
        n--;
    }
    if (n > sizeof bits)
        return false;
    uint128 sign = bits >> 127;
    while (n--)
        bits = bits << 8 | *p++;
    *value = (int128)bits;
    return bits >> 127 == sign;
}

static bool convert_decimal(const struct column_reader *column, const void *raw, uint32_t n, void *out, struct err *err)
{
    const struct parquet_leaf *leaf = column->leaf;
    bool is_wide = type_is_wide(column->spec->type), is_text = leaf->physical == PHYSICAL_BYTE_ARRAY;
    for (uint32_t i = 0; i < n; i++) {
        int128 value;
        struct str bytes = is_text ? ((const struct str *)raw)[i]
                                   : (struct str){(const char *)raw + (size_t)i * leaf->width, leaf->width};
        if (leaf->physical == PHYSICAL_INT32 || leaf->physical == PHYSICAL_INT64)
            value = load_int(leaf, raw, i);
        else if (!load_big((const uint8_t *)bytes.p, bytes.n, &value))
            return column_fault(column, column->at, "a decimal of more than 128 bits", err);
        if (is_wide)
            ((int128 *)out)[i] = value;
        else if (value == (int64_t)value)
            ((int64_t *)out)[i] = (int64_t)value;
        else
            return column_fault(column, column->at, "a decimal beyond its precision", err);
    }
    return true;
}

static bool convert_int96(
    const struct column_reader *column, const char *raw, uint32_t n, int64_t *out, struct err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t nanos, day_start;
        int32_t day;
        memcpy(&nanos, raw + (size_t)i * 12, sizeof nanos);
        memcpy(&day, raw + (size_t)i * 12 + sizeof nanos, sizeof day);
        if (nanos % 1000)
            return does_not_fit(column, "holds nanoseconds, which a timestamp of microseconds would lose", err);
        if (__builtin_mul_overflow(day - julian_epoch, day_us, &day_start) ||
            __builtin_add_overflow(day_start, nanos / 1000, &out[i]))
            return column_fault(column, column->at, "a timestamp out of range", err);
    }
    return true;
}

static bool convert_moment(
    const struct column_reader *column, const void *raw, uint32_t n, int64_t *out, struct err *err)
{
    const struct parquet_leaf *leaf = column->leaf;
    for (uint32_t i = 0; i < n; i++) {
        int64_t value = load_int(leaf, raw, i);
        if (leaf->unit == UNIT_MILLIS && __builtin_mul_overflow(value, 1000, &value))
            return column_fault(column, column->at, "a time out of range", err);
        if (leaf->unit == UNIT_NANOS && value % 1000)
            return does_not_fit(column, "holds nanoseconds, which microseconds would lose", err);
        out[i] = leaf->unit == UNIT_NANOS ? value / 1000 : value;
    }
    return true;
}

/* Decimals of ours beyond 18 digits. */
static void convert_wide(const void *raw, uint32_t n, int128 *out)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t parts[2];
        memcpy(parts, (const char *)raw + (size_t)i * sizeof parts, sizeof parts);
        out[i] = (int128)((uint128)__builtin_bswap64(parts[0]) << 64 | __builtin_bswap64(parts[1]));
    }
}

bool raw_is_value(const struct parquet_leaf *leaf, struct type type)
{
    bool is_time = type.kind == TYPE_TIME || type.kind == TYPE_TIMESTAMP;
    switch (leaf->physical) {
    case PHYSICAL_INT64:
        return is_time ? leaf->unit == UNIT_MICROS : !type_is_wide(type);
    case PHYSICAL_INT32:
        return type.kind == TYPE_DATE;
    case PHYSICAL_BYTE_ARRAY:
        return type.kind == TYPE_STRING;
    default:
        return leaf->physical == PHYSICAL_DOUBLE || leaf->physical == PHYSICAL_BOOLEAN;
    }
}

bool raw_convert(const struct column_reader *column, const void *raw, uint32_t n, void *out, struct err *err)
{
    const struct parquet_leaf *leaf = column->leaf;
    struct type type = column->spec->type;
    switch (type.kind) {
    case TYPE_DECIMAL:
        if (leaf->physical != PHYSICAL_FIXED || !type_is_wide(type) || leaf->width != sizeof(int128))
            return convert_decimal(column, raw, n, out, err);
        convert_wide(raw, n, out);
        return true;
    case TYPE_INTEGER:
        for (uint32_t i = 0; i < n; i++)
            ((int64_t *)out)[i] = load_int(leaf, raw, i);
        return true;
    case TYPE_DOUBLE:
        for (uint32_t i = 0; i < n; i++)
            ((double *)out)[i] = (double)((const float *)raw)[i];
        return true;
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
        return leaf->physical == PHYSICAL_INT96 ? convert_int96(column, raw, n, out, err)
                                                : convert_moment(column, raw, n, out, err);
    default:
        return column_fault(column, column->at, "a type and a storage that do not go together", err);
    }
}
