/* Overloads: which row of the table a call means, its result's scale, and constant arguments looked at once. */
#include "worker/expr/function.h"
#include "worker/expr/resolve.h"

enum { MAX_COST = 100000, COST_NONE = -1 };

static enum kind letter_kind(char letter)
{
    switch (letter) {
    case 'i':
    case 'n':
        return KIND_INT;
    case 'N':
        return KIND_DEC;
    case 'd':
        return KIND_DOUBLE;
    case 'b':
        return KIND_BOOL;
    case 'D':
        return KIND_DATE;
    case 'm':
        return KIND_TIME;
    case 'T':
        return KIND_TS;
    case 'Z':
        return KIND_TSTZ;
    case 'v':
        return KIND_INTERVAL;
    default:
        return KIND_TEXT;
    }
}

/* The letter of argument i; '\0' when the overload takes fewer. */
static char arg_letter(const char *args, uint32_t i)
{
    size_t n = strlen(args);
    if (n > 0 && args[n - 1] == '*')
        return args[i < n - 2 ? i : n - 2];
    return i < n ? args[i] : '\0';
}

static bool takes_count(const char *args, uint32_t count)
{
    size_t n = strlen(args);
    return n > 0 && args[n - 1] == '*' ? count >= n - 1 : count == n;
}

static bool same_kind(enum kind a, enum kind b)
{
    return a == b || (kind_is_decimal(a) && kind_is_decimal(b));
}

/* PostgreSQL's preference in one number: exact, then the preferred type of the category, then the rest. */
static int cost_of(char letter, enum kind from)
{
    enum kind to = letter_kind(letter);
    if (letter == 'a')
        return from == KIND_TEXT || from == KIND_UNKNOWN ? 1 : 4;
    if (same_kind(from, to))
        return 0;
    switch (from) {
    case KIND_UNKNOWN:
        return to == KIND_TEXT ? 1 : to == KIND_DOUBLE || to == KIND_TSTZ ? 50 : 60;
    case KIND_INT:
    case KIND_DEC:
    case KIND_NUM:
        return to == KIND_DOUBLE ? 2 : to == KIND_DEC ? 3 : COST_NONE;
    case KIND_DATE:
    case KIND_TS:
        return to == KIND_TSTZ ? 2 : to == KIND_TS ? 3 : COST_NONE;
    default:
        return COST_NONE;
    }
}

static int overload_cost(const struct function *function, const struct node *const *args, uint32_t count)
{
    int total = 0;
    if (!takes_count(function->args, count))
        return COST_NONE;
    for (uint32_t i = 0; i < count; i++) {
        char letter = arg_letter(function->args, i);
        enum kind kind = args[i]->type.kind;
        int cost = cost_of(letter, kind);
        /* An untyped string beside an operator is first taken for the other side's type. */
        if (kind == KIND_UNKNOWN && count == 2 && function->flags & FUNCTION_OPERATOR &&
            same_kind(letter_kind(letter), args[1 - i]->type.kind))
            cost = 0;
        if (cost == COST_NONE)
            return COST_NONE;
        total += cost;
    }
    return total;
}

static void describe(struct buf *out, const struct ast *ast, const struct node *const *args, bool operator_name)
{
    if (operator_name && ast->arg_count == 2) {
        buf_printf(out, "operator does not exist: %s " STR_FMT " %s", kind_name(args[0]->type.kind), STR_ARG(ast->text),
            kind_name(args[1]->type.kind));
        return;
    }
    buf_printf(
        out, operator_name ? "operator does not exist: " STR_FMT "(" : "function " STR_FMT "(", STR_ARG(ast->text));
    for (uint32_t i = 0; i < ast->arg_count; i++)
        buf_printf(out, "%s%s", i ? ", " : "", kind_name(args[i]->type.kind));
    buf_add_cstr(out, operator_name ? ")" : ") does not exist");
}

static const struct function *no_overload(
    struct resolver *resolver, const struct ast *ast, const struct node *const *args, const struct function *known)
{
    if (!known) {
        expr_fault_set(resolver->fault, ast->offset, "function " STR_FMT " is not supported", STR_ARG(ast->text));
        return NULL;
    }
    struct buf text;
    buf_init(&text, 1024);
    describe(&text, ast, args, known->flags & FUNCTION_OPERATOR);
    expr_fault_set(resolver->fault, ast->offset, STR_FMT, STR_ARG(buf_str(&text)));
    buf_dispose(&text);
    return NULL;
}

static const struct function *find_overload(
    struct resolver *resolver, const struct ast *ast, const struct node *const *args)
{
    const struct function *best = NULL, *known = NULL;
    int best_cost = MAX_COST;
    for (size_t i = 0; i < function_count; i++) {
        if (!str_eq(ast->text, str_of(functions[i].name)))
            continue;
        known = &functions[i];
        int cost = overload_cost(known, args, ast->arg_count);
        if (cost != COST_NONE && cost < best_cost) {
            best_cost = cost;
            best = known;
        }
    }
    bool untyped = best && best->flags & FUNCTION_OPERATOR && ast->arg_count == 2 && best_cost >= 100;
    if (untyped) {
        expr_fault_set(
            resolver->fault, ast->offset, "operator is not unique: unknown " STR_FMT " unknown", STR_ARG(ast->text));
        return NULL;
    }
    return best ? best : no_overload(resolver, ast, args, known);
}

/* Divisors with the prime factors 2 and 5 only turn division into multiplication by factor / 10^places. */
static bool decimal_divisor(const struct node *divisor, int64_t *factor, int *places)
{
    if (divisor->form != FORM_CONST || divisor->type.kind != KIND_DEC || divisor->value.lane != LANE_64 ||
        node_is_null(divisor))
        return false;
    int64_t value = divisor->value.i64[0], magnitude = value < 0 ? -value : value;
    int twos = 0, fives = 0;
    if (value == 0 || value < -1000000000000 || value > 1000000000000)
        return false;
    for (; magnitude % 2 == 0; magnitude /= 2)
        twos++;
    for (; magnitude % 5 == 0; magnitude /= 5)
        fives++;
    *places = twos > fives ? twos : fives;
    if (magnitude != 1 || *places > 15)
        return false;
    int64_t power = 1;
    for (int i = 0; i < *places; i++)
        power *= 10;
    *factor = power / value;
    return true;
}

static bool fixed_division(struct node *node, struct kind_type *type)
{
    int64_t factor = 0;
    int places = 0;
    if (node->args[0]->type.kind != KIND_DEC || !decimal_divisor(node->args[1], &factor, &places))
        return false;
    int scale = type->scale + places - node->args[1]->type.scale;
    for (; scale < type->scale; scale++)
        factor *= 10;
    if (scale > 30)
        return false;
    /* Where PostgreSQL keeps at least scale digits: 16 - 4 * weight >= scale, whatever the divisor's weight >= 0. */
    int digits = scale <= 16 ? (16 - scale) / 4 * 4 + 4 : 0;
    node->factor = factor;
    node->limit = 0;
    if (digits > 0 && node->args[1]->type.scale == 0) {
        digits += node->args[0]->type.scale;
        node->limit = INT64_MAX;
        if (digits <= 18)
            for (node->limit = 1; digits > 0; digits--)
                node->limit *= 10;
    }
    type->scale = (uint8_t)scale;
    type->loose = true;
    return true;
}

static bool align(struct resolver *resolver, struct node *node, struct kind_type *type)
{
    const struct kind_type *a = &node->args[0]->type, *b = &node->args[1]->type;
    *type = (struct kind_type){KIND_NUM, 0, a->wide || b->wide, a->loose || b->loose};
    if (a->kind == KIND_NUM || b->kind == KIND_NUM)
        return true;
    type->kind = KIND_DEC;
    type->scale = a->scale > b->scale ? a->scale : b->scale;
    for (int i = 0; i < 2; i++) {
        struct kind_type target = node->args[i]->type;
        target.scale = type->scale;
        if (!(node->args[i] = coerce(resolver, node->args[i], target)))
            return false;
    }
    return true;
}

static bool asked_scale(struct resolver *resolver, const struct node *node, struct kind_type *type)
{
    const struct node *places = node->args[1];
    bool known = places->form == FORM_CONST && !node_is_null(places);
    if (known && (places->value.i64[0] > DECIMAL_MAX_PRECISION || places->value.i64[0] < -DECIMAL_MAX_PRECISION))
        return expr_fault_set(resolver->fault, places->offset, "%s() knows %d decimals at most", node->function->name,
            (int)DECIMAL_MAX_PRECISION);
    int64_t n = known ? places->value.i64[0] : 0;
    type->kind = known ? KIND_DEC : KIND_NUM;
    type->scale = n > 0 ? (uint8_t)n : 0;
    type->loose = false;
    return true;
}

static uint8_t field_scale(const struct node *node)
{
    if (node->args[0]->form != FORM_CONST || node_is_null(node->args[0]))
        return 0;
    struct str field = node->args[0]->value.str[0];
    if (str_eq_nocase_ascii(field, STR("milliseconds")))
        return 3;
    bool epoch = str_eq_nocase_ascii(field, STR("epoch")) && node->args[1]->type.kind != KIND_DATE;
    return epoch || str_eq_nocase_ascii(field, STR("second")) || str_eq_nocase_ascii(field, STR("seconds")) ? 6 : 0;
}

/* strict_args: the arguments must be resolved again with their own numbers of decimals. */
static bool result_type(struct resolver *resolver, struct node *node, bool strict, bool *strict_args)
{
    struct kind_type type = {.kind = letter_kind(node->function->result)};
    const struct kind_type *a = node->arg_count > 0 ? &node->args[0]->type : &type;
    if (node->function->result == 'N')
        type = *a;
    switch (node->function->scale) {
    case SCALE_NONE:
    case SCALE_FIRST:
        break;
    case SCALE_MAX:
        if (!align(resolver, node, &type))
            return false;
        break;
    case SCALE_ALIGN: {
        struct kind_type aligned;
        if (!align(resolver, node, &aligned))
            return false;
        break;
    }
    case SCALE_SUM: {
        const struct kind_type *b = &node->args[1]->type;
        int scale = a->scale + b->scale;
        type.kind = a->kind == KIND_NUM || b->kind == KIND_NUM ? KIND_NUM : KIND_DEC;
        if (type.kind == KIND_DEC && scale > NUMERIC_MAX_SCALE)
            return expr_fault_set(resolver->fault, node->offset, "too many decimals: wrap a factor in round(x, n)");
        type = (struct kind_type){type.kind, (uint8_t)scale, a->wide || b->wide, a->loose || b->loose};
        break;
    }
    case SCALE_DIV:
        type.wide = a->wide || node->args[1]->type.wide;
        if (strict || !fixed_division(node, &type)) {
            *strict_args = a->loose || node->args[1]->type.loose;
            type = (struct kind_type){KIND_NUM, 0, type.wide, false};
        }
        break;
    case SCALE_ZERO:
        type = (struct kind_type){KIND_DEC, 0, type.wide, false};
        break;
    case SCALE_ASKED:
        if (!asked_scale(resolver, node, &type))
            return false;
        break;
    case SCALE_FIELD:
        type = (struct kind_type){KIND_DEC, field_scale(node), false, false};
        break;
    }
    node->type = type;
    return true;
}

static bool prepare(struct resolver *resolver, struct node *node)
{
    for (uint32_t i = 0; i < node->arg_count; i++) {
        if (arg_letter(node->function->args, i) == 'c' && node->args[i]->form != FORM_CONST)
            return expr_fault_set(resolver->fault, node->args[i]->offset, "argument %u of %s must be a constant", i + 1,
                node->function->name);
    }
    if (!node->function->prepare)
        return true;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        if (node_is_null(node->args[i]))
            return true; /* strict: the result is NULL */
    }
    struct preparation preparation = {
        node->arg_count, node->args, resolver->arena, resolver->fault, node->offset, NULL};
    if (!node->function->prepare(&preparation))
        return false;
    node->prepared = preparation.out;
    return true;
}

const struct node *node_call(struct resolver *resolver, const struct function *function, size_t offset,
    const struct node *const *args, uint32_t count, struct kind_type type)
{
    struct node *node = node_new(resolver, FORM_CALL, offset, type, count);
    if (!node)
        return NULL;
    node->function = function;
    for (uint32_t i = 0; i < count; i++)
        node->args[i] = args[i];
    return prepare(resolver, node) ? node_finish(resolver, node) : NULL;
}

/* PostgreSQL takes an integer of 32 bits here. */
static const struct node *narrow(struct resolver *resolver, const struct node *arg)
{
    bool fits = arg->form == FORM_CONST && (node_is_null(arg) || arg->value.i64[0] == (int32_t)arg->value.i64[0]);
    return fits ? arg : node_call(resolver, &function_integer4, arg->offset, &arg, 1, arg->type);
}

static const struct node *build(struct resolver *resolver, const struct ast *ast, const struct function *function,
    const struct node *const *args, bool strict, bool *strict_args)
{
    struct node *node =
        node_new(resolver, FORM_CALL, ast->offset, (struct kind_type){.kind = KIND_TEXT}, ast->arg_count);
    if (!node)
        return NULL;
    node->function = function;
    for (uint32_t i = 0; i < ast->arg_count; i++) {
        char letter = arg_letter(function->args, i);
        const struct node *arg = args[i];
        struct kind_type target = {.kind = letter_kind(letter)};
        if (target.kind == KIND_DEC)
            target = kind_is_decimal(arg->type.kind) ? arg->type
                     : arg->type.kind == KIND_INT    ? (struct kind_type){.kind = KIND_DEC}
                                                     : (struct kind_type){.kind = KIND_NUM};
        if (letter == 'a' && function->flags & FUNCTION_OPERATOR && function->flags & FUNCTION_NULLS) {
            node->args[i] = arg; /* IS NULL looks at no value */
            continue;
        }
        if (letter == 'a' && !(function->flags & FUNCTION_OPERATOR) && arg->type.kind == KIND_BOOL) {
            node->args[i] = node_call(resolver, &function_letter, arg->offset, &arg, 1, target);
            if (!node->args[i])
                return NULL;
            continue;
        }
        if (letter == 'a' && arg->type.loose) {
            *strict_args = true;
            return NULL;
        }
        if (!(arg = coerce(resolver, arg, target)) || !(node->args[i] = letter == 'n' ? narrow(resolver, arg) : arg))
            return NULL;
    }
    if (!result_type(resolver, node, strict, strict_args) || *strict_args)
        return NULL;
    return prepare(resolver, node) ? node_finish(resolver, node) : NULL;
}

static void warn_integer_division(struct resolver *resolver, const struct ast *ast, const struct function *function)
{
    if (resolver->warnings && str_eq(ast->text, STR("/")) && function->result == 'i')
        buf_printf(resolver->warnings,
            "at %zu: integer / integer is integer division and drops the remainder: cast one side to numeric to keep "
            "it\n",
            ast->offset);
}

/* greatest and least take any number of values of one type. */
static const struct node *resolve_extreme(struct resolver *resolver, const struct ast *ast,
    const struct function *function, const struct node **args, bool strict)
{
    struct kind_type type;
    if (ast->arg_count == 0) {
        expr_fault_set(resolver->fault, ast->offset, "%s needs at least one argument", function->name);
        return NULL;
    }
    if (!common_type(resolver, function->name, args, ast->arg_count, strict, &type))
        return NULL;
    for (uint32_t i = 0; i < ast->arg_count; i++) {
        if (!(args[i] = coerce(resolver, args[i], type)))
            return NULL;
    }
    return node_call(resolver, function, ast->offset, args, ast->arg_count, type);
}

static const struct node **resolve_args(struct resolver *resolver, const struct ast *ast, bool strict)
{
    const struct node **args = ARENA_ARRAY(resolver->arena, const struct node *, ast->arg_count + 1);
    for (uint32_t i = 0; args && i < ast->arg_count; i++) {
        if (!(args[i] = resolve(resolver, ast->args[i], strict)))
            return NULL;
    }
    return args;
}

/* Any type is tested for NULL, and two values of one type for being distinct. */
static bool settle_unknown(struct resolver *resolver, const struct ast *ast, const struct node **args)
{
    for (uint32_t i = 0; i < ast->arg_count && str_eq(ast->text, STR("is null")); i++) {
        if (args[i]->type.kind == KIND_UNKNOWN &&
            !(args[i] = coerce(resolver, args[i], (struct kind_type){.kind = KIND_TEXT})))
            return false;
    }
    return true;
}

const struct node *resolve_call(struct resolver *resolver, const struct ast *ast, bool strict)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        bool strict_args = false;
        const struct node **args = resolve_args(resolver, ast, strict || attempt > 0);
        if (!args || !settle_unknown(resolver, ast, args))
            return NULL;
        if (str_eq(ast->text, STR("greatest")))
            return resolve_extreme(resolver, ast, &function_greatest, args, strict);
        if (str_eq(ast->text, STR("least")))
            return resolve_extreme(resolver, ast, &function_least, args, strict);
        const struct function *function = find_overload(resolver, ast, args);
        if (!function)
            return NULL;
        const struct node *node = build(resolver, ast, function, args, strict || attempt > 0, &strict_args);
        if (node && attempt == 0)
            warn_integer_division(resolver, ast, function);
        if (!strict_args)
            return node;
    }
    expr_fault_set(resolver->fault, ast->offset, "the number of decimals cannot be known here: wrap it in round(x, n)");
    return NULL;
}

const struct node *node_operator(
    struct resolver *resolver, const char *name, size_t offset, const struct node *a, const struct node *b)
{
    const struct node *args[] = {a, b};
    struct ast ast = {.kind = AST_CALL, .offset = offset, .text = str_of(name), .arg_count = 2};
    bool strict_args = false;
    const struct function *function = find_overload(resolver, &ast, args);
    return function ? build(resolver, &ast, function, args, false, &strict_args) : NULL;
}
