/* What PostgreSQL 15 answered (cases.h, made by generate.sh) is what the engine answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/expr/expr.h"
#include "worker/expr/numeric.h"
#include "worker/value/value.h"

/* The table t of generate.py: what PostgreSQL saw is what the engine sees. */
enum { FIXTURE_COLUMNS = 14, FIXTURE_ROWS = 6 };

struct fixture {
    struct expr_scope scope;
    struct vector vectors[FIXTURE_COLUMNS];
    const struct vector *slots[FIXTURE_COLUMNS];
};

static const struct {
    const char *name;
    struct type type;
    const char *values[FIXTURE_ROWS]; /* NULL: null */
} columns[FIXTURE_COLUMNS] = {
    {"i", {TYPE_INTEGER, 0, 0}, {"3", "-5", NULL, "9223372036854775807", "0", "12"}},
    {"j", {TYPE_INTEGER, 0, 0}, {"7", "0", "2", "-1", "100", "12"}},
    {"p", {TYPE_DECIMAL, 18, 2}, {"19.99", "-0.05", NULL, "9999999999999999.99", "2.50", "0.00"}},
    {"q", {TYPE_DECIMAL, 18, 2}, {"0.15", NULL, "100.00", "0.01", "33.33", "7.77"}},
    {"r", {TYPE_DECIMAL, 18, 4}, {"1.0825", "0.3333", NULL, "99999999999999.9999", "-2.5000", "12.3456"}},
    {"w", {TYPE_DECIMAL, 38, 9},
        {"123456789.123456789", "-0.000000001", "99999999999999999999999999999.999999999", "7", "0.500000000", NULL}},
    {"d", {TYPE_DOUBLE, 0, 0}, {"2.5", "-0.5", "1e300", "0.1", NULL, "0"}},
    {"s", {TYPE_STRING, 0, 0}, {"Hello World", " Straße ", "", NULL, "TX0042", "tx_9"}},
    {"u", {TYPE_STRING, 0, 0}, {"a,b,,c", "10%", "x_y", "ÄÖü", "-12", "3.14"}},
    {"b", {TYPE_BOOLEAN, 0, 0}, {"true", "false", NULL, "true", "false", NULL}},
    {"c", {TYPE_BOOLEAN, 0, 0}, {"false", NULL, "true", "true", "false", NULL}},
    {"dt", {TYPE_DATE, 0, 0}, {"2026-02-28", "2024-02-29", "1969-12-31", NULL, "2026-12-31", "2000-01-01"}},
    {"ts", {TYPE_TIMESTAMP, 0, 0},
        {"2026-03-29T00:30:00Z", "2026-10-25T00:59:59.999999Z", "1969-12-31T23:59:59.5Z", "2000-02-29T12:00:00Z", NULL,
            "2024-12-31T23:59:59Z"}},
    {"tm", {TYPE_TIME, 0, 0}, {"10:20:30", "23:59:59.5", "00:00:00", NULL, "12:00:00", "01:02:03.000004"}},
};

static bool fixture_init(struct fixture *fixture, struct arena *arena)
{
    struct expr_name *names = ARENA_ARRAY(arena, struct expr_name, FIXTURE_COLUMNS);
    fixture->scope = (struct expr_scope){names, FIXTURE_COLUMNS};
    for (uint32_t c = 0; names && c < FIXTURE_COLUMNS; c++) {
        struct vector *vector = &fixture->vectors[c];
        names[c] = (struct expr_name){str_of(columns[c].name), columns[c].type};
        if (!vector_init(vector, columns[c].type, FIXTURE_ROWS, arena))
            return false;
        for (uint32_t row = 0; row < FIXTURE_ROWS; row++) {
            const char *text = columns[c].values[row];
            vector->state[row] = text ? VALUE_PRESENT : VALUE_NULL;
            if (text && value_parse(str_of(text), columns[c].type, NULL, vector_at(vector, row)) != VALUE_OK)
                return false;
        }
        fixture->slots[c] = vector;
    }
    return names != NULL;
}

static const struct expected {
    const char *text;
    const char *values[FIXTURE_ROWS]; /* V value, N null, E error */
} cases[] = {
#include "tests/unit/worker/expr/cases.h"
};

enum { CASE_COUNT = sizeof cases / sizeof *cases };

struct world {
    struct arena *fixed, *scratch;
    struct fixture fixture;
    struct buf sql;
    unsigned wrong, overflows;
};

static void complain(struct world *world, const char *text, int row, const char *expected, const char *got)
{
    if (world->wrong++ < 40)
        print_error("%s\n  row %d: expected %s\n          got %s\n", text, row, expected, got);
}

static const char *error_of(const struct expr_errors *errors, uint32_t row)
{
    for (size_t i = 0; i < errors->count; i++) {
        if (errors->list[i].row == row)
            return errors->list[i].message;
    }
    return NULL;
}

/* Decimals are stored with the column's scale: trailing zeros say nothing. */
static struct str trimmed(struct str s)
{
    if (memchr(s.p, '.', s.n)) {
        while (s.n && s.p[s.n - 1] == '0')
            s.n--;
        if (s.n && s.p[s.n - 1] == '.')
            s.n--;
    }
    return s;
}

static bool same(struct type type, struct str expected, struct str got)
{
    if (type.kind == TYPE_BOOLEAN)
        return expected.n && got.n && expected.p[0] == got.p[0];
    return type.kind == TYPE_DECIMAL ? str_eq(trimmed(expected), trimmed(got)) : str_eq(expected, got);
}

static size_t digits_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text >= '0' && *text <= '9';
    return n;
}

static void check_row(struct world *world, const char *text, const struct vector *out, const struct expr_errors *errors,
    uint32_t row, const char *expected)
{
    const char *why = error_of(errors, row);
    uint8_t state = out->state[row];
    struct buf got;
    buf_init(&got, 1 << 20);
    if (state == VALUE_PRESENT)
        value_print(&got, out->type, vector_at(out, row));
    else
        buf_add_cstr(&got, state == VALUE_NULL ? "NULL" : why ? why : "failed without an error");
    bool right = expected[0] == 'V'   ? state == VALUE_PRESENT && same(out->type, str_of(expected + 1), buf_str(&got))
                 : expected[0] == 'N' ? state == VALUE_NULL
                                      : state == VALUE_FAILED && why;
    /* Too large for the column it would be stored in, or for 77 digits on the way, where PostgreSQL has no limit. */
    bool overflow =
        expected[0] == 'V' && why && (strcmp(why, "numeric field overflow") == 0 || strcmp(why, NUMERIC_BEYOND) == 0);
    if (overflow && out->type.kind == TYPE_DECIMAL && digits_of(expected) >= 17)
        right = true;
    else if (overflow && !right && world->overflows++ < 6)
        right = true;
    if (!right)
        complain(world, text, (int)row, expected, got.p ? got.p : "");
    buf_dispose(&got);
}

static bool all_fail(const struct expected *expected)
{
    for (int i = 0; i < FIXTURE_ROWS; i++) {
        if (expected->values[i][0] != 'E')
            return false;
    }
    return true;
}

static void check_text(struct world *world, const char *text, const struct expected *expected, bool must_store)
{
    struct expr_fault fault;
    struct err err;
    struct type type;
    struct vector out;
    struct expr_errors errors = {0};
    arena_reset(world->scratch);
    const struct expr *expr = expr_parse(str_of(text), &world->fixture.scope, world->scratch, &fault, NULL);
    if (!expr) {
        if (!all_fail(expected))
            complain(world, text, -1, expected->values[0], fault.message);
        return;
    }
    if (!expr_storable_type(expr, &type, &fault)) {
        if (must_store)
            complain(world, text, -1, expected->values[0], fault.message);
        return;
    }
    assert_true(expr_eval(expr, world->fixture.slots, FIXTURE_ROWS, NULL, &out, &errors, world->scratch, &err));
    for (uint32_t row = 0; row < FIXTURE_ROWS; row++)
        check_row(world, text, &out, &errors, row, expected->values[row]);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->fixed = arena_new(0);
    world->scratch = arena_new(0);
    *state = world;
    return fixture_init(&world->fixture, world->fixed) ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *world = *state;
    arena_free(world->fixed);
    arena_free(world->scratch);
    free(world);
    return 0;
}

/* As text: the number of decimals too must be PostgreSQL's. */
static void test_as_text(void **state)
{
    struct world *world = *state;
    world->wrong = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        char *text;
        assert_true(asprintf(&text, "(%s)::text", cases[i].text) > 0);
        check_text(world, text, &cases[i], true);
        free(text);
    }
    assert_int_equal(world->wrong, 0);
}

static void test_as_column(void **state)
{
    struct world *world = *state;
    world->wrong = 0;
    for (size_t i = 0; i < CASE_COUNT; i++)
        check_text(world, cases[i].text, &cases[i], false);
    assert_int_equal(world->wrong, 0);
}

/* What is printed is read back to the same values. $EXPR_SQL names a file for asking PostgreSQL itself. */
static void test_printed(void **state)
{
    struct world *world = *state;
    const char *path = getenv("EXPR_SQL");
    FILE *file = path ? fopen(path, "w") : NULL;
    world->wrong = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct expr_fault fault;
        struct buf sql;
        arena_reset(world->scratch);
        const struct expr *expr =
            expr_parse(str_of(cases[i].text), &world->fixture.scope, world->scratch, &fault, NULL);
        buf_init(&sql, 1 << 20);
        if (expr)
            expr_print_sql(expr, &sql);
        if (file)
            fprintf(file, "%zu\t%s\n", i, expr ? sql.p : "-");
        if (expr && !strstr(sql.p, "collate"))
            check_text(world, sql.p, &cases[i], false);
        buf_dispose(&sql);
    }
    if (file)
        fclose(file);
    assert_int_equal(world->wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_text), cmocka_unit_test(test_as_column), cmocka_unit_test(test_printed)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
