#include "tests/unit/worker/shape/build.h"

#include "worker/shape/label.h"

static void normalises_labels(void **state)
{
    (void)state;
    /* by hand from Python: unicodedata.normalize("NFKC", s).casefold() */
    static const char *const cases[][2] = {
        {"unit_price", "unit_price"},
        {"  Unit Price (EUR) ", "unit_price_eur"},
        {"Transaction ID", "transaction_id"},
        {"Straße", "strasse"},
        {"ﬁeld №1", "field_no1"},
        {"GRÖSSE", "grösse"},
        {"Gro\xCC\x88sse", "grösse"},
        {"売上", "売上"},
        {"#", ""},
        {"", ""},
        {"\xC2\xA0Menge\xC2\xA0", "menge"},
        {"a\xFF"
         "b",
            "a_b"},
        {"__a--b__", "a_b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 1000);
        label_normalise(str_of(cases[i][0]), &out);
        assert_string_equal(out.p ? out.p : "", cases[i][1]);
        buf_dispose(&out);
    }
}

struct header_case {
    const char *labels;
    const char *fields; /* name[*][@position][=label][,alias…]; * is required */
    enum fields_match match;
    enum extra_columns extra;
    const char *bound; /* columns by field, "-" absent; or the code of the rejection */
    const char *says;  /* part of the message */
};

static void read_field(struct arena *arena, struct field *field, struct str spec)
{
    const char *end = spec.p + spec.n, *at = spec.p;
    field->aliases = ARENA_ARRAY(arena, struct str, 8);
    for (char kind = 'n'; at <= end; at++) {
        size_t n = strcspn(at, "*@=,|");
        struct str part = {at, n};
        if (kind == 'n')
            field->name = part;
        else if (kind == '=')
            field->label = part;
        else if (kind == ',')
            field->aliases[field->alias_count++] = part;
        else if (kind == '@')
            field->position = part.p[0] - '0';
        at += n;
        if (at >= end)
            return;
        kind = *at;
        if (kind == '*')
            field->constraints.required = true;
    }
}

static const struct header_case header_cases[] = {
    {"a|b|c", "a|b|c", FIELDS_PARTIAL, EXTRA_IGNORE, "0 1 2", ""},
    {"c|a", "a*|b|c", FIELDS_PARTIAL, EXTRA_IGNORE, "1 - 0", ""},
    {"x|y", "a|b", FIELDS_PARTIAL, EXTRA_IGNORE, "missing-label", "expected a, b; found x, y"},
    {"b|x", "a*|b", FIELDS_PARTIAL, EXTRA_IGNORE, "missing-label", "no column for \"a\""},
    {"Transaction ID|Store", "transaction_id|store_id=Store", FIELDS_PARTIAL, EXTRA_IGNORE, "0 1", ""},
    {"STORE|txn id", "transaction_id,txn_id|store_id=Store", FIELDS_PARTIAL, EXTRA_IGNORE, "1 0", ""},
    /* a label beats another field's name, and the name of the same field */
    {"b|a", "a=b|b", FIELDS_PARTIAL, EXTRA_IGNORE, "0 -", ""},
    {"a|b", "a=b", FIELDS_PARTIAL, EXTRA_IGNORE, "1", ""},
    {"a|c", "a=b|c", FIELDS_PARTIAL, EXTRA_IGNORE, "0 1", ""},
    /* a position beats everything */
    {"a|b", "a@2|b@1", FIELDS_PARTIAL, EXTRA_IGNORE, "1 0", ""},
    {"a|b", "a@7|b", FIELDS_PARTIAL, EXTRA_IGNORE, "- 1", ""},
    {"a|b", "a*@7|b", FIELDS_PARTIAL, EXTRA_IGNORE, "missing-label", "\"a\""},
    /* two columns claim one field */
    {"a|A", "a", FIELDS_PARTIAL, EXTRA_IGNORE, "duplicate-label",
        "columns 1 \"a\" and 2 \"A\" both stand for the field a"},
    {"txn|id", "id,txn", FIELDS_PARTIAL, EXTRA_IGNORE, "duplicate-label", "both stand"},
    {"x|a|x", "a", FIELDS_PARTIAL, EXTRA_IGNORE, "duplicate-label", "same label"},
    {"x|a|x", "a|b@1", FIELDS_PARTIAL, EXTRA_IGNORE, "1 0", ""},
    {"a|a", "a@1|b@2", FIELDS_PARTIAL, EXTRA_IGNORE, "0 1", ""},
    {"a|a", "a@2", FIELDS_PARTIAL, EXTRA_IGNORE, "1", ""},
    /* exact beats normalised */
    {"a|A", "x,A|y,a", FIELDS_PARTIAL, EXTRA_IGNORE, "1 0", ""},
    /* blanks */
    {"a|b||", "a|b", FIELDS_PARTIAL, EXTRA_IGNORE, "0 1", ""},
    {"a|| ", "a", FIELDS_EXACT, EXTRA_REJECT, "0", ""},
    {"a||b", "a|b", FIELDS_PARTIAL, EXTRA_IGNORE, "blank-label", "column 2 of 3"},
    {"a||b", "a|b|m@2", FIELDS_PARTIAL, EXTRA_IGNORE, "0 2 1", ""},
    {"a|", "a|m@2", FIELDS_EXACT, EXTRA_IGNORE, "0 1", ""},
    /* Frictionless v2's fieldsMatch */
    {"a|b", "a|b", FIELDS_EXACT, EXTRA_IGNORE, "0 1", ""},
    {"b|a", "a|b", FIELDS_EXACT, EXTRA_IGNORE, "incorrect-label", "column 1 should be \"a\""},
    {"a", "a|b", FIELDS_EXACT, EXTRA_IGNORE, "missing-label", "\"b\""},
    {"a|b|c", "a|b", FIELDS_EXACT, EXTRA_IGNORE, "extra-label", "\"c\""},
    {"b|a", "a|b", FIELDS_EQUAL, EXTRA_IGNORE, "1 0", ""},
    {"a|c|b", "a|b", FIELDS_EQUAL, EXTRA_IGNORE, "extra-label", "\"c\""},
    {"a", "a|b", FIELDS_EQUAL, EXTRA_IGNORE, "missing-label", "\"b\""},
    {"a|c|b", "a|b", FIELDS_SUBSET, EXTRA_IGNORE, "0 2", ""},
    {"a|c", "a|b", FIELDS_SUBSET, EXTRA_IGNORE, "missing-label", "\"b\""},
    {"a", "a|b", FIELDS_SUPERSET, EXTRA_IGNORE, "0 -", ""},
    {"a|c", "a|b", FIELDS_SUPERSET, EXTRA_IGNORE, "extra-label", "\"c\""},
    {"a|c", "a|b", FIELDS_PARTIAL, EXTRA_REJECT, "extra-label", "\"c\""},
    /* the whole header is one column */
    {"a;b;c", "a*|b|c", FIELDS_PARTIAL, EXTRA_IGNORE, "missing-label", "found a;b;c"},
};

static const char *bound_text(const struct contract *contract, const struct binding *binding, struct buf *out)
{
    for (uint32_t f = 0; f < contract->field_count; f++) {
        buf_add_cstr(out, f ? " " : "");
        if (binding->column_of_field[f] < 0)
            buf_add_cstr(out, "-");
        else
            buf_add_i64(out, binding->column_of_field[f]);
    }
    return out->p;
}

static void check_header(const struct header_case *c)
{
    static const char *const names[] = {"", "", "", "", ""};
    struct arena *arena = arena_new(0);
    struct contract contract;
    struct binding binding;
    struct err err = {0};
    struct buf text;
    size_t count;
    struct str *fields = build_list(arena, c->fields, &count);
    contract = build_contract(arena, names, (uint32_t)count);
    contract.fields_match = c->match;
    contract.extra_columns = c->extra;
    for (size_t i = 0; i < count; i++)
        read_field(arena, &contract.fields[i], fields[i]);
    struct sniff sniff = build_sniff(arena, c->labels);
    buf_init(&text, 1000);
    if (binding_make(&contract, &sniff, &binding, arena, &err)) {
        assert_string_equal(bound_text(&contract, &binding, &text), c->bound);
        for (uint32_t f = 0; f < contract.field_count; f++)
            if (binding.column_of_field[f] >= 0)
                assert_int_equal(binding.field_of_column[binding.column_of_field[f]], f);
    } else {
        assert_int_equal(err.kind, ERR_FILE);
        assert_string_equal(err.code, c->bound);
        assert_non_null(strstr(err.message, c->says));
        assert_true(err.hint[0]);
    }
    buf_dispose(&text);
    arena_free(arena);
}

static void binds_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof header_cases / sizeof *header_cases; i++) {
        print_message("%s <- %s\n", header_cases[i].fields, header_cases[i].labels);
        check_header(&header_cases[i]);
    }
}

static void says_what_is_left_over(void **state)
{
    (void)state;
    static const char *const names[] = {"id", "unit_price", "note"};
    struct arena *arena = arena_new(0);
    struct contract contract = build_contract(arena, names, 3);
    struct sniff sniff = build_sniff(arena, "id|Price EUR|note|");
    struct binding binding;
    struct err err = {0};
    contract.fields[1].constraints.required = true;
    assert_false(binding_make(&contract, &sniff, &binding, arena, &err));
    assert_int_equal(binding.missing_count, 1);
    assert_int_equal(binding.missing[0], 1);
    assert_int_equal(binding.unknown_count, 1);
    assert_int_equal(binding.unknown[0], 1);
    assert_int_equal(binding.blank_tail, 1);
    assert_string_equal(
        err.hint, "if \"Price EUR\" is that column: --map 'Price EUR=unit_price', or add it to the field's aliases");
    contract.fields[1].constraints.required = false;
    assert_true(binding_make(&contract, &sniff, &binding, arena, &err));
    assert_int_equal(binding.note_count, 2);
    assert_string_equal(binding.notes[0].p, "column 2 'Price EUR' is not in the contract and was dropped");
    assert_string_equal(binding.notes[1].p, "no column for the optional field unit_price: NULL in every row");
    contract.primary_key = (uint32_t[]){1};
    contract.primary_key_count = 1;
    assert_false(binding_make(&contract, &sniff, &binding, arena, &err));
    arena_free(arena);
}

static void binds_without_a_header(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c"};
    struct arena *arena = arena_new(0);
    struct contract contract = build_contract(arena, names, 3);
    struct sniff sniff = {.width = 2};
    struct binding binding;
    struct err err = {0};
    assert_true(binding_make(&contract, &sniff, &binding, arena, &err));
    assert_int_equal(binding.column_of_field[0], 0);
    assert_int_equal(binding.column_of_field[1], 1);
    assert_int_equal(binding.column_of_field[2], -1);
    contract.fields[2].constraints.required = true;
    assert_false(binding_make(&contract, &sniff, &binding, arena, &err));
    assert_string_equal(err.code, "missing-label");
    assert_non_null(strstr(err.message, "2 columns without a header"));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalises_labels),
        cmocka_unit_test(binds_headers),
        cmocka_unit_test(says_what_is_left_over),
        cmocka_unit_test(binds_without_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
