#include "worker/config/override.h"

#include "shared/suggest.h"
#include "shared/utf8.h"
#include "worker/config/load.h"

#include <jansson.h>

enum { MAX_TEXT = 8 * 1024 * 1024, MAX_PARTS = 8 };

/* ---- a set of them ---- */

static int order(const struct override *a, const struct override *b)
{
    return a->map != b->map ? (a->map ? -1 : 1) : str_cmp(a->key, b->key);
}

static bool texts_ok(struct str key, struct str value, struct err *err)
{
    if (key.n > OVERRIDE_MAX_BYTES || value.n > OVERRIDE_MAX_BYTES)
        return ERR(err, ERR_USAGE, "an override of more than %d bytes", OVERRIDE_MAX_BYTES);
    if (!utf8_valid(key) || !utf8_valid(value) || memchr(key.p, 0, key.n) || memchr(value.p, 0, value.n))
        return ERR(err, ERR_USAGE, "an override must be UTF-8 without NUL");
    return true;
}

bool overrides_put(
    struct overrides *overrides, bool map, struct str key, struct str value, struct arena *arena, struct err *err)
{
    size_t at = 0;
    if (!texts_ok(key, value, err))
        return false;
    if (!map && str_eq(value, STR("\\t")))
        value = STR("\t");
    struct override one = {.map = map,
        .key = arena_str(arena, key),
        .value = arena_str(arena, value),
        .name = arena_printf(arena, "%s " STR_FMT, map ? "--map" : "--set", STR_ARG(key))};
    if (!one.key.p || !one.value.p || !one.name)
        return ERR(err, ERR_MEMORY, "no memory for an override");
    while (at < overrides->count && order(&overrides->list[at], &one) < 0)
        at++;
    if (at < overrides->count && order(&overrides->list[at], &one) == 0) {
        overrides->list[at] = one;
        return true;
    }
    if (overrides->count == OVERRIDES_MAX)
        return ERR(err, ERR_USAGE, "more than %d overrides: change the contract instead", OVERRIDES_MAX);
    memmove(&overrides->list[at + 1], &overrides->list[at], (overrides->count - at) * sizeof one);
    overrides->list[at] = one;
    overrides->count++;
    return true;
}

/* A label may hold '=', a field's name cannot; with a path it is the other way round. */
static size_t split_at(bool map, struct str text)
{
    if (!map)
        return str_find_byte(text, '=');
    for (size_t i = text.n; i > 0; i--)
        if (text.p[i - 1] == '=')
            return i - 1;
    return text.n;
}

bool overrides_add(struct overrides *overrides, bool map, struct str text, struct arena *arena, struct err *err)
{
    size_t at = split_at(map, text);
    if (at == 0 || at >= text.n) {
        ERR(err, ERR_USAGE, "%s " STR_FMT ": there is no '=' with something before it", map ? "--map" : "--set",
            STR_ARG(text));
        return err_hint(err, map ? "--map 'Price EUR=unit_price': the label as it stands in the file, then the field."
                                 : "--set fields.unit_price.decimalChar=, or --set 'dialect.delimiter=;'");
    }
    return overrides_put(
        overrides, map, (struct str){text.p, at}, (struct str){text.p + at + 1, text.n - at - 1}, arena, err);
}

static void write_kind(const struct overrides *overrides, bool map, struct json *json)
{
    jsonw_key(json, map ? "map" : "set");
    jsonw_object_begin(json);
    for (size_t i = 0; i < overrides->count; i++) {
        if (overrides->list[i].map != map)
            continue;
        jsonw_key_str(json, overrides->list[i].key);
        jsonw_string(json, overrides->list[i].value);
    }
    jsonw_object_end(json);
}

void overrides_write(const struct overrides *overrides, struct json *json)
{
    jsonw_object_begin(json);
    write_kind(overrides, true, json);
    write_kind(overrides, false, json);
    jsonw_object_end(json);
}

bool overrides_text(const struct overrides *overrides, struct str *text, struct arena *arena, struct err *err)
{
    struct buf out;
    struct json json;
    buf_init(&out, MAX_TEXT);
    jsonw_init(&json, &out);
    overrides_write(overrides, &json);
    bool ok = buf_ok(&out, "overrides", err);
    *text = ok ? arena_str(arena, buf_str(&out)) : STR("");
    buf_dispose(&out);
    return ok && (text->p || ERR(err, ERR_MEMORY, "no memory for overrides"));
}

static bool read_kind(struct overrides *overrides, json_t *object, bool map, struct arena *arena, struct err *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return ERR(err, ERR_CORRUPT, "overrides have no map named %s", map ? "map" : "set");
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return ERR(err, ERR_CORRUPT, "the override of '%.100s' is no text", key);
        struct str text = {json_string_value(value), json_string_length(value)};
        if (!overrides_put(overrides, map, str_of(key), text, arena, err))
            return false;
    }
    return true;
}

bool overrides_read(struct overrides *overrides, struct str text, struct arena *arena, struct err *err)
{
    json_t *root = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
    bool ok = root || ERR(err, ERR_CORRUPT, "overrides are not JSON");
    ok = ok && read_kind(overrides, json_object_get(root, "map"), true, arena, err) &&
         read_kind(overrides, json_object_get(root, "set"), false, arena, err);
    json_decref(root);
    return ok;
}

bool overrides_hash(const struct overrides *overrides, char out[SHA256_TEXT_SIZE], struct err *err)
{
    struct buf text;
    struct json json;
    buf_init(&text, MAX_TEXT);
    jsonw_init(&json, &text);
    overrides_write(overrides, &json);
    bool ok = buf_ok(&text, "overrides", err);
    if (ok)
        sha256_of(buf_str(&text), out);
    buf_dispose(&text);
    return ok;
}

/* ---- over the contract's tree ---- */

struct overlay {
    const struct override *override;
    int line; /* of the nodes it makes */
    struct yaml_node *schema;
    struct findings *findings;
    struct arena *arena;
    struct err *err;
    bool memory_out;
};

static void refuse(struct overlay *overlay, const char *before, struct str what, const char *after, struct str best)
{
    const char *name = overlay->override->name;
    if (best.n)
        finding_add(overlay->findings, name, 0, 0, false, "%s'" STR_FMT "'%s: did you mean '" STR_FMT "'?", before,
            STR_ARG(what), after, STR_ARG(best));
    else
        finding_add(overlay->findings, name, 0, 0, false, "%s'" STR_FMT "'%s", before, STR_ARG(what), after);
}

static struct yaml_node text_node(const struct overlay *overlay, struct str text)
{
    return (struct yaml_node){.kind = YAML_TEXT, .plain = true, .line = overlay->line, .text = text, .raw = text};
}

/* The value of a key, which is made when it is not there. NULL: memory. */
static struct yaml_node *member(struct overlay *overlay, struct yaml_node *map, struct str key)
{
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->pairs[i].key.text, key))
            return &map->pairs[i].value;
    struct yaml_pair *pairs = ARENA_ARRAY(overlay->arena, struct yaml_pair, map->count + 1);
    if (!pairs) {
        overlay->memory_out = true;
        return NULL;
    }
    if (map->count)
        memcpy(pairs, map->pairs, map->count * sizeof *pairs);
    pairs[map->count].key = text_node(overlay, key);
    pairs[map->count].value = (struct yaml_node){.kind = YAML_NOTHING, .line = overlay->line};
    map->pairs = pairs;
    return &map->pairs[map->count++].value;
}

static void drop(struct yaml_node *map, const char *key)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++)
        if (!str_eq(map->pairs[i].key.text, str_of(key)))
            map->pairs[kept++] = map->pairs[i];
    map->count = kept;
}

/* The item of a list of maps whose id key is name. */
static struct yaml_node *item(
    struct overlay *overlay, struct yaml_node *list, const char *id, struct str name, const char *kind)
{
    struct suggestion near;
    suggest_init(&near, name);
    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *value = yaml_get(&list->items[i], id);
        if (!value || value->kind != YAML_TEXT)
            continue;
        if (str_eq(value->text, name))
            return &list->items[i];
        suggest_offer(&near, value->text);
    }
    refuse(overlay, kind, name, "", near.best);
    return NULL;
}

static struct yaml_node *field_node(struct overlay *overlay, struct str name)
{
    return item(overlay, member(overlay, overlay->schema, STR("fields")), "name", name, "no such field ");
}

/* A list is written as JSON or YAML has it; all else is the text itself. */
static void assign(struct overlay *overlay, struct yaml_node *node)
{
    struct str value = overlay->override->value;
    struct yaml_fault fault = {0};
    if (!value.n || value.p[0] != '[') {
        *node = text_node(overlay, value);
        return;
    }
    const struct yaml_node *list = yaml_parse(value, overlay->arena, &fault);
    if (!list && !fault.line)
        overlay->memory_out = true;
    else if (!list || list->kind != YAML_LIST)
        refuse(overlay, "", value, " is no list", STR(""));
    else {
        *node = *list;
        node->line = overlay->line;
        for (size_t i = 0; i < node->count; i++)
            node->items[i].line = overlay->line;
    }
}

static void set_below(struct overlay *overlay, struct yaml_node *node, const struct str *parts, size_t count)
{
    for (size_t i = 0; node && i < count; i++) {
        if (node->kind == YAML_NOTHING)
            *node = (struct yaml_node){.kind = YAML_MAP, .line = overlay->line};
        if (node->kind != YAML_MAP) {
            refuse(overlay, "what is there has no ", parts[i], " below it", STR(""));
            return;
        }
        node = member(overlay, node, parts[i]);
    }
    if (node)
        assign(overlay, node);
}

/* What one run may read otherwise. Where files lie and what is published where stays the contract's. */
static const struct target {
    const char *name;
    bool in_schema;
    const char *id; /* a list of maps: the key that names them, and what is said of one that is not there */
    const char *kind;
    size_t least; /* parts of the path */
} targets[] = {
    {"dialect", false, NULL, NULL, 2},
    {"encoding", false, NULL, NULL, 1},
    {"blankRows", false, NULL, NULL, 1},
    {"limits", false, NULL, NULL, 2},
    {"filter", false, NULL, NULL, 1},
    {"rules", false, "id", "no such rule ", 3},
    {"fields", true, "name", "no such field ", 3},
    {"missingValues", true, NULL, NULL, 1},
    {"fieldsMatch", true, NULL, NULL, 1},
    {"extraColumns", true, NULL, NULL, 1},
    {"defaults", true, NULL, NULL, 3},
};
enum { TARGETS = sizeof targets / sizeof *targets };

static const char unchangeable[] = " cannot be changed for one run: change the contract";

/* What is written stays what it is, and what is masked stays masked. */
static bool run_may_change(struct overlay *overlay, struct str last)
{
    static const char *const kept[] = {"name", "id", "type", "precision", "scale", "float", "sensitive"};
    bool ok = !(str_eq(last, STR("extraColumns")) && str_eq(overlay->override->value, STR("rescue")));
    for (size_t i = 0; ok && i < sizeof kept / sizeof *kept; i++)
        ok = !str_eq(last, str_of(kept[i]));
    if (!ok)
        refuse(overlay, "", last, unchangeable, STR(""));
    return ok;
}

static const struct target *find_target(struct overlay *overlay, struct str name)
{
    static const char *const fixed[] = {"dataset", "source", "reference", "expect", "output", "archive", "warehouse",
        "gold", "partition", "derive", "primaryKey"};
    struct suggestion near;
    for (size_t i = 0; i < TARGETS; i++)
        if (str_eq(name, str_of(targets[i].name)))
            return &targets[i];
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (str_eq(name, str_of(fixed[i]))) {
            refuse(overlay, "", name, unchangeable, STR(""));
            return NULL;
        }
    suggest_init(&near, name);
    for (size_t i = 0; i < TARGETS; i++)
        suggest_offer(&near, str_of(targets[i].name));
    refuse(overlay, "a contract has no ", name, "", near.best);
    return NULL;
}

static size_t split_path(struct str path, struct str *parts)
{
    size_t count = 0;
    for (;;) {
        size_t n = str_find_byte(path, '.');
        if (count < MAX_PARTS)
            parts[count] = (struct str){path.p, n};
        count++;
        if (n == path.n)
            return count;
        path = (struct str){path.p + n + 1, path.n - n - 1};
    }
}

static void apply_set(struct overlay *overlay, struct yaml_node *root)
{
    struct str all[MAX_PARTS], *parts = all;
    size_t count = split_path(overlay->override->key, all);
    if (count > 1 && count <= MAX_PARTS && str_eq(parts[0], STR("schema")))
        parts++, count--;
    if (count > MAX_PARTS) {
        refuse(overlay, "", overlay->override->key, " has too many parts", STR(""));
        return;
    }
    const struct target *target = find_target(overlay, parts[0]);
    if (!target)
        return;
    if (count < target->least) {
        refuse(overlay, "", overlay->override->key, " names too little: what of it?", STR(""));
        return;
    }
    if (!run_may_change(overlay, parts[count - 1]))
        return;
    struct yaml_node *node = member(overlay, target->in_schema ? overlay->schema : root, parts[0]);
    if (node && target->id)
        node = item(overlay, node, target->id, parts[1], target->kind);
    size_t used = target->id ? 2 : 1;
    set_below(overlay, node, parts + used, count - used);
}

/* As if the contract had this label: it beats position, name and aliases. */
static void apply_map(struct overlay *overlay)
{
    struct yaml_node *field = field_node(overlay, overlay->override->value);
    if (!field)
        return;
    const struct yaml_node *before = yaml_get(field, "label");
    if (before && before->line < 0) {
        refuse(overlay, "", overlay->override->value, " has another --map already", STR(""));
        return;
    }
    struct yaml_node *label = member(overlay, field, STR("label"));
    if (label)
        *label = text_node(overlay, overlay->override->key);
    drop(field, "position");
}

bool overrides_apply(const struct overrides *overrides, struct yaml_node *root, struct findings *findings,
    struct arena *arena, struct err *err)
{
    struct overlay overlay = {.schema = root, .findings = findings, .arena = arena, .err = err};
    if (root->kind != YAML_MAP)
        return true; /* the loader says so */
    bool plain = yaml_get(root, "fields") && !yaml_get(root, "dataset") && !yaml_get(root, "schema");
    for (size_t i = 0; i < overrides->count && !overlay.memory_out; i++) {
        overlay.override = &overrides->list[i];
        overlay.line = -1 - (int)i;
        if (!plain)
            overlay.schema = member(&overlay, root, STR("schema"));
        if (!overlay.schema)
            break;
        if (overlay.schema->kind != YAML_MAP)
            return true;
        if (overlay.override->map)
            apply_map(&overlay);
        else
            apply_set(&overlay, root);
    }
    return !overlay.memory_out || ERR(err, ERR_MEMORY, "no memory for overrides");
}
