/* MD5 (RFC 1321) of many messages at once: sixteen side by side, in the widest registers that the processor has. */
#ifndef WORKER_GOLD_MD5_H
#define WORKER_GOLD_MD5_H

#include "shared/str.h"

#include <stdint.h>

enum { MD5_BYTES = 16 };

/* From the plainest to the best. */
enum md5_kernel { MD5_PORTABLE, MD5_AVX2, MD5_AVX512, MD5_KERNELS };

/* Whether this processor can. */
bool md5_supported(enum md5_kernel kernel);
/* out[i]: the sum of messages[i]; by the best kernel there is. */
void md5_many(const struct str *messages, uint32_t n, uint8_t (*out)[MD5_BYTES]);
/* The same by one that is supported. */
void md5_many_by(enum md5_kernel kernel, const struct str *messages, uint32_t n, uint8_t (*out)[MD5_BYTES]);

#endif
