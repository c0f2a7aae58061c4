/* Reference tables: types by content, lookups by typed keys, and files that are wrong. */
#include "worker/config/contract.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-reference-XXXXXX";
static char table[128], path[128];

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A contract with one field k of the type, looked up in a table of this text. */
static struct contract *load(const char *type, const char *text, struct findings *findings)
{
    struct err err;
    char contract[300];
    snprintf(contract, sizeof contract,
        "dataset: d\nschema:\n  fields:\n  - {name: k, %s}\nreference:\n  r: {file: table.csv, key: Key, on: k}\n",
        type);
    write_file(table, text);
    write_file(path, contract);
    *findings = (struct findings){.arena = arena_new(0)};
    struct contract *c = contract_load(path, findings, &err);
    assert_int_equal(err.kind, ERR_NONE);
    return c;
}

static const struct {
    const char *values; /* of column v, a line each */
    struct type type;
} typed[] = {
    {"1\n-2\n\n", {TYPE_INTEGER, 0, 0}},
    {"1\n2.5\n-0.125\n", {TYPE_DECIMAL, 18, 3}},
    {"1.50\n2\n3\n", {TYPE_DECIMAL, 18, 2}},
    {"12345678901234567890\n1\n2\n", {TYPE_DECIMAL, 38, 0}},
    {"1\n007\n2\n", {TYPE_STRING, 0, 0}},
    {"1e3\n1\n2\n", {TYPE_STRING, 0, 0}},
    {"1.\n1\n2\n", {TYPE_STRING, 0, 0}},
    {"a\n1\n2\n", {TYPE_STRING, 0, 0}},
    {"\n\n\n", {TYPE_STRING, 0, 0}},
    {"1234567890123456789012345678901234567890\n1\n2\n", {TYPE_STRING, 0, 0}},
};

static void infers_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        struct findings findings;
        struct buf text;
        const char *at = typed[i].values;
        buf_init(&text, 4096);
        buf_add_cstr(&text, "Key,v,w\n");
        for (int row = 0; row < 3; row++, at += strcspn(at, "\n") + 1)
            buf_printf(&text, "k%d,%.*s,x\n", row, (int)strcspn(at, "\n"), at);
        struct contract *c = load("type: string", text.p, &findings);
        assert_non_null(c);
        if (!type_eq(c->references[0].columns[0].type, typed[i].type))
            fail_msg("case %zu: kind %d scale %d", i, c->references[0].columns[0].type.kind,
                c->references[0].columns[0].type.scale);
        contract_free(c);
        arena_free(findings.arena);
        buf_dispose(&text);
    }
}

static void keys_have_the_type_of_the_field(void **state)
{
    struct findings findings;
    int64_t wanted = 42, absent = 43;
    int32_t day = date_from_civil(2026, 2, 1);
    (void)state;
    struct contract *c = load("type: integer", "v,Key\na,7\nb,42\n", &findings);
    assert_non_null(c);
    assert_int_equal(reference_find(&c->references[0], &wanted), 1);
    assert_true(reference_find(&c->references[0], &absent) == UINT32_MAX);
    contract_free(c);
    arena_free(findings.arena);
    c = load("type: date, format: \"%d/%m/%Y\"", "Key;v\n2026-01-31;a\n01/02/2026;b\n", &findings);
    assert_non_null(c);
    assert_int_equal(reference_find(&c->references[0], &day), 1);
    contract_free(c);
    arena_free(findings.arena);
}

/* Many keys, all found, and none that is not there. */
static void finds_every_key(void **state)
{
    enum { KEYS = 5000 };
    struct findings findings;
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    buf_add_cstr(&text, "Key,v\n");
    for (int i = 0; i < KEYS; i++)
        buf_printf(&text, "%d,%d\n", i * 7, i);
    struct contract *c = load("type: integer", text.p, &findings);
    assert_non_null(c);
    for (int64_t i = 0; i < KEYS * 7; i++) {
        uint32_t row = reference_find(&c->references[0], &i);
        assert_true(i % 7 ? row == UINT32_MAX : c->references[0].columns[0].i64[row] == i / 7);
    }
    contract_free(c);
    arena_free(findings.arena);
    buf_dispose(&text);
}

static const struct {
    const char *type, *text, *expected; /* "table:" or "contract:", line, message; a line each */
} faults[] = {
    {"type: string", "Key,v\na,1\nb,2\na,3\n", "table:4: a key that stands twice: 'a'\n"},
    {"type: string", "Key,v\na,1\n,2\n", "table:3: an empty key\n"},
    {"type: integer", "Key,v\n1,1\nx,2\n", "table:3: the key is no value of the field it is compared with: 'x'\n"},
    {"type: string", "Key,v\na,1\nb\nc,3,4\n", "table:3: missing-cell\ntable:4: extra-cell\n"},
    {"type: string", "Kay,v\na,1\nb,2\n", "contract:6: the reference TABLE has no column 'Key'\n"},
    {"type: string", "Key,v,V\na,1,2\nb,1,2\n", "table:1: two columns have the label 'V'\n"},
    {"type: string", "Key,v,1st\na,1,2\nb,1,2\n", "table:1: a column whose label makes no name: '1st'\n"},
    {"type: string", "Key,v\n", "contract:6: warning: the reference has no rows\n"},
};

static void names_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct findings findings;
        struct buf out;
        buf_init(&out, 1 << 16);
        struct contract *c = load(faults[i].type, faults[i].text, &findings);
        for (size_t k = 0; k < findings.count; k++) {
            const struct finding *f = &findings.list[k];
            char *message = arena_printf(findings.arena, STR_FMT, STR_ARG(f->message));
            char *name = strstr(message, table);
            buf_printf(&out, "%s:%d: %s", str_eq(f->file, str_of(table)) ? "table" : "contract", f->line,
                f->warning ? "warning: " : "");
            buf_printf(&out, "%.*s%s%s\n", name ? (int)(name - message) : (int)strlen(message), message,
                name ? "TABLE" : "", name ? name + strlen(table) : "");
        }
        assert_string_equal(out.p, faults[i].expected);
        assert_int_equal(c != NULL, findings.errors == 0);
        contract_free(c);
        arena_free(findings.arena);
        buf_dispose(&out);
    }
}

static void the_hash_covers_the_table(void **state)
{
    struct findings findings;
    char first[SHA256_TEXT_SIZE];
    (void)state;
    struct contract *c = load("type: string", "Key,v\na,1\n", &findings);
    memcpy(first, c->hash, sizeof first);
    contract_free(c);
    arena_free(findings.arena);
    c = load("type: string", "Key,v\na,1\n", &findings);
    assert_string_equal(c->hash, first);
    contract_free(c);
    arena_free(findings.arena);
    c = load("type: string", "Key,v\na,2\n", &findings);
    assert_string_not_equal(c->hash, first);
    contract_free(c);
    arena_free(findings.arena);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    snprintf(table, sizeof table, "%s/table.csv", folder);
    snprintf(path, sizeof path, "%s/c.yaml", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(table);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infers_types),
        cmocka_unit_test(keys_have_the_type_of_the_field),
        cmocka_unit_test(finds_every_key),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(the_hash_covers_the_table),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
