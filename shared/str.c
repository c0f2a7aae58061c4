#include "shared/str.h"

#include <stdint.h>

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

/*
 * All readings at once: a bit for each position of the pattern that the bytes so far may have led to. A "**" has two
 * positions: its entry, which "**" + "/" may skip, and its loop. Time is bounded by pattern.n * s.n.
 */
struct glob_set {
    uint64_t bits[GLOB_MAX / 64 + 1];
};

static void glob_add(struct glob_set *set, size_t i)
{
    set->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool glob_has(const struct glob_set *set, size_t i)
{
    return set->bits[i / 64] >> (i % 64) & 1;
}

static bool is_deep(struct str pattern, size_t i)
{
    return i + 1 < pattern.n && pattern.p[i] == '*' && pattern.p[i + 1] == '*';
}

/* Adds what is reached without a byte; moves only lead forward. */
static void glob_close(struct str pattern, struct glob_set *set)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (is_deep(pattern, i)) {
            if (glob_has(set, i) && i + 2 < pattern.n && pattern.p[i + 2] == '/')
                glob_add(set, i + 3);
            if (glob_has(set, i))
                glob_add(set, i + 1);
            i++;
            if (glob_has(set, i))
                glob_add(set, i + 1);
        } else if (pattern.p[i] == '*' && glob_has(set, i)) {
            glob_add(set, i + 1);
        }
    }
}

static void glob_step(struct str pattern, const struct glob_set *from, char c, struct glob_set *to)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (is_deep(pattern, i)) {
            i++;
            if (glob_has(from, i))
                glob_add(to, i);
        } else if (glob_has(from, i)) {
            bool wild = pattern.p[i] == '*' || pattern.p[i] == '?';
            if (wild ? c != '/' : pattern.p[i] == c)
                glob_add(to, i + (pattern.p[i] != '*'));
        }
    }
}

bool str_glob(struct str pattern, struct str s)
{
    struct glob_set now = {{1}};
    if (pattern.n > GLOB_MAX)
        return false;
    glob_close(pattern, &now);
    for (size_t i = 0; i < s.n; i++) {
        struct glob_set next = {{0}};
        glob_step(pattern, &now, s.p[i], &next);
        glob_close(pattern, &next);
        now = next;
    }
    return glob_has(&now, pattern.n);
}
