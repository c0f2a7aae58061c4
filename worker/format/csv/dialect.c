#include "worker/format/csv/dialect.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>

struct alias {
    const char *name; /* without '-', '_' and spaces */
    enum encoding encoding;
    const char *canonical;
};

static const struct alias aliases[] = {
    {"utf8", ENCODING_UTF8, "utf-8"},
    {"utf8sig", ENCODING_UTF8, "utf-8"},
    {"ascii", ENCODING_UTF8, "utf-8"},
    {"usascii", ENCODING_UTF8, "utf-8"},
    {"utf16", ENCODING_UTF16LE, "utf-16le"}, /* a byte order mark decides; without one it is Windows' */
    {"utf16le", ENCODING_UTF16LE, "utf-16le"},
    {"ucs2", ENCODING_UTF16LE, "utf-16le"},
    {"utf16be", ENCODING_UTF16BE, "utf-16be"},
    {"utf32", ENCODING_UTF32LE, "utf-32le"},
    {"utf32le", ENCODING_UTF32LE, "utf-32le"},
    {"utf32be", ENCODING_UTF32BE, "utf-32be"},
    {"latin1", ENCODING_SINGLE_BYTE, "iso-8859-1"},
    {"l1", ENCODING_SINGLE_BYTE, "iso-8859-1"},
    {"iso88591", ENCODING_SINGLE_BYTE, "iso-8859-1"},
    {"latin2", ENCODING_SINGLE_BYTE, "iso-8859-2"},
    {"iso88592", ENCODING_SINGLE_BYTE, "iso-8859-2"},
    {"latin9", ENCODING_SINGLE_BYTE, "iso-8859-15"},
    {"iso885915", ENCODING_SINGLE_BYTE, "iso-8859-15"},
    {"windows1250", ENCODING_SINGLE_BYTE, "windows-1250"},
    {"cp1250", ENCODING_SINGLE_BYTE, "windows-1250"},
    {"windows1251", ENCODING_SINGLE_BYTE, "windows-1251"},
    {"cp1251", ENCODING_SINGLE_BYTE, "windows-1251"},
    {"windows1252", ENCODING_SINGLE_BYTE, "windows-1252"},
    {"cp1252", ENCODING_SINGLE_BYTE, "windows-1252"},
    {"ansi", ENCODING_SINGLE_BYTE, "windows-1252"},
    {"macroman", ENCODING_SINGLE_BYTE, "macintosh"},
    {"macintosh", ENCODING_SINGLE_BYTE, "macintosh"},
};

enum { LONGEST_NAME = 64 };

void dialect_init(struct dialect *dialect)
{
    *dialect =
        (struct dialect){.quote = DIALECT_UNSET, .escape = DIALECT_UNSET, .comment = DIALECT_UNSET, .header_rows = -1};
}

static void put_byte(struct json *json, const char *key, int value)
{
    if (value == DIALECT_UNSET)
        return;
    char c = (char)value;
    if (value == DIALECT_NONE)
        jsonw_put_null(json, key);
    else
        jsonw_put_string(json, key, (struct str){&c, 1});
}

void dialect_write(const struct dialect *dialect, struct json *json)
{
    jsonw_object_begin(json);
    if (dialect->encoding != ENCODING_UNSET)
        jsonw_put_string(json, "encoding", dialect->encoding_name);
    jsonw_put_bool(json, "byteOrderMark", dialect->byte_order_mark);
    if (dialect->delimiter.n)
        jsonw_put_string(json, "delimiter", dialect->delimiter);
    if (dialect->line_end.n)
        jsonw_put_string(json, "lineTerminator", dialect->line_end);
    put_byte(json, "quoteChar", dialect->quote);
    /* Frictionless: doubleQuote and escapeChar exclude each other. */
    bool doubled = dialect->quote >= 0 && dialect->escape == dialect->quote;
    if (dialect->escape != DIALECT_UNSET)
        jsonw_put_bool(json, "doubleQuote", doubled);
    if (!doubled)
        put_byte(json, "escapeChar", dialect->escape);
    put_byte(json, "commentChar", dialect->comment);
    if (dialect->skip_initial_space_set)
        jsonw_put_bool(json, "skipInitialSpace", dialect->skip_initial_space);
    if (dialect->header_rows >= 0) {
        jsonw_put_bool(json, "header", dialect->header_rows > 0);
        jsonw_key(json, "headerRows");
        jsonw_array_begin(json);
        for (int64_t i = 0; i < dialect->header_rows; i++)
            jsonw_int(json, (dialect->header_line > 0 ? dialect->header_line : 1) + i);
        jsonw_array_end(json);
    }
    jsonw_put_uint(json, "skipFooter", dialect->skip_footer);
    jsonw_object_end(json);
}

/* Whether iconv has it as one byte a character: each byte alone is one character, or none at all. */
static bool is_single_byte(const char *name)
{
    iconv_t convert = iconv_open("UTF-32LE", name);
    unsigned defined = 0;
    bool single = convert != (iconv_t)-1;
    if (!single)
        return false;
    for (unsigned byte = 0; byte < 256 && single; byte++) {
        char in = (char)byte, out[16];
        char *from = &in, *to = out;
        size_t from_n = 1, to_n = sizeof out;
        iconv(convert, NULL, NULL, NULL, NULL);
        bool took = iconv(convert, &from, &from_n, &to, &to_n) != (size_t)-1;
        single = took || errno == EILSEQ;
        if (took && iconv(convert, NULL, NULL, &to, &to_n) != (size_t)-1) {
            single = sizeof out - to_n == 4;
            defined++;
        }
    }
    iconv_close(convert);
    return single && defined >= 128;
}

enum encoding encoding_of(struct str name, struct arena *arena, struct str *canonical)
{
    char bare[LONGEST_NAME + 1], lower[LONGEST_NAME + 1];
    size_t n = 0;
    name = str_trim(name);
    if (!name.n || name.n > LONGEST_NAME)
        return ENCODING_UNSET;
    for (size_t i = 0; i < name.n; i++) {
        char c = (char)tolower((unsigned char)name.p[i]);
        /* A slash would hand options to iconv. */
        if (!isalnum((unsigned char)c) && !strchr("-_ .:+", c))
            return ENCODING_UNSET;
        lower[i] = c;
        if (c != '-' && c != '_' && c != ' ')
            bare[n++] = c;
    }
    lower[name.n] = bare[n] = '\0';
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (strcmp(aliases[i].name, bare) == 0) {
            *canonical = str_of(aliases[i].canonical);
            return aliases[i].encoding;
        }
    }
    if (!is_single_byte(lower))
        return ENCODING_UNSET;
    *canonical = arena_str(arena, str_of(lower));
    return canonical->p ? ENCODING_SINGLE_BYTE : ENCODING_UNSET;
}
