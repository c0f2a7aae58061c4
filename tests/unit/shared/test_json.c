#include "shared/json.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void document(void **state)
{
    (void)state;
    struct buf out;
    struct json json;
    buf_init(&out, 10000);
    jsonw_init(&json, &out);
    jsonw_object_begin(&json);
    jsonw_put_string(&json, "a\"b", STR("x\\y\n\r\t\x01\x7F"));
    jsonw_key(&json, "list");
    jsonw_array_begin(&json);
    jsonw_int(&json, INT64_MIN);
    jsonw_uint(&json, UINT64_MAX);
    jsonw_array_begin(&json);
    jsonw_array_end(&json);
    jsonw_object_begin(&json);
    jsonw_object_end(&json);
    jsonw_bool(&json, true);
    jsonw_null(&json);
    jsonw_raw(&json, STR("{\"k\":1}"));
    jsonw_array_end(&json);
    jsonw_put_cstring(&json, "none", NULL);
    jsonw_put_int(&json, "i", -1);
    jsonw_put_uint(&json, "u", 1);
    jsonw_put_bool(&json, "f", false);
    jsonw_put_null(&json, "n");
    jsonw_put_time(&json, "at", 1795223979123456);
    jsonw_key_str(&json, STR("e"));
    jsonw_string(&json, (struct str){0});
    jsonw_object_end(&json);
    assert_string_equal(out.p, "{\"a\\\"b\":\"x\\\\y\\n\\r\\t\\u0001\\u007f\",\"list\":[-9223372036854775808,"
                               "18446744073709551615,[],{},true,null,{\"k\":1}],\"none\":null,\"i\":-1,\"u\":1,"
                               "\"f\":false,\"n\":null,\"at\":\"2026-11-21T01:19:39.123456Z\",\"e\":\"\"}");
    buf_dispose(&out);
}

static void check_string(struct str value, const char *expected)
{
    struct buf out;
    struct json json;
    buf_init(&out, 1000);
    jsonw_init(&json, &out);
    jsonw_string(&json, value);
    assert_string_equal(out.p, expected);
    buf_dispose(&out);
}

static void bytes_that_are_not_text(void **state)
{
    (void)state;
    check_string(STR("caf\xC3\xA9"), "\"caf\xC3\xA9\"");
    check_string(STR("caf\xE9!"), "\"caf\xEF\xBF\xBD!\"");
    check_string(STR("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    check_string((struct str){"a\0b", 3}, "\"a\\u0000b\"");
}

/* RFC 4648, section 10 */
static void base64(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xFF\xFE\xFD", "//79"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        struct json json;
        buf_init(&out, 100);
        jsonw_init(&json, &out);
        jsonw_base64(&json, str_of(cases[i][0]));
        assert_int_equal(out.n, strlen(cases[i][1]) + 2);
        assert_memory_equal(out.p + 1, cases[i][1], out.n - 2);
        buf_dispose(&out);
    }
}

static void doubles(void **state)
{
    (void)state;
    struct buf out;
    struct json json;
    buf_init(&out, 1000);
    jsonw_init(&json, &out);
    jsonw_array_begin(&json);
    jsonw_double(&json, 0.1);
    jsonw_double(&json, NAN);
    jsonw_double(&json, -INFINITY);
    jsonw_double(&json, 1e300);
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8"))
        jsonw_double(&json, 1.5);
    else
        jsonw_raw(&json, STR("1.5"));
    setlocale(LC_NUMERIC, "C");
    jsonw_array_end(&json);
    assert_string_equal(out.p, "[0.10000000000000001,null,null,1.0000000000000001e+300,1.5]");
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(document), cmocka_unit_test(bytes_that_are_not_text),
        cmocka_unit_test(base64), cmocka_unit_test(doubles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
