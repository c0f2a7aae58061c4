#include "worker/format/csv/sniff_header.h"

#include "worker/format/csv/sniff_look.h"

enum { EXPECTED_RECORDS = 100, LONGEST_LABEL = 200 }; /* records searched for the contract's labels; bytes */

/* A title or a blank line: a record like the others fills more cells. */
static bool is_aside(const struct look *look, const struct look_record *record)
{
    if (record->filled == 0)
        return true;
    if (look->width < 2)
        return false;
    if (record->count == 1 || record->count * 2 < look->width || str_starts(record->cells[0], STR("sep=")))
        return true;
    if (record->count != look->width && record->kinds[0] != KIND_BLANK && record->cells[0].p[0] == '#')
        return true;
    if (record->filled == 1 && look->typical > 2)
        return true;
    return record->filled * 3 < look->typical;
}

static bool recurs(const struct look *look, size_t row, size_t c)
{
    for (size_t i = look->body; i < look->n; i++) {
        const struct look_record *record = &look->records[i];
        if (record->count == look->width && str_eq(record->cells[c], look->records[row].cells[c]))
            return true;
    }
    return false;
}

/* How much one cell speaks for being a label: positive for, negative against. */
static double label_weight(const struct look *look, size_t row, size_t c)
{
    const struct look_record *record = &look->records[row];
    const struct look_column *column = &look->columns[c];
    enum kind kind = record->kinds[c];
    if (column->filled == 0)
        return kind_is_typed(kind) ? -0.2 : 0;
    if (kind == KIND_BLANK || kind == KIND_ABSENT)
        return -0.1;
    if (kind == KIND_INTEGER && look_is_year(record->cells[c]))
        return column->years * 2 < column->filled ? 0.2 : -0.1;
    if (look_column_is_typed(column))
        return kind_is_typed(kind) ? -1 : 1;
    if (kind_is_typed(kind))
        return -0.6;
    if (record->cells[c].n > LONGEST_LABEL || recurs(look, row, c))
        return -0.5;
    bool codes = column->kinds[KIND_CODE] * 10 >= column->filled * 8;
    return codes && kind != KIND_CODE ? 0.7 : 0.1;
}

static double header_score(const struct look *look, size_t row)
{
    const struct look_record *record = &look->records[row];
    double score = 0;
    size_t n = record->count < look->width ? record->count : look->width;
    for (size_t c = 0; c < n; c++)
        score += label_weight(look, row, c);
    return score;
}

static size_t known_labels(const struct look *look, size_t row)
{
    const struct look_record *record = &look->records[row];
    size_t known = 0;
    for (size_t c = 0; c < record->count && c < DIALECT_MAX_COLUMNS; c++)
        known += sniff_labels_know(look->labels, record->cells[c]);
    return known;
}

/* The record that holds most of the labels the contract expects; look->n: none holds enough. */
static size_t find_expected(const struct look *look)
{
    size_t best = look->n, most = 0;
    for (size_t i = 0; look->labels->count && i < look->n && i < EXPECTED_RECORDS; i++) {
        size_t known = known_labels(look, i);
        if (known > most) {
            most = known;
            best = i;
        }
    }
    if (best == look->n)
        return best;
    /* one word in a title is no header */
    return most >= 2 || look->records[best].filled <= 2 ? best : look->n;
}

/* A further line of labels: words above the typed columns, as the line before. */
static bool continues_header(const struct look *look, size_t first, size_t row)
{
    const struct look_record *record = &look->records[row], *above = &look->records[first];
    size_t words = 0, typed = 0, same = 0;
    if (record->count != look->width || is_aside(look, record))
        return false;
    for (size_t c = 0; c < look->width; c++) {
        same += c < above->count && record->kinds[c] != KIND_BLANK && str_eq(record->cells[c], above->cells[c]);
        if (!look_column_is_typed(&look->columns[c]))
            continue;
        typed++;
        enum kind kind = record->kinds[c];
        if (kind_is_typed(kind) || kind == KIND_ABSENT)
            return false;
        words += kind != KIND_BLANK;
    }
    if (same == record->filled && record->filled > 1)
        return true;
    return typed >= 2 && words >= 2 && words * 2 >= typed;
}

static struct str join_labels(const struct look *look, size_t first, size_t rows, size_t c)
{
    struct str label = {"", 0};
    for (size_t r = first; r < first + rows; r++) {
        const struct look_record *record = &look->records[r];
        if (c >= record->count || record->cells[c].n == 0)
            continue;
        struct str cell = record->cells[c];
        if (label.n == 0) {
            label = cell;
            continue;
        }
        char *joined = arena_alloc(look->arena, label.n + 1 + cell.n);
        if (!joined)
            return (struct str){NULL, 0};
        memcpy(joined, label.p, label.n);
        joined[label.n] = ' ';
        memcpy(joined + label.n + 1, cell.p, cell.n);
        label = (struct str){joined, label.n + 1 + cell.n};
    }
    return label;
}

/* The share of the records below that have the usual width. */
static double steadiness(const struct look *look, size_t from)
{
    size_t steady = 0, all = 0;
    for (size_t i = from; i < look->n; i++) {
        if (look->records[i].filled == 0)
            continue;
        all++;
        steady += look->records[i].count == look->width;
    }
    return all ? (double)steady / (double)all : 0;
}

/* Blank labels with no cells below them go; which is right only where the records agree on their width. */
static void drop_blank_labels(struct sniff_header *header, size_t surplus)
{
    size_t kept = 0;
    for (size_t c = 0; c < header->count; c++) {
        if (header->blank_dropped < surplus && header->labels[c].n == 0)
            header->blank_dropped++;
        else
            header->labels[kept++] = header->labels[c];
    }
    header->count = kept;
}

/* R writes row names without a label above them: then the first column is the one that has none. */
static void move_labels(const struct look *look, struct sniff_header *header)
{
    if (header->count + 1 != look->width || look_column_is_typed(&look->columns[0]) || look_typed_columns(look) == 0)
        return;
    memmove(header->labels + 1, header->labels, header->count * sizeof *header->labels);
    header->labels[0] = (struct str){"", 0};
    header->count++;
}

/* How wide the records are taken to be, and which labels that leaves. */
static void settle_width(const struct look *look, size_t data, struct sniff_header *header)
{
    header->found = header->width = header->count;
    if (!header->forgiving || steadiness(look, data) < 0.8)
        return;
    size_t surplus = header->count > look->width ? header->count - look->width : 0, blank = 0;
    for (size_t c = 0; c < header->count; c++)
        blank += header->labels[c].n == 0;
    if (surplus && blank >= surplus)
        drop_blank_labels(header, surplus);
    move_labels(look, header);
    header->width = header->count > look->width ? header->count : look->width;
}

static bool set_labels(const struct look *look, size_t first, size_t rows, struct sniff_header *header)
{
    const struct look_record *top = &look->records[first], *last = &look->records[first + rows - 1];
    size_t count = 0;
    for (size_t r = first; r < first + rows; r++)
        count = look->records[r].count > count ? look->records[r].count : count;
    size_t room = count > look->width ? count : look->width;
    header->labels = ARENA_ARRAY(look->arena, struct str, room);
    if (!header->labels)
        return false;
    header->count = count;
    for (size_t c = 0; c < room; c++) {
        header->labels[c] =
            c < count && c < DIALECT_MAX_COLUMNS ? join_labels(look, first, rows, c) : (struct str){"", 0};
        if (!header->labels[c].p)
            return false;
    }
    settle_width(look, first + rows, header);
    for (; header->count < header->width; header->count++)
        header->labels[header->count] = (struct str){"", 0};
    header->rows = (int)rows;
    header->line = top->line;
    header->offset = top->offset;
    header->end = header->data = last->offset + last->total;
    header->data_line = last->line + last->lines;
    return true;
}

/* The line above the data, split by another delimiter, has a label for each column. */
static bool try_other_delimiter(struct look *look, size_t row, bool *found)
{
    static const struct str others[] = {{",", 1}, {";", 1}, {"\t", 1}, {"|", 1}, {" ", 1}};
    struct look_record *record = &look->records[row];
    struct split split = {0};
    *found = false;
    for (size_t i = 0; !*found && i < sizeof others / sizeof *others; i++) {
        struct split_rule rule = look->trial->rule;
        rule.delimiter = others[i];
        rule.max_cells = DIALECT_MAX_COLUMNS;
        if (rule.quote < 0)
            rule.quote = rule.escape = '"';
        split.plain = NULL;
        if (!split_next(&rule, look->text, record->offset, &split, look->arena))
            return false;
        if (split.count != look->width || split.total != record->total)
            continue;
        struct look_record other = *record;
        if (!look_keep(look, &rule, &split, &other))
            return false;
        bool labels = other.filled == look->width;
        for (size_t c = 0; labels && c < look->width; c++)
            labels = !kind_is_typed(other.kinds[c]);
        if (labels) {
            *record = other;
            *found = true;
        }
    }
    return true;
}

static bool set_kinds(const struct look *look, struct sniff_header *header)
{
    header->kinds = ARENA_ARRAY(look->arena, uint8_t, header->width);
    if (!header->kinds)
        return false;
    for (size_t c = 0; c < header->width; c++) {
        header->kinds[c] = KIND_TEXT;
        if (c >= look->width)
            continue;
        const struct look_column *column = &look->columns[c];
        for (int kind = KIND_INTEGER; kind < KIND_COUNT; kind++) {
            if (column->filled && column->kinds[kind] * 10 >= column->filled * 9)
                header->kinds[c] = (uint8_t)kind;
        }
        if (column->filled == 0)
            header->kinds[c] = KIND_BLANK;
        header->typed += look_column_is_typed(column);
    }
    return true;
}

static void count_titles(const struct look *look, size_t rows, struct sniff_header *header)
{
    for (size_t i = 0; i < rows; i++)
        header->titles += look->records[i].lines;
}

static bool no_header(const struct look *look, size_t first, struct sniff_header *header)
{
    header->labels = NULL;
    header->rows = 0;
    header->width = look->width;
    if (first < look->n) {
        header->data = look->records[first].offset;
        header->data_line = look->records[first].line;
    }
    count_titles(look, first < look->n ? first : 0, header);
    return set_kinds(look, header);
}

static bool fixed_header(struct look *look, const struct dialect *given, struct sniff_header *header)
{
    size_t first = 0, rows = given->header_rows > 0 ? (size_t)given->header_rows : 1;
    if (given->header_line > 0) {
        while (first < look->n && look->records[first].line < (uint64_t)given->header_line)
            first++;
    } else {
        while (first < look->n && look->records[first].filled == 0)
            first++;
    }
    if (first + rows > look->n)
        return no_header(look, look->n, header);
    look_at_columns(look, first + rows);
    count_titles(look, first, header);
    return set_labels(look, first, rows, header) && set_kinds(look, header);
}

static bool found_header(struct look *look, size_t first, const struct dialect *given, struct sniff_header *header)
{
    size_t rows = 1;
    if (given->header_rows > 0) {
        rows = (size_t)given->header_rows;
    } else {
        while (rows < LOOK_HEADER_ROWS && first + rows < look->n && continues_header(look, first, first + rows))
            rows++;
    }
    if (first + rows > look->n)
        rows = look->n - first;
    look_at_columns(look, first + rows);
    count_titles(look, first, header);
    return set_labels(look, first, rows, header) && set_kinds(look, header);
}

/* Where only words stand, a first line of short, different words that never recur is a header. */
static bool decide(const struct look *look, size_t row)
{
    const struct look_record *record = &look->records[row];
    double score = header_score(look, row);
    size_t typed = 0;
    for (size_t c = 0; c < record->count && c < look->width; c++)
        typed += kind_is_typed(record->kinds[c]);
    if (row + 1 == look->n)
        return typed == 0;
    return score > 0;
}

/* One cell above a blank line is a title even where two columns are usual. */
static bool is_title_above_blank(const struct look *look, size_t i)
{
    return look->width > 1 && look->records[i].filled == 1 && i + 1 < look->n && look->records[i + 1].filled == 0;
}

/* A line of words that has not the records' width is a title when a header of that width follows soon. */
static size_t skip_titles(struct look *look, size_t first)
{
    for (size_t i = first; i < look->n && i < first + LOOK_HEADER_ROWS && look->records[first].count != look->width;
         i++) {
        if (look->records[i].count != look->width || is_aside(look, &look->records[i]))
            continue;
        look_below(look, i);
        return decide(look, i) ? i : first;
    }
    return first;
}

static bool search_header(struct look *look, const struct dialect *given, struct sniff_header *header)
{
    size_t first = 0;
    while (first < look->n && (is_aside(look, &look->records[first]) || is_title_above_blank(look, first)))
        first++;
    size_t expected = find_expected(look);
    if (expected < look->n) {
        header->by_expected = true;
        look_below(look, expected);
        return found_header(look, expected, given, header);
    }
    if (first == look->n)
        return no_header(look, 0, header);
    first = skip_titles(look, first);
    look_below(look, first);
    if (decide(look, first) || given->header_rows > 0)
        return found_header(look, first, given, header);
    look_at_columns(look, first);
    if (header->forgiving && first && look_typed_columns(look) >= 2) {
        bool found;
        if (!try_other_delimiter(look, first - 1, &found))
            return false;
        header->other_delimiter = found;
        if (found)
            return found_header(look, first - 1, given, header);
    }
    return no_header(look, first, header);
}

bool sniff_header_find(struct str text, const struct sniff_trial *trial, const struct dialect *given,
    const struct sniff_labels *labels, struct sniff_header *header, struct arena *arena)
{
    struct look look;
    bool forgiving = header->forgiving;
    *header = (struct sniff_header){.forgiving = forgiving, .data_line = 1};
    if (!look_init(&look, text, trial, labels, arena))
        return false;
    if (given->header_rows == 0) {
        look_at_columns(&look, 0);
        return no_header(&look, 0, header);
    }
    if (given->header_line > 0)
        return fixed_header(&look, given, header);
    return search_header(&look, given, header);
}
