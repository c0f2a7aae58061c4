#include "shared/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void blocks(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    unsigned char *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = arena_alloc(arena, i * 37);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, i * 37);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i * 37; j++)
            assert_int_equal(blocks[i][j], i);
    unsigned char *cleared = arena_calloc(arena, 100, 3);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(cleared[i], 0);
    arena_free(arena);
    arena_free(NULL);
}

static void impossible_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 31, SIZE_MAX - 32, SIZE_MAX - 48, SIZE_MAX / 2};
    struct arena *arena = arena_new(0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_null(arena_alloc(arena, sizes[i]));
    assert_null(arena_calloc(arena, SIZE_MAX / 2, 3));
    assert_non_null(arena_alloc(arena, 0));
    arena_free(arena);
}

static void limit(void **state)
{
    (void)state;
    struct arena *arena = arena_new(100000);
    size_t held = 0;
    while (arena_alloc(arena, 1000))
        held += 1000;
    assert_in_range(held, 90000, 100000);
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_alloc(arena, 99000)); /* whatever block was kept must not count against it */
    assert_null(arena_alloc(arena, 99000));
    arena_free(arena);
}

static char closed[8];
static size_t closed_count;

static void note(void *context)
{
    closed[closed_count++] = *(const char *)context;
}

static void closers(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    assert_true(arena_closer(arena, note, (void *)(uintptr_t) "a"));
    assert_true(arena_closer(arena, note, (void *)(uintptr_t) "b"));
    arena_reset(arena);
    assert_memory_equal(closed, "ba", 2);
    assert_true(arena_closer(arena, note, (void *)(uintptr_t) "c"));
    arena_free(arena);
    assert_int_equal(closed_count, 3);
    assert_int_equal(closed[2], 'c');
}

static void text_and_lists(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct str copy = arena_str(arena, STR("abc"));
    assert_int_equal(copy.n, 3);
    assert_string_equal(copy.p, "abc");
    assert_string_equal(arena_str(arena, (struct str){0}).p, "");
    assert_string_equal(arena_printf(arena, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_cstr(arena, "q"), "q");
    void *list = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_true(arena_reserve(arena, &list, i, &capacity, sizeof(size_t)));
        ((size_t *)list)[i] = i;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(((size_t *)list)[i], i);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks), cmocka_unit_test(impossible_sizes),
        cmocka_unit_test(limit), cmocka_unit_test(closers), cmocka_unit_test(text_and_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
