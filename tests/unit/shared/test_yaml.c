/* YAML and JSON as a tree, and where everything stands. What is refused: see also the contract's findings. */
#include "shared/yaml.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "shared/buf.h"
#include "shared/suggest.h"

#include <stdlib.h>

static void print_tree(const struct yaml_node *node, struct buf *out)
{
    if (node->kind == YAML_NOTHING)
        buf_printf(out, "null");
    else if (node->kind == YAML_TEXT)
        buf_printf(out, "%s" STR_FMT "@%d:%d", node->plain ? "" : "'", STR_ARG(node->text), node->line, node->column);
    else if (node->kind == YAML_LIST) {
        buf_add_byte(out, '[');
        for (size_t i = 0; i < node->count; i++) {
            print_tree(&node->items[i], out);
            buf_add_byte(out, i + 1 < node->count ? ' ' : ']');
        }
    } else {
        buf_add_byte(out, '{');
        for (size_t i = 0; i < node->count; i++) {
            print_tree(&node->pairs[i].key, out);
            buf_add_byte(out, '=');
            print_tree(&node->pairs[i].value, out);
            buf_add_byte(out, i + 1 < node->count ? ' ' : '}');
        }
    }
}

static const struct {
    const char *text, *tree; /* NULL: refused */
} cases[] = {
    {"a: 1\n", "{a@1:1=1@1:4}"},
    {"a: ~\nb:\nc: \"~\"\n", "{a@1:1=null b@2:1=null c@3:1='~@3:4}"},
    {"{\"a\": [true, \"x\\u00e9\"]}", "{'a@1:2=[true@1:8 'x\303\251@1:14]}"},
    {"# c\n\nk:\n  - x\n  - {y: z}\n", "{k@3:1=[x@4:5 {y@5:6=z@5:9}]}"},
    {"\303\251\303\251: x\n", "{\303\251\303\251@1:1=x@1:5}"},
    {"\xEF\xBB\xBF"
     "a: 1\n",
        "{a@1:1=1@1:4}"},
    {"{\"a\": \"\\ud83d\\uDE00 \\\\ud83d\"}", "{'a@1:2='\360\237\230\200 \\ud83d@1:7}"},
    {"{\"a\": \"\\ud83d\"}", NULL},
    {"", "null"},
    {"a: no\n", "{a@1:1=no@1:4}"},
    {"? [a]\n: b\n", NULL},
    {"a: \xFF\n", NULL},
    {"a: 'x\n", NULL},
    {"a: %x\n", NULL},
    {"\ta: 1\n", NULL},
    {"a: 1\na: 2\n", NULL},
    {"<<: {a: 1}\n", "{<<@1:1={a@1:6=1@1:9}}"},
};

static void reads_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new(0);
        struct yaml_fault fault;
        struct buf out;
        buf_init(&out, 4096);
        struct yaml_node *root = yaml_parse(str_of(cases[i].text), arena, &fault);
        if ((root != NULL) != (cases[i].tree != NULL))
            fail_msg("'%s': %s", cases[i].text, root ? "read" : fault.message);
        if (root) {
            print_tree(root, &out);
            assert_string_equal(out.p, cases[i].tree);
        } else {
            assert_true(fault.line > 0);
        }
        buf_dispose(&out);
        arena_free(arena);
    }
}

/* The place of '#' in the content of k's value. */
static const struct {
    const char *text;
    int line, column;
} places[] = {
    {"k: ab#c\n", 1, 6},
    {"k: \"ab#c\"\n", 1, 7},
    {"k: 'ab#c'\n", 1, 7},
    {"k: 'it''s #c'\n", 1, 11},
    {"k: \"\\\"x\\\" #c\"\n", 1, 11},
    {"k: \"\303\251\303\251#c\"\n", 1, 7},
    {"k: a b\n  c d#e\n", 2, 6},
    {"k: |\n  first\n  sec#ond\n", 3, 6},
    {"k: >-  \n  first\n\n  sec#ond\n", 4, 6},
    {"  k: \"a\n    b#c\"\n", 2, 6},
};

static void locates_inside_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct arena *arena = arena_new(0);
        struct yaml_fault fault;
        int line, column;
        const struct yaml_node *k = yaml_get(yaml_parse(str_of(places[i].text), arena, &fault), "k");
        assert_non_null(k);
        yaml_locate(k, str_find_byte(k->text, '#'), &line, &column);
        if (line != places[i].line || column != places[i].column)
            fail_msg("'%s': %d:%d", places[i].text, line, column);
        arena_free(arena);
    }
}

static void size_is_limited(void **state)
{
    struct arena *arena = arena_new(0);
    struct yaml_fault fault;
    char *text = calloc(1, YAML_MAX_BYTES + 1);
    (void)state;
    assert_non_null(text);
    memset(text, ' ', YAML_MAX_BYTES + 1);
    assert_null(yaml_parse((struct str){text, YAML_MAX_BYTES + 1}, arena, &fault));
    assert_non_null(strstr(fault.message, "larger than"));
    free(text);
    arena_free(arena);
}

static const struct {
    const char *a, *b;
    size_t distance;
} distances[] = {{"", "", 0}, {"abc", "abc", 0}, {"abc", "ABC", 0}, {"abc", "acb", 1}, {"abc", "ab", 1},
    {"kitten", "sitting", 3}, {"", "abc", 3}, {"delimeter", "delimiter", 1}};

static void measures_distance(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++)
        assert_int_equal(suggest_distance(str_of(distances[i].a), str_of(distances[i].b)), distances[i].distance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_trees),
        cmocka_unit_test(locates_inside_texts),
        cmocka_unit_test(size_is_limited),
        cmocka_unit_test(measures_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
