#include "worker/format/csv/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const kernels[] = {"scalar", "avx2", "avx512"};

static struct scanner open_scanner(const char *kernel, int quote)
{
    struct grammar grammar = {
        .delimiter = ",", .delimiter_n = 1, .quote = quote, .escape = quote, .comment = DIALECT_NONE};
    struct scanner scanner;
    struct err err = {0};
    setenv("SLUICE_SCAN", kernel, 1);
    assert_true(scanner_suits(&grammar));
    assert_true(scanner_init(&scanner, &grammar, &err));
    unsetenv("SLUICE_SCAN");
    return scanner;
}

/* By hand: where the structure of a text of 80 bytes and more is. '.' stands for 60 bytes of content. */
static void test_positions(void **state)
{
    static const struct {
        const char *start, *rest;
        uint32_t ends[8];
        size_t count, good;
    } cases[] = {
        {"a,\"b,\n\",c\r\n", "d,e\n", {1, 7, 10, 72, 74}, 5, 75},
        {"a,b\n", "\"", {1, 3}, 2, 64},          /* an opening quote in the middle */
        {"\"", "\",x\n", {62, 64}, 2, 65},       /* closes in the first block, its delimiter too */
        {"\"abc", "\",x\n", {65, 67}, 2, 68},    /* the closing quote opens the second block */
        {"\"abc", "\"x\n", {0}, 0, 64},          /* and is stray */
        {"\"ab", "\"\"\",x\n", {66, 68}, 2, 69}, /* a doubled quote on both sides of the border */
        {"\"ab", "\"x\n", {0}, 0, 64},           /* the closing quote ends a block, what is stray begins one */
        {"ab\rc", "x\n", {0}, 0, 0},
        {"abc", "\rx\n", {0}, 0, 64}, /* the CR ends a block */
        {"a,\"\",\"\"\"\",b", ",\n", {1, 4, 9, 71, 72}, 5, 73},
    };
    (void)state;
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        struct scanner scanner = open_scanner(kernels[k], '"');
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char text[256] = {0};
            size_t n = strlen(cases[i].start);
            memcpy(text, cases[i].start, n);
            memset(text + n, '.', 60);
            memcpy(text + n + 60, cases[i].rest, strlen(cases[i].rest));
            n += 60 + strlen(cases[i].rest);
            scanner.scan(&scanner.marks, text, n, &scanner.index);
            bool same = scanner.index.count == cases[i].count && scanner.index.good == cases[i].good;
            for (size_t e = 0; same && e < cases[i].count; e++)
                same = scanner.index.ends[e] == cases[i].ends[e];
            if (!same)
                fail_msg("%s, case %zu: %zu entries, %zu good", kernels[k], i, scanner.index.count, scanner.index.good);
        }
        scanner_dispose(&scanner);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void assert_same(const struct scan_index *a, const struct scan_index *b, uint64_t round)
{
    size_t blocks = (a->good + SCAN_BLOCK - 1) / SCAN_BLOCK;
    bool same = a->count == b->count && a->good == b->good;
    same = same && memcmp(a->ends, b->ends, a->count * sizeof *a->ends) == 0;
    same = same && memcmp(a->quotes, b->quotes, blocks * sizeof *a->quotes) == 0;
    same = same && memcmp(a->lines, b->lines, blocks * sizeof *a->lines) == 0;
    if (!same)
        fail_msg("round %u: %zu entries and %zu good, not %zu and %zu", (unsigned)round, b->count, b->good, a->count,
            a->good);
}

static void test_kernels_agree(void **state)
{
    static const char alphabet[] = ",,\n\"abcdefgh\xFF ";
    (void)state;
    for (int quote = DIALECT_NONE; quote <= '"'; quote += '"' - DIALECT_NONE) {
        struct scanner scalar = open_scanner("scalar", quote);
        for (size_t k = 1; k < sizeof kernels / sizeof *kernels; k++) {
            struct scanner scanner = open_scanner(kernels[k], quote);
            for (uint64_t round = 0; round < 20000; round++) {
                uint64_t seed = round;
                /* The bytes behind the text must not matter: they are as nasty as the rest. */
                char text[600];
                uint64_t letters = 4 + next_random(&seed) % (sizeof alphabet - 5);
                for (size_t i = 0; i < sizeof text; i++)
                    text[i] = alphabet[next_random(&seed) % 8 ? 4 + next_random(&seed) % letters % 10
                                                              : next_random(&seed) % 4];
                if (next_random(&seed) % 3 == 0)
                    text[next_random(&seed) % sizeof text] = next_random(&seed) % 2 ? '\r' : '\0';
                size_t n = next_random(&seed) % 500;
                scalar.scan(&scalar.marks, text, n, &scalar.index);
                scanner.scan(&scanner.marks, text, n, &scanner.index);
                assert_same(&scalar.index, &scanner.index, round);
            }
            scanner_dispose(&scanner);
        }
        scanner_dispose(&scalar);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_positions), cmocka_unit_test(test_kernels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
