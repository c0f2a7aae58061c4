/* The contract of the design's page, member by member. */
#include "worker/config/contract.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

static struct findings findings;
static struct contract *contract;

static void assert_text(struct str actual, const char *expected)
{
    if (!str_eq(actual, str_of(expected)))
        fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(actual), expected);
}

static int setup(void **state)
{
    struct err err;
    (void)state;
    findings = (struct findings){.arena = arena_new(0)};
    contract = contract_load("tests/data/contracts/fact_sales.yaml", &findings, &err);
    for (size_t i = 0; i < findings.count; i++)
        print_error(
            "%d:%d: " STR_FMT "\n", findings.list[i].line, findings.list[i].column, STR_ARG(findings.list[i].message));
    return contract ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    contract_free(contract);
    arena_free(findings.arena);
    return 0;
}

static void loads_without_findings(void **state)
{
    (void)state;
    assert_int_equal(findings.count, 0);
    assert_text(contract->dataset, "fact_sales");
    assert_text(contract->path, "tests/data/contracts/fact_sales.yaml");
    assert_true(str_starts(contract->text, STR("dataset: fact_sales\n")));
    assert_int_equal(strlen(contract->hash), 64);
}

static void source_and_dialect(void **state)
{
    (void)state;
    assert_text(contract->match, "raw/sales/**/*.csv*");
    assert_false(contract->duplicates_load);
    assert_int_equal(contract->dialect.encoding, ENCODING_UTF8);
    assert_text(contract->dialect.encoding_name, "utf-8");
    assert_int_equal(contract->dialect.delimiter.n, 0);
    assert_int_equal(contract->dialect.quote, DIALECT_UNSET);
    assert_int_equal(contract->dialect.escape, DIALECT_UNSET);
    assert_int_equal(contract->dialect.header_rows, -1);
    assert_false(contract->reject_blank);
}

static void schema_itself(void **state)
{
    (void)state;
    assert_int_equal(contract->fields_match, FIELDS_PARTIAL);
    assert_int_equal(contract->extra_columns, EXTRA_IGNORE);
    assert_int_equal(contract->missing_count, 3);
    assert_text(contract->missing_values[0], "");
    assert_text(contract->missing_values[1], "NULL");
    assert_text(contract->missing_values[2], "N/A");
    assert_int_equal(contract->primary_key_count, 1);
    assert_int_equal(contract->primary_key[0], 0);
    assert_int_equal(contract->field_count, 9);
}

static void fields(void **state)
{
    static const struct {
        const char *name, *label;
        struct type type;
        bool required, sensitive;
        int line;
    } expected[] = {
        {"transaction_id", "", {TYPE_STRING, 0, 0}, true, false, 13},
        {"store_id", "Store", {TYPE_STRING, 0, 0}, false, false, 14},
        {"quantity", "", {TYPE_INTEGER, 0, 0}, true, false, 15},
        {"unit_price", "", {TYPE_DECIMAL, 18, 2}, true, false, 16},
        {"discount_pct", "", {TYPE_DECIMAL, 18, 2}, false, false, 17},
        {"currency", "", {TYPE_STRING, 0, 0}, false, false, 18},
        {"country", "", {TYPE_STRING, 0, 0}, false, false, 19},
        {"email", "", {TYPE_STRING, 0, 0}, false, true, 20},
        {"ts", "", {TYPE_TIMESTAMP, 0, 0}, true, false, 21},
    };
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        const struct field *field = &contract->fields[i];
        assert_text(field->name, expected[i].name);
        assert_text(field->label, expected[i].label);
        assert_true(type_eq(field->type, expected[i].type));
        assert_int_equal(field->constraints.required, expected[i].required);
        assert_int_equal(field->sensitive, expected[i].sensitive);
        assert_int_equal(field->position, 0);
        assert_int_equal(field->line, expected[i].line);
        assert_false(field->missing_own);
    }
}

static void details_of_fields(void **state)
{
    const struct field *id = &contract->fields[0], *price = &contract->fields[3], *currency = &contract->fields[5];
    const struct field *ts = &contract->fields[8];
    (void)state;
    assert_int_equal(id->alias_count, 2);
    assert_text(id->aliases[0], "txn_id");
    assert_text(id->aliases[1], "Transaction ID");
    assert_text(id->constraints.pattern, "TX[0-9]+");
    assert_int_equal(price->format.decimal_char, '.');
    assert_text(price->format.group_char, ",");
    assert_int_equal(contract->fields[2].format.group_char.n, 0);
    assert_true(price->constraints.has_minimum);
    assert_false(price->constraints.has_maximum);
    assert_int_equal(*(int64_t *)price->constraints.minimum, 0);
    assert_text(price->constraints.minimum_text, "0");
    assert_int_equal(currency->constraints.enum_count, 3);
    assert_text(((struct str *)currency->constraints.enum_values)[2], "GBP");
    assert_text(currency->constraints.enum_texts[0], "EUR");
    assert_int_equal(ts->format.moment_count, 2);
    assert_int_equal(ts->format.moments[0].kind, MOMENT_ISO);
    assert_int_equal(ts->format.moments[1].kind, MOMENT_PATTERN);
    assert_text(ts->format.moments[1].pattern, "%d/%m/%Y %H:%M");
    assert_null(ts->format.timezone);
}

static void pattern_is_anchored(void **state)
{
    static const struct {
        const char *text;
        bool matches;
    } cases[] = {{"TX1", true}, {"TX", false}, {"xTX1", false}, {"TX1x", false}, {"TX1\n", false}, {"", false}};
    (void)state;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int n = pcre2_match(contract->fields[0].constraints.pattern_code, (PCRE2_SPTR)cases[i].text,
            strlen(cases[i].text), 0, 0, data, NULL);
        assert_int_equal(n > 0, cases[i].matches);
    }
    pcre2_match_data_free(data);
}

static void reference(void **state)
{
    const struct reference *rates = &contract->references[0];
    (void)state;
    assert_int_equal(contract->reference_count, 1);
    assert_text(rates->name, "rates");
    assert_text(rates->file, "tests/data/contracts/tax_rates.csv");
    assert_int_equal(rates->on_field, 6);
    assert_true(rates->missing_reject);
    assert_int_equal(rates->rows, 5);
    assert_int_equal(rates->column_count, 3);
    assert_text(rates->column_names[0], "rate");
    assert_text(rates->column_names[1], "valid_from");
    assert_text(rates->column_names[2], "band");
    assert_true(type_eq(rates->columns[0].type, TYPE_DEC(18, 3)));
    assert_true(type_eq(rates->columns[1].type, TYPE(TYPE_STRING)));
    assert_true(type_eq(rates->columns[2].type, TYPE(TYPE_INTEGER)));
}

static void reference_lookup(void **state)
{
    static const struct {
        const char *key;
        int64_t rate; /* thousandths */
    } cases[] = {{"DE", 190}, {"FR", 200}, {"GB", 200}, {"CH", 81}, {"US", 0}};
    const struct reference *rates = &contract->references[0];
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct str key = str_of(cases[i].key);
        uint32_t row = reference_find(rates, &key);
        assert_int_equal(row, i);
        assert_int_equal(rates->columns[0].i64[row], cases[i].rate);
    }
    assert_int_equal(rates->columns[1].state[4], VALUE_NULL);
    struct str none = STR("XX"), empty = STR("");
    assert_true(reference_find(rates, &none) == UINT32_MAX);
    assert_true(reference_find(rates, &empty) == UINT32_MAX);
}

static void logic(void **state)
{
    static const struct {
        const char *name, *text;
    } derived[] = {
        {"net", "round(quantity * unit_price * (1 - coalesce(discount_pct, 0) / 100), 2)"},
        {"tax", "round(net * rates.rate, 2)"},
        {"total", "net + tax"},
    };
    (void)state;
    assert_non_null(contract->filter);
    assert_text(contract->filter_text, "quantity <> 0");
    assert_int_equal(contract->derived_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_text(contract->derived[i].name, derived[i].name);
        assert_text(contract->derived[i].text, derived[i].text);
        assert_non_null(contract->derived[i].expr);
        assert_int_equal(contract->derived[i].type.kind, TYPE_DECIMAL);
        assert_int_equal(contract->derived[i].type.scale, 2);
    }
    assert_int_equal(contract->rule_count, 1);
    assert_text(contract->rules[0].id, "positive_quantity");
    assert_text(contract->rules[0].text, "quantity > 0");
    assert_int_equal(contract->rules[0].severity, SEVERITY_REJECT);
    assert_int_equal(contract->rules[0].tolerate, 0);
    assert_int_equal(contract->partition_count, 1);
    assert_text(contract->partitions[0].name, "date");
    assert_text(contract->partitions[0].text, "ts::date");
    assert_int_equal(contract->partitions[0].type.kind, TYPE_DATE);
}

static void scope(void **state)
{
    static const char *const names[] = {"transaction_id", "store_id", "quantity", "unit_price", "discount_pct",
        "currency", "country", "email", "ts", "rates.rate", "rates.valid_from", "rates.band", "net", "tax", "total"};
    (void)state;
    assert_int_equal(contract->scope.count, 15);
    for (size_t i = 0; i < 15; i++)
        assert_text(contract->scope.names[i].name, names[i]);
}

static void limits_expect_output(void **state)
{
    (void)state;
    assert_true(contract->has_max_reject_pct);
    assert_true(contract->max_reject_pct == 50);
    assert_int_equal(contract->min_rows, 100);
    assert_true(contract->has_stop_after);
    assert_int_equal(contract->stop_after, 1000000);
    assert_true(contract->expect_every_us == INT64_C(86400000000));
    assert_text(contract->expect_by, "06:00 Europe/Berlin");
    assert_int_equal(contract->expect_rows_min, 1000);
    assert_int_equal(contract->expect_rows_max, 200000);
    assert_int_equal(contract->codec, PARQUET_ZSTD);
    assert_int_equal(contract->codec_level, 0);
    assert_text(contract->output_prefix, "processed/fact_sales/");
    assert_int_equal(contract->max_partitions, 10000);
    assert_text(contract->archive_prefix, "archive/validated/");
    assert_text(contract->archive_name, "{name}_{ts}_{run}");
}

static void gold_and_warehouse(void **state)
{
    const struct warehouse *w = &contract->warehouse;
    (void)state;
    assert_int_equal(contract->gold_mode, GOLD_MERGE);
    assert_int_equal(contract->gold_key_count, 1);
    assert_int_equal(contract->gold_key[0], 0);
    assert_text(contract->gold_latest, "ingest_ts");
    assert_int_equal(contract->gold_delete_when.n, 0);
    assert_int_equal(contract->gold_across, ACROSS_AUTO);
    assert_true(w->given);
    assert_int_equal(w->stages, LOADED_STAGES | GOLD_STAGE);
    assert_text(w->schema, "sales");
    assert_text(w->tables[0], "raw_table");
    assert_text(w->tables[1], "bronze_table");
    assert_text(w->tables[3], "gold_table");
    assert_text(w->gold_sql, "tests/data/contracts/gold_sales.sql");
    assert_true(str_starts(w->gold_sql_text, STR("SELECT ts::date")));
    assert_text(w->export_key, "gold/gold_data.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_without_findings),
        cmocka_unit_test(source_and_dialect),
        cmocka_unit_test(schema_itself),
        cmocka_unit_test(fields),
        cmocka_unit_test(details_of_fields),
        cmocka_unit_test(pattern_is_anchored),
        cmocka_unit_test(reference),
        cmocka_unit_test(reference_lookup),
        cmocka_unit_test(logic),
        cmocka_unit_test(scope),
        cmocka_unit_test(limits_expect_output),
        cmocka_unit_test(gold_and_warehouse),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
