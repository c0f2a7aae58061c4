/* A slice of bytes. Owns nothing, needs no NUL; p may be NULL only when n is 0. */
#ifndef SHARED_STR_H
#define SHARED_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* By bytes, as memcmp; a prefix sorts first. */
int str_cmp(struct str a, struct str b);
bool str_eq_nocase_ascii(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Without leading and trailing space, tab, CR, LF, VT, FF. */
struct str str_trim(struct str s);
/* The index of c in s, or s.n. */
size_t str_find_byte(struct str s, char c);
/* '*' any run without '/', '**' any run, a "**" followed by '/' also nothing, '?' one byte but '/'. The whole of s must
 * match. Time is at most pattern.n * s.n; a pattern of more than GLOB_MAX bytes matches nothing. */
enum { GLOB_MAX = 1000 };
bool str_glob(struct str pattern, struct str s);

#endif
