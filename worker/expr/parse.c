#include "worker/expr/parse.h"

enum { MAX_DEPTH = 100, MAX_TREE = 1000 };

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

static struct ast *parse(struct parser *parser, enum precedence above);

static bool advance(struct parser *parser)
{
    parser->now = parser->next;
    return lex_next(&parser->lexer, &parser->next);
}

static struct ast *fail(struct parser *parser, size_t offset, const char *message)
{
    expr_fault_set(parser->lexer.fault, offset, "%s", message);
    return NULL;
}

static struct ast *unexpected(struct parser *parser)
{
    const struct token *token = &parser->now;
    if (token->kind == TOKEN_END)
        return fail(parser, token->offset, "the expression ends too early");
    expr_fault_set(parser->lexer.fault, token->offset, "syntax error at or near \"" STR_FMT "\"", STR_ARG(token->text));
    return NULL;
}

static bool token_is(const struct token *token, enum token_kind kind, const char *text)
{
    return token->kind == kind && str_eq(token->text, str_of(text));
}

static bool at_symbol(const struct parser *parser, const char *text)
{
    return token_is(&parser->now, TOKEN_OPERATOR, text);
}

static bool at_word(const struct parser *parser, const char *text)
{
    return token_is(&parser->now, TOKEN_WORD, text);
}

static bool expect(struct parser *parser, enum token_kind kind, const char *text)
{
    if (token_is(&parser->now, kind, text))
        return advance(parser);
    if (parser->now.kind == TOKEN_END)
        return expr_fault_set(parser->lexer.fault, parser->now.offset, "'%s' is missing at the end", text);
    return expr_fault_set(parser->lexer.fault, parser->now.offset, "'%s' expected before \"" STR_FMT "\"", text,
        STR_ARG(parser->now.text));
}

static struct ast *ast_new(struct parser *parser, enum ast_kind kind, size_t offset, const char *text)
{
    struct ast *ast = ARENA_NEW(parser->lexer.arena, struct ast);
    if (!ast)
        return fail(parser, offset, "out of memory");
    ast->kind = kind;
    ast->offset = offset;
    ast->text = str_of(text);
    return ast;
}

static bool ast_add(struct parser *parser, struct ast *ast, struct ast *arg)
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

static struct ast *call(struct parser *parser, size_t offset, const char *name, struct ast *a, struct ast *b)
{
    struct ast *ast = a ? ast_new(parser, AST_CALL, offset, name) : NULL;
    return ast && ast_add(parser, ast, a) && (!b || ast_add(parser, ast, b)) ? ast : NULL;
}

/* Types. */

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
    return advance(parser);
}

static bool parse_precision(struct parser *parser, struct cast_type *type)
{
    size_t offset = parser->now.offset;
    if (!at_symbol(parser, "("))
        return true;
    if (type->kind != KIND_NUM)
        return expr_fault_set(parser->lexer.fault, offset, "only numeric takes a length or precision here");
    if (!advance(parser) || !parse_small(parser, DECIMAL_MAX_PRECISION, &type->precision))
        return false;
    if (at_symbol(parser, ",") && (!advance(parser) || !parse_small(parser, type->precision, &type->scale)))
        return false;
    if (type->precision == 0)
        return expr_fault_set(parser->lexer.fault, offset, "numeric precision must be between 1 and 38");
    return expect(parser, TOKEN_OPERATOR, ")");
}

static bool parse_zone_suffix(struct parser *parser, struct cast_type *type)
{
    bool with = at_word(parser, "with");
    if (!(with || at_word(parser, "without")) || !token_is(&parser->next, TOKEN_WORD, "time"))
        return true;
    if (!advance(parser) || !advance(parser) || !expect(parser, TOKEN_WORD, "zone"))
        return false;
    if (with && type->kind == KIND_TIME)
        return expr_fault_set(parser->lexer.fault, parser->now.offset, "time with time zone is not supported");
    if (with)
        type->kind = KIND_TSTZ;
    return true;
}

static bool parse_type(struct parser *parser, struct cast_type *type)
{
    const struct type_name *known = parser->now.kind == TOKEN_WORD ? find_type(parser->now.text) : NULL;
    if (!known)
        return expr_fault_set(parser->lexer.fault, parser->now.offset, "type \"" STR_FMT "\" is not supported",
            STR_ARG(parser->now.text));
    *type = known->type;
    if (!advance(parser))
        return false;
    if (str_eq(str_of(known->name), STR("double")) && !expect(parser, TOKEN_WORD, "precision"))
        return false;
    if (!parse_precision(parser, type))
        return false;
    return type->kind == KIND_TS || type->kind == KIND_TIME ? parse_zone_suffix(parser, type) : true;
}

static struct ast *parse_cast_to(struct parser *parser, size_t offset, struct ast *value)
{
    struct ast *ast = value ? ast_new(parser, AST_CAST, offset, "cast") : NULL;
    return ast && parse_type(parser, &ast->cast) && ast_add(parser, ast, value) ? ast : NULL;
}

static struct ast *parse_string(struct parser *parser)
{
    if (parser->now.kind != TOKEN_STRING)
        return unexpected(parser);
    struct ast *ast = ast_new(parser, AST_STRING, parser->now.offset, "");
    if (!ast)
        return NULL;
    ast->text = parser->now.text;
    return advance(parser) ? ast : NULL;
}

/* date '2026-01-01' and its like. */
static struct ast *parse_typed_literal(struct parser *parser)
{
    struct ast *ast = ast_new(parser, AST_CAST, parser->now.offset, "cast");
    if (!ast || !parse_type(parser, &ast->cast))
        return NULL;
    struct ast *string = parse_string(parser);
    return ast_add(parser, ast, string) ? ast : NULL;
}

/* Calls. */

static bool parse_list(struct parser *parser, struct ast *into)
{
    if (at_symbol(parser, ")"))
        return advance(parser);
    for (;;) {
        if (!ast_add(parser, into, parse(parser, PREC_NONE)))
            return false;
        if (!at_symbol(parser, ","))
            return expect(parser, TOKEN_OPERATOR, ")");
        if (!advance(parser))
            return false;
    }
}

static bool parse_when(struct parser *parser, struct ast *ast)
{
    return advance(parser) && ast_add(parser, ast, parse(parser, PREC_NONE)) && expect(parser, TOKEN_WORD, "then") &&
           ast_add(parser, ast, parse(parser, PREC_NONE));
}

static struct ast *parse_case(struct parser *parser)
{
    struct ast *ast = ast_new(parser, AST_CASE, parser->now.offset, "case"), *otherwise;
    if (!ast || !advance(parser))
        return NULL;
    if (!at_word(parser, "when")) {
        ast->kind = AST_CASE_OF;
        if (!ast_add(parser, ast, parse(parser, PREC_NONE)))
            return NULL;
    }
    if (!at_word(parser, "when"))
        return unexpected(parser);
    while (at_word(parser, "when")) {
        if (!parse_when(parser, ast))
            return NULL;
    }
    if (at_word(parser, "else"))
        otherwise = advance(parser) ? parse(parser, PREC_NONE) : NULL;
    else
        otherwise = ast_new(parser, AST_NULL, parser->now.offset, "null");
    return ast_add(parser, ast, otherwise) && expect(parser, TOKEN_WORD, "end") ? ast : NULL;
}

static struct ast *parse_extract(struct parser *parser, size_t offset)
{
    if (parser->now.kind != TOKEN_WORD && parser->now.kind != TOKEN_STRING)
        return unexpected(parser);
    struct ast *field = ast_new(parser, AST_STRING, parser->now.offset, "");
    if (!field)
        return NULL;
    field->text = parser->now.text;
    if (!advance(parser) || !expect(parser, TOKEN_WORD, "from"))
        return NULL;
    struct ast *ast = call(parser, offset, "extract", field, parse(parser, PREC_NONE));
    return ast && ast->arg_count == 2 && expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
}

static struct ast *parse_position(struct parser *parser, size_t offset)
{
    struct ast *part = parse(parser, PREC_BETWEEN);
    if (!part || !expect(parser, TOKEN_WORD, "in"))
        return NULL;
    struct ast *whole = parse(parser, PREC_BETWEEN);
    if (!whole || !expect(parser, TOKEN_OPERATOR, ")"))
        return NULL;
    return call(parser, offset, "strpos", whole, part);
}

static struct ast *parse_substring(struct parser *parser, size_t offset)
{
    struct ast *ast = ast_new(parser, AST_CALL, offset, "substring");
    if (!ast || !ast_add(parser, ast, parse(parser, PREC_NONE)))
        return NULL;
    if (at_symbol(parser, ","))
        return advance(parser) && parse_list(parser, ast) ? ast : NULL;
    if (at_word(parser, "from")) {
        if (!advance(parser) || !ast_add(parser, ast, parse(parser, PREC_NONE)))
            return NULL;
    } else {
        struct ast *one = ast_new(parser, AST_NUMBER, parser->now.offset, "1");
        if (!ast_add(parser, ast, one))
            return NULL;
    }
    if (at_word(parser, "for") && (!advance(parser) || !ast_add(parser, ast, parse(parser, PREC_NONE))))
        return NULL;
    return expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
}

/* trim([leading | trailing | both] [characters] [from] text) */
static struct ast *parse_trim(struct parser *parser, size_t offset)
{
    const char *name = at_word(parser, "leading") ? "ltrim" : at_word(parser, "trailing") ? "rtrim" : "btrim";
    if ((at_word(parser, "leading") || at_word(parser, "trailing") || at_word(parser, "both")) && !advance(parser))
        return NULL;
    struct ast *first = at_word(parser, "from") ? NULL : parse(parser, PREC_NONE);
    if (!first && !at_word(parser, "from"))
        return NULL;
    if (!at_word(parser, "from")) {
        struct ast *ast = call(parser, offset, name, first, NULL);
        if (ast && at_symbol(parser, ","))
            return advance(parser) && parse_list(parser, ast) ? ast : NULL;
        return ast && expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
    }
    struct ast *text = advance(parser) ? parse(parser, PREC_NONE) : NULL;
    return text && expect(parser, TOKEN_OPERATOR, ")") ? call(parser, offset, name, text, first) : NULL;
}

static struct ast *parse_call(struct parser *parser)
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
    if (!advance(parser) || !advance(parser))
        return NULL;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (str_eq(name.text, str_of(special[i].name)))
            return special[i].parse(parser, name.offset);
    }
    if (str_eq(name.text, STR("cast"))) {
        struct ast *value = parse(parser, PREC_NONE);
        if (!value || !expect(parser, TOKEN_WORD, "as"))
            return NULL;
        struct ast *ast = parse_cast_to(parser, name.offset, value);
        return ast && expect(parser, TOKEN_OPERATOR, ")") ? ast : NULL;
    }
    struct ast *ast = ast_new(parser, AST_CALL, name.offset, "");
    if (!ast)
        return NULL;
    ast->text = name.text;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (str_eq(name.text, str_of(forms[i].name)))
            ast->kind = forms[i].kind;
    }
    return parse_list(parser, ast) ? ast : NULL;
}

/* Operands. */

static struct ast *parse_name(struct parser *parser)
{
    struct ast *ast = ast_new(parser, AST_NAME, parser->now.offset, "");
    if (!ast)
        return NULL;
    ast->text = parser->now.text;
    if (!advance(parser))
        return NULL;
    if (!at_symbol(parser, "."))
        return ast;
    if (!advance(parser))
        return NULL;
    if (parser->now.kind != TOKEN_WORD && parser->now.kind != TOKEN_QUOTED)
        return unexpected(parser);
    const char *text =
        arena_printf(parser->lexer.arena, STR_FMT "." STR_FMT, STR_ARG(ast->text), STR_ARG(parser->now.text));
    if (!text)
        return fail(parser, ast->offset, "out of memory");
    ast->text = str_of(text);
    return advance(parser) ? ast : NULL;
}

static bool is_reserved(struct str word)
{
    static const char *const words[] = {"and", "or", "not", "is", "in", "like", "ilike", "between", "when", "then",
        "else", "end", "as", "from", "for", "distinct", "isnull", "notnull", "similar", "select", "escape", "at"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq(word, str_of(words[i])))
            return true;
    }
    return false;
}

static struct ast *parse_word(struct parser *parser)
{
    const struct token *now = &parser->now, *next = &parser->next;
    if (at_word(parser, "case"))
        return parse_case(parser);
    if (at_word(parser, "null") || at_word(parser, "true") || at_word(parser, "false")) {
        struct ast *ast = ast_new(parser, at_word(parser, "null") ? AST_NULL : AST_BOOLEAN, now->offset, "");
        if (!ast)
            return NULL;
        ast->text = now->text;
        return advance(parser) ? ast : NULL;
    }
    if (is_reserved(now->text))
        return unexpected(parser);
    if (find_type(now->text) && (next->kind == TOKEN_STRING || token_is(next, TOKEN_WORD, "with") ||
                                    token_is(next, TOKEN_WORD, "without") || token_is(next, TOKEN_WORD, "precision")))
        return parse_typed_literal(parser);
    if (token_is(next, TOKEN_OPERATOR, "("))
        return parse_call(parser);
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
        struct ast *ast = ast_new(parser, AST_NUMBER, offset, "");
        if (!ast)
            return NULL;
        ast->text = parser->now.text;
        return advance(parser) ? ast : NULL;
    }
    case TOKEN_STRING:
        return parse_string(parser);
    case TOKEN_QUOTED:
        return parse_name(parser);
    case TOKEN_WORD:
        if (!at_word(parser, "not"))
            return parse_word(parser);
        return advance(parser) ? call(parser, offset, "not", parse(parser, PREC_NOT - 1), NULL) : NULL;
    default:
        break;
    }
    if (at_symbol(parser, "(")) {
        struct ast *inner = advance(parser) ? parse(parser, PREC_NONE) : NULL;
        return inner && expect(parser, TOKEN_OPERATOR, ")") ? inner : NULL;
    }
    if (at_symbol(parser, "-") || at_symbol(parser, "+")) {
        const char *name = at_symbol(parser, "-") ? "neg" : "plus";
        return advance(parser) ? call(parser, offset, name, parse(parser, PREC_SIGN - 1), NULL) : NULL;
    }
    return unexpected(parser);
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
    if (at_word(parser, "or"))
        return PREC_OR;
    if (at_word(parser, "and"))
        return PREC_AND;
    if (at_word(parser, "is") || at_word(parser, "isnull") || at_word(parser, "notnull"))
        return PREC_IS;
    if (is_matching_word(&parser->now) || (at_word(parser, "not") && is_matching_word(&parser->next)))
        return PREC_BETWEEN;
    return at_word(parser, "at") ? PREC_AT : PREC_NONE;
}

static struct ast *negate(struct parser *parser, bool negated, struct ast *ast)
{
    return negated && ast ? call(parser, ast->offset, "not", ast, NULL) : ast;
}

static struct ast *parse_is(struct parser *parser, struct ast *left)
{
    static const struct {
        const char *word, *name;
    } tests[] = {{"null", "is null"}, {"true", "is true"}, {"false", "is false"}, {"unknown", "is unknown"}};
    size_t offset = parser->now.offset;
    bool shorthand = !at_word(parser, "is"), negated = at_word(parser, "notnull");
    if (!advance(parser))
        return NULL;
    if (shorthand)
        return negate(parser, negated, call(parser, offset, "is null", left, NULL));
    if (at_word(parser, "not")) {
        negated = true;
        if (!advance(parser))
            return NULL;
    }
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (at_word(parser, tests[i].word))
            return advance(parser) ? negate(parser, negated, call(parser, offset, tests[i].name, left, NULL)) : NULL;
    }
    if (!at_word(parser, "distinct"))
        return unexpected(parser);
    if (!advance(parser) || !expect(parser, TOKEN_WORD, "from"))
        return NULL;
    struct ast *right = parse(parser, PREC_IS);
    return right ? negate(parser, negated, call(parser, offset, "is distinct from", left, right)) : NULL;
}

static struct ast *parse_in(struct parser *parser, size_t offset, struct ast *left)
{
    struct ast *ast = ast_new(parser, AST_IN, offset, "in");
    if (!ast || !ast_add(parser, ast, left) || !expect(parser, TOKEN_OPERATOR, "("))
        return NULL;
    if (at_symbol(parser, ")") || at_word(parser, "select"))
        return unexpected(parser);
    return parse_list(parser, ast) ? ast : NULL;
}

static struct ast *parse_between(struct parser *parser, size_t offset, struct ast *left)
{
    struct ast *ast = ast_new(parser, AST_BETWEEN, offset, "between");
    if (at_word(parser, "symmetric"))
        return fail(parser, parser->now.offset, "BETWEEN SYMMETRIC is not supported");
    return ast && ast_add(parser, ast, left) && ast_add(parser, ast, parse(parser, PREC_BETWEEN)) &&
                   expect(parser, TOKEN_WORD, "and") && ast_add(parser, ast, parse(parser, PREC_BETWEEN))
               ? ast
               : NULL;
}

static struct ast *parse_like(struct parser *parser, size_t offset, struct ast *left, bool fold)
{
    struct ast *pattern = parse(parser, PREC_BETWEEN);
    struct ast *ast = pattern ? call(parser, offset, fold ? "ilike" : "like", left, pattern) : NULL;
    if (ast && at_word(parser, "escape") && (!advance(parser) || !ast_add(parser, ast, parse(parser, PREC_BETWEEN))))
        return NULL;
    return ast;
}

static struct ast *parse_matching(struct parser *parser, struct ast *left)
{
    size_t offset = parser->now.offset;
    bool negated = at_word(parser, "not");
    if (negated && !advance(parser))
        return NULL;
    struct str word = parser->now.text;
    if (str_eq(word, STR("similar")))
        return fail(parser, offset, "SIMILAR TO is not supported: use LIKE or ~");
    if (!advance(parser))
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
    if (!advance(parser))
        return NULL;
    if (precedence == PREC_CAST)
        return parse_cast_to(parser, offset, left);
    if (precedence == PREC_AT) {
        if (!expect(parser, TOKEN_WORD, "time") || !expect(parser, TOKEN_WORD, "zone"))
            return NULL;
        struct ast *zone = parse(parser, PREC_AT);
        return zone ? call(parser, offset, "at time zone", left, zone) : NULL;
    }
    struct ast *right = parse(parser, precedence);
    if (symbol || !right)
        return right ? call(parser, offset, symbol->text, left, right) : NULL;
    struct ast *ast = ast_new(parser, precedence == PREC_AND ? AST_AND : AST_OR, offset, "");
    return ast && ast_add(parser, ast, left) && ast_add(parser, ast, right) ? ast : NULL;
}

/* An operand and all operators that bind tighter than above. */
static struct ast *parse(struct parser *parser, enum precedence above)
{
    if (++parser->depth > MAX_DEPTH)
        return fail(parser, parser->now.offset, "the expression is nested too deeply");
    struct ast *left = parse_operand(parser);
    enum precedence precedence, before = PREC_NONE;
    while (left && (precedence = infix_precedence(parser)) > above) {
        if (precedence == before && (precedence == PREC_COMPARE || precedence == PREC_BETWEEN))
            return unexpected(parser);
        left = parse_infix(parser, precedence, left);
        before = precedence;
    }
    parser->depth--;
    return left;
}

struct ast *parse_text(struct str text, struct arena *arena, struct expr_fault *fault)
{
    struct parser parser = {.lexer = {.text = text, .arena = arena, .fault = fault}};
    if (!advance(&parser) || !advance(&parser))
        return NULL;
    struct ast *ast = parse(&parser, PREC_NONE);
    return ast && parser.now.kind != TOKEN_END ? unexpected(&parser) : ast;
}
