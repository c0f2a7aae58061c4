#include "shared/utf8.h"
#include "worker/value/value.h"

#include <utf8proc.h>

enum { SHAPE_SIZE = 40, LONGEST_RUN = 4, REPLACEMENT = 0xFFFD };

/* What a code point is shown as; 0: nothing, it belongs to the letter before. */
static uint32_t class_of(uint32_t c)
{
    if (c < 0x80) {
        if (c >= '0' && c <= '9')
            return '9';
        return c >= 'A' && c <= 'Z' ? 'A' : c >= 'a' && c <= 'z' ? 'a' : c;
    }
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
        return 'A';
    case UTF8PROC_CATEGORY_LL:
        return 'a';
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return 0;
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return 'x';
    default:
        return c;
    }
}

void value_shape(struct buf *out, struct str text)
{
    uint32_t before = 0;
    size_t run = 0, written = 0;
    for (size_t at = 0; at < text.n;) {
        uint32_t c = REPLACEMENT;
        char bytes[4];
        size_t n = utf8_decode((struct str){text.p + at, text.n - at}, &c);
        at += n ? n : 1;
        uint32_t shown = n ? class_of(c) : REPLACEMENT;
        if (!shown)
            continue;
        run = shown == before ? run + 1 : 1;
        before = shown;
        if (run > LONGEST_RUN + 1)
            continue;
        size_t length = utf8_encode(run > LONGEST_RUN ? '+' : shown, bytes);
        if (written + length > SHAPE_SIZE)
            break;
        buf_add(out, bytes, length);
        written += length;
    }
}
