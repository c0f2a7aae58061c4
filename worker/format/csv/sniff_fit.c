#include "worker/format/csv/sniff_fit.h"

#include "worker/format/csv/sniff_kind.h"

enum { MOST_SURPLUS = 64, MOST_TABLE = 256 * 1024, LONGEST_RETRIED = 16 * 1024, MOST_TRIES = 64 };

static const char *const repair_texts[FIT_REPAIRS] = {
    [FIT_QUOTE] = "a quote that pairs with none was taken as content",
    [FIT_DELIMITER] = "delimited unlike the others, read by its own delimiter",
    [FIT_MISSING] = "a delimiter missing beside a quote was put back",
    [FIT_WRAPPED] = "a record in quotes as a whole was taken out of them",
    [FIT_BLANK] = "blank cells too many were left out",
    [FIT_JOINED] = "cells too many were joined to the text before them",
    [FIT_PADDED] = "blank cells were added at the end",
};

const char *fit_repair_text(enum fit_repair repair)
{
    return repair_texts[repair];
}

bool fit_init(struct fit *fit, const struct dialect *dialect, size_t width, const uint8_t *kinds, struct arena *arena)
{
    *fit = (struct fit){.rule = {.delimiter = dialect->delimiter,
                            .quote = dialect->quote,
                            .escape = dialect->escape,
                            .skip_space = dialect->skip_initial_space,
                            .comment = DIALECT_NONE,
                            .max_cells = (uint32_t)width * 2 + MOST_SURPLUS},
        .width = width,
        .kinds = kinds,
        .arena = arena};
    fit->cells = ARENA_ARRAY(arena, struct str, width + 1);
    return fit->cells != NULL;
}

/* How badly a cell of this kind sits in a column of that kind. */
static double misfit(enum kind column, enum kind cell)
{
    if (column == KIND_BLANK)
        return cell == KIND_BLANK ? 0 : 0.6;
    if (cell == KIND_BLANK || cell == KIND_ABSENT)
        return 0.2;
    if (column == cell || (kind_is_numeric(column) && kind_is_numeric(cell)))
        return 0;
    if (column == KIND_TEXT)
        return kind_is_typed(cell) ? 0.3 : 0;
    if (kind_is_typed(column))
        return 1;
    return kind_is_typed(cell) ? 0.4 : 0.3;
}

struct aligned {
    double cost;
    size_t blanks, joins;
};

enum step { STEP_ASSIGN, STEP_DROP, STEP_JOIN };

static size_t kept_cells(const struct fit *fit)
{
    return fit->split.count < fit->rule.max_cells ? fit->split.count : fit->rule.max_cells;
}

static struct str text_between(const struct fit *fit, struct str left, struct str right, struct arena *scratch)
{
    size_t n = left.n + fit->rule.delimiter.n + right.n;
    char *joined = arena_alloc(scratch, n + 1);
    if (!joined)
        return (struct str){NULL, 0};
    if (left.n)
        memcpy(joined, left.p, left.n);
    memcpy(joined + left.n, fit->rule.delimiter.p, fit->rule.delimiter.n);
    if (right.n)
        memcpy(joined + left.n + fit->rule.delimiter.n, right.p, right.n);
    return (struct str){joined, n};
}

/* "Smith, John": what begins with a space goes on with the text before it. */
static bool goes_on(struct str cell)
{
    return cell.n > 1 && cell.p[0] == ' ';
}

/* Cheapest way to lay width + surplus cells into width columns: a table over columns and surplus used so far. */
static bool find_steps(
    const struct fit *fit, const struct str *cells, size_t surplus, uint8_t *steps, double *costs, double *cost)
{
    size_t across = surplus + 1;
    bool words = str_eq(fit->rule.delimiter, STR(" ")); /* then a blank cell is the space in a text */
    for (size_t c = 0; c <= fit->width; c++) {
        for (size_t s = 0; s <= surplus; s++) {
            double best = c + s == 0 ? 0 : 1e9;
            uint8_t step = STEP_ASSIGN;
            if (c)
                best = costs[(c - 1) * across + s] + misfit(fit->kinds[c - 1], kind_of(cells[c - 1 + s]));
            if (s) {
                bool blank = str_trim(cells[c + s - 1]).n == 0;
                double before = costs[c * across + s - 1];
                double drop = before + (words ? 1.1 : 0.3) - 1e-6 * (double)c;
                bool text = c && fit->kinds[c - 1] == KIND_TEXT;
                double join = before + (text ? 1 : 2 - 1e-6 * (double)c) - (goes_on(cells[c + s - 1]) ? 0.2 : 0);
                if (blank && drop < best) {
                    best = drop;
                    step = STEP_DROP;
                }
                if ((!blank || words) && c && join < best) {
                    best = join;
                    step = STEP_JOIN;
                }
            }
            costs[c * across + s] = best;
            steps[c * across + s] = step;
        }
    }
    *cost = costs[fit->width * across + surplus];
    return *cost < 1e8;
}

static bool follow_steps(struct fit *fit, const struct str *cells, size_t surplus, const uint8_t *steps,
    struct aligned *aligned, struct arena *scratch)
{
    size_t c = fit->width, s = surplus;
    struct str behind = {NULL, 0};
    while (c + s > 0) {
        enum step step = (enum step)steps[c * (surplus + 1) + s];
        struct str cell = cells[c + s - 1];
        if (step == STEP_DROP) {
            aligned->blanks++;
            s--;
        } else if (step == STEP_JOIN) {
            behind = behind.p ? text_between(fit, cell, behind, scratch) : cell;
            aligned->joins++;
            s--;
        } else {
            fit->cells[--c] = behind.p ? text_between(fit, cell, behind, scratch) : cell;
            if (!fit->cells[c].p)
                return false;
            behind = (struct str){NULL, 0};
        }
    }
    return true;
}

/* Without looking where the surplus belongs: the last column takes what is left of the record, as it stands. */
static void lay_plainly(struct fit *fit, const struct str *cells, size_t n, struct aligned *aligned)
{
    size_t all = n;
    if (fit->split.count == n) {
        while (n > fit->width && str_trim(cells[n - 1]).n == 0)
            n--;
    }
    memcpy(fit->cells, cells, fit->width * sizeof *cells);
    aligned->blanks = all - n;
    aligned->joins = n - fit->width;
    if (aligned->joins) {
        const struct split_cell *last = &fit->split.cells[fit->width - 1];
        const char *start = last->raw.p - last->quoted;
        fit->cells[fit->width - 1] = (struct str){start, (size_t)(fit->split.end - start)};
    }
}

static bool take_texts(
    const struct fit *fit, const struct split_rule *rule, struct str **cells, size_t *n, struct arena *scratch)
{
    *n = kept_cells(fit);
    *cells = ARENA_ARRAY(scratch, struct str, *n + 1);
    for (size_t i = 0; *cells && i < *n; i++) {
        (*cells)[i] = split_text(rule, &fit->split.cells[i], scratch);
        if (!(*cells)[i].p)
            return false;
    }
    return *cells != NULL;
}

/* Lays the split's cells into the columns; *cost says how badly they sit. */
static bool align(struct fit *fit, const struct split_rule *rule, struct aligned *aligned, struct arena *scratch)
{
    struct str *cells;
    size_t n;
    *aligned = (struct aligned){.cost = 0};
    if (!take_texts(fit, rule, &cells, &n, scratch))
        return false;
    size_t surplus = n - fit->width, table = (fit->width + 1) * (surplus + 1);
    uint8_t *steps = table > MOST_TABLE ? NULL : arena_alloc(scratch, table);
    double *costs = table > MOST_TABLE ? NULL : arena_alloc(scratch, table * sizeof *costs);
    if (table > MOST_TABLE || surplus > MOST_SURPLUS || n < fit->split.count) {
        aligned->cost = 1e9;
        lay_plainly(fit, cells, n, aligned);
        return true;
    }
    if (!steps || !costs)
        return false;
    if (!find_steps(fit, cells, surplus, steps, costs, &aligned->cost)) {
        lay_plainly(fit, cells, n, aligned);
        return true;
    }
    return follow_steps(fit, cells, surplus, steps, aligned, scratch);
}

static size_t typed_cells(const struct fit *fit)
{
    size_t typed = 0;
    for (size_t c = 0; c < fit->width; c++)
        typed += kind_is_typed((enum kind)fit->kinds[c]) && kind_of(fit->cells[c]) == (enum kind)fit->kinds[c];
    return typed;
}

static double cost_of(const struct fit *fit)
{
    double cost = 0;
    for (size_t c = 0; c < fit->width; c++)
        cost += misfit((enum kind)fit->kinds[c], kind_of(fit->cells[c]));
    return cost;
}

/* The cells lie in fit->cells: do they sit better than was known, and do typed ones among them vouch for it? */
static bool sits_better(const struct fit *fit, double known, double *cost)
{
    *cost = cost_of(fit);
    return *cost + 0.1 < known && *cost < 0.5 && typed_cells(fit) >= 2;
}

/* Too few cells by our delimiter, but by another one each cell is of its column's kind. */
static bool try_others(struct fit *fit, struct str text, size_t at, double known, bool *fits, struct arena *scratch)
{
    static const struct str others[] = {{",", 1}, {";", 1}, {"\t", 1}, {"|", 1}, {" ", 1}};
    size_t record = fit->split.total;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct split_rule rule = fit->rule;
        struct aligned aligned;
        double cost;
        rule.delimiter = others[i];
        fit->split.plain = NULL;
        if (str_eq(fit->rule.delimiter, others[i]))
            continue;
        if (!split_next(&rule, text, at, &fit->split, fit->arena))
            return false;
        if (fit->split.count < fit->width || fit->split.total != record || fit->split.count > rule.max_cells)
            continue;
        struct str ours = fit->rule.delimiter;
        fit->rule.delimiter = others[i];
        bool done = align(fit, &rule, &aligned, scratch);
        fit->rule.delimiter = ours;
        if (!done)
            return false;
        if (sits_better(fit, known, &cost)) {
            *fits = true;
            return true;
        }
    }
    return true;
}

/* The record with a delimiter put in at this place, split. */
static bool split_with(struct fit *fit, struct str record, size_t at, struct arena *scratch)
{
    size_t n = fit->rule.delimiter.n;
    char *copy = arena_alloc(scratch, record.n + n);
    if (!copy)
        return false;
    memcpy(copy, record.p, at);
    memcpy(copy + at, fit->rule.delimiter.p, n);
    memcpy(copy + at + n, record.p + at, record.n - at);
    fit->split.plain = NULL;
    return split_next(&fit->rule, (struct str){copy, record.n + n}, 0, &fit->split, fit->arena);
}

/* Too few cells because a delimiter is missing beside a quote: a"b", or "a""b". */
static bool try_missing(struct fit *fit, struct str record, double known, bool *fits, struct arena *scratch)
{
    size_t best = 0, tries = 0;
    struct aligned aligned;
    for (size_t i = 1; fit->rule.quote >= 0 && i + 1 < record.n && tries < MOST_TRIES; i++) {
        double cost;
        if (record.p[i] != (char)fit->rule.quote)
            continue;
        tries++;
        if (!split_with(fit, record, i, scratch))
            return false;
        if (fit->split.count != fit->width || fit->split.stray || fit->split.open ||
            fit->split.total != record.n + fit->rule.delimiter.n)
            continue;
        if (!align(fit, &fit->rule, &aligned, scratch))
            return false;
        if (sits_better(fit, known, &cost)) {
            known = cost;
            best = i;
        }
    }
    *fits = best > 0;
    return best == 0 || (split_with(fit, record, best, scratch) && align(fit, &fit->rule, &aligned, scratch));
}

static bool restore(struct fit *fit, struct str text, size_t at)
{
    bool repaired;
    return split_fitting(&fit->rule, text, at, fit->width, &fit->split, &repaired, fit->arena);
}

/* The cells there are, blank ones behind them. */
static bool pad(struct fit *fit, struct arena *scratch)
{
    struct str *cells;
    size_t n;
    if (!take_texts(fit, &fit->rule, &cells, &n, scratch))
        return false;
    for (size_t c = 0; c < fit->width; c++)
        fit->cells[c] = c < n ? cells[c] : (struct str){"", 0};
    return true;
}

/* The whole record as one quoted cell: what stands in it is the record. */
static bool try_unwrapped(struct fit *fit, bool *fits, struct arena *scratch)
{
    struct str text = split_text(&fit->rule, &fit->split.cells[0], scratch);
    struct aligned aligned;
    fit->split.plain = NULL;
    if (!text.p || !split_next(&fit->rule, text, 0, &fit->split, fit->arena))
        return false;
    *fits = fit->split.count == fit->width && fit->split.total == text.n;
    return !*fits || align(fit, &fit->rule, &aligned, scratch);
}

static bool fit_misfit(struct fit *fit, struct str text, size_t at, struct arena *scratch)
{
    bool fits = false, is_short = fit->split.count < fit->width;
    struct str record = {text.p + at, fit->split.length};
    struct aligned aligned;
    double known;
    if (fit->split.count == 1 && fit->split.cells[0].quoted && fit->width > 1) {
        if (!try_unwrapped(fit, &fits, scratch))
            return false;
        fit->repairs[FIT_WRAPPED] += fits;
        if (fits)
            return true;
        if (!restore(fit, text, at))
            return false;
    }
    if (is_short ? !pad(fit, scratch) : !align(fit, &fit->rule, &aligned, scratch))
        return false;
    known = cost_of(fit) + (is_short || aligned.joins == 0 ? 0 : 1);
    if (is_short && !try_others(fit, text, at, known, &fits, scratch))
        return false;
    fit->repairs[FIT_DELIMITER] += fits;
    if (fits)
        return true;
    if (fit->width > 1 && record.n < LONGEST_RETRIED && !try_missing(fit, record, known, &fits, scratch))
        return false;
    fit->repairs[FIT_MISSING] += fits;
    if (fits)
        return true;
    if (!restore(fit, text, at) || (is_short ? !pad(fit, scratch) : !align(fit, &fit->rule, &aligned, scratch)))
        return false;
    fit->repairs[FIT_PADDED] += is_short;
    fit->repairs[FIT_BLANK] += !is_short && aligned.blanks > 0;
    fit->repairs[FIT_JOINED] += !is_short && aligned.joins > 0;
    return true;
}

bool fit_next(struct fit *fit, struct str text, size_t *at, bool *got, struct arena *scratch)
{
    bool repaired;
    *got = false;
    if (!split_fitting(&fit->rule, text, *at, fit->width, &fit->split, &repaired, fit->arena))
        return false;
    if (fit->split.total == 0)
        return true;
    *got = true;
    fit->repairs[FIT_QUOTE] += repaired;
    size_t from = *at, total = fit->split.total;
    *at += total;
    if (fit->split.count != fit->width)
        return fit_misfit(fit, text, from, scratch);
    struct str *cells;
    size_t n;
    if (!take_texts(fit, &fit->rule, &cells, &n, scratch))
        return false;
    memcpy(fit->cells, cells, fit->width * sizeof *cells);
    return true;
}
