#include "tests/unit/worker/value/check.h"

static const struct {
    const char *text, *shape;
} cases[] = {
    {"1,234.56", "9,999.99"},
    {"99,99", "99,99"},
    {"hello", "aaaa+"},
    {"hell", "aaaa"},
    {"Hello World 2026", "Aaaaa Aaaaa 9999"},
    {"20261121", "9999+"},
    {"2026-11-21T01:02:03Z", "9999-99-99A99:99:99A"},
    {"\xC3\x89"
     "cole \xC3\xA9",
        "Aaaaa a"},
    {"e\xCC\x81t", "aa"},
    {"\xE6\x9D\xB1\xE4\xBA\xAC", "xx"},
    {"\xD9\xA1\xD9\xA2", "xx"},
    {"12\xE2\x82\xAC", "99\xE2\x82\xAC"},
    {"a\xFF"
     "b",
        "a\xEF\xBF\xBD"
        "a"},
    {"------", "----+"},
    {"", ""},
    {"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1", "a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9"},
    {"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\xE2\x82\xAC", "a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9"},
};

static void shapes(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 40);
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_reset(&out);
        value_shape(&out, str_of(cases[i].text));
        assert_false(out.failed);
        assert_string_equal(out.n ? out.p : "", cases[i].shape);
    }
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
