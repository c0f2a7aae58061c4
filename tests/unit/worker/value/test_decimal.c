#include "tests/unit/worker/value/check.h"

#include "worker/value/lane.h"

static const struct value_format grouped = {.decimal_char = '.', .group_char = {",", 1}, .exponent = true};
static const struct value_format german = {.decimal_char = ',', .group_char = {".", 1}};
static const struct value_format spaced = {.decimal_char = ',', .group_char = {" ", 1}, .currency = true};
static const struct value_format swiss = {.group_char = {"'", 1}, .currency = true};
static const struct value_format money = {
    .group_char = {",", 1}, .currency = true, .parentheses = true, .trailing_minus = true};
static const struct value_format clash = {.group_char = {".", 1}};
static const struct value_format percent = {.percent = true, .exponent = true};

#define NINES18 "999999999999999999"
#define NINES38 "99999999999999999999999999999999999999"

static const struct {
    const char *text;
    uint8_t precision, scale;
    const struct value_format *format;
    enum value_result result;
    const char *value;
} cases[] = {
    {"12.50", 18, 2, NULL, OK, "12.50"},
    {"12.5", 18, 2, NULL, OK, "12.50"},
    {"12", 18, 2, NULL, OK, "12.00"},
    {"12.", 18, 2, NULL, OK, "12.00"},
    {".5", 18, 2, NULL, OK, "0.50"},
    {"-.5", 18, 2, NULL, OK, "-0.50"},
    {"-0.00", 18, 2, NULL, OK, "0.00"},
    {".", 18, 2, NULL, BAD, NULL},
    {"-.", 18, 2, NULL, BAD, NULL},
    {"", 18, 2, NULL, BAD, NULL},
    {"46.9.39", 18, 2, NULL, BAD, NULL},
    {"1 2", 18, 2, NULL, BAD, NULL},
    {"12,50", 18, 2, NULL, BAD, NULL},
    {"NaN", 18, 2, NULL, BAD, NULL},
    {"12.500", 18, 2, NULL, OK, "12.50"},
    {"12.501", 18, 2, NULL, RANGE, NULL},
    {"12.5000000000000000000000000000000000000000000000000000000000000000000000", 18, 2, NULL, OK, "12.50"},
    {"12.50000000000000000000000000000000000000000000000000000000000000000000001", 18, 2, NULL, RANGE, NULL},
    {"0.001", 18, 2, NULL, RANGE, NULL},
    {"1.0", 18, 0, NULL, OK, "1"},
    {"1.5", 18, 0, NULL, RANGE, NULL},
    {NINES18, 18, 0, NULL, OK, NINES18},
    {"-" NINES18, 18, 0, NULL, OK, "-" NINES18},
    {"1000000000000000000", 18, 0, NULL, RANGE, NULL},
    {"9999999999999999.99", 18, 2, NULL, OK, "9999999999999999.99"},
    {"10000000000000000.00", 18, 2, NULL, RANGE, NULL},
    {"0000000000000000000000000012.50", 18, 2, NULL, OK, "12.50"},
    {"999.99", 5, 2, NULL, OK, "999.99"},
    {"1000", 5, 2, NULL, RANGE, NULL},
    {"0.999", 3, 3, NULL, OK, "0.999"},
    {"1", 3, 3, NULL, RANGE, NULL},
    {NINES38, 38, 0, NULL, OK, NINES38},
    {"-" NINES38, 38, 0, NULL, OK, "-" NINES38},
    {"100000000000000000000000000000000000000", 38, 0, NULL, RANGE, NULL},
    {"0." NINES38, 38, 38, NULL, OK, "0." NINES38},
    {"12345678901234567890123456789.123456789", 38, 9, NULL, OK, "12345678901234567890123456789.123456789"},
    {"123456789012345678901234567890", 38, 9, NULL, RANGE, NULL},
    {"0.0000000001", 38, 9, NULL, RANGE, NULL},
    {"1.5", 38, 9, NULL, OK, "1.500000000"},
    {"1.5e3", 18, 2, NULL, OK, "1500.00"},
    {"1.5E+3", 18, 2, NULL, OK, "1500.00"},
    {"15e-1", 18, 2, NULL, OK, "1.50"},
    {"15e-4", 18, 2, NULL, RANGE, NULL},
    {"1e99999999999999999999", 18, 2, NULL, RANGE, NULL},
    {"1e-99999999999999999999", 18, 2, NULL, RANGE, NULL},
    {"0e99999999999999999999", 18, 2, NULL, OK, "0.00"},
    {"1e", 18, 2, NULL, BAD, NULL},
    {"1e+", 18, 2, NULL, BAD, NULL},
    {"e5", 18, 2, NULL, BAD, NULL},
    {"1e5", 18, 2, &german, BAD, NULL},
    {"1,234.56", 18, 2, &grouped, OK, "1234.56"},
    {"1234.56", 18, 2, &grouped, OK, "1234.56"},
    {"1,23", 18, 2, &grouped, BAD, NULL},
    {"1,234,56", 18, 2, &grouped, BAD, NULL},
    {"12,34,567.00", 18, 2, &grouped, BAD, NULL},
    {"1.234,5", 18, 2, &grouped, BAD, NULL},
    {"1,234.567,8", 18, 4, &grouped, BAD, NULL},
    {"1.234,56", 18, 2, &german, OK, "1234.56"},
    {"1.234.567", 18, 2, &german, OK, "1234567.00"},
    {"1.23", 18, 2, &german, BAD, NULL},
    {",5", 18, 2, &german, OK, "0.50"},
    {"1 234,56 \xE2\x82\xAC", 18, 2, &spaced, OK, "1234.56"},
    {"\xE2\x82\xAC 1 234,56", 18, 2, &spaced, OK, "1234.56"},
    {"1.234", 18, 3, &clash, OK, "1.234"},
    {"+1.234", 18, 3, &clash, OK, "1.234"},
    {"1.234.567", 18, 3, &clash, BAD, NULL},
    {"CHF 1'234.50", 18, 2, &swiss, OK, "1234.50"},
    {"1'234.50 CHF", 18, 2, &swiss, OK, "1234.50"},
    {"\xC2\xA3"
     "1.00",
        18, 2, &money, OK, "1.00"},
    {"-\xC2\xA3"
     "1.00",
        18, 2, &money, OK, "-1.00"},
    {"\xC2\xA3-1.00", 18, 2, &money, OK, "-1.00"},
    {"\xE2\x88\x92\xC2\xA3"
     "1.00",
        18, 2, &money, OK, "-1.00"},
    {"$1,234.50", 18, 2, &money, OK, "1234.50"},
    {"US$ 12", 18, 2, &money, OK, "12.00"},
    {"R$12", 18, 2, &money, OK, "12.00"},
    {"12 US$", 18, 2, &money, OK, "12.00"},
    {"\xE2\x82\xB9"
     "99",
        18, 2, &money, OK, "99.00"},
    {"\xC2\xA5"
     "99",
        18, 2, &money, OK, "99.00"},
    {"1.00 EUR", 18, 2, &money, OK, "1.00"},
    {"EUR1.00", 18, 2, &money, OK, "1.00"},
    {"1.00EUR", 18, 2, &money, OK, "1.00"},
    {"1.00 ABC", 18, 2, &money, BAD, NULL},
    {"EUR 1.00 EUR", 18, 2, &money, BAD, NULL},
    {"$1.00 USD", 18, 2, &money, BAD, NULL},
    {"EUR", 18, 2, &money, BAD, NULL},
    {"$", 18, 2, &money, BAD, NULL},
    {"50\xC2\xA2", 18, 2, &money, BAD, NULL},
    {"1.00 EUR", 18, 2, NULL, BAD, NULL},
    {"(1.00)", 18, 2, &money, OK, "-1.00"},
    {"($1,000.00)", 18, 2, &money, OK, "-1000.00"},
    {"$(1.00)", 18, 2, &money, OK, "-1.00"},
    {"(1.00) EUR", 18, 2, &money, OK, "-1.00"},
    {"( 1.00 )", 18, 2, &money, OK, "-1.00"},
    {"(-1.00)", 18, 2, &money, BAD, NULL},
    {"-(1.00)", 18, 2, &money, BAD, NULL},
    {"((1.00))", 18, 2, &money, BAD, NULL},
    {"(1.00", 18, 2, &money, BAD, NULL},
    {"()", 18, 2, &money, BAD, NULL},
    {"(1.00)", 18, 2, NULL, BAD, NULL},
    {"1.00-", 18, 2, &money, OK, "-1.00"},
    {"-1.00-", 18, 2, &money, BAD, NULL},
    {"1.00- EUR", 18, 2, &money, OK, "-1.00"},
    {"1.00-", 18, 2, NULL, BAD, NULL},
    {"12.5 %", 18, 3, &percent, OK, "0.125"},
    {"12.5%", 18, 3, &percent, OK, "0.125"},
    {"12.5 %", 18, 2, &percent, RANGE, NULL},
    {"-100%", 18, 2, &percent, OK, "-1.00"},
    {"1e2%", 18, 2, &percent, OK, "1.00"},
    {"12.5", 18, 2, &percent, OK, "12.50"},
    {"%", 18, 2, &percent, BAD, NULL},
    {"12%%", 18, 2, &percent, BAD, NULL},
    {"12%", 18, 2, NULL, BAD, NULL},
};

static void decimals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_text(cases[i].text, TYPE_DEC(cases[i].precision, cases[i].scale), cases[i].format, cases[i].result,
            cases[i].value);
}

/* Whatever the fast lane takes, the careful lane (reached through a leading '+') reads the same way. */
static void lanes_agree(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int i = 0; i < 30000; i++) {
        char text[32];
        size_t n = 0;
        text[n++] = '+';
        for (int length = rand_r(&seed) % 20; length > 0; length--)
            text[n++] = "0123456789.0"[rand_r(&seed) % 12];
        struct str signed_text = {text, n}, plain = {text + 1, n - 1};
        struct type type = TYPE_DEC(18, (uint8_t)(rand_r(&seed) % 6));
        int64_t fast, careful;
        enum value_result result = value_parse_decimal(signed_text, type, NULL, &careful);
        if (!lane_decimal(plain, type, '.', &fast))
            assert_int_equal(value_parse_decimal(plain, type, NULL, &fast), result);
        else
            assert_int_equal(result, VALUE_OK);
        if (result == VALUE_OK)
            assert_int_equal(fast, careful);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decimals), cmocka_unit_test(lanes_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
