/* The example contracts that ship with sluice. */
#include "worker/config/contract.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static struct contracts contracts;
static struct findings findings;

static int setup(void **state)
{
    struct err err;
    (void)state;
    findings = (struct findings){.arena = arena_new(0)};
    return contracts_load("schema/datasets", &contracts, &findings, &err) ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    contracts_free(&contracts);
    arena_free(findings.arena);
    return 0;
}

static void all_load_without_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < findings.count; i++)
        print_error(STR_FMT ":%d:%d: " STR_FMT "\n", STR_ARG(findings.list[i].file), findings.list[i].line,
            findings.list[i].column, STR_ARG(findings.list[i].message));
    assert_int_equal(findings.count, 0);
    assert_int_equal(contracts.count, 4);
}

static void each_file_has_its_contract(void **state)
{
    static const struct {
        const char *key, *dataset;
    } cases[] = {
        {"raw/wakefield_procurement_cards_2018q2.csv", "wakefield"},
        {"raw/2018/09/hmrc_spending_over_25000_2018-09.csv", "hmrc"},
        {"raw/uci/online_retail_excerpt.csv.gz", "online_retail"},
        {"raw/sales_1gb.csv", "fact_sales"},
        {"raw/other.csv", NULL},
        {"raw/sales/other.csv", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct contract *contract = contracts_match(&contracts, str_of(cases[i].key));
        assert_int_equal(contract != NULL, cases[i].dataset != NULL);
        if (contract)
            assert_true(str_eq(contract->dataset, str_of(cases[i].dataset)));
    }
}

static void wakefield_says_what_its_columns_hold(void **state)
{
    static const struct {
        const char *name, *label;
        enum type_kind kind;
    } expected[] = {
        {"payment_date", "TransNo", TYPE_DATE},
        {"transaction_no", "Seq No", TYPE_INTEGER},
        {"sequence_no", "Payment Date", TYPE_INTEGER},
    };
    const struct contract *wakefield = contracts_find(&contracts, STR("wakefield"));
    (void)state;
    assert_non_null(wakefield);
    assert_int_equal(wakefield->field_count, 17);
    assert_int_equal(wakefield->dialect.header_line, 3);
    assert_int_equal(wakefield->dialect.header_rows, 1);
    for (size_t i = 0; i < 3; i++) {
        const struct field *field = &wakefield->fields[9 + i];
        assert_true(str_eq(field->name, str_of(expected[i].name)));
        assert_true(str_eq(field->label, str_of(expected[i].label)));
        assert_int_equal(field->type.kind, expected[i].kind);
    }
}

static void sales_knows_its_rates(void **state)
{
    const struct contract *sales = contracts_find(&contracts, STR("fact_sales"));
    struct str sweden = STR("SE");
    (void)state;
    assert_non_null(sales);
    assert_int_equal(sales->field_count, 14);
    assert_int_equal(sales->references[0].rows, 20);
    assert_int_equal(sales->references[0].columns[0].type.kind, TYPE_INTEGER);
    uint32_t row = reference_find(&sales->references[0], &sweden);
    assert_true(row < 20);
    assert_int_equal(sales->references[0].columns[0].i64[row], 25);
    assert_int_equal(sales->gold_key_count, 1); /* from the primary key */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_load_without_findings),
        cmocka_unit_test(each_file_has_its_contract),
        cmocka_unit_test(wakefield_says_what_its_columns_hold),
        cmocka_unit_test(sales_knows_its_rates),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
