/*
 * LIKE, and regular expressions by PCRE2 where PostgreSQL has its own (worker/expr/regex.h says what becomes of them).
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "shared/utf8.h"
#include "worker/expr/kernels.h"
#include "worker/expr/letters.h"
#include "worker/expr/lex.h"
#include "worker/expr/regex.h"

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

/* Greedy, and back to the latest % only: linear in practice. A backslash takes the meaning from what follows. */
static bool like(struct str s, struct str pattern)
{
    size_t at = 0, place = 0, star = SIZE_MAX, star_at = 0;
    for (;;) {
        size_t next = place;
        bool literal = next < pattern.n && pattern.p[next] == '\\';
        next += literal;
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
            return place >= pattern.n;
        } else if (star != SIZE_MAX) {
            star_at += character(s, star_at);
            at = star_at;
            place = star;
        } else {
            return false;
        }
    }
}

/* The pattern with a backslash as its escape; false: it ends with a lone one. */
static bool with_backslash(struct str pattern, struct str escape, struct buf *out)
{
    bool escaped = false;
    for (size_t i = 0; i < pattern.n;) {
        struct str one = {pattern.p + i, character(pattern, i)};
        bool escapes = !escaped && escape.n && str_eq(one, escape);
        if (escapes || (one.p[0] == '\\' && !escaped))
            buf_add_byte(out, '\\');
        if (!escapes)
            buf_add_str(out, one);
        escaped = escapes;
        i += one.n;
    }
    return !escaped;
}

static bool prepare_pattern(struct preparation *preparation, bool fold)
{
    const uint32_t last = 2;
    struct str pattern = preparation->args[1]->value.str[0],
               escape = preparation->count > last ? preparation->args[last]->value.str[0] : STR("\\");
    struct str *kept = ARENA_NEW(preparation->arena, struct str);
    struct buf text, folded;
    if (escape.n > 0 && character(escape, 0) != escape.n)
        return expr_fault_set(preparation->fault, preparation->args[last]->offset,
            "invalid escape string: it must be empty or one character");
    buf_init(&text, 1 << 20);
    buf_init(&folded, 1 << 20);
    bool ends = with_backslash(pattern, escape, &text);
    for (size_t i = 0; i < text.n; i += character(buf_str(&text), i)) {
        char bytes[4];
        uint32_t code = 0;
        if (utf8_decode((struct str){text.p + i, text.n - i}, &code) == 0 || !fold)
            buf_add(&folded, text.p + i, character(buf_str(&text), i));
        else
            buf_add(&folded, bytes, utf8_encode(letters_lower(code), bytes));
    }
    if (kept)
        *kept = arena_str(preparation->arena, buf_str(&folded));
    bool ok = kept && kept->p && !text.failed && !folded.failed;
    buf_dispose(&text);
    buf_dispose(&folded);
    preparation->out = kept;
    if (!ends)
        return expr_fault_set(
            preparation->fault, preparation->args[1]->offset, "LIKE pattern must not end with escape character");
    return ok || expr_fault_set(preparation->fault, preparation->offset, "out of memory");
}

bool prepare_like(struct preparation *preparation)
{
    return prepare_pattern(preparation, false);
}

bool prepare_ilike(struct preparation *preparation)
{
    return prepare_pattern(preparation, true);
}

void match_like(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct str *pattern = node->prepared;
    for (uint32_t i = 0; i < run->n; i++)
        out->u8[i] = vec_live(out, i) && like(args->str[i & args->mask], *pattern);
}

/* As PostgreSQL does: both sides in lower case. */
void match_ilike(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    struct vec lower = {.kind = KIND_TEXT, .mask = args->mask, .state = args->state};
    uint32_t n = run->n;
    run->n = lower.mask ? n : 1;
    if (run_data(run, &lower))
        text_lower(run, node, args, &lower);
    run->n = n;
    if (!run->out_of_memory)
        match_like(run, node, &lower, out);
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

static bool refuse(struct preparation *preparation, const char *what)
{
    return expr_fault_set(
        preparation->fault, preparation->args[1]->offset, "%s is not supported in a regular expression", what);
}

static struct regex *compile(struct preparation *preparation, bool fold, struct regex_form *form)
{
    struct regex *regex = ARENA_NEW(preparation->arena, struct regex);
    struct buf text;
    const char *why = NULL;
    int error;
    PCRE2_SIZE at;
    buf_init(&text, 1 << 20);
    if (!regex)
        refuse(preparation, "so large a pattern");
    else if (!regex_translate(preparation->args[1]->value.str[0], fold, &text, form, &why))
        refuse(preparation, why);
    else {
        regex->code =
            text.failed ? NULL : pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_UTF | PCRE2_DOTALL, &error, &at, NULL);
        if (!regex->code)
            refuse(preparation, "this pattern");
        else if (!arena_closer(preparation->arena, free_code, regex->code)) {
            pcre2_code_free(regex->code);
            regex->code = NULL;
            refuse(preparation, "so large a pattern");
        }
    }
    buf_dispose(&text);
    return regex && regex->code ? regex : NULL;
}

bool prepare_regex(struct preparation *preparation)
{
    struct regex_form form;
    preparation->out = compile(preparation, false, &form);
    return preparation->out != NULL;
}

bool prepare_regex_fold(struct preparation *preparation)
{
    struct regex_form form;
    preparation->out = compile(preparation, true, &form);
    return preparation->out != NULL;
}

/*
 * PostgreSQL's match is the longest (the shortest where quantifiers are lazy), and its groups are the longest from left
 * to right. PCRE2's DFA algorithm gives the longest; its other one agrees where single characters stand side by side.
 */
bool prepare_replace(struct preparation *preparation)
{
    const size_t last = 3;
    struct str by = preparation->args[2]->value.str[0],
               flags = preparation->count > last ? preparation->args[last]->value.str[0] : STR("");
    bool groups = false, all = false, fold = false;
    for (size_t i = 0; i + 1 < by.n; i++)
        groups = groups || (by.p[i] == '\\' && by.p[i + 1] >= '1' && by.p[i + 1] <= '9');
    for (size_t i = 0; i < flags.n; i++) {
        if (flags.p[i] != 'g' && flags.p[i] != 'i')
            return expr_fault_set(
                preparation->fault, preparation->args[last]->offset, "regexp_replace() knows the flags g and i only");
        all = all || flags.p[i] == 'g';
        fold = fold || flags.p[i] == 'i';
    }
    struct regex_form form;
    struct regex *regex = compile(preparation, fold, &form);
    if (!regex)
        return false;
    if (groups && !form.flat)
        return refuse(preparation, "a group in the replacement of a pattern with | or nested groups");
    if (form.lazy && (form.greedy || !form.flat))
        return refuse(preparation, "a lazy quantifier beside greedy ones, | or nested groups");
    regex->longest = !groups && !form.lazy;
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
            run_fail(run, out, i, result < 0 ? too_complex : TEXT_BEYOND);
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
