/*
 * Fast lanes: the forms that hundreds of millions of cells have. Each says false for whatever it does not take, and the
 * careful lane behind (value_parse_…) decides; what it takes, the careful lane reads the same way.
 */
#ifndef WORKER_VALUE_LANE_H
#define WORKER_VALUE_LANE_H

#include "worker/value/scan.h"

#define LANE_DAY 86400000000ll
#define LANE_FIRST_INSTANT (-62135596800000000ll) /* 0001-01-01T00:00:00Z */
#define LANE_LAST_INSTANT 253402300799999999ll    /* 9999-12-31T23:59:59.999999Z */

/* -?[0-9]{1,18} */
static inline bool lane_integer(struct str text, int64_t *out)
{
    size_t sign = text.n && text.p[0] == '-', n = text.n - sign;
    uint64_t value = 0;
    if (n - 1 > 17)
        return false;
    for (size_t i = sign; i < text.n; i++) {
        unsigned digit = (unsigned)(unsigned char)text.p[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *out = sign ? -(int64_t)value : (int64_t)value;
    return true;
}

/* -?digits[.digits] whose digits before the point and scale are at most 18 together. */
static inline bool lane_decimal(struct str text, struct type type, char point, int64_t *out)
{
    const char *p = text.p, *end = p + text.n;
    bool negative = text.n && *p == '-';
    p += negative;
    if ((size_t)(end - p) - 1 > 18)
        return false;
    uint64_t value = 0;
    const char *from = p;
    for (unsigned digit; p < end && (digit = (unsigned)(unsigned char)*p - '0') <= 9; p++)
        value = value * 10 + digit;
    size_t whole = (size_t)(p - from), fraction = 0;
    if (p < end) {
        if (*p++ != point)
            return false;
        from = p;
        for (unsigned digit; p < end && (digit = (unsigned)(unsigned char)*p - '0') <= 9; p++)
            value = value * 10 + digit;
        fraction = (size_t)(p - from);
    }
    if (p != end || whole + fraction == 0 || fraction > type.scale || whole + type.scale > DECIMAL_NARROW_PRECISION)
        return false;
    value *= scan_powers[type.scale - fraction];
    if (type.precision < DECIMAL_NARROW_PRECISION && value >= scan_powers[type.precision])
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* -?digits[.digits] where quotient of two exact doubles is the correctly rounded value (Clinger 1990). */
static inline bool lane_double(struct str text, char point, double *out)
{
    const char *p = text.p, *end = p + text.n;
    bool negative = text.n && *p == '-';
    p += negative;
    if ((size_t)(end - p) - 1 > 18)
        return false;
    uint64_t value = 0;
    size_t digits = 0, fraction = 0;
    bool behind_point = false;
    for (; p < end; p++) {
        unsigned digit = (unsigned)(unsigned char)*p - '0';
        if (digit <= 9) {
            value = value * 10 + digit;
            digits++;
            fraction += behind_point;
        } else if (*p == point && !behind_point)
            behind_point = true;
        else
            return false;
    }
    if (!digits || value > 1ull << 53)
        return false;
    double size = (double)value / (double)scan_powers[fraction];
    *out = negative ? -size : size;
    return true;
}

/* Days since 1970-01-01; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static inline int32_t lane_days(int year, int month, int day)
{
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static inline bool lane_date_valid(int year, int month, int day)
{
    static const unsigned char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] || (month == 2 && day == 29 && year % 4 == 0 && (year % 100 || year % 400 == 0));
}

/* Eight bytes, the first one lowest. */
static inline uint64_t lane_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/*
 * Eight bytes against a picture of '0' for any digit and separators as they are. After the xor a digit is 0-9 and a
 * separator 0; adding 0x76 or 0x7F carries into the top bit of each byte that is more. true: byte i of *pairs is the
 * number that digits i and i + 1 make.
 */
static inline bool lane_picture(uint64_t word, uint64_t picture, uint64_t room, uint64_t *pairs)
{
    uint64_t x = word ^ picture;
    *pairs = x * 10 + (x >> 8);
    return (((x + room) | x) & 0x8080808080808080u) == 0;
}

static inline int lane_byte(uint64_t word, unsigned i)
{
    return (int)(word >> (8 * i) & 0xFF);
}

/* The first eight bytes of YYYY-MM-DD, then its day. */
static inline bool lane_civil(const char *p, int *year, int *month, int *day)
{
    uint64_t pairs;
    unsigned tens = (unsigned)(unsigned char)p[8] - '0', ones = (unsigned)(unsigned char)p[9] - '0';
    if (!lane_picture(lane_load(p), 0x2D30302D30303030u, 0x7F76767F76767676u, &pairs) || tens > 9 || ones > 9)
        return false;
    *year = lane_byte(pairs, 0) * 100 + lane_byte(pairs, 2);
    *month = lane_byte(pairs, 5);
    *day = (int)(tens * 10 + ones);
    return true;
}

/* YYYY-MM-DD */
static inline bool lane_date(struct str text, int32_t *out)
{
    int year, month, day;
    if (text.n != 10 || !lane_civil(text.p, &year, &month, &day) || !lane_date_valid(year, month, day))
        return false;
    *out = lane_days(year, month, day);
    return true;
}

/* Behind the seconds: [.f{1,6}][Z|±HH:MM]. Adds the fraction, takes the zone off. */
static inline bool lane_tail(const char *p, const char *end, int64_t *at, bool *zoned)
{
    if (p < end && *p == '.') {
        const char *from = ++p;
        uint64_t value = 0;
        for (unsigned digit; p < end && p - from < 6 && (digit = (unsigned)(unsigned char)*p - '0') <= 9; p++)
            value = value * 10 + digit;
        if (p == from)
            return false;
        *at += (int64_t)(value * scan_powers[6 - (p - from)]);
    }
    *zoned = p < end;
    if (p == end || (*p == 'Z' && p + 1 == end))
        return true;
    if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':')
        return false;
    unsigned h1 = (unsigned)(unsigned char)p[1] - '0', h2 = (unsigned)(unsigned char)p[2] - '0';
    unsigned m1 = (unsigned)(unsigned char)p[4] - '0', m2 = (unsigned)(unsigned char)p[5] - '0';
    if (h1 > 1 || h2 > 9 || m1 > 5 || m2 > 9 || h1 * 10 + h2 > 15)
        return false;
    int64_t zone = (int64_t)((h1 * 10 + h2) * 60 + m1 * 10 + m2) * 60000000;
    *at += *p == '-' ? zone : -zone;
    return true;
}

/* YYYY-MM-DD[T ]HH:MM:SS[.f{1,6}][Z|±HH:MM]. zoned false: *out is civil time, still to be read in some zone. */
static inline bool lane_timestamp(struct str text, int64_t *out, bool *zoned)
{
    if (text.n < 19)
        return false;
    const char *p = text.p;
    int year, month, day;
    uint64_t pairs, word = lane_load(p + 11);
    if ((p[10] != 'T' && p[10] != ' ') || !lane_civil(p, &year, &month, &day) ||
        !lane_picture(word, 0x30303A30303A3030u, 0x76767F76767F7676u, &pairs))
        return false;
    int hour = lane_byte(pairs, 0), minute = lane_byte(pairs, 3), second = lane_byte(pairs, 6);
    if (!lane_date_valid(year, month, day) || hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t at = lane_days(year, month, day) * LANE_DAY + ((hour * 60 + minute) * 60 + second) * 1000000ll;
    if (!lane_tail(p + 19, p + text.n, &at, zoned) || at < LANE_FIRST_INSTANT || at > LANE_LAST_INSTANT)
        return false;
    *out = at;
    return true;
}

#endif
