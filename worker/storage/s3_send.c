#include "worker/storage/s3_intern.h"

#include "shared/fault.h"
#include "shared/hash.h"
#include "shared/log.h"
#include "worker/aws/xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SLOWEST = 1024, HOST_MAX = 300, URL_MAX = 32 * 1024, CHUNK_BYTES = 256 * 1024, SECOND = 1000000, SKEW_S = 240 };

/* What one call has been through. */
struct effort {
    struct s3 *s3;
    const struct s3_call *call;
    struct http_response *response;
    struct str hash; /* of the body */
    unsigned attempt;
    bool came;                          /* the last attempt brought an answer */
    bool set_clock, renewed, relocated; /* each helps once */
    char elsewhere[HOST_MAX];           /* "https://host": where this call was sent on to; or empty */
    char code[64];                      /* of the error's document */
};

void s3_query(struct s3_call *call, const char *name, struct str value)
{
    call->query[call->query_count++] = (struct sigv4_pair){str_of(name), value};
}

void s3_add_header(struct s3_call *call, const char *name, struct str value)
{
    call->headers[call->header_count++] = (struct sigv4_pair){str_of(name), value};
}

const char *s3_name(const struct s3 *s3, struct str key, struct buf *out)
{
    buf_init(out, S3_KEY_MAX);
    buf_printf(out, "s3://" STR_FMT "/" STR_FMT STR_FMT, STR_ARG(s3->bucket), STR_ARG(s3->prefix), STR_ARG(key));
    return out->failed ? "s3://…" : out->p;
}

struct str s3_root(const struct http_response *response, const char *name)
{
    struct xml xml = {buf_str(&response->body)};
    struct str root, content;
    return xml_next(&xml, &root, &content) && str_eq(root, str_of(name)) ? content : STR("");
}

/* ---- the body's hash ---- */

static bool hash_file(const struct http_body *body, char out[SHA256_TEXT_SIZE], struct err *err)
{
    struct sha256 *sha = sha256_new();
    char *chunk = malloc(CHUNK_BYTES);
    uint64_t done = 0;
    bool ok = (sha && chunk) || ERR(err, ERR_MEMORY, "no memory to hash what is sent");
    while (ok && done < body->size) {
        uint64_t left = body->size - done;
        ssize_t n =
            pread(body->fd, chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES, (off_t)(body->offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            ok = n ? ERR_ERRNO(err, "cannot read what is to be sent") : ERR(err, ERR_IO, "what is sent was cut short");
            break;
        }
        sha256_add(sha, chunk, (size_t)n);
        done += (uint64_t)n;
    }
    free(chunk);
    if (ok)
        sha256_finish(sha, out);
    else
        sha256_free(sha);
    return ok;
}

/* TLS keeps large bodies whole on their way: they need not be read twice. */
static bool is_encrypted(const struct s3 *s3)
{
    return !s3->scheme_host || strncmp(s3->scheme_host, "https://", 8) == 0;
}

/* ---- one attempt ---- */

/* The machine's clock: the one that may be frozen for a test is not for servers. */
static int64_t server_time(struct s3 *s3)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&s3->lock);
    int64_t skew = s3->skew_us;
    pthread_mutex_unlock(&s3->lock);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000 + skew;
}

struct wire {
    struct buf path, url, host, authorization, headers;
    char date[SIGV4_DATE_SIZE], region[64];
    struct sigv4_pair pairs[S3_HEADERS_MAX + 4];
    size_t pair_count;
    const char *lines[S3_HEADERS_MAX + 5];
};

static void wire_init(struct wire *w)
{
    *w = (struct wire){0};
    struct buf *all[] = {&w->path, &w->url, &w->host, &w->authorization, &w->headers};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_init(all[i], URL_MAX);
}

static void wire_dispose(struct wire *w)
{
    struct buf *all[] = {&w->path, &w->url, &w->host, &w->authorization, &w->headers};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_dispose(all[i]);
}

static bool wire_url(const struct effort *e, struct wire *w, struct err *err)
{
    struct s3 *s3 = e->s3;
    const struct s3_call *call = e->call;
    pthread_mutex_lock(&s3->lock);
    memcpy(w->region, s3->region, sizeof w->region);
    pthread_mutex_unlock(&s3->lock);
    buf_add_byte(&w->path, '/');
    if (s3->path_style) {
        sigv4_encode(&w->path, s3->bucket, false);
        if (call->key.n)
            buf_add_byte(&w->path, '/');
    }
    if (call->key.n) {
        sigv4_encode(&w->path, s3->prefix, true);
        sigv4_encode(&w->path, call->key, true);
    }
    if (e->elsewhere[0]) {
        buf_add_cstr(&w->url, e->elsewhere);
        buf_add_cstr(&w->host, strstr(e->elsewhere, "://") + 3);
    } else if (s3->scheme_host) {
        buf_add_cstr(&w->url, s3->scheme_host);
        buf_add_cstr(&w->host, s3->host);
    } else {
        if (!s3->path_style)
            buf_printf(&w->host, STR_FMT ".", STR_ARG(s3->bucket));
        buf_printf(&w->host, "s3.%s.amazonaws.com", w->region);
        buf_printf(&w->url, "https://%s", w->host.p ? w->host.p : "");
    }
    buf_add_str(&w->url, buf_str(&w->path));
    if (call->query_count) {
        buf_add_byte(&w->url, '?');
        if (!sigv4_query(call->query, call->query_count, &w->url, err))
            return false;
    }
    return buf_ok(&w->url, "a URL", err) && buf_ok(&w->host, "a URL", err) && buf_ok(&w->path, "a URL", err);
}

static bool wire_sign(struct effort *e, struct wire *w, const struct credentials *credentials, struct err *err)
{
    const struct s3_call *call = e->call;
    memcpy(w->pairs, call->headers, call->header_count * sizeof *call->headers);
    w->pair_count = call->header_count;
    w->pairs[w->pair_count++] = (struct sigv4_pair){STR("x-amz-date"), str_of(sigv4_date(server_time(e->s3), w->date))};
    w->pairs[w->pair_count++] = (struct sigv4_pair){STR("x-amz-content-sha256"), e->hash};
    if (credentials->session_token.n)
        w->pairs[w->pair_count++] =
            (struct sigv4_pair){STR("x-amz-security-token"), buf_str(&credentials->session_token)};
    size_t sent = w->pair_count;
    w->pairs[w->pair_count++] = (struct sigv4_pair){STR("host"), buf_str(&w->host)};
    const struct sigv4_request request = {.method = call->method,
        .path = buf_str(&w->path),
        .query = call->query,
        .query_count = call->query_count,
        .headers = w->pairs,
        .header_count = w->pair_count,
        .payload_sha256 = e->hash};
    const struct sigv4_scope scope = {str_of(w->region), STR("s3")};
    buf_add_cstr(&w->authorization, "Authorization: ");
    if (!sigv4_authorization(&request, credentials, &scope, w->date, &w->authorization, err))
        return false;
    size_t at[S3_HEADERS_MAX + 4];
    for (size_t i = 0; i < sent; i++) {
        at[i] = w->headers.n;
        buf_printf(&w->headers, STR_FMT ": " STR_FMT, STR_ARG(w->pairs[i].name), STR_ARG(w->pairs[i].value));
        buf_add_byte(&w->headers, '\0');
    }
    if (!buf_ok(&w->headers, "a request's headers", err))
        return false;
    for (size_t i = 0; i < sent; i++)
        w->lines[i] = w->headers.p + at[i];
    w->lines[sent] = w->authorization.p;
    w->pair_count = sent + 1;
    return true;
}

static bool attempt(struct effort *e, struct err *err)
{
    struct credentials credentials;
    struct wire wire;
    if (!credential_chain_get(e->s3->chain, &credentials, err))
        return false;
    wire_init(&wire);
    bool ok = wire_url(e, &wire, err) && wire_sign(e, &wire, &credentials, err);
    credentials_dispose(&credentials);
    if (ok) {
        const struct http_request request = {.method = e->call->method,
            .url = wire.url.p,
            .headers = wire.lines,
            .header_count = wire.pair_count,
            .body = e->call->body,
            .take = e->call->take,
            .context = e->call->context,
            .slowest = e->call->take ? SLOWEST : 0,
            .stop = e->call->stop};
        if (e->call->restart)
            e->call->restart(e->call->context);
        ok = http_send(e->s3->http, &request, e->response, err);
        e->came = ok;
    }
    wire_dispose(&wire);
    return ok;
}

/* ---- what an answer means ---- */

static void read_code(struct effort *e)
{
    struct str code = xml_child(s3_root(e->response, "Error"), "Code");
    snprintf(e->code, sizeof e->code, STR_FMT, STR_ARG(code));
}

static bool is_one_of(const char *code, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

static bool is_wanted(const struct effort *e)
{
    unsigned takes = e->call->takes;
    switch (e->response->status) {
    case 404:
        return (takes & S3_TAKES_404) && strcmp(e->code, "NoSuchBucket") != 0;
    case 412:
        return takes & S3_TAKES_412;
    case 416:
        return takes & S3_TAKES_416;
    case 501:
        return takes & S3_TAKES_501;
    default:
        return e->response->status / 100 == 2 && !e->code[0];
    }
}

/* Is it our clock? An answer to HEAD says only that it was refused, and what time it is there. */
static bool learn_time(struct effort *e)
{
    char date[64];
    struct tm tm = {0};
    struct timespec now;
    snprintf(date, sizeof date, STR_FMT, STR_ARG(http_header(e->response, "date")));
    if (e->set_clock || e->response->status != 403 || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return false;
    int64_t theirs = (int64_t)timegm(&tm) * SECOND, off = theirs - server_time(e->s3);
    if (llabs(off) < (int64_t)SKEW_S * SECOND && strcmp(e->code, "RequestTimeTooSkewed") != 0)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&e->s3->lock);
    e->s3->skew_us = theirs - ((int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000);
    pthread_mutex_unlock(&e->s3->lock);
    log_event(LOG_WARN, "clock-differs", "hint", "the server's clock is followed; set this machine's right", NULL);
    e->set_clock = true;
    return true;
}

static bool learn_credentials(struct effort *e)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", NULL};
    if (e->renewed || !is_one_of(e->code, codes))
        return false;
    credential_chain_expire(e->s3->chain);
    return e->renewed = true;
}

static bool learn_region(struct effort *e)
{
    struct s3 *s3 = e->s3;
    struct str region = http_header(e->response, "x-amz-bucket-region");
    int status = e->response->status;
    if (!region.n)
        region = xml_child(s3_root(e->response, "Error"), "Region");
    if (e->relocated || !region.n || region.n >= sizeof s3->region || (status != 301 && status != 400 && status != 403))
        return false;
    pthread_mutex_lock(&s3->lock);
    bool same = str_eq(region, str_of(s3->region));
    if (!same)
        snprintf(s3->region, sizeof s3->region, STR_FMT, STR_ARG(region));
    pthread_mutex_unlock(&s3->lock);
    return e->relocated = !same;
}

/* 307: for a while a new bucket's requests are for another host, which is asked in the same way. Never from TLS to
 * none. */
static bool learn_host(struct effort *e)
{
    struct str location = http_header(e->response, "location");
    size_t scheme = str_starts(location, STR("https://")) ? 8 : str_starts(location, STR("http://")) ? 7 : 0;
    if (e->response->status != 307 || e->elsewhere[0] || !scheme || (scheme == 7 && is_encrypted(e->s3)))
        return false;
    size_t n = scheme;
    while (n < location.n && !strchr("/?#@", location.p[n]))
        n++;
    if (n == scheme || n >= sizeof e->elsewhere || (n < location.n && location.p[n] == '@'))
        return false;
    snprintf(e->elsewhere, sizeof e->elsewhere, "%.*s", (int)n, location.p);
    return true;
}

static bool may_pass(const struct effort *e)
{
    static const char *const codes[] = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout",
        "Throttling", "ThrottlingException", "RequestThrottled", "OperationAborted", "ConditionalRequestConflict",
        NULL};
    return http_may_pass(e->response->status) || is_one_of(e->code, codes);
}

static bool refused(const struct effort *e, struct err *err)
{
    struct buf name, said;
    int status = e->response->status;
    const char *where = s3_name(e->s3, e->call->key, &name);
    buf_init(&said, S3_TEXT_MAX);
    xml_text(&said, xml_child(s3_root(e->response, "Error"), "Message"));
    enum err_kind kind = status == 404 && strcmp(e->code, "NoSuchBucket") != 0 ? ERR_NOT_FOUND
                         : status == 412                                       ? ERR_EXISTS
                                                                               : ERR_UNAVAILABLE;
    ERR(err, kind, "%s of %s: %s%s%.200s (status %d)", e->call->action, where, e->code[0] ? e->code : "refused",
        said.n ? ": " : "", said.n ? said.p : "", status);
    if (strcmp(e->code, "NoSuchBucket") == 0)
        err_hint(err, "There is no such bucket at this endpoint: create it, or name another with --lake.");
    else if (strcmp(e->code, "InvalidAccessKeyId") == 0 || strcmp(e->code, "SignatureDoesNotMatch") == 0)
        err_hint(err, "The credentials are not right for this server: see AWS_PROFILE, AWS_ACCESS_KEY_ID.");
    else if (status == 403)
        err_hint(err, "Allow %s on arn:aws:s3:::%.100s.", e->call->action, where + 5);
    else if (status == 301)
        err_hint(err, "The bucket is in another region: set AWS_REGION.");
    buf_dispose(&name);
    buf_dispose(&said);
    return false;
}

static bool unreachable(const struct effort *e, struct err *err)
{
    struct buf name;
    if (err->kind != ERR_UNAVAILABLE || !e->response->cut)
        return false;
    err_context(err, "%s of %s", e->call->action, s3_name(e->s3, e->call->key, &name));
    buf_dispose(&name);
    if (!err->hint[0])
        err_hint(err, "Is the endpoint right and up? AWS_ENDPOINT_URL_S3 and AWS_REGION say where it is.");
    return false;
}

/* ---- a call ---- */

/* One round. *again: another may do better. */
static bool try_once(struct effort *e, bool *again, struct err *err)
{
    *again = false;
    e->came = false;
    e->code[0] = '\0';
    err_clear(err);
    if (!attempt(e, err)) {
        *again = !e->came && e->response->cut;
        return unreachable(e, err);
    }
    if (e->response->status / 100 != 2 || e->call->may_hide_error)
        read_code(e);
    if (is_wanted(e))
        return true;
    if (learn_time(e) || learn_credentials(e) || learn_region(e) || learn_host(e)) {
        e->attempt--; /* it was no fault of the server's */
        *again = true;
    }
    *again = *again || may_pass(e);
    return refused(e, err);
}

bool s3_send(struct s3 *s3, const struct s3_call *call, struct http_response *response, bool *repeated, struct err *err)
{
    char hash[SHA256_TEXT_SIZE];
    struct effort e = {.s3 = s3, .call = call, .response = response};
    bool writes = strcmp(call->method, "GET") != 0 && strcmp(call->method, "HEAD") != 0;
    if (writes && !fault_pass("request", call->action, err))
        return false;
    bool is_unsigned = call->body.from_file && is_encrypted(s3);
    if (call->body.from_file && !is_unsigned && !hash_file(&call->body, hash, err))
        return false;
    if (!call->body.from_file)
        sha256_of(call->body.bytes, hash);
    e.hash = is_unsigned ? STR(SIGV4_UNSIGNED) : (struct str){hash, SHA256_TEXT_SIZE - 1};
    bool ok = false, again = true;
    unsigned rounds = 0;
    while (again) {
        if (e.attempt)
            http_pause(e.attempt);
        e.attempt++;
        rounds++;
        ok = try_once(&e, &again, err);
        again = !ok && again && e.attempt < s3->attempts && !(call->stop && atomic_load(call->stop));
    }
    if (repeated)
        *repeated = rounds > 1 || response->connected;
    return ok;
}
