#include "worker/sink/cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct field fields[] = {{.name = {"price", 5}}, {.name = {"email", 5}, .sensitive = true}};
static struct rule rules[] = {{.id = {"sold", 4}}};
static struct contract contract = {.fields = fields, .field_count = 2, .rules = rules, .rule_count = 1};
static struct str labels[] = {{"Price", 5}, {"Mail", 4}, {"colour", 6}};
static struct binding binding = {.width = 3, .labels = labels};
static const struct sink_run run = {.contract = &contract, .binding = &binding};

static struct row_error type_error(int32_t field, const char *value)
{
    return (struct row_error){.stage = STAGE_CONVERT,
        .code = CODE_TYPE,
        .field = field,
        .position = field,
        .rule = -1,
        .value = str_of(value)};
}

static void add(struct causes *causes, struct row_error error, uint64_t row, bool only, uint32_t expected)
{
    uint32_t index = 99;
    struct err err;
    assert_true(causes_add(causes, &error, row, only, &index, &err));
    assert_int_equal(index, expected);
}

static void test_one_cause_a_shape(void **state)
{
    struct causes *causes = causes_new(&run);
    size_t count;
    (void)state;
    add(causes, type_error(0, "12,50"), 3, true, 0);
    add(causes, type_error(0, "99,99"), 4, false, 0);
    add(causes, type_error(0, "oops"), 5, true, 1);
    add(causes, type_error(0, "12,50"), 6, true, 0);
    add(causes, type_error(1, "12,50"), 7, true, 2);
    const struct sink_cause *list = causes_list(causes, &count);
    assert_int_equal(count, 3);
    assert_int_equal(list[0].rows, 3);
    assert_int_equal(list[0].only_rows, 2);
    assert_int_equal(list[0].first_row, 3);
    assert_int_equal(list[0].sample_count, 2); /* each value once */
    assert_true(str_eq(list[0].samples[1], STR("99,99")));
    assert_true(str_eq(list[0].column, STR("price")));
    assert_true(str_eq(list[0].shape, STR("99,99")));
    assert_int_equal(list[2].sample_count, 0); /* sensitive */
    causes_free(causes);
}

static void test_columns_and_rules(void **state)
{
    struct row_error rule = {.stage = STAGE_RULES, .code = CODE_ROW_CONSTRAINT, .field = -1, .position = -1, .rule = 0};
    struct row_error extra = {.stage = STAGE_PARSE, .code = CODE_EXTRA_CELL, .field = -1, .position = 3, .rule = -1};
    struct row_error label = {.stage = STAGE_PARSE, .code = CODE_MISSING_CELL, .field = -1, .position = 2, .rule = -1};
    struct row_error derived = {.stage = STAGE_RULES,
        .code = CODE_EXPRESSION,
        .field = -1,
        .position = -1,
        .rule = -1,
        .detail = "net: division by zero"};
    (void)state;
    assert_true(str_eq(row_error_rule(&run, &rule), STR("sold")));
    assert_true(str_eq(row_error_column(&run, &rule), STR("")));
    assert_true(str_eq(row_error_column(&run, &extra), STR("")));
    assert_true(str_eq(row_error_column(&run, &label), STR("colour")));
    assert_true(str_eq(row_error_column(&run, &derived), STR("net")));
}

/* Keys differ by nature: neither their values nor their shapes make causes. */
static void test_repeated_keys_are_one_cause(void **state)
{
    struct causes *causes = causes_new(&run);
    struct row_error key = {
        .stage = STAGE_RULES, .code = CODE_PRIMARY_KEY, .field = 0, .position = 0, .rule = -1, .value = STR("TX1")};
    (void)state;
    add(causes, key, 1, true, 0);
    key.value = STR("1-1-1");
    add(causes, key, 2, true, 0);
    causes_free(causes);
}

static void test_samples_are_cut_between_characters(void **state)
{
    struct causes *causes = causes_new(&run);
    char text[400];
    size_t count;
    (void)state;
    text[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xBC", 2);
    text[sizeof text - 1] = '\0';
    add(causes, type_error(0, text), 1, true, 0);
    const struct sink_cause *list = causes_list(causes, &count);
    assert_int_equal(list[0].samples[0].n, 199);
    causes_free(causes);
}

/* However many shapes there are, there is an end to it, and every row is counted. */
static void test_an_end_to_shapes(void **state)
{
    enum { ROWS = 5000 };
    struct causes *causes = causes_new(&run);
    struct err err;
    size_t count;
    uint64_t rows = 0;
    (void)state;
    for (uint32_t i = 0; i < ROWS; i++) {
        char value[32];
        uint32_t index;
        for (int bit = 0; bit < 13; bit++) /* a shape of its own for each number */
            value[bit] = i >> bit & 1 ? '.' : ',';
        value[13] = '\0';
        struct row_error error = type_error(0, value);
        assert_true(causes_add(causes, &error, i + 1, true, &index, &err));
    }
    const struct sink_cause *list = causes_list(causes, &count);
    assert_int_equal(count, 2001);
    assert_true(str_eq(list[2000].shape, STR("*")));
    for (size_t i = 0; i < count; i++)
        rows += list[i].rows;
    assert_int_equal(rows, ROWS);
    causes_free(causes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_cause_a_shape),
        cmocka_unit_test(test_columns_and_rules),
        cmocka_unit_test(test_repeated_keys_are_one_cause),
        cmocka_unit_test(test_samples_are_cut_between_characters),
        cmocka_unit_test(test_an_end_to_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
