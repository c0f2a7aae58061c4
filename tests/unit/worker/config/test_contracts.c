/* A folder of contracts: each by itself, and all against each other. */
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

static char folder[] = "/tmp/sluice-contracts-XXXXXX";

struct file {
    const char *name, *dataset, *match; /* dataset NULL: no contract at all */
};

static const struct {
    struct file files[4];
    size_t loaded;
    const char *findings; /* "name:line:column: message" a line; FOLDER stands for the folder */
} cases[] = {
    {{{"b.yaml", "b", "raw/b/*"}, {"a.yml", "a", "raw/a/*"}, {"c.json", "c", "raw/c/*"}}, 3, ""},
    {{{"a.yaml", "a", "raw/**/a*"}, {"b.yaml", "b", "raw/**/*.csv"}, {"c.yaml", "c", "in/*"}}, 1,
        "b.yaml:2:17: 'raw/**/*.csv' overlaps 'raw/**/a*' of FOLDER/a.yaml: both would take raw/a.csv\n"},
    {{{"a.yaml", "a", "raw/a/*"}, {"b.yaml", "a", "raw/b/*"}}, 0,
        "b.yaml:1:10: the dataset 'a' is described by FOLDER/a.yaml too\n"},
    {{{"a.yaml", "a", "raw/a/*"}, {"b.yaml", "B", "raw/b/*"}, {"notes.txt", NULL, NULL}, {".c.yaml", NULL, NULL}}, 1,
        "b.yaml:1:10: 'B' is no dataset name: a lower-case letter, then up to 62 lower-case letters, digits or _\n"},
};

static char *path_of(const struct file *file, char out[160])
{
    snprintf(out, 160, "%s/%s", folder, file->name);
    return out;
}

static void write_files(const struct file *files)
{
    for (size_t i = 0; i < 4 && files[i].name; i++) {
        char path[160];
        FILE *out = fopen(path_of(&files[i], path), "w");
        assert_non_null(out);
        if (files[i].dataset)
            fprintf(out, "dataset: %s\nsource: {match: \"%s\"}\nschema: {fields: [{name: x}]}\n", files[i].dataset,
                files[i].match);
        else
            fputs("not a contract", out);
        fclose(out);
    }
}

static void remove_files(const struct file *files)
{
    char path[160];
    for (size_t i = 0; i < 4 && files[i].name; i++)
        unlink(path_of(&files[i], path));
}

/* The findings, with the folder's name taken out. */
static void print_findings(const struct findings *findings, struct buf *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        char *message = arena_printf(findings->arena, STR_FMT, STR_ARG(f->message));
        char *at = strstr(message, folder);
        buf_printf(
            out, STR_FMT ":%d:%d: ", (int)(f->file.n - sizeof folder), f->file.p + sizeof folder, f->line, f->column);
        buf_printf(out, "%.*s%s%s\n", at ? (int)(at - message) : (int)strlen(message), message, at ? "FOLDER" : "",
            at ? at + sizeof folder - 1 : "");
    }
}

static void loads_folders(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct findings findings = {.arena = arena_new(0)};
        struct contracts contracts;
        struct err err;
        struct buf out;
        buf_init(&out, 1 << 16);
        write_files(cases[i].files);
        assert_true(contracts_load(folder, &contracts, &findings, &err));
        print_findings(&findings, &out);
        assert_string_equal(out.p ? out.p : "", cases[i].findings);
        assert_int_equal(contracts.count, cases[i].loaded);
        assert_int_equal(findings.errors > 0, *cases[i].findings != 0);
        for (size_t k = 1; k < contracts.count; k++)
            assert_true(str_cmp(contracts.list[k - 1]->path, contracts.list[k]->path) < 0);
        contracts_free(&contracts);
        arena_free(findings.arena);
        buf_dispose(&out);
        remove_files(cases[i].files);
    }
}

static void a_file_alone(void **state)
{
    const struct file files[4] = {{"a.yaml", "a", "raw/a/*"}};
    struct findings findings = {.arena = arena_new(0)};
    struct contracts contracts;
    struct err err;
    char path[160];
    (void)state;
    write_files(files);
    assert_true(contracts_load(path_of(files, path), &contracts, &findings, &err));
    assert_int_equal(contracts.count, 1);
    assert_ptr_equal(contracts_match(&contracts, STR("raw/a/x.csv")), contracts.list[0]);
    assert_null(contracts_match(&contracts, STR("raw/b/x.csv")));
    assert_ptr_equal(contracts_find(&contracts, STR("a")), contracts.list[0]);
    assert_null(contracts_find(&contracts, STR("b")));
    contracts_free(&contracts);
    remove_files(files);
    assert_false(contracts_load(path, &contracts, &findings, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    arena_free(findings.arena);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(loads_folders), cmocka_unit_test(a_file_alone)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
