/* Overrides: the set itself, and what the loader makes of them. */
#include "worker/config/contract.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#define FACT "tests/data/contracts/fact_sales.yaml"

static struct arena *arena;
static struct findings findings;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(0);
    findings = (struct findings){.arena = arena};
    return arena ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* texts: "+LABEL=FIELD" is a map. */
static struct overrides *make(const char *const *texts)
{
    struct err err;
    struct overrides *overrides = ARENA_NEW(arena, struct overrides);
    for (size_t i = 0; texts[i]; i++)
        if (!overrides_add(overrides, texts[i][0] == '+', str_of(texts[i] + (texts[i][0] == '+')), arena, &err))
            fail_msg("%s: %s", texts[i], err.message);
    return overrides;
}

static struct contract *load(const char *const *texts)
{
    struct err err;
    return contract_load_variant(&(struct contract_variant){.path = FACT, .overrides = make(texts)}, &findings, &err);
}

static const char *written(const struct overrides *overrides)
{
    struct buf text;
    struct json json;
    buf_init(&text, 1 << 20);
    jsonw_init(&json, &text);
    overrides_write(overrides, &json);
    const char *copy = arena_cstr(arena, text.p);
    buf_dispose(&text);
    return copy;
}

static void one_set_is_written_one_way(void **state)
{
    static const char *const a[] = {"dialect.delimiter=;", "+Price EUR=unit_price", "encoding=latin1", NULL};
    static const char *const b[] = {
        "encoding=utf-8", "+Price EUR=unit_price", "encoding=latin1", "dialect.delimiter=;", NULL};
    char hash_a[SHA256_TEXT_SIZE], hash_b[SHA256_TEXT_SIZE];
    struct err err;
    (void)state;
    assert_string_equal(written(make(a)),
        "{\"map\":{\"Price EUR\":\"unit_price\"},\"set\":{\"dialect.delimiter\":\";\",\"encoding\":\"latin1\"}}");
    assert_true(overrides_hash(make(a), hash_a, &err));
    assert_true(overrides_hash(make(b), hash_b, &err));
    assert_string_equal(hash_a, hash_b);
    /* printf '%s' the text above | sha256sum */
    assert_string_equal(hash_a, "582b6b1cb59b3f1bb509a439e818e4c1d0be7f181e2ecd3d90084273081553c8");
}

static void reads_what_it_wrote(void **state)
{
    static const char *const texts[] = {
        "+a=b=unit_price", "missingValues=[\"\", \"-\"]", "dialect.delimiter=\\t", NULL};
    struct overrides back = {0};
    struct err err;
    (void)state;
    const char *text = written(make(texts));
    assert_string_equal(text,
        "{\"map\":{\"a=b\":\"unit_price\"},\"set\":{\"dialect.delimiter\":\"\\t\",\"missingValues\":\"[\\\"\\\", "
        "\\\"-\\\"]\"}}");
    assert_true(overrides_read(&back, str_of(text), arena, &err));
    assert_string_equal(written(&back), text);
    assert_false(overrides_read(&back, STR("{\"set\":{}}"), arena, &err));
    assert_int_equal(err.kind, ERR_CORRUPT);
}

static void what_is_no_override(void **state)
{
    static const char *const texts[] = {"", "dialect.delimiter", "=x", "a\xff=b"};
    struct overrides none = {0};
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(overrides_add(&none, false, str_of(texts[i]), arena, &err));
        assert_int_equal(err.kind, ERR_USAGE);
    }
    assert_int_equal(none.count, 0);
}

static void the_contract_changes(void **state)
{
    static const char *const texts[] = {"fields.unit_price.decimalChar=,", "fields.unit_price.groupChar=.",
        "dialect.delimiter=;", "schema.fields.ts.formats=[iso, \"%d.%m.%Y\"]", "missingValues=[\"\", \"-\"]",
        "limits.max_reject_pct=5", "fields.quantity.constraints.required=false",
        "rules.positive_quantity.severity=warn", "+Price EUR=unit_price", NULL};
    struct err err;
    (void)state;
    struct contract *plain = contract_load(FACT, &findings, &err), *contract = load(texts);
    assert_int_equal(findings.count, 0);
    assert_non_null(contract);
    assert_int_equal(contract->fields[3].format.decimal_char, ',');
    assert_true(str_eq(contract->fields[3].label, STR("Price EUR")));
    assert_true(str_eq(contract->dialect.delimiter, STR(";")));
    assert_int_equal(contract->missing_count, 2);
    assert_true(str_eq(contract->missing_values[1], STR("-")));
    assert_int_equal((int)contract->max_reject_pct, 5);
    assert_true(contract->has_max_reject_pct);
    assert_false(contract->fields[2].constraints.required);
    assert_int_equal(contract->rules[0].severity, SEVERITY_WARN);
    assert_true(str_eq(contract->text, plain->text));
    assert_string_not_equal(contract->hash, plain->hash);
    assert_int_equal(plain->overrides.n, 0);
    assert_true(contract->overrides.n > 0);
    contract_free(plain);
    contract_free(contract);
}

static void the_hash_covers_overrides(void **state)
{
    static const char *const a[] = {"dialect.delimiter=;", NULL}, *const b[] = {"dialect.delimiter=|", NULL},
                             *const none[] = {NULL};
    struct err err;
    (void)state;
    struct contract *plain = contract_load(FACT, &findings, &err), *empty = load(none), *one = load(a),
                    *again = load(a), *other = load(b);
    assert_string_equal(plain->hash, empty->hash);
    assert_string_equal(one->hash, again->hash);
    assert_string_not_equal(one->hash, other->hash);
    struct contract *all[] = {plain, empty, one, again, other};
    for (size_t i = 0; i < 5; i++)
        contract_free(all[i]);
}

static void mistakes_name_the_override(void **state)
{
    static const struct {
        const char *text, *name, *message;
    } cases[] = {
        {"fields.unit_prize.decimalChar=,", "--set fields.unit_prize.decimalChar",
            "no such field 'unit_prize': did you mean 'unit_price'?"},
        {"fields.unit_price.decimalChar=;", "--set fields.unit_price.decimalChar", "decimalChar is '.', ',' or auto"},
        {"fields.unit_price.decimalchar=,", "--set fields.unit_price.decimalchar",
            "unknown key 'decimalchar' in field: did you mean 'decimalChar'?"},
        {"fields.ts.formats=iso", "--set fields.ts.formats", "'formats' wants a list, not a value"},
        {"fields.ts.formats=[", "--set fields.ts.formats", "'[' is no list"},
        {"dialekt.delimiter=;", "--set dialekt.delimiter", "a contract has no 'dialekt': did you mean 'dialect'?"},
        {"dialect=;", "--set dialect", "'dialect' names too little: what of it?"},
        {"output.prefix=elsewhere/", "--set output.prefix",
            "'output' cannot be changed for one run: change the contract"},
        {"reference.rates.file=/etc/passwd", "--set reference.rates.file",
            "'reference' cannot be changed for one run: change the contract"},
        {"fields.email.sensitive=false", "--set fields.email.sensitive",
            "'sensitive' cannot be changed for one run: change the contract"},
        {"fields.quantity.type=string", "--set fields.quantity.type",
            "'type' cannot be changed for one run: change the contract"},
        {"rules.nothing.severity=warn", "--set rules.nothing.severity", "no such rule 'nothing'"},
        {"fields.unit_price.decimalChar.x=,", "--set fields.unit_price.decimalChar.x", NULL},
        {"filter=quantity <>", "--set filter", NULL},
        {"+Price=unit_prize", "--map Price", "no such field 'unit_prize': did you mean 'unit_price'?"},
        {"+ =unit_price", "--map  ", "a label must not be blank: bind the column by position"},
        {"encoding=klingon", "--set encoding", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const texts[] = {cases[i].text, NULL};
        findings = (struct findings){.arena = arena};
        struct contract *contract = load(texts);
        if (contract || !findings.count)
            fail_msg("%s: no finding", cases[i].text);
        assert_true(findings.errors > 0);
        if (!str_eq(findings.list[0].file, str_of(cases[i].name)))
            fail_msg("%s: '" STR_FMT ": " STR_FMT "'", cases[i].text, STR_ARG(findings.list[0].file),
                STR_ARG(findings.list[0].message));
        assert_int_equal(findings.list[0].line, 0);
        if (cases[i].message && !str_eq(findings.list[0].message, str_of(cases[i].message)))
            fail_msg("%s: '" STR_FMT "'", cases[i].text, STR_ARG(findings.list[0].message));
    }
}

static void a_field_has_one_map(void **state)
{
    static const char *const texts[] = {"+Price=unit_price", "+Preis=unit_price", NULL};
    (void)state;
    assert_null(load(texts));
    assert_true(str_eq(findings.list[0].message, STR("'unit_price' has another --map already")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_set_is_written_one_way, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_what_it_wrote, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_override, setup, teardown),
        cmocka_unit_test_setup_teardown(the_contract_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_hash_covers_overrides, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_name_the_override, setup, teardown),
        cmocka_unit_test_setup_teardown(a_field_has_one_map, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
