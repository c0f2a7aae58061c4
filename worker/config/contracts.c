/* The contracts of a folder: each by itself, then all against each other. */
#include "shared/fs.h"
#include "worker/config/load.h"

#include <stdlib.h>

static bool is_contract_name(const char *name)
{
    struct str s = str_of(name);
    return name[0] != '.' && (str_ends(s, STR(".yaml")) || str_ends(s, STR(".yml")) || str_ends(s, STR(".json")));
}

static bool add_contract(struct contracts *contracts, const char *path, struct findings *findings, struct err *err)
{
    struct contract *contract = contract_load(path, findings, err);
    if (!contract)
        return err->kind == ERR_NONE;
    struct contract **list = realloc(contracts->list, (contracts->count + 1) * sizeof(struct contract *));
    if (!list) {
        contract_free(contract);
        return ERR(err, ERR_MEMORY, "no memory for contracts");
    }
    contracts->list = list;
    contracts->list[contracts->count++] = contract;
    return true;
}

static bool load_folder(const char *path, struct contracts *contracts, struct findings *findings, struct err *err)
{
    struct arena *arena = arena_new(0);
    char **names = NULL;
    size_t count = 0;
    bool ok = arena || ERR(err, ERR_MEMORY, "no memory for contracts");
    ok = ok && fs_list(path, arena, &names, &count, err);
    for (size_t i = 0; ok && i < count; i++) {
        if (!is_contract_name(names[i]))
            continue;
        char *file = arena_printf(arena, "%s/%s", path, names[i]);
        struct stat status;
        if (!file)
            ok = ERR(err, ERR_MEMORY, "no memory for a path");
        else if (stat(file, &status) != 0 || S_ISREG(status.st_mode))
            ok = add_contract(contracts, file, findings, err);
    }
    arena_free(arena);
    return ok;
}

/* Where a top-level key's value stands: contracts keep their text, not their tree. */
static void place_of(const struct contract *contract, const char *section, const char *key, int *line, int *column)
{
    struct yaml_fault fault;
    struct arena *arena = arena_new(0);
    const struct yaml_node *root = arena ? yaml_parse(contract->text, arena, &fault) : NULL;
    const struct yaml_node *node = yaml_get(root, section);
    if (node && key && yaml_get(node, key))
        node = yaml_get(node, key);
    *line = node ? node->line : 1;
    *column = node ? node->column : 1;
    arena_free(arena);
}

static bool pair_clashes(const struct contract *a, const struct contract *b, struct findings *findings)
{
    int line, column;
    struct str key;
    bool clash = false;
    if (str_eq(a->dataset, b->dataset)) {
        place_of(b, "dataset", NULL, &line, &column);
        finding_add(findings, b->path.p, line, column, false,
            "the dataset '" STR_FMT "' is described by " STR_FMT " too", STR_ARG(b->dataset), STR_ARG(a->path));
        clash = true;
    }
    struct arena *arena = arena_new(0);
    if (!arena || globs_overlap(a->match, b->match, arena, &key)) {
        place_of(b, "source", "match", &line, &column);
        finding_add(findings, b->path.p, line, column, false,
            "'" STR_FMT "' overlaps '" STR_FMT "' of " STR_FMT ": both would take " STR_FMT, STR_ARG(b->match),
            STR_ARG(a->match), STR_ARG(a->path), arena && key.p ? (int)key.n : 0, arena && key.p ? key.p : "");
        clash = true;
    }
    arena_free(arena);
    return clash;
}

static bool compare_all(struct contracts *contracts, struct findings *findings, struct err *err)
{
    size_t kept = 0;
    bool *bad = calloc(contracts->count ? contracts->count : 1, sizeof *bad);
    if (!bad)
        return ERR(err, ERR_MEMORY, "no memory for contracts");
    for (size_t i = 0; i < contracts->count; i++)
        for (size_t k = 0; k < i; k++)
            if (pair_clashes(contracts->list[k], contracts->list[i], findings))
                bad[i] = bad[k] = true;
    for (size_t i = 0; i < contracts->count; i++)
        if (bad[i])
            contract_free(contracts->list[i]);
        else
            contracts->list[kept++] = contracts->list[i];
    contracts->count = kept;
    free(bad);
    return true;
}

bool contracts_load(const char *path, struct contracts *contracts, struct findings *findings, struct err *err)
{
    struct stat status;
    *contracts = (struct contracts){0};
    err_clear(err);
    bool ok = stat(path, &status) == 0 || ERR_ERRNO(err, "cannot look at %s", path);
    ok = ok && (S_ISDIR(status.st_mode) ? load_folder(path, contracts, findings, err)
                                        : add_contract(contracts, path, findings, err));
    ok = ok && compare_all(contracts, findings, err);
    if (!ok)
        contracts_free(contracts);
    return ok;
}

void contracts_free(struct contracts *contracts)
{
    for (size_t i = 0; i < contracts->count; i++)
        contract_free(contracts->list[i]);
    free(contracts->list);
    *contracts = (struct contracts){0};
}

const struct contract *contracts_match(const struct contracts *contracts, struct str key)
{
    for (size_t i = 0; i < contracts->count; i++)
        if (str_glob(contracts->list[i]->match, key))
            return contracts->list[i];
    return NULL;
}

const struct contract *contracts_find(const struct contracts *contracts, struct str dataset)
{
    for (size_t i = 0; i < contracts->count; i++)
        if (str_eq(contracts->list[i]->dataset, dataset))
            return contracts->list[i];
    return NULL;
}
