/* What the files of the parser share. Functions give NULL or false with the fault filled. */
#ifndef WORKER_EXPR_PARSER_H
#define WORKER_EXPR_PARSER_H

#include "worker/expr/parse.h"

/* PostgreSQL's, lowest first; comparisons and what stands between are not associative. */
enum precedence {
    PREC_NONE,
    PREC_OR,
    PREC_AND,
    PREC_NOT,
    PREC_IS,
    PREC_COMPARE,
    PREC_BETWEEN,
    PREC_OTHER,
    PREC_SUM,
    PREC_PRODUCT,
    PREC_POWER,
    PREC_AT,
    PREC_SIGN,
    PREC_CAST,
};

struct parser {
    struct lexer lexer;
    struct token now, next;
    unsigned depth;
};

bool token_is(const struct token *token, enum token_kind kind, const char *text);
bool parser_advance(struct parser *parser) MUST_CHECK;
bool parser_at_symbol(const struct parser *parser, const char *text);
bool parser_at_word(const struct parser *parser, const char *text);
/* Passes over the token, which must be this one. */
bool parser_expect(struct parser *parser, enum token_kind kind, const char *text) MUST_CHECK;
struct ast *parser_fail(struct parser *parser, size_t offset, const char *message);
struct ast *parser_unexpected(struct parser *parser);

struct ast *parser_ast(struct parser *parser, enum ast_kind kind, size_t offset, const char *text);
bool parser_add(struct parser *parser, struct ast *ast, struct ast *arg) MUST_CHECK;
/* A call of one or two arguments (b may be NULL); NULL when a is. */
struct ast *parser_call(struct parser *parser, size_t offset, const char *name, struct ast *a, struct ast *b);

/* An operand and all operators that bind tighter than above. */
struct ast *parser_expression(struct parser *parser, enum precedence above);
struct ast *parser_string(struct parser *parser);
struct ast *parser_case(struct parser *parser);
/* A function's name and what stands in its parentheses. */
struct ast *parser_function(struct parser *parser);
/* Expressions up to the closing parenthesis. */
bool parser_list(struct parser *parser, struct ast *into) MUST_CHECK;
bool parser_is_type(struct str name);
struct ast *parser_cast(struct parser *parser, size_t offset, struct ast *value);
/* date '2026-01-01' and its like. */
struct ast *parser_typed_literal(struct parser *parser);

#endif
