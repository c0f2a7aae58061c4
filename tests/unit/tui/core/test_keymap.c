#include "tui/core/keymap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void no_key_means_two_things(void **state)
{
    (void)state;
    size_t count;
    const struct keymap_row *rows = keymap_rows(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < KEYMAP_KEYS && rows[i].keys[k]; k++)
            assert_int_equal(keymap_find(rows[i].keys[k]), rows[i].request);
}

static void every_request_has_a_key_and_help(void **state)
{
    (void)state;
    for (int r = REQUEST_NONE + 1; r < REQUEST_COUNT; r++) {
        const struct keymap_row *row = keymap_row((enum request)r);
        assert_non_null(row);
        assert_int_not_equal(row->keys[0], 0);
        assert_true(strlen(row->name) > 0 && strlen(row->help) > 0);
    }
    assert_true(REQUEST_COUNT < 64);
}

static void control_letters_act_on_nothing(void **state)
{
    (void)state;
    for (uint32_t key = 1; key < 0x20; key++) {
        const struct keymap_row *row = keymap_row(keymap_find(key));
        assert_false(row && row->acts);
    }
}

static const struct {
    uint32_t code;
    bool dead;
    enum request request;
} cases[] = {
    {'j', false, REQUEST_DOWN},
    {'j', true, REQUEST_DOWN}, /* to look is always harmless */
    {KEY_CODE_DOWN, false, REQUEST_DOWN},
    {'w', false, REQUEST_WRITE},
    {'w', true, REQUEST_NONE},
    {'Y', true, REQUEST_NONE},
    {'>', false, REQUEST_NEXT_FAILING},
    {4, false, REQUEST_HALF_DOWN},
    {'&', false, REQUEST_FILTER},
    {'%', false, REQUEST_NONE},
    {0, false, REQUEST_NONE},
};

static void keys_become_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key key = {.code = cases[i].code, .dead = cases[i].dead};
        assert_int_equal(keymap_request(&key), cases[i].request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_means_two_things),
        cmocka_unit_test(every_request_has_a_key_and_help),
        cmocka_unit_test(control_letters_act_on_nothing),
        cmocka_unit_test(keys_become_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
