#include "worker/net/http.h"

#include "shared/str.h"
#include "worker/net/libcurl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    IDLE_MAX = 16,
    HEADERS_MAX = 256 * 1024,
    CONNECT_TIMEOUT_MS = 10 * 1000,
    STALL_TIMEOUT_S = 30,
    PAUSE_FIRST_US = 50 * 1000,
    PAUSE_MOST_US = 5 * 1000 * 1000,
};

struct http {
    struct http_options options;
    char *ca_bundle;
    pthread_mutex_t lock;
    CURL *idle[IDLE_MAX]; /* each with its open connections */
    size_t idle_count;
};

/* One request under way. */
struct transfer {
    const struct http_request *request;
    struct http_response *response;
    CURL *curl;
    uint64_t sent;
    struct err *err;
    bool refused; /* by take(): err is set */
};

struct http *http_new(const struct http_options *options)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return NULL;
    http->options = *options;
    pthread_mutex_init(&http->lock, NULL);
    http->ca_bundle = options->ca_bundle ? strdup(options->ca_bundle) : NULL;
    if (!options->ca_bundle || http->ca_bundle)
        return http;
    http_free(http);
    return NULL;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    while (http->idle_count)
        libcurl.easy_cleanup(http->idle[--http->idle_count]);
    pthread_mutex_destroy(&http->lock);
    free(http->ca_bundle);
    free(http);
}

void http_response_init(struct http_response *response)
{
    *response = (struct http_response){0};
    buf_init(&response->headers, HEADERS_MAX);
    buf_init(&response->body, HTTP_BODY_MAX);
}

void http_response_dispose(struct http_response *response)
{
    buf_dispose(&response->headers);
    buf_dispose(&response->body);
}

static CURL *take_handle(struct http *http)
{
    CURL *curl = NULL;
    pthread_mutex_lock(&http->lock);
    if (http->idle_count)
        curl = http->idle[--http->idle_count];
    pthread_mutex_unlock(&http->lock);
    if (!curl)
        return libcurl.easy_init();
    libcurl.easy_reset(curl);
    return curl;
}

static void give_handle(struct http *http, CURL *curl)
{
    pthread_mutex_lock(&http->lock);
    bool kept = http->idle_count < IDLE_MAX;
    if (kept)
        http->idle[http->idle_count++] = curl;
    pthread_mutex_unlock(&http->lock);
    if (!kept)
        libcurl.easy_cleanup(curl);
}

/* ---- what libcurl calls ---- */

static size_t take_header(char *p, size_t size, size_t n, void *context)
{
    struct transfer *t = context;
    /* A new status line begins the headers of a new answer: those of 100 Continue are forgotten. */
    if (size * n > 5 && memcmp(p, "HTTP/", 5) == 0)
        buf_reset(&t->response->headers);
    buf_add(&t->response->headers, p, size * n);
    return t->response->headers.failed ? 0 : size * n;
}

static size_t take_body(char *p, size_t size, size_t n, void *context)
{
    struct transfer *t = context;
    long status = 0;
    libcurl.easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->request->take && status / 100 == 2) {
        t->refused = !t->request->take(t->request->context, (struct str){p, size * n}, t->err);
        return t->refused ? 0 : size * n;
    }
    buf_add(&t->response->body, p, size * n);
    return t->response->body.failed ? 0 : size * n;
}

static size_t give_body(char *p, size_t size, size_t n, void *context)
{
    struct transfer *t = context;
    const struct http_body *body = &t->request->body;
    uint64_t left = body->size - t->sent;
    size_t wanted = left < size * n ? (size_t)left : size * n;
    ssize_t got = 0;
    if (!body->from_file) {
        memcpy(p, body->bytes.p + t->sent, wanted);
        got = (ssize_t)wanted;
    } else
        do
            got = pread(body->fd, p, wanted, (off_t)(body->offset + t->sent));
        while (got < 0 && errno == EINTR);
    if (got < 0 || (wanted && !got))
        return CURL_READFUNC_ABORT;
    t->sent += (uint64_t)got;
    return (size_t)got;
}

/* A connection that was kept and has died: what was sent is sent again from its start. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
    struct transfer *t = context;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    t->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int look_at_stop(void *context, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
    const struct transfer *t = context;
    (void)down, (void)downloaded, (void)up, (void)uploaded;
    return atomic_load(t->request->stop);
}

/* ---- a request ---- */

static void set_options(struct http *http, struct transfer *t)
{
    CURL *curl = t->curl;
    const struct http_options *options = &http->options;
    long connect_ms = options->connect_timeout_us ? (long)(options->connect_timeout_us / 1000) : CONNECT_TIMEOUT_MS;
    long stall_s = options->stall_timeout_us ? (long)((options->stall_timeout_us + 999999) / 1000000) : STALL_TIMEOUT_S;
    libcurl.easy_setopt(curl, CURLOPT_URL, t->request->url);
    libcurl.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    libcurl.easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a key may hold "..": it is signed as it is */
    libcurl.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    libcurl.easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    libcurl.easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    libcurl.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    libcurl.easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, t->request->slowest ? t->request->slowest : 1L);
    libcurl.easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall_s);
    libcurl.easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(t->request->limit_us / 1000));
    libcurl.easy_setopt(curl, CURLOPT_BUFFERSIZE, 256 * 1024L);
    libcurl.easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256 * 1024L);
    libcurl.easy_setopt(curl, CURLOPT_USERAGENT, "sluiced/" SLUICE_VERSION);
    if (t->request->stop) {
        libcurl.easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        libcurl.easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_stop);
        libcurl.easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    }
    if (http->ca_bundle)
        libcurl.easy_setopt(curl, CURLOPT_CAINFO, http->ca_bundle);
    if (options->ignore_proxy)
        libcurl.easy_setopt(curl, CURLOPT_PROXY, "");
    libcurl.easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    libcurl.easy_setopt(curl, CURLOPT_HEADERDATA, t);
    libcurl.easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    libcurl.easy_setopt(curl, CURLOPT_WRITEDATA, t);
}

static void set_method(struct transfer *t)
{
    const struct http_request *request = t->request;
    CURL *curl = t->curl;
    if (strcmp(request->method, "HEAD") == 0) {
        libcurl.easy_setopt(curl, CURLOPT_NOBODY, 1L);
        return;
    }
    bool sends = strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0;
    libcurl.easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (!sends)
        return;
    libcurl.easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    libcurl.easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.size);
    libcurl.easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    libcurl.easy_setopt(curl, CURLOPT_READDATA, t);
    libcurl.easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_body);
    libcurl.easy_setopt(curl, CURLOPT_SEEKDATA, t);
}

static bool set_headers(const struct http_request *request, struct curl_slist **list)
{
    /* Without "Expect: 100-continue": servers that don't know it would cost a second each. */
    struct curl_slist *all = libcurl.slist_append(NULL, "Expect:");
    for (size_t i = 0; all && i < request->header_count; i++) {
        struct curl_slist *more = libcurl.slist_append(all, request->headers[i]);
        if (!more) {
            libcurl.slist_free_all(all);
            all = NULL;
            break;
        }
        all = more;
    }
    *list = all;
    return all != NULL;
}

/* A wrong name, certificate or setting stays wrong. */
static bool is_for_good(CURLcode code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_OUT_OF_MEMORY:
        return true;
    default:
        return false;
    }
}

static bool failed(struct transfer *t, CURLcode code, const char *detail, struct err *err)
{
    if (t->refused)
        return false;
    if (t->response->body.failed || t->response->headers.failed)
        return ERR(err, ERR_UNAVAILABLE, "the answer to %s is larger than is taken", t->request->method);
    t->response->cut = !is_for_good(code);
    ERR(err, ERR_UNAVAILABLE, "%s", *detail ? detail : libcurl.easy_strerror(code));
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        err_hint(err, "Its certificate is not one that is trusted here: AWS_CA_BUNDLE names a file of others.");
    return false;
}

bool http_send(struct http *http, const struct http_request *request, struct http_response *response, struct err *err)
{
    char detail[CURL_ERROR_SIZE] = "";
    struct transfer t = {.request = request, .response = response, .err = err};
    struct curl_slist *headers;
    long status = 0, connects = 0;
    response->status = 0;
    response->cut = false;
    buf_reset(&response->headers);
    buf_reset(&response->body);
    if (!libcurl_load(err))
        return false;
    t.curl = take_handle(http);
    if (!t.curl || !set_headers(request, &headers)) {
        if (t.curl)
            give_handle(http, t.curl);
        return ERR(err, ERR_MEMORY, "no memory for a request");
    }
    set_options(http, &t);
    set_method(&t);
    libcurl.easy_setopt(t.curl, CURLOPT_ERRORBUFFER, detail);
    libcurl.easy_setopt(t.curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = libcurl.easy_perform(t.curl);
    libcurl.easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
    libcurl.easy_getinfo(t.curl, CURLINFO_NUM_CONNECTS, &connects);
    response->status = (int)status;
    response->connected = connects > 0;
    bool ok = code == CURLE_OK || failed(&t, code, detail, err);
    libcurl.easy_setopt(t.curl, CURLOPT_ERRORBUFFER, NULL);
    libcurl.slist_free_all(headers);
    give_handle(http, t.curl);
    return ok;
}

/* ---- answers ---- */

struct str http_header(const struct http_response *response, const char *name)
{
    struct str rest = buf_str(&response->headers);
    size_t length = strlen(name);
    while (rest.n) {
        size_t end = str_find_byte(rest, '\n');
        struct str line = {rest.p, end};
        rest = end < rest.n ? (struct str){rest.p + end + 1, rest.n - end - 1} : (struct str){NULL, 0};
        if (line.n > length && line.p[length] == ':' && strncasecmp(line.p, name, length) == 0)
            return str_trim((struct str){line.p + length + 1, line.n - length - 1});
    }
    return STR("");
}

bool http_may_pass(int status)
{
    return status == 500 || status == 502 || status == 503 || status == 504 || status == 429 || status == 408;
}

void http_pause(unsigned attempt)
{
    uint64_t most = PAUSE_FIRST_US, random = 0;
    for (unsigned i = 0; i < attempt && most < PAUSE_MOST_US; i++)
        most *= 2;
    if (most > PAUSE_MOST_US)
        most = PAUSE_MOST_US;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = most / 2;
    random %= most;
    struct timespec wait = {(time_t)(random / 1000000), (long)(random % 1000000) * 1000};
    nanosleep(&wait, NULL);
}
