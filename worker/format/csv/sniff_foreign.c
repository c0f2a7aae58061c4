#include "worker/format/csv/sniff_foreign.h"

static const struct {
    size_t offset;
    struct str magic;
    struct sniff_foreign foreign;
} magics[] = {
    {0, {"PAR1", 4}, {"a Parquet file", "Deliver it as CSV or JSON: Parquet is what sluice writes.", true}},
    {0, {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8},
        {"an old Excel workbook (.xls)", "Save the sheet as CSV (UTF-8) and deliver that.", true}},
    {0, {"%PDF-", 5}, {"a PDF document", "Ask the producer for the table as CSV.", true}},
    {0, {"\x1F\x8B", 2}, {"gzip inside gzip", "Compress the file once only.", true}},
    {0, {"\x28\xB5\x2F\xFD", 4}, {"zstd inside a compressed file", "Compress the file once only.", true}},
    {4, {"1AY&SY", 6}, {"a bzip2 file", "Compress with gzip or zstd, or not at all.", true}},
    {0,
        {"\xFD"
         "7zXZ\0",
            6},
        {"an xz file", "Compress with gzip or zstd, or not at all.", true}},
    {0, {"7z\xBC\xAF\x27\x1C", 6}, {"a 7-Zip archive", "Unpack it and deliver the files in it.", true}},
    {0, {"Rar!\x1A\x07", 6}, {"a RAR archive", "Unpack it and deliver the files in it.", true}},
    {257, {"ustar", 5}, {"a tar archive", "Unpack it and deliver the files in it.", true}},
    {0, {"SQLite format 3\0", 16}, {"an SQLite database", "Export the table as CSV.", true}},
    {0, {"Obj\x01", 4}, {"an Avro file", "Convert it to CSV or JSON.", true}},
    {0, {"ARROW1", 6}, {"an Arrow file", "Convert it to CSV or JSON.", true}},
    {0, {"\x89PNG\r\n\x1A\n", 8}, {"a PNG picture", "Deliver the table as CSV.", true}},
    {0, {"\xFF\xD8\xFF", 3}, {"a JPEG picture", "Deliver the table as CSV.", true}},
    {0,
        {"\x7F"
         "ELF",
            4},
        {"a program", "Deliver the table as CSV.", true}},
};

static const struct sniff_foreign excel = {
    "an Excel workbook (.xlsx)", "Save the sheet as CSV (UTF-8) and deliver that.", true};
static const struct sniff_foreign zip = {"a ZIP archive", "Unpack it and deliver the files in it.", true};
static const struct sniff_foreign ndjson = {
    "newline-delimited JSON", "Set source.format: json in the contract.", false};
static const struct sniff_foreign json = {"a JSON document", "Set source.format: json in the contract.", false};
static const struct sniff_foreign html = {
    "an HTML page", "It is often an error page saved under the file's name: fetch the file again.", false};
static const struct sniff_foreign xml = {"an XML document", "Ask the producer for the table as CSV.", false};

static bool holds(struct str s, const char *word)
{
    return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static const struct sniff_foreign *find_zip(struct str bytes)
{
    if (!str_starts(bytes, (struct str){"PK\x03\x04", 4}) && !str_starts(bytes, (struct str){"PK\x05\x06", 4}))
        return NULL;
    struct str head = {bytes.p, bytes.n < 4096 ? bytes.n : 4096};
    return holds(head, "[Content_Types].xml") || holds(head, "xl/") ? &excel : &zip;
}

static bool starts_nocase(struct str s, const char *word)
{
    size_t n = strlen(word);
    return s.n >= n && str_eq_nocase_ascii((struct str){s.p, n}, (struct str){word, n});
}

static const struct sniff_foreign *find_markup(struct str s)
{
    if (starts_nocase(s, "<!doctype html") || starts_nocase(s, "<html"))
        return &html;
    if (starts_nocase(s, "<?xml") || starts_nocase(s, "<!doctype"))
        return starts_nocase((struct str){s.p, s.n}, "<!doctype") || !holds(s, "<html") ? &xml : &html;
    /* <name …> closed again: an element; "<5" and "<none>" begin cells of honest CSV */
    size_t n = 1;
    while (n < s.n && n < 64 && ((s.p[n] | 32) >= 'a' ? (s.p[n] | 32) <= 'z' : false))
        n++;
    if (n < 2 || n >= s.n || (s.p[n] != '>' && s.p[n] != ' '))
        return NULL;
    char close[68] = "</";
    memcpy(close + 2, s.p + 1, n - 1);
    close[n + 1] = '>';
    close[n + 2] = 0;
    return holds(s, close) ? &xml : NULL;
}

/* The end of the string that begins at s.p[0], or s.n. */
static size_t string_end(struct str s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
        else if (s.p[i] == '\n')
            break;
    }
    return s.n;
}

static bool is_object(struct str s)
{
    struct str inner = str_trim((struct str){s.p + 1, s.n - 1});
    if (inner.n && inner.p[0] == '}')
        return true;
    if (inner.n == 0 || inner.p[0] != '"')
        return false;
    size_t end = string_end(inner);
    struct str rest = str_trim((struct str){inner.p + end, inner.n - end});
    return rest.n && rest.p[0] == ':';
}

static const struct sniff_foreign *find_json(struct str s)
{
    if (s.p[0] == '[') {
        struct str inner = str_trim((struct str){s.p + 1, s.n - 1});
        return inner.n && inner.p[0] == '{' && is_object(inner) ? &json : NULL;
    }
    if (!is_object(s))
        return NULL;
    const char *newline = memchr(s.p, '\n', s.n);
    if (!newline)
        return &json;
    struct str line = str_trim((struct str){s.p, (size_t)(newline - s.p)});
    struct str next = str_trim((struct str){newline, s.n - (size_t)(newline - s.p)});
    return line.p[line.n - 1] == '}' && next.n && next.p[0] == '{' ? &ndjson : &json;
}

const struct sniff_foreign *sniff_foreign_find(struct str bytes, struct str text)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        size_t at = magics[i].offset;
        if (bytes.n >= at && str_starts((struct str){bytes.p + at, bytes.n - at}, magics[i].magic))
            return &magics[i].foreign;
    }
    const struct sniff_foreign *found = find_zip(bytes);
    struct str s = str_trim(text);
    if (!found && s.n && s.p[0] == '<')
        found = find_markup(s);
    if (!found && s.n && (s.p[0] == '{' || s.p[0] == '['))
        found = find_json(s);
    return found;
}
