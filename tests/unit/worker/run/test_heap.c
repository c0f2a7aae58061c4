/* Where malloc() takes memory from, by the end of the process's data: sanitizers have a malloc() of their own. */
#include "worker/run/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

enum { RESERVE = 64 * 1024 * 1024, BLOCK = 100 * 1024, BLOCKS = 500 };

static bool is_ours(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

static uintptr_t end_of_data(void)
{
    return (uintptr_t)sbrk(0);
}

static void a_reserve_is_used_and_given_back(void **state)
{
    (void)state;
    void *blocks[BLOCKS];
    heap_bound();
    for (int round = 0; round < 2; round++) {
        uintptr_t before = end_of_data();
        heap_reserve(RESERVE);
        uintptr_t after = end_of_data();
        if (is_ours())
            assert_true(after - before >= RESERVE && after - before < RESERVE + RESERVE / 4);
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = malloc(BLOCK);
            assert_non_null(blocks[i]);
            memset(blocks[i], i, BLOCK);
        }
        assert_int_equal(end_of_data(), after);
        heap_reserve(RESERVE); /* there is room for less than that, but for some: it is left as it is */
        assert_int_equal(end_of_data(), after);
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
        assert_int_equal(end_of_data(), after);
        heap_release();
        if (is_ours())
            assert_true(end_of_data() < before + RESERVE / 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_reserve_is_used_and_given_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
