#include "worker/value/moment.h"

#include "worker/value/lane.h"

enum { FRACTION_DIGITS = 9, MICRO_DIGITS = 6, LARGEST_OFFSET = 16 * 3600, SECONDS = 1000000 };

bool moment_eat_fraction(struct str *s, struct civil *out)
{
    size_t n = scan_digits(*s);
    if (!n || n > FRACTION_DIGITS)
        return false;
    int value = 0;
    for (size_t i = 0; i < MICRO_DIGITS; i++)
        value = value * 10 + (i < n ? s->p[i] - '0' : 0);
    for (size_t i = MICRO_DIGITS; i < n; i++)
        out->out_of_range |= s->p[i] != '0';
    out->micros = value;
    *s = scan_skip(*s, n);
    return true;
}

bool moment_eat_zone(struct str *s, bool compact, struct civil *out)
{
    int hours, minutes = 0;
    out->has_zone = true;
    if (scan_eat(s, 'Z'))
        return true;
    bool west = s->n && s->p[0] == '-';
    if (!west && (!s->n || s->p[0] != '+'))
        return false;
    *s = scan_skip(*s, 1);
    if (compact && scan_digits(*s) == 4) {
        if (!scan_number(s, 4, 4, &hours))
            return false;
        minutes = hours % 100;
        hours /= 100;
    } else if (!scan_number(s, 2, 2, &hours) || (scan_eat(s, ':') && !scan_number(s, 2, 2, &minutes)))
        return false;
    int size = hours * 3600 + minutes * 60;
    out->out_of_range |= minutes > 59 || size >= LARGEST_OFFSET;
    out->zone = west ? -size : size;
    return true;
}

static bool in_range(const struct civil *c)
{
    if (c->out_of_range || c->hour > 23 || c->minute > 59 || c->second > 59)
        return false;
    if (!c->has_date)
        return true;
    if (!date_valid(c->year, c->month, c->day))
        return false;
    int32_t days = date_from_civil(c->year, c->month, c->day);
    return !c->has_weekday || ((days % 7 + 7) % 7 + 4) % 7 == c->weekday; /* 1970-01-01 was a Thursday */
}

static int64_t time_of_day(const struct civil *c)
{
    return ((c->hour * 60 + c->minute) * 60 + c->second) * (int64_t)SECONDS + c->micros;
}

static enum value_result check_instant(int64_t instant)
{
    return instant >= LANE_FIRST_INSTANT && instant <= LANE_LAST_INSTANT ? VALUE_OK : VALUE_RANGE;
}

static enum value_result civil_to_value(
    const struct civil *c, enum type_kind kind, const struct timezone_rules *rules, int64_t *out)
{
    if (kind == TYPE_TIME ? c->has_date || !c->has_time : !c->has_date)
        return VALUE_BAD;
    if (!in_range(c))
        return VALUE_RANGE;
    int64_t time = time_of_day(c), days = c->has_date ? date_from_civil(c->year, c->month, c->day) : 0;
    if (kind == TYPE_TIME) {
        *out = time;
        return VALUE_OK;
    }
    if (kind == TYPE_DATE) {
        *out = days;
        return time ? VALUE_RANGE : VALUE_OK;
    }
    *out = days * LANE_DAY + time;
    if (c->has_zone)
        *out -= c->zone * (int64_t)SECONDS;
    else if (rules) {
        enum value_result result = timezone_to_utc(rules, *out, out);
        if (result != VALUE_OK)
            return result;
    }
    return check_instant(*out);
}

/* Several readings of one text become one answer: a value beats "out of range", that beats "not of this form", and two
 * values that differ are ambiguous. */
struct answer {
    enum value_result result;
    int64_t value;
};

static void add_reading(struct answer *answer, enum value_result result, int64_t value)
{
    if (result == VALUE_OK && answer->result == VALUE_OK) {
        if (value != answer->value)
            answer->result = VALUE_AMBIGUOUS;
    } else if (answer->result == VALUE_AMBIGUOUS || result == VALUE_BAD)
        return;
    else if (result == VALUE_AMBIGUOUS || answer->result == VALUE_BAD || result == VALUE_OK)
        *answer = (struct answer){result, value};
}

static void read_any(struct str text, enum type_kind kind, enum moment_kind order, const struct timezone_rules *rules,
    struct answer *answer)
{
    struct civil c;
    int64_t value = 0;
    enum value_result result;
    if (!any_read(text, kind, &c))
        return;
    if (!c.swappable || order != MOMENT_ANY_MONTH_FIRST) {
        result = civil_to_value(&c, kind, rules, &value);
        add_reading(answer, result, value);
    }
    if (!c.swappable || order == MOMENT_ANY_DAY_FIRST)
        return;
    int day = c.day;
    c.day = c.month;
    c.month = day;
    result = civil_to_value(&c, kind, rules, &value);
    add_reading(answer, result, value);
}

static void read_epoch(struct str text, enum type_kind kind, bool milliseconds, struct answer *answer)
{
    int64_t at = 0;
    enum value_result result = kind == TYPE_TIME ? VALUE_BAD : epoch_read(text, milliseconds, &at);
    if (result == VALUE_OK)
        result = check_instant(at);
    if (kind == TYPE_DATE && result == VALUE_OK) {
        result = at % LANE_DAY ? VALUE_RANGE : VALUE_OK;
        at /= LANE_DAY;
    }
    add_reading(answer, result, at);
}

static void read_moment(struct str text, enum type_kind kind, const struct moment_format *moment,
    const struct timezone_rules *rules, struct answer *answer)
{
    struct civil c;
    int64_t value = 0;
    bool fits = false;
    switch (moment->kind) {
    case MOMENT_ANY:
    case MOMENT_ANY_DAY_FIRST:
    case MOMENT_ANY_MONTH_FIRST:
        read_any(text, kind, moment->kind, rules, answer);
        return;
    case MOMENT_EPOCH_S:
    case MOMENT_EPOCH_MS:
        read_epoch(text, kind, moment->kind == MOMENT_EPOCH_MS, answer);
        return;
    case MOMENT_ISO:
        fits = iso_read(text, kind, &c);
        break;
    case MOMENT_PATTERN:
        fits = pattern_read(text, moment->pattern, &c);
    }
    if (fits) {
        enum value_result result = civil_to_value(&c, kind, rules, &value);
        add_reading(answer, result, value);
    }
}

static bool is_iso(const struct moment_format *moments, size_t count)
{
    return count == 0 || (count == 1 && moments[0].kind == MOMENT_ISO);
}

static enum value_result read_all(struct str text, enum type_kind kind, const struct moment_format *moments,
    size_t count, const struct timezone_rules *rules, int64_t *out)
{
    static const struct moment_format iso = {.kind = MOMENT_ISO};
    struct answer answer = {.result = VALUE_BAD};
    text = scan_trim(text);
    if (!count)
        read_moment(text, kind, &iso, rules, &answer);
    for (size_t i = 0; i < count; i++)
        read_moment(text, kind, &moments[i], rules, &answer);
    *out = answer.value;
    return answer.result;
}

static enum value_result read_date(struct str text, const struct moment_format *moments, size_t count, int32_t *out)
{
    int64_t days;
    if (is_iso(moments, count) && lane_date(text, out))
        return VALUE_OK;
    enum value_result result = read_all(text, TYPE_DATE, moments, count, NULL, &days);
    *out = (int32_t)days;
    return result;
}

static enum value_result read_timestamp(struct str text, const struct moment_format *moments, size_t count,
    const struct timezone_rules *rules, int64_t *out)
{
    bool zoned;
    if (is_iso(moments, count) && lane_timestamp(text, out, &zoned)) {
        if (zoned || !rules)
            return VALUE_OK;
        enum value_result result = timezone_to_utc(rules, *out, out);
        return result == VALUE_OK ? check_instant(*out) : result;
    }
    return read_all(text, TYPE_TIMESTAMP, moments, count, rules, out);
}

static const struct value_format standard;

enum value_result value_parse_date(struct str text, const struct value_format *format, int32_t *out)
{
    format = format ? format : &standard;
    return read_date(text, format->moments, format->moment_count, out);
}

enum value_result value_parse_time(struct str text, const struct value_format *format, int64_t *out)
{
    format = format ? format : &standard;
    return read_all(text, TYPE_TIME, format->moments, format->moment_count, NULL, out);
}

enum value_result value_parse_timestamp(struct str text, const struct value_format *format, int64_t *out)
{
    format = format ? format : &standard;
    return read_timestamp(text, format->moments, format->moment_count, format->timezone, out);
}

enum value_result value_parse_date_with(struct str text, const struct moment_format *moment, int32_t *out)
{
    return read_date(text, moment, 1, out);
}

enum value_result value_parse_time_with(struct str text, const struct moment_format *moment, int64_t *out)
{
    return read_all(text, TYPE_TIME, moment, 1, NULL, out);
}

enum value_result value_parse_timestamp_with(
    struct str text, const struct moment_format *moment, const struct timezone_rules *rules, int64_t *out)
{
    return read_timestamp(text, moment, 1, rules, out);
}
