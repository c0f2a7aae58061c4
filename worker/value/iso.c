#include "worker/value/moment.h"

static bool eat_date(struct str *s, struct civil *out)
{
    out->has_date = true;
    if (s->n < 10 || s->p[4] != '-' || s->p[7] != '-')
        return false;
    return scan_number(s, 4, 4, &out->year) && scan_eat(s, '-') && scan_number(s, 2, 2, &out->month) &&
           scan_eat(s, '-') && scan_number(s, 2, 2, &out->day);
}

static bool eat_time(struct str *s, struct civil *out)
{
    out->has_time = true;
    if (!scan_number(s, 2, 2, &out->hour) || !scan_eat(s, ':') || !scan_number(s, 2, 2, &out->minute))
        return false;
    if (!scan_eat(s, ':'))
        return true;
    return scan_number(s, 2, 2, &out->second) && (!scan_eat(s, '.') || moment_eat_fraction(s, out));
}

bool iso_read(struct str s, enum type_kind kind, struct civil *out)
{
    *out = (struct civil){0};
    if (kind == TYPE_TIME)
        return eat_time(&s, out) && !s.n;
    if (!eat_date(&s, out))
        return false;
    if (kind == TYPE_DATE || !s.n)
        return !s.n;
    if (!scan_eat(&s, 'T') && !scan_eat(&s, ' '))
        return false;
    return eat_time(&s, out) && (!s.n || moment_eat_zone(&s, false, out)) && !s.n;
}
