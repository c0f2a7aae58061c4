/* The gold section: which row of a key wins. */
#include "worker/config/load.h"

static const struct expr_name *find_slot(const struct loader *loader, struct str name, uint32_t *slot)
{
    const struct expr_scope *scope = &loader->contract->scope;
    for (*slot = 0; *slot < scope->count; ++*slot)
        if (str_eq(scope->names[*slot].name, name))
            return &scope->names[*slot];
    return NULL;
}

static void gold_key(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    const struct yaml_node *items = node->kind == YAML_LIST ? node->items : node;
    size_t count = node->kind == YAML_LIST ? node->count : 1;
    c->gold_key = load_alloc(loader, count, sizeof *c->gold_key);
    for (size_t i = 0; c->gold_key && i < count; i++) {
        uint32_t slot;
        if (find_slot(loader, items[i].text, &slot))
            c->gold_key[c->gold_key_count++] = slot;
        else
            load_error(loader, &items[i], "gold's key names '" STR_FMT "', which is no column", STR_ARG(items[i].text));
    }
}

static void gold_latest(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    uint32_t slot;
    c->gold_latest = load_copy(loader, node->text);
    if (!str_eq(node->text, STR("ingest_ts")) && !find_slot(loader, node->text, &slot))
        load_error(
            loader, node, "'latest' names '" STR_FMT "', which is neither a column nor ingest_ts", STR_ARG(node->text));
}

static void gold_mode(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"merge", "append", "snapshot"};
    struct contract *c = at;
    int word = load_word(loader, node, words, 3);
    if (word >= 0)
        c->gold_mode = (enum gold_mode)(word + 1);
}

static void gold_across(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"auto", "always", "never"};
    struct contract *c = at;
    int word = load_word(loader, node, words, 3);
    if (word >= 0)
        c->gold_across = (enum gold_across)word;
}

static void gold_row_hash(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"md5", "xxhash64"};
    struct contract *c = at;
    int word = load_word(loader, node, words, 2);
    if (word >= 0)
        c->row_hash = (enum row_hash_kind)word;
}

static void gold_delete(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *c = at;
    c->gold_delete_when = load_copy(loader, node->text);
    load_condition(loader, node, c->scope.count, "delete_when");
}

static const struct section_key gold_keys[] = {
    {"mode", KIND_TEXT, gold_mode, 0},
    {"key", KIND_TEXT | KIND_LIST, gold_key, 0},
    {"latest", KIND_TEXT, gold_latest, 0},
    {"delete_when", KIND_TEXT, gold_delete, 0},
    {"across", KIND_TEXT, gold_across, 0},
    {"row_hash", KIND_TEXT, gold_row_hash, 0},
};
static const struct section gold_section = SECTION("gold", gold_keys);

void load_gold(struct loader *loader, const struct yaml_node *node)
{
    struct contract *c = loader->contract;
    if (!node)
        return;
    c->gold_mode = GOLD_MERGE;
    c->gold_latest = STR("ingest_ts");
    section_load(loader, &gold_section, node, c);
    if (c->gold_mode == GOLD_APPEND && c->gold_key_count)
        load_error(loader, yaml_get(node, "key"), "mode append keeps every row: it has no key");
    if (c->gold_mode != GOLD_APPEND && !c->gold_key_count && c->primary_key_count && !yaml_get(node, "key")) {
        c->gold_key = c->primary_key; /* fields are the first slots */
        c->gold_key_count = c->primary_key_count;
    }
    if (c->gold_mode == GOLD_MERGE && !c->gold_key_count && node->kind == YAML_MAP && !yaml_get(node, "key"))
        load_error(loader, node, "mode merge needs a key: name one, or a primaryKey, or use mode append");
}
