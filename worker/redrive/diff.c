#include "worker/redrive/diff.h"

#include "shared/arena.h"

#include <string.h>

enum { CONTEXT = 3, MOST_CELLS = 4 * 1024 * 1024 };

struct lines {
    struct str *list; /* with their ends */
    size_t count;
};

struct diff {
    struct lines before, after;
    bool *gone, *fresh; /* by line of before, of after */
    struct buf *out;
};

static bool split(struct str text, struct lines *out, struct arena *arena)
{
    size_t count = 0;
    for (size_t at = 0; at < text.n; count++)
        at += str_find_byte((struct str){text.p + at, text.n - at}, '\n') + 1;
    out->list = ARENA_ARRAY(arena, struct str, count + 1);
    for (size_t at = 0; out->list && at < text.n; out->count++) {
        size_t n = str_find_byte((struct str){text.p + at, text.n - at}, '\n') + 1;
        n = n > text.n - at ? text.n - at : n;
        out->list[out->count] = (struct str){text.p + at, n};
        at += n;
    }
    return out->list != NULL;
}

/* Between what is equal at both ends, the longest common subsequence: table[i][k] is that of the rest from i and k. */
static bool compare(struct diff *diff, struct arena *arena)
{
    struct str *a = diff->before.list, *b = diff->after.list;
    size_t n = diff->before.count, m = diff->after.count, head = 0;
    while (head < n && head < m && str_eq(a[head], b[head]))
        head++;
    while (n > head && m > head && str_eq(a[n - 1], b[m - 1]))
        n--, m--;
    size_t rows = n - head + 1, columns = m - head + 1;
    bool small = rows <= MOST_CELLS / columns;
    uint32_t *table = ARENA_ARRAY(arena, uint32_t, small ? rows * columns : 1);
    if (!table)
        return false;
    for (size_t i = rows - 1; small && i-- > 0;)
        for (size_t k = columns - 1; k-- > 0;) {
            uint32_t down = table[(i + 1) * columns + k], right = table[i * columns + k + 1];
            table[i * columns + k] = str_eq(a[head + i], b[head + k]) ? table[(i + 1) * columns + k + 1] + 1
                                     : down > right                   ? down
                                                                      : right;
        }
    size_t i = 0, k = 0;
    while (i + 1 < rows || k + 1 < columns) {
        if (small && i + 1 < rows && k + 1 < columns && str_eq(a[head + i], b[head + k]))
            i++, k++;
        else if (i + 1 < rows &&
                 (k + 1 >= columns || !small || table[(i + 1) * columns + k] >= table[i * columns + k + 1]))
            diff->gone[head + i++] = true;
        else
            diff->fresh[head + k++] = true;
    }
    return true;
}

static void put_line(struct buf *out, char mark, struct str line)
{
    buf_add_byte(out, mark);
    buf_add_str(out, line);
    if (!str_ends(line, STR("\n")))
        buf_add_cstr(out, "\n\\ No newline at end of file\n");
}

/* diff -u leaves ",1" out, and says 0 of what is before the first line. */
static void put_range(struct buf *out, char mark, size_t from, size_t count)
{
    buf_printf(out, " %c%zu", mark, count ? from + 1 : from);
    if (count != 1)
        buf_printf(out, ",%zu", count);
}

static void put_hunk(struct diff *diff, size_t i, size_t k, size_t end_i, size_t end_k)
{
    buf_add_cstr(diff->out, "@@");
    put_range(diff->out, '-', i, end_i - i);
    put_range(diff->out, '+', k, end_k - k);
    buf_add_cstr(diff->out, " @@\n");
    while (i < end_i || k < end_k) {
        if (i < end_i && diff->gone[i])
            put_line(diff->out, '-', diff->before.list[i++]);
        else if (k < end_k && diff->fresh[k])
            put_line(diff->out, '+', diff->after.list[k++]);
        else
            put_line(diff->out, ' ', diff->before.list[i++]), k++;
    }
}

/* Both texts in step; a hunk ends where twice the context follows without a change. */
static void put_hunks(struct diff *diff)
{
    size_t i = 0, k = 0, n = diff->before.count, m = diff->after.count;
    while (i < n || k < m) {
        if (!(i < n && diff->gone[i]) && !(k < m && diff->fresh[k])) {
            i++, k++;
            continue;
        }
        size_t lead = i < CONTEXT ? i : CONTEXT, from_i = i - lead, from_k = k - lead, quiet = 0;
        while ((i < n || k < m) && quiet <= 2 * CONTEXT) {
            if (i < n && diff->gone[i])
                i++, quiet = 0;
            else if (k < m && diff->fresh[k])
                k++, quiet = 0;
            else
                i++, k++, quiet++;
        }
        size_t back = quiet > CONTEXT ? quiet - CONTEXT : 0;
        put_hunk(diff, from_i, from_k, i - back, k - back);
    }
}

bool diff_unified(struct str before, struct str after, struct str name, struct buf *out, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct diff diff = {.out = out};
    bool ok = arena && split(before, &diff.before, arena) && split(after, &diff.after, arena);
    diff.gone = ok ? ARENA_ARRAY(arena, bool, diff.before.count + 1) : NULL;
    diff.fresh = diff.gone ? ARENA_ARRAY(arena, bool, diff.after.count + 1) : NULL;
    ok = diff.fresh && compare(&diff, arena);
    if (ok && !str_eq(before, after)) {
        buf_printf(out, "--- " STR_FMT "\n+++ " STR_FMT "\n", STR_ARG(name), STR_ARG(name));
        put_hunks(&diff);
    }
    arena_free(arena);
    return (ok || ERR(err, ERR_MEMORY, "no memory for a difference")) && buf_ok(out, "a difference", err);
}
