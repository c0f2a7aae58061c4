#include "worker/format/csv/sniff_look.h"

enum { LOOK_BYTES = 256 * 1024, LOOK_RECORDS = 300, LOOK_CELLS = 256 * 1024 };

bool look_keep(struct look *look, const struct split_rule *rule, const struct split *split, struct look_record *record)
{
    size_t kept = split->count < rule->max_cells ? split->count : rule->max_cells;
    record->cells = ARENA_ARRAY(look->arena, struct str, kept);
    record->kinds = ARENA_ARRAY(look->arena, uint8_t, kept);
    if (!record->cells || !record->kinds)
        return false;
    record->count = split->count;
    record->filled = 0;
    for (size_t i = 0; i < kept; i++) {
        record->cells[i] = split_text(rule, &split->cells[i], look->arena);
        if (!record->cells[i].p)
            return false;
        record->kinds[i] = (uint8_t)kind_of(record->cells[i]);
        record->filled += record->kinds[i] != KIND_BLANK;
    }
    return true;
}

static bool read_records(struct look *look)
{
    struct split_rule rule = look->trial->rule;
    rule.max_cells = DIALECT_MAX_COLUMNS;
    struct str text = look->text;
    if (text.n > LOOK_BYTES)
        text.n = LOOK_BYTES;
    struct split split = {0};
    size_t at = 0, cells = 0;
    uint64_t line = 1;
    while (look->n < LOOK_RECORDS && cells < LOOK_CELLS) {
        bool repaired;
        line += split_comments(&rule, text, &at);
        if (!split_fitting(&rule, text, at, look->trial->width, &split, &repaired, look->arena))
            return false;
        if (split.open && split.count <= rule.max_cells) {
            split.plain = split.cells[split.count - 1].raw.p - 1;
            if (!split_next(&rule, text, at, &split, look->arena))
                return false;
        }
        if (split.total == 0)
            break;
        struct look_record *record = &look->records[look->n];
        *record = (struct look_record){.offset = at, .total = split.total, .line = line, .lines = split.lines};
        if (!look_keep(look, &rule, &split, record))
            return false;
        /* a record cut off by the sample's end says nothing, unless it is all there is */
        if (at + split.total == look->text.n && text.n == LOOK_BYTES && look->n)
            break;
        look->n++;
        cells += split.count;
        at += split.total;
        line += split.lines;
    }
    return true;
}

/* The upper quartile: blank tails and notes must not make a title look like a record. */
static size_t usually_filled(const struct look *look, size_t *histogram)
{
    size_t total = 0, seen = 0;
    for (size_t i = 0; i < look->n; i++) {
        if (look->records[i].filled && look->records[i].count == look->width) {
            histogram[look->records[i].filled]++;
            total++;
        }
    }
    for (size_t f = 0; total && f <= look->width; f++) {
        seen += histogram[f];
        if (seen * 4 >= total * 3)
            return f;
    }
    return 1;
}

bool look_is_year(struct str s)
{
    s = str_trim(s);
    return s.n == 4 && (memcmp(s.p, "19", 2) == 0 || memcmp(s.p, "20", 2) == 0);
}

void look_at_columns(struct look *look, size_t from)
{
    memset(look->columns, 0, look->width * sizeof *look->columns);
    look->body = from;
    for (size_t i = from; i < look->n; i++) {
        const struct look_record *record = &look->records[i];
        if (record->count != look->width)
            continue;
        for (size_t c = 0; c < look->width; c++) {
            enum kind kind = record->kinds[c];
            struct look_column *column = &look->columns[c];
            column->kinds[kind]++;
            if (kind == KIND_BLANK || kind == KIND_ABSENT)
                continue;
            column->filled++;
            column->typed += kind_is_typed(kind);
            column->years += kind == KIND_INTEGER && look_is_year(record->cells[c]);
        }
    }
}

static bool has_typed_cell(const struct look_record *record)
{
    for (size_t c = 0; c < record->count && c < DIALECT_MAX_COLUMNS; c++) {
        if (kind_is_typed(record->kinds[c]))
            return true;
    }
    return false;
}

void look_below(struct look *look, size_t header)
{
    size_t from = header + 1, words = from;
    while (words < look->n && words - header < LOOK_HEADER_ROWS && !has_typed_cell(&look->records[words]))
        words++;
    if (words < look->n && has_typed_cell(&look->records[words]))
        from = words;
    look_at_columns(look, from);
}

bool look_column_is_typed(const struct look_column *column)
{
    return column->filled && column->typed * 10 >= column->filled * 7;
}

size_t look_typed_columns(const struct look *look)
{
    size_t n = 0;
    for (size_t c = 0; c < look->width; c++)
        n += look_column_is_typed(&look->columns[c]);
    return n;
}

bool look_init(struct look *look, struct str text, const struct sniff_trial *trial, const struct sniff_labels *labels,
    struct arena *arena)
{
    *look = (struct look){.trial = trial, .labels = labels, .text = text, .width = trial->width, .arena = arena};
    if (look->width > DIALECT_MAX_COLUMNS)
        look->width = DIALECT_MAX_COLUMNS;
    look->records = ARENA_ARRAY(arena, struct look_record, LOOK_RECORDS);
    look->columns = ARENA_ARRAY(arena, struct look_column, look->width + 1);
    size_t *histogram = ARENA_ARRAY(arena, size_t, look->width + 1);
    if (!look->records || !look->columns || !histogram || !read_records(look))
        return false;
    look->typical = usually_filled(look, histogram);
    return true;
}
