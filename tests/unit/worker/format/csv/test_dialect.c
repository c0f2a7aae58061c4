#include "worker/format/csv/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_encoding_names(void **state)
{
    static const struct {
        const char *name, *canonical;
        enum encoding encoding;
    } names[] = {
        {"UTF8", "utf-8", ENCODING_UTF8},
        {"utf-8", "utf-8", ENCODING_UTF8},
        {" us-ascii ", "utf-8", ENCODING_UTF8},
        {"UTF_16LE", "utf-16le", ENCODING_UTF16LE},
        {"utf-16", "utf-16le", ENCODING_UTF16LE},
        {"UTF-32BE", "utf-32be", ENCODING_UTF32BE},
        {"cp1252", "windows-1252", ENCODING_SINGLE_BYTE},
        {"Windows-1252", "windows-1252", ENCODING_SINGLE_BYTE},
        {"latin-1", "iso-8859-1", ENCODING_SINGLE_BYTE},
        {"ISO-8859-15", "iso-8859-15", ENCODING_SINGLE_BYTE},
        {"KOI8-R", "koi8-r", ENCODING_SINGLE_BYTE},
        {"ibm850", "ibm850", ENCODING_SINGLE_BYTE},
        {"shift_jis", NULL, ENCODING_UNSET},
        {"gb18030", NULL, ENCODING_UNSET},
        {"utf-7", NULL, ENCODING_UNSET},
        {"klingon", NULL, ENCODING_UNSET},
        {"iso-8859-1//TRANSLIT", NULL, ENCODING_UNSET},
        {"", NULL, ENCODING_UNSET},
    };
    struct arena *arena = arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct str canonical = {0};
        enum encoding encoding = encoding_of(str_of(names[i].name), arena, &canonical);
        if (encoding != names[i].encoding || !str_eq(canonical, str_of(names[i].canonical)))
            fail_msg("%s: %d " STR_FMT, names[i].name, (int)encoding, STR_ARG(canonical));
    }
    arena_free(arena);
}

static void test_write(void **state)
{
    struct dialect dialect;
    struct buf out;
    struct json json;
    (void)state;
    dialect_init(&dialect);
    dialect.encoding = ENCODING_SINGLE_BYTE;
    dialect.encoding_name = STR("windows-1252");
    dialect.delimiter = STR(";");
    dialect.line_end = STR("\r\n");
    dialect.quote = dialect.escape = '"';
    dialect.comment = DIALECT_NONE;
    dialect.header_rows = 2;
    dialect.header_line = 4;
    buf_init(&out, 4096);
    jsonw_init(&json, &out);
    dialect_write(&dialect, &json);
    assert_string_equal(out.p,
        "{\"encoding\":\"windows-1252\",\"byteOrderMark\":false,\"delimiter\":\";\",\"lineTerminator\":\"\\r\\n\","
        "\"quoteChar\":\"\\\"\",\"doubleQuote\":true,\"commentChar\":null,\"header\":true,\"headerRows\":[4,5],"
        "\"skipFooter\":0}");
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_encoding_names), cmocka_unit_test(test_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
