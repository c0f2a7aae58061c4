#include "worker/expr/moment.h"

#include "worker/value/value.h"

struct scan {
    struct str text;
    size_t at;
};

static char peek(const struct scan *scan)
{
    return scan->at < scan->text.n ? scan->text.p[scan->at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_spaces(struct scan *scan)
{
    while (peek(scan) == ' ')
        scan->at++;
}

static bool accept(struct scan *scan, char c)
{
    if (peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

/* Between least and most digits. */
static bool scan_digits(struct scan *scan, size_t least, size_t most, int *out)
{
    size_t n = 0;
    for (*out = 0; n < most && is_digit(peek(scan)); n++)
        *out = *out * 10 + (scan->text.p[scan->at++] - '0');
    return n >= least && !is_digit(peek(scan));
}

static const char field_out_of_range[] = "date/time field value out of range";

static const char *syntax(enum kind kind)
{
    return kind == KIND_DATE   ? "invalid input syntax for type date"
           : kind == KIND_TIME ? "invalid input syntax for type time"
           : kind == KIND_TS   ? "invalid input syntax for type timestamp"
                               : "invalid input syntax for type timestamp with time zone";
}

/* YYYY-MM-DD or YYYYMMDD */
static const char *scan_date(struct scan *scan, enum kind kind, int64_t *days)
{
    int year, month, day;
    size_t start = scan->at;
    if (scan_digits(scan, 8, 8, &year)) {
        day = year % 100;
        month = year / 100 % 100;
        year /= 10000;
    } else {
        scan->at = start;
        if (!scan_digits(scan, 4, 4, &year) || !accept(scan, '-') || !scan_digits(scan, 1, 2, &month) ||
            !accept(scan, '-') || !scan_digits(scan, 1, 2, &day))
            return syntax(kind);
    }
    if (!date_valid(year, month, day) || year == 0)
        return field_out_of_range;
    *days = date_from_civil(year, month, day);
    return NULL;
}

/* A fraction of a second to microseconds; what is behind those must be zeros. */
static bool scan_fraction(struct scan *scan, int64_t *micros)
{
    int n = 0;
    bool exact = true;
    for (*micros = 0; is_digit(peek(scan)); scan->at++, n++) {
        if (n < 6)
            *micros = *micros * 10 + (peek(scan) - '0');
        else
            exact = exact && peek(scan) == '0';
    }
    bool any = n > 0;
    for (; n < 6; n++)
        *micros *= 10;
    return any && exact;
}

/* HH:MM[:SS[.fraction]] */
static const char *scan_time(struct scan *scan, enum kind kind, int64_t *micros)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!scan_digits(scan, 1, 2, &hour) || !accept(scan, ':') || !scan_digits(scan, 2, 2, &minute))
        return syntax(kind);
    if (accept(scan, ':') &&
        (!scan_digits(scan, 2, 2, &second) || (accept(scan, '.') && !scan_fraction(scan, &fraction))))
        return syntax(kind);
    *micros = ((hour * 60LL + minute) * 60 + second) * MICROS_A_SECOND + fraction;
    return hour > 24 || minute > 59 || second > 60 || *micros > MICROS_A_DAY ? field_out_of_range : NULL;
}

/* Z, UTC, ±HH, ±HH:MM, ±HHMM; nothing is UTC. */
static bool scan_zone(struct scan *scan, int64_t *offset)
{
    int hours, minutes = 0;
    *offset = 0;
    skip_spaces(scan);
    struct str rest = {scan->text.p + scan->at, scan->text.n - scan->at};
    if (str_eq_nocase_ascii(rest, STR("z")) || str_eq_nocase_ascii(rest, STR("utc")) || rest.n == 0) {
        scan->at = scan->text.n;
        return true;
    }
    bool west = peek(scan) == '-';
    if (!accept(scan, '-') && !accept(scan, '+'))
        return false;
    size_t start = scan->at;
    if (scan_digits(scan, 4, 4, &hours)) {
        minutes = hours % 100;
        hours /= 100;
    } else {
        scan->at = start;
        if (!scan_digits(scan, 1, 2, &hours) || (accept(scan, ':') && !scan_digits(scan, 2, 2, &minutes)))
            return false;
    }
    *offset = (hours * 60LL + minutes) * 60 * MICROS_A_SECOND * (west ? -1 : 1);
    return hours <= 15 && minutes <= 59;
}

const char *moment_parse(struct str text, enum kind kind, int64_t *out)
{
    struct scan scan = {str_trim(text), 0};
    int64_t days = 0, micros = 0, offset = 0;
    *out = 0;
    const char *why = kind == KIND_TIME ? NULL : scan_date(&scan, kind, &days);
    if (why)
        return why;
    bool more = scan.at < scan.text.n;
    if (kind != KIND_TIME && more && peek(&scan) != ' ' && peek(&scan) != 'T')
        return syntax(kind);
    if (kind != KIND_TIME && more && !accept(&scan, 'T'))
        skip_spaces(&scan);
    if ((kind == KIND_TIME || more) && (why = scan_time(&scan, kind, &micros)))
        return why;
    if (!scan_zone(&scan, &offset) || scan.at < scan.text.n)
        return syntax(kind);
    if (kind == KIND_DATE)
        *out = days;
    else if (kind == KIND_TIME)
        *out = micros;
    else
        *out = days * MICROS_A_DAY + micros - (kind == KIND_TSTZ ? offset : 0);
    return NULL;
}

static const struct unit {
    const char *names; /* between spaces */
    int64_t months, days, micros;
} units[] = {{" y year years yr yrs ", 12, 0, 0}, {" mon mons month months ", 1, 0, 0}, {" w week weeks ", 0, 7, 0},
    {" d day days ", 0, 1, 0}, {" h hour hours hr hrs ", 0, 0, 3600 * MICROS_A_SECOND},
    {" m min mins minute minutes ", 0, 0, 60 * MICROS_A_SECOND}, {" s sec secs second seconds ", 0, 0, MICROS_A_SECOND},
    {" ms msec millisecond milliseconds ", 0, 0, 1000}, {" us usec microsecond microseconds ", 0, 0, 1}};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const struct unit *scan_unit(struct scan *scan)
{
    char word[16] = {' '};
    size_t n = 1;
    skip_spaces(scan);
    for (; is_letter(peek(scan)) && n + 2 < sizeof word; scan->at++)
        word[n++] = (char)(peek(scan) | 0x20);
    word[n] = ' ';
    for (size_t i = 0; n > 1 && i < sizeof units / sizeof *units; i++) {
        if (strstr(units[i].names, word))
            return &units[i];
    }
    return NULL;
}

static const char interval_syntax[] = "invalid input syntax for type interval";

/* One "-1.5 hours" or "-04:05:06" more; days and months take no fraction here. */
static const char *scan_part(struct scan *scan, int64_t *months, int64_t *days, int64_t *micros)
{
    bool minus = accept(scan, '-');
    if (!minus)
        accept(scan, '+');
    int whole = 0;
    if (!scan_digits(scan, 1, 8, &whole))
        return interval_syntax;
    int64_t value = whole, fraction = 0;
    if (accept(scan, ':')) {
        int minute, second = 0;
        if (!scan_digits(scan, 2, 2, &minute) || minute > 59 ||
            (accept(scan, ':') && (!scan_digits(scan, 2, 2, &second) || second > 59)))
            return interval_syntax;
        if (accept(scan, '.') && !scan_fraction(scan, &fraction))
            return interval_syntax;
        value = ((value * 60 + minute) * 60 + second) * MICROS_A_SECOND + fraction;
        *micros += minus ? -value : value;
        return NULL;
    }
    bool point = accept(scan, '.');
    if (point && !scan_fraction(scan, &fraction))
        return interval_syntax;
    const struct unit *unit = scan_unit(scan);
    if (!unit || (point && unit->micros < MICROS_A_SECOND))
        return interval_syntax;
    int64_t part = value * unit->micros + (unit->micros / MICROS_A_SECOND) * fraction;
    *months += (minus ? -value : value) * unit->months;
    *days += (minus ? -value : value) * unit->days;
    *micros += minus ? -part : part;
    return NULL;
}

const char *interval_parse(struct str text, struct interval *out)
{
    struct scan scan = {str_trim(text), 0};
    int64_t months = 0, days = 0, micros = 0, sign = 1;
    if (scan.text.n == 0 || scan.text.n > 200)
        return interval_syntax;
    while (scan.at < scan.text.n) {
        struct str rest = {scan.text.p + scan.at, scan.text.n - scan.at};
        if (str_eq_nocase_ascii(rest, STR("ago"))) {
            sign = -1;
            break;
        }
        const char *why = scan_part(&scan, &months, &days, &micros);
        if (why)
            return why;
        skip_spaces(&scan);
    }
    *out = (struct interval){sign * micros, (int32_t)(sign * days), (int32_t)(sign * months)};
    bool fits = out->days == sign * days && out->months == sign * months;
    return fits ? NULL : "interval field value out of range";
}

void moment_print(struct buf *out, enum kind kind, int64_t value)
{
    int32_t days = (int32_t)value;
    switch (kind) {
    case KIND_DATE:
        value_print(out, TYPE(TYPE_DATE), &days);
        break;
    case KIND_TIME:
        value_print(out, TYPE(TYPE_TIME), &value);
        break;
    case KIND_TSTZ:
        value_print(out, TYPE(TYPE_TIMESTAMP), &value);
        break;
    default: {
        size_t start = out->n;
        value_print(out, TYPE(TYPE_TIMESTAMP), &value);
        char *zone = out->failed ? NULL : memmem(out->p + start, out->n - start, "+00", 3);
        if (zone) { /* what stands behind it is nothing or " BC" */
            size_t tail = out->n - (size_t)(zone - out->p) - 3;
            memmove(zone, zone + 3, tail);
            out->n -= 3;
        }
    }
    }
}

static void print_part(struct buf *out, int64_t value, const char *unit, bool *first, bool *minus)
{
    if (value == 0)
        return;
    buf_printf(out, "%s%s%lld %s%s", *first ? "" : " ", *minus && value > 0 ? "+" : "", (long long)value, unit,
        value == 1 ? "" : "s");
    *first = false;
    *minus = value < 0;
}

/* IntervalStyle postgres. */
void interval_print(struct buf *out, const struct interval *interval)
{
    bool first = true, minus = false;
    print_part(out, interval->months / 12, "year", &first, &minus);
    print_part(out, interval->months % 12, "mon", &first, &minus);
    print_part(out, interval->days, "day", &first, &minus);
    if (interval->micros == 0 && !first)
        return;
    uint64_t micros = interval->micros < 0 ? 0 - (uint64_t)interval->micros : (uint64_t)interval->micros;
    unsigned long long seconds = micros / MICROS_A_SECOND, fraction = micros % MICROS_A_SECOND;
    buf_printf(out, "%s%s%02llu:%02llu:%02llu", first ? "" : " ",
        interval->micros < 0 ? "-"
        : minus              ? "+"
                             : "",
        seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction == 0)
        return;
    buf_printf(out, ".%06llu", fraction);
    while (!out->failed && out->p[out->n - 1] == '0')
        out->p[--out->n] = '\0';
}
