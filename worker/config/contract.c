/* A contract's file: its top level, its ruleset's hash, its life. */
#include "worker/config/contract.h"

#include "shared/fs.h"
#include "worker/config/load.h"

static void load_dataset(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct str *dataset = at;
    *dataset = load_copy(loader, node->text);
    load_name_ok(loader, node, *dataset, "dataset");
}

static void load_blank_rows(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"filter", "reject"};
    *(bool *)at = load_word(loader, node, words, 2) == 1;
}

static const struct section_key top_keys[] = {
    {"dataset", KIND_TEXT, load_dataset, offsetof(struct contract, dataset)},
    {"title", KIND_TEXT, NULL, 0},
    {"description", KIND_TEXT, NULL, 0},
    {"source", KIND_MAP, load_source, 0},
    {"encoding", KIND_TEXT, load_encoding, offsetof(struct contract, dialect)},
    {"blankRows", KIND_TEXT, load_blank_rows, offsetof(struct contract, reject_blank)},
    {"schema", KIND_MAP, load_schema, 0},
    {"dialect", KIND_MAP, load_dialect, 0}, /* after schema: nullSequence adds to its missingValues */
    {"limits", KIND_MAP, load_limits, 0},
    {"expect", KIND_MAP, load_expect, 0},
    {"output", KIND_MAP, load_output, 0},
    {"archive", KIND_MAP, load_archive, 0},
    {"warehouse", KIND_MAP, load_warehouse, offsetof(struct contract, warehouse)},
    /* load_logic() reads these, when every name is known */
    {"reference", KIND_MAP, NULL, 0},
    {"filter", KIND_TEXT, NULL, 0},
    {"derive", KIND_MAP, NULL, 0},
    {"rules", KIND_LIST, NULL, 0},
    {"partition", KIND_MAP, NULL, 0},
    {"gold", KIND_MAP, NULL, 0},
};
static const struct section top_section = SECTION("", top_keys);

/* "dir/Fact Sales.schema.json" -> "fact_sales" */
static struct str dataset_of_path(struct loader *loader)
{
    const char *slash = strrchr(loader->path, '/');
    struct str name = str_of(slash ? slash + 1 : loader->path);
    static const char *const endings[] = {".yaml", ".yml", ".json", ".schema"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends(name, str_of(endings[i])))
            name.n -= strlen(endings[i]);
    return load_normalise(loader, name);
}

static void set_defaults(struct contract *c)
{
    dialect_init(&c->dialect);
    c->codec = PARQUET_ZSTD;
    c->max_partitions = 10000;
    c->archive_prefix = STR("archive/validated/");
    c->archive_name = STR("{name}_{ts}_{run}");
    c->fields_match = FIELDS_EXACT;
}

static struct str text_of(struct loader *loader, const char *before, struct str middle, const char *after)
{
    char *p = arena_printf(loader->arena, "%s" STR_FMT "%s", before, STR_ARG(middle), after);
    if (!p && !loader->memory_out)
        loader->memory_out = !ERR(loader->err, ERR_MEMORY, "no memory for the contract %s", loader->path);
    return p ? str_of(p) : STR("");
}

static void load_top(struct loader *loader)
{
    struct contract *c = loader->contract;
    const struct yaml_node *root = loader->root;
    set_defaults(c);
    if (root->kind != YAML_MAP) {
        load_error(loader, root, "a contract is a map that begins with 'dataset:'");
        return;
    }
    loader->plain_schema = yaml_get(root, "fields") && !yaml_get(root, "dataset") && !yaml_get(root, "schema");
    if (loader->plain_schema) {
        c->dataset = dataset_of_path(loader);
        load_name_ok(loader, root, c->dataset, "dataset (the file's)");
        load_schema(loader, root, c);
    } else {
        section_load(loader, &top_section, root, c);
        if (!yaml_get(root, "dataset"))
            load_error(loader, root, "'dataset' is missing");
        if (!yaml_get(root, "schema"))
            load_error(loader, root, "'schema' is missing");
    }
    if (!c->match.n)
        c->match = text_of(loader, "raw/**/", c->dataset, "*");
    if (!c->output_prefix.n)
        c->output_prefix = text_of(loader, "processed/", c->dataset, "/");
    if (!loader->memory_out)
        load_logic(loader);
}

/* Every file is framed by its length, so that bytes can't move from one to the next unseen. */
static void hash_part(struct sha256 *sha, struct str part)
{
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)part.n >> (56 - 8 * i));
    sha256_add(sha, length, sizeof length);
    sha256_add(sha, part.p, part.n);
}

static bool hash_ruleset(struct contract *c, struct err *err)
{
    struct sha256 *sha = sha256_new();
    if (!sha)
        return ERR(err, ERR_MEMORY, "no memory for a hash");
    hash_part(sha, c->text);
    for (uint32_t i = 0; i < c->reference_count; i++)
        hash_part(sha, str_of(c->references[i].content_hash));
    if (c->warehouse.gold_sql.n)
        hash_part(sha, c->warehouse.gold_sql_text);
    if (c->overrides.n)
        hash_part(sha, c->overrides);
    sha256_finish(sha, c->hash);
    return true;
}

static bool read_text(
    struct contract *c, const char *path, struct str given, struct findings *findings, struct err *err)
{
    struct buf text;
    buf_init(&text, YAML_MAX_BYTES + 1);
    if (given.n)
        buf_add_str(&text, given);
    bool ok = given.n ? buf_ok(&text, path, err) : fs_read(path, &text, err);
    if (!ok && text.failed && text.n >= YAML_MAX_BYTES / 2) {
        finding_add(findings, path, 1, 1, false, "a contract of more than %d bytes", YAML_MAX_BYTES);
        err_clear(err);
    }
    if (ok) {
        c->path = arena_str(c->arena, str_of(path));
        c->text = arena_str(c->arena, buf_str(&text));
        ok = (c->path.p && c->text.p) || ERR(err, ERR_MEMORY, "no memory for %s", path);
    }
    buf_dispose(&text);
    return ok;
}

static bool keep_overrides(struct contract *c, const struct overrides *overrides, struct err *err)
{
    struct buf text;
    struct json json;
    if (!overrides || !overrides->count)
        return true;
    buf_init(&text, YAML_MAX_BYTES);
    jsonw_init(&json, &text);
    overrides_write(overrides, &json);
    c->overrides = arena_str(c->arena, buf_str(&text));
    bool ok = buf_ok(&text, "overrides", err) && (c->overrides.p || ERR(err, ERR_MEMORY, "no memory for overrides"));
    buf_dispose(&text);
    return ok;
}

static bool load_into(
    struct contract *c, const struct contract_variant *variant, struct findings *findings, struct err *err)
{
    const char *path = variant->path;
    struct loader loader = {.contract = c,
        .arena = c->arena,
        .findings = findings,
        .path = path,
        .kept = variant->kept,
        .overrides = variant->overrides,
        .err = err};
    struct yaml_fault fault;
    size_t before = findings->errors, first = findings->count;
    if (!read_text(c, path, variant->text, findings, err) || !keep_overrides(c, variant->overrides, err))
        return false;
    struct yaml_node *root = yaml_parse(c->text, c->arena, &fault);
    if (!root && !fault.line)
        return ERR(err, ERR_MEMORY, "no memory for %s", path);
    if (!root) {
        finding_add(findings, path, fault.line, fault.column, false, "%s", fault.message);
        return false;
    }
    if (variant->overrides && !overrides_apply(variant->overrides, root, findings, c->arena, err))
        return false;
    loader.root = root;
    load_top(&loader);
    findings_sort(findings, first, path);
    if (loader.memory_out || findings->errors != before)
        return false;
    return hash_ruleset(c, err);
}

struct contract *contract_load(const char *path, struct findings *findings, struct err *err)
{
    return contract_load_variant(&(struct contract_variant){.path = path}, findings, err);
}

struct contract *contract_load_variant(
    const struct contract_variant *variant, struct findings *findings, struct err *err)
{
    struct arena *arena = arena_new(CONTRACT_MAX_MEMORY);
    struct contract *c = arena ? ARENA_NEW(arena, struct contract) : NULL;
    err_clear(err);
    if (!c) {
        arena_free(arena);
        ERR(err, ERR_MEMORY, "no memory for the contract %s", variant->path);
        return NULL;
    }
    c->arena = arena;
    if (!load_into(c, variant, findings, err)) {
        arena_free(arena);
        return NULL;
    }
    return c;
}

void contract_free(struct contract *contract)
{
    if (contract)
        arena_free(contract->arena);
}
