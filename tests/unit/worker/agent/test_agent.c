#include "tests/unit/worker/journal/fixture.h"

#include "shared/rpc.h"
#include "worker/agent/agent.h"

#include <jansson.h>

/* The journal's fixture with an agent over it: its folder is the lake. */
static const struct storage_driver *const drivers[] = {&storage_dir, NULL};

static struct agent make_agent(struct fixture *f)
{
    struct agent agent = {.journal_path = f->path,
        .who = {.name = STR("ann"), .role = STR("viewer"), .from = STR("")},
        .environment = STR("local"),
        .colour = STR("")};
    OK(f, storage_open(str_of(f->base), drivers, f->arena, &agent.storage, &f->err));
    return agent;
}

/* Gives the agent these bytes and returns its answers, an array. Files stand in for pipes, so that nothing can block.
 */
static json_t *talk(struct agent *agent, struct str bytes)
{
    FILE *in = tmpfile(), *out = tmpfile();
    struct err err;
    json_t *answers = json_array();
    char *line = NULL;
    size_t room = 0;
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, in), bytes.n);
    rewind(in);
    if (!agent_serve(agent, fileno(in), fileno(out), &err))
        fail_msg("%s", err.message);
    rewind(out);
    for (ssize_t n; (n = getline(&line, &room, out)) > 0;) {
        json_t *answer = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
        assert_non_null(answer);
        assert_string_equal(json_string_value(json_object_get(answer, "jsonrpc")), "2.0");
        json_array_append_new(answers, answer);
    }
    free(line);
    fclose(in);
    fclose(out);
    return answers;
}

static json_t *call(struct agent *agent, const char *method, const char *params)
{
    struct buf request;
    buf_init(&request, 1024 * 1024);
    buf_printf(&request, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n", method, params);
    json_t *answers = talk(agent, buf_str(&request)), *answer = json_incref(json_array_get(answers, 0));
    buf_dispose(&request);
    json_decref(answers);
    assert_non_null(answer);
    return answer;
}

static json_int_t error_code(const json_t *answer)
{
    return json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
}

static void check_error(struct agent *agent, const char *method, const char *params, json_int_t code)
{
    json_t *answer = call(agent, method, params);
    if (error_code(answer) != code)
        fail_msg("%s %s: %s", method, params, json_dumps(answer, 0));
    json_decref(answer);
}

static void load_files(struct fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        struct claim claim;
        deliver_new(f, arena_printf(f->arena, "raw/%d.csv", i), "1", (i + 1) * SECOND);
        assert_true(take(f, (i + 1) * SECOND, &claim));
        load(f, &claim, (i + 1) * SECOND);
    }
}

static void test_what_is_no_request(void **state)
{
    static const struct {
        const char *line;
        json_int_t code;
    } cases[] = {
        {"garbage\n", RPC_PARSE_ERROR},
        {"{\"jsonrpc\":\"2.0\",\n", RPC_PARSE_ERROR},
        {"\xff\xfe\n", RPC_PARSE_ERROR},
        {"{\"id\":1,\"id\":2}\n", RPC_PARSE_ERROR},
        {"[]\n", RPC_INVALID_REQUEST},
        {"{}\n", RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"hello\"}\n", RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}\n", RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"hello\"}\n", RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":[1]}\n", RPC_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"drop\"}\n", RPC_METHOD_NOT_FOUND},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\u001b[2J\"}\n", RPC_METHOD_NOT_FOUND},
    };
    struct agent agent = make_agent(*state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *answers = talk(&agent, str_of(cases[i].line));
        assert_int_equal(json_array_size(answers), 1);
        assert_int_equal(error_code(json_array_get(answers, 0)), cases[i].code);
        json_decref(answers);
    }
    agent_dispose(&agent);
}

static void test_lines(void **state)
{
    struct agent agent = make_agent(*state);
    /* blank lines, a notification, ids of both kinds, a line without an end */
    json_t *answers =
        talk(&agent, STR("\n  "
                         "\r\n{\"jsonrpc\":\"2.0\",\"method\":\"hello\"}\n{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":"
                         "\"hello\"}\r\n"
                         "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"runs\"}\n{\"jsonrpc\":\"2.0\",\"id\":8,"));
    assert_int_equal(json_array_size(answers), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(answers, 0), "id")), "a");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(answers, 1), "id")), 7);
    json_decref(answers);
    agent_dispose(&agent);
}

static void test_oversized_request(void **state)
{
    struct agent agent = make_agent(*state);
    struct buf bytes;
    buf_init(&bytes, 2 * RPC_MAX_REQUEST + 1024 * 1024);
    for (int i = 0; i < RPC_MAX_REQUEST + 500000; i++)
        buf_add_byte(&bytes, 'x');
    buf_add_cstr(&bytes, "\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"hello\"}\n");
    json_t *answers = talk(&agent, buf_str(&bytes));
    assert_int_equal(json_array_size(answers), 2);
    assert_int_equal(error_code(json_array_get(answers, 0)), RPC_INVALID_REQUEST);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(answers, 1), "id")), 2);
    json_decref(answers);
    buf_dispose(&bytes);
    agent_dispose(&agent);
}

static void test_wrong_parameters(void **state)
{
    struct fixture *f = *state;
    struct agent agent = make_agent(f);
    load_files(f, 2);
    check_error(&agent, "runs", "{\"limit\":\"1\"}", RPC_INVALID_PARAMS);
    check_error(&agent, "runs", "{\"limit\":1.5}", RPC_INVALID_PARAMS);
    check_error(&agent, "runs", "{\"dataset\":1}", RPC_INVALID_PARAMS);
    check_error(&agent, "runs", "{\"after\":1}", RPC_INVALID_PARAMS);
    check_error(&agent, "rows", "{\"run\":\"0\",\"after\":\"1\"}", RPC_INVALID_PARAMS);
    check_error(&agent, "run", "{}", RPC_INVALID_PARAMS);
    check_error(&agent, "run", "{\"run\":\"\"}", RPC_INVALID_PARAMS);
    check_error(&agent, "run", "{\"run\":\"0\"}", RPC_AMBIGUOUS);
    check_error(&agent, "run", "{\"run\":\"nothing\"}", RPC_NOT_FOUND);
    check_error(&agent, "run", "{\"run\":\"%\"}", RPC_NOT_FOUND);
    check_error(&agent, "run", "{\"run\":\"' OR 1=1 --\"}", RPC_NOT_FOUND);
    agent_dispose(&agent);
}

static void test_runs_in_pages(void **state)
{
    struct fixture *f = *state;
    struct agent agent = make_agent(f);
    load_files(f, 5);
    static const struct {
        const char *limit;
        size_t items;
        bool more;
    } cases[] = {{"2", 2, true}, {"4", 4, true}, {"5", 5, false}, {"6", 5, false}, {"0", 1, true}, {"-3", 1, true},
        {"9999999999", 5, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *answer = call(&agent, "runs", arena_printf(f->arena, "{\"limit\":%s}", cases[i].limit));
        const json_t *result = json_object_get(answer, "result"), *items = json_object_get(result, "items");
        assert_int_equal(json_array_size(items), cases[i].items);
        const char *next = json_string_value(json_object_get(result, "next"));
        const char *last = json_string_value(json_object_get(json_array_get(items, cases[i].items - 1), "run_id"));
        assert_int_equal(next != NULL, cases[i].more);
        if (next)
            assert_string_equal(next, last);
        json_decref(answer);
    }
    agent_dispose(&agent);
}

static void test_every_method_answers(void **state)
{
    static const char *const lists[] = {"hello", "overview", "runs", "rejects", "causes"};
    static const char *const of_run[] = {"run", "stages", "rows", "causes"};
    struct fixture *f = *state;
    struct agent agent = make_agent(f);
    load_files(f, 1);
    const char *params = arena_printf(f->arena, "{\"run\":\"%s\"}", ask(f, "SELECT run_id FROM run"));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *answer = call(&agent, lists[i], "{}");
        assert_true(json_is_object(json_object_get(answer, "result")));
        json_decref(answer);
    }
    for (size_t i = 0; i < sizeof of_run / sizeof *of_run; i++) {
        json_t *answer = call(&agent, of_run[i], params);
        assert_true(json_is_object(json_object_get(answer, "result")));
        json_decref(answer);
    }
    check_error(&agent, "reason", params, RPC_NOT_FOUND);
    agent_dispose(&agent);
}

static void test_bytes_that_are_no_text(void **state)
{
    struct fixture *f = *state;
    struct agent agent = make_agent(f);
    load_files(f, 1);
    ask(f, "UPDATE run SET error_message = CAST(x'61ff62' AS TEXT)");
    json_t *answer = call(&agent, "runs", "{}");
    const json_t *item = json_array_get(json_object_get(json_object_get(answer, "result"), "items"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "error_message")), "a\xEF\xBF\xBD"
                                                                                   "b");
    json_decref(answer);
    agent_dispose(&agent);
}

static void test_journal_comes_and_goes(void **state)
{
    struct fixture *f = *state;
    struct agent agent = make_agent(f);
    const char *away = arena_printf(f->arena, "%s/away.db", f->base);
    load_files(f, 1);
    json_decref(call(&agent, "runs", "{}"));
    assert_int_equal(rename(f->path, away), 0);
    check_error(&agent, "runs", "{}", RPC_UNAVAILABLE);
    struct journal *other = journal_open(f->path, false, &f->err);
    assert_non_null(other);
    json_t *answer = call(&agent, "runs", "{}");
    assert_int_equal(json_array_size(json_object_get(json_object_get(answer, "result"), "items")), 0);
    json_decref(answer);
    journal_close(other);
    agent_dispose(&agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_no_request),
        TEST(test_lines),
        TEST(test_oversized_request),
        TEST(test_wrong_parameters),
        TEST(test_runs_in_pages),
        TEST(test_every_method_answers),
        TEST(test_bytes_that_are_no_text),
        TEST(test_journal_comes_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
