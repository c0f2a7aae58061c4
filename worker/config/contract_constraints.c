/* The constraints of a field, as values of its type. */
#include "worker/config/load.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct limits {
    struct field *field;
    const struct yaml_node *maximum, *max_length;
};

/* A contract may state a value in the field's own format, or as YAML and the standard write it: 0.5, 2026-01-31. */
static enum value_result parse_value(const struct yaml_node *node, const struct field *field, void *out)
{
    struct value_format plain = {.decimal_char = '.', .exponent = true, .timezone = field->format.timezone};
    enum value_result result = VALUE_BAD;
    if (field->type.kind != TYPE_STRING && field->type.kind != TYPE_BOOLEAN && node->plain)
        result = value_parse(node->text, field->type, &plain, out);
    if (result == VALUE_BAD)
        result = value_parse(node->text, field->type, &field->format, out);
    if (result == VALUE_BAD)
        result = value_parse(node->text, field->type, &plain, out);
    return result;
}

static bool read_value(struct loader *loader, const struct yaml_node *node, const struct field *field, void *out)
{
    const char *type = type_kind_name(field->type.kind);
    switch (parse_value(node, field, out)) {
    case VALUE_OK:
        return true;
    case VALUE_RANGE:
        load_error(
            loader, node, "'" STR_FMT "' is outside what the field's type %s can hold", STR_ARG(node->text), type);
        return false;
    case VALUE_AMBIGUOUS:
        load_error(loader, node, "'" STR_FMT "' is ambiguous under the field's formats", STR_ARG(node->text));
        return false;
    default:
        load_error(loader, node, "'" STR_FMT "' is no value of the field's type %s", STR_ARG(node->text), type);
        return false;
    }
}

static void read_bound(
    struct loader *loader, const struct yaml_node *node, struct field *field, bool *has, void **value, struct str *text)
{
    enum type_kind kind = field->type.kind;
    if (kind == TYPE_STRING || kind == TYPE_BOOLEAN) {
        load_error(loader, node, "type %s has no minimum or maximum", type_kind_name(kind));
        return;
    }
    *value = load_alloc(loader, 1, type_size(field->type));
    if (!*value || !read_value(loader, node, field, *value))
        return;
    *text = load_copy(loader, node->text);
    *has = true;
}

static void read_minimum(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    struct constraints *c = &limits->field->constraints;
    read_bound(loader, node, limits->field, &c->has_minimum, &c->minimum, &c->minimum_text);
}

static void read_maximum(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    struct constraints *c = &limits->field->constraints;
    limits->maximum = node;
    read_bound(loader, node, limits->field, &c->has_maximum, &c->maximum, &c->maximum_text);
}

static bool only_strings(
    struct loader *loader, const struct yaml_node *node, const struct field *field, const char *key)
{
    if (field->type.kind != TYPE_STRING)
        load_error(loader, node, "%s applies to strings only, not to type %s", key, type_kind_name(field->type.kind));
    return field->type.kind == TYPE_STRING;
}

static void read_min_length(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    struct constraints *c = &limits->field->constraints;
    c->has_min_length = only_strings(loader, node, limits->field, "minLength") &&
                        load_whole(loader, node, 0, UINT32_MAX, &c->min_length);
}

static void read_max_length(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    struct constraints *c = &limits->field->constraints;
    limits->max_length = node;
    c->has_max_length = only_strings(loader, node, limits->field, "maxLength") &&
                        load_whole(loader, node, 0, UINT32_MAX, &c->max_length);
}

static void free_pattern(void *code)
{
    pcre2_code_free(code);
}

/* The limits stand in the pattern itself, so that whoever matches with it is bound by them; a pattern that states its
 * own can only lower them. */
#define PATTERN_LIMITS "(*LIMIT_MATCH=200000)(*LIMIT_DEPTH=10000)(*LIMIT_HEAP=4096)"
enum { PATTERN_MAX = 4096 };

static void compile_pattern(struct loader *loader, const struct yaml_node *node, struct constraints *c)
{
    const size_t limits = sizeof PATTERN_LIMITS - 1;
    int code;
    PCRE2_SIZE where;
    char *text = load_alloc(loader, limits + node->text.n + 1, 1);
    if (!text)
        return;
    memcpy(text, PATTERN_LIMITS, limits);
    memcpy(text + limits, node->text.p, node->text.n);
    c->pattern = (struct str){text + limits, node->text.n};
    c->pattern_code = pcre2_compile((PCRE2_SPTR)text, limits + node->text.n,
        PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C, &code, &where, NULL);
    if (!c->pattern_code) {
        unsigned char message[160];
        pcre2_get_error_message(code, message, sizeof message);
        load_error_inside(loader, node, where > limits ? where - limits : 0, "pattern: %s", (const char *)message);
        return;
    }
    /* Without JIT (not every machine has one) the same code is interpreted. */
    pcre2_jit_compile(c->pattern_code, PCRE2_JIT_COMPLETE);
    if (!arena_closer(loader->arena, free_pattern, c->pattern_code)) {
        pcre2_code_free(c->pattern_code);
        c->pattern_code = NULL;
        loader->memory_out = !ERR(loader->err, ERR_MEMORY, "no memory for a pattern");
    }
}

static void read_pattern(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    if (!only_strings(loader, node, limits->field, "pattern"))
        return;
    if (node->text.n == 0 || node->text.n > PATTERN_MAX)
        load_error(loader, node, "a pattern has 1 to %d bytes", PATTERN_MAX);
    else
        compile_pattern(loader, node, &limits->field->constraints);
}

static void read_enum(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    struct field *field = limits->field;
    struct constraints *c = &field->constraints;
    size_t size = type_size(field->type), count = 0;
    if (!node->count)
        load_error(loader, node, "an enum of nothing lets nothing pass");
    if (!load_texts(loader, node, &c->enum_texts, &count))
        return;
    char *values = load_alloc(loader, count, size);
    if (!values)
        return;
    for (size_t i = 0; i < count; i++) {
        struct yaml_node item = node->items[i];
        item.text = c->enum_texts[i]; /* strings are slices of what the contract keeps */
        if (!read_value(loader, &item, field, values + i * size))
            return;
        for (size_t k = 0; k < i; k++)
            if (str_eq(c->enum_texts[i], c->enum_texts[k]))
                load_warning(loader, &item, "'" STR_FMT "' stands twice in the enum", STR_ARG(item.text));
    }
    c->enum_values = values;
    c->enum_count = count;
}

static void read_required(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    load_bool(loader, node, &limits->field->constraints.required);
}

static void read_unique(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct limits *limits = at;
    load_bool(loader, node, &limits->field->constraints.unique);
}

static const struct section_key constraint_keys[] = {
    {"required", KIND_TEXT, read_required, 0},
    {"unique", KIND_TEXT, read_unique, 0},
    {"minimum", KIND_TEXT, read_minimum, 0},
    {"maximum", KIND_TEXT, read_maximum, 0},
    {"minLength", KIND_TEXT, read_min_length, 0},
    {"maxLength", KIND_TEXT, read_max_length, 0},
    {"pattern", KIND_TEXT, read_pattern, 0},
    {"enum", KIND_LIST, read_enum, 0},
};
static const struct section constraint_section = SECTION("constraints", constraint_keys);

static int compare(struct type type, const void *a, const void *b)
{
    if (type.kind == TYPE_DOUBLE)
        return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
    if (type.kind == TYPE_DATE)
        return (*(const int32_t *)a > *(const int32_t *)b) - (*(const int32_t *)a < *(const int32_t *)b);
    if (type_is_wide(type))
        return (*(const int128 *)a > *(const int128 *)b) - (*(const int128 *)a < *(const int128 *)b);
    return (*(const int64_t *)a > *(const int64_t *)b) - (*(const int64_t *)a < *(const int64_t *)b);
}

void load_constraints(struct loader *loader, const struct yaml_node *node, struct field *field)
{
    struct limits limits = {.field = field};
    const struct constraints *c = &field->constraints;
    section_load(loader, &constraint_section, node, &limits);
    if (c->has_minimum && c->has_maximum && compare(field->type, c->minimum, c->maximum) > 0)
        load_error(loader, limits.maximum, "the maximum is less than the minimum: nothing could pass");
    if (c->has_min_length && c->has_max_length && c->min_length > c->max_length)
        load_error(loader, limits.max_length, "maxLength is less than minLength: nothing could pass");
}
