/* What is refused, where and why; result types; masks, blocks, and rows that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/expr/expr.h"

static const struct expr_name names[] = {{{"quantity", 8}, {TYPE_INTEGER, 0, 0}},
    {{"unit_price", 10}, {TYPE_DECIMAL, 18, 2}}, {{"discount_pct", 12}, {TYPE_DECIMAL, 18, 2}},
    {{"rates.rate", 10}, {TYPE_DECIMAL, 18, 4}}, {{"net", 3}, {TYPE_DECIMAL, 18, 2}},
    {{"tax", 3}, {TYPE_DECIMAL, 18, 2}}, {{"ts", 2}, {TYPE_TIMESTAMP, 0, 0}}, {{"currency", 8}, {TYPE_STRING, 0, 0}},
    {{"wide", 4}, {TYPE_DECIMAL, 38, 9}}};
static const struct expr_scope scope = {names, sizeof names / sizeof *names};

static const struct {
    const char *text;
    size_t offset;
    const char *message;
} refusals[] = {
    {"", 0, "the expression ends too early"},
    {"1 +", 3, "the expression ends too early"},
    {"quantity + nope", 11, "column \"nope\" does not exist"},
    {"quantity = currency", 9, "operator does not exist: bigint = text"},
    {"foo(1, 2)", 0, "function foo is not supported"},
    {"1 + lower(quantity)", 4, "function lower(bigint) does not exist"},
    {"quantity > 'abc'", 11, "invalid input for type bigint: \"abc\""},
    {"1 < 2 < 3", 6, "syntax error at or near \"<\""},
    {"'abc", 0, "unterminated quoted string"},
    {"1 /* x", 2, "unterminated /* comment"},
    {"quantity::json", 10, "type \"json\" is not supported"},
    {"now()", 0, "function now is not supported"},
    {"current_date", 0, "current_date is not supported: an expression must give the same value on every run"},
    {"currency ~ currency", 11, "argument 2 of ~ must be a constant"},
    {"currency ~ '\\bx'", 11, "this backslash escape is not supported in a regular expression"},
    {"currency ~ '(?<=x)y'", 11, "this kind of (?…) group is not supported in a regular expression"},
    {"ts at time zone 'Mars/Base'", 16, "time zone \"Mars/Base\" not recognized"},
    {"case when 1 then 2 end", 10, "argument of CASE/WHEN must be type boolean, not type bigint"},
    {"case when true then 1 else currency end", 27, "CASE types bigint and text cannot be matched"},
    {"quantity and true", 0, "argument of AND must be type boolean, not type bigint"},
    {"'1' + '2'", 4, "operator is not unique: unknown + unknown"},
    {"date_trunc('fortnight', ts)", 11, "unit \"fortnight\" is not supported"},
    {"(1 + 2", 6, "')' is missing at the end"},
    {"1 ? 2", 2, "unexpected character '?'"},
    {"unit_price ^ 'x'", 13, "invalid input for type double precision: \"x\""},
};

static void test_refusals(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct expr_fault fault;
        if (expr_parse(str_of(refusals[i].text), &scope, arena, &fault, NULL))
            fail_msg("accepted: %s", refusals[i].text);
        if (fault.offset != refusals[i].offset || strcmp(fault.message, refusals[i].message) != 0)
            fail_msg("%s\n  %zu: %s", refusals[i].text, fault.offset, fault.message);
    }
    arena_free(arena);
}

static const struct {
    const char *text;
    struct type type;
    const char *refusal; /* why it cannot be stored */
} types[] = {
    {"round(quantity * unit_price * (1 - coalesce(discount_pct, 0) / 100), 2)", {TYPE_DECIMAL, 18, 2}, NULL},
    {"round(net * rates.rate, 2)", {TYPE_DECIMAL, 18, 2}, NULL},
    {"net + tax", {TYPE_DECIMAL, 18, 2}, NULL},
    {"ts::date", {TYPE_DATE, 0, 0}, NULL},
    {"(ts at time zone 'Europe/Berlin')::date", {TYPE_DATE, 0, 0}, NULL},
    {"net * rates.rate", {TYPE_DECIMAL, 18, 6}, NULL},
    {"net / 100", {TYPE_DECIMAL, 18, 4}, NULL},
    {"wide * 2", {TYPE_DECIMAL, 38, 9}, NULL},
    {"round(wide, 2)", {TYPE_DECIMAL, 38, 2}, NULL},
    {"wide::numeric(18,2)", {TYPE_DECIMAL, 18, 2}, NULL},
    {"quantity / 2", {TYPE_INTEGER, 0, 0}, NULL},
    {"quantity > 0", {TYPE_BOOLEAN, 0, 0}, NULL},
    {"null", {TYPE_STRING, 0, 0}, NULL},
    {"net / tax", {0, 0, 0}, "the number of decimals is not fixed: wrap it in round(x, n)"},
    {"ts - ts", {0, 0, 0}, "an interval cannot be stored: use extract(epoch from x), or subtract dates"},
    {"ts::timestamp", {0, 0, 0},
        "a timestamp without time zone cannot be stored: add \"at time zone 'UTC'\", or cast it to date"},
};

static void test_types(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct expr_fault fault;
        struct type type = {0};
        const struct expr *expr = expr_parse(str_of(types[i].text), &scope, arena, &fault, NULL);
        if (!expr)
            fail_msg("%s: %s", types[i].text, fault.message);
        bool stored = expr_storable_type(expr, &type, &fault);
        if (stored != !types[i].refusal || (stored && !type_eq(type, types[i].type)))
            fail_msg("%s: kind %d (%d,%d)", types[i].text, type.kind, type.precision, type.scale);
        if (!stored)
            assert_string_equal(fault.message, types[i].refusal);
    }
    arena_free(arena);
}

static void test_slots_and_warnings(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct expr_fault fault;
    struct buf warnings;
    uint32_t count;
    buf_init(&warnings, 4096);
    const struct expr *expr = expr_parse(STR("Tax + \"net\" + quantity / 2 + tax"), &scope, arena, &fault, &warnings);
    assert_non_null(expr);
    const uint32_t *slots = expr_slots(expr, &count);
    assert_int_equal(count, 3);
    assert_int_equal(slots[0], 0);
    assert_int_equal(slots[1], 4);
    assert_int_equal(slots[2], 5);
    assert_non_null(strstr(warnings.p, "integer division"));
    assert_false(expr_is_boolean(expr));
    buf_dispose(&warnings);
    arena_free(arena);
}

enum { ROWS = 5000 };

/* Rows over several blocks: 0 divides, some inputs failed before, some are not asked for. */
static void test_rows(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct expr_fault fault;
    struct err err;
    struct vector quantity, out;
    struct expr_errors errors = {0};
    uint8_t active[ROWS];
    const struct vector *slots[sizeof names / sizeof *names] = {&quantity};
    assert_true(vector_init(&quantity, TYPE(TYPE_INTEGER), ROWS, arena));
    for (uint32_t i = 0; i < ROWS; i++) {
        quantity.i64[i] = i % 10;
        quantity.state[i] = i % 7 == 0 ? VALUE_FAILED : i % 11 == 0 ? VALUE_NULL : VALUE_PRESENT;
        active[i] = i % 3 != 0;
    }
    const struct expr *expr = expr_parse(STR("100 / quantity + 7 / quantity"), &scope, arena, &fault, NULL);
    assert_true(expr_eval(expr, slots, ROWS, active, &out, &errors, arena, &err));
    size_t next = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        int state_wanted = !active[i] || i % 7 == 0 ? VALUE_FAILED : i % 11 == 0 ? VALUE_NULL : VALUE_PRESENT;
        if (state_wanted == VALUE_PRESENT && i % 10 == 0) {
            state_wanted = VALUE_FAILED;
            assert_true(next < errors.count);
            assert_int_equal(errors.list[next].row, i);
            assert_string_equal(errors.list[next++].message, "division by zero");
        }
        assert_int_equal(out.state[i], state_wanted);
        if (state_wanted == VALUE_PRESENT)
            assert_int_equal(out.i64[i], 100 / (i % 10) + 7 / (i % 10));
    }
    assert_int_equal(next, errors.count);
    arena_free(arena);
}

/* What is not known of a row decides nothing, though SQL would not look at it. */
static void test_failed_inputs(void **state)
{
    (void)state;
    static const char *const texts[] = {"tax = 1 and quantity = 1", "tax = 1 or quantity is null",
        "tax = 0 or quantity = 1", "case when tax = 0 then true else quantity = 1 end",
        "coalesce(tax = 0, quantity = 1)", "coalesce(1 / (tax - tax), quantity) = 1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena *arena = arena_new(0);
        struct expr_fault fault;
        struct err err;
        struct vector inputs[sizeof names / sizeof *names], out;
        const struct vector *slots[sizeof names / sizeof *names];
        struct expr_errors errors = {0};
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            assert_true(vector_init(&inputs[k], names[k].type, 1, arena));
            memset(inputs[k].data, 0, type_size(names[k].type));
            slots[k] = &inputs[k];
        }
        inputs[0].state[0] = VALUE_FAILED;
        const struct expr *expr = expr_parse(str_of(texts[i]), &scope, arena, &fault, NULL);
        assert_non_null(expr);
        assert_true(expr_eval(expr, slots, 1, NULL, &out, &errors, arena, &err));
        assert_int_equal(out.state[0], VALUE_FAILED);
        assert_int_equal(errors.count, 0);
        arena_free(arena);
    }
}

/* However deep or long, an answer or a reason. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *before, *middle, *after;
        int times;
    } shapes[] = {{"(", "1", ")", 100000}, {"-", "1", "", 100000}, {"not ", "true", "", 100000},
        {"1 + ", "1", "", 100000}, {"quantity in (1) or ", "true", "", 20000}, {"case ", "1", " when 1 then 1 end", 90},
        {"abs(", "1", ")", 90}, {"coalesce(net / 3, ", "1", ")", 80}, {"net / (", "3.0", ")", 80},
        {"1, ", "1", "", 1000}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct arena *arena = arena_new(0);
        struct expr_fault fault;
        struct buf text, printed;
        buf_init(&text, 1 << 24);
        buf_init(&printed, 1 << 16);
        for (int k = 0; k < shapes[i].times; k++)
            buf_add_cstr(&text, shapes[i].before);
        buf_add_cstr(&text, shapes[i].middle);
        for (int k = 0; k < shapes[i].times; k++)
            buf_add_cstr(&text, shapes[i].after);
        const struct expr *expr = expr_parse(buf_str(&text), &scope, arena, &fault, NULL);
        if (expr)
            expr_print_sql(expr, &printed);
        else
            assert_true(fault.message[0] != '\0');
        buf_dispose(&text);
        buf_dispose(&printed);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals), cmocka_unit_test(test_types),
        cmocka_unit_test(test_slots_and_warnings), cmocka_unit_test(test_rows), cmocka_unit_test(test_failed_inputs),
        cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
