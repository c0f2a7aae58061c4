#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/net/http.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A server of one thread: each request it gets is answered by the next of its answers; NULL: the connection is cut. */
struct server {
    int listener;
    pthread_t thread;
    char url[64];
    const char *const *answers;
    size_t count, connections;
    char seen[8][512]; /* what came, head and body */
};

/* The whole of a request whose head says how long its body is. */
static bool read_request(int fd, char *seen, size_t size)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, seen + n, size - 1 - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        seen[n] = '\0';
        const char *end = strstr(seen, "\r\n\r\n"), *length = strstr(seen, "Content-Length: ");
        if (end && n >= (size_t)(end + 4 - seen) + (length ? (size_t)strtoul(length + 16, NULL, 10) : 0))
            return true;
    }
}

static void *serve(void *context)
{
    struct server *s = context;
    int fd = -1;
    for (size_t i = 0; i < s->count;) {
        if (fd < 0) {
            fd = accept(s->listener, NULL, NULL);
            s->connections++;
        }
        if (!read_request(fd, s->seen[i], sizeof s->seen[i])) {
            close(fd);
            fd = -1;
            continue;
        }
        const char *answer = s->answers[i++];
        if (answer && write(fd, answer, strlen(answer)) == (ssize_t)strlen(answer) && !strstr(answer, "X-Cut"))
            continue;
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void start_with(struct server *s, const char *const *answers, size_t count, void *(*server)(void *context))
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *s = (struct server){.listener = socket(AF_INET, SOCK_STREAM, 0), .answers = answers, .count = count};
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/a%%20b", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, server, s), 0);
}

static void start(struct server *s, const char *const *answers, size_t count)
{
    start_with(s, answers, count, serve);
}

static void stop(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static struct http *client(void)
{
    const struct http_options options = {.ignore_proxy = true};
    struct http *http = http_new(&options);
    assert_non_null(http);
    return http;
}

static void test_one_connection_for_many(void **state)
{
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", "HTTP/1.1 204 No Content\r\n\r\n"};
    static const char *const headers[] = {"X-Own: 1"};
    struct server s;
    struct http_response response;
    struct err err;
    struct http *http = client();
    start(&s, answers, 3);
    struct http_request get = {.method = "GET", .url = s.url, .headers = headers, .header_count = 1};
    struct http_request put = {.method = "PUT", .url = s.url, .body = {.bytes = STR("payload"), .size = 7}};
    http_response_init(&response);
    assert_true(http_send(http, &get, &response, &err));
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.p, "hello");
    assert_true(response.connected);
    assert_true(str_eq(http_header(&response, "etag"), STR("\"x\"")));
    assert_true(str_eq(http_header(&response, "etag2"), STR("")));
    assert_true(http_send(http, &put, &response, &err));
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body.p, "gone");
    assert_false(response.connected);
    assert_true(http_send(http, &get, &response, &err));
    assert_int_equal(response.status, 204);
    http_response_dispose(&response);
    http_free(http);
    stop(&s);
    assert_int_equal(s.connections, 1);
    assert_memory_equal(s.seen[0], "GET /a%20b HTTP/1.1\r\n", 21);
    assert_non_null(strstr(s.seen[0], "X-Own: 1\r\n"));
    assert_non_null(strstr(s.seen[1], "\r\n\r\npayload"));
    assert_null(strstr(s.seen[1], "Expect"));
}

static void test_part_of_a_file(void **state)
{
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    struct server s;
    struct http_response response;
    struct err err;
    struct http *http = client();
    FILE *file = tmpfile();
    assert_int_equal(fputs("0123456789", file) >= 0 && fflush(file) == 0, 1);
    start(&s, answers, 1);
    struct http_request put = {
        .method = "PUT", .url = s.url, .body = {.from_file = true, .fd = fileno(file), .offset = 3, .size = 4}};
    http_response_init(&response);
    assert_true(http_send(http, &put, &response, &err));
    http_response_dispose(&response);
    http_free(http);
    stop(&s);
    fclose(file);
    assert_non_null(strstr(s.seen[0], "\r\n\r\n3456"));
    assert_null(strstr(s.seen[0], "34567"));
}

/* Cut before an answer, and in the middle of one: both may be tried again. */
static void test_cut(void **state)
{
    (void)state;
    static const char *const answers[] = {NULL, "HTTP/1.1 200 OK\r\nX-Cut: 1\r\nContent-Length: 50\r\n\r\nhal"};
    struct server s;
    struct http_response response;
    struct err err;
    struct http *http = client();
    start(&s, answers, 2);
    struct http_request get = {.method = "GET", .url = s.url};
    http_response_init(&response);
    for (int i = 0; i < 2; i++) {
        assert_false(http_send(http, &get, &response, &err));
        assert_true(response.cut);
        assert_int_equal(err.kind, ERR_UNAVAILABLE);
    }
    http_response_dispose(&response);
    http_free(http);
    stop(&s);
}

/* A byte now and then, for as long as somebody listens. */
static void *dribble(void *context)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    const struct timespec pause = {0, 200 * 1000 * 1000}; /* which is the harm itself */
    struct server *s = context;
    int fd = accept(s->listener, NULL, NULL);
    if (read_request(fd, s->seen[0], sizeof s->seen[0]) && write(fd, head, sizeof head - 1) > 0)
        while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
            nanosleep(&pause, NULL);
    close(fd);
    return NULL;
}

static bool count(void *context, struct str bytes, struct err *err)
{
    (void)err;
    *(size_t *)context += bytes.n;
    return true;
}

static void test_slow_loris(void **state)
{
    (void)state;
    const struct http_options options = {.ignore_proxy = true, .stall_timeout_us = 2000 * 1000};
    struct server s;
    struct http_response response;
    struct err err;
    size_t taken = 0;
    struct http *http = http_new(&options);
    start_with(&s, NULL, 0, dribble);
    struct http_request get = {.method = "GET", .url = s.url, .take = count, .context = &taken, .slowest = 1024};
    http_response_init(&response);
    assert_false(http_send(http, &get, &response, &err));
    assert_true(response.cut);
    assert_in_range(taken, 1, 1000000 - 1);
    http_response_dispose(&response);
    http_free(http);
    stop(&s);
}

static bool refuse(void *context, struct str bytes, struct err *err)
{
    *(size_t *)context += bytes.n;
    return ERR(err, ERR_IO, "full");
}

static void test_a_taker_that_refuses(void **state)
{
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"};
    struct server s;
    struct http_response response;
    struct err err;
    size_t taken = 0;
    struct http *http = client();
    start(&s, answers, 1);
    struct http_request get = {.method = "GET", .url = s.url, .take = refuse, .context = &taken};
    http_response_init(&response);
    assert_false(http_send(http, &get, &response, &err));
    assert_false(response.cut);
    assert_int_equal(err.kind, ERR_IO);
    assert_int_equal(taken, 5);
    http_response_dispose(&response);
    http_free(http);
    stop(&s);
}

static void test_what_may_pass(void **state)
{
    (void)state;
    static const int statuses[] = {200, 301, 403, 404, 408, 412, 429, 500, 501, 503};
    static const bool passes[] = {false, false, false, false, true, false, true, true, false, true};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_int_equal(http_may_pass(statuses[i]), passes[i]);
    struct http_response response;
    struct err err;
    struct http *http = client();
    struct http_request wrong = {.method = "GET", .url = "gopher://127.0.0.1/"};
    http_response_init(&response);
    assert_false(http_send(http, &wrong, &response, &err));
    assert_false(response.cut);
    http_response_dispose(&response);
    http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_connection_for_many),
        cmocka_unit_test(test_part_of_a_file),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_slow_loris),
        cmocka_unit_test(test_a_taker_that_refuses),
        cmocka_unit_test(test_what_may_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
