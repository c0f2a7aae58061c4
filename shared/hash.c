#include "shared/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024 };

struct sha256 {
    EVP_MD_CTX *context;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *sha = calloc(1, sizeof *sha);
    if (!sha)
        return NULL;
    sha->context = EVP_MD_CTX_new();
    if (sha->context && EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) == 1)
        return sha;
    sha256_free(sha);
    return NULL;
}

void sha256_add(struct sha256 *sha, const void *p, size_t n)
{
    EVP_DigestUpdate(sha->context, p, n);
}

void sha256_finish(struct sha256 *sha, char out[SHA256_TEXT_SIZE])
{
    unsigned char digest[32];
    static const char hex[] = "0123456789abcdef";
    EVP_DigestFinal_ex(sha->context, digest, NULL);
    for (int i = 0; i < 32; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[64] = '\0';
    sha256_free(sha);
}

void sha256_free(struct sha256 *sha)
{
    if (!sha)
        return;
    EVP_MD_CTX_free(sha->context);
    free(sha);
}

void sha256_of(struct str bytes, char out[SHA256_TEXT_SIZE])
{
    struct sha256 *sha = sha256_new();
    if (!sha)
        abort(); /* a few hundred bytes; nothing can go on without them */
    sha256_add(sha, bytes.p, bytes.n);
    sha256_finish(sha, out);
}

bool sha256_fd(int fd, const char *name, char out[SHA256_TEXT_SIZE], uint64_t *size, struct err *err)
{
    struct sha256 *sha = sha256_new();
    char *chunk = malloc(READ_SIZE);
    uint64_t at = 0;
    bool ok = sha && chunk;
    if (!ok)
        ERR(err, ERR_MEMORY, "no memory to hash %s", name);
    while (ok) {
        ssize_t n = pread(fd, chunk, READ_SIZE, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ok = ERR_ERRNO(err, "cannot read %s", name);
        if (n <= 0)
            break;
        sha256_add(sha, chunk, (size_t)n);
        at += (uint64_t)n;
    }
    if (ok) {
        sha256_finish(sha, out);
        *size = at;
    } else
        sha256_free(sha);
    free(chunk);
    return ok;
}
