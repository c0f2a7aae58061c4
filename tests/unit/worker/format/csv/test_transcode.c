#include "worker/format/csv/transcode.h"

#include "shared/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct transcode_case {
    enum encoding encoding;
    const char *name;
    struct str bytes, text;
};

/* Texts are Python's: bytes.decode(name, 'surrogatepass').encode('utf-8', 'surrogatepass'); the last of each kind,
 * which Python refuses, follow from transcode.h. */
static const struct transcode_case cases[] = {
    {ENCODING_UTF8, "utf-8", STR("a\xC3\xA4\xFF\xC3"), STR("a\xC3\xA4\xFF\xC3")},
    {ENCODING_UTF16LE, "utf-16le", STR("a\0\xe4\0\xac \x3d\xd8\0\xde"), STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")},
    {ENCODING_UTF16BE, "utf-16be", STR("\0a\0\xe4 \xac\xd8\x3d\xde\0"), STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")},
    {ENCODING_UTF16LE, "utf-16le",
        STR("\x3d\xd8"
            "a\0\0\xde\x3d\xd8"),
        STR("\xED\xA0\xBD"
            "a\xED\xB8\x80\xED\xA0\xBD")},
    {ENCODING_UTF16LE, "utf-16le", STR("\x3d\xd8\x3d\xd8\0\xde"), STR("\xED\xA0\xBD\xF0\x9F\x98\x80")},
    {ENCODING_UTF16LE, "utf-16le", STR("a\0\xe4"), STR("a\xFE\x83\xA4")},
    {ENCODING_UTF16LE, "utf-16le", STR("\x3d\xd8\xe4"), STR("\xED\xA0\xBD\xFE\x83\xA4")},
    {ENCODING_UTF32LE, "utf-32le", STR("a\0\0\0\0\xf6\x01\0"), STR("a\xF0\x9F\x98\x80")},
    {ENCODING_UTF32BE, "utf-32be", STR("\0\0\0a\0\x01\xf6\0\0\0\xd8\x3d"), STR("a\xF0\x9F\x98\x80\xED\xA0\xBD")},
    {ENCODING_UTF32LE, "utf-32le", STR("\0\0\x11\0\x01"),
        STR("\xFE\x80\x80\xFE\x80\x80\xFE\x80\x91\xFE\x80\x80\xFE\x80\x81")},
    {ENCODING_SINGLE_BYTE, "windows-1252", STR("a long line \x80\x96\xe4\x81"),
        STR("a long line \xE2\x82\xAC\xE2\x80\x93\xC3\xA4\xC2\x81")},
    {ENCODING_SINGLE_BYTE, "iso-8859-15", STR("\xa4"), STR("\xE2\x82\xAC")},
    {ENCODING_SINGLE_BYTE, "koi8-r", STR("\xf0\xd2\xc9"), STR("\xD0\x9F\xD1\x80\xD0\xB8")},
    {ENCODING_SINGLE_BYTE, "ibm037", STR("\xc1\x6b\x25\x82"), STR("A,\nb")},
};

static struct transcoder open_transcoder(const struct transcode_case *c)
{
    struct dialect dialect;
    struct transcoder transcoder;
    struct err err = {0};
    dialect_init(&dialect);
    dialect.encoding = c->encoding;
    dialect.encoding_name = str_of(c->name);
    assert_true(transcoder_init(&transcoder, &dialect, &err));
    return transcoder;
}

static size_t in_pieces(struct transcoder *transcoder, struct str bytes, size_t piece, char *out)
{
    size_t n = 0;
    for (size_t at = 0; at < bytes.n; at += piece) {
        size_t left = bytes.n - at < piece ? bytes.n - at : piece;
        n += transcode(transcoder, (struct str){bytes.p + at, left}, at + left == bytes.n, out + n);
    }
    return n;
}

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct transcode_case *c = &cases[i];
        struct transcoder transcoder = open_transcoder(c);
        struct str text = c->text;
        for (size_t piece = 1; piece <= c->bytes.n; piece++) {
            char out[256];
            size_t n = in_pieces(&transcoder, c->bytes, piece, out);
            if (!str_eq((struct str){out, n}, text))
                fail_msg("case %zu in pieces of %zu", i, piece);
        }
        struct buf back;
        buf_init(&back, 256);
        transcode_back(&transcoder, text, &back);
        assert_true(str_eq(buf_str(&back), c->bytes));
        assert_int_equal(transcode_length(&transcoder, text), c->bytes.n);
        buf_dispose(&back);
    }
}

/* What is not text must not look like it. */
static void test_broken_units_are_not_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool broken = memchr(cases[i].text.p, 0xED, cases[i].text.n) || memchr(cases[i].text.p, 0xFE, cases[i].text.n);
        if (broken)
            assert_false(utf8_valid(cases[i].text));
    }
}

/* All bytes, of every encoding we know to be one byte a character: 1:1. */
static void test_single_bytes_are_one_to_one(void **state)
{
    static const char *const names[] = {"windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1255",
        "windows-1257", "windows-1258", "iso-8859-1", "iso-8859-3", "iso-8859-8", "macintosh", "ibm437", "ibm850",
        "tis-620"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct transcode_case c = {ENCODING_SINGLE_BYTE, names[i], {0}, {0}};
        struct transcoder transcoder = open_transcoder(&c);
        char bytes[256], text[3 * 260];
        for (int byte = 0; byte < 256; byte++)
            bytes[byte] = (char)byte;
        size_t n = transcode(&transcoder, (struct str){bytes, 256}, true, text);
        struct buf back;
        buf_init(&back, 1024);
        transcode_back(&transcoder, (struct str){text, n}, &back);
        assert_int_equal(back.n, 256);
        assert_memory_equal(back.p, bytes, 256);
        assert_int_equal(transcode_length(&transcoder, (struct str){text, n}), 256);
        buf_dispose(&back);
    }
}

static void test_dialect_encode(void **state)
{
    struct dialect dialect;
    struct buf out;
    (void)state;
    dialect_init(&dialect);
    dialect.encoding = ENCODING_SINGLE_BYTE;
    dialect.encoding_name = STR("iso-8859-1");
    buf_init(&out, 64);
    dialect_encode(&dialect, STR("\xC3\xA4\xE2\x82\xAC"), &out);
    assert_string_equal(out.p, "\xe4?");
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_broken_units_are_not_utf8),
        cmocka_unit_test(test_single_bytes_are_one_to_one),
        cmocka_unit_test(test_dialect_encode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
