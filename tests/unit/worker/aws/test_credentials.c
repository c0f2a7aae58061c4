#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/fs.h"
#include "worker/aws/provider.h"

#include <stdio.h>
#include <unistd.h>

struct fixture {
    struct arena *arena;
    char base[32];
};

static const char *const variables[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};

static char *put(struct fixture *f, const char *name, const char *text)
{
    struct err err;
    char *path = arena_printf(f->arena, "%s/%s", f->base, name);
    assert_true(fs_write_atomic(path, str_of(text), &err));
    return path;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->base, sizeof f->base, "/tmp/sluice-aws-XXXXXX");
    f->arena = arena_new(0);
    *state = f;
    if (!mkdtemp(f->base))
        return -1;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    setenv("AWS_SHARED_CREDENTIALS_FILE", put(f, "credentials", ""), 1);
    setenv("AWS_CONFIG_FILE", put(f, "config", ""), 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct err err;
    bool ok = fs_remove_tree(f->base, &err);
    arena_free(f->arena);
    free(f);
    return ok ? 0 : -1;
}

static struct profile *profile(struct fixture *f)
{
    struct profile *p = NULL;
    struct err err;
    assert_true(profile_load(&p, f->arena, &err));
    return p;
}

/* "access secret token", or the error's message. */
static const char *get(struct fixture *f)
{
    struct credentials c;
    struct err err;
    struct credential_chain *chain = credential_chain_new(profile(f), NULL);
    const char *text;
    assert_non_null(chain);
    if (credential_chain_get(chain, &c, &err)) {
        text = arena_printf(
            f->arena, "%s %s %s", c.access_key.p, c.secret_key.p, c.session_token.n ? c.session_token.p : "-");
        credentials_dispose(&c);
    } else
        text = arena_printf(f->arena, "%s", err.message);
    credential_chain_free(chain);
    return text;
}

static void test_order(void **state)
{
    struct fixture *f = *state;
    assert_non_null(strstr(get(f), "no AWS credentials"));
    put(f, "config",
        arena_printf(f->arena, "[default]\ncredential_process = /bin/echo '{\"Version\": 1, \"AccessKeyId\": \"P\", "
                               "\"SecretAccessKey\": \"s p\"}'\n"));
    assert_string_equal(get(f), "P s p -");
    put(f, "credentials",
        "# comment\n[other]\naws_access_key_id=X\n[default]\naws_access_key_id = F\n"
        "aws_secret_access_key=a=b\naws_session_token = t\n");
    assert_string_equal(get(f), "F a=b t");
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    assert_string_equal(get(f), "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
    setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
    assert_string_equal(get(f), "E e -");
}

static void test_profile(void **state)
{
    struct fixture *f = *state;
    struct profile *p;
    struct err err;
    put(f, "config",
        "[default]\nregion = eu-west-1\n[profile prod]\nregion=eu-central-1\ns3 =\n    addressing_style = path\n"
        "services = mine\nendpoint_url = http://all\n[services mine]\ns3 =\n  endpoint_url = http://s3\n");
    assert_string_equal(aws_region(profile(f)), "eu-west-1");
    setenv("AWS_PROFILE", "prod", 1);
    p = profile(f);
    assert_string_equal(aws_region(p), "eu-central-1");
    assert_string_equal(profile_get(p, "s3.addressing_style"), "path");
    assert_null(profile_get(p, "addressing_style"));
    assert_string_equal(aws_endpoint(p, "s3", f->arena), "http://s3");
    assert_string_equal(aws_endpoint(p, "sts", f->arena), "http://all");
    setenv("AWS_ENDPOINT_URL", "http://env", 1);
    assert_string_equal(aws_endpoint(p, "s3", f->arena), "http://env");
    setenv("AWS_ENDPOINT_URL_S3", "http://env3", 1);
    assert_string_equal(aws_endpoint(p, "s3", f->arena), "http://env3");
    setenv("AWS_DEFAULT_REGION", "d", 1);
    assert_string_equal(aws_region(p), "d");
    setenv("AWS_REGION", "r", 1);
    assert_string_equal(aws_region(p), "r");
    setenv("AWS_PROFILE", "none", 1);
    assert_false(profile_load(&p, f->arena, &err));
    assert_string_equal(err.message, "there is no AWS profile none");
}

/* What expires is asked for anew in time, and again when the server found it too old. */
static void test_renewal(void **state)
{
    struct fixture *f = *state;
    char *count = arena_printf(f->arena, "%s/count", f->base);
    char *script = put(f, "process",
        arena_printf(f->arena,
            "#!/bin/sh\necho x >> %s\nn=$(wc -l < %s)\n[ $n = 1 ] && end=2000-01-01T00:00:00Z || "
            "end=2099-01-01T00:00:00Z\n"
            "echo \"{\\\"AccessKeyId\\\": \\\"K$n\\\", \\\"SecretAccessKey\\\": \\\"s\\\", \\\"Expiration\\\": "
            "\\\"$end\\\"}\"\n",
            count, count));
    struct credentials c;
    struct err err;
    put(f, "config", arena_printf(f->arena, "[default]\ncredential_process = /bin/sh \"%s\"\n", script));
    struct credential_chain *chain = credential_chain_new(profile(f), NULL);
    const char *expected[] = {"K1", "K2", "K2", "K3"};
    for (size_t i = 0; i < 4; i++) {
        if (i == 3)
            credential_chain_expire(chain);
        assert_true(credential_chain_get(chain, &c, &err));
        assert_string_equal(c.access_key.p, expected[i]);
        credentials_dispose(&c);
    }
    credential_chain_free(chain);
}

static void test_process_that_fails(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *command, *message;
    } cases[] = {{"/bin/false", "AWS credentials from credential_process: it failed"},
        {"/bin/echo '{}'", "AWS credentials from credential_process: the answer holds no credentials"},
        {"/bin/echo 'open", "AWS credentials from credential_process: it cannot be split into words"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(f, "config", arena_printf(f->arena, "[default]\ncredential_process = %s\n", cases[i].command));
        assert_string_equal(get(f), cases[i].message);
    }
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.org/x", 1);
    put(f, "config", "");
    assert_string_equal(
        get(f), "AWS credentials from the container: http://example.org/x is neither of this machine nor https");
}

static void test_time(void **state)
{
    (void)state;
    int64_t at;
    assert_true(provider_time("2026-01-01T00:00:00Z", &at));
    assert_int_equal(at, 1767225600000000);
    assert_true(provider_time("2026-01-01T02:00:00.25+02:00", &at));
    assert_int_equal(at, 1767225600000000);
    assert_false(provider_time("tomorrow", &at));
    assert_false(provider_time("2026-01-01T00:00:00", &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_profile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renewal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_process_that_fails, set_up, tear_down),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
