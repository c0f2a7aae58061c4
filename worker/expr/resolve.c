#include "worker/expr/resolve.h"

#include "worker/expr/function.h"

static struct kind_type slot_type(struct type type)
{
    static const enum kind kinds[] = {[TYPE_STRING] = KIND_TEXT,
        [TYPE_INTEGER] = KIND_INT,
        [TYPE_DECIMAL] = KIND_DEC,
        [TYPE_DOUBLE] = KIND_DOUBLE,
        [TYPE_BOOLEAN] = KIND_BOOL,
        [TYPE_DATE] = KIND_DATE,
        [TYPE_TIME] = KIND_TIME,
        [TYPE_TIMESTAMP] = KIND_TSTZ};
    return (struct kind_type){
        kinds[type.kind], type.kind == TYPE_DECIMAL ? type.scale : (uint8_t)0, type_is_wide(type), false};
}

static const struct node *resolve_name(struct resolver *resolver, const struct ast *ast)
{
    for (uint32_t i = 0; i < resolver->scope->count; i++) {
        const struct expr_name *name = &resolver->scope->names[i];
        if (!str_eq(name->name, ast->text))
            continue;
        struct node *node = node_new(resolver, FORM_SLOT, ast->offset, slot_type(name->type), 0);
        if (!node)
            return NULL;
        node->slot = i;
        node->name = name->name;
        return node;
    }
    expr_fault_set(resolver->fault, ast->offset, "column \"" STR_FMT "\" does not exist", STR_ARG(ast->text));
    return NULL;
}

static const struct node *resolve_number(struct resolver *resolver, const struct ast *ast)
{
    struct numeric number;
    if (numeric_parse(ast->text, &number) != NUMERIC_PARSED) {
        expr_fault_set(resolver->fault, ast->offset, "this number has too many digits");
        return NULL;
    }
    int128 value = 0;
    bool small = numeric_unscaled(&number, &value);
    bool integer = small && number.scale == 0 && value <= INT64_MAX && str_find_byte(ast->text, '.') == ast->text.n &&
                   str_find_byte(ast->text, 'e') == ast->text.n && str_find_byte(ast->text, 'E') == ast->text.n;
    struct kind_type type = {integer ? KIND_INT : KIND_DEC, (uint8_t)number.scale,
        !integer && (!small || value >= (int128)1000000000000000000), false};
    struct node *node = node_new(resolver, FORM_CONST, ast->offset, type, 0);
    struct numeric *place = arena_alloc(resolver->arena, sizeof *place);
    if (!node || !place)
        return NULL;
    *place = number;
    node->value.lane = LANE_NUMBER;
    node->value.numeric = place;
    if (small && value <= INT64_MAX) {
        node->value.lane = LANE_64;
        int64_t narrow = (int64_t)value;
        memcpy(place, &narrow, sizeof narrow);
    }
    return node;
}

static const struct node *resolve_string(struct resolver *resolver, const struct ast *ast)
{
    struct node *node = node_new(resolver, FORM_CONST, ast->offset, (struct kind_type){.kind = KIND_UNKNOWN}, 0);
    struct str *place = arena_alloc(resolver->arena, sizeof *place);
    if (!node || !place)
        return NULL;
    *place = ast->text;
    node->value.str = place;
    return node;
}

/* A value that is needed more than once: computed once and bound, unless it costs nothing. */
static const struct node *bind(struct resolver *resolver, const struct node *value, struct node **let)
{
    *let = NULL;
    if (value->form == FORM_CONST || value->form == FORM_SLOT || value->form == FORM_BOUND)
        return value;
    struct node *bound = node_new(resolver, FORM_BOUND, value->offset, value->type, 0);
    *let = node_new(resolver, FORM_LET, value->offset, value->type, 2);
    if (!bound || !*let)
        return NULL;
    (*let)->args[0] = value;
    bound->let = *let;
    return bound;
}

static bool uses(const struct node *node, const struct node *let)
{
    if (node->form == FORM_BOUND && node->let == let)
        return true;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        if (uses(node->args[i], let))
            return true;
    }
    return false;
}

static const struct node *finish_bind(struct resolver *resolver, struct node *let, const struct node *body)
{
    if (!let || !body || !uses(body, let))
        return body;
    let->args[1] = body;
    let->type = body->type;
    return node_finish(resolver, let);
}

static const struct node *boolean_arg(struct resolver *resolver, const struct node *node, const char *what)
{
    if (node && node->type.kind == KIND_UNKNOWN)
        node = coerce(resolver, node, (struct kind_type){.kind = KIND_BOOL});
    if (node && node->type.kind != KIND_BOOL) {
        expr_fault_set(resolver->fault, node->offset, "argument of %s must be type boolean, not type %s", what,
            kind_name(node->type.kind));
        return NULL;
    }
    return node;
}

static const struct node *resolve_logic(struct resolver *resolver, const struct ast *ast)
{
    struct kind_type type = {.kind = KIND_BOOL};
    enum form form = ast->kind == AST_AND ? FORM_AND : FORM_OR;
    struct node *node = node_new(resolver, form, ast->offset, type, ast->arg_count);
    if (!node)
        return NULL;
    for (uint32_t i = 0; i < ast->arg_count; i++) {
        node->args[i] = boolean_arg(resolver, resolve(resolver, ast->args[i], false), form == FORM_AND ? "AND" : "OR");
        if (!node->args[i])
            return NULL;
    }
    return node_finish(resolver, node);
}

static const struct node *resolve_in(struct resolver *resolver, const struct ast *ast)
{
    struct node *let;
    const struct node *subject = resolve(resolver, ast->args[0], false);
    struct node *node =
        node_new(resolver, FORM_OR, ast->offset, (struct kind_type){.kind = KIND_BOOL}, ast->arg_count - 1);
    if (!subject || !node || !(subject = bind(resolver, subject, &let)))
        return NULL;
    for (uint32_t i = 1; i < ast->arg_count; i++) {
        const struct node *value = resolve(resolver, ast->args[i], false);
        node->args[i - 1] = value ? node_operator(resolver, "=", value->offset, subject, value) : NULL;
        if (!node->args[i - 1])
            return NULL;
    }
    return finish_bind(resolver, let, node->arg_count == 1 ? node->args[0] : node_finish(resolver, node));
}

static const struct node *resolve_between(struct resolver *resolver, const struct ast *ast)
{
    struct node *let;
    const struct node *value = resolve(resolver, ast->args[0], false);
    const struct node *low = value ? resolve(resolver, ast->args[1], false) : NULL;
    const struct node *high = low ? resolve(resolver, ast->args[2], false) : NULL;
    struct node *node = node_new(resolver, FORM_AND, ast->offset, (struct kind_type){.kind = KIND_BOOL}, 2);
    if (!high || !node || !(value = bind(resolver, value, &let)))
        return NULL;
    node->args[0] = node_operator(resolver, ">=", ast->offset, value, low);
    node->args[1] = node->args[0] ? node_operator(resolver, "<=", ast->offset, value, high) : NULL;
    return node->args[1] ? finish_bind(resolver, let, node_finish(resolver, node)) : NULL;
}

static const struct node *resolve_coalesce(struct resolver *resolver, const struct ast *ast, bool strict)
{
    struct kind_type type = {.kind = KIND_TEXT};
    struct node *node = node_new(resolver, FORM_COALESCE, ast->offset, type, ast->arg_count);
    if (!node)
        return NULL;
    if (ast->arg_count == 0) {
        expr_fault_set(resolver->fault, ast->offset, "coalesce needs at least one argument");
        return NULL;
    }
    for (uint32_t i = 0; i < ast->arg_count; i++) {
        if (!(node->args[i] = resolve(resolver, ast->args[i], strict)))
            return NULL;
    }
    if (!common_type(resolver, "COALESCE", node->args, node->arg_count, strict, &node->type))
        return NULL;
    for (uint32_t i = 0; i < ast->arg_count; i++) {
        if (!(node->args[i] = coerce(resolver, node->args[i], node->type)))
            return NULL;
    }
    return node_finish(resolver, node);
}

static bool case_values(struct resolver *resolver, struct node *node, bool strict)
{
    uint32_t count = node->arg_count / 2 + 1;
    const struct node **values = ARENA_ARRAY(resolver->arena, const struct node *, count);
    if (!values)
        return expr_fault_set(resolver->fault, node->offset, "out of memory");
    for (uint32_t i = 0; i < count; i++)
        values[i] = node->args[i + 1 < count ? 2 * i + 1 : 2 * i];
    if (!common_type(resolver, "CASE", values, count, strict, &node->type))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!(values[i] = coerce(resolver, values[i], node->type)))
            return false;
        node->args[i + 1 < count ? 2 * i + 1 : 2 * i] = values[i];
    }
    return true;
}

static const struct node *resolve_case(struct resolver *resolver, const struct ast *ast, bool strict)
{
    bool has_subject = ast->kind == AST_CASE_OF;
    uint32_t first = has_subject ? 1 : 0, count = ast->arg_count - first;
    const struct node *subject = has_subject ? resolve(resolver, ast->args[0], false) : NULL;
    struct node *node = node_new(resolver, FORM_CASE, ast->offset, (struct kind_type){.kind = KIND_TEXT}, count);
    struct node *let = NULL;
    if (!node || (has_subject && (!subject || !(subject = bind(resolver, subject, &let)))))
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        bool condition = i % 2 == 0 && i + 1 < count;
        const struct node *arg = resolve(resolver, ast->args[first + i], strict && !condition);
        if (arg && condition)
            arg = subject ? node_operator(resolver, "=", arg->offset, subject, arg)
                          : boolean_arg(resolver, arg, "CASE/WHEN");
        if (!(node->args[i] = arg))
            return NULL;
    }
    return case_values(resolver, node, strict) ? finish_bind(resolver, let, node_finish(resolver, node)) : NULL;
}

static const struct node *resolve_nullif(struct resolver *resolver, const struct ast *ast, bool strict)
{
    if (ast->arg_count != 2) {
        expr_fault_set(resolver->fault, ast->offset, "nullif needs two arguments");
        return NULL;
    }
    struct node *let;
    const struct node *a = resolve(resolver, ast->args[0], strict), *b = a ? resolve(resolver, ast->args[1], false) : a;
    if (a && b && a->type.kind == KIND_UNKNOWN)
        a = coerce(resolver, a, b->type.kind == KIND_UNKNOWN ? (struct kind_type){.kind = KIND_TEXT} : b->type);
    if (!a || !b || !(a = bind(resolver, a, &let)))
        return NULL;
    struct node *node = node_new(resolver, FORM_CASE, ast->offset, a->type, 3);
    if (!node || !(node->args[0] = node_operator(resolver, "=", ast->offset, a, b)) ||
        !(node->args[1] = node_null(resolver, ast->offset, a->type)))
        return NULL;
    node->args[2] = a;
    return finish_bind(resolver, let, node_finish(resolver, node));
}

const struct node *resolve(struct resolver *resolver, const struct ast *ast, bool strict)
{
    struct kind_type unknown = {.kind = KIND_UNKNOWN};
    switch (ast->kind) {
    case AST_NUMBER:
        return resolve_number(resolver, ast);
    case AST_STRING:
        return resolve_string(resolver, ast);
    case AST_NULL:
        return node_null(resolver, ast->offset, unknown);
    case AST_BOOLEAN:
        return node_boolean(resolver, ast->offset, str_eq(ast->text, STR("true")));
    case AST_NAME:
        return resolve_name(resolver, ast);
    case AST_AND:
    case AST_OR:
        return resolve_logic(resolver, ast);
    case AST_IN:
        return resolve_in(resolver, ast);
    case AST_BETWEEN:
        return resolve_between(resolver, ast);
    case AST_COALESCE:
        return resolve_coalesce(resolver, ast, strict);
    case AST_NULLIF:
        return resolve_nullif(resolver, ast, strict);
    case AST_CASE:
    case AST_CASE_OF:
        return resolve_case(resolver, ast, strict);
    case AST_CAST: {
        bool keeps = ast->cast.kind == KIND_TEXT || (ast->cast.kind == KIND_NUM && ast->cast.precision == 0 && strict);
        const struct node *value = resolve(resolver, ast->args[0], keeps);
        return value ? coerce_explicit(resolver, ast, value) : NULL;
    }
    case AST_CALL:
        break;
    }
    return resolve_call(resolver, ast, strict);
}
