#include "worker/expr/lex.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/utf8.h"

bool expr_fault_set(struct expr_fault *fault, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault->offset = offset;
    vsnprintf(fault->message, sizeof fault->message, format, args);
    va_end(args);
    fault->message[utf8_valid_prefix(str_of(fault->message))] = '\0';
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static char peek(const struct lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->text.n ? lexer->text.p[lexer->at + ahead] : '\0';
}

/* Comments nest, as in PostgreSQL. */
static bool skip_block_comment(struct lexer *lexer)
{
    size_t start = lexer->at, depth = 0;
    do {
        if (lexer->at >= lexer->text.n)
            return expr_fault_set(lexer->fault, start, "unterminated /* comment");
        if (peek(lexer, 0) == '/' && peek(lexer, 1) == '*') {
            depth++;
            lexer->at += 2;
        } else if (peek(lexer, 0) == '*' && peek(lexer, 1) == '/') {
            depth--;
            lexer->at += 2;
        } else {
            lexer->at++;
        }
    } while (depth > 0);
    return true;
}

static bool skip_space(struct lexer *lexer)
{
    while (lexer->at < lexer->text.n) {
        char c = peek(lexer, 0);
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            lexer->at++;
        } else if (c == '-' && peek(lexer, 1) == '-') {
            while (lexer->at < lexer->text.n && peek(lexer, 0) != '\n')
                lexer->at++;
        } else if (c == '/' && peek(lexer, 1) == '*') {
            if (!skip_block_comment(lexer))
                return false;
        } else {
            break;
        }
    }
    return true;
}

static bool lex_number(struct lexer *lexer, struct token *token)
{
    size_t start = lexer->at;
    while (is_digit(peek(lexer, 0)))
        lexer->at++;
    if (peek(lexer, 0) == '.') {
        lexer->at++;
        while (is_digit(peek(lexer, 0)))
            lexer->at++;
    }
    char c = peek(lexer, 0), next = peek(lexer, 1);
    if ((c == 'e' || c == 'E') && (is_digit(next) || ((next == '+' || next == '-') && is_digit(peek(lexer, 2))))) {
        lexer->at += 2;
        while (is_digit(peek(lexer, 0)))
            lexer->at++;
    }
    if (is_word_start(peek(lexer, 0)))
        return expr_fault_set(lexer->fault, start, "trailing junk after a number");
    token->kind = TOKEN_NUMBER;
    token->text = (struct str){lexer->text.p + start, lexer->at - start};
    return true;
}

/* After the opening quote; a doubled quote stands for one. */
static bool lex_quoted(struct lexer *lexer, struct token *token, char quote, enum token_kind kind)
{
    size_t start = lexer->at, n = 0;
    char *value = arena_alloc(lexer->arena, lexer->text.n - start + 1);
    if (!value)
        return expr_fault_set(lexer->fault, start, "out of memory");
    for (lexer->at++; lexer->at < lexer->text.n; lexer->at++) {
        char c = peek(lexer, 0);
        if (c == quote) {
            if (peek(lexer, 1) != quote)
                break;
            lexer->at++;
        }
        value[n++] = c;
    }
    if (lexer->at >= lexer->text.n)
        return expr_fault_set(
            lexer->fault, start, quote == '\'' ? "unterminated quoted string" : "unterminated quoted name");
    lexer->at++;
    token->kind = kind;
    token->text = (struct str){value, n};
    if (kind == TOKEN_QUOTED && n == 0)
        return expr_fault_set(lexer->fault, start, "an empty name in quotes");
    return true;
}

static bool lex_word(struct lexer *lexer, struct token *token)
{
    size_t start = lexer->at;
    while (is_word_start(peek(lexer, 0)) || is_digit(peek(lexer, 0)) || peek(lexer, 0) == '$')
        lexer->at++;
    size_t n = lexer->at - start;
    if (n == 1 && peek(lexer, 0) == '\'')
        return expr_fault_set(lexer->fault, start, "strings with a prefix (E'', B'', X'', U&'') are not supported");
    char *word = arena_alloc(lexer->arena, n + 1);
    if (!word)
        return expr_fault_set(lexer->fault, start, "out of memory");
    for (size_t i = 0; i < n; i++) {
        char c = lexer->text.p[start + i];
        word[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    token->kind = TOKEN_WORD;
    token->text = (struct str){word, n};
    return true;
}

static bool lex_operator(struct lexer *lexer, struct token *token)
{
    static const char *const operators[] = {"!~*", "::", "<>", "!=", "<=", ">=", "||", "~*", "!~", "+", "-", "*", "/",
        "%", "^", "=", "<", ">", "~", "(", ")", ",", "."};
    struct str rest = {lexer->text.p + lexer->at, lexer->text.n - lexer->at};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        struct str symbol = str_of(operators[i]);
        if (str_starts(rest, symbol)) {
            lexer->at += symbol.n;
            token->kind = TOKEN_OPERATOR;
            token->text = str_eq(symbol, STR("!=")) ? STR("<>") : symbol;
            return true;
        }
    }
    return expr_fault_set(lexer->fault, lexer->at, "unexpected character '%c'", rest.p[0]);
}

bool lex_next(struct lexer *lexer, struct token *token)
{
    if (!skip_space(lexer))
        return false;
    *token = (struct token){.kind = TOKEN_END, .offset = lexer->at};
    if (lexer->at >= lexer->text.n)
        return true;
    char c = peek(lexer, 0);
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1))))
        return lex_number(lexer, token);
    if (c == '\'')
        return lex_quoted(lexer, token, '\'', TOKEN_STRING);
    if (c == '"')
        return lex_quoted(lexer, token, '"', TOKEN_QUOTED);
    if (is_word_start(c))
        return lex_word(lexer, token);
    return lex_operator(lexer, token);
}
