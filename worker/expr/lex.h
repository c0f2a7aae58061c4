/* Tokens of an expression. */
#ifndef WORKER_EXPR_LEX_H
#define WORKER_EXPR_LEX_H

#include "worker/expr/expr.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_STRING,   /* text: its value */
    TOKEN_WORD,     /* text: folded to lower case */
    TOKEN_QUOTED,   /* text: the name in "quotes", its value */
    TOKEN_OPERATOR, /* text: + - * / % ^ = <> < <= > >= || ~ ~* !~ !~* :: ( ) , . */
};

struct token {
    enum token_kind kind;
    struct str text;
    size_t offset;
};

struct lexer {
    struct str text;
    size_t at;
    struct arena *arena;
    struct expr_fault *fault;
};

bool lex_next(struct lexer *lexer, struct token *token) MUST_CHECK;
/* Fills the fault; false always. */
bool expr_fault_set(struct expr_fault *fault, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
