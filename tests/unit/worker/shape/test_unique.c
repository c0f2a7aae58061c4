#include "tests/unit/worker/shape/build.h"

#include "worker/shape/key_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

static struct str values[3000];
static char texts[3000][16];
static uint32_t primary[] = {0, 1};

struct setup {
    struct arena *arena;
    struct contract contract;
    char dir[64];
    struct err err;
};

static void begin(struct setup *s, uint32_t key_fields)
{
    static const char *const names[] = {"a", "b", "email"};
    *s = (struct setup){.arena = arena_new(0)};
    s->contract = build_contract(s->arena, names, 3);
    s->contract.primary_key = primary;
    s->contract.primary_key_count = key_fields;
    snprintf(s->dir, sizeof s->dir, "/tmp/unique-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
}

static void end(struct setup *s)
{
    assert_int_equal(rmdir(s->dir), 0); /* nothing may be left in it */
    arena_free(s->arena);
}

/* "a|b|email" a row; "-" is NULL, "!" before a row: already rejected. */
static struct batch *typed(const char *const *rows, uint32_t n, uint64_t first_row)
{
    struct batch *batch = build_batch(rows, n, 3);
    batch->first_row = first_row;
    batch->columns = ARENA_ARRAY(batch->arena, struct vector, 3);
    for (uint32_t c = 0; c < 3; c++)
        assert_true(vector_init(&batch->columns[c], TYPE(TYPE_STRING), n, batch->arena));
    for (uint32_t row = 0; row < n; row++) {
        batch->marks[row] = rows[row][0] == '!' ? MARK_REJECTED : MARK_GOOD;
        for (uint32_t c = 0; c < 3; c++) {
            struct str text = batch_cell_text(batch, batch_cell(batch, row, c));
            if (text.n && text.p[0] == '!')
                text = (struct str){text.p + 1, text.n - 1};
            batch->columns[c].str[row] = text;
            batch->columns[c].state[row] = str_eq(text, STR("-")) ? VALUE_NULL : VALUE_PRESENT;
        }
    }
    return batch;
}

struct row_case {
    const char *row;
    enum mark mark;
    const char *detail; /* of its errors, joined */
};

static void check(struct setup *s, const struct row_case *cases, uint32_t n, bool first_pass)
{
    const char *rows[32] = {0};
    struct unique *unique = unique_new(&s->contract, 1 << 20, s->dir, &s->err);
    assert_non_null(unique);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = cases[i].row;
    struct batch *batch = typed(rows, n, 11);
    if (first_pass)
        assert_true(unique_first_pass(unique, batch, &s->err));
    assert_true(unique_batch(unique, batch, &s->err));
    for (uint32_t i = 0; i < n; i++) {
        struct buf out;
        buf_init(&out, 1000);
        for (size_t e = 0; e < batch->error_count; e++)
            if (batch->errors[e].row == i)
                buf_printf(&out, "%s %s;", row_code_name(batch->errors[e].code), batch->errors[e].detail);
        assert_string_equal(out.p ? out.p : "", cases[i].detail);
        assert_int_equal(batch->marks[i], cases[i].mark);
        buf_dispose(&out);
    }
    batch_free(batch);
    unique_free(unique);
}

static void first_valid_row_wins(void **state)
{
    (void)state;
    static const struct row_case cases[] = {
        {"!k|1|-", MARK_REJECTED, ""},
        {"k|1|-", MARK_GOOD, ""}, /* row 12: the first valid one */
        {"k|2|-", MARK_GOOD, ""},
        {"k|1|x", MARK_DUPLICATE, "primary-key repeats row 12;"},
        {"k1||-", MARK_GOOD, ""}, /* not the key (k, 1) */
        {"!k|2|-", MARK_REJECTED, ""},
        {"k|2|-", MARK_DUPLICATE, "primary-key repeats row 13;"},
        {"k1||-", MARK_DUPLICATE, "primary-key repeats row 15;"},
    };
    for (int pass = 0; pass < 2; pass++) {
        struct setup s;
        begin(&s, 2);
        check(&s, cases, sizeof cases / sizeof *cases, pass);
        end(&s);
    }
}

static void unique_fields_ignore_null(void **state)
{
    (void)state;
    static const struct row_case cases[] = {
        {"1||a@x", MARK_GOOD, ""},
        {"2||-", MARK_GOOD, ""},
        {"3||-", MARK_GOOD, ""},
        {"4||a@x", MARK_REJECTED, "unique-error repeats row 11;"},
        {"4||b@x", MARK_GOOD, ""}, /* row 14 was not valid, so its key is free */
        {"1||b@x", MARK_DUPLICATE, "primary-key repeats row 11;"},
        {"5||c@x", MARK_GOOD, ""},
        {"6||c@x", MARK_REJECTED, "unique-error repeats row 17;"},
    };
    for (int pass = 0; pass < 2; pass++) {
        struct setup s;
        begin(&s, 1);
        s.contract.fields[0].constraints.unique = true; /* the primary key's own */
        s.contract.fields[2].constraints.unique = true;
        check(&s, cases, sizeof cases / sizeof *cases, pass);
        end(&s);
    }
}

static void none_asked_for(void **state)
{
    (void)state;
    struct setup s;
    begin(&s, 0);
    s.err.kind = ERR_BUG;
    assert_null(unique_new(&s.contract, 1 << 20, s.dir, &s.err));
    assert_int_equal(s.err.kind, ERR_NONE);
    end(&s);
}

/* 3000 rows whose key repeats after 1000, in batches of 500, with so little memory that all spills. */
static void spills_and_stays_exact(void **state)
{
    (void)state;
    static const size_t budgets[] = {1, 20000, 1 << 20};
    for (size_t b = 0; b < 6; b++) {
        struct setup s;
        begin(&s, 1);
        struct unique *unique = unique_new(&s.contract, budgets[b % 3], s.dir, &s.err);
        uint64_t repeats = 0;
        for (int pass = b < 3; pass < 2; pass++) {
            for (uint32_t at = 0; at < 3000; at += 500) {
                struct batch *batch = batch_new(0);
                batch->n = 500;
                batch->first_row = at + 1;
                batch->columns = ARENA_ARRAY(batch->arena, struct vector, 3);
                batch->marks = ARENA_ARRAY(batch->arena, uint8_t, 500);
                assert_true(vector_init(&batch->columns[0], TYPE(TYPE_STRING), 500, batch->arena));
                for (uint32_t row = 0; row < 500; row++) {
                    int n = snprintf(texts[at + row], sizeof texts[0], "key-%u", (at + row) % 1000);
                    values[at + row] = (struct str){texts[at + row], (size_t)n};
                    batch->columns[0].str[row] = values[at + row];
                }
                if (!pass)
                    assert_true(unique_first_pass(unique, batch, &s.err));
                else
                    assert_true(unique_batch(unique, batch, &s.err));
                for (size_t e = 0; e < batch->error_count; e++) {
                    char expected[32];
                    snprintf(expected, sizeof expected, "repeats row %u", (at + batch->errors[e].row) % 1000 + 1);
                    assert_string_equal(batch->errors[e].detail, expected);
                }
                repeats += batch->error_count;
                batch_free(batch);
            }
        }
        assert_int_equal(repeats, 2000);
        unique_free(unique);
        end(&s);
    }
}

/* Two keys with the same hash are two keys. */
static void bytes_decide(void **state)
{
    (void)state;
    static const size_t budgets[] = {1, 1 << 20};
    for (size_t b = 0; b < 2; b++) {
        struct setup s;
        struct key_table table;
        struct key_hash hash = {42, 42};
        uint64_t row;
        begin(&s, 1);
        key_table_init(&table, budgets[b], s.dir);
        assert_true(key_table_add(&table, hash, STR("one"), 1, &s.err));
        assert_true(key_table_find(&table, hash, STR("two"), &row, &s.err));
        assert_int_equal(row, 0);
        assert_true(key_table_add(&table, hash, STR("two"), 2, &s.err));
        assert_true(key_table_find(&table, hash, STR("one"), &row, &s.err));
        assert_int_equal(row, 1);
        assert_true(key_table_find(&table, hash, STR("two"), &row, &s.err));
        assert_int_equal(row, 2);
        assert_true(key_table_find(&table, hash, STR(""), &row, &s.err));
        assert_int_equal(row, 0);
        key_table_dispose(&table);
        end(&s);
    }
}

static void spill_folder_that_is_gone(void **state)
{
    (void)state;
    struct key_table table;
    struct err err = {0};
    key_table_init(&table, 1, "/nonexistent/folder");
    assert_false(key_table_add(&table, (struct key_hash){1, 1}, STR("k"), 1, &err));
    assert_non_null(strstr(err.message, "/nonexistent/folder"));
    key_table_dispose(&table);
}

/* A filter may err to "seen" only; with ten bits a key and three set, (1 - e^-0.3)^3 = 1.7 % is the plain filter's. */
static void filter_never_forgets(void **state)
{
    (void)state;
    struct key_filter filter;
    uint64_t wrong = 0;
    assert_true(key_filter_init(&filter, 131072)); /* 2^20 bits */
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100000; i++) {
            int number = i + round * 100000;
            XXH128_hash_t random = XXH3_128bits(&number, sizeof number);
            struct key_hash hash = {random.low64, random.high64};
            if (round)
                wrong += key_filter_has(&filter, hash);
            else
                key_filter_add(&filter, hash);
            if (!round)
                assert_true(key_filter_has(&filter, hash));
        }
    }
    print_message("%llu of 100000 wrongly seen\n", (unsigned long long)wrong);
    assert_true(wrong > 500 && wrong < 3000);
    key_filter_dispose(&filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_valid_row_wins),
        cmocka_unit_test(unique_fields_ignore_null),
        cmocka_unit_test(none_asked_for),
        cmocka_unit_test(spills_and_stays_exact),
        cmocka_unit_test(bytes_decide),
        cmocka_unit_test(spill_folder_that_is_gone),
        cmocka_unit_test(filter_never_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
