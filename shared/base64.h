/* Base64 (RFC 4648, the standard alphabet, padded). */
#ifndef SHARED_BASE64_H
#define SHARED_BASE64_H

#include "shared/buf.h"

/* Adds the text to out. */
void base64_encode(struct buf *out, struct str bytes);
/* Adds the bytes to out; false, and nothing added, where text is not base64 or out is full. */
bool base64_decode(struct buf *out, struct str text) MUST_CHECK;

#endif
