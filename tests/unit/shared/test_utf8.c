#include "shared/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Valid lengths after Python's bytes.decode(): start of the first error. */
static const struct {
    const char *text;
    size_t n, valid;
} prefixes[] = {
    {"", 0, 0},
    {"plain ascii of more than eight", 30, 30},
    {"\x00", 1, 1},
    {"\xC3\xA9", 2, 2},
    {"\xC3", 1, 0},
    {"\xC0\x80", 2, 0},
    {"\xC1\xBF", 2, 0},
    {"ab\xE0\x9F\xBF", 5, 2},
    {"\xE0\xA0\x80", 3, 3},
    {"\xED\x9F\xBF", 3, 3},
    {"\xED\xA0\x80", 3, 0},
    {"\xEE\x80\x80", 3, 3},
    {"\xF0\x8F\xBF\xBF", 4, 0},
    {"\xF0\x90\x80\x80", 4, 4},
    {"\xF4\x8F\xBF\xBF", 4, 4},
    {"\xF4\x90\x80\x80", 4, 0},
    {"\xF5\x80\x80\x80", 4, 0},
    {"\xF0\x9F\x98", 3, 0},
    {"01234567\x80", 9, 8},
    {"\xE2\x82\xAC\xE2\x82", 5, 3},
};

static void valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        assert_int_equal(utf8_valid_prefix((struct str){prefixes[i].text, prefixes[i].n}), prefixes[i].valid);
}

static void there_and_back(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char bytes[4];
        uint32_t back = 0;
        size_t n = utf8_encode(c, bytes);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(utf8_decode((struct str){bytes, n}, &back), surrogate ? 0 : n);
        assert_true(surrogate || back == c);
        assert_int_equal(utf8_decode((struct str){bytes, n - 1}, &back), 0);
    }
}

static void measures(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(STR("a\xC3\xA9\xFF\xE6\x9D\xB1")), 4);
    assert_int_equal(utf8_columns(STR("a\xC3\xA9\xE6\x9D\xB1")), 4);
    assert_int_equal(utf8_width('a'), 1);
    assert_int_equal(utf8_width(0x6771), 2);
    assert_int_equal(utf8_width(0x301), 0);
}

static const struct {
    const char *text, *shown;
} sanitised[] = {
    {"plain", "plain"},
    {"\x1B[31m", "^[[31m"},
    {"a\r\nb\tc\x7F", "a^M^Jb^Ic^?"},
    {"\xC2\x9B"
     "31m",
        "<U+009B>31m"},
    {"a\xE2\x80\xAE"
     "b",
        "a<U+202E>b"},
    {"a\xE2\x80\x8B"
     "b",
        "a<U+200B>b"},
    {"\xEF\xBB\xBF", "<U+FEFF>"},
    {"\xE2\x80\xA8", "<U+2028>"},
    {"\xF3\xA0\x81\x81", "<U+E0041>"},
    {"a\xFF\xC3", "a\\xFF\\xC3"},
    {"\xCC\x81", "<U+0301>"},
    {"e\xCC\x81", "e\xCC\x81"},
    {"e\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81", "e\xCC\x81\xCC\x81\xCC\x81\xCC\x81<U+0301>"},
    {"\xE6\x9D\xB1", "\xE6\x9D\xB1"},
};

static void sanitise(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof sanitised / sizeof sanitised[0]; i++) {
        buf_reset(&out);
        utf8_sanitise(&out, str_of(sanitised[i].text));
        assert_string_equal(out.p, sanitised[i].shown);
    }
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(valid), cmocka_unit_test(there_and_back),
        cmocka_unit_test(measures), cmocka_unit_test(sanitise)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
