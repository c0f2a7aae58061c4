#include "worker/aws/sigv4.h"

#include "shared/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_CANONICAL = 64 * 1024, DIGEST_BYTES = 32, DAY_CHARS = 8 };

char *sigv4_date(int64_t at, char out[SIGV4_DATE_SIZE])
{
    time_t seconds = (time_t)(at / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(out, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &parts);
    return out;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

void sigv4_encode(struct buf *out, struct str text, bool keep_slash)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (is_unreserved(text.p[i]) || (keep_slash && c == '/')) {
            buf_add_byte(out, text.p[i]);
            continue;
        }
        const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
        buf_add(out, escaped, sizeof escaped);
    }
}

/* ---- the canonical request ---- */

/* Sorting "name=value" as one text would put "a=" before "a-b=": '-' sorts before '='. */
static int by_name(const void *a, const void *b)
{
    const struct sigv4_pair *x = a, *y = b;
    int order = str_cmp(x->name, y->name);
    return order ? order : str_cmp(x->value, y->value);
}

static bool encode_pairs(
    const struct sigv4_pair *query, size_t count, struct sigv4_pair *encoded, struct buf *text, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        sigv4_encode(text, query[i].name, false);
        encoded[i].name.n = text->n;
        sigv4_encode(text, query[i].value, false);
        encoded[i].value.n = text->n;
    }
    if (!buf_ok(text, "a query", err))
        return false;
    const char *at = text->p; /* which stays where it is from here on */
    for (size_t i = 0; i < count; i++) {
        encoded[i].name = (struct str){at, (size_t)(text->p + encoded[i].name.n - at)};
        at += encoded[i].name.n;
        encoded[i].value = (struct str){at, (size_t)(text->p + encoded[i].value.n - at)};
        at += encoded[i].value.n;
    }
    return true;
}

bool sigv4_query(const struct sigv4_pair *query, size_t count, struct buf *out, struct err *err)
{
    struct sigv4_pair *encoded = calloc(count + 1, sizeof *encoded);
    struct buf text;
    buf_init(&text, MAX_CANONICAL);
    bool ok = encoded ? encode_pairs(query, count, encoded, &text, err) : ERR(err, ERR_MEMORY, "no memory for a query");
    if (ok)
        qsort(encoded, count, sizeof *encoded, by_name);
    for (size_t i = 0; ok && i < count; i++) {
        if (i)
            buf_add_byte(out, '&');
        buf_add_str(out, encoded[i].name);
        buf_add_byte(out, '=');
        buf_add_str(out, encoded[i].value);
    }
    buf_dispose(&text);
    free(encoded);
    return ok;
}

/* Trimmed, and runs of blanks as one. */
static void add_value(struct buf *out, struct str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != ' ' || value.p[i - 1] != ' ')
            buf_add_byte(out, value.p[i]);
}

static void add_names(struct buf *out, const struct sigv4_pair *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add_byte(out, ';');
        buf_add_str(out, headers[i].name);
    }
}

static bool canonical(
    const struct sigv4_request *request, const struct sigv4_pair *headers, struct buf *out, struct err *err)
{
    buf_printf(out, "%s\n" STR_FMT "\n", request->method, STR_ARG(request->path));
    if (!sigv4_query(request->query, request->query_count, out, err))
        return false;
    buf_add_byte(out, '\n');
    for (size_t i = 0; i < request->header_count; i++) {
        buf_add_str(out, headers[i].name);
        buf_add_byte(out, ':');
        add_value(out, headers[i].value);
        buf_add_byte(out, '\n');
    }
    buf_add_byte(out, '\n');
    add_names(out, headers, request->header_count);
    buf_add_byte(out, '\n');
    buf_add_str(out, request->payload_sha256);
    return buf_ok(out, "a request to be signed", err);
}

/* ---- the signature ---- */

static void hmac(const unsigned char *key, size_t key_size, struct str text, unsigned char out[DIGEST_BYTES])
{
    unsigned size = DIGEST_BYTES;
    if (!HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text.p, text.n, out, &size))
        abort(); /* it needs a few hundred bytes; nothing can go on without them */
}

static bool signing_key(const struct credentials *credentials, const struct sigv4_scope *scope, struct str day,
    unsigned char key[DIGEST_BYTES], struct err *err)
{
    struct buf seed;
    buf_init(&seed, MAX_CANONICAL);
    buf_add_cstr(&seed, "AWS4");
    buf_add_str(&seed, credentials_text(&credentials->secret_key));
    if (!buf_ok(&seed, "a signing key", err))
        return false;
    hmac((const unsigned char *)seed.p, seed.n, day, key);
    hmac(key, DIGEST_BYTES, scope->region, key);
    hmac(key, DIGEST_BYTES, scope->service, key);
    hmac(key, DIGEST_BYTES, STR("aws4_request"), key);
    OPENSSL_cleanse(seed.p, seed.n);
    buf_dispose(&seed);
    return true;
}

static bool sign(const struct credentials *credentials, const struct sigv4_scope *scope, const char *date,
    struct str canonical_request, struct buf *out, struct err *err)
{
    static const char hex[] = "0123456789abcdef";
    char hash[SHA256_TEXT_SIZE];
    unsigned char key[DIGEST_BYTES], signature[DIGEST_BYTES];
    struct str day = {date, DAY_CHARS};
    struct buf text;
    if (!signing_key(credentials, scope, day, key, err))
        return false;
    sha256_of(canonical_request, hash);
    buf_init(&text, MAX_CANONICAL);
    buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n" STR_FMT "/" STR_FMT "/" STR_FMT "/aws4_request\n%s", date, STR_ARG(day),
        STR_ARG(scope->region), STR_ARG(scope->service), hash);
    bool ok = buf_ok(&text, "a request to be signed", err);
    if (ok)
        hmac(key, sizeof key, buf_str(&text), signature);
    OPENSSL_cleanse(key, sizeof key);
    buf_dispose(&text);
    for (size_t i = 0; ok && i < DIGEST_BYTES; i++) {
        buf_add_byte(out, hex[signature[i] >> 4]);
        buf_add_byte(out, hex[signature[i] & 15]);
    }
    return ok;
}

bool sigv4_authorization(const struct sigv4_request *request, const struct credentials *credentials,
    const struct sigv4_scope *scope, const char date[SIGV4_DATE_SIZE], struct buf *out, struct err *err)
{
    struct sigv4_pair *headers = calloc(request->header_count + 1, sizeof *headers);
    struct buf text;
    if (!headers)
        return ERR(err, ERR_MEMORY, "no memory for headers");
    memcpy(headers, request->headers, request->header_count * sizeof *headers);
    qsort(headers, request->header_count, sizeof *headers, by_name);
    buf_init(&text, MAX_CANONICAL);
    buf_printf(out, "AWS4-HMAC-SHA256 Credential=" STR_FMT "/%.8s/" STR_FMT "/" STR_FMT "/aws4_request, SignedHeaders=",
        STR_ARG(credentials_text(&credentials->access_key)), date, STR_ARG(scope->region), STR_ARG(scope->service));
    add_names(out, headers, request->header_count);
    buf_add_cstr(out, ", Signature=");
    bool ok = canonical(request, headers, &text, err) && sign(credentials, scope, date, buf_str(&text), out, err);
    buf_dispose(&text);
    free(headers);
    return ok && buf_ok(out, "a signature", err);
}
