/* row_hash over each type; the sums are Python's hashlib.md5 of the text that row_hash.h describes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/gold/row_hash.h"

static void check_kind(enum row_hash_kind kind, struct type type, const void *value, const char *expected)
{
    struct err err;
    const uint32_t first = 0;
    char sum[ROW_HASH_TEXT + 1] = {0};
    struct arena *arena = arena_new(0);
    struct vector vectors[2];
    const struct vector *pointers[] = {&vectors[0], &vectors[1]};
    struct parquet_column columns[] = {{STR("a"), type, true}, {STR("ingest_ts"), TYPE(TYPE_TIMESTAMP), false}};
    assert_true(vector_init(&vectors[0], type, 1, arena) && vector_init(&vectors[1], columns[1].type, 1, arena));
    vectors[1].i64[0] = 1;
    if (value)
        memcpy(vectors[0].data, value, type_size(type));
    else
        vectors[0].state[0] = VALUE_NULL;
    struct row_hash *hash = row_hash_new(columns, 2, kind);
    assert_true(row_hash_of(hash, pointers, &first, 1, (char(*)[ROW_HASH_TEXT])sum, &err));
    assert_int_equal(row_hash_length(kind), strlen(expected));
    assert_string_equal(sum, expected);
    row_hash_free(hash);
    arena_free(arena);
}

static void check(struct type type, const void *value, const char *expected)
{
    check_kind(ROW_HASH_MD5, type, value, expected);
}

static void each_type_has_its_text(void **state)
{
    (void)state;
    struct str text = STR("日本;\n");
    int64_t number = -42, cents = -5, moment = -1, clock = 86399000001;
    int128 wide = (int128)1 << 100;
    double half = 0.5;
    uint8_t yes = 1;
    int32_t day = -1;
    check(TYPE(TYPE_STRING), &text, "f380818680d5433d95f983311744a461");    /* a:4:日本;\n; */
    check(TYPE(TYPE_INTEGER), &number, "b93ab245a93811781443896daff767f7"); /* a:3:-42; */
    check(TYPE_DEC(18, 2), &cents, "34ead1d02dcf094468f91828a344ab45");     /* a:5:-0.05; */
    check(TYPE_DEC(38, 9), &wide, "a89487b434630418db39501676a3831d");      /* a:32:1267650600228229401496.703205376; */
    check(TYPE(TYPE_DOUBLE), &half, "032eff50723ccac52ba34433c9fe1be6");    /* a:3:0.5; */
    check(TYPE(TYPE_BOOLEAN), &yes, "8e9de2233c19fe7524a1d8d8de11a6ae");    /* a:4:true; */
    check(TYPE(TYPE_DATE), &day, "6bd14a0ea12547a029b304a5e885a431");       /* a:10:1969-12-31; */
    check(TYPE(TYPE_TIME), &clock, "e6d9ce7012001bb783a2a605ac0b8228");     /* a:15:23:59:59.000001; */
    check(TYPE(TYPE_TIMESTAMP), &moment, "19a77384914674b5b73dd00993a3afef"); /* a:26:1969-12-31 23:59:59.999999; */
    check(TYPE(TYPE_INTEGER), NULL, "d41d8cd98f00b204e9800998ecf8427e");      /*  */
}

/* Lengths count code points, whatever the text's length in bytes. */
static void lengths_count_code_points(void **state)
{
    (void)state;
    struct str mixed = STR("abcdefg\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"), wide = STR("ééééééééé");
    check(TYPE(TYPE_STRING), &mixed, "3e346f80d4f00ee0f63b76a1c6bc245a");
    check(TYPE(TYPE_STRING), &wide, "f9c70128e9b7ff6abf04774338e852df");
}

/* By the algorithm's description; the first is its published sum of nothing. */
static void xxhash64_is_of_the_same_text(void **state)
{
    (void)state;
    int128 wide = (int128)1 << 100;
    uint8_t yes = 1;
    check_kind(ROW_HASH_XXHASH64, TYPE(TYPE_INTEGER), NULL, "ef46db3751d8e999");
    check_kind(ROW_HASH_XXHASH64, TYPE(TYPE_BOOLEAN), &yes, "b330e194f882e2a0"); /* a:4:true; */
    check_kind(
        ROW_HASH_XXHASH64, TYPE_DEC(38, 9), &wide, "90e51a7953b2f0f9"); /* a:32:1267650600228229401496.703205376; */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_type_has_its_text),
        cmocka_unit_test(lengths_count_code_points), cmocka_unit_test(xxhash64_is_of_the_same_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
