/* The schema section: fields, keys, what a header may look like. */
#include "worker/config/load.h"

static void schema_match(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"partial", "exact", "equal", "subset", "superset"};
    struct contract *contract = at;
    /* Table Schema 2.0 writes it as a list of one word. */
    if (node->kind == YAML_LIST && node->count != 1) {
        load_error(loader, node, "fieldsMatch holds one word");
        return;
    }
    int word = load_word(loader, node->kind == YAML_LIST ? &node->items[0] : node, words, 5);
    if (word >= 0)
        contract->fields_match = (enum fields_match)word;
}

static void schema_extra(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"ignore", "reject", "rescue"};
    struct contract *contract = at;
    int word = load_word(loader, node, words, 3);
    if (word >= 0)
        contract->extra_columns = (enum extra_columns)word;
}

static void schema_missing(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *contract = at;
    load_missing(loader, node, &contract->missing_values, &contract->missing_count);
}

static void schema_defaults(struct loader *loader, const struct yaml_node *node, void *at)
{
    (void)at;
    load_defaults(loader, node);
}

static void schema_fields(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *contract = at;
    const struct yaml_node *schema = loader->plain_schema ? loader->root : yaml_get(loader->root, "schema");
    const struct yaml_node *defaults = yaml_get(schema, "defaults");
    if (!node->count)
        load_error(loader, node, "a schema without fields");
    if (node->count > DIALECT_MAX_COLUMNS) {
        load_error(loader, node, "more than %d fields", DIALECT_MAX_COLUMNS);
        return;
    }
    contract->fields = load_alloc(loader, node->count, sizeof *contract->fields);
    if (!contract->fields)
        return;
    loader->fields = node;
    contract->field_count = (uint32_t)node->count;
    for (uint32_t i = 0; i < contract->field_count; i++)
        load_field(loader, &node->items[i], defaults, &contract->fields[i]);
}

static int32_t find_field(const struct loader *loader, struct str name)
{
    const struct contract *contract = loader->contract;
    for (uint32_t i = 0; i < contract->field_count; i++)
        if (str_eq(contract->fields[i].name, name) ||
            (loader->plain_schema && name.n && str_eq(contract->fields[i].label, name)))
            return (int32_t)i;
    return -1;
}

static void schema_key(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *contract = at;
    const struct yaml_node *items = node->kind == YAML_LIST ? node->items : node;
    size_t count = node->kind == YAML_LIST ? node->count : 1;
    contract->primary_key = load_alloc(loader, count, sizeof *contract->primary_key);
    for (size_t i = 0; contract->primary_key && i < count; i++) {
        int32_t field = items[i].kind == YAML_TEXT ? find_field(loader, items[i].text) : -1;
        if (field < 0) {
            load_error(
                loader, &items[i], "the primary key names '" STR_FMT "', which is no field", STR_ARG(items[i].text));
            continue;
        }
        for (uint32_t k = 0; k < contract->primary_key_count; k++)
            if (contract->primary_key[k] == (uint32_t)field)
                load_error(loader, &items[i], "'" STR_FMT "' stands twice in the primary key", STR_ARG(items[i].text));
        if (contract->primary_key_count == count)
            return;
        contract->fields[field].constraints.required = true;
        contract->primary_key[contract->primary_key_count++] = (uint32_t)field;
    }
}

static void schema_unique_keys(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *contract = at;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = &node->items[i];
        const struct yaml_node *name = key->kind == YAML_LIST && key->count == 1 ? &key->items[0] : key;
        int32_t field = name->kind == YAML_TEXT ? find_field(loader, name->text) : -1;
        if (field >= 0)
            contract->fields[field].constraints.unique = true;
        else if (key->kind == YAML_LIST && key->count > 1)
            load_warning(loader, key, "a unique key of several fields is not checked: use primaryKey");
        else
            load_error(loader, key, "a unique key names fields");
    }
}

static void schema_foreign_keys(struct loader *loader, const struct yaml_node *node, void *at)
{
    (void)at;
    load_warning(loader, node, "foreignKeys are not checked: use reference with missing: reject");
}

/* The standard's order: fields before what names them. */
#define SCHEMA_KEYS                                                                                              \
    {"fieldsMatch", KIND_TEXT | KIND_LIST, schema_match, 0}, {"extraColumns", KIND_TEXT, schema_extra, 0},       \
        {"missingValues", KIND_TEXT | KIND_LIST, schema_missing, 0}, {"defaults", KIND_MAP, schema_defaults, 0}, \
        {"fields", KIND_LIST, schema_fields, 0}, {"primaryKey", KIND_TEXT | KIND_LIST, schema_key, 0},           \
        {"uniqueKeys", KIND_LIST, schema_unique_keys, 0}, {"foreignKeys", KIND_LIST, schema_foreign_keys, 0},    \
        {"$schema", KIND_TEXT, NULL, 0}, {"profile", KIND_TEXT, NULL, 0}, {"name", KIND_TEXT, NULL, 0},          \
        {"title", KIND_TEXT, NULL, 0},                                                                           \
    {                                                                                                            \
        "description", KIND_TEXT, NULL, 0                                                                        \
    }

static const struct section_key schema_keys[] = {SCHEMA_KEYS};
static const struct section schema_section = SECTION("schema", schema_keys);

static bool same_text(struct str a, struct str b)
{
    return a.n && str_eq(a, b);
}

/* Two fields that one header cell could serve. */
static void check_pair(struct loader *loader, const struct field *a, const struct field *b, const struct yaml_node *at)
{
    if (same_text(a->name, b->name))
        load_error(
            loader, at, "the field name '" STR_FMT "' stands twice, first in line %d", STR_ARG(b->name), a->line);
    if (same_text(a->label, b->label) && a->position == b->position)
        load_error(
            loader, at, "the label '" STR_FMT "' is taken by field '" STR_FMT "'", STR_ARG(b->label), STR_ARG(a->name));
    if (a->position && a->position == b->position)
        load_error(loader, at, "column %d is taken by field '" STR_FMT "'", (int)a->position, STR_ARG(a->name));
    for (size_t i = 0; i < b->alias_count; i++) {
        bool taken = same_text(b->aliases[i], a->name) || same_text(b->aliases[i], a->label);
        for (size_t k = 0; k < a->alias_count; k++)
            taken |= same_text(b->aliases[i], a->aliases[k]);
        if (taken)
            load_error(loader, at, "the alias '" STR_FMT "' means field '" STR_FMT "' already", STR_ARG(b->aliases[i]),
                STR_ARG(a->name));
    }
    for (size_t i = 0; i < a->alias_count; i++)
        if (same_text(a->aliases[i], b->name))
            load_error(loader, at, "'" STR_FMT "' is an alias of field '" STR_FMT "' already", STR_ARG(b->name),
                STR_ARG(a->name));
}

void load_schema(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *contract = at;
    section_load(loader, &schema_section, node, contract);
    if (!yaml_get(node, "fields"))
        load_error(loader, node, "a schema needs fields");
    if (!yaml_get(node, "fieldsMatch")) {
        const struct yaml_node *extra = yaml_get(node, "extraColumns");
        /* The standard's default, unless the contract says what becomes of extra columns. */
        contract->fields_match = extra && contract->extra_columns != EXTRA_REJECT ? FIELDS_SUBSET : FIELDS_EXACT;
    }
    if (!yaml_get(node, "missingValues")) {
        contract->missing_values = load_alloc(loader, 1, sizeof *contract->missing_values);
        contract->missing_count = contract->missing_values ? 1 : 0;
        if (contract->missing_values)
            contract->missing_values[0] = STR("");
    }
    if (!loader->fields)
        return;
    for (uint32_t i = 0; i < contract->field_count; i++)
        for (uint32_t k = 0; k < i; k++)
            check_pair(loader, &contract->fields[k], &contract->fields[i], &loader->fields->items[i]);
}
