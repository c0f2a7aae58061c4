#include "worker/shape/guess.h"

#include "shared/str.h"

/* In the order of preference where several fit with the same values. */
static const struct {
    char point;
    struct str group;
} readings[GUESS_READINGS] = {{'.', {NULL, 0}}, {'.', STR(",")}, {',', {NULL, 0}}, {',', STR(".")}, {'.', STR(" ")},
    {',', STR(" ")}, {'.', STR("'")}};

enum { PLAIN = 1 << 0, POINT_GROUPED = 1 << 1, COMMA = 1 << 2, MAX_NARROW = 18, MAX_WIDE = 38 };

static struct value_format format_of(int reading, bool wide)
{
    return (struct value_format){.decimal_char = readings[reading].point,
        .group_char = readings[reading].group,
        .currency = wide,
        .percent = wide,
        .parentheses = wide,
        .trailing_minus = wide,
        .exponent = wide};
}

static bool has_form(struct str text, const struct value_format *format)
{
    int128 value;
    return value_parse_decimal(text, TYPE_DEC(MAX_WIDE, 19), format, &value) != VALUE_BAD;
}

static void count_digits(struct guess *guess, int reading, struct str text)
{
    uint32_t whole = 0, fraction = 0;
    bool behind = false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == readings[reading].point)
            behind = true;
        else if (text.p[i] >= '0' && text.p[i] <= '9')
            (*(behind ? &fraction : &whole))++;
        else if (text.p[i] == 'e' || text.p[i] == 'E')
            break;
    }
    if (str_find_byte(text, '%') < text.n)
        fraction += 2;
    if (whole > guess->whole[reading])
        guess->whole[reading] = whole;
    if (fraction > guess->fraction[reading])
        guess->fraction[reading] = fraction;
}

static void note_extras(struct guess *guess, struct str text, int reading)
{
    struct value_format format = format_of(reading, false);
    if (has_form(text, &format))
        return;
    format.exponent = true;
    if (has_form(text, &format)) {
        guess->exponent = true;
        return;
    }
    guess->percent |= str_find_byte(text, '%') < text.n;
    guess->parentheses |= str_find_byte(text, '(') < text.n;
    guess->trailing_minus |= text.p[text.n - 1] == '-';
    format = format_of(reading, true);
    format.currency = false;
    guess->currency |= !has_form(text, &format);
}

void guess_number_add(struct guess *guess, struct str text)
{
    struct str trimmed = str_trim(text);
    int first = -1;
    for (int i = 0; i < GUESS_READINGS; i++) {
        struct value_format format = format_of(i, true);
        if (!(guess->readings >> i & 1))
            continue;
        if (!has_form(text, &format)) {
            guess->readings &= ~(1u << i);
            continue;
        }
        first = first < 0 ? i : first;
        count_digits(guess, i, trimmed);
    }
    if (first < 0)
        return;
    note_extras(guess, trimmed, first);
    size_t sign = trimmed.n && (trimmed.p[0] == '-' || trimmed.p[0] == '+');
    bool digits = trimmed.n > sign + 1;
    for (size_t i = sign; i < trimmed.n; i++)
        digits &= trimmed.p[i] >= '0' && trimmed.p[i] <= '9';
    int64_t integer;
    guess->zeros |= digits && trimmed.p[sign] == '0';
    guess->long_integer |= digits && value_parse_integer(trimmed, NULL, &integer) != VALUE_OK;
}

static bool as_text(struct guess_result *result, const char *remark)
{
    result->remark = remark;
    return false;
}

bool guess_number_settle(const struct guess *guess, struct guess_result *result)
{
    unsigned left = guess->readings;
    if (!left)
        return false;
    if (guess->zeros)
        return as_text(result, "digits with leading zeros are kept as text");
    if (guess->long_integer)
        return as_text(result, "digits beyond 64 bits are kept as text");
    if (!(left & PLAIN) && (left & POINT_GROUPED) && (left & COMMA))
        return as_text(result, "1,234 can be a thousand or a fraction: set decimalChar or groupChar and type number");
    int reading = 0;
    while (!(left >> reading & 1))
        reading++;
    uint32_t whole = guess->whole[reading], scale = guess->fraction[reading];
    if (!guess->exponent && whole + scale > MAX_WIDE)
        return as_text(result, "numbers with more than 38 digits are kept as text");
    result->format = format_of(reading, false);
    result->format.currency = guess->currency;
    result->format.percent = guess->percent;
    result->format.parentheses = guess->parentheses;
    result->format.trailing_minus = guess->trailing_minus;
    result->is_float = guess->exponent;
    result->scale = (uint8_t)scale;
    result->precision = whole + scale > MAX_NARROW ? MAX_WIDE : 0;
    /* plain digits were tried as 64 bits one by one, others only counted */
    bool integer = !scale && !guess->exponent && (!reading || !result->precision);
    result->kind = integer ? TYPE_INTEGER : TYPE_DECIMAL;
    return true;
}
