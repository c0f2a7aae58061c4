#include "tests/unit/worker/value/check.h"

#include <math.h>

enum { ROUNDS = 20000 };

static uint64_t random_bits(uint64_t *seed)
{
    /* xorshift64*; the seed is fixed, so that a failure comes back */
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 2685821657736338717u;
}

/* Small and large alike: a random number of random bits. */
static uint64_t random_size(uint64_t *seed)
{
    return random_bits(seed) >> (random_bits(seed) % 64);
}

static void make_value(struct type type, uint64_t *seed, void *out)
{
    int64_t narrow = (int64_t)random_size(seed);
    int128 wide = (int128)((uint128)random_size(seed) << 64 | random_bits(seed));
    uint64_t bits;
    double number;
    if (random_bits(seed) & 1)
        narrow = (int64_t)(0 - (uint64_t)narrow);
    switch (type.kind) {
    case TYPE_DATE:
        *(int32_t *)out = (int32_t)((uint64_t)narrow % 3652059) - 719162;
        return;
    case TYPE_TIME:
        *(int64_t *)out = (int64_t)((uint64_t)narrow % 86400000000u);
        return;
    case TYPE_TIMESTAMP:
        *(int64_t *)out = (int64_t)((uint64_t)narrow % 315537897600000000u) - 62135596800000000;
        return;
    case TYPE_BOOLEAN:
        *(uint8_t *)out = narrow & 1;
        return;
    case TYPE_DOUBLE:
        do {
            bits = random_bits(seed);
            memcpy(&number, &bits, sizeof number);
        } while (!isfinite(number));
        *(double *)out = narrow & 1 ? number : (double)(narrow % 1000000000) / 100;
        return;
    case TYPE_DECIMAL:
        if (type_is_wide(type))
            *(int128 *)out = wide % ((int128)10000000000000000000u * 10000000000000000000u);
        else
            *(int64_t *)out = narrow % 1000000000000000000;
        return;
    default:
        *(int64_t *)out = narrow;
    }
}

static void print_then_parse(void **state)
{
    (void)state;
    static const struct type types[] = {{.kind = TYPE_INTEGER}, {TYPE_DECIMAL, 18, 0}, {TYPE_DECIMAL, 18, 2},
        {TYPE_DECIMAL, 18, 18}, {TYPE_DECIMAL, 38, 0}, {TYPE_DECIMAL, 38, 9}, {TYPE_DECIMAL, 38, 38},
        {.kind = TYPE_DOUBLE}, {.kind = TYPE_BOOLEAN}, {.kind = TYPE_DATE}, {.kind = TYPE_TIME},
        {.kind = TYPE_TIMESTAMP}};
    static const struct str yes = STR("t"), no = STR("f");
    static const struct value_format format = {.decimal_char = '.',
        .exponent = true,
        .true_values = &yes,
        .true_count = 1,
        .false_values = &no,
        .false_count = 1};
    uint64_t seed = 2026;
    struct buf text;
    buf_init(&text, 200);
    for (size_t k = 0; k < COUNT(types); k++)
        for (int i = 0; i < ROUNDS; i++) {
            int128 value = 0, back = 0;
            make_value(types[k], &seed, &value);
            buf_reset(&text);
            value_print(&text, types[k], &value);
            enum value_result result = value_parse(buf_str(&text), types[k], &format, &back);
            if (result != VALUE_OK || memcmp(&value, &back, type_size(types[k])) != 0)
                fail_msg("type %zu: \"%s\" does not read back (%d)", k, text.p, result);
        }
    buf_dispose(&text);
}

/* Random bytes of the letters that matter: never a crash, and what is taken prints and reads back. */
static void noise(void **state)
{
    (void)state;
    static const char letters[] = "0123456789.,-+:/ TZeE()%$'\xC2\xA0\xE2\x88\x92MarPAm\x80\xFF";
    static const struct moment_format moments[] = {
        {.kind = MOMENT_ANY}, {.kind = MOMENT_EPOCH_S}, {MOMENT_PATTERN, STR("%d.%m.%Y %H:%M%z")}};
    static const struct value_format format = {.group_char = {",", 1},
        .currency = true,
        .parentheses = true,
        .percent = true,
        .trailing_minus = true,
        .exponent = true,
        .float_special = true,
        .moments = moments,
        .moment_count = 3};
    uint64_t seed = 7;
    struct buf printed;
    buf_init(&printed, 400);
    for (int i = 0; i < 3 * ROUNDS; i++) {
        char text[24];
        size_t n = random_bits(&seed) % (sizeof text - 1);
        for (size_t j = 0; j < n; j++)
            text[j] = letters[random_bits(&seed) % (sizeof letters - 1)];
        text[n] = '\0';
        for (int kind = TYPE_INTEGER; kind <= TYPE_TIMESTAMP; kind++) {
            struct type type = kind == TYPE_DECIMAL ? TYPE_DEC(38, 9) : TYPE((enum type_kind)kind);
            if (parse_and_print(text, type, &format, &printed) != VALUE_OK || kind == TYPE_BOOLEAN)
                continue;
            int128 back;
            assert_int_equal(value_parse(str_of(printed.p), type, NULL, &back), VALUE_OK);
        }
    }
    buf_dispose(&printed);
}

static void strings(void **state)
{
    (void)state;
    struct str text = STR("  as it is "), out;
    assert_int_equal(value_parse(text, TYPE(TYPE_STRING), NULL, &out), VALUE_OK);
    assert_ptr_equal(out.p, text.p);
    assert_int_equal(out.n, text.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_then_parse), cmocka_unit_test(noise), cmocka_unit_test(strings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
