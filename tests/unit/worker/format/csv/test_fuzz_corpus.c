/* Replays the fuzzer's corpus through its own target, which aborts where something does not hold. */
#include "tests/fuzz/fuzz_reader.h"

#include "shared/fs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_replay(void **state)
{
    static const char folder[] = "tests/data/fuzz/reader";
    struct err err = {0};
    struct arena *arena = arena_new(0);
    char **names;
    size_t count;
    (void)state;
    if (!fs_list(folder, arena, &names, &count, &err))
        fail_msg("%s", err.message);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        struct buf input;
        buf_init(&input, 1 << 20);
        assert_true(fs_read(arena_printf(arena, "%s/%s", folder, names[i]), &input, &err));
        fuzz_reader((const uint8_t *)input.p, input.n);
        buf_dispose(&input);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
