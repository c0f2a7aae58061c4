/* Functions of text that look at characters. */
#include <openssl/evp.h>

#include "shared/utf8.h"
#include "worker/expr/kernels.h"
#include "worker/expr/letters.h"

static struct str text_at(const struct vec *vec, uint32_t i)
{
    return vec->str[i & vec->mask];
}

static size_t step(struct str s, size_t at)
{
    uint32_t code;
    size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &code);
    return n ? n : 1;
}

/* The byte at which character number n begins, or the end. */
static size_t skip_characters(struct str s, size_t at, int64_t n)
{
    while (at < s.n && n-- > 0)
        at += step(s, at);
    return at;
}

void text_length(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i))
            out->i64[i] = (int64_t)utf8_length(text_at(args, i));
    }
}

void text_bytes(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->i64[i] = vec_live(out, i) ? (int64_t)text_at(args, i).n : 0;
}

enum letters { LOWER, UPPER, INITCAP };

static struct str convert(struct run *run, struct str s, enum letters letters)
{
    size_t room = s.n * 4, n = 0;
    char *p = run_text(run, room);
    bool inside = false;
    for (size_t at = 0; p && at < s.n;) {
        uint32_t code;
        size_t bytes = utf8_decode((struct str){s.p + at, s.n - at}, &code);
        if (bytes == 0) {
            p[n++] = s.p[at++];
            inside = false;
            continue;
        }
        bool up = letters == UPPER || (letters == INITCAP && !inside);
        n += utf8_encode(up ? letters_upper(code) : letters_lower(code), p + n);
        inside = letters_alphanumeric(code);
        at += bytes;
    }
    if (p)
        run_text_return(run, room - n);
    return (struct str){p, n};
}

static void each_letters(struct run *run, const struct vec *args, struct vec *out, enum letters letters)
{
    for (uint32_t i = 0; i < run->n && !run->out_of_memory; i++) {
        if (vec_live(out, i))
            out->str[i] = convert(run, text_at(args, i), letters);
    }
}

void text_lower(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_letters(run, args, out, LOWER);
}

void text_upper(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_letters(run, args, out, UPPER);
}

void text_initcap(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_letters(run, args, out, INITCAP);
}

static bool has_character(struct str set, struct str character)
{
    for (size_t at = 0; at < set.n; at += step(set, at)) {
        size_t n = step(set, at);
        if (n == character.n && memcmp(set.p + at, character.p, n) == 0)
            return true;
    }
    return false;
}

static struct str trim(struct str s, struct str set, bool front, bool back)
{
    while (front && s.n > 0) {
        size_t n = step(s, 0);
        if (!has_character(set, (struct str){s.p, n}))
            break;
        s.p += n;
        s.n -= n;
    }
    while (back && s.n > 0) {
        size_t at = s.n - 1;
        while (at > 0 && ((unsigned char)s.p[at] & 0xC0) == 0x80)
            at--;
        if (!has_character(set, (struct str){s.p + at, s.n - at}))
            break;
        s.n = at;
    }
    return s;
}

static void each_trim(
    struct run *run, const struct node *node, const struct vec *args, struct vec *out, bool front, bool back)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i))
            out->str[i] = trim(text_at(args, i), node->arg_count > 1 ? text_at(&args[1], i) : STR(" "), front, back);
    }
}

void text_btrim(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_trim(run, node, args, out, true, true);
}

void text_ltrim(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_trim(run, node, args, out, true, false);
}

void text_rtrim(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_trim(run, node, args, out, false, true);
}

/* A negative count leaves out that many at the other end. */
static int64_t counted(struct str s, int64_t n)
{
    int64_t length = n < 0 ? (int64_t)utf8_length(s) : 0;
    return n >= 0 ? n : n < -length ? 0 : length + n;
}

void text_left(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i);
        out->str[i] = (struct str){s.p, skip_characters(s, 0, counted(s, args[1].i64[i & args[1].mask]))};
    }
}

void text_right(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i);
        int64_t asked = args[1].i64[i & args[1].mask], length = (int64_t)utf8_length(s);
        int64_t keep = asked == INT32_MIN ? length : counted(s, asked); /* PostgreSQL's 32 bits turn round there */
        size_t from = skip_characters(s, 0, length - keep);
        out->str[i] = (struct str){s.p + from, s.n - from};
    }
}

void text_substring(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i);
        int64_t start = args[1].i64[i & args[1].mask], end = INT64_MAX;
        if (node->arg_count > 2) {
            int64_t count = args[2].i64[i & args[2].mask];
            if (count < 0) {
                run_fail(run, out, i, "negative substring length not allowed");
                continue;
            }
            if (__builtin_add_overflow(start, count, &end))
                end = INT64_MAX;
        }
        size_t from = skip_characters(s, 0, start > 1 ? start - 1 : 0);
        int64_t first = start > 1 ? start : 1;
        size_t to = end == INT64_MAX ? s.n : end > first ? skip_characters(s, from, end - first) : from;
        out->str[i] = (struct str){s.p + from, to - from};
    }
}

void text_position(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i), part = text_at(&args[1], i);
        const char *found = part.n == 0 ? s.p : s.n ? memmem(s.p, s.n, part.p, part.n) : NULL;
        out->i64[i] = part.n == 0 ? 1 : found ? (int64_t)utf8_length((struct str){s.p, (size_t)(found - s.p)}) + 1 : 0;
    }
}

void text_starts_with(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->u8[i] = vec_live(out, i) && str_starts(text_at(args, i), text_at(&args[1], i));
}

void text_reverse(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i);
        char *p = run_text(run, s.n);
        if (!p)
            return;
        for (size_t at = 0; at < s.n;) {
            size_t n = step(s, at);
            memcpy(p + s.n - at - n, s.p + at, n);
            at += n;
        }
        out->str[i] = (struct str){p, s.n};
    }
}

void text_md5(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    static const char hex[] = "0123456789abcdef";
    for (uint32_t i = 0; i < run->n; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i);
        char *p = run_text(run, 32);
        if (!p)
            return;
        if (!EVP_Digest(s.p ? s.p : "", s.n, digest, &size, EVP_md5(), NULL) || size != 16) {
            run_fail(run, out, i, "md5 is not available here");
            continue;
        }
        for (int k = 0; k < 16; k++) {
            p[2 * k] = hex[digest[k] >> 4];
            p[2 * k + 1] = hex[digest[k] & 15];
        }
        out->str[i] = (struct str){p, 32};
    }
}
