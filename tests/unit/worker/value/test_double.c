#include "tests/unit/worker/value/check.h"
#include "tests/unit/worker/value/expected_double.h"

static const struct value_format special = {.float_special = true, .exponent = true, .group_char = {",", 1}};
static const struct value_format plain = {.decimal_char = ','};

static const struct {
    const char *text;
    const struct value_format *format;
    enum value_result result;
    const char *value;
} cases[] = {
    {"NaN", &special, OK, "NaN"},
    {"nan", &special, OK, "NaN"},
    {"INF", &special, OK, "Infinity"},
    {"-INF", &special, OK, "-Infinity"},
    {"-Infinity", &special, OK, "-Infinity"},
    {"-NaN", &special, BAD, NULL},
    {"INFO", &special, BAD, NULL},
    {"NaN", &plain, BAD, NULL},
    {"INF", &plain, BAD, NULL},
    {"1,234,567.5", &special, OK, "1234567.5"},
    {"12,5", &plain, OK, "12.5"},
    {"12.5", &plain, BAD, NULL},
    {"1e3", &plain, BAD, NULL},
    {"1e400", &special, RANGE, NULL},
    {"-1e400", &special, RANGE, NULL},
    {"1e-400", &special, RANGE, NULL},
    {"1e99999999999999999999", &special, RANGE, NULL},
    {"0e99999999999999999999", &special, OK, "0"},
    {"2e-324", &special, RANGE, NULL},
    {"3e-324", &special, OK, "5e-324"},
    {"0x1p3", &special, BAD, NULL},
    {"", &special, BAD, NULL},
    {"-", &special, BAD, NULL},
    {"1.2.3", &special, BAD, NULL},
};

static void doubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_text(cases[i].text, TYPE(TYPE_DOUBLE), cases[i].format, cases[i].result, cases[i].value);
}

static void as_postgres(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(postgres); i++)
        check_text(postgres[i].text, TYPE(TYPE_DOUBLE), NULL, OK, postgres[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(doubles), cmocka_unit_test(as_postgres)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
