/*
 * The fast lanes: texts in their plain form, read inline. A lane either gives exactly what the careful reading would
 * give, or hands over to it.
 */
#ifndef WORKER_SHAPE_LANE_H
#define WORKER_SHAPE_LANE_H

#include "worker/shape/converter.h"

enum { LANE_DIGITS = 18 };

static const int64_t lane_power[LANE_DIGITS + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
    1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
    10000000000000000, 100000000000000000, 1000000000000000000};

static inline bool lane_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* [-]digits[point digits] with at most 18 digits; false: another form. */
struct plain_number {
    int64_t digits;
    uint32_t count, fraction;
};

static inline bool lane_number(struct str text, char point, struct plain_number *out)
{
    bool negative = text.n && text.p[0] == '-';
    size_t at = negative;
    int64_t value = 0;
    if (text.n > LANE_DIGITS)
        return false;
    for (; at < text.n && lane_digit(text.p[at]); at++)
        value = value * 10 + (text.p[at] - '0');
    uint32_t whole = (uint32_t)(at - negative), fraction = 0;
    if (at < text.n) {
        if (text.p[at] != point)
            return false;
        size_t start = ++at;
        for (; at < text.n && lane_digit(text.p[at]); at++)
            value = value * 10 + (text.p[at] - '0');
        fraction = (uint32_t)(at - start);
        if (at < text.n || !fraction)
            return false;
    }
    *out = (struct plain_number){negative ? -value : value, whole + fraction, fraction};
    return whole != 0;
}

static inline enum value_result lane_integer(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    struct plain_number number;
    (void)lane;
    if (!lane_number(text, '.', &number) || number.fraction)
        return plan_parse_careful(plan, text, out);
    memcpy(out, &number.digits, sizeof number.digits);
    return VALUE_OK;
}

static inline enum value_result lane_decimal(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    struct plain_number number;
    uint32_t scale = plan->field->type.scale, precision = plan->field->type.precision;
    (void)lane;
    if (plan->decimal_undecided || !lane_number(text, plan->format.decimal_char, &number) || number.fraction > scale)
        return plan_parse_careful(plan, text, out);
    uint32_t digits = number.count + scale - number.fraction;
    if (digits > precision || digits > LANE_DIGITS)
        return plan_parse_careful(plan, text, out);
    int64_t value = number.digits * lane_power[scale - number.fraction];
    if (precision <= DECIMAL_NARROW_PRECISION) {
        memcpy(out, &value, sizeof value);
    } else {
        int128 wide = value;
        memcpy(out, &wide, sizeof wide);
    }
    return VALUE_OK;
}

/* Clinger's fast path: both the digits and the power of ten are exact doubles, so one division rounds correctly. */
static inline enum value_result lane_double(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    struct plain_number number;
    (void)lane;
    if (plan->decimal_undecided || !lane_number(text, plan->format.decimal_char, &number) || number.count > 15 ||
        number.digits == 0)
        return plan_parse_careful(plan, text, out);
    double value = (double)number.digits / (double)lane_power[number.fraction];
    memcpy(out, &value, sizeof value);
    return VALUE_OK;
}

static inline int lane_two(const char *p)
{
    return lane_digit(p[0]) && lane_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/* YYYY-MM-DD; the same day as before costs a comparison. */
static inline bool lane_iso_date(struct lane *lane, const char *p, int32_t *days)
{
    if (lane->date_known && memcmp(p, lane->date, sizeof lane->date) == 0) {
        *days = lane->days;
        return true;
    }
    int century = lane_two(p), year = lane_two(p + 2), month = lane_two(p + 5), day = lane_two(p + 8);
    if ((century | year | month | day) < 0 || p[4] != '-' || p[7] != '-' ||
        !date_valid(century * 100 + year, month, day))
        return false;
    *days = lane->days = date_from_civil(century * 100 + year, month, day);
    memcpy(lane->date, p, sizeof lane->date);
    lane->date_known = true;
    return true;
}

static inline bool lane_clock(int hour, int minute, int second, int64_t *micros)
{
    if ((hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 59)
        return false;
    *micros = ((int64_t)hour * 3600 + minute * 60 + second) * 1000000;
    return true;
}

/* HH:MM[:SS[.f{1,6}]] at p; *used bytes of n. */
static inline bool lane_iso_time(const char *p, size_t n, int64_t *micros, size_t *used)
{
    if (n < 5 || p[2] != ':')
        return false;
    bool seconds = n >= 8 && p[5] == ':';
    if (!lane_clock(lane_two(p), lane_two(p + 3), seconds ? lane_two(p + 6) : 0, micros))
        return false;
    *used = seconds ? 8 : 5;
    if (seconds && n > 9 && p[8] == '.') {
        size_t at = 9;
        int64_t fraction = 0;
        for (; at < n && at < 15 && lane_digit(p[at]); at++)
            fraction = fraction * 10 + (p[at] - '0');
        if (at == 9)
            return false;
        *micros += fraction * lane_power[15 - at];
        *used = at;
    }
    return true;
}

static inline bool lane_layout(const struct moment_layout *layout, struct str text, int32_t *days, int64_t *micros)
{
    if (text.n != layout->length)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (layout->template[i] == '0' ? !lane_digit(text.p[i]) : text.p[i] != layout->template[i])
            return false;
    int year = lane_two(text.p + layout->year) * 100 + lane_two(text.p + layout->year + 2);
    int month = lane_two(text.p + layout->month), day = lane_two(text.p + layout->day);
    if (!date_valid(year, month, day))
        return false;
    *days = date_from_civil(year, month, day);
    return lane_clock(layout->hour < 0 ? 0 : lane_two(text.p + layout->hour),
        layout->minute < 0 ? 0 : lane_two(text.p + layout->minute),
        layout->second < 0 ? 0 : lane_two(text.p + layout->second), micros);
}

static inline enum value_result lane_date(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    int32_t days;
    int64_t micros;
    bool read = plan->iso_lane && text.n == 10 && lane_iso_date(lane, text.p, &days);
    if (!read)
        read = plan->layout.length && plan->layout.hour < 0 && plan->layout.minute < 0 && plan->layout.second < 0 &&
               lane_layout(&plan->layout, text, &days, &micros);
    if (!read)
        return plan_parse_careful(plan, text, out);
    memcpy(out, &days, sizeof days);
    return VALUE_OK;
}

static inline bool lane_iso_timestamp(const struct plan *plan, struct lane *lane, struct str text, int64_t *out)
{
    int32_t days;
    int64_t micros = 0;
    size_t used = 0;
    if (text.n < 10 || !lane_iso_date(lane, text.p, &days))
        return false;
    if (text.n > 10 &&
        ((text.p[10] != 'T' && text.p[10] != ' ') || !lane_iso_time(text.p + 11, text.n - 11, &micros, &used)))
        return false;
    size_t end = text.n > 10 ? 11 + used : 10;
    bool zone = end + 1 == text.n && used && text.p[end] == 'Z';
    if (!zone && (end != text.n || !plan->bare_is_utc))
        return false;
    *out = (int64_t)days * 86400000000 + micros;
    return true;
}

static inline enum value_result lane_timestamp(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    int64_t instant;
    bool read = plan->iso_lane && lane_iso_timestamp(plan, lane, text, &instant);
    if (!read && plan->layout.length && plan->bare_is_utc) {
        int32_t days;
        int64_t micros;
        read = lane_layout(&plan->layout, text, &days, &micros);
        if (read)
            instant = (int64_t)days * 86400000000 + micros;
    }
    if (!read)
        return plan_parse_careful(plan, text, out);
    memcpy(out, &instant, sizeof instant);
    return VALUE_OK;
}

static inline enum value_result lane_string(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    (void)plan;
    (void)lane;
    memcpy(out, &text, sizeof text);
    return VALUE_OK;
}

static inline enum value_result lane_other(const struct plan *plan, struct lane *lane, struct str text, void *out)
{
    (void)lane;
    return plan_parse_careful(plan, text, out);
}

#endif
