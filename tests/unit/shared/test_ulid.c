#include "shared/ulid.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void time_part(void **state)
{
    (void)state;
    char text[ULID_SIZE];
    /* the example of the specification: 1469918176385 ms is 01ARYZ6S41 */
    setenv("SLUICE_CLOCK", "1469918176385000", 1);
    ulid_new(text);
    assert_memory_equal(text, "01ARYZ6S41", 10);
    unsetenv("SLUICE_CLOCK");
}

/* The last 40 bits as a number. */
static uint64_t tail(const char *text)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t value = 0;
    for (int i = 18; i < 26; i++)
        value = value << 5 | (uint64_t)(strchr(digits, text[i]) - digits);
    return value;
}

static void one_more_within_a_millisecond(void **state)
{
    (void)state;
    char a[ULID_SIZE], b[ULID_SIZE];
    setenv("SLUICE_CLOCK", "1469918176386000", 1);
    ulid_new(a);
    ulid_new(b);
    unsetenv("SLUICE_CLOCK");
    assert_int_equal((tail(a) + 1) & 0xFFFFFFFFFFu, tail(b));
    assert_memory_equal(a, b, 10);
}

static void in_order(void **state)
{
    (void)state;
    char before[ULID_SIZE], now[ULID_SIZE];
    ulid_new(before);
    for (int i = 0; i < 20000; i++) {
        ulid_new(now);
        assert_true(ulid_valid(str_of(now)));
        assert_true(strcmp(before, now) < 0);
        memcpy(before, now, sizeof now);
    }
}

enum { THREADS = 4, EACH = 5000 };
static char made[THREADS][EACH][ULID_SIZE];

static void *make(void *context)
{
    char(*list)[ULID_SIZE] = context;
    for (int i = 0; i < EACH; i++)
        ulid_new(list[i]);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, ULID_SIZE);
}

static void unique_across_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make, made[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    qsort(made, (size_t)THREADS * EACH, ULID_SIZE, compare);
    const char(*all)[ULID_SIZE] = (const char(*)[ULID_SIZE])made;
    for (int i = 1; i < THREADS * EACH; i++)
        assert_true(memcmp(all[i - 1], all[i], ULID_SIZE) < 0);
}

static void validity(void **state)
{
    (void)state;
    assert_true(ulid_valid(STR("01ARZ3NDEKTSV4RRFFQ69G5FAV")));
    assert_true(ulid_valid(STR("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")));
    assert_false(ulid_valid(STR("8ZZZZZZZZZZZZZZZZZZZZZZZZZ")));
    assert_false(ulid_valid(STR("01ARZ3NDEKTSV4RRFFQ69G5FA")));
    assert_false(ulid_valid(STR("01ARZ3NDEKTSV4RRFFQ69G5FAVX")));
    assert_false(ulid_valid(STR("01ARZ3NDEKTSV4RRFFQ69G5FAU")));
    assert_false(ulid_valid(STR("01ARZ3NDEKTSV4RRFFQ69G5FA/")));
    assert_false(ulid_valid((struct str){"01ARZ3NDEKTSV4RRFFQ69G5FA\0", 26}));
    assert_false(ulid_valid((struct str){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(time_part), cmocka_unit_test(one_more_within_a_millisecond),
        cmocka_unit_test(in_order), cmocka_unit_test(unique_across_threads), cmocka_unit_test(validity)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
