/* Contracts edited by overrides: comments and order stay. */
#include "worker/config/contract_edit.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static const char contract[] = "# who sends it: the tills\n"
                               "dataset: sales # never rename\n"
                               "dialect: {}\n"
                               "schema:\n"
                               "  missingValues: [\"\", NULL]   # theirs\n"
                               "  fields:\n"
                               "    - {name: id, type: integer}\n"
                               "    - name: price # in euros\n"
                               "      type: number\n"
                               "      formats: # long\n"
                               "        - iso\n"
                               "    - {name: \"ü, }\", type: string, aliases: [x, 'it''s ]']} # }\n"
                               "limits:\n"
                               "  # of all rows\n"
                               "  max_reject_pct: 50\n";

static const struct {
    const char *set, *map;
    const char *from, *to; /* the one change of the text; NULL: refused */
} cases[] = {
    {"dialect.delimiter=;", NULL, "dialect: {}", "dialect: {delimiter: \";\"}"},
    {"dialect.delimiter=\\t", NULL, "dialect: {}", "dialect: {delimiter: \"\\t\"}"},
    {"limits.max_reject_pct=5", NULL, "max_reject_pct: 50", "max_reject_pct: 5"},
    {"limits.min_rows=5", NULL, "max_reject_pct: 50\n", "max_reject_pct: 50\n  min_rows: 5\n"},
    {"encoding=utf-8", NULL, "# never rename\n", "# never rename\nencoding: utf-8\n"},
    {"missingValues=[\"\", \"n/a\"]", NULL, "[\"\", NULL]", "[\"\", \"n/a\"]"},
    {"fields.id.constraints.required=true", NULL, "type: integer}", "type: integer, constraints: {required: true}}"},
    {"fields.price.decimalChar=,", NULL, "# in euros\n", "# in euros\n      decimalChar: \",\"\n"},
    {"defaults.number.decimalChar=,", NULL, "  # theirs\n", "  # theirs\n  defaults: {number: {decimalChar: \",\"}}\n"},
    {"schema.fieldsMatch=partial", NULL, "  # theirs\n", "  # theirs\n  fieldsMatch: partial\n"},
    {NULL, "Price EUR=price", "# in euros\n", "# in euros\n      aliases: [\"Price EUR\"]\n"},
    {NULL, "Nr: 1=id", "type: integer}", "type: integer, aliases: [\"Nr: 1\"]}"},
    {NULL, "y=ü, }", "'it''s ]']", "'it''s ]', \"y\"]"},
    {"fields.price.formats=[iso]", NULL, NULL, NULL},
    {"fields.prize.decimalChar=,", NULL, NULL, NULL},
    {NULL, "x=nothing", NULL, NULL},
};

static const char *expected(struct arena *arena, const char *from, const char *to)
{
    const char *at = strstr(contract, from);
    assert_non_null(at);
    return arena_printf(arena, "%.*s%s%s", (int)(at - contract), contract, to, at + strlen(from));
}

static void edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new(0);
        struct overrides overrides = {0};
        struct str out = {0};
        struct err err = {0};
        const char *text = cases[i].set ? cases[i].set : cases[i].map;
        assert_true(overrides_add(&overrides, cases[i].map, str_of(text), arena, &err));
        bool ok = contract_edit(str_of(contract), &overrides, &out, arena, &err);
        if (ok != (cases[i].from != NULL))
            fail_msg("%s: %s", text, ok ? out.p : err.message);
        if (ok)
            assert_string_equal(out.p, expected(arena, cases[i].from, cases[i].to));
        else
            assert_int_equal(err.kind, ERR_CONFIG);
        arena_free(arena);
    }
}

static void edits_several_at_once(void **state)
{
    struct arena *arena = arena_new(0);
    struct overrides overrides = {0};
    struct str out;
    struct err err;
    (void)state;
    assert_true(overrides_add(&overrides, false, STR("dialect.delimiter=;"), arena, &err));
    assert_true(overrides_add(&overrides, false, STR("dialect.quoteChar='"), arena, &err));
    assert_true(overrides_add(&overrides, true, STR("Nr=id"), arena, &err));
    assert_true(contract_edit(str_of(contract), &overrides, &out, arena, &err));
    assert_non_null(strstr(out.p, "dialect: {delimiter: \";\", quoteChar: \"'\"}\n"));
    assert_non_null(strstr(out.p, "{name: id, type: integer, aliases: [\"Nr\"]}\n"));
    assert_non_null(strstr(out.p, "  # of all rows\n"));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(edits), cmocka_unit_test(edits_several_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
