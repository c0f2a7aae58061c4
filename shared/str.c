#include "shared/str.h"

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase_ascii(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq((struct str){s.p, prefix.n}, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq((struct str){s.p + s.n - suffix.n, suffix.n}, suffix);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
    while (s.n && is_space(s.p[0]))
        s.p++, s.n--;
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t str_find_byte(struct str s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : s.n;
}

static struct str rest(struct str s, size_t from)
{
    return (struct str){s.p + from, s.n - from};
}

/*
 * Stars take as little as will do; on a mismatch the last one takes a byte more. '*' and '**' each need only their last
 * place remembered: what follows a later star can be found from any earlier match of it. So the work is at most
 * the square of the name, however many stars a hostile name meets.
 */
struct star {
    struct str pattern, s; /* where to go on */
    bool seen;
};

/* Lets the last star take one byte more; false when neither can. */
static bool give_more(struct star *shallow, struct star *deep, struct str *pattern, struct str *s)
{
    struct star *star = shallow->seen && shallow->s.n && shallow->s.p[0] != '/' ? shallow : deep;
    if (!star->seen || !star->s.n)
        return false;
    if (star == deep)
        shallow->seen = false;
    star->s = rest(star->s, 1);
    *pattern = star->pattern;
    *s = star->s;
    return true;
}

/* "**" with a slash behind it, at the start of a segment: any number of whole segments. */
static bool give_segment(struct star *segments, struct star *shallow, struct str *pattern, struct str *s)
{
    size_t slash = segments->seen ? str_find_byte(segments->s, '/') : segments->s.n;
    if (slash == segments->s.n)
        return false;
    shallow->seen = false;
    segments->s = rest(segments->s, slash + 1);
    *pattern = segments->pattern;
    *s = segments->s;
    return true;
}

bool str_glob(struct str pattern, struct str s)
{
    struct star shallow = {.seen = false}, deep = shallow, segments = shallow;
    const char *begin = pattern.p;
    while (pattern.n || s.n) {
        bool segment_start = pattern.p == begin || pattern.p[-1] == '/';
        if (str_starts(pattern, STR("**/")) && segment_start) {
            pattern = rest(pattern, 3);
            segments = (struct star){pattern, s, true};
            deep.seen = shallow.seen = false;
        } else if (str_starts(pattern, STR("**"))) {
            pattern = rest(pattern, 2);
            deep = (struct star){pattern, s, true};
            segments.seen = shallow.seen = false;
        } else if (pattern.n && pattern.p[0] == '*') {
            pattern = rest(pattern, 1);
            shallow = (struct star){pattern, s, true};
        } else if (pattern.n && s.n && (pattern.p[0] == s.p[0] || (pattern.p[0] == '?' && s.p[0] != '/'))) {
            pattern = rest(pattern, 1);
            s = rest(s, 1);
        } else if (!give_more(&shallow, &deep, &pattern, &s) && !give_segment(&segments, &shallow, &pattern, &s))
            return false;
    }
    return true;
}
