#include "shared/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* RFC 4648, section 10, and bytes whose digits are + and / (coreutils' base64) */
static const struct {
    struct str bytes, text;
} known[] = {
    {STR(""), STR("")},
    {STR("f"), STR("Zg==")},
    {STR("fo"), STR("Zm8=")},
    {STR("foo"), STR("Zm9v")},
    {STR("foob"), STR("Zm9vYg==")},
    {STR("fooba"), STR("Zm9vYmE=")},
    {STR("foobar"), STR("Zm9vYmFy")},
    {STR("\xFB\xEF\xFF\x00\x7F"), STR("++//AH8=")},
};

static void both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf buf;
        buf_init(&buf, 100);
        buf_add_cstr(&buf, "<");
        base64_encode(&buf, known[i].bytes);
        assert_int_equal(buf.n, 1 + known[i].text.n);
        assert_memory_equal(buf.p + 1, known[i].text.p, known[i].text.n);
        buf.n = 1;
        assert_true(base64_decode(&buf, known[i].text));
        assert_int_equal(buf.n, 1 + known[i].bytes.n);
        assert_memory_equal(buf.p + 1, known[i].bytes.p, known[i].bytes.n);
        buf_dispose(&buf);
    }
}

static void what_is_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {"Zg", "Zg=", "Z===", "====", "Zm9v!A==", "Zm 9", "Zg==Zg==", "Zm9vYg-_"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf buf;
        buf_init(&buf, 100);
        buf_add_cstr(&buf, "<");
        assert_false(base64_decode(&buf, str_of(wrong[i])));
        assert_int_equal(buf.n, 1);
        buf_dispose(&buf);
    }
}

static void no_room(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 2);
    assert_false(base64_decode(&buf, STR("Zm9v")));
    buf_dispose(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways), cmocka_unit_test(what_is_none), cmocka_unit_test(no_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
