/* Expressions of a contract: parsed over the scope, their faults mapped to where they stand. */
#include "worker/config/load.h"

#include <ctype.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool mentions(struct str text, struct str word)
{
    for (size_t i = 0; i + word.n <= text.n; i++)
        if ((i == 0 || !is_word(text.p[i - 1])) && str_eq_nocase_ascii((struct str){text.p + i, word.n}, word) &&
            (i + word.n == text.n || !is_word(text.p[i + word.n])))
            return true;
    return false;
}

static bool is_tainted(const struct loader *loader, struct str text)
{
    for (size_t i = 0; i < loader->tainted_count; i++)
        if (mentions(text, loader->tainted[i]))
            return true;
    return false;
}

static void fault_to_finding(struct loader *loader, const struct yaml_node *node, const struct expr_fault *fault)
{
    if (!is_tainted(loader, node->text))
        load_error_inside(loader, node, fault->offset, "%s", fault->message);
}

static void report_warnings(struct loader *loader, const struct yaml_node *node, struct str text)
{
    while (text.n) {
        size_t n = str_find_byte(text, '\n');
        if (n)
            load_warning(loader, node, STR_FMT, (int)n, text.p);
        n += n < text.n;
        text = (struct str){text.p + n, text.n - n};
    }
}

enum { EXPRESSION_MAX = 64 * 1024 };

/* NULL: a finding was made. */
static const struct expr *parse(struct loader *loader, const struct yaml_node *node, uint32_t visible)
{
    struct expr_scope scope = {loader->contract->scope.names, visible};
    struct expr_fault fault = {0};
    struct buf warnings;
    if (node->kind != YAML_TEXT || !str_trim(node->text).n) {
        load_error(loader, node, "an expression is wanted");
        return NULL;
    }
    if (node->text.n > EXPRESSION_MAX) {
        load_error(loader, node, "an expression of more than %d bytes", EXPRESSION_MAX);
        return NULL;
    }
    buf_init(&warnings, EXPRESSION_MAX);
    const struct expr *expr = expr_parse(node->text, &scope, loader->arena, &fault, &warnings);
    if (!expr)
        fault_to_finding(loader, node, &fault);
    else
        report_warnings(loader, node, buf_str(&warnings));
    buf_dispose(&warnings);
    return expr;
}

const struct expr *load_condition(
    struct loader *loader, const struct yaml_node *node, uint32_t visible, const char *what)
{
    const struct expr *expr = parse(loader, node, visible);
    if (expr && !expr_is_boolean(expr)) {
        load_error(loader, node, "%s must be a condition: its result is not boolean", what);
        return NULL;
    }
    return expr;
}

const struct expr *load_expression(
    struct loader *loader, const struct yaml_node *node, uint32_t visible, struct type *type)
{
    const struct expr *expr = parse(loader, node, visible);
    struct expr_fault fault = {0};
    if (expr && !expr_storable_type(expr, type, &fault)) {
        fault_to_finding(loader, node, &fault);
        return NULL;
    }
    return expr;
}
