#include "tests/unit/worker/value/check.h"

static const struct value_format grouped = {.group_char = {",", 1}};
static const struct value_format thin = {.group_char = {"\xE2\x80\xAF", 3}};
static const struct value_format money = {
    .currency = true, .parentheses = true, .trailing_minus = true, .percent = true};

static const struct {
    const char *text;
    const struct value_format *format;
    enum value_result result;
    const char *value;
} cases[] = {
    {"0", NULL, OK, "0"},
    {"-0", NULL, OK, "0"},
    {"42", NULL, OK, "42"},
    {"+42", NULL, OK, "42"},
    {"  42\t", NULL, OK, "42"},
    {"\xC2\xA0"
     "42\xC2\xA0",
        NULL, OK, "42"},
    {"\xE2\x88\x92"
     "42",
        NULL, OK, "-42"},
    {"007", NULL, OK, "7"},
    {"000000000000000000000000000000000000000000000000012", NULL, OK, "12"},
    {"999999999999999999", NULL, OK, "999999999999999999"},
    {"9223372036854775807", NULL, OK, "9223372036854775807"},
    {"9223372036854775808", NULL, RANGE, NULL},
    {"-9223372036854775808", NULL, OK, "-9223372036854775808"},
    {"-9223372036854775809", NULL, RANGE, NULL},
    {"100000000000000000000000000000000000000000000000", NULL, RANGE, NULL},
    {"10000000000000000000", NULL, RANGE, NULL},
    {"1000000000000000000", NULL, OK, "1000000000000000000"},
    {"", NULL, BAD, NULL},
    {" ", NULL, BAD, NULL},
    {"-", NULL, BAD, NULL},
    {"+", NULL, BAD, NULL},
    {"--1", NULL, BAD, NULL},
    {"-+1", NULL, BAD, NULL},
    {"- 1", NULL, BAD, NULL},
    {"1.0", NULL, BAD, NULL},
    {"1.", NULL, BAD, NULL},
    {"1e3", NULL, BAD, NULL},
    {"0x10", NULL, BAD, NULL},
    {"1_000", NULL, BAD, NULL},
    {"12a", NULL, BAD, NULL},
    {"\xD9\xA1", NULL, BAD, NULL},
    {"1,234", NULL, BAD, NULL},
    {"1,234", &grouped, OK, "1234"},
    {"-12,345,678", &grouped, OK, "-12345678"},
    {"1234", &grouped, OK, "1234"},
    {"1,23", &grouped, BAD, NULL},
    {"1234,567", &grouped, BAD, NULL},
    {"12,34,567", &grouped, BAD, NULL},
    {"1,,234", &grouped, BAD, NULL},
    {",123", &grouped, BAD, NULL},
    {"123,", &grouped, BAD, NULL},
    {"1,234,", &grouped, BAD, NULL},
    {"1,2345", &grouped, BAD, NULL},
    {"9,223,372,036,854,775,807", &grouped, OK, "9223372036854775807"},
    {"1\xE2\x80\xAF"
     "234",
        &thin, OK, "1234"},
    {"1 234", &thin, BAD, NULL},
    {"$5", &money, OK, "5"},
    {"(5)", &money, OK, "-5"},
    {"5-", &money, OK, "-5"},
    {"200%", &money, OK, "2"},
    {"50%", &money, RANGE, NULL},
};

static void integers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_text(cases[i].text, TYPE(TYPE_INTEGER), cases[i].format, cases[i].result, cases[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(integers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
