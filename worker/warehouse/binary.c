#include "worker/warehouse/binary.h"

#include "shared/utf8.h"

#include <endian.h>
#include <string.h>

/* PostgreSQL counts from 2000-01-01. */
enum { EPOCH_DAYS = 10957 };
#define EPOCH_MICROS (INT64_C(10957) * 86400 * 1000000)

enum { NUMERIC_BASE = 10000, GROUP_DIGITS = 4, MOST_GROUPS = 24, NUMERIC_NEGATIVE = 0x4000 };

static void add16(struct buf *out, uint16_t value)
{
    value = htobe16(value);
    buf_add(out, &value, sizeof value);
}

static void add32(struct buf *out, uint32_t value)
{
    value = htobe32(value);
    buf_add(out, &value, sizeof value);
}

static void add64(struct buf *out, uint64_t value)
{
    value = htobe64(value);
    buf_add(out, &value, sizeof value);
}

void binary_head(struct buf *out)
{
    static const char signature[] = "PGCOPY\n\377\r\n";
    buf_add(out, signature, sizeof signature);
    add32(out, 0);
    add32(out, 0);
}

void binary_tail(struct buf *out)
{
    add16(out, UINT16_MAX);
}

void binary_row(struct buf *out, uint16_t columns)
{
    add16(out, columns);
}

void binary_null(struct buf *out)
{
    add32(out, UINT32_MAX);
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
    if (clean) {
        add32(out, (uint32_t)text.n);
        buf_add_str(out, text);
        return;
    }
    size_t at = out->n;
    add32(out, 0);
    add_clean(out, text);
    if (out->failed)
        return;
    uint32_t n = htobe32((uint32_t)(out->n - at - sizeof n));
    memcpy(out->p + at, &n, sizeof n);
}

void binary_i64(struct buf *out, int64_t value)
{
    add32(out, sizeof value);
    add64(out, (uint64_t)value);
}

void binary_timestamp(struct buf *out, int64_t micros)
{
    binary_i64(out, micros - EPOCH_MICROS);
}

/* Digits in groups of four on both sides of the point, without zero groups at the ends. */
static void add_decimal(struct buf *out, int128 value, uint8_t scale)
{
    uint16_t groups[MOST_GROUPS];
    int count = 0, fraction = (scale + GROUP_DIGITS - 1) / GROUP_DIGITS;
    uint128 rest = value < 0 ? -(uint128)value : (uint128)value;
    /* The last group of the fraction is filled up with zeros: its first digits are taken by themselves, lest it
     * overflow. */
    unsigned odd = scale % GROUP_DIGITS, part = 1, fill = 1;
    for (unsigned i = 0; i < GROUP_DIGITS; i++) {
        part *= i < odd ? 10 : 1;
        fill *= i >= odd && odd ? 10 : 1;
    }
    if (odd) {
        groups[count++] = (uint16_t)((unsigned)(rest % part) * fill);
        rest /= part;
    }
    for (; rest > UINT64_MAX; rest /= NUMERIC_BASE)
        groups[count++] = (uint16_t)(rest % NUMERIC_BASE);
    for (uint64_t low = (uint64_t)rest; low; low /= NUMERIC_BASE)
        groups[count++] = (uint16_t)(low % NUMERIC_BASE);
    int weight = count - 1 - fraction, first = 0;
    while (count > first && groups[count - 1] == 0) {
        count--;
        weight--;
    }
    while (first < count && groups[first] == 0)
        first++;
    int digits = count - first;
    add32(out, (uint32_t)(8 + 2 * digits));
    add16(out, (uint16_t)digits);
    add16(out, (uint16_t)(digits ? weight : 0));
    add16(out, value < 0 && digits ? NUMERIC_NEGATIVE : 0);
    add16(out, scale);
    for (int i = count; i > first; i--)
        add16(out, groups[i - 1]);
}

static void add_double(struct buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add32(out, sizeof bits);
    add64(out, bits);
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
        add32(out, 1);
        buf_add_byte(out, *(const char *)value);
        break;
    case TYPE_DATE:
        add32(out, sizeof(int32_t));
        add32(out, (uint32_t)(*(const int32_t *)value - EPOCH_DAYS));
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
