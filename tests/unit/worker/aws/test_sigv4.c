#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/hash.h"
#include "worker/aws/sigv4.h"

#include <stdio.h>

enum { MAX = 64 * 1024, PAIRS = 32 };

static const char day[SIGV4_DATE_SIZE] = "20130524T000000Z";
static const struct sigv4_scope scope = {{"us-east-1", 9}, {"s3", 2}};

static void load(struct credentials *c, const char *access, const char *secret)
{
    credentials_init(c);
    buf_add_cstr(&c->access_key, access);
    buf_add_cstr(&c->secret_key, secret);
}

/* The examples of "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk" in the
 * API reference of S3, and get-vanilla of the aws4_testsuite. */
static void test_published_examples(void **state)
{
    (void)state;
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST                                               \
    {                                                      \
        STR("host"), STR("examplebucket.s3.amazonaws.com") \
    }
#define DATE                                       \
    {                                              \
        STR("x-amz-date"), STR("20130524T000000Z") \
    }
    static const char put_hash[] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const struct sigv4_pair get[] = {{STR("range"), STR("bytes=0-9")}, HOST, DATE,
        {STR("x-amz-content-sha256"), STR(EMPTY)}},
                            put[] = {DATE, HOST, {STR("x-amz-storage-class"), STR("REDUCED_REDUNDANCY")},
                                {STR("x-amz-content-sha256"), str_of(put_hash)},
                                {STR("date"), STR("Fri, 24 May 2013 00:00:00 GMT")}},
                            plain[] = {HOST, DATE, {STR("x-amz-content-sha256"), STR(EMPTY)}};
    const struct sigv4_pair lifecycle[] = {{STR("lifecycle"), STR("")}},
                            list[] = {{STR("prefix"), STR("J")}, {STR("max-keys"), STR("2")}};
    const struct {
        struct sigv4_request request;
        const char *signature;
    } cases[] = {
        {{"GET", STR("/test.txt"), NULL, 0, get, 4, STR(EMPTY)},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {{"PUT", STR("/test%24file.text"), NULL, 0, put, 5, str_of(put_hash)},
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {{"GET", STR("/"), lifecycle, 1, plain, 3, STR(EMPTY)},
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {{"GET", STR("/"), list, 2, plain, 3, STR(EMPTY)},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    struct credentials c;
    load(&c, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        struct err err;
        buf_init(&out, MAX);
        assert_true(sigv4_authorization(&cases[i].request, &c, &scope, day, &out, &err));
        assert_string_equal(strrchr(out.p, '=') + 1, cases[i].signature);
        buf_dispose(&out);
    }
    credentials_dispose(&c);
}

static void test_vanilla(void **state)
{
    (void)state;
    const struct sigv4_pair headers[] = {
        {STR("host"), STR("example.amazonaws.com")}, {STR("x-amz-date"), STR("20150830T123600Z")}};
    const struct sigv4_request request = {"GET", STR("/"), NULL, 0, headers, 2, STR(EMPTY)};
    const struct sigv4_scope service = {STR("us-east-1"), STR("service")};
    struct credentials c;
    struct buf out;
    struct err err;
    load(&c, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    buf_init(&out, MAX);
    assert_true(sigv4_authorization(&request, &c, &service, "20150830T123600Z", &out, &err));
    assert_string_equal(out.p,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    buf_dispose(&out);
    credentials_dispose(&c);
}

static void test_encode(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, MAX);
    sigv4_encode(&out, STR("a/b c+d~e-f_g.h\xC3\xA9=%"), true);
    assert_string_equal(out.p, "a/b%20c%2Bd~e-f_g.h%C3%A9%3D%25");
    buf_reset(&out);
    sigv4_encode(&out, STR("a/b"), false);
    assert_string_equal(out.p, "a%2Fb");
    buf_dispose(&out);
}

/* By the encoded name, then the value; a name that begins another comes first. */
static void test_query(void **state)
{
    (void)state;
    const struct sigv4_pair query[] = {
        {STR("b"), STR("2")}, {STR("a-b"), STR("")}, {STR("a"), STR("z")}, {STR("a"), STR("/")}};
    struct buf out;
    struct err err;
    buf_init(&out, MAX);
    assert_true(sigv4_query(query, 4, &out, &err));
    assert_string_equal(out.p, "a=%2F&a=z&a-b=&b=2");
    buf_dispose(&out);
}

static void test_date(void **state)
{
    (void)state;
    char text[SIGV4_DATE_SIZE];
    assert_string_equal(sigv4_date(1369353600000000, text), day);
}

/* ---- what another signer says ---- */

static struct str next_word(struct str *rest, char end)
{
    size_t n = str_find_byte(*rest, end);
    struct str word = {rest->p, n};
    *rest = n < rest->n ? (struct str){rest->p + n + 1, rest->n - n - 1} : (struct str){NULL, 0};
    return word;
}

static size_t pairs_of(struct str text, struct sigv4_pair *pairs)
{
    size_t count = 0;
    while (text.n && count < PAIRS) {
        struct str name = next_word(&text, '\x1E');
        pairs[count++] = (struct sigv4_pair){name, next_word(&text, '\x1F')};
    }
    return count;
}

/* method, path, query, headers, payload hash, access key, secret, date, region, authorization; a tab between. */
static void check_line(struct str line)
{
    struct sigv4_pair query[PAIRS], headers[PAIRS];
    struct str method = next_word(&line, '\t'), path = next_word(&line, '\t');
    char name[16] = "", date[SIGV4_DATE_SIZE] = "";
    struct sigv4_request request = {.path = path, .query = query, .headers = headers, .method = name};
    struct credentials c;
    struct buf out;
    struct err err;
    request.query_count = pairs_of(next_word(&line, '\t'), query);
    request.header_count = pairs_of(next_word(&line, '\t'), headers);
    request.payload_sha256 = next_word(&line, '\t');
    credentials_init(&c);
    buf_init(&out, MAX);
    buf_add_str(&c.access_key, next_word(&line, '\t'));
    buf_add_str(&c.secret_key, next_word(&line, '\t'));
    struct str at = next_word(&line, '\t');
    struct sigv4_scope where = {next_word(&line, '\t'), STR("s3")};
    assert_true(method.n < sizeof name && at.n < sizeof date);
    memcpy(name, method.p, method.n);
    memcpy(date, at.p, at.n);
    assert_true(sigv4_authorization(&request, &c, &where, date, &out, &err));
    if (!str_eq(buf_str(&out), line))
        fail_msg("%s\nis not\n" STR_FMT, out.p, STR_ARG(line));
    buf_dispose(&out);
    credentials_dispose(&c);
}

/* tests/integration/test_s3_signing.py writes the file. */
static void test_cases_of_a_peer(void **state)
{
    (void)state;
    const char *path = getenv("SIGV4_CASES");
    char *line = NULL;
    size_t capacity = 0, count = 0;
    ssize_t n;
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!path)
        return;
    assert_non_null(file);
    while ((n = getline(&line, &capacity, file)) > 0) {
        check_line((struct str){line, (size_t)n - 1});
        count++;
    }
    fclose(file);
    free(line);
    assert_true(count > 0);
    print_message("# %zu cases\n", count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_examples),
        cmocka_unit_test(test_vanilla),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_cases_of_a_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
