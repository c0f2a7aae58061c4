/* Sizes and durations. */
#include "shared/quantity.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static const struct {
    const char *text;
    bool ok;
    uint64_t value;
} sizes[] =
    {
        {"0", true, 0},
        {"4096", true, 4096},
        {"1k", true, 1024},
        {"256MB", true, 268435456},
        {"256 MiB", true, 268435456},
        {"1.5GiB", true, 1610612736},
        {"2tb", true, UINT64_C(2199023255552)},
        {"12B", true, 12},
        {" 7 ", true, 7},
        {"", false, 0},
        {"MB", false, 0},
        {"-1", false, 0},
        {"1.", false, 0},
        {"1.0005", false, 0},
        {"1X", false, 0},
        {"1 M B", false, 0},
        {"1ib", false, 0},
        {"99999999999999999999", false, 0},
        {"9223372036854775807TB", false, 0},
},
  durations[] = {
      {"0", true, 0},
      {"90", true, 90000000},
      {"5m", true, 300000000},
      {"1h30m", true, 5400000000},
      {"1.5d", true, UINT64_C(129600000000)},
      {"250ms", true, 250000},
      {"2w", true, UINT64_C(1209600000000)},
      {"1d 2h", true, UINT64_C(93600000000)},
      {"", false, 0},
      {"m", false, 0},
      {"5 minutes", false, 0},
      {"5m-1s", false, 0},
      {"99999999999999w", false, 0},
};

static void reads_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t value = 0;
        if (quantity_size(str_of(sizes[i].text), &value) != sizes[i].ok || (sizes[i].ok && value != sizes[i].value))
            fail_msg("'%s' gives %llu", sizes[i].text, (unsigned long long)value);
    }
}

static void reads_durations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        int64_t value = 0;
        if (quantity_duration(str_of(durations[i].text), &value) != durations[i].ok ||
            (durations[i].ok && (uint64_t)value != durations[i].value))
            fail_msg("'%s' gives %lld", durations[i].text, (long long)value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_sizes), cmocka_unit_test(reads_durations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
