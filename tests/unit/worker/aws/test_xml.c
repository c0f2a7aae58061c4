#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/aws/xml.h"

static void test_elements(void **state)
{
    (void)state;
    struct xml xml = {
        STR("<?xml version=\"1.0\"?>\n<!-- <a> --><s3:List xmlns=\"x\"><Key>a</Key><E/><Key>b<i>c</i></Key>"
            "<Sum></Sum></s3:List>")};
    struct str name, content;
    assert_true(xml_next(&xml, &name, &content));
    assert_true(str_eq(name, STR("List")));
    struct xml inside = {content};
    const char *expected[][2] = {{"Key", "a"}, {"E", ""}, {"Key", "b<i>c</i>"}, {"Sum", ""}};
    for (size_t i = 0; i < 4; i++) {
        struct str part;
        assert_true(xml_next(&inside, &name, &part));
        assert_true(str_eq(name, str_of(expected[i][0])));
        assert_true(str_eq(part, str_of(expected[i][1])));
    }
    assert_false(xml_next(&inside, &name, &content));
    assert_false(xml_next(&xml, &name, &content));
    assert_true(str_eq(xml_child(STR("<a>1</a><b><c>2</c></b>"), "b"), STR("<c>2</c>")));
    assert_true(str_eq(xml_child(STR("<a>1</a>"), "c"), STR("")));
}

static void test_what_is_cut_short(void **state)
{
    (void)state;
    static const char whole[] = "<?xml version=\"1.0\"?><a><b>x</b><c/><!-- y --></a>";
    struct str name, content;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        struct xml xml = {{whole, n}};
        assert_false(xml_next(&xml, &name, &content));
    }
    struct xml xml = {STR(whole)};
    assert_true(xml_next(&xml, &name, &content));
    struct xml closed = {STR("</a>")}, nothing = {STR("no markup & none <")};
    assert_false(xml_next(&closed, &name, &content));
    assert_false(xml_next(&nothing, &name, &content));
}

static void test_text(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    xml_text(&out, STR("a&lt;b&gt;&amp;&quot;&apos;&#65;&#x20AC;&unknown;c&"));
    assert_string_equal(out.p, "a<b>&\"'A\xE2\x82\xAC"
                               "c");
    buf_reset(&out);
    xml_escape(&out, STR("a<b>&\"c"));
    assert_string_equal(out.p, "a&lt;b&gt;&amp;&quot;c");
    buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_what_is_cut_short),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
