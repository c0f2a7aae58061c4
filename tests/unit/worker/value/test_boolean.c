#include "tests/unit/worker/value/check.h"

static const struct str yes[] = {STR("Y"), STR("ja")}, no[] = {STR("N"), STR("nein")}, zero[] = {STR("0")};
static const struct value_format german = {.true_values = yes, .true_count = 2, .false_values = no, .false_count = 2};
static const struct value_format clash = {.true_values = zero, .true_count = 1};

static const struct {
    const char *text;
    const struct value_format *format;
    enum value_result result;
    const char *value;
} cases[] = {
    {"true", NULL, OK, "t"},
    {"True", NULL, OK, "t"},
    {"TRUE", NULL, OK, "t"},
    {"1", NULL, OK, "t"},
    {"false", NULL, OK, "f"},
    {"False", NULL, OK, "f"},
    {"FALSE", NULL, OK, "f"},
    {"0", NULL, OK, "f"},
    {" true ", NULL, OK, "t"},
    {"tRUE", NULL, BAD, NULL},
    {"t", NULL, BAD, NULL},
    {"yes", NULL, BAD, NULL},
    {"", NULL, BAD, NULL},
    {"Y", &german, OK, "t"},
    {"nein", &german, OK, "f"},
    {"true", &german, BAD, NULL},
    {"0", &clash, AMBIGUOUS, NULL},
};

static void booleans(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_text(cases[i].text, TYPE(TYPE_BOOLEAN), cases[i].format, cases[i].result, cases[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(booleans)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
