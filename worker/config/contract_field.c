/* One field of the schema: its name, type and format. */
#include "worker/config/load.h"

const struct type_name type_names[TYPE_NAME_COUNT] = {
    {"string", TYPE_STRING},
    {"integer", TYPE_INTEGER},
    {"number", TYPE_DECIMAL},
    {"boolean", TYPE_BOOLEAN},
    {"date", TYPE_DATE},
    {"time", TYPE_TIME},
    {"datetime", TYPE_TIMESTAMP},
};

const char *type_kind_name(enum type_kind kind)
{
    for (size_t i = 0; i < TYPE_NAME_COUNT; i++)
        if (type_names[i].kind == kind)
            return type_names[i].name;
    return "number";
}

/* A field while it is read: what can be judged only when all of it is known. */
struct draft {
    struct field *field;
    enum type_kind kind;
    bool is_float, bare_number;
    uint64_t precision, scale;
    const struct yaml_node *precision_at, *scale_at, *format_at, *formats_at, *decimal_at, *group_at, *zone_at;
};

static void draft_name(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    struct field *field = draft->field;
    field->name = load_copy(loader, value->text);
    if (!loader->plain_schema) {
        load_name_ok(loader, value, field->name, "field");
        return;
    }
    /* The world's Table Schemas name fields as the header does: that text becomes the label. */
    struct str name = load_normalise(loader, value->text);
    if (name_valid(value->text) || !load_name_ok(loader, value, name, "field"))
        return;
    field->name = name;
    if (!field->label.n)
        field->label = load_copy(loader, value->text);
}

static void draft_label(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    draft->field->label = load_copy(loader, value->text);
    if (!str_trim(value->text).n)
        load_error(loader, value, "a label must not be blank: bind the column by position");
}

static void draft_position(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    uint64_t position;
    if (load_whole(loader, value, 1, DIALECT_MAX_COLUMNS, &position))
        draft->field->position = (int32_t)position;
}

static void draft_aliases(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    load_texts(loader, value, &draft->field->aliases, &draft->field->alias_count);
}

static void draft_sensitive(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    load_bool(loader, value, &draft->field->sensitive);
}

static void draft_missing(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    draft->field->missing_own = true;
    load_missing(loader, value, &draft->field->missing_values, &draft->field->missing_count);
}

static void draft_decimal(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    draft->decimal_at = value;
    draft->field->decimal_auto = str_eq(value->text, STR("auto"));
    if (draft->field->decimal_auto)
        return;
    if (str_eq(value->text, STR(".")) || str_eq(value->text, STR(",")))
        draft->field->format.decimal_char = value->text.p[0];
    else
        load_error(loader, value, "decimalChar is '.', ',' or auto");
}

static void draft_group(struct loader *loader, const struct yaml_node *value, void *at)
{
    static const char *const known[] = {"", ",", ".", " ", "'", "\u00A0", "\u202F", "\u2019"};
    struct draft *draft = at;
    draft->group_at = value;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(value->text, str_of(known[i]))) {
            draft->field->format.group_char = str_of(known[i]);
            return;
        }
    load_error(loader, value, "groupChar is ',', '.', a space, an apostrophe, U+00A0 or U+202F");
}

#define FORMAT_FLAG(function, member)                                                    \
    static void function(struct loader *loader, const struct yaml_node *value, void *at) \
    {                                                                                    \
        struct draft *draft = at;                                                        \
        load_bool(loader, value, &draft->field->format.member);                          \
    }
FORMAT_FLAG(draft_currency, currency)
FORMAT_FLAG(draft_parentheses, parentheses)
FORMAT_FLAG(draft_percent, percent)
FORMAT_FLAG(draft_trailing_minus, trailing_minus)
FORMAT_FLAG(draft_exponent, exponent)
#undef FORMAT_FLAG

static void draft_precision(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    if (load_whole(loader, value, 1, DECIMAL_MAX_PRECISION, &draft->precision))
        draft->precision_at = value;
}

static void draft_scale(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    if (load_whole(loader, value, 0, DECIMAL_MAX_PRECISION, &draft->scale))
        draft->scale_at = value;
}

static void draft_true(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    struct str *list = NULL;
    load_texts(loader, value, &list, &draft->field->format.true_count);
    draft->field->format.true_values = list;
}

static void draft_false(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    struct str *list = NULL;
    load_texts(loader, value, &list, &draft->field->format.false_count);
    draft->field->format.false_values = list;
}

static void draft_format(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    (void)loader;
    draft->format_at = value;
}

static void draft_formats(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    if (value->count == 0)
        load_error(loader, value, "formats must name at least one");
    draft->formats_at = value;
}

static void draft_timezone(struct loader *loader, const struct yaml_node *value, void *at)
{
    struct draft *draft = at;
    struct err err = {0};
    if (!timezone_load(value->text, loader->arena, &draft->field->format.timezone, &err))
        load_error(loader, value, "%s", err.message);
}

#define FORMAT_KEYS                                                                                              \
    {"format", KIND_TEXT, draft_format, 0}, {"formats", KIND_LIST, draft_formats, 0},                            \
        {"timezone", KIND_TEXT, draft_timezone, 0}, {"decimalChar", KIND_TEXT, draft_decimal, 0},                \
        {"groupChar", KIND_TEXT, draft_group, 0},                                                                \
        {"bareNumber", KIND_TEXT, load_bool, offsetof(struct draft, bare_number)},                               \
        {"currency", KIND_TEXT, draft_currency, 0}, {"parentheses", KIND_TEXT, draft_parentheses, 0},            \
        {"percent", KIND_TEXT, draft_percent, 0}, {"trailingMinus", KIND_TEXT, draft_trailing_minus, 0},         \
        {"exponent", KIND_TEXT, draft_exponent, 0}, {"precision", KIND_TEXT, draft_precision, 0},                \
        {"scale", KIND_TEXT, draft_scale, 0}, {"float", KIND_TEXT, load_bool, offsetof(struct draft, is_float)}, \
        {"trueValues", KIND_TEXT | KIND_LIST, draft_true, 0},                                                    \
    {                                                                                                            \
        "falseValues", KIND_TEXT | KIND_LIST, draft_false, 0                                                     \
    }

static const struct section_key format_keys[] = {FORMAT_KEYS};
static const struct section format_section = SECTION("defaults", format_keys);

static const struct section_key field_keys[] = {
    {"label", KIND_TEXT, draft_label, 0},
    {"name", KIND_TEXT, draft_name, 0},
    {"type", KIND_TEXT, NULL, 0},
    {"position", KIND_TEXT, draft_position, 0},
    {"aliases", KIND_TEXT | KIND_LIST, draft_aliases, 0},
    {"sensitive", KIND_TEXT, draft_sensitive, 0},
    {"missingValues", KIND_TEXT | KIND_LIST, draft_missing, 0},
    FORMAT_KEYS,
    {"constraints", KIND_MAP, NULL, 0},
    {"title", KIND_TEXT, NULL, 0},
    {"description", KIND_TEXT, NULL, 0},
    {"example", KIND_TEXT, NULL, 0},
    {"examples", KIND_LIST, NULL, 0},
    {"rdfType", KIND_TEXT, NULL, 0},
    {"unit", KIND_TEXT, NULL, 0},
};
static const struct section field_section = SECTION("field", field_keys);

enum {
    ON_STRING = 1 << TYPE_STRING,
    ON_NUMBER = 1 << TYPE_DECIMAL,
    ON_NUMBERS = 1 << TYPE_DECIMAL | 1 << TYPE_INTEGER,
    ON_BOOLEAN = 1 << TYPE_BOOLEAN,
    ON_MOMENTS = 1 << TYPE_DATE | 1 << TYPE_TIME | 1 << TYPE_TIMESTAMP,
};

static const struct {
    const char *key;
    unsigned kinds;
} applies[] = {
    {"formats", ON_MOMENTS},
    {"timezone", 1 << TYPE_TIMESTAMP},
    {"decimalChar", ON_NUMBER},
    {"groupChar", ON_NUMBERS},
    {"bareNumber", ON_NUMBERS},
    {"currency", ON_NUMBERS},
    {"parentheses", ON_NUMBERS},
    {"percent", ON_NUMBER},
    {"trailingMinus", ON_NUMBERS},
    {"exponent", ON_NUMBER},
    {"precision", ON_NUMBER},
    {"scale", ON_NUMBER},
    {"float", ON_NUMBER},
    {"trueValues", ON_BOOLEAN},
    {"falseValues", ON_BOOLEAN},
};

static void check_applies(struct loader *loader, const struct yaml_node *node, enum type_kind kind)
{
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
        for (size_t k = 0; k < sizeof applies / sizeof *applies; k++)
            if (str_eq(node->pairs[i].key.text, str_of(applies[k].key)) && !(applies[k].kinds & (1u << kind)))
                load_error(loader, &node->pairs[i].key, "'%s' does not apply to type %s", applies[k].key,
                    type_kind_name(kind));
}

static bool find_type(struct loader *loader, const struct yaml_node *node, enum type_kind *kind)
{
    static const char *words[TYPE_NAME_COUNT];
    *kind = TYPE_STRING;
    if (!node)
        return true;
    for (int i = 0; i < TYPE_NAME_COUNT; i++)
        words[i] = type_names[i].name;
    int found = load_word(loader, node, words, TYPE_NAME_COUNT);
    if (found >= 0)
        *kind = type_names[found].kind;
    return found >= 0;
}

static void read_moment(struct loader *loader, const struct yaml_node *node, struct moment_format *out)
{
    static const struct {
        const char *name;
        enum moment_kind kind;
    } known[] = {{"iso", MOMENT_ISO}, {"default", MOMENT_ISO}, {"any", MOMENT_ANY}, {"epoch", MOMENT_EPOCH_S},
        {"epoch_ms", MOMENT_EPOCH_MS}};
    struct err err = {0};
    if (node->kind != YAML_TEXT) {
        load_error(loader, node, "a format is text");
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(node->text, str_of(known[i].name))) {
            out->kind = known[i].kind;
            return;
        }
    *out = (struct moment_format){MOMENT_PATTERN, load_copy(loader, node->text)};
    if (str_find_byte(node->text, '%') == node->text.n)
        load_error(loader, node,
            "format '" STR_FMT "' is not iso, any, epoch, epoch_ms or a pattern such as %%d/%%m/%%Y",
            STR_ARG(node->text));
    else if (!moment_pattern_check(node->text, &err))
        load_error(loader, node, "%s", err.message);
}

static void read_formats(struct loader *loader, struct draft *draft)
{
    const struct yaml_node *list = draft->formats_at, *one = draft->format_at;
    if (list && one)
        load_error(loader, one, "format and formats exclude each other");
    const struct yaml_node *items = list ? list->items : one;
    size_t count = list ? list->count : 1;
    struct moment_format *moments = load_alloc(loader, count, sizeof *moments);
    if (!moments)
        return;
    for (size_t i = 0; i < count; i++)
        read_moment(loader, &items[i], &moments[i]);
    draft->field->format.moments = moments;
    draft->field->format.moment_count = count;
}

/* Formats of strings the standard has, and we do not judge. */
static void check_plain_format(struct loader *loader, const struct draft *draft)
{
    if (str_eq(draft->format_at->text, STR("default")))
        return;
    if (draft->kind == TYPE_STRING)
        load_warning(loader, draft->format_at,
            "format '" STR_FMT "' of a string is not checked: use constraints.pattern",
            STR_ARG(draft->format_at->text));
    else
        load_error(loader, draft->format_at, "type %s has no format '" STR_FMT "'", type_kind_name(draft->kind),
            STR_ARG(draft->format_at->text));
}

static void settle_number(struct loader *loader, struct draft *draft)
{
    struct field *field = draft->field;
    if (draft->is_float) {
        field->type = TYPE(TYPE_DOUBLE);
        field->format.float_special = true;
        if (draft->scale_at || draft->precision_at)
            load_error(loader, draft->scale_at ? draft->scale_at : draft->precision_at,
                "float has neither scale nor precision");
        return;
    }
    if (draft->precision_at && !draft->scale_at)
        load_error(loader, draft->precision_at, "precision needs a scale beside it");
    uint64_t scale = draft->scale_at ? draft->scale : 9;
    uint64_t precision = draft->precision_at                                    ? draft->precision
                         : draft->scale_at && scale <= DECIMAL_NARROW_PRECISION ? DECIMAL_NARROW_PRECISION
                                                                                : DECIMAL_MAX_PRECISION;
    if (scale > precision && draft->scale_at) {
        load_error(loader, draft->scale_at, "scale %u is more than precision %u", (unsigned)scale, (unsigned)precision);
        scale = precision;
    }
    field->type = TYPE_DEC((uint8_t)precision, (uint8_t)(scale < precision ? scale : precision));
}

static void settle(struct loader *loader, struct draft *draft)
{
    struct field *field = draft->field;
    struct value_format *format = &field->format;
    bool moment = ((1u << draft->kind) & ON_MOMENTS) != 0;
    field->type = TYPE(draft->kind);
    if (draft->kind == TYPE_DECIMAL)
        settle_number(loader, draft);
    if (!draft->bare_number)
        format->currency = true;
    if (format->group_char.n == 1 && format->group_char.p[0] == format->decimal_char)
        load_error(loader, draft->group_at ? draft->group_at : draft->decimal_at,
            "groupChar and decimalChar are both '%c'", format->decimal_char);
    if (moment && (draft->format_at || draft->formats_at))
        read_formats(loader, draft);
    else if (draft->format_at)
        check_plain_format(loader, draft);
    for (size_t i = 0; i < format->true_count; i++)
        for (size_t k = 0; k < format->false_count; k++)
            if (str_eq(format->true_values[i], format->false_values[k]))
                load_error(loader, loader->field_at, "'" STR_FMT "' is both in trueValues and in falseValues",
                    STR_ARG(format->true_values[i]));
}

static void draft_init(struct draft *draft, struct field *field, enum type_kind kind)
{
    *draft = (struct draft){.field = field, .kind = kind, .bare_number = true};
    field->format.decimal_char = '.';
    /* The standard's numbers may end in an exponent. */
    field->format.exponent = kind == TYPE_DECIMAL;
}

void load_defaults(struct loader *loader, const struct yaml_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        struct field field = {0};
        struct draft draft;
        enum type_kind kind;
        if (!find_type(loader, &pair->key, &kind))
            continue;
        draft_init(&draft, &field, kind);
        section_load(loader, &format_section, &pair->value, &draft);
        check_applies(loader, &pair->value, kind);
        loader->field_at = &pair->key;
        settle(loader, &draft);
    }
}

void load_field(struct loader *loader, const struct yaml_node *node, const struct yaml_node *defaults, struct field *f)
{
    struct draft draft;
    enum type_kind kind;
    bool type_known = find_type(loader, yaml_get(node, "type"), &kind);
    draft_init(&draft, f, kind);
    f->line = node->line;
    loader->field_at = node;
    const struct yaml_node *own = yaml_get(defaults, type_kind_name(kind));
    if (own && own->kind == YAML_MAP) {
        loader->quiet = true;
        section_load(loader, &format_section, own, &draft);
        loader->quiet = false;
        /* The field's own format replaces the default's formats, and the other way round. */
        if (yaml_get(node, "format"))
            draft.formats_at = NULL;
        if (yaml_get(node, "formats"))
            draft.format_at = NULL;
    }
    section_load(loader, &field_section, node, &draft);
    if (!yaml_get(node, "name"))
        load_error(loader, node, "a field needs a name");
    if (type_known) {
        check_applies(loader, node, kind);
        settle(loader, &draft);
    } else {
        load_taint(loader, f->name);
    }
    const struct yaml_node *constraints = yaml_get(node, "constraints");
    if (constraints && constraints->kind == YAML_MAP && type_known)
        load_constraints(loader, constraints, f);
}
