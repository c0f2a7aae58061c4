/* Nodes, constants, and conversions between types. */
#include "worker/expr/function.h"
#include "worker/expr/resolve.h"
#include "worker/expr/run.h"

enum { MOST_CONSTANT = 64 * 1024 /* as it is printed, perhaps more than once */ };

const char *kind_name(enum kind kind)
{
    static const char *const names[] = {[KIND_UNKNOWN] = "unknown",
        [KIND_BOOL] = "boolean",
        [KIND_INT] = "bigint",
        [KIND_DEC] = "numeric",
        [KIND_NUM] = "numeric",
        [KIND_DOUBLE] = "double precision",
        [KIND_TEXT] = "text",
        [KIND_DATE] = "date",
        [KIND_TIME] = "time without time zone",
        [KIND_TS] = "timestamp without time zone",
        [KIND_TSTZ] = "timestamp with time zone",
        [KIND_INTERVAL] = "interval"};
    return names[kind];
}

struct node *node_new(struct resolver *resolver, enum form form, size_t offset, struct kind_type type, uint32_t args)
{
    struct node *node = ARENA_NEW(resolver->arena, struct node);
    if (node && args > 0)
        node->args = ARENA_ARRAY(resolver->arena, const struct node *, args);
    if (!node || (args > 0 && !node->args)) {
        expr_fault_set(resolver->fault, offset, "out of memory");
        return NULL;
    }
    node->form = form;
    node->offset = offset;
    node->type = type;
    node->arg_count = args;
    node->value.kind = type.kind;
    node->value.scale = type.scale;
    node->value.lane = type.kind == KIND_NUM ? LANE_NUMBER : LANE_64;
    return node;
}

bool node_is_null(const struct node *node)
{
    return node->form == FORM_CONST && !vec_live(&node->value, 0);
}

/* A constant with room for any value, which is NULL where null says so. */
static struct node *constant(struct resolver *resolver, size_t offset, struct kind_type type, bool null)
{
    struct node *node = node_new(resolver, FORM_CONST, offset, type, 0);
    uint8_t *state = arena_calloc(resolver->arena, 1, 1);
    void *place = arena_calloc(resolver->arena, 1, sizeof(struct numeric));
    if (!node || !state || !place) {
        expr_fault_set(resolver->fault, offset, "out of memory");
        return NULL;
    }
    *state = VALUE_NULL;
    node->value.state = null ? state : NULL;
    node->value.data = place;
    return node;
}

const struct node *node_null(struct resolver *resolver, size_t offset, struct kind_type type)
{
    return constant(resolver, offset, type, true);
}

const struct node *node_boolean(struct resolver *resolver, size_t offset, bool value)
{
    struct node *node = constant(resolver, offset, (struct kind_type){.kind = KIND_BOOL}, false);
    if (node)
        node->value.u8[0] = value;
    return node;
}

/* A constant numeric has a known scale, and mostly fits the fast lane. */
static void settle_numeric(struct node *node)
{
    if (node->value.lane != LANE_NUMBER || node_is_null(node))
        return;
    struct numeric *numeric = node->value.numeric;
    int128 value;
    node->type.kind = node->value.kind = KIND_DEC;
    node->type.scale = (uint8_t)numeric->scale;
    node->value.scale = numeric->scale;
    bool small = numeric_unscaled(numeric, &value);
    node->type.wide = !small || value >= (int128)1000000000000000000 || value <= -(int128)1000000000000000000;
    if (small && value >= INT64_MIN && value <= INT64_MAX) {
        node->value.lane = LANE_64;
        node->value.i64[0] = (int64_t)value;
    }
}

static const struct node *fold(struct resolver *resolver, const struct node *node)
{
    struct node *folded = constant(resolver, node->offset, node->type, false);
    const char *why = NULL;
    if (!folded)
        return NULL;
    if (!run_constant(node, resolver->arena, &folded->value, &why)) {
        expr_fault_set(resolver->fault, node->offset, "out of memory");
        return NULL;
    }
    if (why) { /* PostgreSQL computes what is constant before it looks at any row */
        expr_fault_set(resolver->fault, node->offset, "this fails on every row: %s", why);
        return NULL;
    }
    if (node->type.kind == KIND_TEXT && !node_is_null(folded) && folded->value.str[0].n > MOST_CONSTANT) {
        expr_fault_set(resolver->fault, node->offset, "a constant of more than %d KB", (int)MOST_CONSTANT / 1024);
        return NULL;
    }
    settle_numeric(folded);
    return folded;
}

/* A constant FALSE settles an AND, constant TRUEs say nothing; OR the other way round. */
static const struct node *fold_logic(struct resolver *resolver, struct node *node)
{
    bool settles = node->form == FORM_OR;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        const struct node *arg = node->args[i];
        if (arg->form == FORM_CONST && !node_is_null(arg)) {
            if ((arg->value.u8[0] != 0) == settles)
                return node_boolean(resolver, node->offset, settles);
            continue;
        }
        node->args[kept++] = arg;
    }
    node->arg_count = kept;
    if (kept == 0)
        return node_boolean(resolver, node->offset, !settles);
    return kept == 1 ? node->args[0] : node;
}

static bool is_true(const struct node *node)
{
    return node->form == FORM_CONST && !node_is_null(node) && node->value.u8[0];
}

/* Branches that constants open or shut, before any row is looked at, as PostgreSQL has it. */
static const struct node *fold_case(struct node *node)
{
    uint32_t kept = 0;
    const struct node *otherwise = node->args[node->arg_count - 1];
    for (uint32_t i = 0; i + 1 < node->arg_count; i += 2) {
        const struct node *condition = node->args[i];
        if (is_true(condition)) {
            otherwise = node->args[i + 1];
            break;
        }
        if (condition->form == FORM_CONST)
            continue;
        node->args[kept++] = condition;
        node->args[kept++] = node->args[i + 1];
    }
    node->args[kept++] = otherwise;
    node->arg_count = kept;
    return kept == 1 ? otherwise : node;
}

static const struct node *fold_coalesce(struct resolver *resolver, struct node *node)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        if (node_is_null(node->args[i]))
            continue;
        node->args[kept++] = node->args[i];
        if (node->args[i]->form == FORM_CONST)
            break;
    }
    node->arg_count = kept;
    return kept == 0 ? node_null(resolver, node->offset, node->type) : kept == 1 ? node->args[0] : node;
}

const struct node *node_finish(struct resolver *resolver, struct node *node)
{
    bool constant_args = node->form != FORM_LET, null = false;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        constant_args = constant_args && node->args[i]->form == FORM_CONST;
        null = null || node_is_null(node->args[i]);
        node->can_fail = node->can_fail || node->args[i]->can_fail;
    }
    if (node->form == FORM_CALL) {
        node->can_fail = node->can_fail || !(node->function->flags & FUNCTION_SAFE);
        if (null && !(node->function->flags & FUNCTION_NULLS))
            return node_null(resolver, node->offset, node->type);
    }
    if (constant_args)
        return fold(resolver, node);
    switch (node->form) {
    case FORM_AND:
    case FORM_OR:
        return fold_logic(resolver, node);
    case FORM_CASE:
        return fold_case(node);
    case FORM_COALESCE:
        return fold_coalesce(resolver, node);
    default:
        return node;
    }
}

static const struct node *cast_call(
    struct resolver *resolver, const struct node *node, const struct function *function, struct kind_type type)
{
    return node_call(resolver, function, node->offset, &node, 1, type);
}

static const struct node *no_cast(struct resolver *resolver, const struct node *node, enum kind to)
{
    expr_fault_set(
        resolver->fault, node->offset, "cannot cast type %s to %s", kind_name(node->type.kind), kind_name(to));
    return NULL;
}

/* What the type of node becomes when it is made a numeric without a scale being asked for. */
static struct kind_type numeric_type(const struct node *node)
{
    return node->type.kind == KIND_INT ? (struct kind_type){.kind = KIND_DEC}
                                       : (struct kind_type){KIND_NUM, 0, node->type.wide, node->type.loose};
}

static const struct node *rescale(struct resolver *resolver, const struct node *node, struct kind_type type)
{
    if (!node || type.kind != KIND_DEC || node->type.kind != KIND_DEC || node->type.scale == type.scale)
        return node;
    return cast_call(resolver, node, &function_rescale, type);
}

static const struct node *untyped(struct resolver *resolver, const struct node *node, struct kind_type type)
{
    if (node_is_null(node))
        return node_null(resolver, node->offset, type);
    struct node *text = constant(resolver, node->offset, (struct kind_type){.kind = KIND_TEXT}, false);
    if (!text)
        return NULL;
    text->value.str[0] = node->value.str[0];
    if (type.kind == KIND_TEXT)
        return text;
    struct kind_type to = {.kind = type.kind == KIND_DEC ? KIND_NUM : type.kind};
    const struct node *value = cast_call(resolver, text, function_cast(KIND_TEXT, to.kind), to);
    if (!value)
        expr_fault_set(resolver->fault, node->offset, "invalid input for type %s: \"" STR_FMT "\"", kind_name(to.kind),
            STR_ARG(text->value.str[0]));
    return value;
}

const struct node *coerce(struct resolver *resolver, const struct node *node, struct kind_type type)
{
    enum kind from = node->type.kind;
    if (from == KIND_UNKNOWN && type.kind != KIND_UNKNOWN)
        return rescale(resolver, untyped(resolver, node, type), type);
    if (from == type.kind)
        return rescale(resolver, node, type);
    const struct function *function = function_cast(from, type.kind == KIND_DEC ? KIND_NUM : type.kind);
    if (type.kind == KIND_INTERVAL && node->form != FORM_CONST) {
        expr_fault_set(resolver->fault, node->offset, "only a constant can become an interval");
        return NULL;
    }
    if (!function)
        return no_cast(resolver, node, type.kind);
    struct kind_type to = type.kind == KIND_DEC ? numeric_type(node) : type;
    return rescale(resolver, cast_call(resolver, node, function, to), type);
}

static const struct node *to_numeric(struct resolver *resolver, const struct ast *ast, const struct node *node)
{
    if (!kind_is_decimal(node->type.kind))
        node = coerce(resolver, node, (struct kind_type){.kind = node->type.kind == KIND_INT ? KIND_DEC : KIND_NUM});
    if (!node || ast->cast.precision == 0)
        return node;
    struct kind_type type = {KIND_DEC, ast->cast.scale, ast->cast.precision > DECIMAL_NARROW_PRECISION, false};
    struct node *call = node_new(resolver, FORM_CALL, ast->offset, type, 1);
    if (!call)
        return NULL;
    call->function = &function_numeric;
    call->args[0] = node;
    call->precision = ast->cast.precision;
    return node_finish(resolver, call);
}

const struct node *coerce_explicit(struct resolver *resolver, const struct ast *ast, const struct node *node)
{
    struct kind_type type = {.kind = ast->cast.kind};
    if (type.kind == KIND_NUM && (kind_is_decimal(node->type.kind) || node->type.kind == KIND_UNKNOWN ||
                                     function_cast(node->type.kind, KIND_NUM)))
        return to_numeric(resolver, ast, node);
    if (node->type.kind == KIND_BOOL && type.kind == KIND_INT && !ast->cast.int4)
        return no_cast(resolver, node, type.kind);
    node = coerce(resolver, node, type);
    return node && ast->cast.int4 ? cast_call(resolver, node, &function_integer4, type) : node;
}

static enum kind larger_kind(enum kind a, enum kind b)
{
    static const enum kind ladders[][4] = {
        {KIND_INT, KIND_DEC, KIND_NUM, KIND_DOUBLE}, {KIND_DATE, KIND_TS, KIND_TSTZ}};
    for (int ladder = 0; ladder < 2; ladder++) {
        int place_a = -1, place_b = -1;
        for (int i = 0; i < 4 && ladders[ladder][i] != KIND_UNKNOWN; i++) {
            place_a = ladders[ladder][i] == a ? i : place_a;
            place_b = ladders[ladder][i] == b ? i : place_b;
        }
        if (place_a >= 0 && place_b >= 0)
            return place_a > place_b ? a : b;
    }
    return a == b ? a : KIND_UNKNOWN;
}

static bool common_kind(
    struct resolver *resolver, const char *what, const struct node *const *nodes, uint32_t count, enum kind *kind)
{
    *kind = KIND_UNKNOWN;
    for (uint32_t i = 0; i < count; i++) {
        enum kind next = nodes[i]->type.kind;
        if (next == KIND_UNKNOWN)
            continue;
        enum kind larger = *kind == KIND_UNKNOWN ? next : larger_kind(*kind, next);
        if (larger == KIND_UNKNOWN)
            return expr_fault_set(resolver->fault, nodes[i]->offset, "%s types %s and %s cannot be matched", what,
                kind_name(*kind), kind_name(next));
        *kind = larger;
    }
    if (*kind == KIND_UNKNOWN)
        *kind = KIND_TEXT;
    return true;
}

/* One scale for all; where they differ, PostgreSQL would keep each value's own. */
static void common_scale(const struct node *const *nodes, uint32_t count, bool strict, struct kind_type *type)
{
    bool first = true, differ = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct kind_type *next = &nodes[i]->type;
        if (next->kind == KIND_UNKNOWN)
            continue;
        differ = differ || (!first && next->scale != type->scale);
        type->scale = next->scale > type->scale ? next->scale : type->scale;
        type->wide = type->wide || next->wide;
        type->loose = type->loose || next->loose;
        first = false;
    }
    if (differ && strict)
        *type = (struct kind_type){KIND_NUM, 0, type->wide, false};
    type->loose = type->loose || (differ && !strict);
}

bool common_type(struct resolver *resolver, const char *what, const struct node **nodes, uint32_t count, bool strict,
    struct kind_type *type)
{
    enum kind kind;
    if (!common_kind(resolver, what, nodes, count, &kind))
        return false;
    if (kind == KIND_NUM || kind == KIND_DEC) {
        for (uint32_t i = 0; i < count; i++) {
            if (nodes[i]->type.kind == KIND_UNKNOWN && !node_is_null(nodes[i]) &&
                !(nodes[i] = coerce(resolver, nodes[i], (struct kind_type){.kind = KIND_NUM})))
                return false;
        }
    }
    *type = (struct kind_type){.kind = kind};
    if (kind_is_decimal(kind))
        common_scale(nodes, count, strict, type);
    if (kind == KIND_NUM) { /* each value keeps its own scale, as far as that is known */
        *type = (struct kind_type){KIND_NUM, 0, type->wide, false};
        for (uint32_t i = 0; i < count; i++)
            type->loose = type->loose || nodes[i]->type.loose;
    }
    return true;
}
