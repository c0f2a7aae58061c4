#include "worker/value/moment.h"

/* What a pattern can say. A part said twice is refused by the check; here the last one wins. */
enum part {
    PART_YEAR,
    PART_YEAR_SHORT,
    PART_MONTH,
    PART_DAY,
    PART_YEAR_DAY,
    PART_WEEKDAY,
    PART_HOUR,
    PART_HOUR_12,
    PART_HALF,
    PART_MINUTE,
    PART_SECOND,
    PART_FRACTION,
    PART_ZONE,
    PART_COUNT,
};

static const struct directive {
    char letter;
    enum part part;
    uint8_t min, max; /* digits; 0: not a number */
} directives[] = {
    {'Y', PART_YEAR, 4, 4},
    {'y', PART_YEAR_SHORT, 2, 2},
    {'m', PART_MONTH, 1, 2},
    {'b', PART_MONTH, 0, 0},
    {'B', PART_MONTH, 0, 0},
    {'d', PART_DAY, 1, 2},
    {'e', PART_DAY, 1, 2},
    {'j', PART_YEAR_DAY, 1, 3},
    {'a', PART_WEEKDAY, 0, 0},
    {'A', PART_WEEKDAY, 0, 0},
    {'H', PART_HOUR, 1, 2},
    {'I', PART_HOUR_12, 1, 2},
    {'p', PART_HALF, 0, 0},
    {'M', PART_MINUTE, 1, 2},
    {'S', PART_SECOND, 1, 2},
    {'f', PART_FRACTION, 1, 6},
    {'z', PART_ZONE, 0, 0},
    {'Z', PART_ZONE, 0, 0},
};

static const struct {
    char letter;
    struct str pattern;
} combined[] = {{'T', STR("%H:%M:%S")}, {'F', STR("%Y-%m-%d")}, {'D', STR("%m/%d/%y")}};

static const struct directive *find_directive(char letter)
{
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (directives[i].letter == letter)
            return &directives[i];
    return NULL;
}

static struct str find_combined(char letter)
{
    for (size_t i = 0; i < sizeof combined / sizeof combined[0]; i++)
        if (combined[i].letter == letter)
            return combined[i].pattern;
    return (struct str){0};
}

/* Does the pattern go on with a digit here? Then the number before has all of its digits. */
static bool begins_with_digits(struct str pattern)
{
    if (!pattern.n)
        return false;
    if (pattern.p[0] != '%' || pattern.n < 2)
        return scan_is_digit(pattern.p[0]);
    const struct directive *directive = find_directive(pattern.p[1]);
    return directive ? directive->max > 0 : find_combined(pattern.p[1]).n > 0;
}

struct reader {
    struct str s;
    int parts[PART_COUNT];
    unsigned said;     /* a bit a part */
    bool after_digits; /* what was read last */
    struct civil *out;
};

/* tight: other digits stand next to it, so that only its full length tells where it ends. */
static bool read_digits(struct reader *reader, const struct directive *directive, bool tight)
{
    size_t n = scan_digits(reader->s), max = directive->max;
    if (directive->letter == 'e' && !tight)
        n = scan_digits(reader->s = scan_trim_front(reader->s));
    if (directive->part == PART_FRACTION && !tight)
        return moment_eat_fraction(&reader->s, reader->out);
    if (n > max)
        n = max;
    if (n < (tight ? max : directive->min))
        return false;
    struct str digits = {reader->s.p, n};
    reader->s = scan_skip(reader->s, n);
    if (directive->part == PART_FRACTION)
        return moment_eat_fraction(&digits, reader->out);
    return scan_number(&digits, n, n, &reader->parts[directive->part]);
}

static bool read_zone_name(struct reader *reader)
{
    struct str three = {reader->s.p, reader->s.n < 3 ? reader->s.n : 3};
    reader->out->has_zone = true;
    if (!str_eq_nocase_ascii(three, STR("UTC")) && !str_eq_nocase_ascii(three, STR("GMT")))
        return scan_eat(&reader->s, 'Z');
    reader->s = scan_skip(reader->s, 3);
    return true;
}

static bool read_directive(struct reader *reader, const struct directive *directive, bool tight)
{
    int *part = &reader->parts[directive->part];
    bool afternoon;
    reader->said |= 1u << directive->part;
    if (directive->max)
        return read_digits(reader, directive, tight);
    switch (directive->part) {
    case PART_MONTH:
        return moment_eat_month(&reader->s, part);
    case PART_WEEKDAY:
        return moment_eat_weekday(&reader->s, part);
    case PART_HALF:
        if (!moment_eat_half(&reader->s, &afternoon))
            return false;
        *part = afternoon;
        return true;
    default:
        return directive->letter == 'z' ? moment_eat_zone(&reader->s, true, reader->out) : read_zone_name(reader);
    }
}

static bool read_pattern(struct reader *reader, struct str pattern);

/* What follows '%' in the pattern. */
static bool read_marked(struct reader *reader, char letter, struct str after)
{
    const struct directive *directive = find_directive(letter);
    if (!directive && letter != '%')
        return find_combined(letter).n && read_pattern(reader, find_combined(letter));
    bool tight = reader->after_digits || begins_with_digits(after);
    reader->after_digits = directive && directive->max;
    return directive ? read_directive(reader, directive, tight) : scan_eat(&reader->s, '%');
}

static bool read_space(struct reader *reader)
{
    size_t before = reader->s.n;
    reader->s = scan_trim_front(reader->s);
    reader->after_digits = false;
    return reader->s.n < before;
}

static bool read_pattern(struct reader *reader, struct str pattern)
{
    while (pattern.n) {
        char c = pattern.p[0];
        if (scan_space_front(pattern)) {
            pattern = scan_trim_front(pattern);
            if (!read_space(reader))
                return false;
        } else if (c == '%' && pattern.n > 1) {
            char letter = pattern.p[1];
            pattern = scan_skip(pattern, 2);
            if (!read_marked(reader, letter, pattern))
                return false;
        } else {
            pattern = scan_skip(pattern, 1);
            reader->after_digits = scan_is_digit(c);
            if (!scan_eat(&reader->s, c))
                return false;
        }
    }
    return true;
}

#define SAID(reader, part) (((reader)->said >> (part)&1u) != 0)

/* Day 60 is 1 March or 29 February. */
static void set_year_day(struct civil *out, int year_day)
{
    int year;
    out->out_of_range |= year_day < 1;
    if (out->year < 1 || out->out_of_range)
        return;
    date_to_civil(date_from_civil(out->year, 1, 1) + year_day - 1, &year, &out->month, &out->day);
    out->out_of_range |= year != out->year;
}

static void set_date(const struct reader *reader, struct civil *out)
{
    const int *parts = reader->parts;
    if (!SAID(reader, PART_YEAR) && !SAID(reader, PART_YEAR_SHORT))
        return;
    out->has_date = true;
    out->year = SAID(reader, PART_YEAR) ? parts[PART_YEAR]
                                        : parts[PART_YEAR_SHORT] + (parts[PART_YEAR_SHORT] < 69 ? 2000 : 1900);
    out->month = SAID(reader, PART_MONTH) ? parts[PART_MONTH] : 1;
    out->day = SAID(reader, PART_DAY) ? parts[PART_DAY] : 1;
    if (SAID(reader, PART_YEAR_DAY))
        set_year_day(out, parts[PART_YEAR_DAY]);
    out->has_weekday = SAID(reader, PART_WEEKDAY);
    out->weekday = parts[PART_WEEKDAY];
}

bool pattern_read(struct str text, struct str pattern, struct civil *out)
{
    *out = (struct civil){0};
    struct reader reader = {.s = text, .out = out};
    if (!read_pattern(&reader, scan_trim(pattern)) || reader.s.n)
        return false;
    set_date(&reader, out);
    out->has_time = SAID(&reader, PART_HOUR) || SAID(&reader, PART_HOUR_12);
    out->hour = reader.parts[SAID(&reader, PART_HOUR) ? PART_HOUR : PART_HOUR_12];
    out->minute = reader.parts[PART_MINUTE];
    out->second = reader.parts[PART_SECOND];
    if (SAID(&reader, PART_HALF))
        moment_set_half(out, reader.parts[PART_HALF]);
    return true;
}

/* ---- the check ---- */

static bool note_part(unsigned *said, const struct directive *directive, struct str pattern, struct err *err)
{
    if (*said >> directive->part & 1u)
        return ERR(err, ERR_CONFIG, "the pattern \"" STR_FMT "\" says twice what %%%c says", STR_ARG(pattern),
            directive->letter);
    *said |= 1u << directive->part;
    return true;
}

static bool collect_parts(struct str pattern, unsigned *said, struct err *err)
{
    for (size_t at = 0; at < pattern.n; at++) {
        if (pattern.p[at] != '%')
            continue;
        if (++at == pattern.n)
            return ERR(err, ERR_CONFIG, "the pattern \"" STR_FMT "\" ends with a single %%", STR_ARG(pattern));
        const struct directive *directive = find_directive(pattern.p[at]);
        struct str several = find_combined(pattern.p[at]);
        if (several.n ? !collect_parts(several, said, err) : directive && !note_part(said, directive, pattern, err))
            return false;
        if (!directive && !several.n && pattern.p[at] != '%')
            return ERR(err, ERR_CONFIG, "the pattern \"" STR_FMT "\" has the unknown directive %%%c", STR_ARG(pattern),
                pattern.p[at]);
    }
    return true;
}

#define BIT(part) (1u << (part))

static bool check_parts(struct str pattern, unsigned said, struct err *err)
{
    static const struct {
        unsigned if_any, then_not, then_one_of;
        const char *sentence;
    } laws[] = {
        {BIT(PART_HOUR_12), 0, BIT(PART_HALF), "%I needs %p"},
        {BIT(PART_HALF), 0, BIT(PART_HOUR_12), "%p goes with %I"},
        {BIT(PART_HOUR), BIT(PART_HOUR_12), 0, "%H and %I both say the hour"},
        {BIT(PART_YEAR), BIT(PART_YEAR_SHORT), 0, "%Y and %y both say the year"},
        {BIT(PART_YEAR_DAY), BIT(PART_MONTH) | BIT(PART_DAY), 0, "%j already says month and day"},
        {BIT(PART_DAY), 0, BIT(PART_MONTH), "a day needs a month"},
        {BIT(PART_FRACTION), 0, BIT(PART_SECOND), "%f needs %S"},
        {BIT(PART_SECOND), 0, BIT(PART_MINUTE), "%S needs %M"},
        {BIT(PART_MINUTE), 0, BIT(PART_HOUR) | BIT(PART_HOUR_12), "%M needs an hour"},
    };
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++)
        if (said & laws[i].if_any &&
            (said & laws[i].then_not || (laws[i].then_one_of && !(said & laws[i].then_one_of))))
            return ERR(err, ERR_CONFIG, "in the pattern \"" STR_FMT "\" %s", STR_ARG(pattern), laws[i].sentence);
    return said ? true : ERR(err, ERR_CONFIG, "the pattern \"" STR_FMT "\" has no directive", STR_ARG(pattern));
}

bool moment_pattern_check(struct str pattern, struct err *err)
{
    unsigned said = 0;
    return collect_parts(pattern, &said, err) && check_parts(pattern, said, err);
}

bool moment_pattern_check_for(struct str pattern, enum type_kind kind, struct err *err)
{
    static const unsigned year = BIT(PART_YEAR) | BIT(PART_YEAR_SHORT), hour = BIT(PART_HOUR) | BIT(PART_HOUR_12);
    static const unsigned of_date = BIT(PART_YEAR) | BIT(PART_YEAR_SHORT) | BIT(PART_MONTH) | BIT(PART_DAY) |
                                    BIT(PART_YEAR_DAY) | BIT(PART_WEEKDAY) | BIT(PART_ZONE);
    unsigned said = 0;
    if (!collect_parts(pattern, &said, err) || !check_parts(pattern, said, err))
        return false;
    if (kind != TYPE_TIME && !(said & year))
        return ERR(err, ERR_CONFIG, "the pattern \"" STR_FMT "\" has no year (%%Y or %%y)", STR_ARG(pattern));
    if (kind == TYPE_TIME && (said & of_date || !(said & hour)))
        return ERR(err, ERR_CONFIG, "the pattern \"" STR_FMT "\" is not one of a time alone", STR_ARG(pattern));
    return true;
}
