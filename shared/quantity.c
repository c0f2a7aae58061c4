#include "shared/quantity.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes "12" or "1.5" off the front, times unit later: thousandths of it. */
static bool take_number(struct str *text, uint64_t *thousandths)
{
    uint64_t value = 0;
    size_t i = 0, digits = 0;
    for (; i < text->n && is_digit(text->p[i]); i++, digits++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text->p[i] - '0'), &value))
            return false;
    if (!digits || __builtin_mul_overflow(value, 1000u, &value))
        return false;
    if (i < text->n && text->p[i] == '.') {
        uint64_t place = 100;
        for (i++; i < text->n && is_digit(text->p[i]) && place; i++, place /= 10)
            if (__builtin_add_overflow(value, place * (uint64_t)(text->p[i] - '0'), &value))
                return false;
        if (text->p[i - 1] == '.' || (i < text->n && is_digit(text->p[i])))
            return false;
    }
    *text = (struct str){text->p + i, text->n - i};
    *thousandths = value;
    return true;
}

static struct str take_word(struct str *text)
{
    size_t n = 0;
    *text = str_trim(*text);
    while (n < text->n && !is_digit(text->p[n]) && text->p[n] != ' ')
        n++;
    struct str word = {text->p, n};
    *text = str_trim((struct str){text->p + n, text->n - n});
    return word;
}

/* number * unit, where the result is whole. */
static bool scale(uint64_t thousandths, uint64_t unit, uint64_t *out)
{
    unsigned __int128 product = (unsigned __int128)thousandths * unit;
    if (product % 1000 || product / 1000 > INT64_MAX)
        return false;
    *out = (uint64_t)(product / 1000);
    return true;
}

bool quantity_size(struct str text, uint64_t *bytes)
{
    static const char letters[] = "kmgt";
    uint64_t number, unit = 1;
    text = str_trim(text);
    if (!take_number(&text, &number))
        return false;
    struct str word = take_word(&text);
    if (text.n)
        return false;
    for (unsigned i = 0; i < 4 && word.n; i++)
        if ((word.p[0] | 0x20) == letters[i]) {
            unit = UINT64_C(1) << (10 * (i + 1));
            word = (struct str){word.p + 1, word.n - 1};
            if (word.n == 2 && (word.p[0] | 0x20) == 'i')
                word = (struct str){word.p + 1, 1};
            break;
        }
    return (word.n == 0 || str_eq_nocase_ascii(word, STR("B"))) && scale(number, unit, bytes);
}

static uint64_t duration_unit(struct str word)
{
    static const struct {
        const char *name;
        uint64_t micros;
    } units[] = {{"", 1000000}, {"s", 1000000}, {"ms", 1000}, {"m", 60000000}, {"min", 60000000},
        {"h", UINT64_C(3600000000)}, {"d", UINT64_C(86400000000)}, {"w", UINT64_C(604800000000)}};
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++)
        if (str_eq_nocase_ascii(word, str_of(units[i].name)))
            return units[i].micros;
    return 0;
}

bool quantity_duration(struct str text, int64_t *micros)
{
    uint64_t sum = 0;
    text = str_trim(text);
    do {
        uint64_t number, part;
        if (!take_number(&text, &number))
            return false;
        uint64_t unit = duration_unit(take_word(&text));
        if (!unit || !scale(number, unit, &part) || __builtin_add_overflow(sum, part, &sum) || sum > INT64_MAX)
            return false;
    } while (text.n);
    *micros = (int64_t)sum;
    return true;
}
