/* IAM Identity Center: "aws sso login" leaves a token in ~/.aws/sso/cache, by which the profile's role is asked for. A
 * token that is over is a person's to renew. */
#include "worker/aws/provider.h"

#include "shared/clock.h"
#include "shared/fs.h"
#include "worker/aws/sigv4.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 64 * 1024, URL_MAX = 16 * 1024, SHA1_BYTES = 20, MILLISECOND = 1000 };

/* What the profile says; of a session of its own section, or in the profile itself as it was before. */
struct sso {
    const char *session, *start_url, *region, *account, *role;
};

static struct sso read_profile(const struct profile *profile)
{
    struct sso sso = {.session = profile_get(profile, "sso_session"),
        .account = profile_get(profile, "sso_account_id"),
        .role = profile_get(profile, "sso_role_name")};
    sso.start_url = sso.session ? profile_session(profile, "sso_start_url") : profile_get(profile, "sso_start_url");
    sso.region = sso.session ? profile_session(profile, "sso_region") : profile_get(profile, "sso_region");
    return sso;
}

/* The AWS tools name the file by the SHA-1 of the session's name, or of the URL. */
static bool cache_path(const struct sso *sso, struct buf *out, struct err *err)
{
    unsigned char digest[SHA1_BYTES];
    const char *home = getenv("HOME"), *key = sso->session ? sso->session : sso->start_url;
    if (EVP_Digest(key, strlen(key), digest, NULL, EVP_sha1(), NULL) != 1)
        return ERR(err, ERR_UNAVAILABLE, "no SHA-1 here");
    buf_printf(out, "%s/.aws/sso/cache/", home ? home : "");
    for (int i = 0; i < SHA1_BYTES; i++)
        buf_printf(out, "%02x", digest[i]);
    buf_add_cstr(out, ".json");
    return buf_ok(out, "a path", err);
}

static bool read_token(const struct sso *sso, struct buf *token, struct err *err)
{
    struct buf path, text;
    int64_t until = 0;
    buf_init(&path, URL_MAX);
    buf_init(&text, TOKEN_MAX);
    bool ok = cache_path(sso, &path, err) && fs_read(path.p, &text, err);
    json_t *root = ok ? json_loadb(text.n ? text.p : "", text.n, 0, NULL) : NULL;
    const char *found = json_string_value(json_object_get(root, "accessToken"));
    const char *expires = json_string_value(json_object_get(root, "expiresAt"));
    if (ok && (!found || !expires || !provider_time(expires, &until)))
        ok = ERR(err, ERR_UNAVAILABLE, "%s holds no token", path.p);
    if (ok && until <= clock_now())
        ok = ERR(err, ERR_UNAVAILABLE, "the token in %s is over", path.p);
    if (ok)
        buf_printf(token, "x-amz-sso_bearer_token: %s", found);
    json_decref(root);
    if (text.p)
        memset(text.p, 0, text.n);
    buf_dispose(&text);
    buf_dispose(&path);
    return ok ? buf_ok(token, "a token", err) : err_hint(err, "Run: aws sso login");
}

static bool make_url(const struct provider_context *context, const struct sso *sso, struct buf *out, struct err *err)
{
    struct arena *arena = arena_new(0);
    const char *endpoint = arena ? aws_endpoint(context->profile, "sso", arena) : NULL;
    if (endpoint)
        buf_add_cstr(out, endpoint);
    else
        buf_printf(out, "https://portal.sso.%s.amazonaws.com", sso->region);
    buf_add_cstr(out, "/federation/credentials?role_name=");
    sigv4_encode(out, str_of(sso->role), false);
    buf_add_cstr(out, "&account_id=");
    sigv4_encode(out, str_of(sso->account), false);
    arena_free(arena);
    return buf_ok(out, "a URL", err);
}

/* {"roleCredentials": {…, "expiration": milliseconds since 1970}} */
static bool read_answer(struct str body, struct credentials *c, struct err *err)
{
    json_t *root = json_loadb(body.n ? body.p : "", body.n, 0, NULL);
    const json_t *role = json_object_get(root, "roleCredentials");
    const char *access = json_string_value(json_object_get(role, "accessKeyId"));
    const char *secret = json_string_value(json_object_get(role, "secretAccessKey"));
    const char *token = json_string_value(json_object_get(role, "sessionToken"));
    bool ok = (access && secret && token) || ERR(err, ERR_UNAVAILABLE, "the answer holds no credentials");
    if (ok) {
        buf_add_cstr(&c->access_key, access);
        buf_add_cstr(&c->secret_key, secret);
        buf_add_cstr(&c->session_token, token);
        c->expires = json_integer_value(json_object_get(role, "expiration")) * MILLISECOND;
        ok = buf_ok(&c->secret_key, "credentials", err) && buf_ok(&c->session_token, "credentials", err);
    }
    json_decref(root);
    return ok;
}

static bool ask(const struct provider_context *context, const struct sso *sso, struct credentials *c, struct err *err)
{
    struct buf url, token;
    struct http_response response;
    buf_init(&url, URL_MAX);
    buf_init(&token, TOKEN_MAX);
    http_response_init(&response);
    bool ok = read_token(sso, &token, err) && make_url(context, sso, &url, err);
    const char *headers[] = {token.p};
    struct http_request request = {.method = "GET", .url = url.p, .headers = headers, .header_count = 1};
    ok = ok && provider_fetch(context->http, &request, &response, err) && read_answer(buf_str(&response.body), c, err);
    if (token.p)
        memset(token.p, 0, token.n);
    http_response_dispose(&response);
    buf_dispose(&url);
    buf_dispose(&token);
    return ok;
}

enum provided provide_sso(const struct provider_context *context, struct credentials *c, struct err *err)
{
    struct sso sso = read_profile(context->profile);
    if (!sso.account || !sso.role || !sso.start_url || !sso.region)
        return PROVIDED_NOT;
    if (ask(context, &sso, c, err))
        return PROVIDED;
    err_context(err, "AWS credentials by single sign-on");
    return PROVIDED_FAILED;
}
