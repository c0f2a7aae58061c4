#include "worker/format/csv/sniff_dialect.h"

#include "worker/format/csv/sniff_kind.h"

/* The beginning tells: more of the sample makes detection slow, not better. */
enum { TRIAL_BYTES = 64 * 1024, TRIAL_RECORDS = 1000, KIND_RECORDS = 200, EDGE_RECORDS = 20 };

/* A file is one column unless splitting it is more convincing than this. */
static const double single_column = 0.30, typed_column = 0.92;

struct candidate {
    struct str delimiter;
    double prior;
    bool skip_space;
};

static const struct candidate usual[] = {
    {{",", 1}, 1.0, false},
    {{";", 1}, 1.0, false},
    {{"\t", 1}, 1.0, false},
    {{"|", 1}, 1.0, false},
    {{",", 1}, 1.0, true},
    {{";", 1}, 1.0, true},
    {{"|", 1}, 1.0, true},
    {{", ", 2}, 0.98, false},
    {{"; ", 2}, 0.98, false},
    {{"||", 2}, 1.0, false},
    {{"::", 2}, 0.9, false},
    {{";;", 2}, 0.9, false},
    {{"~~", 2}, 0.9, false},
    {{"^", 1}, 0.9, false},
    {{"~", 1}, 0.9, false},
    {{"\x01", 1}, 0.95, false},
    {{"\x1F", 1}, 0.95, false},
    {{"\xC2\xA7", 2}, 0.9, false}, /* section sign */
    {{"\xC2\xA6", 2}, 0.9, false}, /* broken bar */
    {{"\xC2\xAC", 2}, 0.9, false}, /* not sign */
    {{":", 1}, 0.5, false},
    {{" ", 1}, 0.6, false},
};

static const struct candidate rare[] = {
    {{"#", 1}, 0.5, false},
    {{"!", 1}, 0.5, false},
    {{"*", 1}, 0.5, false},
    {{"&", 1}, 0.5, false},
    {{"=", 1}, 0.5, false},
    {{"$", 1}, 0.4, false},
    {{"%", 1}, 0.4, false},
    {{"@", 1}, 0.4, false},
};

static bool contains(struct str text, struct str part)
{
    return memmem(text.p, text.n, part.p, part.n) != NULL;
}

static char folded(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 32);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) ? c : '_';
}

bool sniff_labels_know(const struct sniff_labels *labels, struct str cell)
{
    struct str a = str_trim(cell);
    for (size_t i = 0; a.n && i < labels->count; i++) {
        struct str b = str_trim(labels->labels[i]);
        size_t n = 0;
        while (a.n == b.n && n < a.n && folded(a.p[n]) == folded(b.p[n]))
            n++;
        if (a.n == b.n && n == a.n)
            return true;
    }
    return false;
}

static double text_quality(struct str cell, const struct split_rule *rule)
{
    if (memchr(cell.p, '"', cell.n) && rule->quote != DIALECT_NONE)
        return 0.2;
    double quality = 0.8;
    for (size_t i = 0; i < cell.n; i++) {
        char c = cell.p[i];
        if (c == ';' || c == '\t' || c == '|')
            return 0.3;
        if (c == ',')
            quality = 0.5;
    }
    return quality;
}

struct tally {
    size_t widths[TRIAL_RECORDS];
    double quality[KIND_RECORDS];
    size_t filled[KIND_RECORDS], typed[KIND_RECORDS];
    size_t records, cells, blank, spaced, quoted, known, stray, opened, well_quoted;
};

static void tally_cells(const struct split_rule *rule, const struct split *split, struct tally *tally)
{
    size_t r = tally->records, quoted = tally->quoted;
    tally->quality[r] = 0;
    tally->filled[r] = tally->typed[r] = 0;
    for (size_t i = 0; i < split->count && i < rule->max_cells; i++) {
        const struct split_cell *cell = &split->cells[i];
        enum kind kind = cell->quoted ? KIND_TEXT : kind_of(cell->raw);
        const char *p = cell->raw.p - cell->quoted;
        tally->cells++;
        tally->spaced += i && p[-1] == ' ' && rule->skip_space;
        tally->quoted += cell->quoted;
        if (kind == KIND_BLANK) {
            tally->blank++;
            tally->spaced += i && rule->skip_space && cell->raw.n == 0 && p[-1] != ' ';
            continue;
        }
        tally->filled[r]++;
        if (cell->quoted) {
            tally->quality[r] += split->stray ? 0.8 : 1;
            tally->typed[r] += kind_is_typed(kind_of(cell->raw));
        } else if (kind_is_typed(kind) || kind == KIND_ABSENT) {
            tally->quality[r] += 1;
            tally->typed[r]++;
        } else {
            tally->quality[r] += kind == KIND_TEXT ? text_quality(cell->raw, rule) : 0.9;
        }
    }
    tally->well_quoted += tally->quoted > quoted && split->count > 1 && split->stray == 0 && !split->open;
}

/* The share of cells in the record that are labels the contract expects. */
static size_t count_known(
    const struct split_rule *rule, const struct split *split, const struct sniff_labels *labels, struct arena *arena)
{
    size_t known = 0;
    for (size_t i = 0; i < split->count && i < rule->max_cells; i++) {
        struct str text = split_text(rule, &split->cells[i], arena);
        known += text.p && sniff_labels_know(labels, text);
    }
    return known;
}

static bool is_blank_record(const struct split_rule *rule, const struct split *split)
{
    for (size_t i = 0; i < split->count && i < rule->max_cells; i++) {
        if (str_trim(split->cells[i].raw).n)
            return false;
    }
    return true;
}

static bool take_tally(struct split_rule *rule, struct str text, const struct sniff_labels *labels, struct split *split,
    struct tally *tally, struct arena *arena)
{
    tally->records = tally->cells = tally->blank = tally->spaced = tally->quoted = tally->known = tally->stray =
        tally->opened = tally->well_quoted = 0;
    for (size_t at = 0; tally->records < TRIAL_RECORDS; at += split->total) {
        split->plain = NULL;
        split_comments(rule, text, &at);
        if (!split_next(rule, text, at, split, arena))
            return false;
        tally->opened += split->open;
        if (split->open && split->lines > 1 && split->count && split->count <= rule->max_cells) {
            /* it would swallow the rest: a stray quote */
            split->plain = split->cells[split->count - 1].raw.p - 1;
            if (!split_next(rule, text, at, split, arena))
                return false;
        }
        if (split->total == 0)
            break;
        if (is_blank_record(rule, split))
            continue;
        if (tally->records < KIND_RECORDS)
            tally_cells(rule, split, tally);
        if (labels && tally->records < EDGE_RECORDS) {
            size_t known = count_known(rule, split, labels, arena);
            tally->known = known > tally->known ? known : tally->known;
        }
        tally->stray += split->stray;
        tally->widths[tally->records++] = split->count;
    }
    return true;
}

/* The most frequent width, the wider one of equals; title lines and notes of one cell at the edges weigh little. */
static double usual_width(const struct tally *tally, size_t *width)
{
    size_t best = 0, edge = 0, n = tally->records;
    *width = 1;
    for (size_t i = 0; i < n; i++) {
        if (i && tally->widths[i] == tally->widths[i - 1])
            continue;
        size_t same = 0, w = tally->widths[i];
        for (size_t j = 0; j < n; j++)
            same += tally->widths[j] == w;
        if (same > best || (same == best && w > *width)) {
            best = same;
            *width = w;
        }
        if (best * 2 > n)
            break;
    }
    if (*width == 1)
        return n ? (double)best / (double)n : 0;
    for (size_t i = 0; i < n && i < EDGE_RECORDS && tally->widths[i] == 1; i++)
        edge++;
    for (size_t i = n; i-- > n - edge && tally->widths[i] == 1 && n - i < EDGE_RECORDS;)
        edge++;
    double weight = (double)n - 0.75 * (double)(edge < n ? edge : n);
    return weight > 0 ? (double)best / weight : 0;
}

static void judge(const struct tally *tally, double prior, struct sniff_trial *trial)
{
    trial->records = tally->records;
    trial->quoted = tally->quoted;
    trial->stray = tally->stray;
    trial->consistency = usual_width(tally, &trial->width);
    if (trial->consistency > 1)
        trial->consistency = 1;
    double quality = 0;
    size_t filled = 0, typed = 0;
    for (size_t i = 0; i < tally->records && i < KIND_RECORDS; i++) {
        if (tally->widths[i] == 1 && trial->width > 1)
            continue;
        quality += tally->quality[i];
        filled += tally->filled[i];
        typed += tally->typed[i];
    }
    trial->quality = filled ? quality / (double)filled : 0;
    trial->typed = filled ? (double)typed / (double)filled : 0;
    trial->blank = tally->cells ? (double)tally->blank / (double)tally->cells : 0;
    size_t behind = tally->cells - (tally->records < KIND_RECORDS ? tally->records : KIND_RECORDS);
    trial->spaced = tally->cells && behind ? (double)tally->spaced / (double)behind : 0;
    double w = (double)trial->width;
    trial->score = trial->width < 2 ? 0 : prior * trial->consistency * trial->quality * (1 - 1 / (w + 1));
}

/* A space is in any text: it separates only where the cells are typed or quoted, and few are blank. */
static void doubt_space(struct sniff_trial *trial)
{
    trial->score *= 1 - trial->blank;
    if (trial->typed < 0.4)
        trial->score *= trial->quoted * 2 > trial->records ? 1 : 0.3;
}

/* Quotes that open and close at delimiters in nearly every record vouch for the delimiter, however wide the records. */
static void trust_quotes(const struct tally *tally, struct sniff_trial *trial)
{
    size_t records = tally->records < KIND_RECORDS ? tally->records : KIND_RECORDS;
    double floor = 0.4 * trial->quality;
    if (trial->width > 1 && tally->well_quoted * 10 >= records * 8 && trial->typed >= 0.25 && trial->score < floor)
        trial->score = floor;
}

struct search {
    struct str text;
    const struct dialect *given;
    const struct sniff_labels *labels;
    struct tally *tally;
    struct split split;
    struct arena *arena;
    struct sniff_trial best;
    size_t longest; /* cells a record to keep */
};

static bool try_rule(
    struct search *search, struct split_rule rule, const struct candidate *candidate, struct sniff_trial *result)
{
    struct sniff_trial trial = {.rule = rule};
    if (!take_tally(&rule, search->text, search->labels, &search->split, search->tally, search->arena))
        return false;
    judge(search->tally, candidate->prior, &trial);
    if (candidate->delimiter.p[0] == ' ')
        doubt_space(&trial);
    trust_quotes(search->tally, &trial);
    if (rule.skip_space && trial.spaced < 0.9)
        trial.score = 0;
    if (rule.quote != '"')
        trial.score *= rule.quote == DIALECT_NONE || trial.quoted < 2 ? 0.97 : 0.99;
    if (search->labels && search->tally->known >= 2)
        trial.score = 0.5 + trial.score / 2 + 0.001 * (double)search->tally->known;
    *result = trial;
    return true;
}

static void keep_better(struct search *search, const struct sniff_trial *trial)
{
    /* a hair: the earlier candidate is the more usual one */
    if (trial->score * 0.9999 > search->best.score)
        search->best = *trial;
}

static bool try_escapes(struct search *search, struct split_rule rule, const struct candidate *candidate)
{
    const struct dialect *given = search->given;
    struct sniff_trial doubled, other;
    bool fixed = rule.quote == DIALECT_NONE || given->escape != DIALECT_UNSET;
    rule.escape = fixed && rule.quote != DIALECT_NONE ? given->escape : rule.quote;
    if (!try_rule(search, rule, candidate, &doubled))
        return false;
    keep_better(search, &doubled);
    char escaped[2] = {'\\', (char)rule.quote};
    if (fixed || !contains(search->text, (struct str){escaped, 2}))
        return true;
    rule.escape = '\\';
    if (!try_rule(search, rule, candidate, &other))
        return false;
    /* where most quotes within are not escaped, a backslash before one is content */
    if (other.stray * 2 <= doubled.stray || other.consistency > doubled.consistency + 0.005)
        keep_better(search, &other);
    return true;
}

/* Every quote that opens closes, but for one perhaps, which is a fault of its record: they are no content. */
static bool quotes_pair(const struct tally *tally)
{
    return tally->stray == 0 && (tally->opened == 1 || (tally->opened == 0 && tally->quoted));
}

static bool try_delimiter(struct search *search, const struct candidate *candidate)
{
    if (!contains(search->text, candidate->delimiter))
        return true;
    struct split_rule rule = {.delimiter = candidate->delimiter,
        .skip_space = candidate->skip_space,
        .comment = search->given->comment,
        .max_cells = (uint32_t)search->longest};
    const struct dialect *given = search->given;
    if (given->skip_initial_space_set && given->skip_initial_space != candidate->skip_space)
        return true;
    if (given->quote != DIALECT_UNSET) {
        rule.quote = given->quote;
        return try_escapes(search, rule, candidate);
    }
    static const int quotes[] = {'"', '\'', DIALECT_NONE};
    bool paired = false;
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        char q = (char)quotes[i];
        /* '"' is the standard's: it stands also where the sample has none */
        if ((quotes[i] == '\'' && !contains(search->text, (struct str){&q, 1})) ||
            (quotes[i] == DIALECT_NONE && (paired || !contains(search->text, STR("\"")))))
            continue;
        rule.quote = quotes[i];
        if (!try_escapes(search, rule, candidate))
            return false;
        if (quotes[i] == '"')
            paired = quotes_pair(search->tally);
    }
    return true;
}

/* A line that is one quoted cell, without its quotes. */
static struct str unquoted(struct str line)
{
    bool is_quoted = line.n > 1 && line.p[0] == '"' && memchr(line.p + 1, '"', line.n - 1) == line.p + line.n - 1;
    return is_quoted ? (struct str){line.p + 1, line.n - 2} : line;
}

static size_t commas_of(struct str line)
{
    size_t n = 0;
    for (size_t i = 0; i < line.n; i++)
        n += line.p[i] == ',';
    return n;
}

/* labelled: a label without a comma stands above, which a table of several columns would not have. */
static bool is_one_value(struct str line, size_t commas, bool labelled)
{
    enum kind kind = kind_of(line);
    if (commas == 0)
        return kind_is_typed(kind);
    return kind_is_grouped(line) || (labelled && kind_is_typed(kind) && kind != KIND_ADDRESS);
}

/*
 * Lines that are each one date-time, grouped number or address must not fall apart at their own punctuation. Where the
 * line above the values has commas, or all lines have the same number of them, "100,100.25" is two values.
 */
static double whole_line_score(struct str text)
{
    size_t lines = 0, typed = 0, at = 0, least = SIZE_MAX, most = 0;
    bool labelled = false, delimited = false;
    while (at < text.n && lines < KIND_RECORDS) {
        const char *newline = memchr(text.p + at, '\n', text.n - at);
        struct str whole = {text.p + at, newline ? (size_t)(newline - text.p) - at : text.n - at};
        struct str line = str_trim(whole);
        at = newline ? (size_t)(newline - text.p) + 1 : text.n;
        if (line.n == 0)
            continue;
        struct str cell = unquoted(line);
        size_t commas = cell.n == line.n ? commas_of(line) : 0;
        /* also a tab at the line's edge separates */
        bool one = str_find_byte(whole, '\t') == whole.n && is_one_value(cell, commas, labelled);
        lines++;
        if (!one && typed == 0) {
            labelled = commas == 0;
            delimited = commas > 0;
        }
        typed += one;
        least = commas < least ? commas : least;
        most = commas > most ? commas : most;
    }
    if (delimited || (most && least == most))
        return single_column;
    return lines > 1 && typed * 10 >= (lines - 1) * 9 ? typed_column : single_column;
}

static struct str trial_text(struct str text)
{
    if (text.n <= TRIAL_BYTES)
        return text;
    size_t n = TRIAL_BYTES;
    while (n && text.p[n - 1] != '\n' && text.p[n - 1] != '\r')
        n--;
    return (struct str){text.p, n ? n : TRIAL_BYTES};
}

static size_t occurrences(struct str text, struct str part)
{
    size_t n = 0;
    for (const char *p = text.p, *end = text.p + text.n; (p = memmem(p, (size_t)(end - p), part.p, part.n)) != NULL;
         p += part.n)
        n++;
    return n;
}

/* "a||b||c": where a delimiter never stands alone, the pair is the delimiter, not every second cell blank. */
static bool prefer_pair(struct search *search)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        struct str pair = usual[i].delimiter, one = search->best.rule.delimiter;
        if (pair.n != 2 || one.n != 1 || pair.p[0] != one.p[0] || pair.p[1] != one.p[0])
            continue;
        size_t pairs = occurrences(search->text, pair);
        if (pairs < search->best.records || pairs * 2 != occurrences(search->text, one))
            return true;
        search->best.score = 0;
        return try_delimiter(search, &usual[i]);
    }
    return true;
}

/* Excel's own way to say it: a first line "sep=;". */
static bool announced(struct str text, struct candidate *candidate)
{
    if (text.n < 5 || !str_starts(text, STR("sep=")) || (text.n > 5 && text.p[5] != '\n' && text.p[5] != '\r'))
        return false;
    *candidate = (struct candidate){{text.p + 4, 1}, 1.0, false};
    return true;
}

static bool search_all(struct search *search)
{
    const struct dialect *given = search->given;
    struct candidate said;
    if (!given->delimiter.n && announced(search->text, &said))
        return try_delimiter(search, &said);
    if (given->delimiter.n) {
        struct candidate only = {given->delimiter, 1.0, given->skip_initial_space_set && given->skip_initial_space};
        return try_delimiter(search, &only);
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (!try_delimiter(search, &usual[i]))
            return false;
    }
    for (size_t i = 0; search->best.score < single_column && i < sizeof rare / sizeof *rare; i++) {
        if (!try_delimiter(search, &rare[i]))
            return false;
    }
    return prefer_pair(search);
}

bool sniff_dialect_find(struct str text, const struct dialect *given, const struct sniff_labels *labels,
    struct sniff_trial *best, struct arena *arena, struct err *err)
{
    struct dialect nothing = {.quote = DIALECT_UNSET, .escape = DIALECT_UNSET, .comment = DIALECT_UNSET};
    struct search search = {.text = trial_text(text),
        .given = given ? given : &nothing,
        .labels = labels && labels->count ? labels : NULL,
        .tally = ARENA_NEW(arena, struct tally),
        .arena = arena,
        .longest = 4096};
    if (!search.tally || !search_all(&search))
        return ERR(err, ERR_MEMORY, "out of memory while the delimiter was sought");
    *best = search.best;
    bool fixed = given && given->delimiter.n;
    double whole = whole_line_score(search.text);
    /* numbers and dates in the cells make up for ragged records; prose has none */
    double score = whole > single_column ? best->score : best->score * (1 + best->typed / 2);
    if (fixed ? best->score > 0 : score >= whole)
        return true;
    /* one column: with the standard's delimiter, so that a quoted cell may hold it */
    int quote = search.given->quote != DIALECT_UNSET ? search.given->quote : '"';
    int escape = search.given->escape != DIALECT_UNSET ? search.given->escape : quote;
    struct split_rule rule = {.delimiter = fixed ? given->delimiter : (struct str){NULL, 0},
        .quote = quote,
        .escape = escape,
        .comment = search.given->comment,
        .max_cells = (uint32_t)search.longest};
    *best = (struct sniff_trial){.rule = rule, .width = 1, .score = 1 - best->score, .consistency = 1};
    return true;
}
