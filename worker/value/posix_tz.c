#include "worker/value/lane.h"
#include "worker/value/zone.h"

/* POSIX.1 TZ strings with the hours of RFC 8536 (-167 to 167). Signs count west of Greenwich. */
enum { MAX_HOURS = 167, CYCLE_YEARS = 400, SPARE_YEARS = 2 };

enum rule_kind { RULE_WEEK, RULE_JULIAN, RULE_DAY };

struct rule {
    enum rule_kind kind;
    int month, week, day; /* RULE_WEEK; else day of the year: 1-365 without 29 February, or 0-365 */
    int64_t time;         /* micros after midnight */
};

struct footer {
    int64_t standard, summer; /* micros east of UTC */
    bool has_summer;
    struct rule begin, end; /* of summer time */
};

static bool eat_name(struct str *s)
{
    size_t n = 0;
    if (scan_eat(s, '<')) {
        n = str_find_byte(*s, '>');
        if (n == s->n)
            return false;
        *s = scan_skip(*s, n + 1);
        return n >= 3;
    }
    while (n < s->n && scan_is_alpha(s->p[n]))
        n++;
    *s = scan_skip(*s, n);
    return n >= 3;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool eat_time(struct str *s, int64_t *micros)
{
    int hours, minutes = 0, seconds = 0;
    bool negative = scan_eat(s, '-');
    if (!negative)
        scan_eat(s, '+');
    if (!scan_number(s, 1, 3, &hours) || hours > MAX_HOURS)
        return false;
    if (scan_eat(s, ':') && !scan_number(s, 2, 2, &minutes))
        return false;
    if (scan_eat(s, ':') && !scan_number(s, 2, 2, &seconds))
        return false;
    *micros = ((hours * 60ll + minutes) * 60 + seconds) * 1000000;
    if (negative)
        *micros = -*micros;
    return minutes < 60 && seconds < 60;
}

static bool eat_rule(struct str *s, struct rule *rule)
{
    rule->time = 2 * 3600 * 1000000ll;
    if (!scan_eat(s, ','))
        return false;
    if (scan_eat(s, 'M')) {
        rule->kind = RULE_WEEK;
        if (!scan_number(s, 1, 2, &rule->month) || !scan_eat(s, '.') || !scan_number(s, 1, 1, &rule->week) ||
            !scan_eat(s, '.') || !scan_number(s, 1, 1, &rule->day))
            return false;
        if (rule->month < 1 || rule->month > 12 || rule->week < 1 || rule->week > 5 || rule->day > 6)
            return false;
    } else {
        rule->kind = scan_eat(s, 'J') ? RULE_JULIAN : RULE_DAY;
        if (!scan_number(s, 1, 3, &rule->day) || rule->day > 365 || (rule->kind == RULE_JULIAN && !rule->day))
            return false;
    }
    return !scan_eat(s, '/') || eat_time(s, &rule->time);
}

static bool parse(struct str s, struct footer *out)
{
    *out = (struct footer){0};
    if (!eat_name(&s) || !eat_time(&s, &out->standard))
        return false;
    out->standard = -out->standard;
    if (!s.n)
        return true;
    out->has_summer = true;
    out->summer = out->standard + 3600 * 1000000ll;
    if (!eat_name(&s))
        return false;
    if (s.n && s.p[0] != ',') {
        if (!eat_time(&s, &out->summer))
            return false;
        out->summer = -out->summer;
    }
    return eat_rule(&s, &out->begin) && eat_rule(&s, &out->end) && !s.n;
}

static bool is_leap(int year)
{
    return date_valid(year, 2, 29);
}

static int week_rule_day(const struct rule *rule, int year)
{
    int first = date_from_civil(year, rule->month, 1);
    int weekday = ((first + 4) % 7 + 7) % 7;
    int day = (rule->day - weekday + 7) % 7 + 1 + (rule->week - 1) * 7;
    while (!date_valid(year, rule->month, day))
        day -= 7;
    return first + day - 1;
}

/* The local time the rule names in a year. */
static int64_t rule_local(const struct rule *rule, int year)
{
    int days;
    if (rule->kind == RULE_WEEK)
        days = week_rule_day(rule, year);
    else {
        bool behind_leap_day = rule->kind == RULE_JULIAN && is_leap(year) && rule->day >= 60;
        days = date_from_civil(year, 1, 1) + rule->day - (rule->kind == RULE_JULIAN) + behind_leap_day;
    }
    return days * LANE_DAY + rule->time;
}

static bool add_after(
    struct timezone_rules *rules, int64_t last, struct zone_transition next, struct arena *arena, struct err *err)
{
    if (next.at <= last || zone_add(rules, next.at, next.offset, arena))
        return true;
    return ERR(err, ERR_MEMORY, "no memory for a time zone");
}

bool zone_apply_footer(struct str text, struct timezone_rules *rules, struct arena *arena, struct err *err)
{
    struct footer footer;
    int year = 1, month, day;
    int64_t last = rules->count ? rules->transitions[rules->count - 1].at : LANE_FIRST_INSTANT - 1;
    if (!text.n)
        return true;
    if (!parse(text, &footer))
        return ERR(err, ERR_CONFIG, "not a usable time zone file: the rule \"" STR_FMT "\"", STR_ARG(text));
    if (!footer.has_summer)
        return true; /* the last transition says the same */
    if (rules->count)
        date_to_civil((int32_t)((last - LANE_DAY + 1) / LANE_DAY), &year, &month, &day);
    if (year < 1)
        year = 1;
    int until = year + CYCLE_YEARS + 2 * SPARE_YEARS;
    for (; year < until; year++) {
        struct zone_transition begin = {rule_local(&footer.begin, year) - footer.standard, footer.summer};
        struct zone_transition end = {rule_local(&footer.end, year) - footer.summer, footer.standard};
        bool north = begin.at <= end.at;
        if (!add_after(rules, last, north ? begin : end, arena, err) ||
            !add_after(rules, last, north ? end : begin, arena, err))
            return false;
    }
    rules->repeat_from = date_from_civil(until - SPARE_YEARS, 1, 1) * LANE_DAY;
    return true;
}
