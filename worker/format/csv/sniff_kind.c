#include "worker/format/csv/sniff_kind.h"

enum { LONGEST_FORM = 64 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t digits(struct str s, size_t from)
{
    size_t n = 0;
    while (from + n < s.n && is_digit(s.p[from + n]))
        n++;
    return n;
}

static struct str drop(struct str s, size_t front, size_t back)
{
    return (struct str){s.p + front, s.n - front - back};
}

/* $ and the UTF-8 of the pound, yen, cent and euro signs; 0 when there is none at the front (or back). */
static size_t currency_sign(struct str s, bool back)
{
    static const struct str signs[] = {{"$", 1}, {"\xC2\xA3", 2}, {"\xE2\x82\xAC", 3}, {"\xC2\xA5", 2}, {"\xC2\xA2", 2},
        {"EUR", 3}, {"USD", 3}, {"GBP", 3}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (back ? str_ends(s, signs[i]) : str_starts(s, signs[i]))
            return signs[i].n;
    }
    return 0;
}

static struct str without_signs(struct str s)
{
    if (s.n > 2 && s.p[0] == '(' && s.p[s.n - 1] == ')')
        s = drop(s, 1, 1);
    if (s.n > 1 && (s.p[0] == '-' || s.p[0] == '+'))
        s = drop(s, 1, 0);
    s = str_trim(drop(s, currency_sign(s, false), 0));
    s = str_trim(drop(s, 0, currency_sign(s, true)));
    if (s.n > 1 && (s.p[0] == '-' || s.p[0] == '+'))
        s = drop(s, 1, 0);
    if (s.n > 1 && s.p[s.n - 1] == '%')
        s = str_trim(drop(s, 0, 1));
    return s;
}

static size_t exponent(struct str s, size_t at)
{
    if (at >= s.n || (s.p[at] != 'e' && s.p[at] != 'E'))
        return 0;
    size_t sign = at + 1 < s.n && (s.p[at + 1] == '-' || s.p[at + 1] == '+') ? 1 : 0;
    size_t n = digits(s, at + 1 + sign);
    return n ? 1 + sign + n : 0;
}

/* Digits with groups of three behind one of , . ' or space, then perhaps a fraction behind another point. */
static bool is_decimal(struct str s)
{
    size_t lead = digits(s, 0), at = lead;
    char group = at < s.n ? s.p[at] : 0;
    if (lead >= 1 && lead <= 3 && (group == ',' || group == '.' || group == '\'' || group == ' ')) {
        size_t next = at;
        while (next < s.n && s.p[next] == group && digits(s, next + 1) == 3)
            next += 4;
        if (next == s.n)
            return true;
        if (next > at && (s.p[next] == '.' || s.p[next] == ',') && s.p[next] != group)
            return next + 1 + digits(s, next + 1) == s.n;
    }
    if (at < s.n && (s.p[at] == '.' || s.p[at] == ',')) {
        size_t fraction = digits(s, at + 1);
        if (lead + fraction == 0)
            return false;
        at += 1 + fraction;
    } else if (lead == 0) {
        return false;
    }
    return at + exponent(s, at) == s.n;
}

static bool month_name(struct str s, size_t at, size_t *length)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    size_t n = 0;
    while (at + n < s.n && is_letter(s.p[at + n]))
        n++;
    if (n < 3 || n > 9)
        return false;
    for (size_t m = 0; m < 12; m++) {
        if ((s.p[at] | 32) == names[3 * m] && (s.p[at + 1] | 32) == names[3 * m + 1] &&
            (s.p[at + 2] | 32) == names[3 * m + 2]) {
            *length = n;
            return true;
        }
    }
    return false;
}

static bool is_date_separator(char c)
{
    return c == '-' || c == '/' || c == '.' || c == ' ';
}

/* The length of a date at the front: three parts, one of them perhaps a month's name. */
static size_t date_prefix(struct str s)
{
    size_t at = 0, widths[3], named = 0;
    char separator = 0;
    for (int part = 0; part < 3; part++) {
        size_t n = digits(s, at);
        if (n == 0 && part < 2 && named == 0 && month_name(s, at, &n))
            named = 1;
        else if (n != 1 && n != 2 && n != 4)
            return 0;
        widths[part] = named == 1 ? 2 : n;
        named += named ? 1 : 0;
        at += n;
        if (part == 2)
            break;
        if (at < s.n && s.p[at] == ',' && named)
            at++;
        if (at >= s.n || !is_date_separator(s.p[at]) || (part && !named && s.p[at] != separator))
            return 0;
        if (s.p[at] == ' ' && !named && part)
            return 0;
        separator = s.p[at++];
    }
    if (widths[1] > 2 || (widths[0] == 4) + (widths[2] == 4) > 1)
        return 0;
    return separator == '.' && !named && widths[0] != 4 && widths[2] == 1 ? 0 : at;
}

static size_t zone_suffix(struct str s, size_t at)
{
    if (at < s.n && (s.p[at] == 'Z' || s.p[at] == 'z'))
        return 1;
    if (at >= s.n || (s.p[at] != '+' && s.p[at] != '-'))
        return 0;
    size_t n = digits(s, at + 1);
    if (n == 4)
        return 5;
    if (n != 2)
        return 0;
    return at + 3 < s.n && s.p[at + 3] == ':' && digits(s, at + 4) == 2 ? 6 : 3;
}

static bool is_time(struct str s)
{
    size_t n = digits(s, 0), at = n;
    if (n < 1 || n > 2 || at >= s.n || s.p[at] != ':' || digits(s, at + 1) != 2)
        return false;
    at += 3;
    if (at < s.n && s.p[at] == ':' && digits(s, at + 1) == 2) {
        at += 3;
        if (at < s.n && (s.p[at] == '.' || s.p[at] == ',') && digits(s, at + 1))
            at += 1 + digits(s, at + 1);
    }
    struct str rest = str_trim(drop(s, at, 0));
    if (rest.n == 0 || str_eq_nocase_ascii(rest, STR("am")) || str_eq_nocase_ascii(rest, STR("pm")) ||
        str_eq(rest, STR("UTC")))
        return true;
    return zone_suffix(rest, 0) == rest.n;
}

static bool is_absent(struct str s)
{
    static const char *const words[] = {"null", "n/a", "na", "nan", "none", "nil", "-", "--", ".", "?", "\\n", "#n/a"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq_nocase_ascii(s, str_of(words[i])))
            return true;
    }
    return false;
}

/* A line of several cells is no address because one of them is. */
static bool is_address(struct str s)
{
    size_t at = str_find_byte(s, '@');
    for (size_t i = 0; i < s.n; i++)
        if (memchr(" \t;|\"\x1F", s.p[i], 6) || (s.p[i] == ',' && at < s.n))
            return false;
    if (at > 0 && at < s.n && memchr(s.p + at, '.', s.n - at) && !memchr(s.p + at + 1, '@', s.n - at - 1))
        return true;
    return s.n > 8 && (str_starts(s, STR("http://")) || str_starts(s, STR("https://")) ||
                          str_starts(s, STR("ftp://")) || str_starts(s, STR("www.")));
}

static enum kind word_kind(struct str s)
{
    bool digit = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_digit((char)c))
            digit = true;
        else if (!is_letter((char)c) && c < 0x80 && !memchr("-_./#&'()", c, 10))
            return KIND_TEXT;
    }
    return digit ? KIND_CODE : KIND_WORD;
}

enum kind kind_of(struct str cell)
{
    struct str s = str_trim(cell);
    if (s.n == 0)
        return KIND_BLANK;
    if (digits(s, 0) == s.n || (s.n > 1 && s.p[0] == '-' && digits(s, 1) == s.n - 1))
        return KIND_INTEGER;
    if (s.n <= 5 && is_absent(s))
        return KIND_ABSENT;
    if (s.n <= LONGEST_FORM) {
        if (is_time(s))
            return KIND_TIME;
        size_t date = date_prefix(s);
        if (date == s.n)
            return KIND_DATE;
        if (date && (s.p[date] == ' ' || s.p[date] == 'T' || s.p[date] == '_') && is_time(drop(s, date + 1, 0)))
            return KIND_MOMENT;
        if (is_decimal(without_signs(s)))
            return KIND_NUMBER;
    }
    if (is_address(s))
        return KIND_ADDRESS;
    return word_kind(s);
}

bool kind_is_grouped(struct str cell)
{
    struct str s = without_signs(str_trim(cell));
    size_t at = digits(s, 0), groups = 0;
    if (at < 1 || at > 3)
        return false;
    for (; at < s.n && s.p[at] == ','; at += 4, groups++) {
        if (digits(s, at + 1) != 3)
            return false;
    }
    if (at < s.n && s.p[at] == '.')
        at += 1 + digits(s, at + 1);
    return groups && at == s.n;
}
