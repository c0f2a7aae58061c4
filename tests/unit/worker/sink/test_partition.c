#include "worker/sink/partition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { ROWS = 5000 };

static struct partition_column columns[2];
static struct contract contract;

static struct partitions *make(uint32_t count, enum type_kind first, enum type_kind second, uint32_t most)
{
    columns[0] = (struct partition_column){.name = STR("a"), .type = TYPE(first)};
    columns[1] = (struct partition_column){.name = STR("b"), .type = TYPE(second)};
    contract =
        (struct contract){.partitions = columns, .partition_count = count, .max_partitions = most, .scope.count = 1};
    return partitions_new(&contract, 0);
}

/* Slot 0 is a field's, as the scope says; partition columns lie behind. */
static struct batch *batch_of(const struct type *types, uint32_t count, uint32_t n)
{
    struct batch *batch = batch_new(0);
    batch->n = n;
    batch->columns = ARENA_ARRAY(batch->arena, struct vector, count + 1);
    for (uint32_t i = 0; i < count; i++)
        assert_true(vector_init(&batch->columns[i + 1], types[i], n, batch->arena));
    return batch;
}

static void test_paths(void **state)
{
    static const struct {
        const char *a;
        int32_t b;
        const char *path;
    } cases[] = {
        {"web", 0, "a=web/b=1970-01-01"},
        {"a/b=c", -1, "a=a%2Fb%3Dc/b=1969-12-31"},
        {"100%", 20513, "a=100%25/b=2026-03-01"},
        {"ü", 0, "a=ü/b=1970-01-01"},
        {"web", 0, "a=web/b=1970-01-01"},
    };
    enum { N = sizeof cases / sizeof *cases };
    const struct type types[] = {TYPE(TYPE_STRING), TYPE(TYPE_DATE)};
    struct batch *batch = batch_of(types, 2, N);
    struct partitions *partitions = make(2, TYPE_STRING, TYPE_DATE, 100);
    uint32_t rows[N], ids[N];
    struct err err;
    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        rows[i] = i;
        batch->columns[1].str[i] = str_of(cases[i].a);
        batch->columns[2].i32[i] = cases[i].b;
    }
    assert_true(partitions_assign(partitions, batch, rows, N, ids, &err));
    for (uint32_t i = 0; i < N; i++) {
        struct str path = partitions_path(partitions, ids[i]);
        assert_true(str_eq(path, str_of(cases[i].path)));
    }
    assert_int_equal(ids[4], ids[0]);
    assert_int_equal(partitions_count(partitions), 4);
    partitions_free(partitions);
    batch_free(batch);
}

/* Lengths are part of the key: ("ab", "c") is not ("a", "bc"). */
static void test_values_do_not_run_together(void **state)
{
    const struct type types[] = {TYPE(TYPE_STRING), TYPE(TYPE_STRING)};
    struct batch *batch = batch_of(types, 2, 2);
    struct partitions *partitions = make(2, TYPE_STRING, TYPE_STRING, 100);
    uint32_t rows[] = {0, 1}, ids[2];
    struct err err;
    (void)state;
    batch->columns[1].str[0] = STR("ab"), batch->columns[2].str[0] = STR("c");
    batch->columns[1].str[1] = STR("a"), batch->columns[2].str[1] = STR("bc");
    assert_true(partitions_assign(partitions, batch, rows, 2, ids, &err));
    assert_int_not_equal(ids[0], ids[1]);
    partitions_free(partitions);
    batch_free(batch);
}

static void test_many_and_one_too_many(void **state)
{
    const struct type types[] = {TYPE(TYPE_INTEGER)};
    struct batch *batch = batch_of(types, 1, ROWS);
    struct partitions *partitions = make(1, TYPE_INTEGER, TYPE_INTEGER, ROWS);
    static uint32_t rows[ROWS], ids[ROWS];
    struct err err;
    (void)state;
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = i;
        batch->columns[1].i64[i] = (int64_t)i * 7919 % ROWS - 17;
    }
    for (int turn = 0; turn < 2; turn++) { /* the second time all are known */
        assert_true(partitions_assign(partitions, batch, rows, ROWS, ids, &err));
        for (uint32_t i = 0; i < ROWS; i++) {
            char text[32];
            snprintf(text, sizeof text, "a=%lld", (long long)batch->columns[1].i64[i]);
            assert_true(str_eq(partitions_path(partitions, ids[i]), str_of(text)));
        }
    }
    assert_int_equal(partitions_count(partitions), ROWS);
    batch->columns[1].i64[3] = 1000000;
    assert_false(partitions_assign(partitions, batch, rows, ROWS, ids, &err));
    assert_string_equal(err.code, "too-many-partitions");
    partitions_free(partitions);
    batch_free(batch);
}

static void test_without_a_partition_the_day_of_arrival(void **state)
{
    static const struct {
        int64_t at;
        const char *path;
    } cases[] = {
        {0, "date=1970-01-01"}, {-1000000, "date=1969-12-31"},
        {1795228911810007, "date=2026-11-21"}, /* date -u -d @… */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct batch *batch = batch_of(NULL, 0, 1);
        contract = (struct contract){.max_partitions = 1};
        struct partitions *partitions = partitions_new(&contract, cases[i].at);
        uint32_t row = 0, id = 9;
        struct err err;
        assert_true(partitions_assign(partitions, batch, &row, 1, &id, &err));
        assert_int_equal(id, 0);
        assert_true(str_eq(partitions_path(partitions, 0), str_of(cases[i].path)));
        partitions_free(partitions);
        batch_free(batch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_values_do_not_run_together),
        cmocka_unit_test(test_many_and_one_too_many),
        cmocka_unit_test(test_without_a_partition_the_day_of_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
