#include "worker/format/csv/sniff_encoding.h"

#include "shared/utf8.h"

#include <iconv.h>

/* Where windows-1252 has no character. */
static bool is_hole_1252(unsigned char c)
{
    return c == 0x81 || c == 0x8D || c == 0x8F || c == 0x90 || c == 0x9D;
}

static bool find_mark(struct str s, struct sniff_encoding *found)
{
    static const struct {
        struct str bytes;
        enum encoding encoding;
        struct str name;
    } marks[] = {
        {{"\xEF\xBB\xBF", 3}, ENCODING_UTF8, {"utf-8", 5}},
        {{"\xFF\xFE\0\0", 4}, ENCODING_UTF32LE, {"utf-32le", 8}},
        {{"\0\0\xFE\xFF", 4}, ENCODING_UTF32BE, {"utf-32be", 8}},
        {{"\xFF\xFE", 2}, ENCODING_UTF16LE, {"utf-16le", 8}},
        {{"\xFE\xFF", 2}, ENCODING_UTF16BE, {"utf-16be", 8}},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (!str_starts(s, marks[i].bytes))
            continue;
        found->encoding = marks[i].encoding;
        found->name = marks[i].name;
        found->mark = marks[i].bytes.n;
        found->why = "byte order mark";
        return true;
    }
    return false;
}

enum { LOOK = 16 * 1024 };

static bool is_control(unsigned c)
{
    /* 01, 1C-1F separate fields in some exports */
    return (c > 1 && c < 9) || (c > 13 && c < 0x1B) || c == 0x7F;
}

/* Units of two bytes that are no text: NUL and control characters. */
static bool is_noise(struct str s, size_t n, bool big)
{
    size_t noise = 0;
    for (size_t i = 0; i + 2 <= n; i += 2) {
        unsigned high = (unsigned char)s.p[i + !big], low = (unsigned char)s.p[i + big];
        noise += high == 0 && (low == 0 || is_control(low));
    }
    return noise * 50 > n / 2;
}

/* Text in UTF-16 and 32 has its NULs all on the same side. */
static bool find_wide(struct str s, struct sniff_encoding *found)
{
    size_t zeros[4] = {0}, n = s.n < LOOK ? s.n & ~(size_t)3 : LOOK;
    if (s.n < 4)
        return false;
    for (size_t i = 0; i < n; i++)
        zeros[i & 3] += s.p[i] == 0;
    size_t quarter = n / 4, few = quarter / 32 + 1, many = quarter / 4 + (quarter > 2);
    if (zeros[0] <= few && zeros[2] > many && zeros[2] + few >= quarter && zeros[3] + few >= quarter) {
        found->encoding = ENCODING_UTF32LE;
        found->name = STR("utf-32le");
    } else if (zeros[3] <= few && zeros[1] > many && zeros[0] + few >= quarter && zeros[1] + few >= quarter) {
        found->encoding = ENCODING_UTF32BE;
        found->name = STR("utf-32be");
    } else if (zeros[0] + zeros[2] <= 2 * few && zeros[1] > many && zeros[3] > many && !is_noise(s, n, false)) {
        found->encoding = ENCODING_UTF16LE;
        found->name = STR("utf-16le");
    } else if (zeros[1] + zeros[3] <= 2 * few && zeros[0] > many && zeros[2] > many && !is_noise(s, n, true)) {
        found->encoding = ENCODING_UTF16BE;
        found->name = STR("utf-16be");
    } else {
        return false;
    }
    found->why = "NUL bytes on one side of each character, no byte order mark";
    return true;
}

static bool is_binary(struct str s)
{
    size_t zeros = 0, controls = 0, n = s.n < LOOK ? s.n : LOOK;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        zeros += c == 0;
        controls += is_control(c);
    }
    /* one or two of them are the fault of a row, however short the file */
    return zeros > 2 + n / 100 || controls > 2 + n / 50;
}

/* Sequences of two to four bytes that are good UTF-8, and bytes that are not. */
static void count_multibyte(struct str s, size_t *good, size_t *bad, size_t *first_bad)
{
    *good = *bad = 0;
    *first_bad = SIZE_MAX;
    for (size_t at = 0; at < s.n;) {
        size_t ascii = at;
        while (ascii < s.n && (unsigned char)s.p[ascii] < 0x80)
            ascii++;
        at = ascii;
        if (at == s.n)
            break;
        uint32_t code_point;
        size_t n = utf8_decode((struct str){s.p + at, s.n - at}, &code_point);
        if (n) {
            ++*good;
        } else {
            if (*first_bad == SIZE_MAX)
                *first_bad = at;
            ++*bad;
        }
        at += n ? n : 1;
    }
}

static void find_single_byte(struct str s, struct sniff_encoding *found)
{
    size_t printable = SIZE_MAX;
    bool hole = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x80 || c > 0x9F)
            continue;
        hole = hole || is_hole_1252(c);
        if (printable == SIZE_MAX)
            printable = i;
    }
    found->encoding = ENCODING_SINGLE_BYTE;
    if (printable != SIZE_MAX && !hole) {
        found->name = STR("windows-1252");
        found->evidence = printable;
    } else {
        found->name = STR("iso-8859-1");
    }
    found->why = "not valid UTF-8";
}

void sniff_encoding_find(struct str sample, bool whole, struct sniff_encoding *found)
{
    *found = (struct sniff_encoding){.evidence = SIZE_MAX, .why = ""};
    if (find_mark(sample, found) || find_wide(sample, found))
        return;
    found->binary = is_binary(sample);
    struct str s = sample;
    size_t valid = utf8_valid_prefix(s);
    if (!whole && s.n - valid < 4)
        s.n = valid;
    found->encoding = ENCODING_UTF8;
    found->name = STR("utf-8");
    if (valid >= s.n) {
        found->why = "valid throughout the sample";
        return;
    }
    size_t good, bad;
    count_multibyte(s, &good, &bad, &found->evidence);
    if (good > 10 * bad)
        found->why = "valid but for a few bytes";
    else
        find_single_byte(s, found);
}

static void put(char *out, size_t *n, uint32_t code_point)
{
    char bytes[4];
    size_t length = utf8_encode(code_point, bytes);
    memcpy(out + *n, bytes, length);
    *n += length;
}

static uint32_t unit(const unsigned char *p, size_t width, bool big)
{
    uint32_t value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint32_t)p[i] << 8 * (big ? width - 1 - i : i);
    return value;
}

static size_t decode_16(struct str s, bool big, char *out)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = 0;
    for (size_t at = 0; at + 2 <= s.n; at += 2) {
        uint32_t high = unit(p + at, 2, big);
        if (high >= 0xD800 && high < 0xDC00) {
            if (at + 4 > s.n)
                break;
            uint32_t low = unit(p + at + 2, 2, big);
            if (low >= 0xDC00 && low < 0xE000) {
                put(out, &n, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
                at += 2;
                continue;
            }
        }
        put(out, &n, high >= 0xD800 && high < 0xE000 ? 0xFFFD : high);
    }
    return n;
}

static size_t decode_32(struct str s, bool big, char *out)
{
    size_t n = 0;
    for (size_t at = 0; at + 4 <= s.n; at += 4) {
        uint32_t c = unit((const unsigned char *)s.p + at, 4, big);
        put(out, &n, c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c);
    }
    return n;
}

/* One byte a character, so 256 conversions of one byte say all there is to say. */
static bool decode_single(struct str name, struct str s, char *out, size_t *n, struct arena *arena, struct err *err)
{
    char *charset = arena_printf(arena, STR_FMT, STR_ARG(name));
    if (!charset)
        return ERR(err, ERR_MEMORY, "out of memory for an encoding's name");
    iconv_t converter = iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1)
        return ERR(err, ERR_CONFIG, "encoding %s is not known here", charset);
    char table[256][4];
    unsigned char lengths[256];
    for (unsigned i = 0; i < 256; i++) {
        char byte = (char)(unsigned char)i, *in = &byte, *to = table[i];
        size_t in_left = 1, to_left = sizeof table[i];
        iconv(converter, NULL, NULL, NULL, NULL);
        if (iconv(converter, &in, &in_left, &to, &to_left) == (size_t)-1)
            lengths[i] = (unsigned char)utf8_encode(i, table[i]);
        else
            lengths[i] = (unsigned char)(sizeof table[i] - to_left);
    }
    iconv_close(converter);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        memcpy(out + *n, table[c], lengths[c]);
        *n += lengths[c];
    }
    return true;
}

bool sniff_encoding_decode(
    const struct sniff_encoding *found, struct str sample, struct arena *arena, struct str *text, struct err *err)
{
    struct str s = {sample.p + found->mark, sample.n - found->mark};
    *text = s;
    if (found->encoding == ENCODING_UTF8)
        return true;
    size_t most = found->encoding == ENCODING_SINGLE_BYTE ? 4 : 2; /* bytes of UTF-8 a byte of the original */
    char *out = arena_alloc(arena, s.n * most + 1);
    if (!out)
        return ERR(err, ERR_MEMORY, "out of memory for a sample of %zu bytes", s.n);
    size_t n = 0;
    if (found->encoding == ENCODING_SINGLE_BYTE) {
        if (!decode_single(found->name, s, out, &n, arena, err))
            return false;
    } else if (found->encoding == ENCODING_UTF16LE || found->encoding == ENCODING_UTF16BE) {
        n = decode_16(s, found->encoding == ENCODING_UTF16BE, out);
    } else {
        n = decode_32(s, found->encoding == ENCODING_UTF32BE, out);
    }
    *text = (struct str){out, n};
    return true;
}

uint64_t sniff_encoding_length(const struct sniff_encoding *found, struct str text)
{
    if (found->encoding == ENCODING_UTF8)
        return text.n;
    uint64_t length = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c & 0xC0) == 0x80)
            continue;
        if (found->encoding == ENCODING_SINGLE_BYTE)
            length += 1;
        else if (found->encoding == ENCODING_UTF16LE || found->encoding == ENCODING_UTF16BE)
            length += c >= 0xF0 ? 4 : 2;
        else
            length += 4;
    }
    return length;
}
