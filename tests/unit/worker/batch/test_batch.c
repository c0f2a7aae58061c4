#include "worker/batch/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct batch *make(uint32_t rows)
{
    struct batch *batch = batch_new(1 << 20);
    assert_non_null(batch);
    batch->n = rows;
    batch->marks = arena_calloc(batch->arena, rows, 1);
    assert_non_null(batch->marks);
    return batch;
}

static void add(struct batch *batch, uint32_t row, enum row_code code)
{
    struct err err;
    struct row_error error = {.row = row, .position = -1, .field = -1, .rule = -1, .code = code};
    assert_true(batch_error(batch, &error, &err));
}

static void errors_are_grouped_by_row_and_keep_their_order(void **state)
{
    (void)state;
    static const struct {
        uint32_t row;
        enum row_code code;
    } found[] = {{7, CODE_TYPE}, {2, CODE_TYPE}, {7, CODE_CONSTRAINT}, {0, CODE_MISSING_CELL}, {2, CODE_ENCODING},
        {7, CODE_ROW_CONSTRAINT}, {1, CODE_TYPE}};
    static const struct {
        uint32_t row;
        enum row_code code;
    } sorted[] = {{0, CODE_MISSING_CELL}, {1, CODE_TYPE}, {2, CODE_TYPE}, {2, CODE_ENCODING}, {7, CODE_TYPE},
        {7, CODE_CONSTRAINT}, {7, CODE_ROW_CONSTRAINT}};
    struct batch *batch = make(8);
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        add(batch, found[i].row, found[i].code);
    batch_sort_errors(batch);
    assert_int_equal(batch->error_count, sizeof sorted / sizeof *sorted);
    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++) {
        assert_int_equal(batch->errors[i].row, sorted[i].row);
        assert_int_equal(batch->errors[i].code, sorted[i].code);
    }
    batch_free(batch);
}

static void a_repeat_of_a_good_row_is_a_duplicate_of_a_bad_one_a_reject(void **state)
{
    (void)state;
    struct batch *batch = make(3);
    add(batch, 0, CODE_PRIMARY_KEY);
    add(batch, 1, CODE_TYPE);
    add(batch, 1, CODE_PRIMARY_KEY);
    assert_int_equal(batch->marks[0], MARK_DUPLICATE);
    assert_int_equal(batch->marks[1], MARK_REJECTED);
    assert_int_equal(batch->marks[2], MARK_GOOD);
    batch_free(batch);
}

static void escapes_are_resolved(void **state)
{
    static const struct {
        char quote, escape;
        const char *raw, *text;
    } cases[] = {
        {'"', '"', "say \"\"hi\"\"", "say \"hi\""},
        {'"', '"', "\"\"", "\""},
        {'"', '\\', "a\\\"b\\\\c", "a\"b\\c"},
        {'\'', '\'', "it''s", "it's"},
        {'"', '\\', "ends with\\", "ends with\\"},
        {'"', '\\', "C:\\new\\table", "C:\\new\\table"},
        {'"', '\\', "a\\,b\\\\n\\N", "a,b\\n\\N"},
        {0, '\\', "a\\,b\\\"", "a,b\\\""},
        {'"', '"', "a\",b", "a\",b"},
        {'"', '\\', "two\\\nlines", "two\nlines"},
        {'"', 0, "a\\,b", "a\\,b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct batch *batch = make(1);
        size_t n = strlen(cases[i].raw);
        batch->text = arena_cstr(batch->arena, cases[i].raw);
        batch->escapes = (struct escapes){cases[i].escape, cases[i].quote, ','};
        struct str text = batch_cell_text(batch, (struct cell){0, (uint32_t)n | CELL_ESCAPED});
        assert_true(str_eq(text, str_of(cases[i].text)));
        text = batch_cell_text(batch, (struct cell){0, (uint32_t)n});
        assert_true(str_eq(text, str_of(cases[i].raw)));
        batch_free(batch);
    }
}

static void a_batch_over_its_limit_says_so(void **state)
{
    (void)state;
    struct batch *batch = batch_new(4096);
    struct vector vector;
    assert_true(vector_init(&vector, TYPE(TYPE_INTEGER), 100, batch->arena));
    assert_false(vector_init(&vector, TYPE(TYPE_INTEGER), 1000, batch->arena));
    batch_reset(batch);
    assert_true(vector_init(&vector, TYPE(TYPE_INTEGER), 100, batch->arena));
    batch_free(batch);
}

static void only_the_rows_that_lie_there_are_kept(void **state)
{
    (void)state;
    struct err err;
    struct batch *batch = make(5);
    batch->first_row = 11;
    batch->width = 2;
    batch->rows = arena_calloc(batch->arena, 5, sizeof *batch->rows);
    batch->cells = arena_calloc(batch->arena, 10, sizeof *batch->cells);
    for (uint32_t i = 0; i < 5; i++) {
        batch->rows[i] = (struct row){.offset = 100 * i, .length = 10};
        batch->cells[2 * i].offset = batch->cells[2 * i + 1].offset = i;
    }
    add(batch, 0, CODE_TYPE);
    add(batch, 3, CODE_MISSING_CELL);
    /* the second is longer now, the third begins elsewhere, the last comes later */
    const struct row_place places[] = {{12, 100, 10}, {13, 200, 9}, {14, 299, 10}, {14, 300, 10}, {16, 500, 10}};
    assert_true(batch_keep(batch, places, 5, &err));
    assert_int_equal(batch->n, 2);
    assert_int_equal(batch_row_number(batch, 0), 12);
    assert_int_equal(batch_row_number(batch, 1), 14);
    assert_int_equal(batch_cell(batch, 0, 1).offset, 1);
    assert_int_equal(batch_cell(batch, 1, 0).offset, 3);
    assert_int_equal(batch->marks[1], MARK_REJECTED);
    assert_int_equal(batch->error_count, 1);
    assert_int_equal(batch->errors[0].row, 1);
    batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_grouped_by_row_and_keep_their_order),
        cmocka_unit_test(a_repeat_of_a_good_row_is_a_duplicate_of_a_bad_one_a_reject),
        cmocka_unit_test(escapes_are_resolved),
        cmocka_unit_test(a_batch_over_its_limit_says_so),
        cmocka_unit_test(only_the_rows_that_lie_there_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
