/* Functions of text that put texts together. */
#include "shared/utf8.h"
#include "worker/expr/kernels.h"

static const char too_large[] = TEXT_BEYOND;

static struct str text_at(const struct vec *vec, uint32_t i)
{
    return vec->str[i & vec->mask];
}

static char *put(char *p, struct str s)
{
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

void text_join(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str a = text_at(&args[0], i), b = text_at(&args[1], i);
        char *p = run_text(run, a.n + b.n);
        if (!p)
            return;
        put(put(p, a), b);
        out->str[i] = (struct str){p, a.n + b.n};
    }
}

/* The arguments from first on that are not NULL, with separator between. */
static void join_row(struct run *run, const struct node *node, const struct vec *args, uint32_t first,
    struct str separator, uint32_t i, struct vec *out)
{
    size_t n = 0, parts = 0;
    for (uint32_t a = first; a < node->arg_count; a++) {
        if (vec_live(&args[a], i))
            n += text_at(&args[a], i).n + (parts++ ? separator.n : 0);
    }
    char *p = run_text(run, n), *at = p;
    parts = 0;
    for (uint32_t a = first; p && a < node->arg_count; a++) {
        if (!vec_live(&args[a], i))
            continue;
        if (parts++)
            at = put(at, separator);
        at = put(at, text_at(&args[a], i));
    }
    out->str[i] = (struct str){p, n};
}

static void concat(struct run *run, const struct node *node, const struct vec *args, struct vec *out, bool separated)
{
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n && !run->out_of_memory; i++) {
        bool failed = false;
        for (uint32_t a = 0; a < node->arg_count; a++)
            failed = failed || vec_state(&args[a], i) == VALUE_FAILED;
        if (failed || (separated && !vec_live(&args[0], i))) {
            run_null(run, out, i);
            if (failed && out->state)
                out->state[i] = VALUE_FAILED;
            continue;
        }
        join_row(run, node, args, separated, separated ? text_at(&args[0], i) : STR(""), i, out);
    }
}

void text_concat(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    concat(run, node, args, out, false);
}

void text_concat_ws(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    concat(run, node, args, out, true);
}

static size_t count_parts(struct str s, struct str part)
{
    size_t count = 0;
    const char *end = s.p + s.n;
    for (const char *at = s.p; at < end && (at = memmem(at, (size_t)(end - at), part.p, part.n)); at += part.n)
        count++;
    return count;
}

static struct str replace(struct run *run, struct str s, struct str part, struct str by, size_t count)
{
    size_t n = s.n - count * part.n + count * by.n;
    char *p = run_text(run, n), *at = p;
    while (p && count-- > 0) {
        const char *found = memmem(s.p, s.n, part.p, part.n);
        size_t before = (size_t)(found - s.p);
        at = put(put(at, (struct str){s.p, before}), by);
        s.p += before + part.n;
        s.n -= before + part.n;
    }
    if (p)
        put(at, s);
    return (struct str){p, n};
}

void text_replace(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n && !run->out_of_memory; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i), part = text_at(&args[1], i), by = text_at(&args[2], i);
        size_t count = part.n && s.n ? count_parts(s, part) : 0;
        if (by.n > 0 && count > TEXT_LIMIT / by.n)
            run_fail(run, out, i, too_large);
        else
            out->str[i] = count ? replace(run, s, part, by, count) : s;
    }
}

/* Part number n (from 1, or from the end when negative). */
static struct str split_part(struct str s, struct str by, int64_t n)
{
    int64_t parts = (int64_t)(by.n && s.n ? count_parts(s, by) : 0) + 1;
    if (n < 0)
        n = n < -parts ? 0 : parts + n + 1;
    if (n < 1 || n > parts)
        return STR("");
    for (;;) {
        const char *found = by.n && s.n ? memmem(s.p, s.n, by.p, by.n) : NULL;
        size_t length = found ? (size_t)(found - s.p) : s.n;
        if (--n == 0)
            return (struct str){s.p, length};
        s.p += length + by.n;
        s.n -= length + by.n;
    }
}

void text_split_part(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t n = args[2].i64[i & args[2].mask];
        if (n == 0)
            run_fail(run, out, i, "field position must not be zero");
        else
            out->str[i] = split_part(text_at(args, i), text_at(&args[1], i), n);
    }
}

static size_t prefix(struct str s, size_t characters)
{
    size_t at = 0;
    while (characters-- > 0 && at < s.n) {
        uint32_t code;
        size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &code);
        at += n ? n : 1;
    }
    return at;
}

/* characters of fill, repeated. */
static char *put_fill(char *p, struct str fill, size_t fill_length, size_t characters)
{
    for (; characters >= fill_length; characters -= fill_length)
        p = put(p, fill);
    return put(p, (struct str){fill.p, prefix(fill, characters)});
}

static void pad(struct run *run, struct str s, int64_t want, struct str fill, bool left, struct str *out)
{
    size_t length = utf8_length(s), wanted = want > 0 ? (size_t)want : 0, fill_length = utf8_length(fill);
    if (wanted <= length || fill_length == 0) {
        *out = (struct str){s.p, prefix(s, wanted)};
        return;
    }
    size_t missing = wanted - length;
    size_t filled = missing / fill_length * fill.n + prefix(fill, missing % fill_length);
    char *p = run_text(run, s.n + filled);
    if (!p)
        return;
    *out = (struct str){p, s.n + filled};
    if (left)
        put(put_fill(p, fill, fill_length, missing), s);
    else
        put_fill(put(p, s), fill, fill_length, missing);
}

static void each_pad(struct run *run, const struct node *node, const struct vec *args, struct vec *out, bool left)
{
    for (uint32_t i = 0; i < run->n && !run->out_of_memory; i++) {
        if (!vec_live(out, i))
            continue;
        struct str fill = node->arg_count > 2 ? text_at(&args[2], i) : STR(" ");
        int64_t want = args[1].i64[i & args[1].mask];
        if (want > TEXT_LIMIT / 4)
            run_fail(run, out, i, too_large);
        else
            pad(run, text_at(args, i), want, fill, left, &out->str[i]);
    }
}

void text_lpad(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_pad(run, node, args, out, true);
}

void text_rpad(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    each_pad(run, node, args, out, false);
}

void text_repeat(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        struct str s = text_at(args, i);
        int64_t times = args[1].i64[i & args[1].mask];
        size_t count = times > 0 ? (size_t)times : 0;
        if (s.n > 0 && count > TEXT_LIMIT / s.n) {
            run_fail(run, out, i, too_large);
            continue;
        }
        char *p = run_text(run, count * s.n), *at = p;
        if (!p)
            return;
        for (size_t k = 0; k < count && s.n > 0; k++)
            at = put(at, s);
        out->str[i] = (struct str){p, count * s.n};
    }
}
