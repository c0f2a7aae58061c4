/* The untyped tree of an expression: a Pratt parser over PostgreSQL's table of precedences. */
#ifndef WORKER_EXPR_PARSE_H
#define WORKER_EXPR_PARSE_H

#include "worker/expr/lex.h"
#include "worker/expr/node.h"

enum ast_kind {
    AST_NUMBER,
    AST_STRING,
    AST_NULL,
    AST_BOOLEAN, /* text: true or false */
    AST_NAME,    /* text: "name" or "reference.name" */
    AST_CALL,    /* text: a function's or an operator's name */
    AST_AND,
    AST_OR,
    AST_IN,
    AST_BETWEEN,
    AST_COALESCE,
    AST_NULLIF,
    AST_CASE,    /* condition, value, …, else (may be an AST_NULL) */
    AST_CASE_OF, /* the same behind a subject; the conditions are values to compare it with */
    AST_CAST,
};

struct cast_type {
    enum kind kind;
    bool int4;                /* integer: 32 bits in PostgreSQL */
    uint8_t precision, scale; /* numeric(p, s); precision 0: none given */
};

struct ast {
    enum ast_kind kind;
    size_t offset;
    struct str text;
    struct cast_type cast;
    struct ast **args;
    uint32_t arg_count;
    size_t capacity;
    uint32_t depth;
};

/* NULL: fault is filled. */
struct ast *parse_text(struct str text, struct arena *arena, struct expr_fault *fault);

#endif
