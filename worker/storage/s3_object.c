/* Single objects, and lists of them. */
#include "worker/storage/s3_intern.h"

#include "worker/aws/provider.h"
#include "worker/aws/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SECOND = 1000000 };

/* To the second: a list tells more than an answer to HEAD does. */
void s3_version(const char *etag, int64_t modified, char version[64])
{
    snprintf(version, 64, "%.48s-%llx", etag, (unsigned long long)(modified / SECOND));
}

static void copy_header(const struct http_response *response, const char *name, char *out, size_t size)
{
    snprintf(out, size, STR_FMT, STR_ARG(http_header(response, name)));
}

bool s3_stat(struct s3 *s3, struct str key, struct s3_head *head, struct err *err)
{
    struct s3_call call = {.method = "HEAD", .action = "s3:GetObject", .key = key, .takes = S3_TAKES_404};
    struct http_response response;
    struct tm tm = {0};
    char text[64];
    *head = (struct s3_head){0};
    http_response_init(&response);
    bool ok = s3_send(s3, &call, &response, NULL, err);
    head->exists = ok && response.status != 404;
    if (head->exists) {
        copy_header(&response, "content-length", text, sizeof text);
        head->size = strtoull(text, NULL, 10);
        copy_header(&response, "etag", head->etag, sizeof head->etag);
        copy_header(&response, "x-amz-meta-sluice", head->sealed, sizeof head->sealed);
        copy_header(&response, "last-modified", text, sizeof text);
        if (strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
            head->modified = (int64_t)timegm(&tm) * SECOND;
    }
    http_response_dispose(&response);
    return ok;
}

bool s3_get(struct s3 *s3, struct str key, struct buf *out, bool *exists, struct err *err)
{
    struct s3_call call = {.method = "GET", .action = "s3:GetObject", .key = key, .takes = S3_TAKES_404};
    struct http_response response;
    bool ok = true, intact = false;
    http_response_init(&response);
    response.body.max = out->max;
    for (int i = 0; ok && !intact && i < S3_DAMAGED_MOST; i++) {
        ok = s3_send(s3, &call, &response, NULL, err);
        struct s3_digest digest = s3_digest(&response);
        struct http_body body = {.bytes = buf_str(&response.body), .size = response.body.n};
        intact = ok && (response.status == 404 || s3_is_intact(&digest, body, NULL, NULL));
    }
    ok = ok && (intact || s3_damaged(key, err));
    *exists = ok && response.status != 404;
    if (*exists) {
        buf_add_str(out, buf_str(&response.body));
        ok = buf_ok(out, "the contents of an object", err);
    }
    http_response_dispose(&response);
    return ok;
}

static bool put_once(
    struct s3 *s3, struct str key, struct str content, bool only_new, struct http_response *response, struct err *err)
{
    struct s3_call call = {.method = "PUT",
        .action = "s3:PutObject",
        .key = key,
        .body = {.bytes = content, .size = content.n},
        .takes = only_new ? S3_TAKES_412 | S3_TAKES_501 : 0};
    if (only_new)
        s3_add_header(&call, "if-none-match", STR("*"));
    return s3_send(s3, &call, response, NULL, err);
}

bool s3_put(struct s3 *s3, struct str key, struct str content, bool only_new, struct err *err)
{
    struct http_response response;
    struct s3_head head = {0};
    bool asks = only_new && !atomic_load(&s3->no_conditions);
    http_response_init(&response);
    bool ok = put_once(s3, key, content, asks, &response, err);
    if (ok && response.status == 501) {
        atomic_store(&s3->no_conditions, true);
        asks = false;
        ok = s3_stat(s3, key, &head, err) && !head.exists && put_once(s3, key, content, false, &response, err);
    }
    if (ok && response.status == 412)
        head.exists = true;
    http_response_dispose(&response);
    return head.exists ? ERR(err, ERR_EXISTS, STR_FMT " is there already", STR_ARG(key)) : ok;
}

bool s3_delete(struct s3 *s3, struct str key, const char *etag, struct err *err)
{
    struct s3_call call = {.method = "DELETE", .action = "s3:DeleteObject", .key = key, .takes = S3_TAKES_404};
    struct http_response response;
    if (etag && !atomic_load(&s3->no_conditions)) {
        call.takes |= S3_TAKES_412 | S3_TAKES_501;
        s3_add_header(&call, "if-match", str_of(etag));
    }
    http_response_init(&response);
    bool ok = s3_send(s3, &call, &response, NULL, err);
    if (ok && response.status == 501) {
        call.header_count = 0;
        ok = s3_send(s3, &call, &response, NULL, err);
    }
    http_response_dispose(&response);
    return ok;
}

/* ---- lists ---- */

struct listing {
    struct s3 *s3;
    struct str prefix; /* as in the bucket */
    size_t hide_from;  /* of a lake key: names are looked at from here on */
    struct buf key, text, token;
    bool (*each)(void *context, const struct storage_object *object);
    void *context;
    bool more;
    struct err *err;
};

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* encoding-type=url: a '+' is a blank. */
static void decode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        int high = i + 2 < text.n ? digit(text.p[i + 1]) : -1, low = high >= 0 ? digit(text.p[i + 2]) : -1;
        if (text.p[i] == '%' && low >= 0) {
            buf_add_byte(out, (char)(high * 16 + low));
            i += 2;
        } else
            buf_add_byte(out, text.p[i] == '+' ? ' ' : text.p[i]);
    }
}

static bool is_hidden(struct str name)
{
    while (name.n) {
        size_t n = str_find_byte(name, '/');
        if (storage_is_hidden((struct str){name.p, n}))
            return true;
        name = n < name.n ? (struct str){name.p + n + 1, name.n - n - 1} : STR("");
    }
    return false;
}

static void read_text(struct listing *l, struct str content, const char *name)
{
    buf_reset(&l->text);
    xml_text(&l->text, xml_child(content, name));
}

static bool give(struct listing *l, struct str content)
{
    struct storage_object object = {0};
    char etag[64];
    read_text(l, content, "Key");
    buf_reset(&l->key);
    decode(&l->key, buf_str(&l->text));
    struct str key = buf_str(&l->key);
    /* A key that ends in '/' is a folder as some tools make one. */
    if (!str_starts(key, l->s3->prefix) || key.n == l->s3->prefix.n || str_ends(key, STR("/")))
        return true;
    object.key = (struct str){key.p + l->s3->prefix.n, key.n - l->s3->prefix.n};
    if (object.key.n > l->hide_from &&
        is_hidden((struct str){object.key.p + l->hide_from, object.key.n - l->hide_from}))
        return true;
    read_text(l, content, "Size");
    object.size = l->text.n ? strtoull(l->text.p, NULL, 10) : 0;
    read_text(l, content, "LastModified");
    if (!l->text.n || !provider_time(l->text.p, &object.modified))
        object.modified = 0;
    object.modified -= object.modified % SECOND;
    read_text(l, content, "ETag");
    snprintf(etag, sizeof etag, STR_FMT, STR_ARG(buf_str(&l->text)));
    s3_version(etag, object.modified, object.version);
    return l->each(l->context, &object);
}

static bool read_page(struct listing *l, const struct http_response *response)
{
    struct xml xml = {s3_root(response, "ListBucketResult")};
    struct str name, content;
    bool goes_on = true;
    l->more = str_eq(xml_child(xml.rest, "IsTruncated"), STR("true"));
    buf_reset(&l->token);
    xml_text(&l->token, xml_child(xml.rest, "NextContinuationToken"));
    if (!xml.rest.n)
        return ERR(l->err, ERR_UNAVAILABLE, "the server's list cannot be understood");
    while (goes_on && xml_next(&xml, &name, &content))
        if (str_eq(name, STR("Contents")))
            goes_on = give(l, content);
    l->more = l->more && goes_on && l->token.n;
    return buf_ok(&l->key, "a key", l->err) && buf_ok(&l->text, "a key", l->err) && buf_ok(&l->token, "a list", l->err);
}

static bool list_page(struct listing *l)
{
    struct s3_call call = {.method = "GET", .action = "s3:ListBucket"};
    struct http_response response;
    struct buf token;
    buf_init(&token, S3_TEXT_MAX);
    buf_add_str(&token, buf_str(&l->token));
    s3_query(&call, "list-type", STR("2"));
    s3_query(&call, "encoding-type", STR("url"));
    s3_query(&call, "max-keys", STR("1000"));
    s3_query(&call, "prefix", l->prefix);
    if (token.n)
        s3_query(&call, "continuation-token", buf_str(&token));
    http_response_init(&response);
    bool ok = s3_send(l->s3, &call, &response, NULL, l->err) && read_page(l, &response);
    http_response_dispose(&response);
    buf_dispose(&token);
    return ok;
}

bool s3_list(struct storage *storage, struct str prefix,
    bool (*each)(void *context, const struct storage_object *object), void *context, struct err *err)
{
    struct s3 *s3 = s3_of(storage);
    struct buf whole;
    struct listing l = {.s3 = s3, .each = each, .context = context, .more = true, .err = err};
    while (l.hide_from < prefix.n && memchr(prefix.p + l.hide_from, '/', prefix.n - l.hide_from))
        l.hide_from++;
    buf_init(&whole, S3_KEY_MAX);
    buf_init(&l.key, S3_KEY_MAX);
    buf_init(&l.text, S3_TEXT_MAX);
    buf_init(&l.token, S3_TEXT_MAX);
    buf_add_str(&whole, s3->prefix);
    buf_add_str(&whole, prefix);
    l.prefix = buf_str(&whole);
    bool ok = buf_ok(&whole, "a prefix", err);
    while (ok && l.more)
        ok = list_page(&l);
    buf_dispose(&whole);
    buf_dispose(&l.key);
    buf_dispose(&l.text);
    buf_dispose(&l.token);
    return ok;
}
