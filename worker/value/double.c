#include "worker/value/lane.h"
#include "worker/value/number.h"

#include <math.h>
#include <stdlib.h>

/*
 * 767 significant digits decide how any text rounds to a double; what follows them matters only by being zero or not.
 * The text handed to strtod has no decimal point ("12345e-3"), so that no locale can change its meaning.
 */
enum { DECIDING_DIGITS = 768, EXPONENT_TEXT = 24, EXACT_POWERS = 22, CLAMP = 100000 };

static size_t write_exponent(char *out, int64_t exponent)
{
    size_t n = 0;
    uint64_t size = exponent < 0 ? (uint64_t)-exponent : (uint64_t)exponent;
    char digits[EXPONENT_TEXT];
    size_t at = sizeof digits;
    out[n++] = 'e';
    if (exponent < 0)
        out[n++] = '-';
    do
        digits[--at] = (char)('0' + size % 10);
    while (size /= 10);
    memcpy(out + n, digits + at, sizeof digits - at);
    n += sizeof digits - at;
    out[n] = '\0';
    return n;
}

/* The digits of the body, leading zeros left out, as many as can matter; *exponent is the power of ten of the last. */
static size_t copy_digits(const struct number *number, char point, char *out, int64_t *exponent)
{
    size_t n = 0;
    int64_t left_out = 0, fraction = 0;
    bool behind_point = false, rest = false;
    for (size_t i = 0; i < number->body.n; i++) {
        char c = number->body.p[i];
        if (c == point)
            behind_point = true;
        if (!scan_is_digit(c))
            continue;
        fraction += behind_point;
        if (n < DECIDING_DIGITS) {
            if (n || c != '0')
                out[n++] = c;
            continue;
        }
        left_out++;
        rest |= c != '0';
    }
    if (rest) {
        out[n++] = '1';
        left_out--;
    }
    *exponent = left_out - fraction + number->shift;
    return n;
}

static int64_t clamp(int64_t exponent)
{
    return exponent < -CLAMP ? -CLAMP : exponent > CLAMP ? CLAMP : exponent;
}

/* Beyond 10^±22 or 2^53 a multiplication would round twice; strtod does not. */
static double convert(const struct number *number, char point)
{
    char text[DECIDING_DIGITS + 1 + EXPONENT_TEXT + 2];
    static const double powers[EXACT_POWERS + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
        1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (!number->longer && number->coefficient <= (uint128)1 << 53 && number->exponent >= -EXACT_POWERS &&
        number->exponent <= EXACT_POWERS) {
        double value = (double)(int64_t)number->coefficient;
        return number->exponent < 0 ? value / powers[-number->exponent] : value * powers[number->exponent];
    }
    int64_t exponent;
    size_t n = copy_digits(number, point, text, &exponent);
    /* A text of 100,000 zeros may come with an exponent that makes up for them, hence the sum before the clamp. */
    write_exponent(text + n, clamp(exponent));
    return strtod(text, NULL);
}

enum value_result value_parse_double(struct str text, const struct value_format *format, double *out)
{
    struct number number;
    if (!format)
        format = &number_plain;
    if (lane_double(text, number_point(format), out))
        return VALUE_OK;
    enum value_result result = number_scan(text, format, NUMBER_POINT | NUMBER_EXPONENT | NUMBER_SPECIAL, &number);
    if (result != VALUE_OK)
        return result;
    double value = 0;
    if (number.special == NUMBER_NAN)
        value = NAN;
    else if (number.special == NUMBER_INFINITY)
        value = INFINITY;
    else if (number.digits) {
        value = convert(&number, number_point(format));
        if (value == 0 || isinf(value))
            return VALUE_RANGE;
    }
    *out = number.negative ? -value : value;
    return VALUE_OK;
}
