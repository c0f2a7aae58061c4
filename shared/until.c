#include "shared/until.h"

#include "shared/quantity.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_TEXT = 63 };
#define SECOND_US INT64_C(1000000)
#define DAY_US (24 * 3600 * SECOND_US)

static bool is_wall(const struct tm *tm)
{
    struct tm again = *tm;
    again.tm_isdst = -1;
    return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60 && mktime(&again) != (time_t)-1 &&
           again.tm_mday == tm->tm_mday && again.tm_mon == tm->tm_mon;
}

/* The next time of day; today's if it is still to come. */
static bool read_clock(const char *text, int64_t now, int64_t *at)
{
    time_t seconds = (time_t)(now / SECOND_US);
    struct tm tm;
    int used = 0;
    unsigned hour, minute;
    if (sscanf(text, "%2u:%2u%n", &hour, &minute, &used) != 2 || text[used] || hour > 23 || minute > 59 ||
        !localtime_r(&seconds, &tm))
        return false;
    for (int day = 0; day < 3; day++) {
        struct tm next = {.tm_year = tm.tm_year,
            .tm_mon = tm.tm_mon,
            .tm_mday = tm.tm_mday + day,
            .tm_hour = (int)hour,
            .tm_min = (int)minute,
            .tm_isdst = -1};
        *at = (int64_t)mktime(&next) * SECOND_US;
        if (*at > now)
            return true;
    }
    return false;
}

/* Z or ±HH:MM as seconds; else the clock on the wall. */
static bool read_zone(const char *text, struct tm *tm, int64_t *at)
{
    unsigned hour, minute;
    int used = 0;
    char sign;
    if (!*text) {
        tm->tm_isdst = -1;
        *at = (int64_t)mktime(tm) * SECOND_US;
        return true;
    }
    *at = (int64_t)timegm(tm) * SECOND_US;
    if (strcmp(text, "Z") == 0)
        return true;
    if (sscanf(text, "%c%2u:%2u%n", &sign, &hour, &minute, &used) != 3 || text[used] || hour > 15 || minute > 59 ||
        (sign != '+' && sign != '-'))
        return false;
    int64_t east = ((int64_t)hour * 3600 + (int64_t)minute * 60) * SECOND_US;
    *at += sign == '+' ? -east : east;
    return true;
}

static bool read_iso(const char *text, int64_t *at)
{
    struct tm tm = {0};
    unsigned year, month, day, hour = 0, minute = 0, second = 0;
    int used = 0, more = 0;
    if (sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &used) != 3 || used != 10)
        return false;
    text += used;
    if (*text == 'T' || *text == ' ') {
        if (sscanf(text + 1, "%2u:%2u%n", &hour, &minute, &more) != 2)
            return false;
        text += 1 + more;
        more = 0;
        if (*text == ':' && sscanf(text + 1, "%2u%n", &second, &more) != 1)
            return false;
        text += *text == ':' ? 1 + more : 0;
        if (more && *text == '.')
            text += 1 + strspn(text + 1, "0123456789");
    }
    tm = (struct tm){.tm_year = (int)year - 1900,
        .tm_mon = (int)month - 1,
        .tm_mday = (int)day,
        .tm_hour = (int)hour,
        .tm_min = (int)minute,
        .tm_sec = (int)second};
    return is_wall(&tm) && read_zone(text, &tm, at);
}

static bool read_span(struct str text, int64_t *span)
{
    return text.n && strchr("smhdw", text.p[text.n - 1]) && quantity_duration(text, span);
}

bool until_read(struct str text, int64_t now, int64_t *at, struct err *err)
{
    char copy[MAX_TEXT + 1];
    text = str_trim(text);
    snprintf(copy, sizeof copy, STR_FMT, STR_ARG(text));
    if (text.n <= MAX_TEXT && (read_clock(copy, now, at) || read_iso(copy, at)))
        return true;
    if (read_span(text, at)) {
        *at += now;
        return true;
    }
    ERR(err, ERR_USAGE, "'%s' is no time", copy);
    return err_hint(err, "09:00 (the next one), 2h (from now), or 2026-01-31T09:00Z.");
}

bool since_read(struct str text, int64_t now, int64_t *at, struct err *err)
{
    char copy[MAX_TEXT + 1];
    int64_t next = now - 3 * DAY_US;
    text = str_trim(text);
    snprintf(copy, sizeof copy, STR_FMT, STR_ARG(text));
    if (text.n <= MAX_TEXT && read_iso(copy, at))
        return true;
    if (text.n <= MAX_TEXT && read_clock(copy, next, &next)) {
        do
            *at = next;
        while (read_clock(copy, next, &next) && next <= now);
        return true;
    }
    if (read_span(text, at)) {
        *at = now - *at;
        return true;
    }
    ERR(err, ERR_USAGE, "'%s' is no time", copy);
    return err_hint(err, "09:00 (the last one), 2d (ago), or 2026-01-31T09:00Z.");
}
