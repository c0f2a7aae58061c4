#include "tests/unit/worker/value/check.h"

static const struct {
    enum moment_kind form;
    const char *text;
    enum type_kind kind;
    enum value_result result;
    const char *value;
} cases[] = {
    {MOMENT_EPOCH_S, "0", TYPE_TIMESTAMP, OK, "1970-01-01 00:00:00+00"},
    {MOMENT_EPOCH_S, "1795223679", TYPE_TIMESTAMP, OK, "2026-11-21 01:14:39+00"},
    {MOMENT_EPOCH_S, "1795223679.25", TYPE_TIMESTAMP, OK, "2026-11-21 01:14:39.25+00"},
    {MOMENT_EPOCH_S, "-1", TYPE_TIMESTAMP, OK, "1969-12-31 23:59:59+00"},
    {MOMENT_EPOCH_S, "-0.5", TYPE_TIMESTAMP, OK, "1969-12-31 23:59:59.5+00"},
    {MOMENT_EPOCH_S, "0.1234567", TYPE_TIMESTAMP, RANGE, NULL},
    {MOMENT_EPOCH_S, "253402300799", TYPE_TIMESTAMP, OK, "9999-12-31 23:59:59+00"},
    {MOMENT_EPOCH_S, "253402300800", TYPE_TIMESTAMP, RANGE, NULL},
    {MOMENT_EPOCH_S, "-62135596800", TYPE_TIMESTAMP, OK, "0001-01-01 00:00:00+00"},
    {MOMENT_EPOCH_S, "-62135596801", TYPE_TIMESTAMP, RANGE, NULL},
    {MOMENT_EPOCH_S, "99999999999999999999999999", TYPE_TIMESTAMP, RANGE, NULL},
    {MOMENT_EPOCH_S, "00000000000000000000000001", TYPE_TIMESTAMP, OK, "1970-01-01 00:00:01+00"},
    {MOMENT_EPOCH_S, "18446744073709551616", TYPE_TIMESTAMP, RANGE, NULL},
    {MOMENT_EPOCH_MS, "18446744073709551616", TYPE_TIMESTAMP, RANGE, NULL},
    {MOMENT_EPOCH_S, "1e9", TYPE_TIMESTAMP, BAD, NULL},
    {MOMENT_EPOCH_S, "1.", TYPE_TIMESTAMP, BAD, NULL},
    {MOMENT_EPOCH_S, "", TYPE_TIMESTAMP, BAD, NULL},
    {MOMENT_EPOCH_S, "-", TYPE_TIMESTAMP, BAD, NULL},
    {MOMENT_EPOCH_S, "86400", TYPE_DATE, OK, "1970-01-02"},
    {MOMENT_EPOCH_S, "-86400", TYPE_DATE, OK, "1969-12-31"},
    {MOMENT_EPOCH_S, "86401", TYPE_DATE, RANGE, NULL},
    {MOMENT_EPOCH_S, "86400", TYPE_TIME, BAD, NULL},
    {MOMENT_EPOCH_MS, "1795223679250", TYPE_TIMESTAMP, OK, "2026-11-21 01:14:39.25+00"},
    {MOMENT_EPOCH_MS, "-1", TYPE_TIMESTAMP, OK, "1969-12-31 23:59:59.999+00"},
    {MOMENT_EPOCH_MS, "253402300799999", TYPE_TIMESTAMP, OK, "9999-12-31 23:59:59.999+00"},
    {MOMENT_EPOCH_MS, "253402300800000", TYPE_TIMESTAMP, RANGE, NULL},
    {MOMENT_EPOCH_MS, "1.5", TYPE_TIMESTAMP, BAD, NULL},
};

static void epochs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct moment_format moment = {.kind = cases[i].form};
        struct value_format format = {.moments = &moment, .moment_count = 1};
        check_text(cases[i].text, TYPE(cases[i].kind), &format, cases[i].result, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(epochs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
