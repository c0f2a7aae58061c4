#include "worker/sink/spill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 1000, PARTITIONS = 7, BATCHES = 5 };

struct seen {
    uint32_t partition, rows;
    int64_t next; /* the number expected next */
};

/* Row number r of batch b goes to partition r % PARTITIONS; its text is its number, every fifth is NULL. */
static bool check(void *context, const struct vector *const *columns, uint32_t n, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        char text[32];
        int64_t number = columns[0]->i64[i];
        assert_int_equal(number, seen->next);
        assert_int_equal(number % ROWS % PARTITIONS, seen->partition);
        snprintf(text, sizeof text, "n%lld", (long long)number);
        assert_int_equal(columns[1]->state[i], number % 5 ? VALUE_PRESENT : VALUE_NULL);
        if (number % 5)
            assert_true(str_eq(columns[1]->str[i], str_of(text)));
        assert_true(columns[2]->i128[i] == (int128)number * 1000000007 * 1000000007);
        seen->rows++;
        seen->next += PARTITIONS;
        if (seen->next % ROWS < PARTITIONS && seen->next / ROWS > number / ROWS)
            seen->next = (number / ROWS + 1) * ROWS + seen->partition;
    }
    return true;
}

static void append_batch(struct spill *spill, struct arena *arena, int64_t batch)
{
    struct vector numbers, texts, wide;
    struct err err;
    uint32_t rows[ROWS];
    assert_true(vector_init(&numbers, TYPE(TYPE_INTEGER), ROWS, arena));
    assert_true(vector_init(&texts, TYPE(TYPE_STRING), ROWS, arena));
    assert_true(vector_init(&wide, TYPE_DEC(38, 2), ROWS, arena));
    for (uint32_t i = 0; i < ROWS; i++) {
        int64_t number = batch * ROWS + i;
        numbers.i64[i] = number;
        texts.str[i] = str_of(arena_printf(arena, "n%lld", (long long)number));
        texts.state[i] = number % 5 ? VALUE_PRESENT : VALUE_NULL;
        wide.i128[i] = (int128)number * 1000000007 * 1000000007;
    }
    const struct vector *columns[] = {&numbers, &texts, &wide};
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        uint32_t n = 0;
        for (uint32_t i = p; i < ROWS; i += PARTITIONS)
            rows[n++] = i;
        assert_true(spill_append(spill, p, columns, rows, n, &err));
    }
}

static void rows_come_back_by_partition_in_order(void **state)
{
    char folder[] = "/tmp/sluice-spill-XXXXXX", path[64];
    static const struct type types[] = {{.kind = TYPE_INTEGER}, {.kind = TYPE_STRING}, {TYPE_DECIMAL, 38, 2}};
    struct arena *arena = arena_new(0);
    struct err err;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/spill", folder);
    struct spill *spill = spill_open(path, types, 3, &err);
    assert_non_null(spill);
    assert_int_not_equal(access(path, F_OK), 0);
    for (int64_t b = 0; b < BATCHES; b++)
        append_batch(spill, arena, b);
    uint32_t total = 0;
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        struct seen seen = {.partition = p, .next = p};
        assert_true(spill_read(spill, p, check, &seen, &err));
        total += seen.rows;
    }
    assert_int_equal(total, ROWS * BATCHES);
    struct seen none = {0};
    assert_true(spill_read(spill, PARTITIONS + 100, check, &none, &err));
    assert_int_equal(none.rows, 0);
    spill_close(spill);
    rmdir(folder);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_come_back_by_partition_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
