#include <stdio.h>

#include "tests/unit/worker/shape/load.h"

#include "worker/shape/suggest.h"

static const char contract_head[] = "dataset: sales\n"
                                    "source: {match: \"raw/*\"}\n"
                                    "%s"
                                    "schema:\n"
                                    "  fieldsMatch: partial\n"
                                    "  missingValues: [\"\", \"NULL\"]\n"
                                    "  fields:\n"
                                    "    - {name: id, type: string, constraints: {required: true}}\n"
                                    "    - {name: unit_price, type: number, scale: 2, constraints: {required: true}}\n"
                                    "    - {name: day, type: date, constraints: {required: true}}\n"
                                    "    - {name: amount, type: number, scale: 2, decimalChar: auto}\n"
                                    "    - {name: quantity, type: integer}\n"
                                    "    - {name: at, type: datetime, formats: [\"%%d/%%m/%%Y\", \"%%m/%%d/%%Y\"]}\n"
                                    "    - {name: currency, type: string, constraints: {enum: [EUR, USD]}}\n";

static struct contract *make(struct folder *folder, const char *dialect)
{
    char yaml[2000];
    snprintf(yaml, sizeof yaml, contract_head, dialect);
    return load_contract(folder, yaml);
}

/* "command (would_pass of tried)" of each, joined by " | " */
static void describe(const struct remedies *remedies, struct buf *out)
{
    for (size_t i = 0; i < remedies->count; i++) {
        buf_add_cstr(out, i ? " | " : "");
        remedy_command(&remedies->list[i], out);
        buf_printf(out, " (%llu of %llu)", (unsigned long long)remedies->list[i].would_pass,
            (unsigned long long)remedies->list[i].tried);
        assert_true(remedies->list[i].why[0]);
    }
}

static const struct {
    const char *dialect, *file, *expected;
} header_cases[] = {
    {"", "id,Price EUR,day\na,1.50,2026-11-21\nb,2.50,2026-11-22\n", "--map 'Price EUR=unit_price' (2 of 2)"},
    /* the one whose values convert */
    {"", "id,Colour,Betrag,day\na,red,1.50,2026-11-21\nb,blue,2.50,2026-11-22\n", "--map 'Betrag=unit_price' (2 of 2)"},
    {"", "id,Colour,Betrag,day\na,7,1.50,2026-11-21\nb,blue,2.50,2026-11-22\n", "--map 'Betrag=unit_price' (2 of 2)"},
    /* two would do, neither has a like name */
    {"", "id,Höhe,Betrag,day\na,7,1.50,2026-11-21\nb,8,2.50,2026-11-22\n", ""},
    {"", "id,Höhe,unitprice,day\na,7,1.50,2026-11-21\nb,8,2.50,2026-11-22\n", "--map 'unitprice=unit_price' (2 of 2)"},
    /* none fits */
    {"", "id,Colour,day\na,red,2026-11-21\nb,blue,2026-11-22\n", ""},
    /* two are missing */
    {"", "id,Price EUR,Tag\na,1.50,2026-11-21\n", ""},
    /* a delimiter that the contract states, wrongly */
    {"dialect: {delimiter: \",\"}\n", "id;unit_price;day\na;1.50;2026-11-21\nb;x;2026-11-22\n",
        "--set 'dialect.delimiter=;' (1 of 2)"},
    /* both at once */
    {"dialect: {delimiter: \",\"}\n", "id;Price EUR;day\na;1.50;2026-11-21\nb;2.50;2026-11-22\n",
        "--set 'dialect.delimiter=;' --map 'Price EUR=unit_price' (2 of 2)"},
    {"", "id,It's,day\na,1.50,2026-11-21\nb,2.50,2026-11-22\n", "--map 'It'\\''s=unit_price' (2 of 2)"},
};

static void suggests_for_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof header_cases / sizeof *header_cases; i++) {
        struct folder folder;
        struct arena *arena = arena_new(0);
        struct err err = {0};
        struct sniff sniff;
        struct binding binding;
        struct remedies remedies;
        struct buf text;
        folder_make(&folder);
        buf_init(&text, 10000);
        struct contract *contract = make(&folder, header_cases[i].dialect);
        struct str sample = str_of(header_cases[i].file);
        struct sniff_request request = {.sample = sample, .whole = true, .given = &contract->dialect};
        print_message("%s", header_cases[i].file);
        assert_true(sniff_csv(&request, &sniff, arena, &err));
        assert_false(binding_make(contract, &sniff, &binding, arena, &err));
        assert_true(suggest_for_header(contract, &sniff, &binding, sample, true, arena, &remedies, &err));
        describe(&remedies, &text);
        assert_string_equal(text.p ? text.p : "", header_cases[i].expected);
        buf_dispose(&text);
        contract_free(contract);
        arena_free(arena);
        folder_remove(&folder);
    }
}

static const struct {
    uint32_t field;
    const char *values; /* by '|' */
    const char *expected;
} value_cases[] = {
    {1, "12,50|7,99|100,00", "--set 'fields.unit_price.decimalChar=,' (3 of 3)"},
    {1, "1.234,50|7,99", "--set 'fields.unit_price.decimalChar=,' --set 'fields.unit_price.groupChar=.' (2 of 2)"},
    {1, "1,234.50|9,999,999", "--set 'fields.unit_price.groupChar=,' (2 of 2)"},
    {1, "€ 5.00|7 EUR", "--set 'fields.unit_price.currency=true' (2 of 2)"},
    {1, "red|blue", ""},
    {1, "n/a|n/a", ""}, /* required */
    {2, "21.11.2026|01.02.2026", "--set 'fields.day.formats=[\"iso\",\"%d.%m.%Y\"]' (2 of 2)"},
    {2, "03/04/2026",
        "--set 'fields.day.formats=[\"iso\",\"%d/%m/%Y\"]' (1 of 1) | "
        "--set 'fields.day.formats=[\"iso\",\"%m/%d/%Y\"]' (1 of 1)"},
    {2, "03/04/2026|25/04/2026", "--set 'fields.day.formats=[\"iso\",\"%d/%m/%Y\"]' (2 of 2)"},
    {3, "1,234", "--set 'fields.amount.decimalChar=.' --set 'fields.amount.groupChar=,' (1 of 1)"},
    {3, "1,23|4,5", "--set 'fields.amount.decimalChar=,' (2 of 2)"},
    {4, "n/a|-|n/a", "--set 'fields.quantity.missingValues=[\"\",\"NULL\",\"n/a\",\"-\"]' (3 of 3)"},
    {4, "1,000|2,500", "--set 'fields.quantity.groupChar=,' (2 of 2)"},
    {5, "03/04/2026|05/06/2026",
        "--set 'fields.at.formats=[\"%d/%m/%Y\"]' (2 of 2) | "
        "--set 'fields.at.formats=[\"%m/%d/%Y\"]' (2 of 2)"},
    {6, "eur|usd", ""},
};

static void suggests_for_values(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    struct contract *contract = make(&folder, "");
    for (size_t i = 0; i < sizeof value_cases / sizeof *value_cases; i++) {
        struct arena *arena = arena_new(0);
        struct remedies remedies;
        struct err err = {0};
        struct buf text;
        size_t count;
        struct str *values = build_list(arena, value_cases[i].values, &count);
        buf_init(&text, 10000);
        print_message("%s\n", value_cases[i].values);
        assert_true(suggest_for_values(contract, value_cases[i].field, values, count, arena, &remedies, &err));
        describe(&remedies, &text);
        assert_string_equal(text.p ? text.p : "", value_cases[i].expected);
        buf_dispose(&text);
        arena_free(arena);
    }
    contract_free(contract);
    folder_remove(&folder);
}

static void writes_json(void **state)
{
    (void)state;
    const struct remedy_override overrides[] = {{STR("dialect.delimiter"), {0}, STR(";")},
        {STR("fields.x.missingValues"), {0}, STR("[\"\",\"n/a\"]")},
        {STR("map"), STR("Price \"EUR\""), STR("unit_price")}};
    struct remedies remedies = {{{overrides, 3, "because", 7, 9}}, 1};
    struct buf out;
    struct json json;
    buf_init(&out, 1000);
    jsonw_init(&json, &out);
    remedies_write(&remedies, &json);
    assert_string_equal(out.p,
        "[{\"overrides\":{\"dialect.delimiter\":\";\",\"fields.x.missingValues\":[\"\",\"n/a\"],"
        "\"map\":{\"Price \\\"EUR\\\"\":\"unit_price\"}},\"why\":\"because\",\"would_pass\":7}]");
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suggests_for_headers),
        cmocka_unit_test(suggests_for_values),
        cmocka_unit_test(writes_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
