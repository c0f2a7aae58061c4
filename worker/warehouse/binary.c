#include "worker/warehouse/binary.h"

#include "shared/utf8.h"

#include <endian.h>
#include <string.h>

/* PostgreSQL counts from 2000-01-01. */
enum { EPOCH_DAYS = 10957 };
#define EPOCH_MICROS (INT64_C(10957) * 86400 * 1000000)

enum { NUMERIC_BASE = 10000, GROUP_DIGITS = 4, MOST_GROUPS = 24, NUMERIC_NEGATIVE = 0x4000 };

/* Bytes behind n, for which room was made. */
static void put16(struct buf *out, uint16_t value)
{
    value = htobe16(value);
    memcpy(out->p + out->n, &value, sizeof value);
    out->n += sizeof value;
}

static void put32(struct buf *out, uint32_t value)
{
    value = htobe32(value);
    memcpy(out->p + out->n, &value, sizeof value);
    out->n += sizeof value;
}

static void put64(struct buf *out, uint64_t value)
{
    value = htobe64(value);
    memcpy(out->p + out->n, &value, sizeof value);
    out->n += sizeof value;
}

/* For a value of so many bytes and its length, which is written. */
static bool begin_value(struct buf *out, size_t bytes)
{
    if (out->capacity - out->n <= bytes + sizeof(uint32_t) && !buf_reserve(out, bytes + sizeof(uint32_t)))
        return false;
    put32(out, (uint32_t)bytes);
    return true;
}

void binary_head(struct buf *out)
{
    static const char signature[] = "PGCOPY\n\377\r\n";
    static const char none[8]; /* no flags, no extension */
    buf_add(out, signature, sizeof signature);
    buf_add(out, none, sizeof none);
}

void binary_tail(struct buf *out)
{
    binary_row(out, UINT16_MAX);
}

void binary_row(struct buf *out, uint16_t columns)
{
    if (buf_reserve(out, sizeof columns))
        put16(out, columns);
}

void binary_null(struct buf *out)
{
    if (buf_reserve(out, sizeof(uint32_t)))
        put32(out, UINT32_MAX);
}

static void add_clean(struct buf *out, struct str text)
{
    while (text.n) {
        size_t n = utf8_valid_prefix(text);
        const char *nul = memchr(text.p, 0, n);
        n = nul ? (size_t)(nul - text.p) : n;
        buf_add(out, text.p, n);
        if (n < text.n) {
            buf_add_cstr(out, "\xEF\xBF\xBD");
            n++;
        }
        text = (struct str){text.p + n, text.n - n};
    }
}

void binary_text(struct buf *out, struct str text, bool clean)
{
    size_t at = out->n;
    if (!begin_value(out, text.n))
        return;
    if (clean) {
        if (text.n)
            memcpy(out->p + out->n, text.p, text.n);
        out->n += text.n;
        return;
    }
    add_clean(out, text);
    if (out->failed)
        return;
    uint32_t n = htobe32((uint32_t)(out->n - at - sizeof n));
    memcpy(out->p + at, &n, sizeof n);
}

void binary_i64(struct buf *out, int64_t value)
{
    if (begin_value(out, sizeof value))
        put64(out, (uint64_t)value);
}

void binary_timestamp(struct buf *out, int64_t micros)
{
    binary_i64(out, micros - EPOCH_MICROS);
}

/* The groups of a value, the last first; how many stand behind the point is *fraction. */
static int split_decimal(int128 value, uint8_t scale, uint16_t groups[MOST_GROUPS], int *fraction)
{
    static const uint16_t powers[GROUP_DIGITS + 1] = {1, 10, 100, 1000, NUMERIC_BASE};
    int count = 0;
    uint128 rest = value < 0 ? -(uint128)value : (uint128)value;
    /* The last group of the fraction is filled up with zeros: its first digits are taken by themselves, lest it
     * overflow. */
    unsigned odd = scale % GROUP_DIGITS;
    *fraction = (scale + GROUP_DIGITS - 1) / GROUP_DIGITS;
    if (odd && rest <= UINT64_MAX) {
        groups[count++] = (uint16_t)((uint64_t)rest % powers[odd] * powers[GROUP_DIGITS - odd]);
        rest = (uint64_t)rest / powers[odd];
    } else if (odd) {
        groups[count++] = (uint16_t)((unsigned)(rest % powers[odd]) * powers[GROUP_DIGITS - odd]);
        rest /= powers[odd];
    }
    for (; rest > UINT64_MAX; rest /= NUMERIC_BASE)
        groups[count++] = (uint16_t)(rest % NUMERIC_BASE);
    for (uint64_t low = (uint64_t)rest; low; low /= NUMERIC_BASE)
        groups[count++] = (uint16_t)(low % NUMERIC_BASE);
    return count;
}

/* Digits in groups of four on both sides of the point, without zero groups at the ends. */
static void add_decimal(struct buf *out, int128 value, uint8_t scale)
{
    uint16_t groups[MOST_GROUPS];
    int fraction, count = split_decimal(value, scale, groups, &fraction);
    int weight = count - 1 - fraction, first = 0;
    while (count > first && groups[count - 1] == 0) {
        count--;
        weight--;
    }
    while (first < count && groups[first] == 0)
        first++;
    int digits = count - first;
    if (!begin_value(out, (size_t)(8 + 2 * digits)))
        return;
    put16(out, (uint16_t)digits);
    put16(out, (uint16_t)(digits ? weight : 0));
    put16(out, value < 0 && digits ? NUMERIC_NEGATIVE : 0);
    put16(out, scale);
    for (int i = count; i > first; i--)
        put16(out, groups[i - 1]);
}

static void add_double(struct buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    binary_i64(out, (int64_t)bits);
}

static void add_date(struct buf *out, int32_t days)
{
    if (begin_value(out, sizeof days))
        put32(out, (uint32_t)(days - EPOCH_DAYS));
}

static void add_boolean(struct buf *out, char value)
{
    if (begin_value(out, sizeof value))
        out->p[out->n++] = value;
}

/* A typed one is UTF-8 already. */
static void add_string(struct buf *out, struct str text)
{
    binary_text(out, text, !text.n || !memchr(text.p, 0, text.n));
}

void binary_value(struct buf *out, struct type type, const void *value)
{
    switch (type.kind) {
    case TYPE_STRING:
        add_string(out, *(const struct str *)value);
        break;
    case TYPE_DECIMAL:
        add_decimal(out, type_is_wide(type) ? *(const int128 *)value : *(const int64_t *)value, type.scale);
        break;
    case TYPE_DOUBLE:
        add_double(out, *(const double *)value);
        break;
    case TYPE_BOOLEAN:
        add_boolean(out, *(const char *)value);
        break;
    case TYPE_DATE:
        add_date(out, *(const int32_t *)value);
        break;
    case TYPE_TIMESTAMP:
        binary_timestamp(out, *(const int64_t *)value);
        break;
    case TYPE_INTEGER:
    case TYPE_TIME:
        binary_i64(out, *(const int64_t *)value);
        break;
    }
}
