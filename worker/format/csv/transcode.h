/*
 * Bytes of any supported encoding to UTF-8, piece by piece, and back. The mapping is 1:1, so that original bytes and
 * lengths can always be had from the text: UTF-8 passes as it is, invalid bytes too; UTF-16 and 32 become WTF-8 (a lone
 * surrogate is three bytes); what is no code unit at all (half a unit at the end, UTF-32 beyond U+10FFFF) is kept a
 * byte as 0xFE and two continuation bytes, which no UTF-8 check lets pass. An undefined byte of a single-byte encoding
 * is the code point of the same value. A transcoder is one thread's.
 */
#ifndef WORKER_FORMAT_CSV_TRANSCODE_H
#define WORKER_FORMAT_CSV_TRANSCODE_H

#include "shared/buf.h"
#include "worker/format/csv/dialect.h"

struct transcoder {
    enum encoding encoding;
    bool passes;              /* UTF-8: the text is the input, nothing need be copied */
    bool ascii;               /* single-byte: the first 128 are ASCII's */
    uint16_t code_point[256]; /* single-byte encodings */
    unsigned char pending[4]; /* the begun character between two pieces */
    size_t pending_n;
};

enum { TRANSCODE_GROWTH = 3 }; /* bytes of text for a byte of input, at most */

/* ERR_CONFIG when the encoding is not known. Nothing to dispose of. */
bool transcoder_init(struct transcoder *transcoder, const struct dialect *dialect, struct err *err) MUST_CHECK;
/*
 * Takes all of in; a character that is cut off waits for the next call, unless last. out has room for
 * TRANSCODE_GROWTH * (in.n + 4) bytes and does not overlap in. Returns the bytes written.
 */
size_t transcode(struct transcoder *transcoder, struct str in, bool last, char *out);
/* Forgets a cut-off character: what follows comes from elsewhere. */
void transcode_restart(struct transcoder *transcoder);
/* How long text (whole characters of it) is in the original. */
size_t transcode_length(const struct transcoder *transcoder, struct str text);
/* Its bytes in the original. A character that the encoding lacks becomes '?'. */
void transcode_back(const struct transcoder *transcoder, struct str text, struct buf *out);
/* The same for a text now and then; who does many keeps a transcoder. out->failed when the encoding is not known. */
void dialect_encode(const struct dialect *dialect, struct str utf8, struct buf *out);

#endif
