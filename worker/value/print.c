#include "worker/value/lane.h"
#include "worker/value/value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DECIMAL_TEXT = 48, MOMENT_TEXT = 48, DOUBLE_TEXT = 40, PRINTED_SCALE = 9 };

/* Writes digits before end, returns where they begin. */
static char *write_digits(char *end, uint64_t value, size_t least)
{
    char *p = end;
    while (value || (size_t)(end - p) < least) {
        *--p = (char)('0' + value % 10);
        value /= 10;
    }
    return p;
}

void value_print_decimal(struct buf *out, int128 value, uint8_t scale)
{
    char text[DECIMAL_TEXT];
    char *end = text + sizeof text, *p = end;
    uint128 size = value < 0 ? 0 - (uint128)value : (uint128)value;
    for (unsigned written = 0; size || written <= scale; written++) {
        if (written == scale && scale)
            *--p = '.';
        if (size <= UINT64_MAX) {
            *--p = (char)('0' + (uint64_t)size % 10);
            size = (uint64_t)size / 10;
        } else {
            *--p = (char)('0' + (int)(size % 10));
            size /= 10;
        }
    }
    if (value < 0)
        *--p = '-';
    buf_add(out, p, (size_t)(end - p));
}

/* ---- double: the shortest text that reads back the same, laid out as PostgreSQL does ---- */

/* Prices and counts: an integer below 10^15, or one divided by a power of ten. Fifteen digits always read back, so
 * what is found here is the shortest. */
static bool print_short_double(struct buf *out, double value)
{
    double size = fabs(value), scaled = size;
    if (!(size < 1e15) || (size < 1e-4 && size != 0))
        return false;
    for (uint8_t scale = 0; scale <= PRINTED_SCALE; scale++) {
        scaled = size * (double)scan_powers[scale];
        if (scaled >= 1e15)
            return false;
        int64_t whole = llround(scaled);
        if ((double)whole / (double)scan_powers[scale] != size)
            continue;
        if (signbit(value))
            buf_add_byte(out, '-');
        value_print_decimal(out, whole, scale);
        return true;
    }
    return false;
}

/* digits: without a point; exponent: of the first one. */
static void lay_out(struct buf *out, const char *digits, size_t n, int exponent)
{
    if (exponent < -4 || exponent >= 15) {
        buf_add(out, digits, 1);
        if (n > 1) {
            buf_add_byte(out, '.');
            buf_add(out, digits + 1, n - 1);
        }
        buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        buf_add(out, "0.000", (size_t)(1 - exponent));
        buf_add(out, digits, n);
    } else {
        size_t whole = (size_t)exponent + 1;
        buf_add(out, digits, n < whole ? n : whole);
        for (size_t i = n; i < whole; i++)
            buf_add_byte(out, '0');
        if (n > whole) {
            buf_add_byte(out, '.');
            buf_add(out, digits + whole, n - whole);
        }
    }
}

/* The significant digits of "1.2340e+05", and the power of ten of the first one. */
static size_t take_digits(const char *text, char digits[DOUBLE_TEXT], int *exponent)
{
    size_t n = 0;
    for (; *text && *text != 'e'; text++)
        if (scan_is_digit(*text)) /* the point may be a comma in some locale */
            digits[n++] = *text;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    *exponent = *text ? (int)strtol(text + 1, NULL, 10) : 0;
    return n;
}

/*
 * PostgreSQL does not print a text that lies exactly half-way between two doubles (1e23), because reading it back would
 * hang on the rounding mode. Such a text, digits * 10^power, has 54 bits from the first to the last that is set.
 */
static bool is_half_way(const char *digits, size_t n, int exponent)
{
    int power = exponent - (int)n + 1;
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++)
        bits = bits * 10 + (unsigned)(digits[i] - '0');
    while (bits && bits % 2 == 0)
        bits /= 2;
    if (power <= 0 || bits == 0)
        return false;
    for (; power > 0 && bits < 1ULL << 54; power--)
        bits *= 5;
    return power == 0 && bits >= 1ULL << 53 && bits < 1ULL << 54;
}

/* The next decimal of the same length. */
static void step_up(char *text)
{
    size_t at = strcspn(text, "e");
    while (at-- > 0) {
        if (!scan_is_digit(text[at]))
            continue;
        if (text[at] != '9') {
            text[at]++;
            return;
        }
        text[at] = '0';
    }
}

/* Does text read back as size? Above a power of two the doubles lie twice as far apart as below, so that there the
 * nearest decimal may miss while the next one up, though further away, reads back. */
static bool reads_back(char *text, double size)
{
    int exponent;
    if (strtod(text, NULL) == size)
        return true;
    if (frexp(size, &exponent) != 0.5)
        return false;
    step_up(text);
    return strtod(text, NULL) == size;
}

static void print_double(struct buf *out, double value)
{
    char text[DOUBLE_TEXT], digits[DOUBLE_TEXT];
    double size = fabs(value);
    if (isnan(value) || isinf(value)) {
        buf_add_cstr(out, isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    if (print_short_double(out, value))
        return;
    size_t n = 0;
    int exponent = 0;
    /* Up to 15 digits always survive, so that fewer need not be tried but where the doubles lie far apart. */
    for (int precision = size < DBL_MIN ? 0 : DBL_DIG - 1; precision <= 16; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, size);
        bool same = reads_back(text, size);
        n = take_digits(text, digits, &exponent);
        if (same && !is_half_way(digits, n, exponent))
            break;
    }
    if (value < 0)
        buf_add_byte(out, '-');
    lay_out(out, digits, n, exponent);
}

/* ---- dates and times ---- */

/* PostgreSQL counts years before 1 as BC; there is no year 0. */
static char *write_date(char *end, int32_t days)
{
    int year, month, day;
    date_to_civil(days, &year, &month, &day);
    char *p = write_digits(end, (uint64_t)day, 2);
    *--p = '-';
    p = write_digits(p, (uint64_t)month, 2);
    *--p = '-';
    return write_digits(p, (uint64_t)(year < 1 ? 1 - year : year), 4);
}

static bool before_christ(int32_t days)
{
    return days < LANE_FIRST_INSTANT / LANE_DAY;
}

static char *write_time(char *end, int64_t micros)
{
    char *p = end;
    int64_t fraction = micros % 1000000, seconds = micros / 1000000;
    if (fraction) {
        size_t least = 6;
        for (; fraction % 10 == 0; fraction /= 10)
            least--;
        p = write_digits(p, (uint64_t)fraction, least);
        *--p = '.';
    }
    p = write_digits(p, (uint64_t)(seconds % 60), 2);
    *--p = ':';
    p = write_digits(p, (uint64_t)(seconds / 60 % 60), 2);
    *--p = ':';
    return write_digits(p, (uint64_t)(seconds / 3600), 2);
}

static void print_date(struct buf *out, int32_t days)
{
    char text[MOMENT_TEXT], *end = text + sizeof text, *p = write_date(end, days);
    buf_add(out, p, (size_t)(end - p));
    if (before_christ(days))
        buf_add(out, " BC", 3);
}

static void print_timestamp(struct buf *out, int64_t at)
{
    char text[MOMENT_TEXT], *end = text + sizeof text, *p = end - 3;
    int64_t time = at % LANE_DAY, days = at / LANE_DAY;
    if (time < 0) {
        time += LANE_DAY;
        days--;
    }
    memcpy(p, "+00", 3);
    p = write_time(p, time);
    *--p = ' ';
    p = write_date(p, (int32_t)days);
    buf_add(out, p, (size_t)(end - p));
    if (before_christ((int32_t)days))
        buf_add(out, " BC", 3);
}

static void print_time(struct buf *out, int64_t micros)
{
    char text[MOMENT_TEXT], *end = text + sizeof text, *p = write_time(end, micros);
    buf_add(out, p, (size_t)(end - p));
}

void value_print(struct buf *out, struct type type, const void *value)
{
    switch (type.kind) {
    case TYPE_STRING:
        buf_add_str(out, *(const struct str *)value);
        break;
    case TYPE_INTEGER:
        buf_add_i64(out, *(const int64_t *)value);
        break;
    case TYPE_DECIMAL:
        value_print_decimal(
            out, type_is_wide(type) ? *(const int128 *)value : (int128) * (const int64_t *)value, type.scale);
        break;
    case TYPE_DOUBLE:
        print_double(out, *(const double *)value);
        break;
    case TYPE_BOOLEAN:
        buf_add_byte(out, *(const uint8_t *)value ? 't' : 'f');
        break;
    case TYPE_DATE:
        print_date(out, *(const int32_t *)value);
        break;
    case TYPE_TIME:
        print_time(out, *(const int64_t *)value);
        break;
    case TYPE_TIMESTAMP:
        print_timestamp(out, *(const int64_t *)value);
        break;
    }
}
