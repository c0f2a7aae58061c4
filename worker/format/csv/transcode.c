#include "worker/format/csv/transcode.h"

#include "shared/utf8.h"

#include <iconv.h>

enum { RAW_BYTE = 0xFE, RAW_BYTE_LENGTH = 3, NAME_BYTES = 80 };

static bool is_taken(const struct transcoder *transcoder, uint32_t code_point)
{
    for (unsigned i = 0; i < 256; i++)
        if (transcoder->code_point[i] == code_point)
            return true;
    return false;
}

/* Undefined bytes come last, so that they can see which code points are taken; those that are go to the private use
 * area. */
static void map_undefined(struct transcoder *transcoder, const bool defined[256])
{
    for (unsigned byte = 0; byte < 256; byte++)
        if (!defined[byte])
            transcoder->code_point[byte] = (uint16_t)(is_taken(transcoder, byte) ? 0xF700 + byte : byte);
}

static bool map_bytes(struct transcoder *transcoder, struct str name, struct err *err)
{
    char text[NAME_BYTES];
    bool defined[256] = {false};
    iconv_t convert = (iconv_t)-1;
    if (name.n < sizeof text) {
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        convert = iconv_open("UTF-32LE", text);
    }
    if (convert == (iconv_t)-1)
        return ERR(err, ERR_CONFIG, "the encoding " STR_FMT " is not known", STR_ARG(name));
    memset(transcoder->code_point, 0xFF, sizeof transcoder->code_point);
    for (unsigned byte = 0; byte < 256; byte++) {
        char in = (char)byte;
        unsigned char out[16];
        char *from = &in, *to = (char *)out;
        size_t from_n = 1, to_n = sizeof out;
        iconv(convert, NULL, NULL, NULL, NULL);
        /* Some decoders hold a base letter back until it is flushed. */
        bool took = iconv(convert, &from, &from_n, &to, &to_n) != (size_t)-1;
        took = took && iconv(convert, NULL, NULL, &to, &to_n) != (size_t)-1;
        uint32_t c = out[0] | (uint32_t)out[1] << 8 | (uint32_t)out[2] << 16;
        defined[byte] = took && sizeof out - to_n == 4 && c <= 0xFFFF && !is_taken(transcoder, c);
        if (defined[byte])
            transcoder->code_point[byte] = (uint16_t)c;
    }
    iconv_close(convert);
    map_undefined(transcoder, defined);
    transcoder->ascii = true;
    for (unsigned byte = 0; byte < 128; byte++)
        transcoder->ascii &= transcoder->code_point[byte] == byte;
    return true;
}

bool transcoder_init(struct transcoder *transcoder, const struct dialect *dialect, struct err *err)
{
    *transcoder = (struct transcoder){.encoding = dialect->encoding};
    transcoder->passes = dialect->encoding == ENCODING_UTF8;
    if (dialect->encoding == ENCODING_UNSET)
        return ERR(err, ERR_CONFIG, "the encoding is not known");
    return dialect->encoding != ENCODING_SINGLE_BYTE || map_bytes(transcoder, dialect->encoding_name, err);
}

void transcode_restart(struct transcoder *transcoder)
{
    transcoder->pending_n = 0;
}

static char *put_raw_byte(char *out, unsigned char byte)
{
    *out++ = (char)RAW_BYTE;
    *out++ = (char)(0x80 | byte >> 6);
    *out++ = (char)(0x80 | (byte & 0x3F));
    return out;
}

static char *single_bytes(
    const struct transcoder *transcoder, const unsigned char *p, const unsigned char *end, char *out)
{
    while (p < end) {
        uint64_t word;
        while (transcoder->ascii && end - p >= 8) {
            memcpy(&word, p, 8);
            if (word & 0x8080808080808080u)
                break;
            memcpy(out, &word, 8);
            p += 8;
            out += 8;
        }
        if (p < end)
            out += utf8_encode(transcoder->code_point[*p++], out);
    }
    return out;
}

static uint32_t unit16(enum encoding encoding, const unsigned char *p)
{
    return encoding == ENCODING_UTF16LE ? p[0] | (uint32_t)p[1] << 8 : p[1] | (uint32_t)p[0] << 8;
}

/* Stops before a high surrogate whose partner is not there yet. */
static char *units16(enum encoding encoding, const unsigned char **at, const unsigned char *end, bool last, char *out)
{
    const unsigned char *p = *at;
    while (end - p >= 2) {
        uint32_t c = unit16(encoding, p);
        if ((c & 0xFC00) == 0xD800) {
            if (end - p < 4 && !last)
                break;
            uint32_t low = end - p >= 4 ? unit16(encoding, p + 2) : 0;
            if ((low & 0xFC00) == 0xDC00) {
                c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
                p += 2;
            }
        }
        if (c < 0x80)
            *out++ = (char)c;
        else
            out += utf8_encode(c, out);
        p += 2;
    }
    *at = p;
    return out;
}

static char *units32(enum encoding encoding, const unsigned char **at, const unsigned char *end, char *out)
{
    const unsigned char *p = *at;
    for (; end - p >= 4; p += 4) {
        uint32_t little = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        uint32_t c = encoding == ENCODING_UTF32LE ? little : __builtin_bswap32(little);
        if (c <= 0x10FFFF) {
            out += utf8_encode(c, out);
            continue;
        }
        for (int i = 0; i < 4; i++)
            out = put_raw_byte(out, p[i]);
    }
    *at = p;
    return out;
}

static char *units(const struct transcoder *t, const unsigned char **at, const unsigned char *end, bool last, char *out)
{
    bool wide = t->encoding == ENCODING_UTF32LE || t->encoding == ENCODING_UTF32BE;
    return wide ? units32(t->encoding, at, end, out) : units16(t->encoding, at, end, last, out);
}

size_t transcode(struct transcoder *t, struct str in, bool last, char *out)
{
    const unsigned char *p = (const unsigned char *)in.p, *end = p + in.n;
    char *to = out;
    if (t->encoding == ENCODING_UTF8) {
        if (in.n)
            memcpy(out, in.p, in.n);
        return in.n;
    }
    if (t->encoding == ENCODING_SINGLE_BYTE)
        return (size_t)(single_bytes(t, p, end, out) - out);
    /* The begun character goes on byte by byte until it is complete: at most four. */
    while (t->pending_n && p < end) {
        t->pending[t->pending_n++] = *p++;
        const unsigned char *at = t->pending;
        to = units(t, &at, t->pending + t->pending_n, false, to);
        t->pending_n -= (size_t)(at - t->pending);
        memmove(t->pending, at, t->pending_n);
    }
    if (!t->pending_n)
        to = units(t, &p, end, false, to);
    for (; p < end; p++)
        t->pending[t->pending_n++] = *p;
    if (!last)
        return (size_t)(to - out);
    const unsigned char *at = t->pending, *pending_end = at + t->pending_n;
    to = units(t, &at, pending_end, true, to);
    for (; at < pending_end; at++)
        to = put_raw_byte(to, *at);
    t->pending_n = 0;
    return (size_t)(to - out);
}

static size_t step_length(const struct transcoder *t, unsigned char lead)
{
    if (lead == RAW_BYTE || t->encoding == ENCODING_SINGLE_BYTE)
        return 1;
    if (t->encoding == ENCODING_UTF32LE || t->encoding == ENCODING_UTF32BE)
        return 4;
    return lead >= 0xF0 ? 4 : 2;
}

size_t transcode_length(const struct transcoder *t, struct str text)
{
    size_t length = 0;
    if (t->encoding == ENCODING_UTF8)
        return text.n;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        length += (c & 0xC0) != 0x80 ? step_length(t, c) : 0;
    }
    return length;
}

/* Like utf8_decode(), but surrogates and what is not UTF-8 count: the text is our own. */
static size_t decode(struct str s, uint32_t *code_point)
{
    static const uint8_t masks[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    unsigned char lead = (unsigned char)s.p[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 || lead == RAW_BYTE ? 3 : 4;
    if (n > s.n)
        n = 1;
    *code_point = lead & (lead == RAW_BYTE ? 0u : masks[n]);
    for (size_t i = 1; i < n; i++)
        *code_point = *code_point << 6 | (s.p[i] & 0x3Fu);
    return n;
}

static void put_unit(struct buf *out, uint32_t unit, size_t bytes, bool big)
{
    char p[4];
    for (size_t i = 0; i < bytes; i++)
        p[i] = (char)(unit >> 8 * (big ? bytes - 1 - i : i));
    buf_add(out, p, bytes);
}

static void put_single(const struct transcoder *t, uint32_t c, struct buf *out)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        if (t->code_point[byte] == c) {
            buf_add_byte(out, (char)byte);
            return;
        }
    }
    buf_add_byte(out, '?');
}

void transcode_back(const struct transcoder *t, struct str text, struct buf *out)
{
    bool big = t->encoding == ENCODING_UTF16BE || t->encoding == ENCODING_UTF32BE;
    bool wide = t->encoding == ENCODING_UTF32LE || t->encoding == ENCODING_UTF32BE;
    if (t->encoding == ENCODING_UTF8) {
        buf_add_str(out, text);
        return;
    }
    for (size_t at = 0; at < text.n;) {
        uint32_t c;
        bool raw = (unsigned char)text.p[at] == RAW_BYTE;
        at += decode((struct str){text.p + at, text.n - at}, &c);
        if (raw) {
            buf_add_byte(out, (char)c);
        } else if (t->encoding == ENCODING_SINGLE_BYTE) {
            put_single(t, c, out);
        } else if (wide || c < 0x10000) {
            put_unit(out, c, wide ? 4 : 2, big);
        } else {
            put_unit(out, 0xD800 + ((c - 0x10000) >> 10), 2, big);
            put_unit(out, 0xDC00 + (c & 0x3FF), 2, big);
        }
    }
}

void dialect_encode(const struct dialect *dialect, struct str utf8, struct buf *out)
{
    struct transcoder transcoder;
    struct err err;
    if (transcoder_init(&transcoder, dialect, &err))
        transcode_back(&transcoder, utf8, out);
    else
        out->failed = true;
}
