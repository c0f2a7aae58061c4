/* What is computed: references, filter, derived columns, rules, partition columns; their names and the scope. */
#include "worker/config/load.h"

/* ---- names ---- */

static bool name_taken(const struct loader *loader, struct str name, const char **by)
{
    const struct contract *c = loader->contract;
    for (uint32_t i = 0; i < c->field_count; i++)
        if (str_eq(c->fields[i].name, name))
            return *by = "a field", true;
    for (uint32_t i = 0; i < c->reference_count; i++)
        if (str_eq(c->references[i].name, name))
            return *by = "a reference", true;
    for (uint32_t i = 0; i < c->derived_count; i++)
        if (str_eq(c->derived[i].name, name))
            return *by = "a derived column", true;
    return false;
}

static void check_new_name(struct loader *loader, const struct yaml_node *key, const char *what)
{
    const char *by;
    if (load_name_ok(loader, key, key->text, what) && name_taken(loader, key->text, &by))
        load_error(loader, key, "the name '" STR_FMT "' is taken by %s", STR_ARG(key->text), by);
}

/* ---- reference ---- */

struct reference_draft {
    struct reference *reference;
    const struct yaml_node *file, *key, *on;
};

static void reference_file(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct reference_draft *draft = at;
    draft->file = node;
    draft->reference->file = load_path(loader, node->text);
}

static void reference_key(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct reference_draft *draft = at;
    (void)loader;
    draft->key = node;
}

static void reference_on(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct reference_draft *draft = at;
    const struct contract *c = loader->contract;
    for (uint32_t i = 0; i < c->field_count; i++)
        if (str_eq(c->fields[i].name, node->text)) {
            draft->on = node;
            draft->reference->on_field = (int32_t)i;
            draft->reference->key_type = c->fields[i].type;
            return;
        }
    load_error(loader, node, "'on' names '" STR_FMT "', which is no field", STR_ARG(node->text));
}

static void reference_missing(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"reject", "null"};
    struct reference_draft *draft = at;
    /* YAML reads a bare null as nothing. */
    if (node->kind == YAML_NOTHING)
        draft->reference->missing_reject = false;
    else
        draft->reference->missing_reject = load_word(loader, node, words, 2) != 1;
}

static const struct section_key reference_keys[] = {
    {"file", KIND_TEXT, reference_file, 0},
    {"key", KIND_TEXT, reference_key, 0},
    {"on", KIND_TEXT, reference_on, 0},
    {"missing", KIND_TEXT | 1 << YAML_NOTHING, reference_missing, 0},
};
static const struct section reference_section = SECTION("reference", reference_keys);

static bool load_reference(struct loader *loader, const struct yaml_pair *pair, struct reference *reference)
{
    struct reference_draft draft = {.reference = reference};
    reference->name = load_copy(loader, pair->key.text);
    reference->missing_reject = true;
    reference->on_field = -1;
    section_load(loader, &reference_section, &pair->value, &draft);
    if (pair->value.kind != YAML_MAP)
        return false;
    if (!yaml_get(&pair->value, "file") || !yaml_get(&pair->value, "key") || !yaml_get(&pair->value, "on")) {
        load_error(loader, &pair->key, "a reference needs file, key and on");
        return false;
    }
    return draft.file && draft.key && draft.on && reference_read(loader, draft.file, draft.key, reference);
}

static void load_references(struct loader *loader, const struct yaml_node *node)
{
    struct contract *contract = loader->contract;
    if (!node)
        return;
    contract->references = load_alloc(loader, node->count, sizeof *contract->references);
    for (size_t i = 0; contract->references && i < node->count; i++) {
        check_new_name(loader, &node->pairs[i].key, "reference");
        struct reference *reference = &contract->references[contract->reference_count];
        if (!load_reference(loader, &node->pairs[i], reference)) {
            load_taint(loader, node->pairs[i].key.text);
            reference->column_count = 0;
        }
        contract->reference_count++;
    }
}

/* ---- scope ---- */

static struct str dotted(struct loader *loader, struct str a, struct str b)
{
    char *p = load_alloc(loader, a.n + b.n + 2, 1);
    if (!p)
        return STR("");
    memcpy(p, a.p, a.n);
    p[a.n] = '.';
    memcpy(p + a.n + 1, b.p, b.n);
    return (struct str){p, a.n + 1 + b.n};
}

/* Fields and reference columns, with room for derived more. */
static bool build_scope(struct loader *loader, size_t derived)
{
    struct contract *c = loader->contract;
    size_t count = c->field_count + derived;
    for (uint32_t i = 0; i < c->reference_count; i++)
        count += c->references[i].column_count;
    struct expr_name *names = load_alloc(loader, count, sizeof *names);
    if (!names)
        return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->field_count; i++)
        names[n++] = (struct expr_name){c->fields[i].name, c->fields[i].type};
    for (uint32_t i = 0; i < c->reference_count; i++)
        for (uint32_t k = 0; k < c->references[i].column_count; k++)
            names[n++] = (struct expr_name){dotted(loader, c->references[i].name, c->references[i].column_names[k]),
                c->references[i].columns[k].type};
    c->scope = (struct expr_scope){names, n};
    return !loader->memory_out;
}

static void load_derived(struct loader *loader, const struct yaml_node *node)
{
    struct contract *c = loader->contract;
    size_t count = node ? node->count : 0;
    if (!build_scope(loader, count))
        return;
    c->derived = load_alloc(loader, count, sizeof *c->derived);
    for (size_t i = 0; c->derived && i < count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        struct derived *derived = &c->derived[i];
        struct expr_name *name = (struct expr_name *)&c->scope.names[c->scope.count];
        check_new_name(loader, &pair->key, "derived column's");
        derived->name = load_copy(loader, pair->key.text);
        derived->text = load_copy(loader, pair->value.text);
        derived->line = pair->key.line;
        derived->expr = load_expression(loader, &pair->value, c->scope.count, &derived->type);
        if (!derived->expr)
            load_taint(loader, derived->name);
        *name = (struct expr_name){derived->name, derived->type};
        c->scope.count++;
        c->derived_count++;
    }
}

/* ---- rules ---- */

struct rule_draft {
    struct rule *rule;
};

static void rule_id(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct rule_draft *draft = at;
    const struct contract *c = loader->contract;
    draft->rule->id = load_copy(loader, node->text);
    if (!name_valid(node->text))
        load_error(loader, node, "'" STR_FMT "' is no rule id: a lower-case letter, then letters, digits or _",
            STR_ARG(node->text));
    for (uint32_t i = 0; i < c->rule_count; i++)
        if (str_eq(c->rules[i].id, node->text))
            load_error(loader, node, "the rule id '" STR_FMT "' stands twice, first in line %d", STR_ARG(node->text),
                c->rules[i].line);
}

static void rule_check(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct rule_draft *draft = at;
    draft->rule->text = load_copy(loader, node->text);
    draft->rule->expr = load_condition(loader, node, loader->contract->scope.count, "a rule");
}

static void rule_severity(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"warn", "reject", "quarantine"};
    struct rule_draft *draft = at;
    int word = load_word(loader, node, words, 3);
    if (word >= 0)
        draft->rule->severity = (enum severity)word;
}

static void rule_tolerate(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct rule_draft *draft = at;
    load_whole(loader, node, 0, INT64_MAX, &draft->rule->tolerate);
}

static const struct section_key rule_keys[] = {
    {"id", KIND_TEXT, rule_id, 0},
    {"check", KIND_TEXT, rule_check, 0},
    {"severity", KIND_TEXT, rule_severity, 0},
    {"tolerate", KIND_TEXT, rule_tolerate, 0},
    {"title", KIND_TEXT, NULL, 0},
    {"description", KIND_TEXT, NULL, 0},
};
static const struct section rule_section = SECTION("rule", rule_keys);

static void load_rules(struct loader *loader, const struct yaml_node *node)
{
    struct contract *c = loader->contract;
    if (!node)
        return;
    c->rules = load_alloc(loader, node->count, sizeof *c->rules);
    for (size_t i = 0; c->rules && i < node->count; i++) {
        struct rule_draft draft = {.rule = &c->rules[i]};
        draft.rule->severity = SEVERITY_REJECT;
        draft.rule->line = node->items[i].line;
        section_load(loader, &rule_section, &node->items[i], &draft);
        if (node->items[i].kind == YAML_MAP &&
            (!yaml_get(&node->items[i], "id") || !yaml_get(&node->items[i], "check")))
            load_error(loader, &node->items[i], "a rule needs an id and a check");
        c->rule_count++;
    }
}

/* ---- partition ---- */

static bool is_field_itself(struct str name, struct str text)
{
    text = str_trim(text);
    if (text.n > 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
        return str_eq(name, (struct str){text.p + 1, text.n - 2});
    return str_eq_nocase_ascii(name, text);
}

static void load_partition(struct loader *loader, const struct yaml_pair *pair, struct partition_column *column)
{
    const char *by;
    column->name = load_copy(loader, pair->key.text);
    column->text = load_copy(loader, pair->value.text);
    if (load_name_ok(loader, &pair->key, column->name, "partition's") && name_taken(loader, column->name, &by) &&
        !is_field_itself(column->name, column->text))
        load_error(loader, &pair->key,
            "the name '" STR_FMT "' is taken by %s, and this partition is not that column itself",
            STR_ARG(column->name), by);
    column->expr = load_expression(loader, &pair->value, loader->contract->scope.count, &column->type);
    if (!column->expr)
        return;
    switch (column->type.kind) {
    case TYPE_STRING:
    case TYPE_INTEGER:
    case TYPE_DATE:
    case TYPE_BOOLEAN:
        return;
    default:
        load_error(loader, &pair->value, "a partition is a string, integer, date or boolean, not a %s",
            type_kind_name(column->type.kind));
    }
}

static void load_partitions(struct loader *loader, const struct yaml_node *node)
{
    enum { MAX_PARTITION_COLUMNS = 16 };
    struct contract *c = loader->contract;
    if (!node)
        return;
    if (node->count > MAX_PARTITION_COLUMNS)
        load_error(loader, node, "more than %d partition columns", MAX_PARTITION_COLUMNS);
    c->partitions = load_alloc(loader, node->count, sizeof *c->partitions);
    for (size_t i = 0; c->partitions && i < node->count; i++)
        load_partition(loader, &node->pairs[i], &c->partitions[c->partition_count++]);
}

/* A section whose kind is right: else the top level has said so. */
static const struct yaml_node *section_of(const struct loader *loader, const char *key, enum yaml_kind kind)
{
    const struct yaml_node *node = yaml_get(loader->root, key);
    return node && node->kind == kind ? node : NULL;
}

void load_logic(struct loader *loader)
{
    struct contract *c = loader->contract;
    const struct yaml_node *filter = section_of(loader, "filter", YAML_TEXT);
    load_references(loader, section_of(loader, "reference", YAML_MAP));
    load_derived(loader, section_of(loader, "derive", YAML_MAP));
    if (loader->memory_out)
        return;
    if (filter) {
        c->filter_text = load_copy(loader, filter->text);
        c->filter = load_condition(loader, filter, c->scope.count, "filter");
    }
    load_rules(loader, section_of(loader, "rules", YAML_LIST));
    load_partitions(loader, section_of(loader, "partition", YAML_MAP));
    load_gold(loader, section_of(loader, "gold", YAML_MAP));
}
