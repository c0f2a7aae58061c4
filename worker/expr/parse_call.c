/* Calls, with SQL's own words in their parentheses, and CASE. */
#include "worker/expr/parser.h"

bool parser_list(struct parser *parser, struct ast *into)
{
    if (parser_at_symbol(parser, ")"))
        return parser_advance(parser);
    for (;;) {
        if (!parser_add(parser, into, parser_expression(parser, PREC_NONE)))
            return false;
        if (!parser_at_symbol(parser, ","))
            return parser_expect(parser, TOKEN_OPERATOR, ")");
        if (!parser_advance(parser))
            return false;
    }
}

static bool parse_when(struct parser *parser, struct ast *ast)
{
    return parser_advance(parser) && parser_add(parser, ast, parser_expression(parser, PREC_NONE)) &&
           parser_expect(parser, TOKEN_WORD, "then") && parser_add(parser, ast, parser_expression(parser, PREC_NONE));
}

struct ast *parser_case(struct parser *parser)
{
    struct ast *ast = parser_ast(parser, AST_CASE, parser->now.offset, "case"), *otherwise;
    if (!ast || !parser_advance(parser))
        return NULL;
    if (!parser_at_word(parser, "when")) {
        ast->kind = AST_CASE_OF;
        if (!parser_add(parser, ast, parser_expression(parser, PREC_NONE)))
            return NULL;
    }
    if (!parser_at_word(parser, "when"))
        return parser_unexpected(parser);
    while (parser_at_word(parser, "when")) {
        if (!parse_when(parser, ast))
            return NULL;
    }
    if (parser_at_word(parser, "else"))
        otherwise = parser_advance(parser) ? parser_expression(parser, PREC_NONE) : NULL;
    else
        otherwise = parser_ast(parser, AST_NULL, parser->now.offset, "null");
    return parser_add(parser, ast, otherwise) && parser_expect(parser, TOKEN_WORD, "end") ? ast : NULL;
}

static struct ast *parse_extract(struct parser *parser, size_t offset)
{
    if (parser->now.kind != TOKEN_WORD && parser->now.kind != TOKEN_STRING)
        return parser_unexpected(parser);
    struct ast *field = parser_ast(parser, AST_STRING, parser->now.offset, "");
    if (!field)
        return NULL;
    field->text = parser->now.text;
    if (!parser_advance(parser) || !parser_expect(parser, TOKEN_WORD, "from"))
        return NULL;
    struct ast *ast = parser_call(parser, offset, "extract", field, parser_expression(parser, PREC_NONE));
    return ast && ast->arg_count == 2 && parser_expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
}

static struct ast *parse_position(struct parser *parser, size_t offset)
{
    struct ast *part = parser_expression(parser, PREC_BETWEEN);
    if (!part || !parser_expect(parser, TOKEN_WORD, "in"))
        return NULL;
    struct ast *whole = parser_expression(parser, PREC_BETWEEN);
    if (!whole || !parser_expect(parser, TOKEN_OPERATOR, ")"))
        return NULL;
    return parser_call(parser, offset, "strpos", whole, part);
}

static struct ast *parse_substring(struct parser *parser, size_t offset)
{
    struct ast *ast = parser_ast(parser, AST_CALL, offset, "substring");
    if (!ast || !parser_add(parser, ast, parser_expression(parser, PREC_NONE)))
        return NULL;
    if (parser_at_symbol(parser, ","))
        return parser_advance(parser) && parser_list(parser, ast) ? ast : NULL;
    if (parser_at_word(parser, "from")) {
        if (!parser_advance(parser) || !parser_add(parser, ast, parser_expression(parser, PREC_NONE)))
            return NULL;
    } else {
        struct ast *one = parser_ast(parser, AST_NUMBER, parser->now.offset, "1");
        if (!parser_add(parser, ast, one))
            return NULL;
    }
    if (parser_at_word(parser, "for") &&
        (!parser_advance(parser) || !parser_add(parser, ast, parser_expression(parser, PREC_NONE))))
        return NULL;
    return parser_expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
}

/* trim([leading | trailing | both] [characters] [from] text) */
static struct ast *parse_trim(struct parser *parser, size_t offset)
{
    const char *name = parser_at_word(parser, "leading")    ? "ltrim"
                       : parser_at_word(parser, "trailing") ? "rtrim"
                                                            : "btrim";
    if ((parser_at_word(parser, "leading") || parser_at_word(parser, "trailing") || parser_at_word(parser, "both")) &&
        !parser_advance(parser))
        return NULL;
    struct ast *first = parser_at_word(parser, "from") ? NULL : parser_expression(parser, PREC_NONE);
    if (!first && !parser_at_word(parser, "from"))
        return NULL;
    if (!parser_at_word(parser, "from")) {
        struct ast *ast = parser_call(parser, offset, name, first, NULL);
        if (ast && parser_at_symbol(parser, ","))
            return parser_advance(parser) && parser_list(parser, ast) ? ast : NULL;
        return ast && parser_expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
    }
    struct ast *text = parser_advance(parser) ? parser_expression(parser, PREC_NONE) : NULL;
    return text && parser_expect(parser, TOKEN_OPERATOR, ")") ? parser_call(parser, offset, name, text, first) : NULL;
}

struct ast *parser_function(struct parser *parser)
{
    static const struct {
        const char *name;
        struct ast *(*parse)(struct parser *parser, size_t offset);
    } special[] = {
        {"extract", parse_extract}, {"position", parse_position}, {"substring", parse_substring}, {"trim", parse_trim}};
    static const struct {
        const char *name;
        enum ast_kind kind;
    } forms[] = {{"coalesce", AST_COALESCE}, {"nullif", AST_NULLIF}};
    struct token name = parser->now;
    if (!parser_advance(parser) || !parser_advance(parser))
        return NULL;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (str_eq(name.text, str_of(special[i].name)))
            return special[i].parse(parser, name.offset);
    }
    if (str_eq(name.text, STR("cast"))) {
        struct ast *value = parser_expression(parser, PREC_NONE);
        if (!value || !parser_expect(parser, TOKEN_WORD, "as"))
            return NULL;
        struct ast *ast = parser_cast(parser, name.offset, value);
        return ast && parser_expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
    }
    struct ast *ast = parser_ast(parser, AST_CALL, name.offset, "");
    if (!ast)
        return NULL;
    ast->text = name.text;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (str_eq(name.text, str_of(forms[i].name)))
            ast->kind = forms[i].kind;
    }
    return parser_list(parser, ast) ? ast : NULL;
}
