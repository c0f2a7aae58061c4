#include "worker/aws/provider.h"

#include "shared/fs.h"
#include "shared/subprocess.h"
#include "worker/aws/sigv4.h"
#include "worker/aws/xml.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 256 * 1024, WORDS_MAX = 64, SECOND = 1000000, ATTEMPTS = 3 };

bool provider_time(const char *text, int64_t *at)
{
    struct tm tm = {0};
    int hours = 0, minutes = 0;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    *at = (int64_t)timegm(&tm) * SECOND;
    if (strcmp(rest, "Z") == 0)
        return true;
    if ((*rest != '+' && *rest != '-') || sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
        return false;
    *at += (*rest == '+' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60) * SECOND;
    return true;
}

static bool take_parts(const char *access, const char *secret, const char *token, const char *expiration,
    struct credentials *c, struct err *err)
{
    if (!access || !secret || !*access || !*secret)
        return ERR(err, ERR_UNAVAILABLE, "the answer holds no credentials");
    if (expiration && !provider_time(expiration, &c->expires))
        return ERR(err, ERR_UNAVAILABLE, "the answer's expiration is no time");
    buf_add_cstr(&c->access_key, access);
    buf_add_cstr(&c->secret_key, secret);
    buf_add_cstr(&c->session_token, token ? token : "");
    return buf_ok(&c->session_token, "credentials", err) && buf_ok(&c->secret_key, "credentials", err);
}

bool provider_json(struct str text, struct credentials *c, struct err *err)
{
    json_t *root = json_loadb(text.n ? text.p : "", text.n, 0, NULL);
    const json_t *token = json_object_get(root, "SessionToken");
    token = token ? token : json_object_get(root, "Token");
    bool ok = take_parts(json_string_value(json_object_get(root, "AccessKeyId")),
        json_string_value(json_object_get(root, "SecretAccessKey")), json_string_value(token),
        json_string_value(json_object_get(root, "Expiration")), c, err);
    json_decref(root);
    return ok;
}

static enum provided outcome(bool ok, const char *where, struct err *err)
{
    if (ok)
        return PROVIDED;
    err_context(err, "AWS credentials from %s", where);
    return PROVIDED_FAILED;
}

/* ---- credential_process ---- */

/* As a shell would split it, without its other doings: blanks part words, quotes and a backslash keep them. */
static bool split(char *text, char *words[WORDS_MAX + 1])
{
    size_t count = 0;
    char *from = text, *to = text;
    while (*from) {
        char quote = '\0';
        from += strspn(from, " \t");
        if (!*from)
            break;
        if (count == WORDS_MAX)
            return false;
        words[count++] = to;
        for (; *from && (quote || !strchr(" \t", *from)); from++) {
            if (quote ? *from == quote : *from == '\'' || *from == '"')
                quote = quote ? '\0' : *from;
            else {
                if (*from == '\\' && quote != '\'' && from[1])
                    from++;
                *to++ = *from;
            }
        }
        if (quote)
            return false;
        from += *from != '\0';
        *to++ = '\0';
    }
    words[count] = NULL;
    return count > 0;
}

static bool read_pipe(int fd, struct buf *out, struct err *err)
{
    char chunk[4096];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno != EINTR)
            return ERR_ERRNO(err, "cannot read what it says");
        if (n > 0)
            buf_add(out, chunk, (size_t)n);
    }
    memset(chunk, 0, sizeof chunk);
    return buf_ok(out, "what it says", err);
}

static bool run_process(const char *command, struct credentials *c, struct err *err)
{
    struct subprocess process;
    struct buf text;
    char *words[WORDS_MAX + 1], *copy = strdup(command);
    int status = 0;
    if (!copy)
        return ERR(err, ERR_MEMORY, "no memory for a command");
    buf_init(&text, TEXT_MAX);
    bool ok = split(copy, words) || ERR(err, ERR_CONFIG, "it cannot be split into words");
    if (ok && (ok = subprocess_start(&process, words, err))) {
        ok = read_pipe(process.out, &text, err);
        struct err second;
        bool ended = subprocess_end(&process, &status, ok ? err : &second);
        ok = ok && ended && (status == 0 || ERR(err, ERR_UNAVAILABLE, "it failed"));
        ok = ok && provider_json(buf_str(&text), c, err);
    }
    buf_dispose(&text);
    free(copy);
    return ok;
}

enum provided provide_process(const struct provider_context *context, struct credentials *c, struct err *err)
{
    const char *command = profile_get(context->profile, "credential_process");
    return command ? outcome(run_process(command, c, err), "credential_process", err) : PROVIDED_NOT;
}

/* ---- over http ---- */

bool provider_fetch(
    struct http *http, const struct http_request *request, struct http_response *response, struct err *err)
{
    for (unsigned attempt = 1;; attempt++) {
        bool came = http_send(http, request, response, err);
        if (came && response->status == 200)
            return true;
        bool again = came ? http_may_pass(response->status) : response->cut;
        if (attempt == ATTEMPTS || !again)
            return came ? ERR(err, ERR_UNAVAILABLE, "%s answers %d", request->url, response->status) : false;
        http_pause(attempt);
    }
}

static bool read_token(const char *path, struct buf *out, struct err *err)
{
    if (!fs_read(path, out, err))
        return false;
    struct str token = str_trim(buf_str(out));
    size_t n = token.n;
    memmove(out->p, token.p, n);
    out->p[out->n = n] = '\0';
    return true;
}

static bool is_of_this_machine(const char *url)
{
    static const char *const hosts[] = {
        "http://localhost", "http://127.", "http://[::1]", "http://169.254.170.2", "http://[fd00:ec2::23]", "https://"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strncmp(url, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

static bool ask_container(
    const struct provider_context *context, const char *url, struct credentials *c, struct err *err)
{
    const char *file = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
               *token = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct http_response response;
    struct buf text, header;
    if (!is_of_this_machine(url))
        return ERR(err, ERR_CONFIG, "%s is neither of this machine nor https", url);
    buf_init(&text, TEXT_MAX);
    buf_init(&header, TEXT_MAX);
    http_response_init(&response);
    bool ok = !file || read_token(file, &text, err);
    buf_printf(&header, "Authorization: %s", file ? text.p : token ? token : "");
    const char *headers[] = {header.p};
    struct http_request request = {
        .method = "GET", .url = url, .headers = headers, .header_count = file || token ? 1 : 0};
    ok = ok && buf_ok(&header, "a token", err) && provider_fetch(context->metadata, &request, &response, err) &&
         provider_json(buf_str(&response.body), c, err);
    http_response_dispose(&response);
    buf_dispose(&text);
    buf_dispose(&header);
    return ok;
}

enum provided provide_container(const struct provider_context *context, struct credentials *c, struct err *err)
{
    const char *relative = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
               *full = aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    char *url = NULL;
    if (!relative && !full)
        return PROVIDED_NOT;
    if (asprintf(&url, "%s%s", relative ? "http://169.254.170.2" : "", relative ? relative : full) < 0)
        return outcome(ERR(err, ERR_MEMORY, "no memory"), "the container", err);
    bool ok = ask_container(context, url, c, err);
    free(url);
    return outcome(ok, "the container", err);
}

/* ---- instance metadata, version 2 ---- */

static bool metadata_get(
    struct http *http, const char *base, const char *path, struct str token, struct buf *out, struct err *err)
{
    struct http_response response;
    struct buf url, header;
    buf_init(&url, TEXT_MAX);
    buf_init(&header, TEXT_MAX);
    buf_printf(&url, "%s/latest/meta-data/iam/security-credentials/%s", base, path);
    buf_printf(&header, "X-aws-ec2-metadata-token: " STR_FMT, STR_ARG(token));
    const char *headers[] = {header.p};
    struct http_request request = {.method = "GET", .url = url.p, .headers = headers, .header_count = 1};
    http_response_init(&response);
    bool ok =
        buf_ok(&url, "a URL", err) && buf_ok(&header, "a token", err) && provider_fetch(http, &request, &response, err);
    if (ok)
        buf_add_str(out, str_trim(buf_str(&response.body)));
    http_response_dispose(&response);
    buf_dispose(&url);
    buf_dispose(&header);
    return ok && buf_ok(out, "an answer of the metadata service", err);
}

static bool ask_instance(struct http *http, const char *base, struct str token, struct credentials *c, struct err *err)
{
    struct buf role, document;
    buf_init(&role, TEXT_MAX);
    buf_init(&document, TEXT_MAX);
    bool ok = metadata_get(http, base, "", token, &role, err);
    if (ok && role.p)
        role.p[str_find_byte(buf_str(&role), '\n')] = '\0';
    ok = ok && metadata_get(http, base, role.p ? role.p : "", token, &document, err) &&
         provider_json(buf_str(&document), c, err);
    buf_dispose(&role);
    buf_dispose(&document);
    return ok;
}

enum provided provide_instance(const struct provider_context *context, struct credentials *c, struct err *err)
{
    const char *disabled = aws_env("AWS_EC2_METADATA_DISABLED"), *base = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    static const char *const headers[] = {"X-aws-ec2-metadata-token-ttl-seconds: 21600"};
    struct http_response response;
    char *url = NULL;
    if (disabled && strcasecmp(disabled, "true") == 0)
        return PROVIDED_NOT;
    base = base ? base : "http://169.254.169.254";
    if (asprintf(&url, "%s/latest/api/token", base) < 0)
        return PROVIDED_NOT;
    struct http_request request = {
        .method = "PUT", .url = url, .headers = headers, .header_count = 1, .limit_us = 2 * SECOND};
    http_response_init(&response);
    /* Nobody who answers there: this is no instance. */
    enum provided provided = PROVIDED_NOT;
    if (http_send(context->metadata, &request, &response, err) && response.status == 200)
        provided = outcome(ask_instance(context->metadata, base, str_trim(buf_str(&response.body)), c, err),
            "the instance's metadata", err);
    http_response_dispose(&response);
    free(url);
    return provided;
}

/* ---- web identity ---- */

static void add_field(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "&%s=", name);
    sigv4_encode(out, value, false);
}

static bool read_sts(struct str body, struct credentials *c, struct err *err)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
    struct buf parts[4];
    struct xml xml = {body};
    struct str name, root = STR("");
    if (xml_next(&xml, &name, &root))
        root = xml_child(xml_child(root, "AssumeRoleWithWebIdentityResult"), "Credentials");
    for (int i = 0; i < 4; i++) {
        buf_init(&parts[i], TEXT_MAX);
        xml_text(&parts[i], xml_child(root, names[i]));
    }
    bool ok = take_parts(parts[0].p, parts[1].p, parts[2].p, parts[3].p, c, err);
    for (int i = 0; i < 4; i++) {
        if (parts[i].p)
            memset(parts[i].p, 0, parts[i].n);
        buf_dispose(&parts[i]);
    }
    return ok;
}

static bool assume_role(
    const struct provider_context *context, const char *file, const char *role, struct credentials *c, struct err *err)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded"};
    const char *session = aws_env("AWS_ROLE_SESSION_NAME"), *region = aws_region(context->profile);
    struct http_response response;
    struct buf token, body, url;
    struct arena *arena = arena_new(0);
    const char *endpoint = arena ? aws_endpoint(context->profile, "sts", arena) : NULL;
    buf_init(&token, TEXT_MAX);
    buf_init(&body, TEXT_MAX);
    buf_init(&url, TEXT_MAX);
    http_response_init(&response);
    bool ok = read_token(file, &token, err);
    buf_add_cstr(&body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    add_field(&body, "RoleArn", str_of(role));
    add_field(&body, "RoleSessionName", str_of(session ? session : "sluiced"));
    add_field(&body, "WebIdentityToken", buf_str(&token));
    if (endpoint)
        buf_printf(&url, "%s/", endpoint);
    else
        buf_printf(&url, "https://sts.%s.amazonaws.com/", region ? region : "us-east-1");
    struct http_request request = {.method = "POST",
        .url = url.p,
        .headers = headers,
        .header_count = 1,
        .body = {.bytes = buf_str(&body), .size = body.n}};
    ok = ok && buf_ok(&body, "a request", err) && buf_ok(&url, "a URL", err) &&
         provider_fetch(context->http, &request, &response, err) && read_sts(buf_str(&response.body), c, err);
    http_response_dispose(&response);
    buf_dispose(&token);
    buf_dispose(&body);
    buf_dispose(&url);
    arena_free(arena);
    return ok;
}

enum provided provide_web_identity(const struct provider_context *context, struct credentials *c, struct err *err)
{
    const char *file = aws_env("AWS_WEB_IDENTITY_TOKEN_FILE"), *role = aws_env("AWS_ROLE_ARN");
    if (!file || !role) {
        file = profile_get(context->profile, "web_identity_token_file");
        role = profile_get(context->profile, "role_arn");
    }
    return file && role ? outcome(assume_role(context, file, role, c, err), "a web identity", err) : PROVIDED_NOT;
}
