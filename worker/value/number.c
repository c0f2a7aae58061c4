#include "worker/value/number.h"

#include "worker/value/scan.h"

const uint64_t scan_powers[SCAN_POWERS] = {1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u,
    1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u,
    10000000000000000u, 100000000000000000u, 1000000000000000000u, 10000000000000000000u};

const struct value_format number_plain = {.decimal_char = '.', .exponent = true, .float_special = true};

enum { EXPONENT_LIMIT = 1000000000 };

#define MINUS STR("\xE2\x88\x92") /* U+2212 */

/* What stands around the digits; each may stand there once, and only one thing may speak of the sign. */
struct affixes {
    bool sign, negative, currency, percent;
};

static size_t minus_front(struct str s)
{
    return s.n && s.p[0] == '-' ? 1 : str_starts(s, MINUS) ? MINUS.n : 0;
}

static size_t minus_back(struct str s)
{
    return s.n && s.p[s.n - 1] == '-' ? 1 : str_ends(s, MINUS) ? MINUS.n : 0;
}

static bool eat_sign(struct str *s, const struct value_format *format, struct affixes *found)
{
    if (found->sign || !s->n)
        return false;
    size_t front = minus_front(*s), back = format->trailing_minus ? minus_back(*s) : 0;
    found->sign = true;
    found->negative = true;
    if (front)
        *s = scan_skip(*s, front);
    else if (s->p[0] == '+') {
        *s = scan_skip(*s, 1);
        found->negative = false;
    } else if (back)
        s->n -= back;
    else if (format->parentheses && s->n > 1 && s->p[0] == '(' && s->p[s->n - 1] == ')')
        *s = scan_trim((struct str){s->p + 1, s->n - 2});
    else
        found->sign = found->negative = false;
    return found->sign;
}

static bool eat_unit(struct str *s, const struct value_format *format, struct affixes *found)
{
    if (found->currency || found->percent)
        return false;
    struct str front = scan_trim_front(*s), back = scan_trim_back(*s);
    size_t n;
    if (format->percent && back.n && back.p[back.n - 1] == '%') {
        back.n--;
        *s = scan_trim_back(back);
        return found->percent = true;
    }
    if (!format->currency)
        return false;
    if ((n = currency_front(front)) > 0)
        *s = scan_trim_front(scan_skip(front, n));
    else if ((n = currency_back(back)) > 0) {
        back.n -= n;
        *s = scan_trim_back(back);
    } else
        return false;
    return found->currency = true;
}

/* Zeros wait until a digit follows, so that 1.0000…0 has one digit however long it is. */
static void add_digit(struct number *number, int64_t *zeros, unsigned digit)
{
    if (!digit) {
        ++*zeros;
        return;
    }
    int64_t digits = number->digits ? number->digits + *zeros + 1 : 1;
    if (number->longer || digits > DECIMAL_MAX_PRECISION) {
        number->longer = true;
        return;
    }
    number->coefficient = number->coefficient * scan_power((unsigned)digits - number->digits) + digit;
    number->digits = (unsigned)digits;
    *zeros = 0;
}

/* The digits before the point; false when a separator stands where none may. */
static bool read_whole(
    struct str *s, const struct value_format *format, struct number *number, int64_t *zeros, size_t *count)
{
    struct str group = format->group_char;
    size_t run = 0;
    bool grouped = false;
    for (; s->n;) {
        if (scan_is_digit(s->p[0])) {
            add_digit(number, zeros, (unsigned)(s->p[0] - '0'));
            *s = scan_skip(*s, 1);
            run++;
            ++*count;
            continue;
        }
        bool separator = group.n && run && str_starts(*s, group) && s->n > group.n && scan_is_digit(s->p[group.n]);
        if (!separator)
            break;
        if (grouped ? run != 3 : run > 3)
            return false;
        grouped = true;
        run = 0;
        *s = scan_skip(*s, group.n);
    }
    return !grouped || run == 3;
}

static bool read_exponent(struct str *s, int64_t *out)
{
    bool negative = false;
    size_t minus = minus_front(*s);
    if (minus) {
        *s = scan_skip(*s, minus);
        negative = true;
    } else
        scan_eat(s, '+');
    size_t n = scan_digits(*s);
    int64_t value = 0;
    for (size_t i = 0; i < n; i++)
        if (value < EXPONENT_LIMIT)
            value = value * 10 + (s->p[i] - '0');
    *s = scan_skip(*s, n);
    *out = negative ? -value : value;
    return n > 0;
}

static bool read_body(struct str s, const struct value_format *format, unsigned allow, struct number *number)
{
    int64_t zeros = 0, fraction = 0;
    size_t count = 0;
    number->body = s;
    if (!read_whole(&s, format, number, &zeros, &count))
        return false;
    if (allow & NUMBER_POINT && scan_eat(&s, number_point(format)))
        for (; s.n && scan_is_digit(s.p[0]); s = scan_skip(s, 1), fraction++)
            add_digit(number, &zeros, (unsigned)(s.p[0] - '0'));
    if (!count && !fraction)
        return false;
    number->body.n -= s.n;
    bool exponent = allow & NUMBER_EXPONENT && format->exponent && s.n && (s.p[0] == 'e' || s.p[0] == 'E');
    if (exponent) {
        s = scan_skip(s, 1);
        if (!read_exponent(&s, &number->shift))
            return false;
    }
    number->exponent = zeros - fraction + number->shift;
    return s.n == 0;
}

static bool read_special(struct str s, struct number *number)
{
    if (str_eq_nocase_ascii(s, STR("nan")))
        number->special = NUMBER_NAN;
    else if (str_eq_nocase_ascii(s, STR("inf")) || str_eq_nocase_ascii(s, STR("infinity")))
        number->special = NUMBER_INFINITY;
    return number->special != NUMBER_FINITE;
}

enum value_result number_scan(struct str text, const struct value_format *format, unsigned allow, struct number *number)
{
    struct str s = scan_trim(text);
    struct affixes found = {0};
    struct value_format ungrouped;
    if (allow & NUMBER_POINT && format->group_char.n == 1 && format->group_char.p[0] == number_point(format)) {
        ungrouped = *format; /* one character for both: it is the point, as in the fast lane */
        ungrouped.group_char.n = 0;
        format = &ungrouped;
    }
    *number = (struct number){0};
    while (eat_sign(&s, format, &found) || eat_unit(&s, format, &found))
        ;
    number->negative = found.negative;
    if (allow & NUMBER_SPECIAL && format->float_special && !found.percent && !found.currency && read_special(s, number))
        return number->special == NUMBER_NAN && found.sign ? VALUE_BAD : VALUE_OK;
    if (!read_body(s, format, allow, number))
        return VALUE_BAD;
    if (found.percent) {
        number->exponent -= 2;
        number->shift -= 2;
    }
    return VALUE_OK;
}
