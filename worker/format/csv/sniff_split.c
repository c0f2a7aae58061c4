#include "worker/format/csv/sniff_split.h"

#include "worker/batch/batch.h"
#include "worker/format/csv/dialect.h"

/* How often a record is tried again quote by quote, and how many bytes that may cost. */
enum { MAX_RETRIES = 64, MAX_RETRY_BYTES = 256 * 1024 };

static bool at_delimiter(const struct split_rule *rule, const char *p, const char *end)
{
    size_t n = rule->delimiter.n;
    if (n == 0 || (size_t)(end - p) < n || p[0] != rule->delimiter.p[0])
        return false;
    return n == 1 || memcmp(p, rule->delimiter.p, n) == 0;
}

static bool at_cell_end(const struct split_rule *rule, const char *p, const char *end)
{
    return p == end || *p == '\n' || *p == '\r' || at_delimiter(rule, p, end);
}

static size_t line_end(const char *p, const char *end)
{
    if (p == end)
        return 0;
    return *p == '\r' && end - p > 1 && p[1] == '\n' ? 2 : 1;
}

/* p is behind the opening quote; returns the closing quote, or end. */
static const char *quoted_end(
    const struct split_rule *rule, const char *p, const char *end, struct split *split, struct split_cell *cell)
{
    for (; p < end; p++) {
        if (rule->escape != rule->quote && rule->escape >= 0 && *p == (char)rule->escape && end - p > 1 &&
            (p[1] == (char)rule->quote || p[1] == (char)rule->escape)) {
            cell->escaped = true;
            p++;
        } else if (*p == '\n' || *p == '\r') {
            p += line_end(p, end) - 1;
            split->lines++;
        } else if (*p == (char)rule->quote) {
            if (rule->escape == rule->quote && end - p > 1 && p[1] == *p) {
                cell->escaped = true;
                p++;
            } else if (at_cell_end(rule, p + 1, end)) {
                return p;
            } else {
                split->stray++;
            }
        }
    }
    split->open = true;
    return end;
}

static const char *plain_end(const struct split_rule *rule, const char *p, const char *end)
{
    if (rule->delimiter.n == 0) {
        while (p < end && *p != '\n' && *p != '\r')
            p++;
        return p;
    }
    char first = rule->delimiter.p[0];
    for (; p < end; p++) {
        char c = *p;
        if (c == '\n' || c == '\r' || (c == first && at_delimiter(rule, p, end)))
            break;
    }
    return p;
}

static const char *take_cell(
    const struct split_rule *rule, const char *p, const char *end, struct split *split, struct split_cell *cell)
{
    *cell = (struct split_cell){.quoted = false};
    if (rule->skip_space) {
        while (p < end && *p == ' ')
            p++;
    }
    if (p < end && rule->quote >= 0 && *p == (char)rule->quote && p != split->plain) {
        const char *close = quoted_end(rule, p + 1, end, split, cell);
        cell->quoted = true;
        cell->raw = (struct str){p + 1, (size_t)(close - p - 1)};
        return close < end ? close + 1 : end;
    }
    const char *stop = plain_end(rule, p, end);
    cell->raw = (struct str){p, (size_t)(stop - p)};
    return stop;
}

size_t split_comments(const struct split_rule *rule, struct str text, size_t *at)
{
    size_t lines = 0;
    const char *end = text.p + text.n;
    while (rule->comment >= 0 && *at < text.n && text.p[*at] == (char)rule->comment) {
        const char *p = text.p + *at;
        while (p < end && *p != '\n' && *p != '\r')
            p++;
        *at = (size_t)(p - text.p) + line_end(p, end);
        lines++;
    }
    return lines;
}

bool split_next(const struct split_rule *rule, struct str text, size_t from, struct split *split, struct arena *arena)
{
    split->count = split->stray = split->length = split->total = 0;
    split->open = false;
    split->lines = 1;
    if (from >= text.n)
        return true;
    const char *start = text.p + from, *end = text.p + text.n, *p = start;
    for (;;) {
        struct split_cell cell;
        p = take_cell(rule, p, end, split, &cell);
        if (split->count < rule->max_cells) {
            if (!arena_reserve(arena, (void **)&split->cells, split->count, &split->capacity, sizeof cell))
                return false;
            split->cells[split->count] = cell;
        }
        split->count++;
        if (!at_delimiter(rule, p, end))
            break;
        p += rule->delimiter.n;
    }
    split->end = p;
    split->length = (size_t)(p - start);
    split->total = split->length + line_end(p, end);
    return true;
}

/* A stray quote is the only one in the cells that stand in no quotes: two of them belong together. */
static bool one_stray(const struct split_rule *rule, const struct split *split)
{
    size_t found = 0;
    for (size_t i = 0; i < split->count && i < rule->max_cells; i++) {
        struct str raw = split->cells[i].raw;
        for (size_t n = 0; !split->cells[i].quoted && n < raw.n; n++)
            found += raw.p[n] == (char)rule->quote;
    }
    return found == 1;
}

bool split_fitting(const struct split_rule *rule, struct str text, size_t from, size_t width, struct split *split,
    bool *repaired, struct arena *arena)
{
    *repaired = false;
    split->plain = NULL;
    if (!split_next(rule, text, from, split, arena))
        return false;
    if (split->total == 0 || split->count == width || rule->quote < 0)
        return true;
    const char *quotes[MAX_RETRIES];
    size_t n = 0, most = MAX_RETRY_BYTES / (split->length + 1) + 1;
    most = most < MAX_RETRIES ? most : MAX_RETRIES;
    for (size_t i = 0; i < split->count && i < rule->max_cells && n < most; i++) {
        if (split->cells[i].quoted)
            quotes[n++] = split->cells[i].raw.p - 1;
    }
    *repaired = true;
    for (size_t i = 0; i < n; i++) {
        split->plain = quotes[i];
        if (!split_next(rule, text, from, split, arena))
            return false;
        if (split->count == width && !split->open && one_stray(rule, split))
            return true;
    }
    split->plain = NULL;
    struct split_rule bare = *rule;
    bare.escape = DIALECT_NONE;
    if (n && !split_next(&bare, text, from, split, arena))
        return false;
    if (n && split->count == width && !split->open)
        return true;
    *repaired = false;
    return split_next(rule, text, from, split, arena);
}

struct str split_text(const struct split_rule *rule, const struct split_cell *cell, struct arena *arena)
{
    if (!cell->escaped)
        return cell->raw.p ? cell->raw : STR("");
    char *out = arena_alloc(arena, cell->raw.n + 1);
    if (!out)
        return (struct str){NULL, 0};
    struct escapes escapes = {.escape = (char)(rule->escape >= 0 ? rule->escape : 0),
        .quote = (char)(rule->quote >= 0 ? rule->quote : 0),
        .delimiter = rule->delimiter.n ? rule->delimiter.p[0] : 0};
    return (struct str){out, escapes_resolve(escapes, cell->raw, out)};
}
