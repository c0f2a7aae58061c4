/* Is what came what was put? The ETag of an object is the MD5 of its bytes where it was put in one piece, and the MD5
 * of its parts' MD5s where it was put in parts. */
#include "worker/storage/s3_intern.h"

#include "shared/base64.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MD5_BYTES = 16, CHUNK_BYTES = 256 * 1024 };

struct s3_digest s3_digest(const struct http_response *response)
{
    struct s3_digest digest = {.is_ours = http_header(response, "x-amz-meta-sluice").n};
    snprintf(digest.etag, sizeof digest.etag, STR_FMT, STR_ARG(http_header(response, "etag")));
    digest.is_keyed = str_starts(http_header(response, "x-amz-server-side-encryption"), STR("aws:kms")) ||
                      http_header(response, "x-amz-server-side-encryption-customer-algorithm").n;
    return digest;
}

bool s3_md5(struct str bytes, struct buf *out, struct err *err)
{
    unsigned char md5[MD5_BYTES];
    if (EVP_Digest(bytes.p, bytes.n, md5, NULL, EVP_md5(), NULL) != 1)
        return ERR(err, ERR_UNAVAILABLE, "no MD5 here");
    base64_encode(out, (struct str){(const char *)md5, sizeof md5});
    return buf_ok(out, "a digest", err);
}

bool s3_damaged(struct str key, struct err *err)
{
    ERR(err, ERR_UNAVAILABLE, STR_FMT " arrives with other bytes than were put", STR_ARG(key));
    return err_hint(err, "Something between here and the server damages what it carries.");
}

uint64_t s3_part_size(uint64_t size)
{
    uint64_t part = S3_PART_BYTES;
    while (part * (S3_PARTS_MAX - 1) < size)
        part *= 2;
    return part;
}

struct source {
    const struct http_body *bytes;
    bool (*reach)(void *context, uint64_t upto);
    void *context;
};

static bool add(EVP_MD_CTX *md5, const struct source *source, uint64_t from, uint64_t size)
{
    const struct http_body *bytes = source->bytes;
    if (!bytes->from_file)
        return EVP_DigestUpdate(md5, size ? bytes->bytes.p + from : "", (size_t)size) == 1;
    char *chunk = malloc(CHUNK_BYTES);
    bool ok = chunk != NULL;
    while (ok && size) {
        size_t wanted = size < CHUNK_BYTES ? (size_t)size : CHUNK_BYTES;
        if (source->reach && !source->reach(source->context, from + wanted)) {
            ok = false;
            break;
        }
        ssize_t n = pread(bytes->fd, chunk, wanted, (off_t)from);
        if (n < 0 && errno == EINTR)
            continue;
        ok = n > 0 && EVP_DigestUpdate(md5, chunk, (size_t)n) == 1;
        from += ok ? (uint64_t)n : 0;
        size -= ok ? (uint64_t)n : 0;
    }
    free(chunk);
    return ok;
}

static bool sum(const struct source *source, uint64_t from, uint64_t size, unsigned char out[MD5_BYTES])
{
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    bool ok = md5 && EVP_DigestInit_ex(md5, EVP_md5(), NULL) == 1 && add(md5, source, from, size) &&
              EVP_DigestFinal_ex(md5, out, NULL) == 1;
    EVP_MD_CTX_free(md5);
    return ok;
}

static bool sum_parts(const struct source *source, unsigned char out[MD5_BYTES], unsigned *parts)
{
    unsigned char one[MD5_BYTES];
    EVP_MD_CTX *all = EVP_MD_CTX_new();
    uint64_t whole = source->bytes->size, part = s3_part_size(whole), done = 0;
    bool ok = all && EVP_DigestInit_ex(all, EVP_md5(), NULL) == 1;
    for (*parts = 0; ok && (*parts == 0 || done < whole); ++*parts) {
        uint64_t size = whole - done < part ? whole - done : part;
        ok = sum(source, done, size, one) && EVP_DigestUpdate(all, one, sizeof one) == 1;
        done += size;
    }
    ok = ok && EVP_DigestFinal_ex(all, out, NULL) == 1;
    EVP_MD_CTX_free(all);
    return ok;
}

bool s3_is_intact(
    const struct s3_digest *digest, struct http_body bytes, bool (*reach)(void *context, uint64_t upto), void *context)
{
    const struct source source = {&bytes, reach, context};
    unsigned char md5[MD5_BYTES];
    char text[64];
    unsigned parts = 0;
    bool in_parts = strchr(digest->etag, '-') != NULL;
    size_t n = 0;
    if (digest->is_keyed || !digest->etag[0] || (in_parts && !digest->is_ours))
        return true;
    if (!(in_parts ? sum_parts(&source, md5, &parts) : sum(&source, 0, bytes.size, md5)))
        return true;
    text[n++] = '"';
    for (size_t i = 0; i < MD5_BYTES; i++, n += 2)
        snprintf(text + n, 3, "%02x", md5[i]);
    if (in_parts)
        n += (size_t)snprintf(text + n, sizeof text - n, "-%u", parts);
    snprintf(text + n, sizeof text - n, "\"");
    return strcmp(text, digest->etag) == 0;
}
