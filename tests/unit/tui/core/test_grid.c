#include "tui/core/grid.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct grid_column columns[] = {
    {"ID", "id", CELL_NUMBER, 3, 0, false},
    {"NAME", "name", CELL_TEXT, 4, 10, true},
    {"LONG", "long", CELL_TEXT, 4, 12, false},
    {"LAST", "last", CELL_TEXT, 4, 12, false},
};

enum { COLUMNS = 4, HEIGHT = 6 };

static json_t *item(int id)
{
    static const char *const names[] = {"pear", "apple", "fig", "Cherry"};
    return json_pack("{s:i, s:s, s:s, s:s}", "id", id, "name", names[id % 4], "long", "twelve chars", "last", "end");
}

static json_t *items(int from, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, item(from + i));
    return list;
}

static void make(struct grid *grid, size_t frozen, int from, int count, size_t total)
{
    json_t *list = items(from, count);
    grid_init(grid, columns, COLUMNS, frozen);
    grid->height = HEIGHT - 1;
    grid_set(grid, list, (size_t)from, total);
    json_decref(list);
}

static void check(struct grid *grid, int width, const char *const *lines)
{
    struct canvas canvas;
    struct err err;
    struct buf out;
    assert_true(canvas_init(&canvas, HEIGHT, width, false, &err));
    buf_init(&out, 4096);
    grid_draw(grid, &canvas, 0, 0, HEIGHT, width);
    for (int y = 0; lines[y]; y++) {
        buf_reset(&out);
        canvas_row_text(&canvas, y, &out);
        assert_string_equal(out.p ? out.p : "", lines[y]);
    }
    buf_dispose(&out);
    canvas_dispose(&canvas);
}

static void draws_what_fits(void **state)
{
    (void)state;
    struct grid grid;
    make(&grid, 1, 0, 3, 3);
    check(&grid, 40,
        (const char *const[]){" ID  NAME   LONG          LAST", "  0  pear   twelve chars  end",
            "  1  apple  twelve chars  end", "  2  fig    twelve chars  end", "", NULL});
    /* a column that grows gives way first, the last one is cut, and then left out */
    check(&grid, 25, (const char *const[]){" ID  NAME   LONG", "  0  pear   twelve chars", NULL});
    check(&grid, 17,
        (const char *const[]){" ID  NAME  LONG", "  0  pear  twelv\u2026", "  1  app\u2026  twelv\u2026", NULL});
    /* frozen columns stay when the others are scrolled away */
    assert_true(grid_request(&grid, REQUEST_RIGHT));
    assert_true(grid_request(&grid, REQUEST_RIGHT));
    check(&grid, 12, (const char *const[]){" ID  LAST", "  0  end", NULL});
    grid_dispose(&grid);
}

static const struct {
    enum request request;
    size_t at, top;
} moves[] = {
    {REQUEST_UP, 0, 0},
    {REQUEST_DOWN, 1, 0},
    {REQUEST_PAGE_DOWN, 5, 1},
    {REQUEST_PAGE_DOWN, 9, 5},
    {REQUEST_HALF_UP, 6, 5},
    {REQUEST_LAST, 99, 95},
    {REQUEST_DOWN, 99, 95},
    {REQUEST_PAGE_UP, 95, 95},
    {REQUEST_PAGE_UP, 91, 91},
    {REQUEST_FIRST, 0, 0},
    {REQUEST_HALF_DOWN, 3, 0},
};

static void moves_and_scrolls(void **state)
{
    (void)state;
    struct grid grid;
    make(&grid, 1, 0, 100, 100);
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        assert_true(grid_request(&grid, moves[i].request));
        assert_int_equal(grid.at, moves[i].at);
        assert_int_equal(grid.top, moves[i].top);
    }
    assert_false(grid_request(&grid, REQUEST_HELP));
    grid_dispose(&grid);
}

static void shows_a_window_of_a_million(void **state)
{
    (void)state;
    struct grid grid;
    size_t line = 0;
    make(&grid, 1, 0, 50, 1000000);
    assert_int_equal(grid_lines(&grid), 1000000);
    assert_false(grid_wants(&grid, &line));
    grid_request(&grid, REQUEST_LAST);
    assert_int_equal(grid.at, 999999);
    assert_true(grid_wants(&grid, &line));
    assert_int_equal(line, 999995);
    assert_null(grid_item(&grid));
    check(&grid, 20, (const char *const[]){" ID  NAME  LONG", "\u00b7", NULL});
    json_t *more = items(999980, 20);
    grid_set(&grid, more, 999980, 1000000);
    json_decref(more);
    assert_int_equal(grid.at, 999999);
    assert_int_equal(json_integer_value(json_object_get(grid_item(&grid), "id")), 999999);
    assert_false(grid_wants(&grid, &line));
    grid_dispose(&grid);
}

static void filters_and_searches(void **state)
{
    (void)state;
    struct grid grid;
    make(&grid, 1, 0, 8, 8);
    assert_true(grid_filter(&grid, STR("CHERRY"))); /* blind to case */
    assert_int_equal(grid_lines(&grid), 2);
    assert_int_equal(json_integer_value(json_object_get(grid_item(&grid), "id")), 3);
    assert_true(grid_filter(&grid, STR("!cherry")));
    assert_int_equal(grid_lines(&grid), 6);
    assert_true(grid_filter(&grid, STR("nothing like it")));
    assert_int_equal(grid_lines(&grid), 0);
    assert_null(grid_item(&grid));
    assert_true(grid_filter(&grid, STR("")));
    assert_int_equal(grid_lines(&grid), 8);

    assert_true(grid_search(&grid, STR("fig")));
    assert_int_equal(grid.at, 2);
    assert_true(grid_find(&grid, false));
    assert_int_equal(grid.at, 6);
    assert_true(grid_find(&grid, false)); /* round */
    assert_int_equal(grid.at, 2);
    assert_true(grid_find(&grid, true));
    assert_int_equal(grid.at, 6);
    assert_false(grid_search(&grid, STR("quince")));
    assert_int_equal(grid.at, 6);
    grid_dispose(&grid);
}

static void sorts(void **state)
{
    (void)state;
    struct grid grid;
    static const int by_name[] = {3, 1, 2, 0}; /* bytes: capitals first */
    make(&grid, 1, 0, 4, 4);
    grid_request(&grid, REQUEST_SORT);
    assert_int_equal(grid.sort, 0);
    grid_request(&grid, REQUEST_REVERSE);
    assert_int_equal(json_integer_value(json_object_get(grid_item_at(&grid, 0), "id")), 3);
    grid_request(&grid, REQUEST_REVERSE);
    grid_request(&grid, REQUEST_SORT);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_object_get(grid_item_at(&grid, i), "id")), by_name[i]);
    grid_dispose(&grid);
}

static void is_empty_without_harm(void **state)
{
    (void)state;
    struct grid grid;
    make(&grid, 1, 0, 0, 0);
    for (int r = REQUEST_DOWN; r <= REQUEST_PAGE_UP; r++)
        grid_request(&grid, (enum request)r);
    assert_int_equal(grid.at, 0);
    assert_null(grid_item(&grid));
    assert_false(grid_search(&grid, STR("x")));
    check(&grid, 30, (const char *const[]){" ID  LONG  LAST", "", NULL});
    grid_dispose(&grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_what_fits),
        cmocka_unit_test(moves_and_scrolls),
        cmocka_unit_test(shows_a_window_of_a_million),
        cmocka_unit_test(filters_and_searches),
        cmocka_unit_test(sorts),
        cmocka_unit_test(is_empty_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
