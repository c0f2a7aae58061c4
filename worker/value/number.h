/* The careful lane of numbers: any allowed form of text to an exact coefficient and a power of ten. */
#ifndef WORKER_VALUE_NUMBER_H
#define WORKER_VALUE_NUMBER_H

#include "worker/value/value.h"

enum number_special { NUMBER_FINITE, NUMBER_NAN, NUMBER_INFINITY };

enum { NUMBER_POINT = 1, NUMBER_EXPONENT = 2, NUMBER_SPECIAL = 4 };

struct number {
    bool negative;
    enum number_special special;
    uint128 coefficient; /* its first 38 significant digits; the last one is not 0 */
    unsigned digits;     /* how many the coefficient has; 0 for zero */
    bool longer;         /* there were more than 38: body has them all */
    int64_t exponent;    /* the value is coefficient * 10^exponent, unless longer */
    struct str body;     /* digits, separators and point as written, without the exponent */
    int64_t shift;       /* exponent written (less 2 for percent) */
};

/* The format that stands in for NULL: '.', exponents and the special values, nothing else. */
extern const struct value_format number_plain;

/* allow: which of point, exponent, special values the type itself knows; the format may forbid them further. VALUE_OK
 * or VALUE_BAD. */
enum value_result number_scan(
    struct str text, const struct value_format *format, unsigned allow, struct number *number);

static inline char number_point(const struct value_format *format)
{
    return format->decimal_char ? format->decimal_char : '.';
}

/* Bytes of the currency sign or code that s begins or ends with, 0 for none. */
size_t currency_front(struct str s);
size_t currency_back(struct str s);

#endif
