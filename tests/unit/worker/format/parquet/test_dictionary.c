/* Ids in order of first appearance, for each size of key; limits. */
#include "worker/format/parquet/dictionary.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>

enum { N = 50000, DISTINCT = 7001 };

static const struct type types[] = {
    {.kind = TYPE_STRING}, {.kind = TYPE_INTEGER}, {.kind = TYPE_DATE}, {TYPE_DECIMAL, 38, 0}, {.kind = TYPE_DOUBLE}};

static void set_value(struct vector *vector, uint32_t i, uint32_t number, struct arena *arena)
{
    switch (vector->type.kind) {
    case TYPE_STRING:
        /* Lengths from 1 to 40, so that each way to compare is gone. */
        vector->str[i] = str_of(arena_printf(arena, "%0*u", (int)(1 + number % 40), number));
        break;
    case TYPE_DATE:
        vector->i32[i] = (int32_t)number - 500;
        break;
    case TYPE_DECIMAL:
        vector->i128[i] = (int128)number << (number % 2 ? 90 : 3);
        break;
    case TYPE_DOUBLE:
        vector->f64[i] = number * 0.25;
        break;
    default:
        vector->i64[i] = (int64_t)number << 40;
    }
}

static void ids_follow_first_appearance(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        struct arena *arena = arena_new(0);
        struct vector vector;
        struct dictionary dictionary;
        uint32_t *index = ARENA_ARRAY(arena, uint32_t, N), *ids = ARENA_ARRAY(arena, uint32_t, N), done;
        assert_true(vector_init(&vector, types[t], N, arena));
        dictionary_init(&dictionary, 10 << 20);
        for (uint32_t i = 0; i < N; i++) {
            set_value(&vector, i, i % DISTINCT, arena);
            index[i] = i;
        }
        /* Twice: the memory of the first time is used again. */
        for (int again = 0; again < 2; again++) {
            dictionary_reset(&dictionary);
            assert_int_equal(dictionary_add(&dictionary, &vector, index, N / 2, ids, &done), DICTIONARY_OK);
            assert_int_equal(
                dictionary_add(&dictionary, &vector, index + N / 2, N - N / 2, ids + N / 2, &done), DICTIONARY_OK);
            assert_int_equal(done, N - N / 2);
            for (uint32_t i = 0; i < N; i++)
                assert_int_equal(ids[i], i % DISTINCT);
            assert_int_equal(dictionary.count, DISTINCT);
        }
        if (types[t].kind == TYPE_STRING)
            assert_true(str_eq(dictionary_str(&dictionary, 41), STR("41")));
        else
            assert_int_equal(dictionary.values.n, DISTINCT * type_size(types[t]));
        assert_true(dictionary_memory(&dictionary) >= dictionary.values.n);
        dictionary_release(&dictionary);
        assert_int_equal(dictionary_memory(&dictionary), 0);
        dictionary_dispose(&dictionary);
        arena_free(arena);
    }
}

static void a_full_one_says_how_far_it_came(void **state)
{
    (void)state;
    int64_t values[] = {1, 2, 1, 3, 2, 4, 1};
    struct vector vector = {.type = {.kind = TYPE_INTEGER}, .n = 7, .i64 = values};
    uint32_t index[] = {0, 1, 2, 3, 4, 5, 6}, ids[7], done;
    struct dictionary dictionary;
    dictionary_init(&dictionary, 3 * sizeof(int64_t));
    assert_int_equal(dictionary_add(&dictionary, &vector, index, 7, ids, &done), DICTIONARY_FULL);
    assert_int_equal(done, 5);
    assert_int_equal(ids[4], 1);
    dictionary_dispose(&dictionary);

    struct str texts[] = {STR("a"), STR("a"), STR("too long")};
    struct vector strings = {.type = {.kind = TYPE_STRING}, .n = 3, .str = texts};
    dictionary_init(&dictionary, 12);
    assert_int_equal(dictionary_add(&dictionary, &strings, index, 3, ids, &done), DICTIONARY_FULL);
    assert_int_equal(done, 2);
    dictionary_dispose(&dictionary);
}

/* Bits tell doubles apart: -0 is not 0, and a NaN is itself. */
static void doubles_are_bits(void **state)
{
    (void)state;
    double values[] = {0.0, -0.0, __builtin_nan(""), __builtin_nan(""), 0.0};
    struct vector vector = {.type = {.kind = TYPE_DOUBLE}, .n = 5, .f64 = values};
    uint32_t index[] = {0, 1, 2, 3, 4}, ids[5], done;
    static const uint32_t expected[] = {0, 1, 2, 2, 0};
    struct dictionary dictionary;
    dictionary_init(&dictionary, 1000);
    assert_int_equal(dictionary_add(&dictionary, &vector, index, 5, ids, &done), DICTIONARY_OK);
    assert_memory_equal(ids, expected, sizeof expected);
    dictionary_dispose(&dictionary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_follow_first_appearance),
        cmocka_unit_test(a_full_one_says_how_far_it_came),
        cmocka_unit_test(doubles_are_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
