#include "shared/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void grows(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100000);
    for (int i = 0; i < 1000; i++)
        buf_add_cstr(&buf, "0123456789");
    buf_add_byte(&buf, 'x');
    assert_int_equal(buf.n, 10001);
    assert_int_equal(buf.p[10000], 'x');
    assert_int_equal(buf.p[10001], 0);
    buf_reset(&buf);
    assert_string_equal(buf.p, "");
    buf_printf(&buf, "%s=%d", "a", 1);
    buf_add_str(&buf, STR(";"));
    assert_string_equal(buf.p, "a=1;");
    buf_dispose(&buf);
}

static void numbers(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_add_i64(&buf, INT64_MIN);
    buf_add_byte(&buf, ' ');
    buf_add_u64(&buf, UINT64_MAX);
    buf_add_byte(&buf, ' ');
    buf_add_i64(&buf, 0);
    assert_string_equal(buf.p, "-9223372036854775808 18446744073709551615 0");
    buf_dispose(&buf);
}

static void maximum(void **state)
{
    (void)state;
    struct buf buf;
    struct err err;
    buf_init(&buf, 5);
    buf_add_cstr(&buf, "12345");
    assert_true(buf_ok(&buf, "it", &err));
    buf_add_byte(&buf, '6');
    assert_false(buf_ok(&buf, "it", &err));
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_string_equal(err.message, "it is larger than 5 bytes, or memory is out");
    buf_add(&buf, "", 0);
    assert_string_equal(buf.p, "12345");
    buf_reset(&buf);
    buf_add_cstr(&buf, "ab");
    assert_string_equal(buf.p, "ab");
    buf_dispose(&buf);
    buf_init(&buf, SIZE_MAX);
    buf_add_cstr(&buf, "ab");
    assert_string_equal(buf.p, "ab");
    assert_false(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    buf_dispose(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows), cmocka_unit_test(numbers), cmocka_unit_test(maximum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
