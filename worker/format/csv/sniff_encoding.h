/* Which encoding are these bytes, and what do they say in UTF-8? */
#ifndef WORKER_FORMAT_CSV_SNIFF_ENCODING_H
#define WORKER_FORMAT_CSV_SNIFF_ENCODING_H

#include "worker/format/csv/dialect.h"

struct sniff_encoding {
    enum encoding encoding;
    struct str name; /* canonical */
    size_t mark;     /* bytes of the byte order mark at the front */
    bool binary;     /* rich in NUL or control bytes: no text in any encoding */
    const char *why; /* what follows "encoding NAME: " */
    size_t evidence; /* offset of the byte that decided, SIZE_MAX: none */
};

/* whole: the sample is all of the file, so a character cut off at its end is a fault of the file. */
void sniff_encoding_find(struct str sample, bool whole, struct sniff_encoding *found);
/* The sample in UTF-8, without its mark; a faulty unit becomes U+FFFD of the same width in the original. A character
 * cut off at the end is left out. */
bool sniff_encoding_decode(const struct sniff_encoding *found, struct str sample, struct arena *arena, struct str *text,
    struct err *err) MUST_CHECK;
/* How many bytes of the original stand for this decoded text. */
uint64_t sniff_encoding_length(const struct sniff_encoding *found, struct str text);

#endif
