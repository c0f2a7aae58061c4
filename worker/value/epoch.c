#include "worker/value/moment.h"

enum { SECOND_DIGITS = 12, MILLI_DIGITS = 15 };

/* Years 0001-9999 need 12 digits of seconds, 15 of milliseconds; more of them cannot be in range. */
enum value_result epoch_read(struct str s, bool milliseconds, int64_t *instant)
{
    struct civil fraction = {0};
    bool negative = scan_eat(&s, '-');
    size_t n = scan_digits(s), zeros = 0;
    if (!n)
        return VALUE_BAD;
    while (zeros < n && s.p[zeros] == '0')
        zeros++;
    bool fits = n - zeros <= (milliseconds ? MILLI_DIGITS : SECOND_DIGITS);
    int64_t value = 0;
    for (size_t i = zeros; i < n && fits; i++)
        value = value * 10 + (s.p[i] - '0');
    s = scan_skip(s, n);
    if (!milliseconds && scan_eat(&s, '.') && !moment_eat_fraction(&s, &fraction))
        return VALUE_BAD;
    if (s.n)
        return VALUE_BAD;
    if (!fits || fraction.out_of_range)
        return VALUE_RANGE;
    value = value * (milliseconds ? 1000 : 1000000) + fraction.micros;
    *instant = negative ? -value : value;
    return VALUE_OK;
}
