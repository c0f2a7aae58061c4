/* SHA-256 (FIPS 180-4, through OpenSSL) of streams and files. */
#ifndef SHARED_HASH_H
#define SHARED_HASH_H

#include "shared/err.h"
#include "shared/str.h"

#include <stdint.h>

#define SHA256_TEXT_SIZE 65 /* lower-case hex and a NUL */

struct sha256;

struct sha256 *sha256_new(void); /* NULL when memory is out */
void sha256_add(struct sha256 *sha, const void *p, size_t n);
/* Ends it, writes hex, frees it. */
void sha256_finish(struct sha256 *sha, char out[SHA256_TEXT_SIZE]);
void sha256_free(struct sha256 *sha);
void sha256_of(struct str bytes, char out[SHA256_TEXT_SIZE]);
/* From the descriptor's offset 0 by pread; its own offset does not move. size: bytes hashed. */
bool sha256_fd(int fd, const char *name, char out[SHA256_TEXT_SIZE], uint64_t *size, struct err *err) MUST_CHECK;

#endif
