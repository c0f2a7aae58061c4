/* What the readers of this room share: looking at bytes, trimming, powers of ten. */
#ifndef WORKER_VALUE_SCAN_H
#define WORKER_VALUE_SCAN_H

#include "worker/value/type.h"

static inline bool scan_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool scan_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline struct str scan_skip(struct str s, size_t n)
{
    return (struct str){s.p + n, s.n - n};
}

/* Bytes of the space s begins with (ASCII white space, U+00A0), 0 for none. */
static inline size_t scan_space_front(struct str s)
{
    if (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
        return 1;
    return s.n >= 2 && s.p[0] == '\xC2' && s.p[1] == '\xA0' ? 2 : 0;
}

static inline size_t scan_space_back(struct str s)
{
    if (s.n && (s.p[s.n - 1] == ' ' || (s.p[s.n - 1] >= '\t' && s.p[s.n - 1] <= '\r')))
        return 1;
    return s.n >= 2 && s.p[s.n - 2] == '\xC2' && s.p[s.n - 1] == '\xA0' ? 2 : 0;
}

static inline struct str scan_trim_front(struct str s)
{
    for (size_t n; (n = scan_space_front(s)) > 0;)
        s = scan_skip(s, n);
    return s;
}

static inline struct str scan_trim_back(struct str s)
{
    for (size_t n; (n = scan_space_back(s)) > 0;)
        s.n -= n;
    return s;
}

static inline struct str scan_trim(struct str s)
{
    return scan_trim_back(scan_trim_front(s));
}

/* The number of digits s begins with. */
static inline size_t scan_digits(struct str s)
{
    size_t n = 0;
    while (n < s.n && scan_is_digit(s.p[n]))
        n++;
    return n;
}

static inline bool scan_eat(struct str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = scan_skip(*s, 1);
    return true;
}

/* Between min and max digits (at most 9), as many as there are; false when a digit is left over. */
static inline bool scan_number(struct str *s, size_t min, size_t max, int *out)
{
    size_t n = scan_digits(*s);
    if (n < min || n > max)
        return false;
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (s->p[i] - '0');
    *s = scan_skip(*s, n);
    *out = value;
    return true;
}

enum { SCAN_POWERS = 20 };
extern const uint64_t scan_powers[SCAN_POWERS]; /* 10^0 to 10^19 */

/* 10^n, n <= 38 */
static inline uint128 scan_power(unsigned n)
{
    return n < SCAN_POWERS ? scan_powers[n] : (uint128)scan_powers[SCAN_POWERS - 1] * scan_powers[n - SCAN_POWERS + 1];
}

#endif
