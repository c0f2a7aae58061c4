#include "worker/stream/stream.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT_BYTES = 128 * 1024, ZSTD_WINDOW_LOG_MAX = 27 };

static const uint64_t ratio_from = (uint64_t)64 * 1024 * 1024;

struct expander {
    struct stream stream;
    struct stream *inner;
    struct stream_limits limits;
    uint64_t in, out;
    unsigned char *input;
    size_t at, filled;
    bool inner_ended; /* the inner stream has no more */
    bool between;     /* not inside a member or frame */
    bool ended;
    z_stream gzip;
    ZSTD_DCtx *zstd;
};

static bool fill(struct expander *x, struct err *err)
{
    if (x->at < x->filled || x->inner_ended)
        return true;
    size_t got;
    if (!x->inner->read(x->inner, x->input, INPUT_BYTES, &got, err))
        return false;
    x->at = 0;
    x->filled = got;
    x->inner_ended = !got;
    return true;
}

static bool bad(struct expander *x, const char *what, const char *why, struct err *err)
{
    ERR_REJECT(err, "compression-error", "the %s data is bad: %s (after %llu bytes of it)", what, why,
        (unsigned long long)x->in);
    return err_hint(err, "Have the file delivered again: the transfer was probably cut off or damaged.");
}

static bool bomb(struct expander *x, struct err *err)
{
    ERR_REJECT(err, "compression-bomb", "it expands to more than %llu bytes from %llu", (unsigned long long)x->out,
        (unsigned long long)x->in);
    return err_hint(err, "Ask the producer what this is; if it is meant, have it delivered in pieces or uncompressed.");
}

/* Both limits must be passed: a small file that expands well is no bomb, and neither is a large one that does not. */
static bool count(struct expander *x, size_t in, size_t out, struct err *err)
{
    x->in += in;
    x->out += out;
    bool too_much = x->limits.max_bytes && x->out > x->limits.max_bytes;
    bool too_dense = x->limits.max_ratio && x->out > ratio_from && x->out / x->limits.max_ratio > x->in;
    if ((too_much && (too_dense || !x->limits.max_ratio)) || (too_dense && !x->limits.max_bytes))
        return bomb(x, err);
    return true;
}

/* What follows the last member: zeros (tape blocks, padded transfers) are no data, as gzip(1) has it. */
static bool only_zeros(struct expander *x, bool *zeros, struct err *err)
{
    *zeros = true;
    while (*zeros && !x->inner_ended) {
        while (x->at < x->filled && *zeros)
            *zeros = x->input[x->at++] == 0;
        if (*zeros && !fill(x, err))
            return false;
    }
    return true;
}

static bool gzip_next_member(struct expander *x, struct err *err)
{
    if (x->in && x->input[x->at] == 0) {
        bool zeros;
        x->ended = true;
        return only_zeros(x, &zeros, err) && (zeros || bad(x, "gzip", "something else follows it", err));
    }
    if (inflateReset(&x->gzip) != Z_OK)
        return ERR(err, ERR_BUG, "inflate cannot start again");
    x->between = false;
    return true;
}

static bool gzip_step(struct expander *x, unsigned char *p, size_t n, size_t *got, struct err *err)
{
    z_stream *z = &x->gzip;
    if (x->between)
        return gzip_next_member(x, err);
    size_t available = x->filled - x->at;
    z->next_in = x->input + x->at;
    z->avail_in = (uInt)available;
    z->next_out = p;
    z->avail_out = n > UINT32_MAX ? UINT32_MAX : (uInt)n;
    uInt room = z->avail_out;
    int result = inflate(z, Z_NO_FLUSH);
    size_t taken = available - z->avail_in;
    x->at += taken;
    *got = room - z->avail_out;
    if (result == Z_MEM_ERROR)
        return ERR(err, ERR_MEMORY, "no memory to decompress");
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return bad(x, "gzip", z->msg ? z->msg : "corrupt", err);
    x->between = result == Z_STREAM_END;
    return count(x, taken, *got, err);
}

static bool zstd_step(struct expander *x, unsigned char *p, size_t n, size_t *got, struct err *err)
{
    ZSTD_inBuffer in = {x->input, x->filled, x->at};
    ZSTD_outBuffer out = {p, n, 0};
    size_t result = ZSTD_decompressStream(x->zstd, &out, &in);
    size_t taken = in.pos - x->at;
    x->at = in.pos;
    *got = out.pos;
    if (ZSTD_isError(result))
        return bad(x, "zstd", ZSTD_getErrorName(result), err);
    x->between = result == 0;
    return count(x, taken, *got, err);
}

static bool expander_read(struct stream *stream, void *p, size_t n, size_t *got, struct err *err)
{
    struct expander *x = (struct expander *)stream;
    *got = 0;
    while (!*got && n && !x->ended) {
        if (!fill(x, err))
            return false;
        uint64_t in = x->in;
        bool dry = x->at == x->filled;
        if (dry && x->between) {
            x->ended = true;
            break;
        }
        if (!(x->zstd ? zstd_step(x, p, n, got, err) : gzip_step(x, p, n, got, err)))
            return false;
        /* Even a dry decoder may still hold output; when it holds none, the end has come too early. */
        if (dry && !*got && x->in == in && !x->between)
            return bad(x, x->zstd ? "zstd" : "gzip", "it is cut short", err);
    }
    return true;
}

static void expander_close(struct stream *stream)
{
    struct expander *x = (struct expander *)stream;
    if (x->zstd)
        ZSTD_freeDCtx(x->zstd);
    else
        inflateEnd(&x->gzip);
    stream_close(x->inner);
    free(x->input);
    free(x);
}

struct stream *stream_decompress(
    struct stream *inner, enum compression compression, struct stream_limits limits, struct err *err)
{
    if (compression == COMPRESSION_NONE)
        return inner;
    struct expander *x = calloc(1, sizeof *x);
    unsigned char *input = malloc(INPUT_BYTES);
    bool ready = x && input;
    if (ready && compression == COMPRESSION_ZSTD) {
        x->zstd = ZSTD_createDCtx();
        ready = x->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(x->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
    } else if (ready) {
        ready = inflateInit2(&x->gzip, 15 + 16) == Z_OK; /* 16: a gzip header, nothing else */
    }
    if (!ready) {
        ERR(err, ERR_MEMORY, "no memory to decompress");
        if (x)
            ZSTD_freeDCtx(x->zstd);
        free(input);
        free(x);
        stream_close(inner);
        return NULL;
    }
    x->stream = (struct stream){expander_read, expander_close};
    x->inner = inner;
    x->limits = limits;
    x->input = input;
    x->between = true;
    return &x->stream;
}
