/* sluiced infer FILE: a first contract for a file. */
#include "worker/command/workplace.h"

#include "worker/shape/shape.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_CONTRACT = 64 * 1024 * 1024 };

/* The file's key when it lies in the lake; else as if it had been dropped into raw/. */
static struct str key_of(struct workplace *place, const char *path)
{
    char real[PATH_MAX];
    struct str root = place->storage->root;
    if (realpath(path, real) && str_starts(str_of(real), root) && real[root.n] == '/') {
        struct str key = {real + root.n + 1, strlen(real) - root.n - 1};
        if (str_starts(key, STR("raw/")))
            return arena_str(place->arena, key);
    }
    return str_of(arena_printf(place->arena, "raw/" STR_FMT, STR_ARG(storage_base_name(str_of(path)))));
}

static int run(int argc, char **argv)
{
    struct workplace place;
    struct err err;
    struct buf yaml;
    int code;
    if (!workplace_open(&place, argc, argv, &command_infer, NULL, 1, NEED_LAKE, &code))
        return code;
    if (!place.rest.count) {
        ERR(&err, ERR_USAGE, "infer needs a file");
        err_hint(&err, "usage: sluiced infer FILE > datasets/NAME.yaml");
        code = complain(&err);
        workplace_close(&place);
        return code;
    }
    buf_init(&yaml, MAX_CONTRACT);
    bool ok = infer_contract(place.rest.items[0], key_of(&place, place.rest.items[0]), &yaml, &err) &&
              buf_ok(&yaml, "a contract", &err);
    if (ok)
        fwrite(yaml.p, 1, yaml.n, stdout);
    code = ok ? 0 : complain(&err);
    buf_dispose(&yaml);
    workplace_close(&place);
    return code;
}

const struct command command_infer = {
    .name = "infer",
    .arguments = "FILE",
    .summary = "prints a first contract for a file",
    .run = run,
};
