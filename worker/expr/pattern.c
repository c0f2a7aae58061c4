/*
 * LIKE, and regular expressions by PCRE2 where PostgreSQL has its own AREs. What the two read differently is either
 * translated (\d \w \s \y \m \M, . and $) or refused when parsed (\b, lookbehind, possessive and named forms …); what
 * remains matches alike. PostgreSQL prefers the longest alternative, so regexp_replace() matches with PCRE2's DFA
 * algorithm, which does too, unless the pattern has lazy quantifiers or the replacement asks for groups.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "shared/utf8.h"
#include "worker/expr/kernels.h"
#include "worker/expr/lex.h"

static size_t character(struct str s, size_t at)
{
    uint32_t code;
    size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &code);
    return n ? n : 1;
}

static bool same_character(struct str s, size_t at, struct str pattern, size_t place)
{
    size_t n = character(pattern, place);
    return n == character(s, at) && memcmp(s.p + at, pattern.p + place, n) == 0;
}

enum like_result { LIKE_NO, LIKE_YES, LIKE_BAD };

/* Greedy, and back to the latest % only: linear in practice. escape: .n 0 for none. */
static enum like_result like(struct str s, struct str pattern, struct str escape)
{
    size_t at = 0, place = 0, star = SIZE_MAX, star_at = 0;
    for (;;) {
        bool literal = false;
        size_t next = place;
        if (next < pattern.n && escape.n && str_starts((struct str){pattern.p + next, pattern.n - next}, escape)) {
            next += escape.n;
            literal = true;
            if (next >= pattern.n)
                return LIKE_BAD;
        }
        if (!literal && next < pattern.n && pattern.p[next] == '%') {
            star = place = next + 1;
            star_at = at;
            continue;
        }
        bool any = !literal && next < pattern.n && pattern.p[next] == '_';
        if (at < s.n && next < pattern.n && (any || same_character(s, at, pattern, next))) {
            at += character(s, at);
            place = next + character(pattern, next);
        } else if (at >= s.n) {
            return place >= pattern.n ? LIKE_YES : LIKE_NO;
        } else if (star != SIZE_MAX) {
            star_at += character(s, star_at);
            at = star_at;
            place = star;
        } else {
            return LIKE_NO;
        }
    }
}

bool prepare_escape(struct preparation *preparation)
{
    struct str escape = preparation->args[2]->value.str[0];
    if (escape.n > 0 && character(escape, 0) != escape.n)
        return expr_fault_set(preparation->fault, preparation->args[2]->offset,
            "invalid escape string: it must be empty or one character");
    return true;
}

static void each_like(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str escape = node->arg_count > 2 ? args[2].str[i & args[2].mask] : STR("\\");
        enum like_result result = like(args[0].str[i & args[0].mask], args[1].str[i & args[1].mask], escape);
        out->u8[i] = result == LIKE_YES;
        if (result == LIKE_BAD)
            run_fail(run, out, i, "LIKE pattern must not end with escape character");
    }
}

void match_like(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_like(run, node, args, out);
}

/* As PostgreSQL does: both sides in lower case. */
void match_ilike(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    struct vec folded[3] = {args[0], args[1], args[node->arg_count > 2 ? 2 : 1]};
    for (int a = 0; a < 2; a++) {
        struct vec lower = {.kind = KIND_TEXT, .mask = args[a].mask, .state = args[a].state};
        uint32_t n = run->n;
        run->n = lower.mask ? n : 1;
        if (run_data(run, &lower))
            text_lower(run, node, &args[a], &lower);
        run->n = n;
        if (run->out_of_memory)
            return;
        folded[a] = lower;
    }
    each_like(run, node, folded, out);
}

struct regex {
    pcre2_code *code;
    bool longest; /* by the DFA algorithm */
    bool all;     /* flag g */
};

static void free_code(void *context)
{
    pcre2_code_free(context);
}

/* One escape of an ARE in PCRE2's words; NULL for what has no like meaning. */
static const char *translate_escape(char c, bool in_brackets)
{
    static const struct {
        char letter;
        const char *plain, *brackets;
    } escapes[] = {{'d', "[0-9]", "0-9"}, {'D', "[^0-9]", NULL}, {'w', "\\w", "\\w"}, {'W', "\\W", NULL},
        {'s', "\\s", "\\s"}, {'S', "\\S", NULL}, {'t', "\\t", "\\t"}, {'n', "\\n", "\\n"}, {'r', "\\r", "\\r"},
        {'f', "\\f", "\\f"}, {'y', "\\b", NULL}, {'Y', "\\B", NULL}, {'m', "\\b(?=\\w)", NULL},
        {'M', "\\b(?<=\\w)", NULL}, {'A', "\\A", NULL}, {'Z', "\\z", NULL}};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        if (escapes[i].letter == c)
            return in_brackets ? escapes[i].brackets : escapes[i].plain;
    }
    return NULL;
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool refuse(struct preparation *preparation, const char *what)
{
    return expr_fault_set(
        preparation->fault, preparation->args[1]->offset, "%s is not supported in a regular expression", what);
}

static bool translate_group(struct preparation *preparation, struct str rest)
{
    return str_starts(rest, STR("(?:")) || str_starts(rest, STR("(?=")) || str_starts(rest, STR("(?!"))
               ? true
               : refuse(preparation, "this kind of (?…) group");
}

static bool translate_slash(
    struct preparation *preparation, struct str pattern, size_t i, bool brackets, struct buf *out)
{
    if (i + 1 >= pattern.n)
        return refuse(preparation, "a backslash at the end");
    char c = pattern.p[i + 1];
    const char *known = translate_escape(c, brackets);
    if (known)
        buf_add_cstr(out, known);
    else if (c >= '1' && c <= '9' && !brackets)
        buf_printf(out, "(?:\\%c)", c);
    else if (is_alphanumeric(c))
        return refuse(preparation, "this backslash escape");
    else
        buf_printf(out, "\\%c", c);
    return true;
}

/* The length of a bracket's [:class:], which is copied whole; other [. and [= forms have no like. */
static size_t class_length(struct str rest)
{
    const char *end = rest.n > 3 && rest.p[1] == ':' ? memmem(rest.p + 2, rest.n - 2, ":]", 2) : NULL;
    return end ? (size_t)(end - rest.p) + 2 : 0;
}

static bool translate(struct preparation *preparation, struct str pattern, struct buf *out, bool *lazy)
{
    size_t open = SIZE_MAX; /* where the bracket expression's first member stands */
    bool quantified = false;
    for (size_t i = 0; i < pattern.n; i++) {
        struct str rest = {pattern.p + i, pattern.n - i};
        char c = pattern.p[i];
        bool brackets = open != SIZE_MAX, quantifier = !brackets && (c == '*' || c == '+' || c == '?' || c == '}');
        if (quantifier && quantified && c != '?' && c != '}')
            return refuse(preparation, "a quantifier behind a quantifier");
        *lazy = *lazy || (quantifier && quantified && c == '?');
        quantified = quantifier;
        if (c == '\\') {
            if (!translate_slash(preparation, pattern, i, brackets, out))
                return false;
            i++;
        } else if (c == '(' && !brackets && rest.n > 1 && (rest.p[1] == '?' || rest.p[1] == '*')) {
            if (!translate_group(preparation, rest))
                return false;
            buf_add(out, rest.p, 3);
            i += 2;
        } else if (c == '[' && brackets && rest.n > 1 && (rest.p[1] == ':' || rest.p[1] == '.' || rest.p[1] == '=')) {
            size_t n = class_length(rest);
            if (n == 0 || rest.p[2] == '<' || rest.p[2] == '>' || rest.p[2] == '^')
                return refuse(preparation, "this [. .] or [= =] form");
            buf_add(out, rest.p, n);
            i += n - 1;
        } else if (c == '[' && brackets) {
            buf_add_cstr(out, "\\[");
        } else if (c == '[') {
            open = i + 1 < pattern.n && pattern.p[i + 1] == '^' ? i + 2 : i + 1;
            buf_add(out, rest.p, open - i);
            i = open - 1;
        } else {
            if (c == ']' && brackets && i > open)
                open = SIZE_MAX;
            buf_add_byte(out, c);
        }
    }
    return true;
}

static struct regex *compile(struct preparation *preparation, uint32_t options)
{
    struct str pattern = preparation->args[1]->value.str[0];
    struct regex *regex = ARENA_NEW(preparation->arena, struct regex);
    struct buf text;
    int error;
    PCRE2_SIZE at;
    bool lazy = false;
    if (str_starts(pattern, STR("***")) || !regex) {
        refuse(preparation, "the *** prefix");
        return NULL;
    }
    buf_init(&text, 1 << 20);
    buf_add_cstr(&text, "");
    if (translate(preparation, pattern, &text, &lazy)) {
        options |= PCRE2_UTF | PCRE2_UCP | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY;
        regex->code =
            text.failed ? NULL : pcre2_compile((PCRE2_SPTR)(text.p ? text.p : ""), text.n, options, &error, &at, NULL);
        if (!regex->code)
            refuse(preparation, "this pattern");
        else if (!arena_closer(preparation->arena, free_code, regex->code)) {
            pcre2_code_free(regex->code);
            regex->code = NULL;
            refuse(preparation, "so large a pattern");
        }
    }
    buf_dispose(&text);
    regex->longest = !lazy;
    return regex->code ? regex : NULL;
}

bool prepare_regex(struct preparation *preparation)
{
    preparation->out = compile(preparation, 0);
    return preparation->out != NULL;
}

bool prepare_regex_fold(struct preparation *preparation)
{
    preparation->out = compile(preparation, PCRE2_CASELESS);
    return preparation->out != NULL;
}

bool prepare_replace(struct preparation *preparation)
{
    struct str by = preparation->args[2]->value.str[0], flags = STR("");
    struct str pattern = preparation->args[1]->value.str[0];
    const size_t last = 3;
    bool groups = false, backward = false;
    for (size_t i = 0; i + 1 < by.n; i++)
        groups = groups || by.p[i] == '\\';
    for (size_t i = 0; i + 1 < pattern.n; i++)
        backward = backward || (pattern.p[i] == '\\' && pattern.p[i + 1] >= '1' && pattern.p[i + 1] <= '9');
    if (preparation->count > last)
        flags = preparation->args[last]->value.str[0];
    uint32_t options = 0;
    bool all = false;
    for (size_t i = 0; i < flags.n; i++) {
        if (flags.p[i] != 'g' && flags.p[i] != 'i')
            return expr_fault_set(
                preparation->fault, preparation->args[last]->offset, "regexp_replace() knows the flags g and i only");
        all = all || flags.p[i] == 'g';
        options |= flags.p[i] == 'i' ? PCRE2_CASELESS : 0;
    }
    struct regex *regex = compile(preparation, options);
    if (!regex)
        return false;
    if ((groups || backward) && regex->longest && str_find_byte(pattern, '|') < pattern.n)
        return refuse(preparation, "| together with groups in the replacement");
    regex->longest = regex->longest && !groups && !backward;
    regex->all = all;
    preparation->out = regex;
    return true;
}

enum { WORKSPACE = 1000 };
static const char too_complex[] = "regular expression is too complex for this value";

static int find(const struct regex *regex, struct str s, size_t from, pcre2_match_data *data, int *workspace)
{
    uint32_t options = from ? PCRE2_NO_UTF_CHECK : 0;
    PCRE2_SPTR p = (PCRE2_SPTR)(s.p ? s.p : "");
    if (workspace && regex->longest)
        return pcre2_dfa_match(regex->code, p, s.n, from, options, data, NULL, workspace, WORKSPACE);
    return pcre2_match(regex->code, p, s.n, from, options, data, NULL);
}

static void each_match(struct run *run, const struct node *node, const struct vec *args, struct vec *out, bool wanted)
{
    const struct regex *regex = node->prepared;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    run->out_of_memory = run->out_of_memory || !data;
    for (uint32_t i = 0; data && i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int found = find(regex, args->str[i & args->mask], 0, data, NULL);
        out->u8[i] = (found >= 0) == wanted;
        if (found < PCRE2_ERROR_PARTIAL)
            run_fail(run, out, i, too_complex);
    }
    pcre2_match_data_free(data);
}

void match_regex(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_match(run, node, args, out, true);
}

void match_not_regex(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_match(run, node, args, out, false);
}

/* \1 … \9, \& and \\ */
static void add_replacement(struct buf *out, struct str by, struct str s, pcre2_match_data *data)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
    uint32_t groups = pcre2_get_ovector_count(data);
    for (size_t i = 0; i < by.n; i++) {
        char c = i + 1 < by.n ? by.p[i + 1] : '\0';
        uint32_t group = c == '&' ? 0 : (uint32_t)(c - '0');
        if (by.p[i] != '\\') {
            buf_add_byte(out, by.p[i]);
        } else if (c == '&' || (c >= '1' && c <= '9')) {
            if (group < groups && ends[2 * group] != PCRE2_UNSET)
                buf_add(out, s.p + ends[2 * group], ends[2 * group + 1] - ends[2 * group]);
            i++;
        } else {
            buf_add_byte(out, '\\');
            i += c == '\\';
        }
    }
}

static int replace_matches(
    const struct regex *regex, struct str s, struct str by, pcre2_match_data *data, struct buf *out)
{
    int workspace[WORKSPACE];
    size_t copied = 0, from = 0;
    while (from <= s.n) {
        int found = find(regex, s, from, data, workspace);
        if (found < 0 && found != PCRE2_ERROR_NOMATCH)
            return found;
        if (found < 0)
            break;
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
        size_t start = ends[0], end = ends[1];
        buf_add(out, s.p + copied, start - copied);
        add_replacement(out, by, s, data);
        copied = end;
        from = end > start ? end : end + (end < s.n ? character(s, end) : 1);
        if (!regex->all)
            break;
    }
    buf_add(out, s.p + copied, s.n - copied);
    return 0;
}

void match_replace(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct regex *regex = node->prepared;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    run->out_of_memory = run->out_of_memory || !data;
    for (uint32_t i = 0; !run->out_of_memory && i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        buf_reset(&text);
        int result = replace_matches(regex, args[0].str[i & args[0].mask], args[2].str[i & args[2].mask], data, &text);
        if (result < 0 || text.failed) {
            run_fail(run, out, i, result < 0 ? too_complex : "requested length too large");
            buf_dispose(&text);
            buf_init(&text, TEXT_LIMIT);
            continue;
        }
        char *p = run_text(run, text.n);
        if (p && text.n)
            memcpy(p, text.p, text.n);
        out->str[i] = (struct str){p, text.n};
    }
    buf_dispose(&text);
    pcre2_match_data_free(data);
}
