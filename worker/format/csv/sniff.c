#include "worker/format/csv/sniff.h"

#include "worker/format/csv/sniff_encoding.h"
#include "worker/format/csv/sniff_foreign.h"
#include "worker/format/csv/sniff_header.h"

#include <stdarg.h>
#include <stdio.h>

struct sniffing {
    const struct sniff_request *request;
    struct dialect given;
    struct sniff_encoding encoding;
    struct str text; /* the sample in UTF-8 */
    struct sniff_trial trial;
    struct sniff_header header;
    struct sniff *out;
    size_t note_capacity;
    struct arena *arena;
    struct err *err;
};

static bool __attribute__((format(printf, 2, 3))) note(struct sniffing *s, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    struct sniff *out = s->out;
    if (!arena_reserve(s->arena, (void **)&out->notes, out->note_count, &s->note_capacity, sizeof *out->notes))
        return ERR(s->err, ERR_MEMORY, "out of memory for a note");
    struct str copy = arena_str(s->arena, (struct str){text, length});
    if (!copy.p)
        return ERR(s->err, ERR_MEMORY, "out of memory for a note");
    out->notes[out->note_count++] = copy;
    return true;
}

/* What a strict reader refuses, a forgiving one only notes. */
static bool refuse(struct sniffing *s, const char *code, const char *message, const char *hint)
{
    if (s->request->forgiving) {
        if (!note(s, "%s (%s): %s", message, code, hint))
            return false;
        s->out->refused = code;
        s->out->refusal = s->out->notes[s->out->note_count - 1];
        return true;
    }
    ERR_REJECT(s->err, code, "%s", message);
    return err_hint(s->err, "%s", hint);
}

static bool empty(struct sniffing *s)
{
    ERR_REJECT(
        s->err, "empty-file", s->request->sample.n ? "the file holds nothing but blank space" : "the file is empty");
    return err_hint(s->err, "Ask the producer whether nothing was meant to be delivered.");
}

static size_t unit_size(enum encoding encoding)
{
    if (encoding == ENCODING_UTF16LE || encoding == ENCODING_UTF16BE)
        return 2;
    return encoding == ENCODING_UTF32LE || encoding == ENCODING_UTF32BE ? 4 : 1;
}

static bool set_given_encoding(struct sniffing *s)
{
    struct sniff_encoding found = s->encoding;
    s->encoding.encoding = s->given.encoding;
    s->encoding.name = s->given.encoding_name;
    s->encoding.why = "as the contract says";
    s->encoding.evidence = SIZE_MAX;
    s->encoding.binary = false;
    if (found.encoding != s->given.encoding) {
        s->encoding.mark = 0;
        if (found.mark && !note(s, "a byte order mark speaks for " STR_FMT ", the contract for " STR_FMT,
                              STR_ARG(found.name), STR_ARG(s->encoding.name)))
            return false;
    }
    size_t unit = unit_size(s->encoding.encoding);
    if (s->request->whole && s->request->sample.n % unit)
        return refuse(s, "encoding-error", "the file's length is no multiple of the declared encoding's unit",
            "Check the contract's encoding, or have the file delivered again: it may be cut off.");
    return true;
}

static bool find_encoding(struct sniffing *s)
{
    struct str sample = s->request->sample;
    sniff_encoding_find(sample, s->request->whole, &s->encoding);
    if (s->given.encoding != ENCODING_UNSET && !set_given_encoding(s))
        return false;
    if (!sniff_encoding_decode(&s->encoding, sample, s->arena, &s->text, s->err))
        return false;
    const struct sniff_foreign *foreign = sniff_foreign_find(sample, s->text);
    s->out->binary = foreign ? foreign->binary : s->encoding.binary;
    if (foreign) {
        char message[120];
        snprintf(message, sizeof message, "this is %s, not CSV", foreign->name);
        if (!refuse(s, "format-error", message, foreign->hint))
            return false;
    } else if (s->encoding.binary &&
               !refuse(s, "binary-file", "the file is full of NUL or control bytes: it is no text",
                   "Check what the producer delivered.")) {
        return false;
    }
    if (str_trim(s->text).n == 0)
        return empty(s);
    if (s->encoding.evidence != SIZE_MAX)
        return note(s, "encoding " STR_FMT ": %s, first at byte 0x%02X, offset %zu", STR_ARG(s->encoding.name),
            s->encoding.why, (unsigned)(unsigned char)sample.p[s->encoding.evidence], s->encoding.evidence);
    return note(s, "encoding " STR_FMT ": %s", STR_ARG(s->encoding.name), s->encoding.why);
}

/* The last byte of the quoted content that begins at i; the text's end where it is not closed. */
static size_t skip_quoted(const struct dialect *dialect, struct str text, size_t i)
{
    for (i++; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == dialect->escape && c != dialect->quote)
            i++;
        else if (c == dialect->quote && i + 1 < text.n && (unsigned char)text.p[i + 1] == dialect->quote)
            i++;
        else if (c == dialect->quote)
            break;
    }
    return i;
}

static bool opens_quote(const struct dialect *dialect, struct str text, size_t i)
{
    if ((unsigned char)text.p[i] != dialect->quote)
        return false;
    char before = i ? text.p[i - 1] : '\n';
    return before == '\n' || before == '\r' || before == dialect->delimiter.p[dialect->delimiter.n - 1];
}

/* Of records: what stands in quotes may have other ones. */
static struct str find_line_end(const struct dialect *dialect, struct str text)
{
    static const struct str names[] = {{"\n", 1}, {"\r\n", 2}, {"\r", 1}};
    size_t seen[3] = {0};
    for (size_t i = 0; i < text.n; i++) {
        if (opens_quote(dialect, text, i))
            i = skip_quoted(dialect, text, i);
        else if (text.p[i] == '\n')
            seen[0]++;
        else if (text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
            seen[1]++, i++;
        else if (text.p[i] == '\r')
            seen[2]++;
    }
    int kinds = (seen[0] > 0) + (seen[1] > 0) + (seen[2] > 0);
    if (kinds > 1)
        return STR("mixed");
    return names[seen[1] ? 1 : seen[2] ? 2 : 0];
}

/* One column still needs a delimiter that occurs nowhere. */
static bool choose_absent_delimiter(struct sniffing *s)
{
    static const struct str choices[] = {{",", 1}, {";", 1}, {"\t", 1}, {"|", 1}, {"\x1F", 1}};
    size_t last = sizeof choices / sizeof *choices - 1;
    struct split split = {0};
    for (size_t i = 0; i <= last; i++) {
        s->trial.rule.delimiter = choices[i];
        struct str text = {s->text.p, s->text.n < 65536 ? s->text.n : 65536};
        bool alone = true;
        for (size_t at = 0; alone; at += split.total) {
            if (!split_next(&s->trial.rule, text, at, &split, s->arena))
                return ERR(s->err, ERR_MEMORY, "out of memory while the delimiter was sought");
            if (split.total == 0)
                break;
            alone = split.count == 1;
        }
        if (alone)
            break;
    }
    return true;
}

static const char *printable(struct str delimiter, char out[16])
{
    if (str_eq(delimiter, STR("\t")))
        return "tab";
    if (str_eq(delimiter, STR(" ")))
        return "space";
    if (delimiter.n == 1 && (unsigned char)delimiter.p[0] < 32)
        snprintf(out, 16, "0x%02X", (unsigned)(unsigned char)delimiter.p[0]);
    else
        snprintf(out, 16, "'" STR_FMT "'", STR_ARG(delimiter));
    return out;
}

static bool find_dialect(struct sniffing *s)
{
    struct sniff_labels labels = {s->request->expected, s->request->expected_count};
    if (!sniff_dialect_find(s->text, &s->given, &labels, &s->trial, s->arena, s->err))
        return false;
    const struct sniff_trial *trial = &s->trial;
    char name[16];
    if (s->trial.rule.delimiter.n == 0) {
        if (!choose_absent_delimiter(s) || !note(s, "one column: no delimiter splits the lines convincingly"))
            return false;
    } else if (!note(s, "delimiter %s%s: %.0f %% of %zu records have %zu cells, %.0f %% of them typed",
                   printable(trial->rule.delimiter, name), s->given.delimiter.n ? " (given)" : "",
                   100 * trial->consistency, trial->records, trial->width, 100 * trial->typed)) {
        return false;
    }
    if (trial->rule.skip_space && !note(s, "spaces after the delimiter are not content"))
        return false;
    if (trial->rule.quote == DIALECT_NONE)
        return note(s, "no quote character: quotes are content");
    if (trial->rule.quote != '"' &&
        !note(s, "quote character %c: %zu cells stand in it", trial->rule.quote, trial->quoted))
        return false;
    if (trial->rule.escape != trial->rule.quote)
        return note(s, "quotes are escaped by %c", trial->rule.escape >= 0 ? trial->rule.escape : '-');
    return true;
}

/* The sample is the caller's: what stays must not point into it. */
static bool keep(struct sniffing *s, struct str *text)
{
    *text = arena_str(s->arena, *text);
    return text->p ? true : ERR(s->err, ERR_MEMORY, "out of memory for the labels");
}

static bool keep_texts(struct sniffing *s)
{
    struct sniff *out = s->out;
    if (!keep(s, &out->dialect.delimiter) || !keep(s, &out->dialect.encoding_name))
        return false;
    for (size_t c = 0; out->labels && c < out->width; c++) {
        if (!keep(s, &out->labels[c]))
            return false;
    }
    return true;
}

static void fill(struct sniffing *s)
{
    struct dialect *d = &s->out->dialect;
    const struct sniff_header *h = &s->header;
    const struct split_rule *rule = &s->trial.rule;
    *d = s->given;
    d->encoding = s->encoding.encoding;
    d->encoding_name = s->encoding.name;
    d->byte_order_mark = s->encoding.mark > 0;
    d->delimiter = rule->delimiter;
    d->quote = rule->quote;
    d->escape = rule->escape;
    d->comment = s->given.comment == DIALECT_UNSET ? DIALECT_NONE : s->given.comment;
    d->skip_initial_space = rule->skip_space;
    d->skip_initial_space_set = true;
    d->header_rows = h->rows;
    d->header_line = (int64_t)h->line;
    d->line_end = find_line_end(d, s->text);
    uint64_t mark = s->encoding.mark;
    struct str before = {s->text.p, h->data};
    d->first_data_offset = mark + sniff_encoding_length(&s->encoding, before);
    d->first_data_line = h->data_line;
    if (h->rows) {
        s->out->header_offset = mark + sniff_encoding_length(&s->encoding, (struct str){s->text.p, h->offset});
        s->out->header_length =
            mark + sniff_encoding_length(&s->encoding, (struct str){s->text.p, h->end}) - s->out->header_offset;
    }
    s->out->labels = h->rows ? h->labels : NULL;
    s->out->width = (uint32_t)h->width;
    s->out->kinds = h->kinds;
    s->out->confidence = s->trial.score > 1 ? 1 : s->trial.score;
}

static bool note_header(struct sniffing *s)
{
    const struct sniff_header *h = &s->header;
    if (h->rows == 0)
        return note(s, "no header: the first record looks like those below it") &&
               (h->titles == 0 || note(s, "%zu lines above the data are titles or blank", h->titles));
    const char *why = s->given.header_line > 0 || s->given.header_rows > 0 ? "as given"
                      : h->by_expected                                     ? "it holds the labels expected"
                      : h->typed ? "words above columns of numbers, dates or times"
                                 : "its cells differ from each other and from those below";
    if (!note(s, "header on line %llu (%d line%s, %zu labels): %s", (unsigned long long)h->line, h->rows,
            h->rows == 1 ? "" : "s", h->found, why))
        return false;
    if (h->titles && !note(s, "%zu lines above the header are titles or blank", h->titles))
        return false;
    if (h->found < h->width && !note(s, "the header has %zu labels, the records have %zu cells", h->found, h->width))
        return false;
    if (h->other_delimiter && !note(s, "the header's line is delimited differently from the records"))
        return false;
    return h->blank_dropped == 0 ||
           note(s, "%zu blank labels have no cells below them and were left out", h->blank_dropped);
}

static bool find_header(struct sniffing *s)
{
    struct sniff_labels labels = {s->request->expected, s->request->expected_count};
    s->header.forgiving = s->request->forgiving;
    size_t most = s->given.max_columns ? s->given.max_columns : DIALECT_MAX_COLUMNS;
    if (s->trial.width > most && !refuse(s, "too-many-columns", "the records have more columns than the limit",
                                     "If the file is right, raise dialect.maxColumns; else check the delimiter."))
        return false;
    if (!sniff_header_find(s->text, &s->trial, &s->given, &labels, &s->header, s->arena))
        return ERR(s->err, ERR_MEMORY, "out of memory while the header was sought");
    if (s->header.width > most && !refuse(s, "too-many-columns", "the header has more columns than the limit",
                                      "If the file is right, raise dialect.maxColumns; else check the delimiter."))
        return false;
    if (s->header.rows == 0 && s->given.header_rows != 0 && (labels.count || s->given.header_line > 0) &&
        !refuse(s, "header-error", "no line of the file looks like a header",
            "If the file has none, set dialect.headerRows: 0 and map the fields by position."))
        return false;
    return note_header(s);
}

bool sniff_csv(const struct sniff_request *request, struct sniff *out, struct arena *arena, struct err *err)
{
    struct sniffing s = {.request = request, .out = out, .arena = arena, .err = err};
    *out = (struct sniff){.confidence = 0};
    if (request->given)
        s.given = *request->given;
    else
        s.given = (struct dialect){
            .quote = DIALECT_UNSET, .escape = DIALECT_UNSET, .comment = DIALECT_UNSET, .header_rows = -1};
    if (request->sample.n == 0)
        return empty(&s);
    if (!find_encoding(&s) || !find_dialect(&s) || !find_header(&s))
        return false;
    fill(&s);
    return keep_texts(&s);
}
