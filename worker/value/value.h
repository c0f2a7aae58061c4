/*
 * Text to typed values and back. Scalar, pure, thread-safe. A value that does not fit is never rounded, wrapped or
 * guessed: the result says why.
 */
#ifndef WORKER_VALUE_VALUE_H
#define WORKER_VALUE_VALUE_H

#include "shared/arena.h"
#include "shared/buf.h"
#include "worker/value/type.h"

enum value_result {
    VALUE_OK,
    VALUE_BAD,       /* not of this type and format: type-error */
    VALUE_RANGE,     /* of the right form, but outside the type: digits beyond the scale, overflow, 31 February */
    VALUE_AMBIGUOUS, /* two of the allowed readings give different values: ambiguous-value */
};

/* One allowed form of a date, time or datetime (Table Schema `format`, our `formats`). */
enum moment_kind {
    MOMENT_ISO,      /* "iso" or "default" */
    MOMENT_ANY,      /* "any": ISO and the usual day-first, month-first, month-name forms; conflicts are ambiguous */
    MOMENT_PATTERN,  /* strptime directives: %Y %y %m %d %H %M %S %f %z %Z %p %I %b %B %a %A %j %e %T %F %D %% */
    MOMENT_EPOCH_S,  /* "epoch": seconds, fraction allowed */
    MOMENT_EPOCH_MS, /* "epoch_ms": milliseconds */
    /* "any", once a file's unambiguous values have decided in which order day and month come: */
    MOMENT_ANY_DAY_FIRST,
    MOMENT_ANY_MONTH_FIRST,
};

struct moment_format {
    enum moment_kind kind;
    struct str pattern; /* MOMENT_PATTERN only */
};

struct timezone_rules; /* an IANA zone's transitions, read from the system's tzdata */

struct value_format {
    /* integer, number */
    char decimal_char;     /* '.' by default */
    struct str group_char; /* empty: no grouping allowed. "," "." " " "'" or U+00A0, U+202F; not the decimal_char */
    bool currency;         /* a leading or trailing currency sign or ISO code is allowed: "£1.00", "1.00 EUR" */
    bool parentheses;      /* (1.00) is -1.00 */
    bool percent;          /* "12 %" is 0.12 */
    bool trailing_minus;   /* "1.00-" is -1.00 */
    bool exponent;         /* 1.5e3 */
    bool float_special;    /* NaN, INF, -INF; double only */
    /* boolean */
    const struct str *true_values, *false_values; /* empty: the standard's true True TRUE 1, false False FALSE 0 */
    size_t true_count, false_count;
    /* date, time, datetime: any of these; when more than one fits with different values the value is ambiguous */
    const struct moment_format *moments; /* count 0: iso */
    size_t moment_count;
    const struct timezone_rules *timezone; /* for datetime text without a zone; NULL: UTC */
};

/* NULL and err (ERR_CONFIG) for an unknown zone. The rules live in arena. "UTC" gives NULL rules and true. */
bool timezone_load(
    struct str name, struct arena *arena, const struct timezone_rules **rules, struct err *err) MUST_CHECK;
/* NULL rules are UTC. Microseconds of local civil time to the instant; a time in a spring gap is VALUE_RANGE, in an
 * autumn fold VALUE_AMBIGUOUS. */
enum value_result timezone_to_utc(const struct timezone_rules *rules, int64_t local, int64_t *utc);
int64_t timezone_to_local(const struct timezone_rules *rules, int64_t utc);

/*
 * What is accepted.
 * Numbers: ASCII digits; group separators only between groups of three; one sign ('-', U+2212, '+', parentheses or a
 * trailing minus); one currency sign or ISO 4217 code (before or after, a space between); digits on one side of the
 * point suffice. integer knows neither point nor exponent. decimal is exact: exponent and percent only move the point.
 * double is rounded to nearest; what rounds to 0 or infinity is VALUE_RANGE; NaN, INF, Infinity in any case.
 * Times: hours 0-23, minutes and seconds 0-59 (24:00 and leap seconds are VALUE_RANGE), 1 to 9 digits of fraction, of
 * which those behind the microsecond must be 0 (else VALUE_RANGE), offsets up to 15:59, years and instants 0001-9999.
 * A date whose format also reads a time must be midnight there (VALUE_RANGE); the civil date counts, whatever the zone.
 * format may be NULL: '.', exponents, NaN and INF, the standard's booleans, iso, UTC.
 */

/*
 * Text (UTF-8, any surrounding spaces already judged by the caller) to *out, whose storage type_size(type) states.
 * String: a slice of text itself. Leading and trailing ASCII white space and U+00A0 are allowed for every type but
 * string. *out is undefined unless VALUE_OK. The fast lanes in worker/value/lane.h may be tried inline before these.
 */
enum value_result value_parse(struct str text, struct type type, const struct value_format *format, void *out);

enum value_result value_parse_integer(struct str text, const struct value_format *format, int64_t *out);
/* out: int64_t* or int128* after type_is_wide(type). */
enum value_result value_parse_decimal(struct str text, struct type type, const struct value_format *format, void *out);
enum value_result value_parse_double(struct str text, const struct value_format *format, double *out);
enum value_result value_parse_boolean(struct str text, const struct value_format *format, uint8_t *out);
enum value_result value_parse_date(struct str text, const struct value_format *format, int32_t *out);
enum value_result value_parse_time(struct str text, const struct value_format *format, int64_t *out);
enum value_result value_parse_timestamp(struct str text, const struct value_format *format, int64_t *out);

/* By one form alone, for a caller that decides between conflicting formats itself. rules: NULL for UTC. */
enum value_result value_parse_date_with(struct str text, const struct moment_format *moment, int32_t *out);
enum value_result value_parse_time_with(struct str text, const struct moment_format *moment, int64_t *out);
enum value_result value_parse_timestamp_with(
    struct str text, const struct moment_format *moment, const struct timezone_rules *rules, int64_t *out);

/*
 * Patterns: %Y 4 digits; %y 2 (69-99: 19xx, 00-68: 20xx); %m %d %H %I %M %S 1-2 digits, but exactly 2 next to other
 * digits; %e as %d with a space before it allowed; %j 1-3; %f 1-9; %z Z, ±HH, ±HHMM, ±HH:MM; %Z UTC, GMT or Z; %b %B %a
 * %A English names, short or long, in any case (a weekday must be the date's: else VALUE_RANGE); %p AM, PM; a space
 * matches one or more; other text stands for itself. An absent month or day is 1.
 *
 * The check is made once: false with a sentence in err (ERR_CONFIG) for an unknown directive, one that comes twice, %I
 * without %p, …
 */
bool moment_pattern_check(struct str pattern, struct err *err) MUST_CHECK;
/* The same, and that it says what a date, time or timestamp needs (a year; an hour). */
bool moment_pattern_check_for(struct str pattern, enum type_kind kind, struct err *err) MUST_CHECK;

/* The canonical text, as PostgreSQL prints it under TimeZone UTC, ISO datestyle: "12.50", "2026-11-21 01:02:03+00",
 * "t". */
void value_print(struct buf *out, struct type type, const void *value);
void value_print_decimal(struct buf *out, int128 value, uint8_t scale);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back (Hinnant's algorithm). */
int32_t date_from_civil(int year, int month, int day);
void date_to_civil(int32_t days, int *year, int *month, int *day);
bool date_valid(int year, int month, int day);

/* The shape of a value as causes show it: digits 9, upper-case A, lower-case a, other letters x; runs longer than 4 are
 * cut with '+': "1,234.56" -> "9,999.99", "hello" -> "aaaa+". At most 40 bytes. */
void value_shape(struct buf *out, struct str text);

#endif
