/* Types, and literals that name theirs. */
#include "worker/expr/parser.h"

static const struct type_name {
    const char *name;
    struct cast_type type;
} type_names[] = {
    {"bigint", {.kind = KIND_INT}},
    {"int8", {.kind = KIND_INT}},
    {"integer", {.kind = KIND_INT, .int4 = true}},
    {"int", {.kind = KIND_INT, .int4 = true}},
    {"int4", {.kind = KIND_INT, .int4 = true}},
    {"numeric", {.kind = KIND_NUM}},
    {"decimal", {.kind = KIND_NUM}},
    {"double", {.kind = KIND_DOUBLE}},
    {"float8", {.kind = KIND_DOUBLE}},
    {"float", {.kind = KIND_DOUBLE}},
    {"text", {.kind = KIND_TEXT}},
    {"varchar", {.kind = KIND_TEXT}},
    {"boolean", {.kind = KIND_BOOL}},
    {"bool", {.kind = KIND_BOOL}},
    {"date", {.kind = KIND_DATE}},
    {"time", {.kind = KIND_TIME}},
    {"timestamp", {.kind = KIND_TS}},
    {"timestamptz", {.kind = KIND_TSTZ}},
    {"interval", {.kind = KIND_INTERVAL}},
};

static const struct type_name *find_type(struct str name)
{
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        if (str_eq(name, str_of(type_names[i].name)))
            return &type_names[i];
    }
    return NULL;
}

static bool parse_small(struct parser *parser, unsigned most, uint8_t *out)
{
    unsigned value = 0;
    struct token token = parser->now;
    for (size_t i = 0; i < token.text.n && value <= most; i++)
        value = token.text.p[i] >= '0' && token.text.p[i] <= '9' ? value * 10 + (unsigned)(token.text.p[i] - '0') : 999;
    if (token.kind != TOKEN_NUMBER || value > most)
        return expr_fault_set(parser->lexer.fault, token.offset, "a number of at most %u expected here", most);
    *out = (uint8_t)value;
    return parser_advance(parser);
}

static bool parse_precision(struct parser *parser, struct cast_type *type)
{
    size_t offset = parser->now.offset;
    if (!parser_at_symbol(parser, "("))
        return true;
    if (type->kind != KIND_NUM)
        return expr_fault_set(parser->lexer.fault, offset, "only numeric takes a length or precision here");
    if (!parser_advance(parser) || !parse_small(parser, DECIMAL_MAX_PRECISION, &type->precision))
        return false;
    if (parser_at_symbol(parser, ",") &&
        (!parser_advance(parser) || !parse_small(parser, type->precision, &type->scale)))
        return false;
    if (type->precision == 0)
        return expr_fault_set(parser->lexer.fault, offset, "numeric precision must be between 1 and 38");
    return parser_expect(parser, TOKEN_OPERATOR, ")");
}

static bool parse_zone_suffix(struct parser *parser, struct cast_type *type)
{
    bool with = parser_at_word(parser, "with");
    if (!(with || parser_at_word(parser, "without")) || !token_is(&parser->next, TOKEN_WORD, "time"))
        return true;
    if (!parser_advance(parser) || !parser_advance(parser) || !parser_expect(parser, TOKEN_WORD, "zone"))
        return false;
    if (with && type->kind == KIND_TIME)
        return expr_fault_set(parser->lexer.fault, parser->now.offset, "time with time zone is not supported");
    if (with)
        type->kind = KIND_TSTZ;
    return true;
}

static bool parser_type(struct parser *parser, struct cast_type *type)
{
    const struct type_name *known = parser->now.kind == TOKEN_WORD ? find_type(parser->now.text) : NULL;
    if (!known)
        return expr_fault_set(parser->lexer.fault, parser->now.offset, "type \"" STR_FMT "\" is not supported",
            STR_ARG(parser->now.text));
    *type = known->type;
    if (!parser_advance(parser))
        return false;
    if (str_eq(str_of(known->name), STR("double")) && !parser_expect(parser, TOKEN_WORD, "precision"))
        return false;
    if (!parse_precision(parser, type))
        return false;
    return type->kind == KIND_TS || type->kind == KIND_TIME ? parse_zone_suffix(parser, type) : true;
}

struct ast *parser_cast(struct parser *parser, size_t offset, struct ast *value)
{
    struct ast *ast = value ? parser_ast(parser, AST_CAST, offset, "cast") : NULL;
    return ast && parser_type(parser, &ast->cast) && parser_add(parser, ast, value) ? ast : NULL;
}

struct ast *parser_string(struct parser *parser)
{
    if (parser->now.kind != TOKEN_STRING)
        return parser_unexpected(parser);
    struct ast *ast = parser_ast(parser, AST_STRING, parser->now.offset, "");
    if (!ast)
        return NULL;
    ast->text = parser->now.text;
    return parser_advance(parser) ? ast : NULL;
}

/* date '2026-01-01' and its like. */
struct ast *parser_typed_literal(struct parser *parser)
{
    struct ast *ast = parser_ast(parser, AST_CAST, parser->now.offset, "cast");
    if (!ast || !parser_type(parser, &ast->cast))
        return NULL;
    struct ast *string = parser_string(parser);
    return parser_add(parser, ast, string) ? ast : NULL;
}

bool parser_is_type(struct str name)
{
    return find_type(name) != NULL;
}
