#include "shared/base64.h"

void base64_encode(struct buf *out, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)bytes.p;
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0u);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
            left > 2 ? digits[v & 63] : '='};
        buf_add(out, four, 4);
    }
}

static int value_of(unsigned char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

bool base64_decode(struct buf *out, struct str text)
{
    size_t start = out->n, padding = str_ends(text, STR("==")) ? 2 : str_ends(text, STR("=")) ? 1 : 0;
    uint32_t bits = 0;
    bool ok = text.n % 4 == 0 && buf_reserve(out, text.n / 4 * 3);
    for (size_t i = 0; ok && i < text.n; i++) {
        int value = i < text.n - padding ? value_of((unsigned char)text.p[i]) : 0;
        ok = value >= 0;
        bits = bits << 6 | (uint32_t)value;
        for (int shift = 16; i % 4 == 3 && shift >= 0; shift -= 8)
            buf_add_byte(out, (char)(bits >> shift & 0xFF));
    }
    out->n = ok ? out->n - padding : start;
    return ok && !out->failed;
}
