#include "worker/config/contract_edit.h"

#include "shared/utf8.h"
#include "worker/config/load.h"

#include <string.h>

enum { MAX_PARTS = 8 };

struct edit {
    struct str text; /* as it is so far */
    const struct yaml_node *root;
    const struct override *override;
    struct arena *arena;
    struct err *err;
};

static bool by_hand(struct edit *edit, const char *why)
{
    ERR(edit->err, ERR_CONFIG, "%s cannot be written into the contract: %s", edit->override->name, why);
    return err_hint(edit->err, "Edit the contract's file yourself; 'sluiced check' tells whether it is well.");
}

static bool no_memory(struct edit *edit)
{
    return ERR(edit->err, ERR_MEMORY, "no memory to edit a contract");
}

/* ---- places in the text ---- */

/* Where a node begins; columns count code points. */
static size_t offset_of(struct str text, const struct yaml_node *node)
{
    size_t at = 0;
    for (int line = 1; line < node->line && at < text.n; line++)
        at += str_find_byte((struct str){text.p + at, text.n - at}, '\n') + 1;
    for (int column = 1; column < node->column && at < text.n; column++) {
        uint32_t c;
        size_t n = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        at += n ? n : 1;
    }
    return at < text.n ? at : text.n;
}

static size_t end_of_line(struct str text, size_t at)
{
    size_t n = str_find_byte((struct str){text.p + at, text.n - at}, '\n');
    return at + n;
}

/* Behind the quote that closes the one at. */
static size_t skip_quoted(struct str text, size_t at)
{
    char quote = text.p[at++];
    for (; at < text.n; at++) {
        if (quote == '"' && text.p[at] == '\\')
            at++;
        else if (text.p[at] == quote && quote == '\'' && at + 1 < text.n && text.p[at + 1] == quote)
            at++;
        else if (text.p[at] == quote)
            return at + 1;
    }
    return text.n;
}

/* The bracket that closes the one at; text.n: none. */
static size_t closing(struct str text, size_t at)
{
    int depth = 0;
    while (at < text.n) {
        char c = text.p[at];
        bool begins = at == 0 || strchr(" \t\n,[{:", text.p[at - 1]);
        if ((c == '"' || c == '\'') && begins) {
            at = skip_quoted(text, at);
            continue;
        }
        if (c == '#' && at && strchr(" \t\n", text.p[at - 1])) {
            at = end_of_line(text, at);
            continue;
        }
        depth += (c == '[' || c == '{') - (c == ']' || c == '}');
        if (!depth)
            return at;
        at++;
    }
    return text.n;
}

static bool is_flow(struct str text, size_t at)
{
    return at < text.n && (text.p[at] == '{' || text.p[at] == '[');
}

static bool splice(struct edit *edit, size_t at, size_t remove, struct str with)
{
    size_t n = edit->text.n - remove + with.n;
    char *text = arena_alloc(edit->arena, n + 1);
    if (!text)
        return no_memory(edit);
    memcpy(text, edit->text.p, at);
    memcpy(text + at, with.p, with.n);
    memcpy(text + at + with.n, edit->text.p + at + remove, edit->text.n - at - remove);
    text[n] = '\0';
    edit->text = (struct str){text, n};
    return true;
}

/* ---- values as YAML ---- */

static bool is_plain(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !(i && strchr("_.-/", c)))
            return false;
    }
    return value.n > 0;
}

static void add_value(struct buf *out, struct str value)
{
    struct json json;
    if (is_plain(value) || (value.n && value.p[0] == '[')) {
        buf_add_str(out, value);
        return;
    }
    jsonw_init(&json, out);
    jsonw_string(&json, value);
}

/* "key: value", or with more parts "key: {next: value}". */
static void add_pair(struct buf *out, const struct str *parts, size_t count, struct str value)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s" STR_FMT ": ", i ? "{" : "", STR_ARG(parts[i]));
    add_value(out, value);
    for (size_t i = 1; i < count; i++)
        buf_add_byte(out, '}');
}

/* ---- edits ---- */

static bool insert_flow(struct edit *edit, size_t open, bool empty, struct str what)
{
    struct buf out;
    size_t close = closing(edit->text, open), at = close;
    if (close == edit->text.n)
        return by_hand(edit, "its brackets are not understood");
    while (at > open + 1 && strchr(" \t\r\n", edit->text.p[at - 1]))
        at--;
    buf_init(&out, YAML_MAX_BYTES);
    buf_add_cstr(&out, empty ? "" : ", ");
    buf_add_str(&out, what);
    bool ok = buf_ok(&out, "an edit", edit->err) && splice(edit, at, 0, buf_str(&out));
    buf_dispose(&out);
    return ok;
}

/* A line of its own: behind the first pair, when that ends where it can be seen, or before it. */
static bool insert_block(struct edit *edit, const struct yaml_node *map, struct str what)
{
    const struct yaml_pair *first = &map->pairs[0];
    size_t key = offset_of(edit->text, &first->key), value = offset_of(edit->text, &first->value), at;
    struct buf out;
    size_t begin = key;
    while (begin && edit->text.p[begin - 1] != '\n')
        begin--;
    if (first->value.kind == YAML_TEXT)
        at = end_of_line(edit->text, value + (first->value.raw.n ? first->value.raw.n - 1 : 0));
    else if (is_flow(edit->text, value))
        at = end_of_line(edit->text, closing(edit->text, value));
    else if (str_trim((struct str){edit->text.p + begin, key - begin}).n == 0)
        at = begin ? begin - 1 : 0;
    else
        return by_hand(edit, "there is no place for it");
    buf_init(&out, YAML_MAX_BYTES);
    buf_printf(&out, "\n%*s", (int)(key - begin), "");
    buf_add_str(&out, what);
    bool ok = buf_ok(&out, "an edit", edit->err) && splice(edit, at, 0, buf_str(&out));
    buf_dispose(&out);
    return ok;
}

static bool insert(
    struct edit *edit, const struct yaml_node *map, const struct str *parts, size_t count, struct str value)
{
    struct buf out;
    size_t at = offset_of(edit->text, map);
    if (map->kind != YAML_MAP)
        return by_hand(edit, "what is there has nothing below it");
    buf_init(&out, YAML_MAX_BYTES);
    add_pair(&out, parts, count, value);
    bool ok = buf_ok(&out, "an edit", edit->err) &&
              (is_flow(edit->text, at) ? insert_flow(edit, at, !map->count, buf_str(&out))
                  : map->count         ? insert_block(edit, map, buf_str(&out))
                                       : by_hand(edit, "there is no place for it"));
    buf_dispose(&out);
    return ok;
}

static bool replace(struct edit *edit, const struct yaml_node *node, struct str value)
{
    size_t at = offset_of(edit->text, node), n = node->raw.n;
    struct buf out;
    if (is_flow(edit->text, at) && (node->kind == YAML_LIST || node->kind == YAML_MAP))
        n = closing(edit->text, at) - at + 1;
    else if (node->kind != YAML_TEXT || !n || strchr("|>", node->raw.p[0]))
        return by_hand(edit, "what is there spans lines");
    if (at + n > edit->text.n)
        return by_hand(edit, "its end is not understood");
    buf_init(&out, YAML_MAX_BYTES);
    add_value(&out, value);
    bool ok = buf_ok(&out, "an edit", edit->err) && splice(edit, at, n, buf_str(&out));
    buf_dispose(&out);
    return ok;
}

static const struct yaml_node *child(const struct yaml_node *map, struct str key)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
        if (str_eq(map->pairs[i].key.text, key))
            return &map->pairs[i].value;
    return NULL;
}

static const struct yaml_node *named(const struct yaml_node *list, const char *id, struct str name)
{
    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *value = yaml_get(&list->items[i], id);
        if (value && value->kind == YAML_TEXT && str_eq(value->text, name))
            return &list->items[i];
    }
    return NULL;
}

static bool is_of_schema(struct str part)
{
    static const char *const names[] = {"fields", "missingValues", "fieldsMatch", "extraColumns", "defaults"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(part, str_of(names[i])))
            return true;
    return false;
}

static const struct yaml_node *schema_of(const struct edit *edit)
{
    const struct yaml_node *schema = yaml_get(edit->root, "schema");
    return schema ? schema : edit->root;
}

static bool apply_set(struct edit *edit)
{
    struct str parts[MAX_PARTS], path = edit->override->key, value = edit->override->value;
    size_t count = 0, used = 0;
    for (size_t n; count < MAX_PARTS; path = (struct str){path.p + n + 1, path.n - n - 1}) {
        n = str_find_byte(path, '.');
        parts[count++] = (struct str){path.p, n};
        if (n == path.n)
            break;
    }
    used = count > 1 && str_eq(parts[0], STR("schema"));
    const struct yaml_node *node = is_of_schema(parts[used]) ? schema_of(edit) : edit->root;
    bool fields = str_eq(parts[used], STR("fields"));
    if ((fields || str_eq(parts[used], STR("rules"))) && count > used + 1) {
        node = named(child(node, parts[used]), fields ? "name" : "id", parts[used + 1]);
        used += 2;
    }
    if (!node)
        return by_hand(edit, "what it names is not there");
    for (; used < count; used++) {
        const struct yaml_node *next = child(node, parts[used]);
        if (!next)
            return insert(edit, node, parts + used, count - used, value);
        node = next;
    }
    return replace(edit, node, value);
}

/* One name more for the field: files that have the old one load on. */
static bool apply_map(struct edit *edit)
{
    const struct yaml_node *field = named(yaml_get(schema_of(edit), "fields"), "name", edit->override->value);
    const struct yaml_node *aliases = field ? yaml_get(field, "aliases") : NULL;
    struct str key = STR("aliases");
    struct buf list;
    struct json json;
    if (!field)
        return by_hand(edit, "there is no such field");
    if (yaml_get(field, "position"))
        return by_hand(edit, "the field is bound by its position");
    size_t at = aliases ? offset_of(edit->text, aliases) : 0;
    if (aliases && !is_flow(edit->text, at))
        return by_hand(edit, "its aliases span lines");
    buf_init(&list, YAML_MAX_BYTES);
    jsonw_init(&json, &list);
    if (!aliases)
        jsonw_array_begin(&json);
    jsonw_string(&json, edit->override->key);
    if (!aliases)
        jsonw_array_end(&json);
    bool ok = buf_ok(&list, "an edit", edit->err) && (aliases ? insert_flow(edit, at, !aliases->count, buf_str(&list))
                                                              : insert(edit, field, &key, 1, buf_str(&list)));
    buf_dispose(&list);
    return ok;
}

/* ---- what came of it ---- */

static bool same_tree(const struct yaml_node *a, const struct yaml_node *b)
{
    if (a->kind != b->kind || a->count != b->count)
        return false;
    if (a->kind == YAML_TEXT)
        return str_eq(a->text, b->text);
    for (size_t i = 0; a->kind == YAML_LIST && i < a->count; i++)
        if (!same_tree(&a->items[i], &b->items[i]))
            return false;
    for (size_t i = 0; a->kind == YAML_MAP && i < a->count; i++) {
        const struct yaml_node *other = child(b, a->pairs[i].key.text);
        if (!other || !same_tree(&a->pairs[i].value, other))
            return false;
    }
    return true;
}

static struct yaml_node *parse(struct edit *edit, struct str text)
{
    struct yaml_fault fault = {0};
    struct yaml_node *root = yaml_parse(text, edit->arena, &fault);
    if (!root && fault.line)
        by_hand(edit, fault.message);
    else if (!root)
        no_memory(edit);
    return root;
}

/* The text says what the override means; a map is seen by the alias alone. */
static bool check(struct edit *edit, struct str before)
{
    struct findings findings = {.arena = edit->arena};
    struct overrides *one = ARENA_NEW(edit->arena, struct overrides);
    struct yaml_node *expected = parse(edit, before), *found = expected ? parse(edit, edit->text) : NULL;
    if (!one || !expected || !found)
        return one ? false : no_memory(edit);
    edit->root = found;
    if (edit->override->map) {
        const struct yaml_node *field = named(yaml_get(schema_of(edit), "fields"), "name", edit->override->value);
        const struct yaml_node *aliases = field ? yaml_get(field, "aliases") : NULL;
        for (size_t i = 0; aliases && aliases->kind == YAML_LIST && i < aliases->count; i++)
            if (str_eq(aliases->items[i].text, edit->override->key))
                return true;
        return by_hand(edit, "the edit came out otherwise");
    }
    one->list[one->count++] = *edit->override;
    return overrides_apply(one, expected, &findings, edit->arena, edit->err) &&
           ((!findings.errors && same_tree(expected, found)) || by_hand(edit, "the edit came out otherwise"));
}

bool contract_edit(
    struct str text, const struct overrides *overrides, struct str *out, struct arena *arena, struct err *err)
{
    struct edit edit = {.text = text, .arena = arena, .err = err};
    for (size_t i = 0; i < overrides->count; i++) {
        struct str before = edit.text;
        edit.override = &overrides->list[i];
        edit.root = parse(&edit, edit.text);
        if (!edit.root || !(edit.override->map ? apply_map(&edit) : apply_set(&edit)) || !check(&edit, before))
            return false;
    }
    *out = edit.text;
    return true;
}
