#include "tui/core/async_link.h"

#include "shared/clock.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A shell stands in for the agent: it answers each line it reads. */
static void start(struct async_link *link, const char *script)
{
    struct err err;
    char shell[] = "/bin/sh", option[] = "-c", *text = strdup(script);
    char *argv[] = {shell, option, text, NULL};
    *link = (struct async_link){0};
    assert_true(async_link_open(link, argv, &err));
    free(text);
}

static bool wait_for(struct async_link *link, struct answer *answer, struct err *err)
{
    int64_t deadline = clock_monotonic() + 120 * (int64_t)1000000;
    while (clock_monotonic() < deadline) {
        struct pollfd fds[] = {{.fd = link->agent.out, .events = POLLIN},
            {.fd = async_link_writes(link) ? link->agent.in : -1, .events = POLLOUT}};
        bool ok = async_link_pump(link, err);
        if (async_link_take(link, answer))
            return true;
        if (!ok)
            return false;
        poll(fds, 2, 1000);
    }
    return false;
}

static void answers_come_by_id(void **state)
{
    (void)state;
    struct async_link link;
    struct answer answer;
    struct err err;
    start(&link, "read a; read b; echo '{\"id\":2,\"result\":[2]}'; printf '{\"id\":1,\"res'; sleep 0.05; echo "
                 "'ult\":[1]}'; read c");
    assert_int_equal(async_link_ask(&link, "first", NULL), 1);
    assert_int_equal(async_link_ask(&link, "second", json_pack("{s:i}", "limit", 3)), 2);
    assert_true(async_link_writes(&link));
    assert_true(wait_for(&link, &answer, &err));
    assert_int_equal(answer.id, 2);
    assert_int_equal(json_array_size(answer.result), 1);
    json_decref(answer.result);
    assert_true(wait_for(&link, &answer, &err));
    assert_int_equal(answer.id, 1);
    json_decref(answer.result);
    assert_false(async_link_writes(&link));
    async_link_close(&link);
}

static void errors_carry_their_words(void **state)
{
    (void)state;
    struct async_link link;
    struct answer answer;
    struct err err;
    start(&link,
        "read a; echo '{\"id\":1,\"error\":{\"code\":-32001,\"message\":\"no run\",\"data\":{\"hint\":\"look\"}}}'; "
        "echo 'not json'; read b");
    assert_int_equal(async_link_ask(&link, "run", NULL), 1);
    assert_true(wait_for(&link, &answer, &err));
    assert_null(answer.result);
    assert_int_equal(answer.err.kind, ERR_NOT_FOUND);
    assert_string_equal(answer.err.message, "no run");
    assert_string_equal(answer.err.hint, "look");
    assert_true(wait_for(&link, &answer, &err));
    assert_int_equal(answer.id, 0);
    assert_null(answer.result);
    async_link_close(&link);
}

static void a_lost_agent_is_an_error(void **state)
{
    (void)state;
    struct async_link link;
    struct answer answer;
    struct err err;
    start(&link, "exit 3");
    assert_false(wait_for(&link, &answer, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    async_link_close(&link);
    async_link_close(&link);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_by_id),
        cmocka_unit_test(errors_carry_their_words),
        cmocka_unit_test(a_lost_agent_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
