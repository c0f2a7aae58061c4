#include "worker/format/csv/cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* As Python's csv.writer writes them, but for an empty cell alone in its record. */
static void cells_are_quoted_where_they_must_be(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {" spaces stay ", " spaces stay "},
        {"a,b", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"cr\r", "\"cr\r\""},
        {"\"", "\"\"\"\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 100);
        csv_cell_write(&out, str_of(cases[i].text));
        assert_true(str_eq(buf_str(&out), str_of(cases[i].written)));
        buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cells_are_quoted_where_they_must_be)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
