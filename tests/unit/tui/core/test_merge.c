#include "tui/core/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_json(const char *text)
{
    json_error_t fault;
    json_t *value = json_loads(text, 0, &fault);
    if (!value)
        fail_msg("%s in %s", fault.text, text);
    return value;
}

/* The ids of the merged list, and where it goes on. */
static void check(
    const char *method, const char *parts, const char *after, const char *key, const char *ids, const char *next)
{
    json_t *of = read_json(parts), *from = after ? read_json(after) : NULL, *expected = next ? read_json(next) : NULL;
    json_t *whole = merge_answers(method, of, from), *item, *go_on = json_object_get(whole, "next");
    char text[256] = "";
    size_t i;
    json_array_foreach(json_object_get(whole, "items"), i, item)
    {
        size_t n = strlen(text);
        json_t *id = json_object_get(item, key);
        snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "", json_string_value(json_object_get(item, "target")));
        n = strlen(text);
        if (json_is_string(id))
            snprintf(text + n, sizeof text - n, "%s", json_string_value(id));
        else
            snprintf(text + n, sizeof text - n, "%lld", (long long)json_integer_value(id));
    }
    assert_string_equal(text, ids);
    assert_true(expected ? json_equal(go_on, expected) : !go_on);
    json_decref(whole);
    json_decref(of);
    json_decref(from);
    json_decref(expected);
}

static void lists_keep_their_order(void **state)
{
    (void)state;
    check("runs",
        "{\"a\": {\"items\": [{\"run_id\": \"5\"}, {\"run_id\": \"2\"}]},"
        " \"b\": {\"items\": [{\"run_id\": \"9\"}, {\"run_id\": \"4\"}, {\"run_id\": \"1\"}]}, \"c\": null}",
        NULL, "run_id", "b9 a5 b4 a2 b1", NULL);
    check("causes",
        "{\"a\": {\"items\": [{\"cause\": 1, \"kind\": \"system\", \"rows\": 0, \"files\": 2},"
        "                     {\"cause\": 2, \"kind\": \"data_quality\", \"rows\": 7, \"files\": 1}]},"
        " \"b\": {\"items\": [{\"cause\": 1, \"kind\": \"system\", \"rows\": 0, \"files\": 40},"
        "                     {\"cause\": 3, \"kind\": \"data_quality\", \"rows\": 39812, \"files\": 1}]}}",
        NULL, "cause", "b1 a1 b3 a2", NULL);
}

/* What wants a look is first, of whichever target; what has no lease is behind what has one. */
static void lists_that_do_not_page(void **state)
{
    (void)state;
    check("alerts",
        "{\"a\": {\"items\": [{\"alert\": 9, \"state\": \"open\", \"opened_at\": \"2026-01-02\"},"
        "                     {\"alert\": 8, \"state\": \"resolved\", \"opened_at\": \"2026-01-09\"}], \"next\": "
        "\"8\"},"
        " \"b\": {\"items\": [{\"alert\": 3, \"state\": \"open\", \"opened_at\": \"2026-01-05\"},"
        "                     {\"alert\": 2, \"state\": \"open\", \"opened_at\": \"2026-01-01\"}]}}",
        NULL, "alert", "b3 a9 b2 a8", NULL);
    check("workers",
        "{\"a\": {\"items\": [{\"worker\": \"x\", \"lease_until\": \"07:00\"},"
        "                     {\"worker\": \"y\", \"lease_until\": null, \"seen_at\": \"05:00\"}]},"
        " \"b\": {\"items\": [{\"worker\": \"z\", \"lease_until\": \"06:00\"},"
        "                     {\"worker\": \"w\", \"lease_until\": null, \"seen_at\": \"05:30\"}]}}",
        NULL, "worker", "bz ax bw ay", NULL);
}

/* Lines have numbers of their target's own: they are told apart by their times, and go on after their numbers. */
static void lines_of_audits_go_on_after_their_numbers(void **state)
{
    (void)state;
    check("audit",
        "{\"a\": {\"items\": [{\"id\": 7, \"at\": \"09:00\"}, {\"id\": 6, \"at\": \"05:00\"}], \"next\": \"6\"},"
        " \"b\": {\"items\": [{\"id\": 90, \"at\": \"08:00\"}, {\"id\": 89, \"at\": \"04:00\"}]}}",
        NULL, "id", "a7 b90 a6", "{\"a\": \"6\", \"b\": \"90\"}");
    check("audit",
        "{\"a\": {\"items\": [{\"id\": 5, \"at\": \"03:00\"}]}, \"b\": {\"items\": [{\"id\": 89, \"at\": \"04:00\"}]}}",
        "{\"a\": \"6\", \"b\": \"90\"}", "id", "b89 a5", NULL);
}

static void each_target_has_its_own_chain(void **state)
{
    (void)state;
    json_t *parts = read_json("{\"a\": {\"verified\": {\"lines\": 3, \"head\": \"x\"}, \"items\": []},"
                              " \"b\": {\"verified\": {\"lines\": 4, \"broken\": \"line 2\"}, \"items\": []}}");
    json_t *expected =
        read_json("{\"verified\": [{\"lines\": 3, \"head\": \"x\", \"target\": \"a\"},"
                  "                {\"lines\": 4, \"broken\": \"line 2\", \"target\": \"b\"}], \"items\": []}");
    json_t *whole = merge_answers("audit", parts, NULL);
    assert_true(json_equal(whole, expected));
    json_decref(whole);
    json_decref(expected);
    json_decref(parts);
}

/* a has told all down to 4, b down to 2: between 4 and 2 a may have more, so that b's 3 and 2 have to wait. */
static void a_page_ends_where_a_target_may_have_more(void **state)
{
    (void)state;
    check("runs",
        "{\"a\": {\"items\": [{\"run_id\": \"8\"}, {\"run_id\": \"4\"}], \"next\": \"4\"},"
        " \"b\": {\"items\": [{\"run_id\": \"9\"}, {\"run_id\": \"3\"}, {\"run_id\": \"2\"}], \"next\": \"2\"},"
        " \"c\": {\"items\": [{\"run_id\": \"1\"}]}, \"d\": {\"items\": []}}",
        NULL, "run_id", "b9 a8 a4", "{\"a\": \"4\", \"b\": \"9\", \"c\": null}");
    /* and so on: all comes once, in order */
    check("runs",
        "{\"a\": {\"items\": [{\"run_id\": \"0\"}]}, \"b\": {\"items\": [{\"run_id\": \"3\"}, {\"run_id\": \"2\"}], "
        "\"next\": \"2\"}, \"c\": {\"items\": [{\"run_id\": \"1\"}]}, \"d\": null}",
        "{\"a\": \"4\", \"b\": \"9\", \"c\": null}", "run_id", "b3 b2", "{\"a\": \"4\", \"b\": \"2\", \"c\": null}");
    /* one that is away keeps its place */
    check("runs", "{\"a\": null, \"b\": {\"items\": [{\"run_id\": \"3\"}, {\"run_id\": \"2\"}], \"next\": \"2\"}}",
        "{\"a\": \"4\", \"b\": \"9\"}", "run_id", "b3 b2", "{\"a\": \"4\", \"b\": \"2\"}");
}

static void what_is_no_list_is_summed_or_joined(void **state)
{
    (void)state;
    json_t *parts =
        read_json("{\"a\": {\"datasets\": [{\"dataset\": \"x\"}], \"unmatched\": [\"raw/q\"], "
                  "\"unmatched_count\": 3, \"disk\": {\"free\": 5, \"total\": 10}, \"news\": {\"since\": \"x\", "
                  "\"requests\": 2}},"
                  " \"b\": {\"datasets\": [{\"dataset\": \"x\"}], \"unmatched\": [], \"unmatched_count\": 4, "
                  "\"disk\": {\"free\": 3, \"total\": 20}, \"news\": {\"since\": \"y\", \"requests\": 1}}}");
    json_t *expected =
        read_json("{\"datasets\": [{\"dataset\": \"x\", \"target\": \"a\"}, {\"dataset\": \"x\", "
                  "\"target\": \"b\"}], \"unmatched\": [\"a: raw/q\"], \"unmatched_count\": 7, \"disk\": {\"free\": 3, "
                  "\"total\": 20}, \"news\": {\"since\": \"x\", \"requests\": 3}}");
    json_t *whole = merge_answers("overview", parts, NULL);
    assert_true(json_equal(whole, expected));
    json_decref(whole);
    json_decref(expected);
    json_decref(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_keep_their_order),
        cmocka_unit_test(lists_that_do_not_page),
        cmocka_unit_test(lines_of_audits_go_on_after_their_numbers),
        cmocka_unit_test(each_target_has_its_own_chain),
        cmocka_unit_test(a_page_ends_where_a_target_may_have_more),
        cmocka_unit_test(what_is_no_list_is_summed_or_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
