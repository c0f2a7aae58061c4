/* Expressions of a contract: parsed over the scope, their faults mapped to where they stand. */
#include "worker/config/load.h"

#include "shared/suggest.h"

#include <ctype.h>

enum { EXPRESSION_MAX = 64 * 1024 };

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

/* The name that stands at an offset: letters, digits, '_' and dots. */
static struct str name_at(struct str text, size_t offset)
{
    size_t end = offset;
    while (end < text.n && (is_word(text.p[end]) || text.p[end] == '.'))
        end++;
    return offset < text.n ? (struct str){text.p + offset, end - offset} : STR("");
}

static struct str nearest_name(const struct loader *loader, struct str wrong)
{
    struct suggestion suggestion;
    const struct expr_scope *scope = &loader->contract->scope;
    suggest_init(&suggestion, wrong);
    for (uint32_t i = 0; wrong.n && i < scope->count; i++)
        suggest_offer(&suggestion, scope->names[i].name);
    return str_eq(suggestion.best, wrong) ? STR("") : suggestion.best;
}

static void fault_to_finding(struct loader *loader, const struct yaml_node *node, const struct expr_fault *fault)
{
    if (is_tainted(loader, node->text))
        return;
    bool unknown = str_starts(str_of(fault->message), STR("column "));
    struct str best = unknown ? nearest_name(loader, name_at(node->text, fault->offset)) : STR("");
    if (best.n)
        load_error_inside(
            loader, node, fault->offset, "%s: did you mean '" STR_FMT "'?", fault->message, STR_ARG(best));
    else
        load_error_inside(loader, node, fault->offset, "%s", fault->message);
}

/* A sentence may begin with its place: "at 12: ". */
static size_t take_place(struct str *sentence)
{
    size_t offset = 0, i = 3;
    if (!str_starts(*sentence, STR("at ")))
        return 0;
    for (; i < sentence->n && isdigit((unsigned char)sentence->p[i]) && offset <= EXPRESSION_MAX; i++)
        offset = offset * 10 + (size_t)(sentence->p[i] - '0');
    if (!str_starts((struct str){sentence->p + i, sentence->n - i}, STR(": ")))
        return 0;
    *sentence = (struct str){sentence->p + i + 2, sentence->n - i - 2};
    return offset;
}

static void report_warnings(struct loader *loader, const struct yaml_node *node, struct str text)
{
    while (text.n) {
        size_t n = str_find_byte(text, '\n');
        struct str sentence = {text.p, n};
        struct yaml_node place = *node;
        yaml_locate(node, take_place(&sentence), &place.line, &place.column);
        if (sentence.n)
            load_warning(loader, &place, STR_FMT, STR_ARG(sentence));
        n += n < text.n;
        text = (struct str){text.p + n, text.n - n};
    }
}

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
