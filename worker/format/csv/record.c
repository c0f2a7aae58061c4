#include "worker/format/csv/record.h"

/* A parse of one record: the text's limits may be narrower than the text. */
struct machine {
    const struct grammar *grammar;
    struct text *text;
    struct record *record;
    const char *p;
    size_t n;
    bool final;
    bool literal; /* what does not close is text */
    int last_cr;  /* see line_end() */
    size_t at;
};

enum step { STEP_CELL, STEP_END, STEP_MORE, STEP_UNCLOSED, STEP_NO_ROOM };

void grammar_init(struct grammar *grammar, const struct dialect *dialect)
{
    *grammar = (struct grammar){.quote = dialect->quote,
        .escape = dialect->escape,
        .comment = dialect->comment,
        .skip_space = dialect->skip_initial_space,
        .lone_cr = str_eq(dialect->line_end, STR("\r")) || str_eq(dialect->line_end, STR("mixed")),
        .max_row = dialect->max_row_bytes ? (size_t)dialect->max_row_bytes : DIALECT_MAX_ROW_BYTES};
    grammar->delimiter_n =
        dialect->delimiter.n < sizeof grammar->delimiter ? dialect->delimiter.n : sizeof grammar->delimiter;
    memcpy(grammar->delimiter, dialect->delimiter.p, grammar->delimiter_n);
}

struct escapes grammar_escapes(const struct grammar *grammar)
{
    return (struct escapes){.escape = (char)(grammar->escape >= 0 ? grammar->escape : 0),
        .quote = (char)(grammar->quote >= 0 ? grammar->quote : 0),
        .delimiter = grammar->delimiter[0]};
}

/* last: what a CR right before n is: 1 a line end, 0 content, -1 not known yet. */
static int line_end(const struct grammar *grammar, const char *p, size_t n, int last, size_t at)
{
    if (p[at] == '\n')
        return 1;
    if (p[at] != '\r')
        return 0;
    if (at + 1 == n)
        return last;
    return p[at + 1] == '\n' ? 2 : grammar->lone_cr;
}

int line_end_at(const struct grammar *grammar, const struct text *text, size_t at)
{
    return line_end(grammar, text->p, text->n, text->final ? 1 : -1, at);
}

size_t line_end_find(const struct grammar *grammar, const struct text *text, size_t at)
{
    const char *lf = at < text->n ? memchr(text->p + at, '\n', text->n - at) : NULL;
    size_t end = lf ? (size_t)(lf - text->p) : text->n;
    if (grammar->lone_cr) {
        const char *cr = at < end ? memchr(text->p + at, '\r', end - at) : NULL;
        return cr ? (size_t)(cr - text->p) : end;
    }
    return end > at && end && text->p[end - 1] == '\r' ? end - 1 : end;
}

/* -1: it may begin here, but the text ends. */
static int delimiter_at(const struct machine *m, size_t at)
{
    const struct grammar *g = m->grammar;
    if (m->p[at] != g->delimiter[0])
        return 0;
    if (g->delimiter_n == 1)
        return 1;
    size_t left = m->n - at < g->delimiter_n ? m->n - at : g->delimiter_n;
    if (memcmp(m->p + at, g->delimiter, left) != 0)
        return 0;
    return left == g->delimiter_n ? (int)left : m->final ? 0 : -1;
}

static void add_cell(struct machine *m, size_t field, struct cell cell)
{
    struct record *record = m->record;
    if (record->null_cell < 0 && m->at > field && memchr(m->p + field, 0, m->at - field))
        record->null_cell = (int32_t)record->count;
    if (record->count < record->width)
        record->cells[record->count] = cell;
    else if (record->count == record->width)
        record->surplus = cell;
    record->count++;
    record->any |= (cell.length & CELL_LENGTH) != 0;
}

/* At the end of a cell's content: behind a delimiter there is another, behind a line end there is not. */
static enum step end_field(struct machine *m, int delimiter, int line)
{
    if (delimiter < 0 || line < 0)
        return STEP_MORE;
    m->record->end = m->at;
    m->at += (size_t)(delimiter + line);
    m->record->next = m->at;
    m->record->lines += line > 0;
    return delimiter ? STEP_CELL : STEP_END;
}

/* Moves to where unquoted content ends. */
static enum step skip_unquoted(struct machine *m, bool *escaped, int *delimiter, int *line)
{
    const struct grammar *g = m->grammar;
    int escape = g->escape == g->quote ? DIALECT_NONE : g->escape;
    *delimiter = *line = 0;
    for (; m->at < m->n; m->at++) {
        char c = m->p[m->at];
        if (c == g->delimiter[0] && (*delimiter = delimiter_at(m, m->at)) != 0)
            return *delimiter > 0 ? STEP_CELL : STEP_MORE;
        if (c == '\n' || c == '\r') {
            if ((*line = line_end(g, m->p, m->n, m->last_cr, m->at)) != 0)
                return *line > 0 ? STEP_CELL : STEP_MORE;
            m->record->lines++;
        }
        if ((unsigned char)c == escape) {
            if (m->at + 1 == m->n)
                continue;
            /* A line that ends in C:\temp\ must not swallow the next one. */
            *escaped = true;
            m->at += m->p[m->at + 1] != '\n' && m->p[m->at + 1] != '\r';
        }
    }
    return m->final ? STEP_CELL : STEP_MORE;
}

static enum step unquoted(struct machine *m, size_t field)
{
    size_t start = m->at;
    bool escaped = false;
    int delimiter, line;
    enum step step = skip_unquoted(m, &escaped, &delimiter, &line);
    if (step != STEP_CELL)
        return step;
    uint32_t flags = escaped ? CELL_ESCAPED : 0;
    add_cell(m, field, (struct cell){(uint32_t)start, (uint32_t)(m->at - start) | flags});
    return end_field(m, delimiter, line);
}

/* Text behind the closing quote belongs to the cell, as lenient readers have it: "abc"def is abcdef. */
static enum step stray_tail(struct machine *m, size_t field, size_t start, size_t close)
{
    struct text *text = m->text;
    const struct grammar *g = m->grammar;
    bool escaped = false;
    int delimiter, line;
    m->at = close + 1;
    enum step step = skip_unquoted(m, &escaped, &delimiter, &line);
    if (step != STEP_CELL)
        return step;
    if (text->tail_end - text->tail < m->at - start)
        return STEP_NO_ROOM;
    char *out = text->p + text->tail;
    struct escapes inside = grammar_escapes(g), behind = inside;
    if (g->escape == g->quote)
        behind.escape = 0;
    size_t n = escapes_resolve(inside, (struct str){m->p + start, close - start}, out);
    n += escapes_resolve(behind, (struct str){m->p + close + 1, m->at - close - 1}, out + n);
    add_cell(m, field, (struct cell){(uint32_t)text->tail, (uint32_t)n | CELL_QUOTED});
    text->tail += n;
    return end_field(m, delimiter, line);
}

/* Whether the field that is open at this line end cannot close any more. */
static bool is_doomed(const struct machine *m, size_t at)
{
    uint64_t here = m->text->base + at;
    return at - m->record->start > m->grammar->max_row || (here >= m->text->doomed && here < m->text->until);
}

/* Moves to the closing quote. */
static enum step skip_quoted(struct machine *m, bool *escaped, bool *multiline)
{
    const struct grammar *g = m->grammar;
    for (; m->at < m->n; m->at++) {
        unsigned char c = (unsigned char)m->p[m->at];
        if (c == g->escape && c != g->quote) {
            if (++m->at == m->n)
                break;
            *escaped = true;
            c = (unsigned char)m->p[m->at];
        } else if (c == g->quote) {
            if (m->at + 1 == m->n)
                return m->final ? STEP_CELL : STEP_MORE;
            if (g->escape != g->quote || (unsigned char)m->p[m->at + 1] != c)
                return STEP_CELL;
            *escaped = true;
            m->at++;
        }
        if (c != '\n' && (c != '\r' || m->at + 1 == m->n || m->p[m->at + 1] == '\n'))
            continue;
        m->record->lines++;
        if (c == '\r' && !g->lone_cr)
            continue;
        *multiline = true;
        if (is_doomed(m, m->at))
            return STEP_UNCLOSED;
    }
    return m->final ? STEP_UNCLOSED : STEP_MORE;
}

static enum step quoted(struct machine *m, size_t field)
{
    size_t opening = m->at, start = m->at + 1;
    uint32_t lines = m->record->lines;
    bool escaped = false, multiline = false;
    m->at++;
    enum step step = skip_quoted(m, &escaped, &multiline);
    if (step == STEP_UNCLOSED && m->literal) {
        m->at = opening;
        m->record->lines = lines;
        if (m->record->unclosed_cell < 0)
            m->record->unclosed_cell = (int32_t)m->record->count;
        return unquoted(m, field);
    }
    if (step != STEP_CELL)
        return step;
    size_t close = m->at++;
    int delimiter = 0, line = 0;
    if (m->at < m->n && !(delimiter = delimiter_at(m, m->at)))
        line = line_end(m->grammar, m->p, m->n, m->last_cr, m->at);
    if (m->at < m->n && !delimiter && !line) {
        if (multiline)
            return STEP_UNCLOSED;
        return stray_tail(m, field, start, close);
    }
    uint32_t flags = CELL_QUOTED | (escaped ? CELL_ESCAPED : 0);
    add_cell(m, field, (struct cell){(uint32_t)start, (uint32_t)(close - start) | flags});
    return end_field(m, delimiter, line);
}

static enum step field(struct machine *m)
{
    size_t start = m->at;
    while (m->grammar->skip_space && m->at < m->n && m->p[m->at] == ' ' && delimiter_at(m, m->at) <= 0)
        m->at++;
    if (m->at == m->n && !m->final)
        return STEP_MORE;
    if (m->at < m->n && m->grammar->quote >= 0 && (unsigned char)m->p[m->at] == m->grammar->quote)
        return quoted(m, start);
    return unquoted(m, start);
}

static enum step all_fields(struct machine *m)
{
    struct record *record = m->record;
    size_t tail = m->text->tail;
    record->count = record->lines = 0;
    record->any = false;
    record->null_cell = record->unclosed_cell = -1;
    m->at = record->start;
    enum step step;
    do
        step = field(m);
    while (step == STEP_CELL && (m->at - record->start <= m->grammar->max_row || m->literal));
    if (step != STEP_END)
        m->text->tail = tail;
    return step;
}

/* Too long as a whole: that is a stray quote's doing when the first line alone is not. */
static enum record_result over(const struct grammar *grammar, const struct text *text, const struct record *record)
{
    size_t end = line_end_find(grammar, text, record->start);
    return end < text->n && end - record->start <= grammar->max_row ? RECORD_UNCLOSED : RECORD_TOO_LONG;
}

enum record_result record_read(const struct grammar *grammar, struct text *text, struct record *record)
{
    struct machine m = {
        grammar, text, record, text->p, text->n, text->final, false, text->final ? 1 : -1, record->start};
    switch (all_fields(&m)) {
    case STEP_END:
        return record->end - record->start > grammar->max_row ? over(grammar, text, record) : RECORD_DONE;
    case STEP_MORE:
        return text->n - record->start > grammar->max_row + 2 ? over(grammar, text, record) : RECORD_MORE;
    case STEP_CELL:
        return over(grammar, text, record);
    case STEP_NO_ROOM:
        return RECORD_NO_ROOM;
    case STEP_UNCLOSED:
        break;
    }
    /* All line ends passed on the way were inside quotes: whoever is inside quotes at one of them fares the same. */
    if (text->base + m.at > text->until) {
        text->doomed = text->base + record->start;
        text->until = text->base + m.at;
    }
    enum record_result result = over(grammar, text, record);
    return result == RECORD_TOO_LONG && text->n - record->start <= grammar->max_row ? RECORD_UNCLOSED : result;
}

enum record_result record_line(const struct grammar *grammar, struct text *text, struct record *record)
{
    size_t end = line_end_find(grammar, text, record->start);
    struct machine m = {grammar, text, record, text->p, end, true, true, 0, record->start};
    enum step step = all_fields(&m);
    if (step != STEP_END)
        return RECORD_NO_ROOM;
    record->end = end;
    record->next = end;
    if (end < text->n) {
        record->lines++;
        record->next += (size_t)line_end_at(grammar, text, end);
    }
    return RECORD_DONE;
}
