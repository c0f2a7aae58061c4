/* Parts of a moment: extract, date_trunc, time zones, to_date. */
#include <math.h>
#include <stdio.h>

#include "worker/expr/decimal.h"
#include "worker/expr/kernels.h"
#include "worker/expr/lex.h"
#include "worker/expr/moment.h"
#include "worker/value/value.h"

enum field {
    MICROSECOND,
    MILLISECOND,
    SECOND,
    MINUTE,
    HOUR,
    DAY,
    WEEK,
    MONTH,
    QUARTER,
    YEAR,
    DECADE,
    CENTURY,
    DOW,
    ISODOW,
    DOY,
    ISOYEAR,
    EPOCH
};

static const struct field_name {
    const char *names;
    enum field field;
    bool truncates;
} fields[] = {{" microseconds ", MICROSECOND, true}, {" milliseconds ", MILLISECOND, true},
    {" second seconds ", SECOND, true}, {" minute minutes ", MINUTE, true}, {" hour hours ", HOUR, true},
    {" day days ", DAY, true}, {" week weeks ", WEEK, true}, {" month months ", MONTH, true},
    {" quarter ", QUARTER, true}, {" year years ", YEAR, true}, {" decade decades ", DECADE, false},
    {" century centuries ", CENTURY, false}, {" dow ", DOW, false}, {" isodow ", ISODOW, false}, {" doy ", DOY, false},
    {" isoyear ", ISOYEAR, false}, {" epoch ", EPOCH, false}};

static struct str const_text(const struct preparation *preparation, uint32_t arg)
{
    return preparation->args[arg]->value.str[0];
}

static bool prepare_field(struct preparation *preparation, bool truncates)
{
    struct str name = const_text(preparation, 0);
    char word[24] = {' '};
    for (size_t i = 0; i < name.n && name.n + 2 < sizeof word; i++)
        word[i + 1] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
    word[name.n + 2 < sizeof word ? name.n + 1 : 1] = ' ';
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strstr(fields[i].names, word) && word[1] != ' ' && (!truncates || fields[i].truncates)) {
            preparation->out = &fields[i];
            return true;
        }
    }
    return expr_fault_set(
        preparation->fault, preparation->args[0]->offset, "unit \"" STR_FMT "\" is not supported", STR_ARG(name));
}

bool prepare_trunc(struct preparation *preparation)
{
    return prepare_field(preparation, true);
}

/* extract() of a date or a time knows only what those have; date_part() takes a date for its midnight. */
bool prepare_extract(struct preparation *preparation)
{
    if (!prepare_field(preparation, false))
        return false;
    const struct field_name *name = preparation->out;
    enum kind kind = preparation->args[1]->type.kind;
    bool clock = name->field <= HOUR, calendar = !clock && name->field != EPOCH;
    bool wrong = kind == KIND_DATE       ? clock
                 : kind == KIND_TIME     ? calendar
                 : kind == KIND_INTERVAL ? calendar && name->field != DAY && name->field != MONTH && name->field != YEAR
                                         : false;
    return !wrong || expr_fault_set(preparation->fault, preparation->args[0]->offset,
                         "unit \"" STR_FMT "\" is not supported for type %s", STR_ARG(const_text(preparation, 0)),
                         kind_name(kind));
}

bool prepare_part(struct preparation *preparation)
{
    return prepare_field(preparation, false);
}

struct civil {
    int year, month, day;
    int64_t days, time; /* since 1970; microseconds of the day */
};

static struct civil civil_of(int64_t stamp)
{
    struct civil civil;
    civil.days = floor_divide(stamp, MICROS_A_DAY);
    civil.time = stamp - civil.days * MICROS_A_DAY;
    date_to_civil((int32_t)civil.days, &civil.year, &civil.month, &civil.day);
    return civil;
}

/* Monday is 1. */
static int weekday(int64_t days)
{
    return (int)(days + 3 - floor_divide(days + 3, 7) * 7) + 1;
}

/* The ISO year is that of the week's Thursday. */
static int iso_year(int64_t days, int *week)
{
    int year, month, day;
    int64_t thursday = days - weekday(days) + 4;
    date_to_civil((int32_t)thursday, &year, &month, &day);
    *week = (int)(thursday - date_from_civil(year, 1, 1)) / 7 + 1;
    return year;
}

static int64_t truncate_stamp(enum field field, int64_t stamp)
{
    static const int64_t steps[] = {[MICROSECOND] = 1,
        [MILLISECOND] = 1000,
        [SECOND] = MICROS_A_SECOND,
        [MINUTE] = 60 * MICROS_A_SECOND,
        [HOUR] = 3600 * MICROS_A_SECOND,
        [DAY] = MICROS_A_DAY};
    if (field <= DAY)
        return floor_divide(stamp, steps[field]) * steps[field];
    struct civil civil = civil_of(stamp);
    int month = field == MONTH ? civil.month : field == QUARTER ? (civil.month - 1) / 3 * 3 + 1 : 1;
    int64_t days = field == WEEK ? civil.days - weekday(civil.days) + 1 : date_from_civil(civil.year, month, 1);
    return days * MICROS_A_DAY;
}

void stamp_trunc(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct field_name *name = node->prepared;
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i))
            out->i64[i] = truncate_stamp(name->field, args[1].i64[i & args[1].mask]);
    }
}

/* Units of the year count without a year 0. */
static int64_t year_field(enum field field, int year)
{
    int shown = year > 0 ? year : year - 1;
    if (field == DECADE)
        return floor_divide(year, 10);
    if (field == CENTURY)
        return shown > 0 ? (shown + 99) / 100 : -((99 - shown) / 100);
    return shown;
}

static int64_t date_field(enum field field, const struct civil *civil)
{
    int week, year;
    switch (field) {
    case DAY:
        return civil->day;
    case MONTH:
        return civil->month;
    case QUARTER:
        return (civil->month - 1) / 3 + 1;
    case WEEK:
    case ISOYEAR:
        year = iso_year(civil->days, &week);
        return field == WEEK ? week : year_field(YEAR, year);
    case DOW:
        return weekday(civil->days) % 7;
    case ISODOW:
        return weekday(civil->days);
    case DOY:
        return civil->days - date_from_civil(civil->year, 1, 1) + 1;
    default:
        return year_field(field, civil->year);
    }
}

/* The unscaled value at the scale extract() shows the field with: 6 for seconds and epoch, 3 for milliseconds. */
static int64_t clock_field(enum field field, int64_t time)
{
    switch (field) {
    case HOUR:
        return time / (3600 * MICROS_A_SECOND);
    case MINUTE:
        return time / (60 * MICROS_A_SECOND) % 60;
    default:
        return time % (60 * MICROS_A_SECOND);
    }
}

static int64_t stamp_field(enum field field, int64_t stamp)
{
    if (field == EPOCH)
        return stamp;
    struct civil civil = civil_of(stamp);
    return field <= HOUR ? clock_field(field, civil.time) : date_field(field, &civil);
}

void stamp_extract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct field_name *name = node->prepared;
    out->lane = LANE_64;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i))
            out->i64[i] = stamp_field(name->field, args[1].i64[i & args[1].mask]);
    }
}

void date_extract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct field_name *name = node->prepared;
    out->lane = LANE_64;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        struct civil civil = {.days = args[1].i64[i & args[1].mask]};
        if (!vec_live(out, i))
            continue;
        date_to_civil((int32_t)civil.days, &civil.year, &civil.month, &civil.day);
        out->i64[i] = name->field == EPOCH  ? civil.days * 86400
                      : name->field <= HOUR ? 0
                                            : date_field(name->field, &civil);
    }
}

void time_extract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct field_name *name = node->prepared;
    out->lane = LANE_64;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t time = args[1].i64[i & args[1].mask]; /* 24:00 is one */
        out->i64[i] = name->field == EPOCH ? time : clock_field(name->field, time);
    }
}

void interval_extract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct field_name *name = node->prepared;
    out->lane = name->field == EPOCH ? LANE_128 : LANE_64;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct interval interval = args[1].interval[i & args[1].mask];
        int64_t seconds = ((int64_t)(interval.months / 12) * 36525 * 864) +
                          ((int64_t)(interval.months % 12) * 30 + interval.days) * 86400;
        if (name->field == EPOCH)
            out->i128[i] = (int128)seconds * MICROS_A_SECOND + interval.micros;
        else if (name->field <= HOUR)
            out->i64[i] = clock_field(name->field, interval.micros);
        else
            out->i64[i] = name->field == DAY     ? interval.days
                          : name->field == MONTH ? interval.months % 12
                                                 : interval.months / 12;
    }
}

/* By the very sums PostgreSQL makes, so that they are rounded alike. */
static double part_of(enum field field, int64_t value, bool days)
{
    double whole = (double)(value / MICROS_A_SECOND), fraction = (double)(value % MICROS_A_SECOND);
    switch (field) {
    case MICROSECOND:
        return whole * 1000000.0 + fraction;
    case MILLISECOND:
        return whole * 1000.0 + fraction / 1000.0;
    case SECOND:
        return whole + fraction / 1000000.0;
    case EPOCH:
        return days ? (double)value : (double)value / 1000000.0;
    default:
        return (double)value;
    }
}

static void each_part(
    struct run *run, const struct node *node, const struct vec *args, struct vec *out, kernel *extract, bool days)
{
    const struct field_name *name = node->prepared;
    struct vec field = *out;
    field.kind = KIND_DEC;
    extract(run, node, args, &field);
    if (run->out_of_memory)
        return;
    out->state = field.state;
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t stamp; /* PostgreSQL makes a timestamp of a date first */
        out->f64[i] = vec_live(out, i) ? part_of(name->field, field.i64[i], days) : 0;
        if (days && vec_live(out, i) && __builtin_mul_overflow(args[1].i64[i & args[1].mask], MICROS_A_DAY, &stamp))
            run_fail(run, out, i, STAMP_BEYOND);
    }
}

void date_part_double(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_part(run, node, args, out, date_extract, true);
}

void stamp_part_double(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_part(run, node, args, out, stamp_extract, false);
}

bool prepare_zone(struct preparation *preparation)
{
    const struct timezone_rules **rules = ARENA_NEW(preparation->arena, const struct timezone_rules *);
    struct err err;
    err_clear(&err);
    if (!rules)
        return expr_fault_set(preparation->fault, preparation->offset, "out of memory");
    if (!timezone_load(const_text(preparation, 1), preparation->arena, rules, &err))
        return expr_fault_set(preparation->fault, preparation->args[1]->offset,
            "time zone \"" STR_FMT "\" not recognized", STR_ARG(const_text(preparation, 1)));
    preparation->out = rules;
    return true;
}

void zone_to_local(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct timezone_rules *const *rules = node->prepared;
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t stamp = args->i64[i & args->mask];
        if (vec_live(out, i))
            out->i64[i] = *rules ? timezone_to_local(*rules, stamp) : stamp;
    }
}

/* A local time that does not exist, or twice, is read as standard time, as PostgreSQL does. */
static int64_t local_to_utc(const struct timezone_rules *rules, int64_t local)
{
    int64_t utc;
    if (timezone_to_utc(rules, local, &utc) == VALUE_OK)
        return utc;
    int64_t before = local - MICROS_A_DAY, after = local + MICROS_A_DAY;
    int64_t offset_before = timezone_to_local(rules, before) - before,
            offset_after = timezone_to_local(rules, after) - after;
    return local - (offset_before < offset_after ? offset_before : offset_after);
}

void zone_to_utc(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct timezone_rules *const *rules = node->prepared;
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t stamp = args->i64[i & args->mask];
        if (!vec_live(out, i))
            continue;
        if (stamp < STAMP_LEAST || stamp > INT64_MAX - 2 * MICROS_A_DAY)
            run_fail(run, out, i, stamp < STAMP_LEAST ? "timestamp out of range" : STAMP_BEYOND);
        else
            out->i64[i] = *rules ? local_to_utc(*rules, stamp) : stamp;
    }
}

static bool is_mark(char c)
{
    return c == '-' || c == '/' || c == '.' || c == ' ';
}

/* May the part that ends at i have one digit only? PostgreSQL takes two where digits follow. */
static bool is_open(struct str format, size_t i)
{
    return i >= format.n || is_mark(format.p[i]);
}

/* YYYY, MM, DD and marks between, the year once and the others at most; prepared: what may be read, as a regex. */
bool prepare_date_format(struct preparation *preparation)
{
    struct str format = const_text(preparation, 1);
    size_t years = 0, months = 0, days = 0, room = format.n * 16 + 1;
    char *regex = arena_alloc(preparation->arena, room), *at = regex;
    for (size_t i = 0; regex && i < format.n;) {
        struct str rest = {format.p + i, format.n - i};
        bool year = str_starts(rest, STR("YYYY")), month = str_starts(rest, STR("MM")),
             day = str_starts(rest, STR("DD"));
        if (!year && !month && !day && !is_mark(format.p[i]))
            return expr_fault_set(
                preparation->fault, preparation->args[1]->offset, "to_date() knows YYYY, MM and DD only");
        i += year ? 4 : month || day ? 2 : 1;
        const char *zero = is_open(format, i) ? "?" : "";
        size_t left = room - (size_t)(at - regex);
        at += year    ? snprintf(at, left, "(?!0000)[0-9]{4}")
              : month ? snprintf(at, left, "(?:0%s[1-9]|1[0-2])", zero)
              : day   ? snprintf(at, left, "(?:0%s[1-9]|[12][0-9]|3[01])", zero)
                      : snprintf(at, left, "[%c]", format.p[i - 1]);
        years += year;
        months += month;
        days += day;
    }
    if (years != 1 || months > 1 || days > 1)
        return expr_fault_set(
            preparation->fault, preparation->args[1]->offset, "to_date() needs YYYY once, and MM and DD at most once");
    preparation->out = regex;
    return regex || expr_fault_set(preparation->fault, preparation->offset, "out of memory");
}

static bool scan_number(struct str text, size_t *at, size_t least, size_t most, int *out)
{
    size_t start = *at;
    for (*out = 0; *at < text.n && *at - start < most && text.p[*at] >= '0' && text.p[*at] <= '9'; (*at)++)
        *out = *out * 10 + (text.p[*at] - '0');
    return *at - start >= least;
}

static const char *scan_date(struct str text, struct str format, int64_t *out)
{
    int year = 1, month = 1, day = 1;
    size_t at = 0;
    for (size_t i = 0; i < format.n;) {
        char c = format.p[i];
        int *part = c == 'Y' ? &year : c == 'M' ? &month : c == 'D' ? &day : NULL;
        size_t digits = c == 'Y' ? 4 : 2, least = c != 'Y' && is_open(format, i + 2) ? 1 : digits;
        bool fits = part ? scan_number(text, &at, least, digits, part) : at < text.n && text.p[at++] == c;
        if (!fits)
            return "the value does not have the form that to_date() was given";
        i += part ? digits : 1;
    }
    if (at < text.n)
        return "the value does not have the form that to_date() was given";
    if (year == 0 || !date_valid(year, month, day))
        return "date/time field value out of range";
    *out = date_from_civil(year, month, day);
    return NULL;
}

void date_of_text(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        const char *why = scan_date(args[0].str[i & args[0].mask], args[1].str[i & args[1].mask], &out->i64[i]);
        if (why)
            run_fail(run, out, i, why);
    }
}
