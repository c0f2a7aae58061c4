#include "shared/options.h"

#include "shared/fs.h"
#include "shared/quantity.h"
#include "shared/suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- one value ---- */

static void *target_of(const struct option_set *set, const struct option_row *row)
{
    return (char *)set->target + row->offset;
}

static bool bad_value(
    const struct option_row *row, const char *origin, struct str text, const char *wants, struct err *err)
{
    return ERR(err, ERR_USAGE, "%s%s: '" STR_FMT "' is not %s", origin, row->name, (int)(text.n < 100 ? text.n : 100),
        text.p, wants);
}

static bool read_flag(const struct option_row *row, const char *origin, struct str text, bool *out, struct err *err)
{
    static const char *const words[] = {"true", "yes", "on", "1", "false", "no", "off", "0"};
    for (size_t i = 0; i < 8; i++)
        if (str_eq_nocase_ascii(text, str_of(words[i]))) {
            *out = i < 4;
            return true;
        }
    return bad_value(row, origin, text, "true or false", err);
}

static bool read_choice(const struct option_row *row, const char *origin, struct str text, int *out, struct err *err)
{
    struct buf wants;
    for (int i = 0; row->choices[i]; i++)
        if (str_eq(text, str_of(row->choices[i]))) {
            *out = i;
            return true;
        }
    buf_init(&wants, 1024);
    for (int i = 0; row->choices[i]; i++)
        buf_printf(&wants, "%s%s", !i ? "" : row->choices[i + 1] ? ", " : " or ", row->choices[i]);
    bad_value(row, origin, text, wants.p ? wants.p : "known", err);
    buf_dispose(&wants);
    return false;
}

static bool read_count(struct str text, int64_t *out)
{
    int64_t value = 0;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.p[i] - '0', &value))
            return false;
    *out = value;
    return text.n > 0;
}

static bool read_quantity(
    const struct option_row *row, const char *origin, struct str text, int64_t *out, struct err *err)
{
    uint64_t bytes = 0;
    bool ok = row->kind == OPTION_COUNT  ? read_count(text, out)
              : row->kind == OPTION_SIZE ? quantity_size(text, &bytes)
                                         : quantity_duration(text, out);
    const char *wants = row->kind == OPTION_COUNT  ? "a whole number"
                        : row->kind == OPTION_SIZE ? "a size such as 256MB"
                                                   : "a duration such as 30s, 5m or 1d";
    if (ok && row->kind == OPTION_SIZE)
        *out = (int64_t)bytes;
    if (!ok)
        return bad_value(row, origin, text, wants, err);
    if ((row->lowest || row->highest) && (*out < row->lowest || *out > row->highest))
        return bad_value(row, origin, text, *out < row->lowest ? "large enough" : "small enough", err);
    return true;
}

static bool add_item(struct option_list *list, const char *text, struct arena *arena, struct err *err)
{
    if (!arena_reserve(arena, (void **)&list->items, list->count, &list->capacity, sizeof *list->items))
        return ERR(err, ERR_MEMORY, "no memory for options");
    list->items[list->count++] = text;
    return true;
}

/* text must outlive the target. origin stands before the name in messages: "--". */
static bool assign(const struct option_set *set, const struct option_row *row, const char *origin, const char *text,
    struct arena *arena, struct err *err)
{
    void *at = target_of(set, row);
    struct str s = str_of(text);
    int64_t quantity;
    switch (row->kind) {
    case OPTION_FLAG:
        return read_flag(row, origin, s, at, err);
    case OPTION_TEXT:
    case OPTION_PATH:
        if (!s.n)
            return bad_value(row, origin, s, "allowed: it is empty", err);
        *(const char **)at = text;
        return true;
    case OPTION_CHOICE:
        return read_choice(row, origin, s, at, err);
    case OPTION_LIST:
        return add_item(at, text, arena, err);
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        if (!read_quantity(row, origin, s, &quantity, err))
            return false;
        memcpy(at, &quantity, sizeof quantity);
        return true;
    }
    return ERR(err, ERR_BUG, "option %s has no kind", row->name);
}

bool options_defaults(const struct option_set *set, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->rows[i].fallback && !assign(set, &set->rows[i], "default of ", set->rows[i].fallback, arena, err))
            return false;
    return true;
}

/* ---- environment ---- */

bool options_environment(const struct option_set *set, const char *prefix, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];
        char *name = row->flag_only ? NULL : arena_printf(arena, "%s%s", prefix, row->name);
        if (row->flag_only)
            continue;
        if (!name)
            return ERR(err, ERR_MEMORY, "no memory for options");
        for (char *c = name; *c; c++)
            *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
        const char *text = getenv(name);
        /* An empty variable is one that somebody could not unset. */
        if (text && *text && !assign(set, row, "in the environment, ", text, arena, err))
            return false;
    }
    return true;
}

/* ---- file ---- */

/* "fail_on" and "fail-on" are one name. */
static bool same_name(struct str a, const char *b)
{
    size_t n = strlen(b);
    for (size_t i = 0; i < a.n && i < n; i++)
        if ((a.p[i] == '_' ? '-' : a.p[i]) != (b[i] == '_' ? '-' : b[i]))
            return false;
    return a.n == n;
}

static const struct option_row *find_row(const struct option_set *set, struct str name)
{
    for (size_t i = 0; i < set->count; i++)
        if (same_name(name, set->rows[i].name))
            return &set->rows[i];
    return NULL;
}

static bool unknown_key(const struct option_set *set, const char *path, const struct yaml_node *key, struct err *err)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, key->text);
    for (size_t i = 0; i < set->count; i++)
        if (!set->rows[i].flag_only)
            suggest_offer(&suggestion, str_of(set->rows[i].name));
    ERR(err, ERR_CONFIG, "%s:%d:%d: unknown key '" STR_FMT "'", path, key->line, key->column, STR_ARG(key->text));
    if (suggestion.best.n)
        err_hint(err, "did you mean '" STR_FMT "'?", STR_ARG(suggestion.best));
    return false;
}

static const char *path_beside(const char *file, struct str path, struct arena *arena)
{
    const char *slash = strrchr(file, '/');
    bool relative = slash && path.p[0] != '/' && !strstr(path.p, "://");
    return relative ? arena_printf(arena, "%.*s%s", (int)(slash + 1 - file), file, path.p) : path.p;
}

/* A map is a list of "name=value". */
static bool assign_pairs(const struct option_set *set, const struct option_row *row, const char *path,
    const struct yaml_node *node, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        if (pair->value.kind != YAML_TEXT)
            return ERR(err, ERR_CONFIG, "%s:%d:%d: '%s' wants a value", path, pair->value.line, pair->value.column,
                pair->key.text.p);
        const char *text = arena_printf(arena, "%s=%s", pair->key.text.p, pair->value.text.p);
        if (!text)
            return ERR(err, ERR_MEMORY, "no memory for options");
        if (!assign(set, row, "", text, arena, err))
            return false;
    }
    return true;
}

static bool assign_node(const struct option_set *set, const struct option_row *row, const char *path,
    const struct yaml_node *node, struct arena *arena, struct err *err)
{
    char where[64];
    snprintf(where, sizeof where, ":%d:%d: ", node->line, node->column);
    if (node->kind == YAML_LIST && row->kind == OPTION_LIST) {
        for (size_t i = 0; i < node->count; i++)
            if (!assign_node(set, row, path, &node->items[i], arena, err))
                return false;
        return true;
    }
    if (node->kind == YAML_MAP && row->kind == OPTION_LIST)
        return assign_pairs(set, row, path, node, arena, err);
    if (node->kind != YAML_TEXT)
        return ERR(err, ERR_CONFIG, "%s%s'%s' wants a value", path, where, row->name);
    const char *text = row->kind == OPTION_PATH && node->text.n ? path_beside(path, node->text, arena) : node->text.p;
    if (!text)
        return ERR(err, ERR_MEMORY, "no memory for options");
    if (assign(set, row, "", text, arena, err))
        return true;
    if (err->kind == ERR_USAGE)
        err->kind = ERR_CONFIG;
    err_context(err, "%s:%d:%d", path, node->line, node->column);
    return false;
}

static bool is_other(const char *const *others, struct str key)
{
    for (; others && *others; others++)
        if (same_name(key, *others))
            return true;
    return false;
}

static bool parse_file(
    const char *path, bool *found, const struct yaml_node **root, struct arena *arena, struct err *err)
{
    struct buf text;
    struct yaml_fault fault;
    buf_init(&text, YAML_MAX_BYTES + 1);
    bool ok = fs_read(path, &text, err);
    *found = ok || err->kind != ERR_NOT_FOUND;
    if (!ok && !*found) {
        err_clear(err);
        ok = true;
    } else if (ok) {
        struct str kept = arena_str(arena, buf_str(&text));
        *root = kept.p ? yaml_parse(kept, arena, &fault) : NULL;
        if (!kept.p || (!*root && !fault.line))
            ok = ERR(err, ERR_MEMORY, "no memory for %s", path);
        else if (!*root)
            ok = ERR(err, ERR_CONFIG, "%s:%d:%d: %s", path, fault.line, fault.column, fault.message);
    }
    buf_dispose(&text);
    return ok;
}

bool options_file(const struct option_set *set, const char *path, const char *const *others, bool *found,
    const struct yaml_node **root, struct arena *arena, struct err *err)
{
    const struct yaml_node *document = NULL;
    if (root)
        *root = NULL;
    if (!parse_file(path, found, &document, arena, err))
        return false;
    if (!document || document->kind == YAML_NOTHING)
        return true;
    if (document->kind != YAML_MAP)
        return ERR(err, ERR_CONFIG, "%s:%d:%d: a map of settings is wanted", path, document->line, document->column);
    for (size_t i = 0; i < document->count; i++) {
        const struct yaml_pair *pair = &document->pairs[i];
        const struct option_row *row = find_row(set, pair->key.text);
        if (row && row->flag_only)
            row = NULL;
        if (!row && is_other(others, pair->key.text))
            continue;
        if (!row)
            return unknown_key(set, path, &pair->key, err);
        if (!assign_node(set, row, path, &pair->value, arena, err))
            return false;
    }
    if (root)
        *root = document;
    return true;
}

/* ---- arguments ---- */

struct arguments {
    int argc;
    char **argv;
    const struct option_set *sets;
    size_t set_count;
    struct arena *arena;
    struct err *err;
};

static const struct option_row *find_flag(
    const struct arguments *a, struct str name, char letter, const struct option_set **set)
{
    for (size_t i = 0; i < a->set_count; i++)
        for (size_t k = 0; k < a->sets[i].count; k++) {
            const struct option_row *row = &a->sets[i].rows[k];
            if (letter ? row->letter == letter : str_eq(name, str_of(row->name))) {
                *set = &a->sets[i];
                return row;
            }
        }
    return NULL;
}

static bool unknown_flag(const struct arguments *a, struct str name)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, name);
    for (size_t i = 0; i < a->set_count; i++)
        for (size_t k = 0; k < a->sets[i].count; k++)
            suggest_offer(&suggestion, str_of(a->sets[i].rows[k].name));
    ERR(a->err, ERR_USAGE, "unknown option --" STR_FMT, STR_ARG(name));
    if (suggestion.best.n)
        err_hint(a->err, "did you mean --" STR_FMT "?", STR_ARG(suggestion.best));
    return false;
}

/* The row a flag names and its value, which may be the next argument (*at is moved). value NULL: a bare flag. */
static const struct option_row *take_flag(
    const struct arguments *a, int *at, const struct option_set **set, const char **value)
{
    const char *text = a->argv[*at];
    const struct option_row *row;
    *value = NULL;
    if (text[1] != '-') {
        row = find_flag(a, STR(""), text[1], set);
        if (row && text[2])
            *value = text + 2;
    } else {
        struct str name = str_of(text + 2);
        size_t n = str_find_byte(name, '=');
        row = find_flag(a, (struct str){name.p, n}, 0, set);
        if (n < name.n)
            *value = name.p + n + 1;
    }
    if (row && !*value && row->kind != OPTION_FLAG && *at + 1 < a->argc)
        *value = a->argv[++*at];
    return row;
}

static bool take_argument(const struct arguments *a, int *at)
{
    const struct option_set *set;
    const char *value, *text = a->argv[*at];
    const struct option_row *row = take_flag(a, at, &set, &value);
    if (!row && text[1] == '-')
        return unknown_flag(a, (struct str){text + 2, str_find_byte(str_of(text + 2), '=')});
    if (!row || (row->kind == OPTION_FLAG && value && text[1] != '-'))
        return ERR(a->err, ERR_USAGE, "unknown option %s", text);
    if (!value && row->kind != OPTION_FLAG)
        return ERR(a->err, ERR_USAGE, "--%s wants %s", row->name, row->value ? row->value : "a value");
    return assign(set, row, "--", value ? value : "true", a->arena, a->err);
}

static bool is_flag(const char *text)
{
    return text[0] == '-' && text[1] != 0;
}

bool options_arguments(int argc, char **argv, const struct option_set *sets, size_t set_count, struct option_list *rest,
    struct arena *arena, struct err *err)
{
    const struct arguments a = {argc, argv, sets, set_count, arena, err};
    bool ended = false;
    for (int i = 0; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0)
            ended = true;
        else if (!ended && is_flag(argv[i]) ? !take_argument(&a, &i) : !add_item(rest, argv[i], arena, err))
            return false;
    }
    return true;
}

int options_command(int argc, char **argv, const struct option_set *set)
{
    const struct arguments a = {argc, argv, set, 1, NULL, NULL};
    const struct option_set *found;
    const char *value;
    int i = 0;
    for (; i < argc && is_flag(argv[i]) && strcmp(argv[i], "--") != 0; i++)
        take_flag(&a, &i, &found, &value);
    return i < argc ? i : argc;
}

/* ---- help ---- */

void options_help(const struct option_set *set, struct buf *out)
{
    enum { COLUMN = 28 };
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];
        size_t begin = out->n;
        if (row->letter)
            buf_printf(out, "  -%c, --%s", row->letter, row->name);
        else
            buf_printf(out, "      --%s", row->name);
        if (row->kind == OPTION_CHOICE && !row->value)
            for (int k = 0; row->choices[k]; k++)
                buf_printf(out, "%c%s", k ? '|' : ' ', row->choices[k]);
        else if (row->value)
            buf_printf(out, " %s", row->value);
        if (out->n - begin + 2 > COLUMN)
            buf_printf(out, "\n%*s", COLUMN, "");
        else
            buf_printf(out, "%*s", (int)(COLUMN - (out->n - begin)), "");
        buf_add_cstr(out, row->help);
        if (row->fallback && row->kind != OPTION_FLAG)
            buf_printf(out, " (default %s)", row->fallback);
        buf_add_byte(out, '\n');
    }
}
