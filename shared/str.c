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

bool str_glob(struct str pattern, struct str s)
{
    while (pattern.n) {
        if (pattern.p[0] == '*') {
            bool deep = str_starts(pattern, STR("**"));
            if (str_starts(pattern, STR("**/")) && str_glob(rest(pattern, 3), s))
                return true;
            pattern = rest(pattern, deep ? 2 : 1);
            while (!str_glob(pattern, s)) {
                if (!s.n || (!deep && s.p[0] == '/'))
                    return false;
                s = rest(s, 1);
            }
            return true;
        }
        if (!s.n || (pattern.p[0] != s.p[0] && (pattern.p[0] != '?' || s.p[0] == '/')))
            return false;
        pattern = rest(pattern, 1);
        s = rest(s, 1);
    }
    return s.n == 0;
}
