/* The source, dialect and encoding sections. */
#include "worker/config/load.h"

/* ---- source ---- */

static void source_match(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const ours[] = {
        "validated/", "processed/", "rejected/", "archive/", "gold/", "audit/", ".sluice/"};
    struct contract *contract = at;
    if (!load_key(loader, node, false, &contract->match))
        return;
    if (contract->match.n > GLOB_MAX)
        load_error(loader, node, "a pattern of more than %d bytes", GLOB_MAX);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (str_starts(contract->match, str_of(ours[i])))
            load_error(loader, node,
                "'match' must not lie in %s, where sluice itself writes: producers drop files in raw/", ours[i]);
}

static void source_format(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"csv", "json"};
    (void)at;
    if (load_word(loader, node, words, 2) == 1)
        load_error(loader, node, "format json is not supported by this version: csv is");
}

static void source_duplicates(struct loader *loader, const struct yaml_node *node, void *at)
{
    static const char *const words[] = {"skip", "load"};
    struct contract *contract = at;
    contract->duplicates_load = load_word(loader, node, words, 2) == 1;
}

static void source_lake(struct loader *loader, const struct yaml_node *node, void *at)
{
    (void)at;
    load_error(loader, node, "source.lake is not supported by this version: files are taken from the lake itself");
}

static const struct section_key source_keys[] = {
    {"match", KIND_TEXT, source_match, 0},
    {"format", KIND_TEXT, source_format, 0},
    {"duplicates", KIND_TEXT, source_duplicates, 0},
    {"lake", KIND_TEXT, source_lake, 0},
};
static const struct section source_section = SECTION("source", source_keys);

void load_source(struct loader *loader, const struct yaml_node *node, void *at)
{
    section_load(loader, &source_section, node, at);
}

/* ---- dialect ---- */

struct dialect_draft {
    struct contract *contract;
    struct dialect *dialect;
    bool header, double_quote;
    const struct yaml_node *header_at, *rows_at, *double_at, *escape_at, *delimiter_at;
};

static void dialect_delimiter(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    draft->delimiter_at = node;
    if (node->text.n < 1 || node->text.n > 4 || str_find_byte(node->text, '\n') < node->text.n ||
        str_find_byte(node->text, '\r') < node->text.n)
        load_error(loader, node, "a delimiter has 1 to 4 bytes and no line end");
    else
        draft->dialect->delimiter = load_copy(loader, node->text);
}

/* One byte, or nothing for none. */
static bool load_char(struct loader *loader, const struct yaml_node *node, const char *key, int *out)
{
    unsigned char c = node->text.n ? (unsigned char)node->text.p[0] : 0;
    if (node->kind == YAML_NOTHING || !node->text.n) {
        *out = DIALECT_NONE;
        return true;
    }
    if (node->text.n == 1 && c < 0x80 && c != '\n' && c != '\r') {
        *out = c;
        return true;
    }
    load_error(loader, node, "%s is one ASCII character, or \"\" for none", key);
    return false;
}

static void dialect_quote(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    load_char(loader, node, "quoteChar", &draft->dialect->quote);
}

static void dialect_escape(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    if (load_char(loader, node, "escapeChar", &draft->dialect->escape) && draft->dialect->escape != DIALECT_NONE)
        draft->escape_at = node;
}

static void dialect_comment(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    load_char(loader, node, "commentChar", &draft->dialect->comment);
}

static void dialect_double(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    draft->double_at = node;
    load_bool(loader, node, &draft->double_quote);
}

static void dialect_space(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    load_bool(loader, node, &draft->dialect->skip_initial_space);
    draft->dialect->skip_initial_space_set = true;
}

static void dialect_header(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    draft->header_at = node;
    load_bool(loader, node, &draft->header);
    draft->dialect->header_rows = draft->header ? -1 : 0;
}

enum { MAX_HEADER_ROWS = 32, MAX_HEADER_LINE = 1000000 };

/* The standard lists the header's line numbers; a bare number (ours) is how many lines it has. */
static void dialect_header_rows(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    uint64_t first = 0, value;
    draft->rows_at = node;
    if (node->kind == YAML_TEXT) {
        if (load_whole(loader, node, 0, MAX_HEADER_ROWS, &value))
            draft->dialect->header_rows = (int)value;
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (!load_whole(loader, &node->items[i], 1, MAX_HEADER_LINE, &value))
            return;
        if (i == 0)
            first = value;
        else if (value != first + i) {
            load_error(loader, &node->items[i], "the header's lines must follow each other");
            return;
        }
    }
    if (node->count > MAX_HEADER_ROWS) {
        load_error(loader, node, "a header of more than %d lines", MAX_HEADER_ROWS);
        return;
    }
    draft->dialect->header_rows = (int)node->count;
    draft->dialect->header_line = (int64_t)first;
}

static void dialect_comment_rows(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    for (size_t i = 0; i < node->count; i++) {
        uint64_t line;
        if (load_whole(loader, &node->items[i], 1, INT64_MAX, &line) &&
            (draft->dialect->header_line == 0 || (int64_t)line >= draft->dialect->header_line)) {
            load_error(
                loader, &node->items[i], "commentRows are supported above the header's lines only: give headerRows");
            return;
        }
    }
}

static void dialect_ignored(struct loader *loader, const struct yaml_node *node, void *at)
{
    (void)at;
    load_warning(loader, node, "this says nothing to sluice: LF, CRLF and CR all end a line");
}

static void dialect_null(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    struct contract *c = draft->contract;
    struct str *list = load_alloc(loader, c->missing_count + 1, sizeof *list);
    if (!list)
        return;
    for (size_t i = 0; i < c->missing_count; i++)
        list[i] = c->missing_values[i];
    list[c->missing_count++] = load_copy(loader, node->text);
    c->missing_values = list;
}

static void dialect_row_bytes(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    load_whole(loader, node, 16, 256 * 1024 * 1024, &draft->dialect->max_row_bytes);
}

static void dialect_columns(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    uint64_t value;
    if (load_whole(loader, node, 1, DIALECT_MAX_COLUMNS, &value))
        draft->dialect->max_columns = (uint32_t)value;
}

static void dialect_footer(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect_draft *draft = at;
    load_whole(loader, node, 0, 10000, &draft->dialect->skip_footer);
}

static const struct section_key dialect_keys[] = {
    {"delimiter", KIND_TEXT, dialect_delimiter, 0},
    {"quoteChar", KIND_TEXT | 1 << YAML_NOTHING, dialect_quote, 0},
    {"doubleQuote", KIND_TEXT, dialect_double, 0},
    {"escapeChar", KIND_TEXT | 1 << YAML_NOTHING, dialect_escape, 0},
    {"skipInitialSpace", KIND_TEXT, dialect_space, 0},
    {"header", KIND_TEXT, dialect_header, 0},
    {"headerRows", KIND_TEXT | KIND_LIST, dialect_header_rows, 0},
    {"commentChar", KIND_TEXT | 1 << YAML_NOTHING, dialect_comment, 0},
    {"commentRows", KIND_LIST, dialect_comment_rows, 0},
    {"nullSequence", KIND_TEXT, dialect_null, 0},
    {"lineTerminator", KIND_TEXT, dialect_ignored, 0},
    {"skipFooter", KIND_TEXT, dialect_footer, 0},
    {"maxRowBytes", KIND_TEXT, dialect_row_bytes, 0},
    {"maxColumns", KIND_TEXT, dialect_columns, 0},
    {"$schema", KIND_TEXT, NULL, 0},
    {"name", KIND_TEXT, NULL, 0},
    {"title", KIND_TEXT, NULL, 0},
    {"description", KIND_TEXT, NULL, 0},
    {"csvddfVersion", KIND_TEXT, NULL, 0},
};
static const struct section dialect_section = SECTION("dialect", dialect_keys);

static bool delimiter_holds(const struct dialect *dialect, int c)
{
    return c >= 0 && str_find_byte(dialect->delimiter, (char)c) < dialect->delimiter.n;
}

static void settle_quotes(struct loader *loader, struct dialect_draft *draft)
{
    struct dialect *d = draft->dialect;
    if (draft->escape_at && draft->double_at && draft->double_quote)
        load_error(loader, draft->escape_at, "escapeChar and doubleQuote: true exclude each other");
    if (draft->double_at && !draft->escape_at)
        d->escape = !draft->double_quote ? DIALECT_NONE : d->quote >= 0 ? d->quote : DIALECT_UNSET;
    if (delimiter_holds(d, d->quote) || delimiter_holds(d, d->escape) || delimiter_holds(d, d->comment))
        load_error(loader, draft->delimiter_at, "the delimiter is also the quote, escape or comment character");
    if (draft->header_at && !draft->header && draft->rows_at && d->header_rows)
        load_error(loader, draft->rows_at, "header: false and headerRows exclude each other");
}

void load_dialect(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct contract *contract = at;
    struct dialect_draft draft = {
        .contract = contract, .dialect = &contract->dialect, .header = true, .double_quote = true};
    section_load(loader, &dialect_section, node, &draft);
    settle_quotes(loader, &draft);
}

void load_encoding(struct loader *loader, const struct yaml_node *node, void *at)
{
    struct dialect *dialect = at;
    dialect->encoding = encoding_of(node->text, loader->arena, &dialect->encoding_name);
    if (dialect->encoding == ENCODING_UNSET)
        load_error(loader, node, "the encoding '" STR_FMT "' is not known", STR_ARG(node->text));
}
