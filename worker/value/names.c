#include "worker/value/moment.h"

static const struct str months[] = {STR("january"), STR("february"), STR("march"), STR("april"), STR("may"),
    STR("june"), STR("july"), STR("august"), STR("september"), STR("october"), STR("november"), STR("december")};
static const struct str weekdays[] = {
    STR("sunday"), STR("monday"), STR("tuesday"), STR("wednesday"), STR("thursday"), STR("friday"), STR("saturday")};

enum { SHORT_NAME = 3 };

static bool eat_name(struct str *s, const struct str *names, int count, int *index)
{
    size_t n = 0;
    while (n < s->n && scan_is_alpha(s->p[n]))
        n++;
    struct str word = {s->p, n};
    for (int i = 0; i < count; i++)
        if (str_eq_nocase_ascii(word, names[i]) || str_eq_nocase_ascii(word, (struct str){names[i].p, SHORT_NAME})) {
            *index = i;
            *s = scan_skip(*s, n);
            return true;
        }
    return false;
}

bool moment_eat_month(struct str *s, int *month)
{
    if (!eat_name(s, months, 12, month))
        return false;
    ++*month;
    return true;
}

bool moment_eat_weekday(struct str *s, int *weekday)
{
    return eat_name(s, weekdays, 7, weekday);
}

bool moment_eat_half(struct str *s, bool *afternoon)
{
    struct str two = {s->p, s->n < 2 ? s->n : 2};
    *afternoon = str_eq_nocase_ascii(two, STR("PM"));
    if (!*afternoon && !str_eq_nocase_ascii(two, STR("AM")))
        return false;
    *s = scan_skip(*s, 2);
    return true;
}

void moment_set_half(struct civil *out, bool afternoon)
{
    out->out_of_range |= out->hour < 1 || out->hour > 12;
    out->hour = out->hour % 12 + (afternoon ? 12 : 0);
}
