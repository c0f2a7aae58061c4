#include "worker/value/moment.h"

/* The forms of "any". A form is recognised by its first token: a name, 8 digits, 4 digits, or one or two. */

static bool is_separator(char c)
{
    return c == '-' || c == '.' || c == '/';
}

static bool eat_spaces(struct str *s)
{
    size_t before = s->n;
    *s = scan_trim_front(*s);
    return s->n < before;
}

/* Between a month's name and its neighbours: "3 Mar", "3-Mar", "Mar. 3", "March 3, 2026". */
static bool eat_gap(struct str *s)
{
    bool sign = s->n && (is_separator(s->p[0]) || s->p[0] == ',');
    if (sign)
        *s = scan_skip(*s, 1);
    bool spaces = eat_spaces(s);
    return sign || spaces;
}

static bool eat_compact(struct str *s, struct civil *out)
{
    struct str digits = {s->p, 8};
    struct str year = {digits.p, 4}, month = {digits.p + 4, 2}, day = {digits.p + 6, 2};
    *s = scan_skip(*s, 8);
    return scan_number(&year, 4, 4, &out->year) && scan_number(&month, 2, 2, &out->month) &&
           scan_number(&day, 2, 2, &out->day);
}

static bool eat_year_first(struct str *s, struct civil *out)
{
    char separator;
    if (!scan_number(s, 4, 4, &out->year) || !s->n)
        return false;
    separator = s->p[0];
    if (s->n > 1 && is_separator(separator) && scan_is_digit(s->p[1]))
        return scan_eat(s, separator) && scan_number(s, 1, 2, &out->month) && scan_eat(s, separator) &&
               scan_number(s, 1, 2, &out->day);
    return eat_gap(s) && moment_eat_month(s, &out->month) && eat_gap(s) && scan_number(s, 1, 2, &out->day);
}

static bool eat_year_last(struct str *s, struct civil *out)
{
    if (!scan_number(s, 1, 2, &out->day) || !s->n)
        return false;
    char separator = s->p[0];
    if (s->n > 1 && is_separator(separator) && scan_is_digit(s->p[1])) {
        out->swappable = true;
        return scan_eat(s, separator) && scan_number(s, 1, 2, &out->month) && scan_eat(s, separator) &&
               scan_number(s, 4, 4, &out->year);
    }
    return eat_gap(s) && moment_eat_month(s, &out->month) && eat_gap(s) && scan_number(s, 4, 4, &out->year);
}

static bool eat_month_first(struct str *s, struct civil *out)
{
    return moment_eat_month(s, &out->month) && eat_gap(s) && scan_number(s, 1, 2, &out->day) && eat_gap(s) &&
           scan_number(s, 4, 4, &out->year);
}

static bool eat_date(struct str *s, struct civil *out)
{
    out->has_date = true;
    if (moment_eat_weekday(s, &out->weekday)) {
        out->has_weekday = true;
        if (!eat_gap(s))
            return false;
    }
    size_t digits = scan_digits(*s);
    if (digits == 8)
        return eat_compact(s, out);
    return digits == 4 ? eat_year_first(s, out) : digits ? eat_year_last(s, out) : eat_month_first(s, out);
}

static bool eat_time(struct str *s, struct civil *out)
{
    bool afternoon;
    out->has_time = true;
    if (!scan_number(s, 1, 2, &out->hour) || !scan_eat(s, ':') || !scan_number(s, 2, 2, &out->minute))
        return false;
    if (scan_eat(s, ':')) {
        if (!scan_number(s, 2, 2, &out->second) || (scan_eat(s, '.') && !moment_eat_fraction(s, out)))
            return false;
    }
    struct str rest = scan_trim_front(*s);
    if (moment_eat_half(&rest, &afternoon)) {
        moment_set_half(out, afternoon);
        *s = rest;
    }
    return true;
}

static bool eat_named_zone(struct str *s, struct civil *out)
{
    if (!str_eq_nocase_ascii(*s, STR("UTC")) && !str_eq_nocase_ascii(*s, STR("GMT")))
        return moment_eat_zone(s, true, out);
    s->n = 0;
    return out->has_zone = true;
}

bool any_read(struct str s, enum type_kind kind, struct civil *out)
{
    *out = (struct civil){0};
    if (kind == TYPE_TIME)
        return eat_time(&s, out) && !s.n;
    if (!eat_date(&s, out))
        return false;
    if (!s.n)
        return true;
    if (!scan_eat(&s, 'T')) {
        scan_eat(&s, ',');
        if (!eat_spaces(&s))
            return false;
    }
    if (!eat_time(&s, out))
        return false;
    eat_spaces(&s);
    return !s.n || (eat_named_zone(&s, out) && !s.n);
}
