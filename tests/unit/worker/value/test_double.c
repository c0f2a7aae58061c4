#include "tests/unit/worker/value/check.h"
#include "tests/unit/worker/value/expected_double.h"

static const struct value_format special = {.float_special = true, .exponent = true, .group_char = {",", 1}};
static const struct value_format money = {.float_special = true, .currency = true, .percent = true};
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
    {"$NaN", &money, BAD, NULL},
    {"INF %", &money, BAD, NULL},
    {"$5", &money, OK, "5"},
    {"5 %", &money, OK, "0.05"},
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

/* More digits than are kept: 10^9 and a little, and 1 + 2^-53 (half-way: to even) with nothing, then something, far
 * behind. */
static void very_long(void **state)
{
    (void)state;
    static const char half[] = "1.00000000000000011102230246251565404236316680908203125";
    char *text = malloc(2000);
    assert_non_null(text);
    memset(text, '0', 2000);
    text[0] = '1';
    memcpy(text + 799, "1e-790", 7);
    check_text(text, TYPE(TYPE_DOUBLE), NULL, OK, "1000000000");
    memset(text, '0', 2000);
    memcpy(text, half, sizeof half - 1);
    text[1500] = '\0';
    check_text(text, TYPE(TYPE_DOUBLE), NULL, OK, "1");
    text[1499] = '1';
    check_text(text, TYPE(TYPE_DOUBLE), NULL, OK, "1.0000000000000002");
    free(text);
}

static void as_postgres(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(postgres); i++)
        check_text(postgres[i].text, TYPE(TYPE_DOUBLE), NULL, OK, postgres[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles), cmocka_unit_test(very_long), cmocka_unit_test(as_postgres)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
