#include <stdio.h>

#include "tests/unit/worker/shape/load.h"

static const char contract_text[] =
    "dataset: sales\n"
    "source: {match: \"raw/*\"}\n"
    "schema:\n"
    "  missingValues: [\"\", \"NULL\"]\n"
    "  primaryKey: [id]\n"
    "  fields:\n"
    "    - {name: id, type: string}\n"
    "    - {name: quantity, type: integer}\n"
    "    - {name: unit_price, type: number, scale: 2, constraints: {minimum: 0}}\n"
    "    - {name: country, type: string}\n"
    "    - {name: email, type: string, sensitive: true, constraints: {pattern: \"[^@]+@[^@]+\"}}\n"
    "    - {name: day, type: date}\n"
    "reference:\n"
    "  rates: {file: rates.csv, key: country, on: country, missing: reject}\n"
    "filter: \"quantity <> 0\"\n"
    "derive:\n"
    "  net: \"round(quantity * unit_price, 2)\"\n"
    "  tax: \"round(net * rates.rate, 2)\"\n"
    "  each: \"100 / (quantity - 7)\"\n"
    "rules:\n"
    "  - {id: positive, check: \"quantity > 0\"}\n"
    "  - {id: cheap, check: \"unit_price < 100\", severity: warn}\n"
    "  - {id: sane, check: \"quantity < 1000\", severity: quarantine, tolerate: 1}\n"
    "  - {id: ratio, check: \"1000 / (quantity - 8) is not null\"}\n"
    "partition: {date: day, mode: \"country\"}\n";

static const char rates_text[] = "country,rate\nDE,0.19\nFR,0.2\nXX,\n";

struct setup {
    struct folder folder;
    struct arena *arena;
    struct contract *contract;
    struct binding binding;
    struct dialect dialect;
    struct converter *converter;
    struct batch *batch;
    uint64_t failed[8];
    struct err err;
};

static void run(struct setup *s, const char *const *rows, uint32_t n, bool blank_last)
{
    *s = (struct setup){.arena = arena_new(0)};
    folder_make(&s->folder);
    folder_write(&s->folder, "rates.csv", str_of(rates_text));
    s->contract = load_contract(&s->folder, contract_text);
    struct sniff sniff = build_sniff(s->arena, "id|quantity|unit_price|country|email|day");
    assert_true(binding_make(s->contract, &sniff, &s->binding, s->arena, &s->err));
    s->converter = converter_new(s->contract, &s->binding, &s->dialect, s->arena, &s->err);
    assert_non_null(s->converter);
    s->batch = build_batch(rows, n, 6);
    if (blank_last)
        s->batch->marks[n - 1] = MARK_BLANK;
    struct rule_counts counts = {s->failed};
    assert_true(convert_batch(s->converter, s->batch, &s->err));
    assert_true(rules_batch(s->converter, s->batch, &counts, &s->err));
    batch_sort_errors(s->batch);
}

static void end(struct setup *s)
{
    batch_free(s->batch);
    contract_free(s->contract);
    arena_free(s->arena);
    folder_remove(&s->folder);
}

struct row_case {
    const char *row;
    enum mark mark;
    const char *values;   /* net, tax, each, date, mode: "-" is NULL, "!" did not evaluate */
    const char *messages; /* "code: message" joined by " / " */
};

/* Values by PostgreSQL 15: select round(3 * 12.50, 2), round(37.50 * 0.19, 2), 100 / (3 - 7) … */
static const struct row_case rows[] = {
    {"a|3|12.50|DE|x@y|2026-11-21", MARK_GOOD, "37.50 7.13 -25 2026-11-21 DE", ""},
    {"b|0|12.50|DE|x@y|2026-11-21", MARK_FILTERED, "! ! ! ! !", ""},
    {"c||12.50|DE|x@y|2026-11-21", MARK_FILTERED, "! ! ! ! !", ""},
    {"d|x|12.50|DE|x@y|2026-11-21", MARK_REJECTED, "! ! ! 2026-11-21 DE",
        "type-error: quantity: \"x\" is not an integer"},
    {"e|2|10|IT|x@y|2026-11-21", MARK_REJECTED, "20.00 ! -20 2026-11-21 IT",
        "foreign-key: country: \"IT\" is not in the reference rates"},
    {"f|2|10||x@y|2026-11-21", MARK_REJECTED, "20.00 - -20 2026-11-21 -", "partition-error: partition mode is NULL"},
    {"g|2|10|XX|x@y|2026-11-21", MARK_GOOD, "20.00 - -20 2026-11-21 XX", ""},
    {"h|7|10|FR|x@y|2026-11-21", MARK_REJECTED, "70.00 14.00 ! 2026-11-21 FR",
        "expression-error: each: division by zero"},
    {"i|8|10|FR|x@y|2026-11-21", MARK_REJECTED, "80.00 16.00 100 2026-11-21 FR",
        "expression-error: ratio: division by zero"},
    {"j|-2|-1|DE|xy|", MARK_REJECTED, "2.00 0.38 -11 - DE",
        "constraint-error: unit_price: \"-1\" breaks minimum 0 / "
        "constraint-error: email: *** breaks pattern \"[^@]+@[^@]+\" / "
        "row-constraint: the rule positive does not hold: quantity > 0 / partition-error: partition date is NULL"},
    {"k|2000|200|DE|x@y|2026-11-21", MARK_REJECTED, "400000.00 76000.00 0 2026-11-21 DE",
        "row-constraint: the rule sane does not hold: quantity < 1000"},
    {"|1|1|DE|x@y|2026-11-21", MARK_REJECTED, "1.00 0.19 -16 2026-11-21 DE",
        "constraint-error: id: a value is required"},
    {"l|0|-5|DE|x@y|2026-11-21", MARK_REJECTED, "0.00 0.00 -14 2026-11-21 DE",
        "constraint-error: unit_price: \"-5\" breaks minimum 0 / "
        "row-constraint: the rule positive does not hold: quantity > 0"},
    {"|||||", MARK_BLANK, "! ! ! ! !", ""},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void add_values(const struct batch *batch, uint32_t row, struct buf *out)
{
    for (uint32_t c = 7; c < 12; c++) {
        const struct vector *vector = &batch->columns[c];
        buf_add_cstr(out, c > 7 ? " " : "");
        if (vector->state[row] == VALUE_PRESENT)
            value_print(out, vector->type, vector_at(vector, row));
        else
            buf_add_cstr(out, vector->state[row] == VALUE_NULL ? "-" : "!");
    }
}

static void add_messages(const struct setup *s, uint32_t row, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < s->batch->error_count; i++) {
        const struct row_error *error = &s->batch->errors[i];
        if (error->row != row)
            continue;
        buf_printf(out, "%s%s: ", any ? " / " : "", row_code_name(error->code));
        row_error_message(s->contract, &s->binding, error, out);
        any = true;
    }
}

static void judges_rows(void **state)
{
    (void)state;
    const char *texts[ROWS];
    struct setup s;
    for (uint32_t i = 0; i < ROWS; i++)
        texts[i] = rows[i].row;
    run(&s, texts, ROWS, true);
    assert_int_equal(converter_columns(s.converter), 12);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct buf values, messages;
        buf_init(&values, 10000);
        buf_init(&messages, 10000);
        add_values(s.batch, i, &values);
        add_messages(&s, i, &messages);
        print_message("%s\n", rows[i].row);
        assert_string_equal(messages.p ? messages.p : "", rows[i].messages);
        assert_string_equal(values.p, rows[i].values);
        assert_int_equal(s.batch->marks[i], rows[i].mark);
        buf_dispose(&values);
        buf_dispose(&messages);
    }
    assert_int_equal(s.failed[0], 2); /* j, l */
    assert_int_equal(s.failed[1], 1); /* k, a warning only */
    assert_int_equal(s.failed[2], 1);
    assert_int_equal(s.failed[3], 1);
    end(&s);
}

/* Hive writes each of '/' as %2F: 66 of them are 198 bytes, 67 are 201. */
static void measures_partitions_as_written(void **state)
{
    (void)state;
    static const struct {
        char c;
        size_t n;
        bool fits;
    } cases[] = {
        {'a', 200, true}, {'a', 201, false}, {'/', 66, true}, {'/', 67, false}, {'{', 67, false}, {'-', 200, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char row[300], rates[400];
        struct setup s = {.arena = arena_new(0)};
        char country[256];
        memset(country, cases[i].c, cases[i].n);
        country[cases[i].n] = '\0';
        snprintf(row, sizeof row, "a|1|1|%s|x@y|2026-11-21", country);
        snprintf(rates, sizeof rates, "country,rate\n%s,0.1\n", country);
        folder_make(&s.folder);
        folder_write(&s.folder, "rates.csv", str_of(rates));
        s.contract = load_contract(&s.folder, contract_text);
        struct sniff sniff = build_sniff(s.arena, "id|quantity|unit_price|country|email|day");
        assert_true(binding_make(s.contract, &sniff, &s.binding, s.arena, &s.err));
        s.converter = converter_new(s.contract, &s.binding, &s.dialect, s.arena, &s.err);
        s.batch = build_batch((const char *[]){row}, 1, 6);
        struct rule_counts counts = {s.failed};
        assert_true(convert_batch(s.converter, s.batch, &s.err) && rules_batch(s.converter, s.batch, &counts, &s.err));
        assert_int_equal(s.batch->marks[0], cases[i].fits ? MARK_GOOD : MARK_REJECTED);
        if (!cases[i].fits)
            assert_string_equal(s.batch->errors[0].detail, "partition mode is longer than 200 bytes");
        end(&s);
    }
}

static void words_for_errors_of_the_reader(void **state)
{
    (void)state;
    static const struct {
        struct row_error error;
        const char *message;
    } cases[] = {
        {{.code = CODE_MISSING_CELL, .field = 1, .position = 1, .rule = -1},
            "quantity: the record ends before this column"},
        {{.code = CODE_EXTRA_CELL, .field = -1, .position = 6, .rule = -1},
            "column 7: a cell more than the header has columns"},
        {{.code = CODE_UNTERMINATED_QUOTE, .field = -1, .position = -1, .rule = -1},
            "the row: a quote is opened and never closed"},
        {{.code = CODE_ENCODING, .field = 3, .position = 3, .rule = -1, .value = STR("caf\xE9")},
            "country: \"caf\\xE9\" holds bytes that are not UTF-8"},
        {{.code = CODE_UNIQUE, .field = 4, .position = 4, .rule = -1, .value = STR("a@b"), .detail = "repeats row 17"},
            "email: *** repeats row 17"},
        {{.code = CODE_PRIMARY_KEY,
             .field = 0,
             .position = 0,
             .rule = -1,
             .value = STR("a"),
             .detail = "repeats row 17"},
            "the key (id) repeats row 17"},
        {{.code = CODE_TYPE,
             .field = 2,
             .position = 2,
             .rule = -1,
             .value = STR("12,50"),
             .detail = "is not a number (decimal point \".\")"},
            "unit_price: \"12,50\" is not a number (decimal point \".\")"},
    };
    struct setup s;
    run(&s, (const char *[]){"a|1|1|DE|x@y|2026-11-21"}, 1, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 1000);
        row_error_message(s.contract, &s.binding, &cases[i].error, &out);
        assert_string_equal(out.p, cases[i].message);
        buf_dispose(&out);
    }
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_rows),
        cmocka_unit_test(measures_partitions_as_written),
        cmocka_unit_test(words_for_errors_of_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
