#include "worker/shape/infer.h"

#include "shared/utf8.h"

/* Of a clean file of words and numbers the sniffer is some 0.5 sure without knowing its labels; a contract adds those.
 */
#define UNSURE 0.3

static void put_quoted(struct buf *out, struct str text)
{
    buf_add_byte(out, '"');
    for (size_t at = 0; at < text.n;) {
        uint32_t c = 0;
        size_t n = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
        bool printable = n && !control && c != 0xFEFF && c < 0xFFFE;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", (char)c);
        else if (printable)
            buf_add(out, text.p + at, n);
        else
            buf_printf(out, c > 0xFFFF ? "\\U%08X" : "\\u%04X", n ? c : 0xFFFDu);
        at += n ? n : 1;
    }
    buf_add_byte(out, '"');
}

/* A name as it is, but in quotes where YAML reads something else than text into the word. */
static void put_name(struct buf *out, struct str name)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(name, str_of(words[i]))) {
            put_quoted(out, name);
            return;
        }
    buf_add_str(out, name);
}

static void put_list(struct buf *out, const struct str *list, size_t count)
{
    buf_add_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        buf_add_cstr(out, i ? ", " : "");
        put_quoted(out, list[i]);
    }
    buf_add_byte(out, ']');
}

static void put_source(struct buf *out, const struct infer *infer, struct str dataset)
{
    buf_add_cstr(out, "dataset: ");
    put_name(out, dataset);
    buf_add_cstr(out, "\nsource: {match: ");
    struct buf match;
    buf_init(&match, 1 << 20);
    buf_printf(&match, "raw/**/" STR_FMT "*", STR_ARG(infer->key));
    put_quoted(out, buf_str(&match));
    buf_dispose(&match);
    buf_add_cstr(out, "}\n");
}

/* Only what another look at such a file might see otherwise; the rest is detected again with each file. */
static void put_dialect(struct buf *out, const struct infer *infer)
{
    const struct dialect *dialect = &infer->sniff.dialect;
    bool unsure = (infer->unsteady || infer->sniff.confidence < UNSURE) && infer->sniff.width > 1;
    bool header = infer->sniff.labels != NULL;
    for (size_t i = 0; i < infer->sniff.note_count; i++) {
        buf_add_cstr(out, "# ");
        utf8_sanitise(out, infer->sniff.notes[i]);
        buf_add_byte(out, '\n');
    }
    if (dialect->encoding != ENCODING_UTF8)
        buf_printf(out, "encoding: " STR_FMT "\n", STR_ARG(dialect->encoding_name));
    if (!unsure && !infer->unsteady && header)
        return;
    buf_add_cstr(out, "dialect:\n");
    if (unsure) {
        buf_add_cstr(out, "  delimiter: ");
        put_quoted(out, dialect->delimiter);
        buf_add_byte(out, '\n');
    }
    if (!header) {
        buf_add_cstr(out, "  header: false\n");
    } else if (infer->unsteady) {
        buf_add_cstr(out, "  headerRows: [");
        for (int i = 0; i < dialect->header_rows; i++)
            buf_printf(out, "%s%lld", i ? ", " : "", (long long)dialect->header_line + i);
        buf_add_cstr(out, "]\n");
    }
}

static void put_faulty(struct buf *out, uint64_t count, const char *fault)
{
    if (count)
        buf_printf(out, "# %llu record%s %s: a run rejects %s\n", (unsigned long long)count, count == 1 ? "" : "s",
            fault, count == 1 ? "it" : "them");
}

static bool seen_anywhere(const struct infer *infer, int token)
{
    for (uint32_t c = 0; c < infer->count; c++)
        if (infer->columns[c].guess.token_seen[token])
            return true;
    return false;
}

/* The schema's list, then with weak the words that mean "no value" in this column only. */
static void put_missing(struct buf *out, const struct infer *infer, const struct guess *weak)
{
    struct str list[GUESS_TOKENS + 1] = {STR("")};
    size_t count = 1;
    for (int i = 0; i < GUESS_TOKENS; i++)
        if (guess_tokens[i].weak ? weak && weak->token_seen[i] : seen_anywhere(infer, i))
            list[count++] = guess_tokens[i].text;
    put_list(out, list, count);
}

static bool has_weak(const struct infer_column *column)
{
    for (int i = 0; i < GUESS_TOKENS; i++)
        if (guess_tokens[i].weak && column->guess.token_seen[i])
            return column->result.kind != TYPE_STRING;
    return false;
}

static const char *type_name(enum type_kind kind)
{
    static const char *const names[] = {[TYPE_STRING] = "string",
        [TYPE_INTEGER] = "integer",
        [TYPE_DECIMAL] = "number",
        [TYPE_DOUBLE] = "number",
        [TYPE_BOOLEAN] = "boolean",
        [TYPE_DATE] = "date",
        [TYPE_TIME] = "time",
        [TYPE_TIMESTAMP] = "datetime"};
    return names[kind];
}

static void put_flag(struct buf *out, const char *name, bool set)
{
    if (set)
        buf_printf(out, ", %s: true", name);
}

static void put_number(struct buf *out, const struct guess_result *result)
{
    bool decimal = result->kind == TYPE_DECIMAL;
    if (result->is_float)
        buf_add_cstr(out, ", float: true");
    else if (decimal && result->precision)
        buf_printf(out, ", precision: %u, scale: %u", result->precision, result->scale);
    else if (decimal)
        buf_printf(out, ", scale: %u", result->scale);
    if (decimal && result->format.decimal_char != '.')
        buf_printf(out, ", decimalChar: \"%c\"", result->format.decimal_char);
    if (result->format.group_char.n) {
        buf_add_cstr(out, ", groupChar: ");
        put_quoted(out, result->format.group_char);
    }
    put_flag(out, "currency", result->format.currency);
    put_flag(out, "percent", result->format.percent);
    put_flag(out, "parentheses", result->format.parentheses);
    put_flag(out, "trailingMinus", result->format.trailing_minus);
}

static void put_moments(struct buf *out, const struct guess_result *result)
{
    if (result->moment_count == 1 && result->moments[0]->kind == MOMENT_ISO)
        return;
    buf_add_cstr(out, ", formats: [");
    for (uint32_t i = 0; i < result->moment_count; i++) {
        buf_add_cstr(out, i ? ", " : "");
        put_quoted(out, result->moments[i]->kind == MOMENT_ISO ? STR("iso") : result->moments[i]->pattern);
    }
    buf_add_byte(out, ']');
}

static void put_format(struct buf *out, const struct guess_result *result)
{
    switch (result->kind) {
    case TYPE_INTEGER:
    case TYPE_DECIMAL:
        put_number(out, result);
        return;
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
        put_moments(out, result);
        return;
    case TYPE_BOOLEAN:
        if (!result->format.true_count)
            return;
        buf_add_cstr(out, ", trueValues: ");
        put_list(out, result->format.true_values, result->format.true_count);
        buf_add_cstr(out, ", falseValues: ");
        put_list(out, result->format.false_values, result->format.false_count);
        return;
    default:
        return;
    }
}

static void put_field(struct buf *out, const struct infer *infer, const struct infer_column *column)
{
    const struct guess_result *result = &column->result;
    if (result->remark)
        buf_printf(out, "    # %s\n", result->remark);
    buf_add_cstr(out, "    - {name: ");
    put_name(out, column->name);
    if (column->by_label) {
        buf_add_cstr(out, ", label: ");
        put_quoted(out, str_trim(column->label));
    }
    if (column->by_position)
        buf_printf(out, ", position: %u", column->position);
    buf_printf(out, ", type: %s", type_name(result->kind));
    put_format(out, result);
    if (has_weak(column)) {
        buf_add_cstr(out, ", missingValues: ");
        put_missing(out, infer, &column->guess);
    }
    if (!result->missing && infer->rows)
        buf_add_cstr(out, ", constraints: {required: true}");
    buf_add_cstr(out, "}\n");
}

static bool is_named(const struct infer *infer, const char *name)
{
    for (uint32_t c = 0; c < infer->count; c++)
        if (str_eq(infer->columns[c].name, str_of(name)))
            return true;
    return false;
}

static void put_partition(struct buf *out, const struct infer *infer)
{
    for (uint32_t c = 0; c < infer->count; c++) {
        const struct infer_column *column = &infer->columns[c];
        bool date = column->result.kind == TYPE_DATE;
        bool own = date && str_eq(column->name, STR("date"));
        const char *name = own || !is_named(infer, "date") ? "date" : "day";
        if ((!date && column->result.kind != TYPE_TIMESTAMP) || column->result.missing || !infer->rows ||
            (!own && is_named(infer, name)))
            continue;
        /* quoted, as a column may be called "order" or "end" */
        buf_printf(out, "partition: {%s: '\"" STR_FMT "\"%s'}\n", name, STR_ARG(column->name), date ? "" : "::date");
        return;
    }
    buf_add_cstr(out, "# no column has a date in every row: the output is partitioned by the day of arrival\n");
}

void infer_write(const struct infer *infer, struct str dataset, struct buf *yaml)
{
    buf_printf(yaml, "# A first contract, from %llu rows: look at types, required and the key before it is used.\n",
        (unsigned long long)infer->rows);
    put_source(yaml, infer, dataset);
    put_faulty(yaml, infer->shorter, "with too few cells");
    put_faulty(yaml, infer->longer, "with too many cells");
    put_faulty(yaml, infer->damaged, "with an unclosed quote, a NUL byte or bytes of another encoding");
    put_dialect(yaml, infer);
    buf_add_cstr(yaml, "schema:\n"
                       "  fieldsMatch: partial # other columns are dropped, absent optional ones NULL\n"
                       "  missingValues: ");
    put_missing(yaml, infer, NULL);
    buf_add_cstr(yaml, "\n  # primaryKey: [...] rejects a later row with the same key\n  fields:\n");
    for (uint32_t c = 0; c < infer->count; c++)
        put_field(yaml, infer, &infer->columns[c]);
    put_partition(yaml, infer);
}
