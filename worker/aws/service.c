#include "worker/aws/service.h"

#include "shared/arena.h"
#include "shared/hash.h"
#include "worker/aws/profile.h"
#include "worker/aws/xml.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ATTEMPTS = 4, SECOND = 1000000, SKEW_S = 240, TEXT_MAX = 64 * 1024, HEADERS = 6 };

struct aws_service {
    struct arena *arena;
    struct http *http;
    struct profile *profile;
    struct credential_chain *chain;
    const char *name, *region, *url, *host, *path;
    unsigned attempts;
    _Atomic bool *stop;
    _Atomic int64_t skew_us; /* what the server's clock is ahead */
};

/* What one call has been through. */
struct effort {
    struct aws_service *service;
    const struct aws_call *call;
    struct http_response *response;
    char *code;
    bool came, set_clock, renewed;
};

/* ---- where it is ---- */

static bool split(struct aws_service *s, const char *endpoint, const char *path, struct err *err)
{
    const char *slashes = strstr(endpoint, "://");
    if (!slashes || !slashes[3])
        return ERR(err, ERR_CONFIG, "%s: the endpoint is not like https://host:port", s->name);
    size_t host = strcspn(slashes + 3, "/");
    const char *own = slashes + 3 + host;
    const char *chosen = path ? path : *own ? own : "/";
    s->host = arena_printf(s->arena, "%.*s", (int)host, slashes + 3);
    s->path = arena_cstr(s->arena, chosen);
    s->url = arena_printf(s->arena, "%.*s%s", (int)(own - endpoint), endpoint, chosen);
    return (s->host && s->path && s->url) || ERR(err, ERR_MEMORY, "no memory for an endpoint");
}

/* A queue's URL says where it lies: https://sqs.eu-west-1.amazonaws.com/… */
static const char *region_of(const struct aws_service *s, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    size_t n = strlen(s->name);
    if (!host || strncmp(host + 3, s->name, n) != 0 || host[3 + n] != '.' || !strstr(host, ".amazonaws.com"))
        return NULL;
    return arena_printf(s->arena, "%.*s", (int)strcspn(host + 4 + n, "."), host + 4 + n);
}

static bool locate(struct aws_service *s, const struct aws_service_options *options, struct err *err)
{
    const char *endpoint = aws_endpoint(s->profile, options->setting, s->arena), *path = NULL;
    s->region = options->region ? arena_cstr(s->arena, options->region) : region_of(s, options->url);
    s->region = s->region ? s->region : aws_region(s->profile);
    if (!s->region) {
        ERR(err, ERR_CONFIG, "%s: no region is set", s->name);
        return err_hint(err, "AWS_REGION or the AWS profile's region says which.");
    }
    if (options->url && endpoint) {
        const char *host = strstr(options->url, "://");
        path = host ? strchr(host + 3, '/') : NULL;
    }
    endpoint = endpoint ? endpoint : options->url;
    if (!endpoint)
        endpoint = arena_printf(s->arena, "https://%s.%s.amazonaws.com", s->name, s->region);
    return endpoint ? split(s, endpoint, path, err) : ERR(err, ERR_MEMORY, "no memory for an endpoint");
}

struct aws_service *aws_service_new(const struct aws_service_options *options, struct err *err)
{
    const struct http_options http = {
        .ca_bundle = aws_env("AWS_CA_BUNDLE"), .stall_timeout_us = options->stall_timeout};
    struct arena *arena = arena_new(0);
    struct aws_service *s = arena ? ARENA_NEW(arena, struct aws_service) : NULL;
    if (!s) {
        arena_free(arena);
        ERR(err, ERR_MEMORY, "no memory for a service");
        return NULL;
    }
    s->arena = arena;
    s->name = arena_cstr(arena, options->name);
    s->attempts = options->attempts ? options->attempts : ATTEMPTS;
    s->stop = options->stop;
    if (s->name && profile_load(&s->profile, arena, err) && locate(s, options, err)) {
        s->http = http_new(&http);
        s->chain = s->http ? credential_chain_new(s->profile, s->http) : NULL;
        if (s->chain)
            return s;
        ERR(err, ERR_MEMORY, "no memory for a service");
    }
    aws_service_free(s);
    return NULL;
}

void aws_service_free(struct aws_service *s)
{
    if (!s)
        return;
    credential_chain_free(s->chain);
    http_free(s->http);
    arena_free(s->arena);
}

/* ---- one attempt ---- */

/* The machine's clock: the one that may be frozen for a test is not for servers. */
static int64_t machine_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

struct wire {
    struct buf authorization, lines;
    char date[SIGV4_DATE_SIZE], hash[SHA256_TEXT_SIZE], type[40];
    struct sigv4_pair pairs[HEADERS];
    const char *headers[HEADERS + 1];
};

static bool sign(struct effort *e, struct wire *w, const struct credentials *credentials, struct err *err)
{
    struct aws_service *s = e->service;
    const struct aws_call *call = e->call;
    size_t count = 0, at[HEADERS];
    sha256_of(call->body, w->hash);
    snprintf(w->type, sizeof w->type, "application/x-amz-json-%s", call->version ? call->version : "1.1");
    w->pairs[count++] = (struct sigv4_pair){
        STR("content-type"), call->target ? str_of(w->type) : STR("application/x-www-form-urlencoded")};
    w->pairs[count++] =
        (struct sigv4_pair){STR("x-amz-date"), str_of(sigv4_date(machine_time() + atomic_load(&s->skew_us), w->date))};
    if (call->target)
        w->pairs[count++] = (struct sigv4_pair){STR("x-amz-target"), str_of(call->target)};
    if (credentials->session_token.n)
        w->pairs[count++] = (struct sigv4_pair){STR("x-amz-security-token"), buf_str(&credentials->session_token)};
    size_t sent = count;
    w->pairs[count++] = (struct sigv4_pair){STR("host"), str_of(s->host)};
    const struct sigv4_request request = {.method = "POST",
        .path = str_of(s->path),
        .headers = w->pairs,
        .header_count = count,
        .payload_sha256 = {w->hash, SHA256_TEXT_SIZE - 1}};
    const struct sigv4_scope scope = {str_of(s->region), str_of(s->name)};
    buf_add_cstr(&w->authorization, "Authorization: ");
    if (!sigv4_authorization(&request, credentials, &scope, w->date, &w->authorization, err))
        return false;
    for (size_t i = 0; i < sent; i++) {
        at[i] = w->lines.n;
        buf_printf(&w->lines, STR_FMT ": " STR_FMT, STR_ARG(w->pairs[i].name), STR_ARG(w->pairs[i].value));
        buf_add_byte(&w->lines, '\0');
    }
    if (!buf_ok(&w->lines, "a request's headers", err))
        return false;
    for (size_t i = 0; i < sent; i++)
        w->headers[i] = w->lines.p + at[i];
    w->headers[sent] = w->authorization.p;
    w->headers[sent + 1] = NULL;
    return true;
}

static bool attempt(struct effort *e, struct err *err)
{
    struct credentials credentials;
    struct wire w = {0};
    if (!credential_chain_get(e->service->chain, &credentials, err))
        return false;
    buf_init(&w.authorization, TEXT_MAX);
    buf_init(&w.lines, TEXT_MAX);
    bool ok = sign(e, &w, &credentials, err);
    credentials_dispose(&credentials);
    size_t count = 0;
    while (ok && w.headers[count])
        count++;
    const struct http_request request = {.method = "POST",
        .url = e->service->url,
        .headers = w.headers,
        .header_count = count,
        .body = {.bytes = e->call->body, .size = e->call->body.n},
        .limit_us = e->call->limit_us,
        .stop = e->service->stop};
    ok = ok && http_send(e->service->http, &request, e->response, err);
    e->came = ok;
    buf_dispose(&w.authorization);
    buf_dispose(&w.lines);
    return ok;
}

/* ---- what an answer means ---- */

static void read_xml(struct effort *e, struct buf *said)
{
    struct xml xml = {buf_str(&e->response->body)};
    struct str root, content;
    if (!xml_next(&xml, &root, &content))
        return;
    struct str error = xml_child(content, "Error");
    snprintf(e->code, AWS_CODE_SIZE, STR_FMT, STR_ARG(xml_child(error, "Code")));
    xml_text(said, xml_child(error, "Message"));
}

/* "com.amazonaws.secretsmanager#ResourceNotFoundException" */
static void read_json(struct effort *e, struct buf *said)
{
    json_t *root = json_loadb(e->response->body.p ? e->response->body.p : "", e->response->body.n, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "__type"));
    const char *message = json_string_value(json_object_get(root, "message"));
    const char *hash = type ? strchr(type, '#') : NULL;
    message = message ? message : json_string_value(json_object_get(root, "Message"));
    snprintf(e->code, AWS_CODE_SIZE, "%s", hash ? hash + 1 : type ? type : "");
    buf_add_cstr(said, message ? message : "");
    json_decref(root);
}

static bool is_one_of(const char *code, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

static bool learn_time(struct effort *e)
{
    char date[64];
    struct tm tm = {0};
    int status = e->response->status;
    snprintf(date, sizeof date, STR_FMT, STR_ARG(http_header(e->response, "date")));
    if (e->set_clock || (status != 400 && status != 403) || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return false;
    int64_t ahead = (int64_t)timegm(&tm) * SECOND - machine_time();
    if (llabs(ahead - atomic_load(&e->service->skew_us)) < (int64_t)SKEW_S * SECOND)
        return false;
    atomic_store(&e->service->skew_us, ahead);
    return e->set_clock = true;
}

static bool learn_credentials(struct effort *e)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", NULL};
    if (e->renewed || !is_one_of(e->code, codes))
        return false;
    credential_chain_expire(e->service->chain);
    return e->renewed = true;
}

static bool may_pass(const struct effort *e)
{
    static const char *const codes[] = {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
        "RequestThrottledException", "TooManyRequestsException", "InternalFailure", "InternalServiceError",
        "InternalServiceErrorException", "ServiceUnavailable", NULL};
    return http_may_pass(e->response->status) || is_one_of(e->code, codes);
}

static bool is_missing(const struct effort *e)
{
    static const char *const codes[] = {"ResourceNotFoundException", "NotFound", "NotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", NULL};
    return e->response->status == 404 || is_one_of(e->code, codes);
}

static bool refused(struct effort *e, struct str said, struct err *err)
{
    enum err_kind kind = may_pass(e) ? ERR_UNAVAILABLE : is_missing(e) ? ERR_NOT_FOUND : ERR_CONFIG;
    ERR(err, kind, "%s: %s%s%.200s (status %d)", e->call->action, e->code[0] ? e->code : "refused", said.n ? ": " : "",
        said.n ? said.p : "", e->response->status);
    if (strstr(e->code, "AccessDenied") || strstr(e->code, "AuthorizationError"))
        err_hint(err, "Allow %s for the credentials that are used.", e->call->action);
    return false;
}

static bool try_once(struct effort *e, bool *again, bool *counts, struct err *err)
{
    struct buf said;
    *counts = true;
    e->code[0] = '\0';
    e->came = false;
    err_clear(err);
    if (!attempt(e, err)) {
        *again = !e->came && e->response->cut;
        return err->kind == ERR_UNAVAILABLE ? err_context(err, "%s", e->call->action) : false;
    }
    if (e->response->status / 100 == 2)
        return true;
    buf_init(&said, TEXT_MAX);
    if (e->call->target)
        read_json(e, &said);
    else
        read_xml(e, &said);
    *counts = !learn_time(e) && !learn_credentials(e);
    *again = !*counts || may_pass(e);
    refused(e, buf_str(&said), err);
    buf_dispose(&said);
    return false;
}

bool aws_service_send(struct aws_service *service, const struct aws_call *call, struct http_response *response,
    char code[AWS_CODE_SIZE], struct err *err)
{
    struct effort e = {.service = service, .call = call, .response = response, .code = code};
    bool ok = false, again = true, counts = true;
    for (unsigned made = 0; !ok && again && made < service->attempts; made += counts) {
        if (made && counts)
            http_pause(made);
        again = false;
        ok = try_once(&e, &again, &counts, err);
        again = again && !(service->stop && atomic_load(service->stop));
    }
    return ok;
}

void aws_query_add(struct buf *body, const char *name, struct str value)
{
    buf_printf(body, "&%s=", name);
    sigv4_encode(body, value, false);
}
