#include "tui/core/canvas.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROWS = 3, COLUMNS = 20 };

static void make(struct canvas *canvas, bool ascii)
{
    struct err err;
    assert_true(canvas_init(canvas, ROWS, COLUMNS, ascii, &err));
}

static void check_row(const struct canvas *canvas, int y, const char *text, const char *styles)
{
    struct buf out;
    buf_init(&out, 4096);
    canvas_row_text(canvas, y, &out);
    assert_string_equal(out.p ? out.p : "", text);
    if (styles) {
        buf_reset(&out);
        canvas_row_styles(canvas, y, &out);
        assert_string_equal(out.p, styles);
    }
    buf_dispose(&out);
}

/* What each text looks like in 20 columns; what no screen shows stands in a role of its own. */
static const struct {
    const char *text, *shown, *styles;
} texts[] = {
    {"plain", "plain", "...................."},
    {"a\033[31mred", "a^[[31mred", ".ss................."},
    {"cr\rlf\nbs\b", "cr^Mlf^Jbs^H", "..ss..ss..ss........"},
    {"bad \xff\xfe.", "bad \\xFF\\xFE.", "....ssssssss........"},
    {"x\u202ey", "x<U+202E>y", ".ssssssss..........."},
    {"a\u200bb", "a<U+200B>b", ".ssssssss..........."},
    {"caf\u00e9", "caf\u00e9", "...................."},
    {"e\u0301!", "e\u0301!", "...................."},
    {"\u65e5\u672c", "\u65e5\u672c", "...................."},
    {"12345678901234567890", "12345678901234567890", "...................."},
    {"123456789012345678901", "1234567890123456789\u2026", "...................."},
    /* a wide character that does not fit whole is not shown */
    {"123456789012345678\u65e5x", "123456789012345678\u2026", "...................."},
    {"", "", "...................."},
};

static void shows_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct canvas canvas;
        make(&canvas, false);
        canvas_cstr(&canvas, 0, 0, COLUMNS, ROLE_TEXT, texts[i].text);
        check_row(&canvas, 0, texts[i].shown, texts[i].styles);
        canvas_dispose(&canvas);
    }
}

static void holds_no_control_bytes(void **state)
{
    (void)state;
    struct canvas canvas;
    char text[256];
    make(&canvas, false);
    for (int i = 0; i < 255; i++)
        text[i] = (char)(i + 1);
    text[255] = 0;
    for (int from = 0; from < 255; from += 5) {
        canvas_cstr(&canvas, 1, 0, COLUMNS, ROLE_TEXT, text + from);
        for (int x = 0; x < COLUMNS; x++) {
            const struct canvas_cell *cell = canvas_at(&canvas, 1, x);
            for (int b = 0; b < cell->n; b++)
                assert_true((unsigned char)cell->text[b] >= 0x20 && cell->text[b] != 0x7F);
        }
    }
    canvas_dispose(&canvas);
}

static void shows_ascii_only(void **state)
{
    (void)state;
    struct canvas canvas;
    make(&canvas, true);
    canvas_cstr(&canvas, 0, 0, COLUMNS, ROLE_TEXT, "caf\u00e9");
    check_row(&canvas, 0, "caf<U+00E9>", "...ssssssss.........");
    canvas_line(&canvas, 1, 0, 3);
    canvas_bar(&canvas, 2, 0, 10, ROLE_GOOD, 1, 1000);
    check_row(&canvas, 1, "---", NULL);
    check_row(&canvas, 2, "|", NULL);
    canvas_dispose(&canvas);
}

static void never_leaves_half_a_wide_character(void **state)
{
    (void)state;
    struct canvas canvas;
    make(&canvas, false);
    canvas_cstr(&canvas, 0, 0, 10, ROLE_TEXT, "\u65e5\u672c");
    canvas_cstr(&canvas, 0, 1, 1, ROLE_TEXT, "x");
    check_row(&canvas, 0, " x\u672c", NULL);
    canvas_cstr(&canvas, 0, 1, 2, ROLE_TEXT, "\u672c");
    check_row(&canvas, 0, " \u672c", NULL);
    canvas_dispose(&canvas);
}

/* 10 columns are 80 eighths. */
static const struct {
    double part, whole;
    const char *shown;
    int filled;
} bars[] = {
    {0, 100, "", 0},
    {100, 100, "", 10},
    {50, 100, "", 5},
    {1, 1000000, "\u258f", 0}, /* something is never nothing */
    {55, 100, "     \u258c", 5},
    {200, 100, "", 10},
    {5, 0, "", 0},
};

static void draws_bars(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bars / sizeof *bars; i++) {
        struct canvas canvas;
        int filled = 0;
        make(&canvas, false);
        canvas_bar(&canvas, 0, 0, 10, ROLE_GOOD, bars[i].part, bars[i].whole);
        check_row(&canvas, 0, bars[i].shown, NULL);
        for (int x = 0; x < COLUMNS; x++)
            filled += (canvas_at(&canvas, 0, x)->style & MARK_REVERSE) != 0;
        if (bars[i].whole > 0)
            assert_int_equal(filled, bars[i].filled);
        canvas_dispose(&canvas);
    }
}

static void clips(void **state)
{
    (void)state;
    struct canvas canvas;
    make(&canvas, false);
    canvas_cstr(&canvas, -1, 0, 10, ROLE_TEXT, "above");
    canvas_cstr(&canvas, ROWS, 0, 10, ROLE_TEXT, "below");
    canvas_cstr(&canvas, 0, COLUMNS - 3, 100, ROLE_TEXT, "right");
    canvas_line(&canvas, 1, -5, 100);
    check_row(&canvas, 0, "                 ri\u2026", NULL);
    canvas_right(&canvas, 2, 0, 6, ROLE_TEXT, STR("12,345,678"));
    check_row(&canvas, 2, "12,34\u2026", NULL);
    canvas_dispose(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_text),
        cmocka_unit_test(holds_no_control_bytes),
        cmocka_unit_test(shows_ascii_only),
        cmocka_unit_test(never_leaves_half_a_wide_character),
        cmocka_unit_test(draws_bars),
        cmocka_unit_test(clips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
