/* The graph as PostgreSQL SQL: every operation in parentheses, every constant and conversion with its type. */
#include "worker/expr/decimal.h"
#include "worker/expr/moment.h"
#include "worker/expr/run.h"
#include "worker/value/value.h"

static void print_quoted(struct str text, char quote, struct buf *out)
{
    buf_add_byte(out, quote);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == quote)
            buf_add_byte(out, quote);
        buf_add_byte(out, text.p[i]);
    }
    buf_add_byte(out, quote);
}

static void print_name(struct str name, struct buf *out)
{
    size_t point = str_find_byte(name, '.');
    print_quoted((struct str){name.p, point}, '"', out);
    if (point == name.n)
        return;
    buf_add_byte(out, '.');
    print_quoted((struct str){name.p + point + 1, name.n - point - 1}, '"', out);
}

static void print_number(const struct node *node, struct buf *out)
{
    char text[NUMERIC_TEXT_SIZE];
    struct numeric number = decimal_at(&node->value, 0);
    numeric_print(&number, text);
    /* In quotes, so that a sign needs no care and the type is not guessed from the size. */
    buf_printf(out, "'%s'::%s", text, node->type.kind == KIND_INT ? "bigint" : "numeric");
}

static void print_const(const struct node *node, struct buf *out)
{
    const struct vec *value = &node->value;
    if (node->type.kind == KIND_UNKNOWN || !vec_live(value, 0)) {
        buf_printf(out, "null::%s", kind_name(node->type.kind == KIND_UNKNOWN ? KIND_TEXT : node->type.kind));
        return;
    }
    switch (node->type.kind) {
    case KIND_BOOL:
        buf_add_cstr(out, value->u8[0] ? "true" : "false");
        return;
    case KIND_INT:
    case KIND_DEC:
    case KIND_NUM:
        print_number(node, out);
        return;
    case KIND_TEXT:
        print_quoted(value->str[0], '\'', out);
        break;
    case KIND_DOUBLE:
        buf_add_byte(out, '\'');
        value_print(out, TYPE(TYPE_DOUBLE), value->f64);
        buf_add_byte(out, '\'');
        break;
    case KIND_INTERVAL:
        buf_add_byte(out, '\'');
        interval_print(out, value->interval);
        buf_add_byte(out, '\'');
        break;
    default:
        buf_add_byte(out, '\'');
        moment_print(out, node->type.kind, value->i64[0]);
        buf_add_byte(out, '\'');
    }
    buf_printf(out, "::%s", kind_name(node->type.kind));
}

/* Arguments that PostgreSQL takes as integer of 32 bits. */
static bool is_int4(const struct node *node, uint32_t arg)
{
    size_t n = strlen(node->function->args);
    return arg < n && node->function->args[arg] == 'n';
}

static void print_arg(const struct node *node, uint32_t arg, struct buf *out)
{
    bool field = str_eq(str_of(node->function->name), STR("extract")) && arg == 0;
    if (field) {
        buf_add_str(out, node->args[0]->value.str[0]);
        return;
    }
    node_print(node->args[arg], out);
    if (is_int4(node, arg))
        buf_add_cstr(out, "::integer");
}

static void print_template(const struct node *node, struct buf *out)
{
    for (const char *p = node->function->sql; *p; p++) {
        if (*p == '$' && p[1] >= '1' && p[1] <= '9')
            print_arg(node, (uint32_t)(*++p - '1'), out);
        else if (*p == '$' && p[1] == '!')
            buf_add_cstr(out, node->prepared), p++;
        else
            buf_add_byte(out, *p);
    }
}

static void print_call(const struct node *node, struct buf *out)
{
    const struct function *function = node->function;
    bool infix = function->flags & FUNCTION_OPERATOR && !function->sql;
    if (function->flags & FUNCTION_INT4)
        buf_add_byte(out, '(');
    if (node->precision) {
        buf_add_cstr(out, "(");
        node_print(node->args[0], out);
        buf_printf(out, ")::numeric(%d,%d)", node->precision, node->type.scale);
    } else if (function->sql) {
        print_template(node, out);
    } else {
        buf_printf(out, "%s(", infix ? "" : function->name);
        for (uint32_t i = 0; i < node->arg_count; i++) {
            if (i > 0)
                buf_printf(out, infix ? " %s " : ", ", function->name);
            print_arg(node, i, out);
        }
        buf_add_byte(out, ')');
    }
    if (function->flags & FUNCTION_INT4)
        buf_add_cstr(out, ")::bigint");
}

static void print_list(const struct node *node, const char *between, struct buf *out)
{
    buf_add_byte(out, '(');
    for (uint32_t i = 0; i < node->arg_count; i++) {
        if (i > 0)
            buf_add_cstr(out, between);
        node_print(node->args[i], out);
    }
    buf_add_byte(out, ')');
}

static void print_case(const struct node *node, struct buf *out)
{
    buf_add_cstr(out, "(case");
    uint32_t i = 0;
    for (; i + 1 < node->arg_count; i += 2) {
        buf_add_cstr(out, " when ");
        node_print(node->args[i], out);
        buf_add_cstr(out, " then ");
        node_print(node->args[i + 1], out);
    }
    buf_add_cstr(out, " else ");
    node_print(node->args[i], out);
    buf_add_cstr(out, " end)");
}

void node_print(const struct node *node, struct buf *out)
{
    if (out->failed)
        return;
    switch (node->form) {
    case FORM_CONST:
        print_const(node, out);
        break;
    case FORM_SLOT:
        print_name(node->name, out);
        break;
    case FORM_CALL:
        print_call(node, out);
        break;
    case FORM_AND:
        print_list(node, " and ", out);
        break;
    case FORM_OR:
        print_list(node, " or ", out);
        break;
    case FORM_CASE:
        print_case(node, out);
        break;
    case FORM_COALESCE:
        buf_add_cstr(out, "coalesce");
        print_list(node, ", ", out);
        break;
    case FORM_LET:
        node_print(node->args[1], out);
        break;
    case FORM_BOUND: /* written out again */
        node_print(node->let->args[0], out);
    }
}
