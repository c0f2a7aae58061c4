#include "worker/format/parquet/codec.h"

#include "worker/format/parquet/libsnappy.h"

#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

struct workspace {
    struct buf page, compressed;
    ZSTD_CCtx *zstd;
    ZSTD_DCtx *unzstd;
    z_stream gzip;
    int gzip_level; /* 0: gzip is not set up */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static void workspace_free(void *context)
{
    struct workspace *workspace = context;
    buf_dispose(&workspace->page);
    buf_dispose(&workspace->compressed);
    ZSTD_freeCCtx(workspace->zstd);
    ZSTD_freeDCtx(workspace->unzstd);
    if (workspace->gzip_level)
        deflateEnd(&workspace->gzip);
    free(workspace);
}

/* The main thread's destructor never runs: exit() ends the process without pthread_exit(). */
static void free_at_exit(void)
{
    struct workspace *workspace = pthread_getspecific(key);
    if (workspace)
        workspace_free(workspace);
    pthread_setspecific(key, NULL);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, workspace_free) == 0 && atexit(free_at_exit) == 0;
}

static struct workspace *workspace_get(struct err *err)
{
    pthread_once(&once, make_key);
    struct workspace *workspace = key_made ? pthread_getspecific(key) : NULL;
    if (workspace)
        return workspace;
    workspace = key_made ? calloc(1, sizeof *workspace) : NULL;
    if (!workspace || pthread_setspecific(key, workspace) != 0) {
        free(workspace);
        ERR(err, ERR_MEMORY, "no memory to compress Parquet pages");
        return NULL;
    }
    /* Page sizes are 32-bit signed in the format. */
    buf_init(&workspace->page, INT32_MAX);
    buf_init(&workspace->compressed, INT32_MAX);
    return workspace;
}

struct buf *codec_page_buffer(struct err *err)
{
    struct workspace *workspace = workspace_get(err);
    if (!workspace)
        return NULL;
    buf_reset(&workspace->page);
    return &workspace->page;
}

static bool reserve(struct buf *out, size_t n, struct err *err)
{
    buf_reset(out);
    buf_reserve(out, n);
    return buf_ok(out, "a compressed Parquet page", err);
}

static bool compress_zstd(struct workspace *workspace, int level, struct str body, struct err *err)
{
    struct buf *out = &workspace->compressed;
    if (!workspace->zstd && !(workspace->zstd = ZSTD_createCCtx()))
        return ERR(err, ERR_MEMORY, "no memory for a zstd context");
    if (!reserve(out, ZSTD_compressBound(body.n), err))
        return false;
    size_t n = ZSTD_compressCCtx(workspace->zstd, out->p, out->capacity, body.p, body.n, level ? level : 1);
    if (ZSTD_isError(n))
        return ERR(err, ERR_MEMORY, "zstd: %s", ZSTD_getErrorName(n));
    out->n = n;
    return true;
}

static bool compress_snappy(struct workspace *workspace, struct str body, struct err *err)
{
    struct buf *out = &workspace->compressed;
    if (!libsnappy_load(err) || !reserve(out, libsnappy.max_compressed_length(body.n), err))
        return false;
    size_t n = out->capacity;
    if (libsnappy.compress(body.p, body.n, out->p, &n) != SNAPPY_OK)
        return ERR(err, ERR_BUG, "snappy could not compress a page of %zu bytes", body.n);
    out->n = n;
    return true;
}

static bool gzip_setup(struct workspace *workspace, int level, struct err *err)
{
    const int gzip_window = 15 + 16; /* the largest window, and 16 for a gzip header: the format asks for RFC 1952 */
    if (workspace->gzip_level == level)
        return deflateReset(&workspace->gzip) == Z_OK || ERR(err, ERR_BUG, "gzip could not be started again");
    if (workspace->gzip_level)
        deflateEnd(&workspace->gzip);
    workspace->gzip = (z_stream){0};
    workspace->gzip_level = 0;
    if (deflateInit2(&workspace->gzip, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return ERR(err, ERR_MEMORY, "gzip could not be set up at level %d", level);
    workspace->gzip_level = level;
    return true;
}

static bool compress_gzip(struct workspace *workspace, int level, struct str body, struct err *err)
{
    struct buf *out = &workspace->compressed;
    z_stream *gzip = &workspace->gzip;
    if (!gzip_setup(workspace, level ? level : 6, err) || !reserve(out, deflateBound(gzip, body.n), err))
        return false;
    gzip->next_in = (Bytef *)(uintptr_t)body.p;
    gzip->avail_in = (uInt)body.n;
    gzip->next_out = (Bytef *)out->p;
    gzip->avail_out = (uInt)out->capacity;
    if (deflate(gzip, Z_FINISH) != Z_STREAM_END)
        return ERR(err, ERR_BUG, "gzip could not compress a page of %zu bytes", body.n);
    out->n = gzip->total_out;
    return true;
}

bool codec_compress(enum parquet_codec codec, int level, struct str body, struct str *out, struct err *err)
{
    *out = body;
    if (codec == PARQUET_UNCOMPRESSED)
        return true;
    struct workspace *workspace = workspace_get(err);
    if (!workspace)
        return false;
    bool ok = codec == PARQUET_ZSTD     ? compress_zstd(workspace, level, body, err)
              : codec == PARQUET_SNAPPY ? compress_snappy(workspace, body, err)
                                        : compress_gzip(workspace, level, body, err);
    if (ok)
        *out = buf_str(&workspace->compressed);
    return ok;
}

/* ---- and back ---- */

static bool decompress_zstd(struct workspace *workspace, struct str body, void *out, size_t n, struct err *err)
{
    if (!workspace->unzstd && !(workspace->unzstd = ZSTD_createDCtx()))
        return ERR(err, ERR_MEMORY, "no memory for a zstd context");
    size_t got = ZSTD_decompressDCtx(workspace->unzstd, out, n, body.p, body.n);
    if (ZSTD_isError(got))
        return ERR(err, ERR_CORRUPT, "zstd: %s", ZSTD_getErrorName(got));
    return got == n || ERR(err, ERR_CORRUPT, "zstd gives %zu bytes instead of %zu", got, n);
}

static bool decompress_snappy(struct str body, void *out, size_t n, struct err *err)
{
    size_t stated;
    if (!libsnappy_load(err))
        return false;
    if (libsnappy.uncompressed_length(body.p, body.n, &stated) != SNAPPY_OK || stated != n ||
        libsnappy.uncompress(body.p, body.n, out, &stated) != SNAPPY_OK)
        return ERR(err, ERR_CORRUPT, "snappy does not give %zu bytes", n);
    return true;
}

static bool decompress_gzip(struct str body, void *out, size_t n, struct err *err)
{
    const int any_window = 15 + 32; /* 32: a gzip or a zlib header, as both are met */
    z_stream gzip = {
        .next_in = (Bytef *)(uintptr_t)body.p, .avail_in = (uInt)body.n, .next_out = out, .avail_out = (uInt)n};
    if (inflateInit2(&gzip, any_window) != Z_OK)
        return ERR(err, ERR_MEMORY, "no memory for gzip");
    int code = inflate(&gzip, Z_FINISH);
    bool ok = code == Z_STREAM_END && gzip.total_out == n;
    inflateEnd(&gzip);
    return ok || ERR(err, ERR_CORRUPT, "gzip does not give %zu bytes", n);
}

bool codec_decompress(enum parquet_codec codec, struct str body, void *out, size_t n, struct err *err)
{
    if (codec == PARQUET_SNAPPY)
        return decompress_snappy(body, out, n, err);
    if (codec == PARQUET_GZIP)
        return decompress_gzip(body, out, n, err);
    if (codec == PARQUET_ZSTD) {
        struct workspace *workspace = workspace_get(err);
        return workspace && decompress_zstd(workspace, body, out, n, err);
    }
    if (body.n != n)
        return ERR(err, ERR_CORRUPT, "%zu bytes instead of %zu", body.n, n);
    memcpy(out, body.p, n);
    return true;
}
