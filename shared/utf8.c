#include "shared/utf8.h"

#include <utf8proc.h>

enum { MAX_COMBINING = 4 };

size_t utf8_decode(struct str s, uint32_t *code_point)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (!s.n)
        return 0;
    if (p[0] < 0x80) {
        *code_point = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || s.n < n)
        return 0;
    uint32_t c = p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *code_point = c;
    return n;
}

size_t utf8_valid_prefix(struct str s)
{
    size_t at = 0;
    while (at < s.n) {
        uint64_t word;
        if (s.n - at >= sizeof word) {
            memcpy(&word, s.p + at, sizeof word);
            if (!(word & 0x8080808080808080u)) {
                at += sizeof word;
                continue;
            }
        }
        uint32_t c;
        size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &c);
        if (!n)
            return at;
        at += n;
    }
    return at;
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t utf8_length(struct str s)
{
    size_t count = 0;
    for (size_t at = 0; at < s.n; count++) {
        uint32_t c;
        size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &c);
        at += n ? n : 1;
    }
    return count;
}

int utf8_width(uint32_t code_point)
{
    return utf8proc_charwidth((utf8proc_int32_t)code_point);
}

size_t utf8_columns(struct str s)
{
    size_t columns = 0;
    for (size_t at = 0; at < s.n;) {
        uint32_t c;
        size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &c);
        columns += n ? (size_t)utf8_width(c) : 1;
        at += n ? n : 1;
    }
    return columns;
}

static bool is_combining(utf8proc_category_t category)
{
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME || category == UTF8PROC_CATEGORY_MC;
}

/* Formats (bidi, zero-width, tags), separators, C1, private use and unassigned code points are named, not shown. */
static bool is_named(uint32_t c, utf8proc_category_t category)
{
    if (c >= 0x80 && c < 0xA0)
        return true;
    if ((c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF) || c == 0x115F || c == 0x1160 || c == 0x3164 ||
        c == 0xFFA0 || c == 0x2800 || c == 0x034F)
        return true;
    return category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP ||
           category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CS;
}

void utf8_sanitise(struct buf *out, struct str s)
{
    int combining = MAX_COMBINING; /* a mark without a base is not shown bare */
    for (size_t at = 0; at < s.n;) {
        uint32_t c;
        size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &c);
        if (!n) {
            buf_printf(out, "\\x%02X", (unsigned char)s.p[at]);
            at++;
            combining = MAX_COMBINING;
            continue;
        }
        utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
        bool marks = is_combining(category);
        if (c < 0x20 || c == 0x7F)
            buf_printf(out, "^%c", (int)(c ^ 0x40));
        else if (is_named(c, category) || (marks && combining >= MAX_COMBINING))
            buf_printf(out, "<U+%04X>", c);
        else {
            buf_add(out, s.p + at, n);
            combining = marks ? combining + 1 : 0;
        }
        at += n;
    }
}
