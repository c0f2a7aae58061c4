#include "tui/core/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct grid_column columns[] = {{"N", "n", CELL_NUMBER, 4, 0, false}};

/* Ten lines, the first of number 10 and the last of number 1; odd ones are of cause 1. */
static void begin(struct grid *grid)
{
    json_t *items = json_array();
    for (int i = 10; i > 0; i--)
        json_array_append_new(items, json_pack("{s:i, s:i}", "n", i, "cause", i % 2));
    grid_init(grid, columns, 1, 0);
    grid->id = "n";
    grid_set(grid, items, 0, 10);
    json_decref(items);
}

static void check(const struct grid *grid, const char *expected)
{
    json_t *ids = marks_ids(grid, NULL);
    char *text = json_dumps(ids, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(ids);
}

static void space_marks_and_moves_on(void **state)
{
    (void)state;
    struct grid grid;
    begin(&grid);
    assert_true(marks_request(&grid, REQUEST_MARK));
    assert_true(marks_request(&grid, REQUEST_MARK));
    assert_int_equal(grid.at, 2);
    check(&grid, "[9,10]");
    grid_request(&grid, REQUEST_UP);
    marks_request(&grid, REQUEST_UNMARK);
    check(&grid, "[10]");
    assert_false(marks_request(&grid, REQUEST_SORT));
    marks_request(&grid, REQUEST_UNMARK_ALL);
    assert_int_equal(marks_count(&grid), 0);
    grid_dispose(&grid);
}

/* Upwards as well as down; marks are of what stands there, not of lines. */
static void a_range_has_both_its_ends(void **state)
{
    (void)state;
    struct grid grid;
    begin(&grid);
    grid_go(&grid, 5);
    marks_request(&grid, REQUEST_RANGE);
    grid_go(&grid, 3);
    assert_true(marks_in_range(&grid, 3) && marks_in_range(&grid, 5));
    assert_false(marks_in_range(&grid, 2) || marks_in_range(&grid, 6));
    marks_request(&grid, REQUEST_RANGE);
    check(&grid, "[5,6,7]");
    grid_request(&grid, REQUEST_SORT);
    assert_true(marks_has(&grid, grid_item_at(&grid, 4)));
    check(&grid, "[5,6,7]");
    grid_dispose(&grid);
}

static void all_of_a_cause_are_more_than_those_that_are_here(void **state)
{
    (void)state;
    struct grid grid;
    begin(&grid);
    marks_add(&grid, grid_item_at(&grid, 0));
    marks_like(&grid, "cause", grid_item_at(&grid, 1), 39812);
    assert_int_equal(marks_count(&grid), 39812);
    assert_true(marks_has(&grid, grid_item_at(&grid, 9)));
    assert_false(marks_has(&grid, grid_item_at(&grid, 0)));
    marks_add(&grid, grid_item_at(&grid, 3)); /* it is marked already */
    assert_int_equal(marks_count(&grid), 39812);
    check(&grid, "[]");
    grid_go(&grid, 1);
    marks_request(&grid, REQUEST_UNMARK);
    assert_int_equal(marks_count(&grid), 0);
    grid_dispose(&grid);
}

/* Of several targets: the same number of two is two items, and each target's are to be had alone. */
static void marks_are_of_their_target(void **state)
{
    (void)state;
    struct grid grid;
    json_t *targets = json_pack("{s:b, s:b, s:b}", "west", 0, "east", 0, "north", 0), *ids, *named;
    json_t *items = json_pack("[{s:i, s:s}, {s:i, s:s}, {s:i, s:s}]", "n", 1, "target", "east", "n", 1, "target",
        "west", "n", 2, "target", "west");
    grid_init(&grid, columns, 1, 0);
    grid.id = "n";
    grid.targets = targets;
    grid_set(&grid, items, 0, 3);
    for (int i = 0; i < 3; i++)
        assert_true(marks_request(&grid, REQUEST_MARK));
    assert_int_equal(marks_count(&grid), 3);
    named = marks_targets(&grid);
    char *text = json_dumps(named, JSON_COMPACT);
    assert_string_equal(text, "[\"west\",\"east\"]");
    free(text);
    ids = marks_ids(&grid, "west");
    text = json_dumps(ids, JSON_COMPACT);
    assert_string_equal(text, "[1,2]");
    free(text);
    json_decref(ids);
    json_decref(named);
    grid_dispose(&grid);
    json_decref(items);
    json_decref(targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(space_marks_and_moves_on),
        cmocka_unit_test(a_range_has_both_its_ends),
        cmocka_unit_test(all_of_a_cause_are_more_than_those_that_are_here),
        cmocka_unit_test(marks_are_of_their_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
