/* UTF-8 (RFC 3629): validate, decode, encode, and the one sanitiser between data and a screen. */
#ifndef SHARED_UTF8_H
#define SHARED_UTF8_H

#include "shared/buf.h"
#include "shared/str.h"

#include <stdint.h>

/* The length of the longest valid prefix: s.n when all is valid. No surrogates, no overlong forms, <= U+10FFFF. */
size_t utf8_valid_prefix(struct str s);
static inline bool utf8_valid(struct str s)
{
    return utf8_valid_prefix(s) == s.n;
}
/* Bytes of the code point at s.p (1-4) and the code point itself; 0 when the bytes there are not UTF-8. */
size_t utf8_decode(struct str s, uint32_t *code_point);
/* Writes 1-4 bytes to out; surrogates are written as they are (WTF-8). */
size_t utf8_encode(uint32_t code_point, char out[4]);
/* Code points in s; an invalid byte counts as one. */
size_t utf8_length(struct str s);
/* Terminal columns of one code point: 0, 1 or 2; from utf8proc's table. */
int utf8_width(uint32_t code_point);
/* Columns of a sanitised text. */
size_t utf8_columns(struct str s);

/*
 * Appends s so that no terminal can be driven by it: bad bytes as \xNN, C0 and DEL as ^X, C1, bidi controls,
 * zero-width, tags and separators as <U+202E>, combining marks capped at 4 a base. Newlines too: the result is one
 * line.
 */
void utf8_sanitise(struct buf *out, struct str s);

#endif
