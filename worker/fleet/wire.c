#include "worker/fleet/member.h"

#include <stdlib.h>
#include <zstd.h>

enum { LEVEL = 3, UNPACKED_MAX = 0x3FFFFFFF };

static void add_hex(struct buf *sql, const unsigned char *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    if (!buf_reserve(sql, 2 * n))
        return;
    for (size_t i = 0; i < n; i++) {
        sql->p[sql->n++] = digits[p[i] >> 4];
        sql->p[sql->n++] = digits[p[i] & 15];
    }
}

bool wire_pack(struct buf *sql, struct str bytes, struct err *err)
{
    size_t room = ZSTD_compressBound(bytes.n);
    unsigned char *packed = malloc(room);
    size_t n = packed ? ZSTD_compress(packed, room, bytes.p, bytes.n, LEVEL) : 0;
    bool ok = packed && !ZSTD_isError(n);
    buf_add_cstr(sql, "'\\x");
    if (ok)
        add_hex(sql, packed, n);
    buf_add_byte(sql, '\'');
    free(packed);
    return (ok || ERR(err, ERR_MEMORY, "no memory for a change")) && buf_ok(sql, "a change", err);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(struct str hex, unsigned char *out)
{
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        int high = digit(hex.p[i]), low = digit(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (unsigned char)(high << 4 | low);
    }
    return hex.n % 2 == 0;
}

static bool expand(const unsigned char *packed, size_t n, struct buf *out)
{
    unsigned long long size = ZSTD_getFrameContentSize(packed, n);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > UNPACKED_MAX ||
        !buf_reserve(out, (size_t)size))
        return false;
    size_t got = ZSTD_decompress(out->p + out->n, (size_t)size, packed, n);
    if (ZSTD_isError(got) || got != size)
        return false;
    out->n += got;
    return true;
}

bool wire_unpack(struct str hex, struct buf *out, struct err *err)
{
    unsigned char *packed = malloc(hex.n / 2 + 1);
    bool ok = packed && decode(hex, packed) && expand(packed, hex.n / 2, out);
    free(packed);
    return ok || err_set(err, ERR_CORRUPT, FLEET_ERROR, __FILE__, __LINE__,
                     "what the coordinator has cannot be unpacked: it is not what a worker wrote");
}
