#include "worker/expr/regex.h"

#include "shared/utf8.h"
#include "worker/expr/letters.h"

enum { MAX_REPEAT = 255 /* PostgreSQL's */, MAX_NESTING = 50, MAX_FOLDED_RANGE = 0x1000 };

struct translation {
    struct str pattern;
    size_t at;
    bool fold;
    int depth;
    struct buf *out;
    struct regex_form *form;
    const char **why;
};

static bool refuse(struct translation *t, const char *what)
{
    *t->why = what;
    return false;
}

static char peek(const struct translation *t, size_t ahead)
{
    return t->at + ahead < t->pattern.n ? t->pattern.p[t->at + ahead] : '\0';
}

static bool ended(const struct translation *t)
{
    return t->at >= t->pattern.n;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static uint32_t take_code(struct translation *t)
{
    uint32_t code = 0;
    size_t n = utf8_decode((struct str){t->pattern.p + t->at, t->pattern.n - t->at}, &code);
    t->at += n ? n : 1;
    return code;
}

/* ---- sets of characters ---- */

static void add_range(struct translation *t, uint32_t first, uint32_t last)
{
    buf_printf(t->out, first == last ? "\\x{%x}" : "\\x{%x}-\\x{%x}", first, last);
}

static void add_class(struct translation *t, const char *name)
{
    size_t count = 0;
    const struct letters_range *ranges = letters_class(name, &count);
    for (size_t i = 0; i < count; i++)
        add_range(t, ranges[i].first, ranges[i].last);
}

static void add_word(struct translation *t)
{
    add_class(t, "alnum");
    buf_add_byte(t->out, '_');
}

/* PostgreSQL matches the lower and the upper case then, which need not be the character itself. */
static void add_code(struct translation *t, uint32_t code)
{
    uint32_t lower = t->fold ? letters_lower(code) : code, upper = t->fold ? letters_upper(code) : code;
    add_range(t, lower, lower);
    if (upper != lower)
        add_range(t, upper, upper);
}

/* What \d, \w, \s stand for within brackets; false: another letter. */
static bool add_shorthand(struct translation *t, char letter)
{
    if (letter == 'd')
        buf_add_cstr(t->out, "0-9");
    else if (letter == 'w')
        add_word(t);
    else if (letter == 's')
        add_class(t, "space");
    else
        return false;
    return true;
}

/* An escape that stands for one character. */
static bool plain_escape(struct translation *t, uint32_t *code)
{
    static const char letters[] = "tnrfv", codes[] = "\t\n\r\f\v";
    char c = peek(t, 1);
    const char *known = c ? strchr(letters, c) : NULL;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || (unsigned char)c >= 0x80;
    if (c == '\0')
        return refuse(t, "a backslash at the end");
    if (letter && !known)
        return refuse(t, is_digit(c) ? "a back reference" : "this backslash escape");
    *code = known ? (uint32_t)(unsigned char)codes[known - letters] : (uint32_t)(unsigned char)c;
    t->at += 2;
    return true;
}

static bool named_class(struct translation *t)
{
    static const char *const names[] = {"alpha", "upper", "lower", "alnum", "punct", "space"};
    struct str rest = {t->pattern.p + t->at, t->pattern.n - t->at};
    if (str_starts(rest, STR("[:digit:]"))) {
        buf_add_cstr(t->out, "0-9");
        t->at += 9;
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (rest.n < 9 || memcmp(rest.p + 2, names[i], 5) != 0 || rest.p[7] != ':' || rest.p[8] != ']')
            continue;
        bool letters = i == 1 || i == 2;
        add_class(t, t->fold && letters ? "alpha" : names[i]);
        t->at += 9;
        return true;
    }
    return refuse(t, "this [: :] class");
}

/* One end of a range, or a character by itself. */
static bool bracket_code(struct translation *t, uint32_t *code)
{
    if (peek(t, 0) == '\\')
        return plain_escape(t, code);
    if (peek(t, 0) == '[' && (peek(t, 1) == '.' || peek(t, 1) == '=' || peek(t, 1) == ':'))
        return refuse(t, "this [. .] or [= =] form");
    *code = take_code(t);
    return true;
}

static bool folded_range(struct translation *t, uint32_t first, uint32_t last)
{
    add_range(t, first, last);
    if (!t->fold)
        return true;
    if (last - first > MAX_FOLDED_RANGE)
        return refuse(t, "so large a range without regard to case");
    for (uint32_t code = first; code <= last; code++) {
        if (letters_lower(code) != code || letters_upper(code) != code)
            add_code(t, code);
    }
    return true;
}

static bool bracket_item(struct translation *t, bool first)
{
    uint32_t from, to;
    char c = peek(t, 0);
    if (c == '-' && !first && peek(t, 1) != ']')
        return refuse(t, "a - between others in brackets");
    if (c == '[' && peek(t, 1) == ':')
        return named_class(t) && (peek(t, 0) != '-' || peek(t, 1) == ']' || refuse(t, "a range from a class"));
    if (c == '\\' && add_shorthand(t, peek(t, 1))) {
        t->at += 2;
        return peek(t, 0) != '-' || peek(t, 1) == ']' || refuse(t, "a range from a class");
    }
    if (!bracket_code(t, &from))
        return false;
    if (peek(t, 0) != '-' || peek(t, 1) == ']' || peek(t, 1) == '\0') {
        add_code(t, from);
        return true;
    }
    t->at++;
    if (peek(t, 0) == '-' || (peek(t, 0) == '\\' && strchr("dws", peek(t, 1))))
        return refuse(t, "this range");
    if (!bracket_code(t, &to))
        return false;
    return to < from ? refuse(t, "a range from high to low") : folded_range(t, from, to);
}

static bool brackets(struct translation *t)
{
    t->at++;
    buf_add_byte(t->out, '[');
    if (peek(t, 0) == '^') {
        buf_add_byte(t->out, '^');
        t->at++;
    }
    for (bool first = true; !ended(t); first = false) {
        if (peek(t, 0) == ']' && !first) {
            t->at++;
            buf_add_byte(t->out, ']');
            return true;
        }
        if (!bracket_item(t, first))
            return false;
    }
    return refuse(t, "an open bracket");
}

/* ---- what matches no character ---- */

static void word_side(struct translation *t, const char *look)
{
    buf_printf(t->out, "(%s[", look);
    add_word(t);
    buf_add_cstr(t->out, "])");
}

static void word_end(struct translation *t, bool beginning)
{
    word_side(t, beginning ? "?<!" : "?<=");
    word_side(t, beginning ? "?=" : "?!");
}

/* *done: it was an anchor. */
static bool anchor(struct translation *t, bool *done)
{
    char c = peek(t, 0), letter = c == '\\' ? peek(t, 1) : '\0';
    *done = true;
    if (c == '^' || letter == 'A')
        buf_add_cstr(t->out, "\\A");
    else if (c == '$' || letter == 'Z')
        buf_add_cstr(t->out, "\\z");
    else if (letter == 'm' || letter == 'M')
        word_end(t, letter == 'm');
    else if (letter == 'y' || letter == 'Y') {
        buf_add_cstr(t->out, letter == 'y' ? "(?:" : "(?!");
        word_end(t, true);
        buf_add_byte(t->out, '|');
        word_end(t, false);
        buf_add_byte(t->out, ')');
    } else
        *done = false;
    if (*done)
        t->at += letter ? 2 : 1;
    return true;
}

/* ---- pieces ---- */

static bool alternatives(struct translation *t);

static bool group(struct translation *t, bool *look)
{
    struct str rest = {t->pattern.p + t->at, t->pattern.n - t->at};
    bool plain = str_starts(rest, STR("(?:"));
    *look = str_starts(rest, STR("(?=")) || str_starts(rest, STR("(?!"));
    if ((rest.n > 1 && rest.p[1] == '?' && !plain && !*look) || (rest.n > 1 && rest.p[1] == '*'))
        return refuse(t, "this kind of (?…) group");
    size_t n = plain || *look ? 3 : 1;
    buf_add(t->out, rest.p, n);
    t->at += n;
    t->form->flat = t->form->flat && !*look && t->depth == 0;
    if (++t->depth > MAX_NESTING)
        return refuse(t, "so deep a nesting");
    if (!alternatives(t))
        return false;
    t->depth--;
    if (peek(t, 0) != ')')
        return refuse(t, "an open parenthesis");
    t->at++;
    buf_add_byte(t->out, ')');
    return true;
}

static bool escape(struct translation *t)
{
    char c = peek(t, 1), lower = (char)(c | 0x20);
    uint32_t code;
    if (c && strchr("dwsDWS", c)) {
        buf_add_cstr(t->out, c == lower ? "[" : "[^");
        add_shorthand(t, lower);
        buf_add_byte(t->out, ']');
        t->at += 2;
        return true;
    }
    if (!plain_escape(t, &code))
        return false;
    add_range(t, code, code);
    return true;
}

static bool atom(struct translation *t, bool *look, bool *grouped)
{
    char c = peek(t, 0);
    *look = false;
    *grouped = c == '(';
    if (c == '(')
        return group(t, look);
    if (c == '[')
        return brackets(t);
    if (c == '\\')
        return escape(t);
    if (c == '*' || c == '+' || c == '?' || (c == '{' && is_digit(peek(t, 1))))
        return refuse(t, "a quantifier without anything before it");
    if (c == '.') {
        buf_add_byte(t->out, '.');
        t->at++;
        return true;
    }
    buf_add_cstr(t->out, t->fold ? "[" : "");
    add_code(t, take_code(t));
    buf_add_cstr(t->out, t->fold ? "]" : "");
    return true;
}

static bool number(struct translation *t, int *out)
{
    for (*out = 0; is_digit(peek(t, 0)) && *out <= MAX_REPEAT; t->at++)
        *out = *out * 10 + (peek(t, 0) - '0');
    return *out <= MAX_REPEAT || refuse(t, "a repetition of more than 255");
}

/* {m}, {m,} and {m,n}; *fixed: no choice is left. */
static bool repetition(struct translation *t, bool *fixed)
{
    int least, most = -1;
    t->at++;
    if (!number(t, &least))
        return false;
    *fixed = peek(t, 0) == '}';
    if (!*fixed && peek(t, 0) != ',')
        return refuse(t, "this repetition");
    t->at += !*fixed;
    if (!*fixed && is_digit(peek(t, 0)) && !number(t, &most))
        return false;
    if (peek(t, 0) != '}' || (most >= 0 && most < least))
        return refuse(t, "this repetition");
    t->at++;
    buf_printf(t->out, "{%d", least);
    if (!*fixed && most >= 0)
        buf_printf(t->out, ",%d", most);
    else if (!*fixed)
        buf_add_byte(t->out, ',');
    *fixed = *fixed || most == least;
    buf_add_byte(t->out, '}');
    return true;
}

static bool quantifier(struct translation *t, bool allowed, bool grouped)
{
    char c = peek(t, 0);
    bool fixed = false, counted = c == '{' && is_digit(peek(t, 1));
    if (c != '*' && c != '+' && c != '?' && !counted)
        return true;
    if (!allowed)
        return refuse(t, "a quantifier behind an anchor");
    if (counted) {
        if (!repetition(t, &fixed))
            return false;
    } else {
        buf_add_byte(t->out, c);
        t->at++;
    }
    bool lazy = peek(t, 0) == '?';
    if (lazy) {
        buf_add_byte(t->out, '?');
        t->at++;
    }
    t->form->lazy = t->form->lazy || lazy;
    t->form->greedy = t->form->greedy || !(lazy || fixed);
    t->form->flat = t->form->flat && !grouped;
    c = peek(t, 0);
    if (c == '*' || c == '+' || c == '?' || (c == '{' && is_digit(peek(t, 1))))
        return refuse(t, "a quantifier behind a quantifier");
    return true;
}

static bool piece(struct translation *t)
{
    bool done, look = false, grouped = false;
    if (!anchor(t, &done) || (!done && !atom(t, &look, &grouped)))
        return false;
    return quantifier(t, !done && !look, grouped);
}

static bool alternatives(struct translation *t)
{
    while (!ended(t) && peek(t, 0) != ')') {
        if (peek(t, 0) != '|') {
            if (!piece(t))
                return false;
            continue;
        }
        t->form->flat = false;
        buf_add_byte(t->out, '|');
        t->at++;
    }
    return true;
}

bool regex_translate(struct str pattern, bool fold, struct buf *out, struct regex_form *form, const char **why)
{
    struct translation t = {.pattern = pattern, .fold = fold, .out = out, .form = form, .why = why};
    *form = (struct regex_form){.flat = true};
    buf_add_cstr(out, "");
    if (str_starts(pattern, STR("***")))
        return refuse(&t, "the *** prefix");
    if (!alternatives(&t))
        return false;
    return ended(&t) || refuse(&t, "a parenthesis that nothing opened");
}
