/* Contracts from their text, as the loader makes them. */
#ifndef TESTS_SHAPE_LOAD_H
#define TESTS_SHAPE_LOAD_H

#include "tests/unit/worker/shape/build.h"

#include "shared/fs.h"

#include <stdlib.h>

struct folder {
    char path[64], file[160];
};

static void folder_make(struct folder *folder)
{
    *folder = (struct folder){.path = "/tmp/shape-XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
}

static void folder_remove(struct folder *folder)
{
    struct err err = {0};
    assert_true(fs_remove_tree(folder->path, &err));
}

/* The path of a file with this content; valid until the next call. */
static const char *folder_write(struct folder *folder, const char *name, struct str content)
{
    struct err err = {0};
    assert_true(snprintf(folder->file, sizeof folder->file, "%s/%s", folder->path, name) > 0);
    assert_true(fs_write_atomic(folder->file, content, &err));
    return folder->file;
}

static struct contract *load_contract(struct folder *folder, const char *yaml)
{
    struct arena *arena = arena_new(0);
    struct findings findings = {.arena = arena};
    struct err err = {0};
    struct contract *contract = contract_load(folder_write(folder, "c.yaml", str_of(yaml)), &findings, &err);
    for (size_t i = 0; i < findings.count; i++)
        print_message(
            "%d:%d: %.*s\n", findings.list[i].line, findings.list[i].column, STR_ARG(findings.list[i].message));
    assert_non_null(contract);
    assert_int_equal(findings.errors, 0);
    arena_free(arena);
    return contract;
}

#endif
