#include "worker/expr/parser.h"

enum { MAX_DEPTH = 100, MAX_TREE = 1000 };

bool parser_advance(struct parser *parser)
{
    parser->now = parser->next;
    return lex_next(&parser->lexer, &parser->next);
}

struct ast *parser_fail(struct parser *parser, size_t offset, const char *message)
{
    expr_fault_set(parser->lexer.fault, offset, "%s", message);
    return NULL;
}

struct ast *parser_unexpected(struct parser *parser)
{
    const struct token *token = &parser->now;
    if (token->kind == TOKEN_END)
        return parser_fail(parser, token->offset, "the expression ends too early");
    expr_fault_set(parser->lexer.fault, token->offset, "syntax error at or near \"" STR_FMT "\"", STR_ARG(token->text));
    return NULL;
}

bool token_is(const struct token *token, enum token_kind kind, const char *text)
{
    return token->kind == kind && str_eq(token->text, str_of(text));
}

bool parser_at_symbol(const struct parser *parser, const char *text)
{
    return token_is(&parser->now, TOKEN_OPERATOR, text);
}

bool parser_at_word(const struct parser *parser, const char *text)
{
    return token_is(&parser->now, TOKEN_WORD, text);
}

bool parser_expect(struct parser *parser, enum token_kind kind, const char *text)
{
    if (token_is(&parser->now, kind, text))
        return parser_advance(parser);
    if (parser->now.kind == TOKEN_END)
        return expr_fault_set(parser->lexer.fault, parser->now.offset, "'%s' is missing at the end", text);
    return expr_fault_set(parser->lexer.fault, parser->now.offset, "'%s' expected before \"" STR_FMT "\"", text,
        STR_ARG(parser->now.text));
}

struct ast *parser_ast(struct parser *parser, enum ast_kind kind, size_t offset, const char *text)
{
    struct ast *ast = ARENA_NEW(parser->lexer.arena, struct ast);
    if (!ast)
        return parser_fail(parser, offset, "out of memory");
    ast->kind = kind;
    ast->offset = offset;
    ast->text = str_of(text);
    return ast;
}

bool parser_add(struct parser *parser, struct ast *ast, struct ast *arg)
{
    if (!ast || !arg)
        return false;
    void *args = ast->args;
    if (!arena_reserve(parser->lexer.arena, &args, ast->arg_count, &ast->capacity, sizeof(*ast->args)))
        return expr_fault_set(parser->lexer.fault, ast->offset, "out of memory");
    ast->args = args;
    ast->args[ast->arg_count++] = arg;
    if (ast->depth <= arg->depth)
        ast->depth = arg->depth + 1;
    if (ast->depth > MAX_TREE)
        return expr_fault_set(parser->lexer.fault, ast->offset, "the expression is nested too deeply");
    return true;
}

struct ast *parser_call(struct parser *parser, size_t offset, const char *name, struct ast *a, struct ast *b)
{
    struct ast *ast = a ? parser_ast(parser, AST_CALL, offset, name) : NULL;
    return ast && parser_add(parser, ast, a) && (!b || parser_add(parser, ast, b)) ? ast : NULL;
}

/* Operands. */

static struct ast *parse_name(struct parser *parser)
{
    struct ast *ast = parser_ast(parser, AST_NAME, parser->now.offset, "");
    if (!ast)
        return NULL;
    ast->text = parser->now.text;
    if (!parser_advance(parser))
        return NULL;
    if (!parser_at_symbol(parser, "."))
        return ast;
    if (!parser_advance(parser))
        return NULL;
    if (parser->now.kind != TOKEN_WORD && parser->now.kind != TOKEN_QUOTED)
        return parser_unexpected(parser);
    const char *text =
        arena_printf(parser->lexer.arena, STR_FMT "." STR_FMT, STR_ARG(ast->text), STR_ARG(parser->now.text));
    if (!text)
        return parser_fail(parser, ast->offset, "out of memory");
    ast->text = str_of(text);
    return parser_advance(parser) ? ast : NULL;
}

static bool is_reserved(struct str word)
{
    static const char *const words[] = {"and", "or", "not", "is", "in", "like", "ilike", "between", "when", "then",
        "else", "end", "as", "from", "for", "distinct", "isnull", "notnull", "similar", "select"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq(word, str_of(words[i])))
            return true;
    }
    return false;
}

static struct ast *parse_word(struct parser *parser)
{
    const struct token *now = &parser->now, *next = &parser->next;
    if (parser_at_word(parser, "case"))
        return parser_case(parser);
    if (parser_at_word(parser, "null") || parser_at_word(parser, "true") || parser_at_word(parser, "false")) {
        struct ast *ast = parser_ast(parser, parser_at_word(parser, "null") ? AST_NULL : AST_BOOLEAN, now->offset, "");
        if (!ast)
            return NULL;
        ast->text = now->text;
        return parser_advance(parser) ? ast : NULL;
    }
    if (is_reserved(now->text))
        return parser_unexpected(parser);
    if (parser_is_type(now->text) &&
        (next->kind == TOKEN_STRING || token_is(next, TOKEN_WORD, "with") || token_is(next, TOKEN_WORD, "without") ||
            token_is(next, TOKEN_WORD, "precision")))
        return parser_typed_literal(parser);
    if (token_is(next, TOKEN_OPERATOR, "("))
        return parser_function(parser);
    if (str_starts(now->text, STR("current_")) || str_starts(now->text, STR("localtime"))) {
        expr_fault_set(parser->lexer.fault, now->offset,
            STR_FMT " is not supported: an expression must give the same value on every run", STR_ARG(now->text));
        return NULL;
    }
    return parse_name(parser);
}

static struct ast *parse_operand(struct parser *parser)
{
    size_t offset = parser->now.offset;
    switch (parser->now.kind) {
    case TOKEN_NUMBER: {
        struct ast *ast = parser_ast(parser, AST_NUMBER, offset, "");
        if (!ast)
            return NULL;
        ast->text = parser->now.text;
        return parser_advance(parser) ? ast : NULL;
    }
    case TOKEN_STRING:
        return parser_string(parser);
    case TOKEN_QUOTED:
        return parse_name(parser);
    case TOKEN_WORD:
        if (!parser_at_word(parser, "not"))
            return parse_word(parser);
        return parser_advance(parser)
                   ? parser_call(parser, offset, "not", parser_expression(parser, PREC_NOT - 1), NULL)
                   : NULL;
    default:
        break;
    }
    if (parser_at_symbol(parser, "(")) {
        struct ast *inner = parser_advance(parser) ? parser_expression(parser, PREC_NONE) : NULL;
        return inner && parser_expect(parser, TOKEN_OPERATOR, ")") ? inner : NULL;
    }
    if (parser_at_symbol(parser, "-") || parser_at_symbol(parser, "+")) {
        const char *name = parser_at_symbol(parser, "-") ? "neg" : "plus";
        return parser_advance(parser)
                   ? parser_call(parser, offset, name, parser_expression(parser, PREC_SIGN - 1), NULL)
                   : NULL;
    }
    return parser_unexpected(parser);
}

/* What follows an operand. */

static const struct symbol {
    const char *text;
    enum precedence precedence;
} symbols[] = {{"=", PREC_COMPARE}, {"<>", PREC_COMPARE}, {"<", PREC_COMPARE}, {"<=", PREC_COMPARE},
    {">", PREC_COMPARE}, {">=", PREC_COMPARE}, {"||", PREC_OTHER}, {"~", PREC_OTHER}, {"~*", PREC_OTHER},
    {"!~", PREC_OTHER}, {"!~*", PREC_OTHER}, {"+", PREC_SUM}, {"-", PREC_SUM}, {"*", PREC_PRODUCT}, {"/", PREC_PRODUCT},
    {"%", PREC_PRODUCT}, {"^", PREC_POWER}, {"::", PREC_CAST}};

static const struct symbol *find_symbol(const struct token *token)
{
    for (size_t i = 0; token->kind == TOKEN_OPERATOR && i < sizeof symbols / sizeof *symbols; i++) {
        if (str_eq(token->text, str_of(symbols[i].text)))
            return &symbols[i];
    }
    return NULL;
}

static bool is_matching_word(const struct token *token)
{
    return token_is(token, TOKEN_WORD, "between") || token_is(token, TOKEN_WORD, "in") ||
           token_is(token, TOKEN_WORD, "like") || token_is(token, TOKEN_WORD, "ilike") ||
           token_is(token, TOKEN_WORD, "similar");
}

static enum precedence infix_precedence(const struct parser *parser)
{
    const struct symbol *symbol = find_symbol(&parser->now);
    if (symbol)
        return symbol->precedence;
    if (parser_at_word(parser, "or"))
        return PREC_OR;
    if (parser_at_word(parser, "and"))
        return PREC_AND;
    if (parser_at_word(parser, "is") || parser_at_word(parser, "isnull") || parser_at_word(parser, "notnull"))
        return PREC_IS;
    if (is_matching_word(&parser->now) || (parser_at_word(parser, "not") && is_matching_word(&parser->next)))
        return PREC_BETWEEN;
    return parser_at_word(parser, "at") ? PREC_AT : PREC_NONE;
}

static struct ast *negate(struct parser *parser, bool negated, struct ast *ast)
{
    return negated && ast ? parser_call(parser, ast->offset, "not", ast, NULL) : ast;
}

static struct ast *parse_is(struct parser *parser, struct ast *left)
{
    static const struct {
        const char *word, *name;
    } tests[] = {{"null", "is null"}, {"true", "is true"}, {"false", "is false"}, {"unknown", "is unknown"}};
    size_t offset = parser->now.offset;
    bool shorthand = !parser_at_word(parser, "is"), negated = parser_at_word(parser, "notnull");
    if (!parser_advance(parser))
        return NULL;
    if (shorthand)
        return negate(parser, negated, parser_call(parser, offset, "is null", left, NULL));
    if (parser_at_word(parser, "not")) {
        negated = true;
        if (!parser_advance(parser))
            return NULL;
    }
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (parser_at_word(parser, tests[i].word))
            return parser_advance(parser)
                       ? negate(parser, negated, parser_call(parser, offset, tests[i].name, left, NULL))
                       : NULL;
    }
    if (!parser_at_word(parser, "distinct"))
        return parser_unexpected(parser);
    if (!parser_advance(parser) || !parser_expect(parser, TOKEN_WORD, "from"))
        return NULL;
    struct ast *right = parser_expression(parser, PREC_IS);
    return right ? negate(parser, negated, parser_call(parser, offset, "is distinct from", left, right)) : NULL;
}

static struct ast *parse_in(struct parser *parser, size_t offset, struct ast *left)
{
    struct ast *ast = parser_ast(parser, AST_IN, offset, "in");
    if (!ast || !parser_add(parser, ast, left) || !parser_expect(parser, TOKEN_OPERATOR, "("))
        return NULL;
    if (parser_at_symbol(parser, ")") || parser_at_word(parser, "select"))
        return parser_unexpected(parser);
    return parser_list(parser, ast) ? ast : NULL;
}

static struct ast *parse_between(struct parser *parser, size_t offset, struct ast *left)
{
    struct ast *ast = parser_ast(parser, AST_BETWEEN, offset, "between");
    if (parser_at_word(parser, "symmetric"))
        return parser_fail(parser, parser->now.offset, "BETWEEN SYMMETRIC is not supported");
    return ast && parser_add(parser, ast, left) && parser_add(parser, ast, parser_expression(parser, PREC_BETWEEN)) &&
                   parser_expect(parser, TOKEN_WORD, "and") &&
                   parser_add(parser, ast, parser_expression(parser, PREC_BETWEEN))
               ? ast
               : NULL;
}

static struct ast *parse_like(struct parser *parser, size_t offset, struct ast *left, bool fold)
{
    struct ast *pattern = parser_expression(parser, PREC_BETWEEN);
    struct ast *ast = pattern ? parser_call(parser, offset, fold ? "ilike" : "like", left, pattern) : NULL;
    if (ast && parser_at_word(parser, "escape") &&
        (!parser_advance(parser) || !parser_add(parser, ast, parser_expression(parser, PREC_BETWEEN))))
        return NULL;
    return ast;
}

static struct ast *parse_matching(struct parser *parser, struct ast *left)
{
    size_t offset = parser->now.offset;
    bool negated = parser_at_word(parser, "not");
    if (negated && !parser_advance(parser))
        return NULL;
    struct str word = parser->now.text;
    if (str_eq(word, STR("similar")))
        return parser_fail(parser, offset, "SIMILAR TO is not supported: use LIKE or ~");
    if (!parser_advance(parser))
        return NULL;
    struct ast *ast = str_eq(word, STR("in"))        ? parse_in(parser, offset, left)
                      : str_eq(word, STR("between")) ? parse_between(parser, offset, left)
                                                     : parse_like(parser, offset, left, str_eq(word, STR("ilike")));
    return negate(parser, negated, ast);
}

static struct ast *parse_infix(struct parser *parser, enum precedence precedence, struct ast *left)
{
    size_t offset = parser->now.offset;
    if (precedence == PREC_IS)
        return parse_is(parser, left);
    if (precedence == PREC_BETWEEN)
        return parse_matching(parser, left);
    const struct symbol *symbol = find_symbol(&parser->now);
    if (!parser_advance(parser))
        return NULL;
    if (precedence == PREC_CAST)
        return parser_cast(parser, offset, left);
    if (precedence == PREC_AT) {
        if (!parser_expect(parser, TOKEN_WORD, "time") || !parser_expect(parser, TOKEN_WORD, "zone"))
            return NULL;
        struct ast *zone = parser_expression(parser, PREC_AT);
        return zone ? parser_call(parser, offset, "at time zone", left, zone) : NULL;
    }
    struct ast *right = parser_expression(parser, precedence);
    if (symbol || !right)
        return right ? parser_call(parser, offset, symbol->text, left, right) : NULL;
    struct ast *ast = parser_ast(parser, precedence == PREC_AND ? AST_AND : AST_OR, offset, "");
    return ast && parser_add(parser, ast, left) && parser_add(parser, ast, right) ? ast : NULL;
}

/* An operand and all operators that bind tighter than above. */
struct ast *parser_expression(struct parser *parser, enum precedence above)
{
    if (++parser->depth > MAX_DEPTH)
        return parser_fail(parser, parser->now.offset, "the expression is nested too deeply");
    struct ast *left = parse_operand(parser);
    enum precedence precedence, before = PREC_NONE;
    while (left && (precedence = infix_precedence(parser)) > above) {
        if (precedence == before && (precedence == PREC_COMPARE || precedence == PREC_BETWEEN))
            return parser_unexpected(parser);
        left = parse_infix(parser, precedence, left);
        before = precedence;
    }
    parser->depth--;
    return left;
}

struct ast *parse_text(struct str text, struct arena *arena, struct expr_fault *fault)
{
    struct parser parser = {.lexer = {.text = text, .arena = arena, .fault = fault}};
    if (!parser_advance(&parser) || !parser_advance(&parser))
        return NULL;
    struct ast *ast = parser_expression(&parser, PREC_NONE);
    return ast && parser.now.kind != TOKEN_END ? parser_unexpected(&parser) : ast;
}
