#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/utf8.h"
#include "tui/core/table.h"

/* ---- cells ---- */

static void test_cells(void **state)
{
    static const struct {
        enum cell_kind kind;
        const char *json, *text;
    } cases[] = {
        {CELL_NUMBER, "0", "0"},
        {CELL_NUMBER, "999", "999"},
        {CELL_NUMBER, "1000", "1,000"},
        {CELL_NUMBER, "-1234567", "-1,234,567"},
        {CELL_NUMBER, "-9223372036854775808", "-9,223,372,036,854,775,808"},
        {CELL_NUMBER, "null", ""},
        {CELL_BYTES, "0", "0 B"},
        {CELL_BYTES, "1023", "1023 B"},
        {CELL_BYTES, "1536", "1.5 KiB"},
        {CELL_BYTES, "5497558138880", "5.0 TiB"},
        {CELL_TIME, "\"2026-11-21T03:12:44Z\"", "2026-11-21 03:12:44"},
        {CELL_TIME, "\"2026-11-21T03:12:44.123456Z\"", "2026-11-21 03:12:44"},
        {CELL_TIME, "\"\\u001b[31m2026-11-21T03:12:44Z\"", "^[[31m2026-11-21T03:12:44Z"},
        {CELL_SECONDS, "1.25", "1.2 s"},
        {CELL_PERCENT, "7.5", "7.50 %"},
        {CELL_LIST, "[\"a\", 1, \"\\u202e\"]", "a | 1 | <U+202E>"},
        {CELL_TEXT, "\"a\\tb\\r\\n\"", "a^Ib^M^J"},
        {CELL_TEXT, "\"a\\u0000b\"", "a^@b"},
        {CELL_TEXT, "\"\\u200b\\u009b\"", "<U+200B><U+009B>"},
        {CELL_TEXT, "true", "yes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        json_t *value = json_loads(cases[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        buf_init(&out, 1024);
        assert_non_null(value);
        table_cell(&out, cases[i].kind, value);
        assert_string_equal(out.p ? out.p : "", cases[i].text);
        json_decref(value);
        buf_dispose(&out);
    }
}

static void test_cut(void **state)
{
    static const struct {
        const char *text;
        size_t most;
        bool in_front;
        const char *cut;
    } cases[] = {
        {"abcdef", 6, false, "abcdef"}, {"abcdef", 0, false, "abcdef"}, {"abcdef", 5, false, "abcd…"},
        {"abcdef", 5, true, "…cdef"}, {"abcdef", 1, false, "…"}, {"abcdef", 1, true, "…"},
        {"漢字漢字", 8, false, "漢字漢字"}, {"漢字漢字", 7, false, "漢字漢…"},
        {"漢字漢字", 6, false, "漢字…"}, /* half of a wide one is not shown */
        {"漢字漢字", 6, true, "…漢字"},
        {"ae\u0301ioux", 5, false, "ae\u0301io…"}, /* a mark stays with its base and takes no column */
        {"xae\u0301io", 3, true, "…io"},           /* and goes with it */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text;
        buf_init(&text, 1024);
        buf_add_cstr(&text, cases[i].text);
        table_cut(&text, cases[i].most, cases[i].in_front);
        assert_string_equal(text.p, cases[i].cut);
        assert_int_equal(text.n, strlen(cases[i].cut));
        buf_dispose(&text);
    }
}

/* ---- tables ---- */

static const struct column columns[] = {
    {"RUN", "run", CELL_RUN, 8, 0, STRESS_NONE},
    {"FILE", "file", CELL_KEY, 10, 0, STRESS_NONE},
    {"AT", "at", CELL_TIME, 11, 0, STRESS_NONE},
    {"NOTE", "note", CELL_TEXT, 0, 0, STRESS_NONE},
    {"ROWS", "rows", CELL_NUMBER, 0, 1, STRESS_BAD_COUNT},
};

static const char two_runs[] =
    "[{\"run\": \"01M7XZ8V718QA6WMTNTZPN63J0\", \"file\": \"raw/sales/a.csv\", \"at\": \"2026-11-21T02:34:22Z\", "
    "\"rows\": 12345},"
    "{\"run\": \"01M7XZ8V4YCJXEDTAVCT25H5MV\", \"file\": \"raw/漢.csv\", \"at\": \"2026-11-21T02:34:23Z\", "
    "\"rows\": 0}]";

static void check(const char *items, unsigned width, bool colour, const char *expected)
{
    struct paper paper = {.width = width, .colour = colour};
    json_t *list = json_loads(items, 0, NULL);
    buf_init(&paper.out, 64 * 1024);
    assert_non_null(list);
    table_print(&paper, columns, sizeof columns / sizeof *columns, list);
    assert_string_equal(paper.out.p, expected);
    json_decref(list);
    paper_dispose(&paper);
}

static void test_pipe_gets_everything(void **state)
{
    (void)state;
    check(two_runs, 0, false,
        "RUN                         FILE             AT                     ROWS\n"
        "01M7XZ8V718QA6WMTNTZPN63J0  raw/sales/a.csv  2026-11-21 02:34:22  12,345\n"
        "01M7XZ8V4YCJXEDTAVCT25H5MV  raw/漢.csv       2026-11-21 02:34:23       0\n");
}

static void test_terminal_is_filled(void **state)
{
    (void)state;
    check(two_runs, 70, false,
        "RUN                         FILE             AT                  ROWS\n"
        "01M7XZ8V718QA6WMTNTZPN63J0  raw/sales/a.csv  2026-11-21 02:34  12,345\n"
        "01M7XZ8V4YCJXEDTAVCT25H5MV  raw/漢.csv       2026-11-21 02:34       0\n");
    check(two_runs, 52, false,
        "RUN       FILE             AT                  ROWS\n"
        "TZPN63J0  raw/sales/a.csv  2026-11-21 02:34  12,345\n"
        "CT25H5MV  raw/漢.csv       2026-11-21 02:34       0\n");
}

static void test_narrow_terminal_leaves_out(void **state)
{
    (void)state;
    check(two_runs, 40, false,
        "RUN       FILE             AT\n"
        "TZPN63J0  raw/sales/a.csv  11-21 02:34\n"
        "CT25H5MV  raw/漢.csv       11-21 02:34\n");
    check(two_runs, 33, false,
        "RUN       FILE        AT\n"
        "TZPN63J0  …les/a.csv  11-21 02:34\n"
        "CT25H5MV  raw/漢.csv  11-21 02:34\n");
}

static void test_tones(void **state)
{
    (void)state;
    check("[{\"rows\": 7}, {\"rows\": 0}]", 80, true, "\x1b[1mROWS\x1b[0m\n   \x1b[31m7\x1b[0m\n   0\n");
}

static void test_nothing(void **state)
{
    (void)state;
    check("[]", 80, false, "\n");
    check("[{}]", 80, false, "\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_pipe_gets_everything),
        cmocka_unit_test(test_terminal_is_filled),
        cmocka_unit_test(test_narrow_terminal_leaves_out),
        cmocka_unit_test(test_tones),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
