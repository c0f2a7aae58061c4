#include "worker/config/load.h"

#include "shared/suggest.h"
#include "shared/utf8.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_MAX = 1000, FINDINGS_MAX = 2000 };

static void add_finding(
    struct findings *findings, const char *file, int line, int column, bool warning, const char *format, va_list args)
{
    struct buf clean;
    char plain[MESSAGE_MAX];
    findings->errors += !warning;
    if (findings->count >= FINDINGS_MAX)
        return;
    vsnprintf(plain, sizeof plain, format, args);
    buf_init(&clean, 16 * MESSAGE_MAX);
    utf8_sanitise(&clean, str_of(plain));
    struct finding finding = {
        str_of(arena_cstr(findings->arena, file)), line, column, warning, arena_str(findings->arena, buf_str(&clean))};
    /* A finding that can't be kept still counts: a contract with a mistake is never taken for a good one. */
    if (finding.message.p &&
        arena_reserve(findings->arena, (void **)&findings->list, findings->count, &findings->capacity, sizeof finding))
        findings->list[findings->count++] = finding;
    buf_dispose(&clean);
}

static bool stands_before(const struct finding *a, const struct finding *b, struct str own)
{
    bool a_own = str_eq(a->file, own), b_own = str_eq(b->file, own);
    if (a_own != b_own)
        return a_own;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void findings_sort(struct findings *findings, size_t from, const char *own)
{
    struct finding *list = findings->list;
    for (size_t i = from + 1; i < findings->count; i++) {
        struct finding one = list[i];
        size_t at = i;
        for (; at > from && stands_before(&one, &list[at - 1], str_of(own)); at--)
            list[at] = list[at - 1];
        list[at] = one;
    }
}

void finding_add(
    struct findings *findings, const char *file, int line, int column, bool warning, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_finding(findings, file, line, column, warning, format, args);
    va_end(args);
}

/* Nodes that an override made stand nowhere in the file: they have its name. */
static const char *place_of(const struct loader *loader, int *line, int *column)
{
    if (*line >= 0)
        return loader->path;
    const char *name = loader->overrides->list[-1 - *line].name;
    *line = *column = 0;
    return name;
}

void load_error(struct loader *loader, const struct yaml_node *at, const char *format, ...)
{
    va_list args;
    int line = at->line, column = at->column;
    const char *file = place_of(loader, &line, &column);
    va_start(args, format);
    if (!loader->quiet)
        add_finding(loader->findings, file, line, column, false, format, args);
    va_end(args);
}

void load_warning(struct loader *loader, const struct yaml_node *at, const char *format, ...)
{
    va_list args;
    int line = at->line, column = at->column;
    const char *file = place_of(loader, &line, &column);
    va_start(args, format);
    if (!loader->quiet)
        add_finding(loader->findings, file, line, column, true, format, args);
    va_end(args);
}

void load_error_inside(struct loader *loader, const struct yaml_node *at, size_t offset, const char *format, ...)
{
    int line, column;
    va_list args;
    if (at->line < 0)
        line = at->line;
    else
        yaml_locate(at, offset, &line, &column);
    const char *file = place_of(loader, &line, &column);
    va_start(args, format);
    if (!loader->quiet)
        add_finding(loader->findings, file, line, column, false, format, args);
    va_end(args);
}

void *load_alloc(struct loader *loader, size_t count, size_t size)
{
    void *p = arena_calloc(loader->arena, count ? count : 1, size);
    if (!p && !loader->memory_out) {
        loader->memory_out = true;
        ERR(loader->err, ERR_MEMORY, "no memory for the contract %s", loader->path);
    }
    return p;
}

struct str load_copy(struct loader *loader, struct str s)
{
    char *p = load_alloc(loader, s.n + 1, 1);
    if (!p)
        return STR("");
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

void load_taint(struct loader *loader, struct str name)
{
    if (!name.n)
        return;
    if (arena_reserve(
            loader->arena, (void **)&loader->tainted, loader->tainted_count, &loader->tainted_capacity, sizeof name))
        loader->tainted[loader->tainted_count++] = name;
}

static const char *kind_name(enum yaml_kind kind)
{
    static const char *const names[] = {"nothing", "a value", "a list", "a map"};
    return names[kind];
}

static const struct section_key *find_key(const struct section *section, struct str name)
{
    for (size_t i = 0; i < section->count; i++)
        if (str_eq(name, str_of(section->keys[i].name)))
            return &section->keys[i];
    return NULL;
}

static void unknown_key(struct loader *loader, const struct section *section, const struct yaml_node *key)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, key->text);
    for (size_t i = 0; i < section->count; i++)
        suggest_offer(&suggestion, str_of(section->keys[i].name));
    const char *in = *section->name ? " in " : "";
    if (suggestion.best.n)
        load_error(loader, key, "unknown key '" STR_FMT "'%s%s: did you mean '" STR_FMT "'?", STR_ARG(key->text), in,
            section->name, STR_ARG(suggestion.best));
    else
        load_error(loader, key, "unknown key '" STR_FMT "'%s%s", STR_ARG(key->text), in, section->name);
}

static bool kind_ok(struct loader *loader, const struct section_key *key, const struct yaml_node *value)
{
    if (key->kinds & (1u << value->kind))
        return true;
    if (!key->load && value->kind == YAML_NOTHING)
        return true;
    const char *wants = key->kinds == KIND_TEXT                 ? "a value"
                        : key->kinds == KIND_LIST               ? "a list"
                        : key->kinds == KIND_MAP                ? "a map"
                        : key->kinds == (KIND_TEXT | KIND_LIST) ? "a value or a list"
                                                                : "a map or a list";
    load_error(loader, value, "'%s' wants %s, not %s", key->name, wants, kind_name(value->kind));
    return false;
}

void section_load(struct loader *loader, const struct section *section, const struct yaml_node *node, void *target)
{
    if (node->kind != YAML_MAP) {
        load_error(loader, node, "'%s' wants a map, not %s", section->name, kind_name(node->kind));
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        if (!find_key(section, node->pairs[i].key.text))
            unknown_key(loader, section, &node->pairs[i].key);
    for (size_t i = 0; i < section->count; i++) {
        const struct section_key *key = &section->keys[i];
        const struct yaml_node *value = yaml_get(node, key->name);
        if (value && kind_ok(loader, key, value) && key->load)
            key->load(loader, value, (char *)target + key->offset);
    }
}

void load_str(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct str *out = at;
    *out = load_copy(loader, value->text);
}

void load_bool(struct loader *loader, const struct yaml_node *value, void *at)
{
    bool *out = at;
    if (!yaml_bool(value, out))
        load_error(loader, value, "true or false is wanted, not '" STR_FMT "'", STR_ARG(value->text));
}

bool load_whole(struct loader *loader, const struct yaml_node *node, uint64_t lowest, uint64_t highest, uint64_t *out)
{
    uint64_t value = 0;
    bool ok = node->kind == YAML_TEXT && node->text.n > 0;
    for (size_t i = 0; ok && i < node->text.n; i++) {
        char c = node->text.p[i];
        if (c == '_' && i > 0)
            continue;
        ok = c >= '0' && c <= '9' && !__builtin_mul_overflow(value, 10u, &value) &&
             !__builtin_add_overflow(value, (uint64_t)(c - '0'), &value);
    }
    if (ok && value >= lowest && value <= highest) {
        *out = value;
        return true;
    }
    if (highest > INT64_MAX)
        load_error(loader, node, "a whole number from %llu on is wanted", (unsigned long long)lowest);
    else
        load_error(loader, node, "a whole number from %llu to %llu is wanted", (unsigned long long)lowest,
            (unsigned long long)highest);
    return false;
}

void load_u64(struct loader *loader, const struct yaml_node *value, void *at)
{
    load_whole(loader, value, 0, UINT64_MAX, at);
}

void load_u32(struct loader *loader, const struct yaml_node *value, void *at)
{
    uint64_t wide;
    if (load_whole(loader, value, 1, UINT32_MAX, &wide))
        *(uint32_t *)at = (uint32_t)wide;
}

int load_word(struct loader *loader, const struct yaml_node *node, const char *const *words, int count)
{
    struct buf list;
    for (int i = 0; node->kind == YAML_TEXT && i < count; i++)
        if (str_eq(node->text, str_of(words[i])))
            return i;
    buf_init(&list, MESSAGE_MAX);
    for (int i = 0; i < count; i++)
        buf_printf(&list, "%s%s", !i ? "" : i == count - 1 ? " or " : ", ", words[i]);
    struct str known = buf_str(&list);
    if (node->kind == YAML_TEXT)
        load_error(loader, node, "'" STR_FMT "' is not known here: " STR_FMT " is wanted", STR_ARG(node->text),
            STR_ARG(known));
    else
        load_error(loader, node, STR_FMT " is wanted, not %s", STR_ARG(known), kind_name(node->kind));
    buf_dispose(&list);
    return -1;
}

bool load_texts(struct loader *loader, const struct yaml_node *node, struct str **list, size_t *count)
{
    const struct yaml_node *items = node->kind == YAML_LIST ? node->items : node;
    size_t n = node->kind == YAML_LIST ? node->count : 1;
    bool ok = true;
    struct str *texts = load_alloc(loader, n, sizeof *texts);
    if (!texts)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (items[i].kind != YAML_TEXT) {
            load_error(loader, &items[i], "text is wanted, not %s%s", kind_name(items[i].kind),
                items[i].kind == YAML_NOTHING ? ": put it in quotes" : "");
            ok = false;
            continue;
        }
        texts[i] = load_copy(loader, items[i].text);
    }
    *list = texts;
    *count = n;
    return ok;
}

bool load_missing(struct loader *loader, const struct yaml_node *node, struct str **list, size_t *count)
{
    for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++) {
        const struct yaml_node *value = yaml_get(&node->items[i], "value");
        if (value && value->kind == YAML_TEXT)
            node->items[i] = *value;
    }
    return load_texts(loader, node, list, count);
}

struct str load_normalise(struct loader *loader, struct str text)
{
    char *p = load_alloc(loader, text.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; p && i < text.n; i++) {
        char c = text.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            p[n++] = c;
        else if (n && p[n - 1] != '_')
            p[n++] = '_';
    }
    if (n && p[n - 1] == '_')
        n--;
    return (struct str){p ? p : "", n};
}

bool name_valid(struct str name)
{
    if (!name.n || name.n > 63 || name.p[0] < 'a' || name.p[0] > 'z')
        return false;
    for (size_t i = 1; i < name.n; i++) {
        char c = name.p[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
            return false;
    }
    return true;
}

bool load_name_ok(struct loader *loader, const struct yaml_node *at, struct str name, const char *what)
{
    if (str_eq(name, STR("ingest_ts")) || (name.n && name.p[0] == '_'))
        load_error(loader, at, "the %s name '" STR_FMT "' is reserved: ingest_ts and names that begin with _ are ours",
            what, STR_ARG(name));
    else if (!name_valid(name))
        load_error(loader, at,
            "'" STR_FMT "' is no %s name: a lower-case letter, then up to 62 lower-case letters, digits or _",
            STR_ARG(name), what);
    else
        return true;
    return false;
}

static const char *key_fault(struct str key)
{
    if (!key.n)
        return "it is empty";
    if (key.p[0] == '/')
        return "it must be relative to the lake";
    if (key.n > 900)
        return "it is longer than 900 bytes";
    for (size_t i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] < ' ' || key.p[i] == 0x7F)
            return "it holds a control character";
    while (key.n) {
        size_t n = str_find_byte(key, '/');
        struct str part = {key.p, n};
        if (!n || str_eq(part, STR(".")) || str_eq(part, STR("..")))
            return "it has an empty part, '.' or '..'";
        key = n == key.n ? STR("") : (struct str){key.p + n + 1, key.n - n - 1};
    }
    return NULL;
}

bool load_key(struct loader *loader, const struct yaml_node *node, bool prefix, struct str *out)
{
    const char *fault = key_fault(node->text);
    if (fault) {
        load_error(loader, node, "'" STR_FMT "' is no %s in the lake: %s", STR_ARG(node->text),
            prefix ? "prefix" : "name", fault);
        return false;
    }
    bool slash = node->text.p[node->text.n - 1] == '/';
    if (!prefix && slash) {
        load_error(loader, node, "'" STR_FMT "' names a folder, not a file", STR_ARG(node->text));
        return false;
    }
    char *p = load_alloc(loader, node->text.n + 2, 1);
    if (!p)
        return false;
    memcpy(p, node->text.p, node->text.n);
    if (prefix && !slash)
        p[node->text.n] = '/';
    *out = str_of(p);
    return true;
}

struct str load_path(struct loader *loader, struct str name)
{
    const char *slash = strrchr(loader->path, '/');
    if (loader->kept)
        for (size_t at; (at = str_find_byte(name, '/')) < name.n;)
            name = (struct str){name.p + at + 1, name.n - at - 1};
    size_t n = slash && name.n && name.p[0] != '/' ? (size_t)(slash + 1 - loader->path) : 0;
    char *p = load_alloc(loader, n + name.n + 1, 1);
    if (!p)
        return STR("");
    memcpy(p, loader->path, n);
    memcpy(p + n, name.p, name.n);
    return (struct str){p, n + name.n};
}
