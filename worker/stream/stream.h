/*
 * Byte streams, read once from front to back: a file, its decompressor. A stream is one thread's.
 */
#ifndef WORKER_STREAM_STREAM_H
#define WORKER_STREAM_STREAM_H

#include "shared/err.h"
#include "shared/str.h"

#include <stddef.h>
#include <stdint.h>

struct stream {
    /* Up to n bytes into p, *got 0 only at the end. */
    bool (*read)(struct stream *stream, void *p, size_t n, size_t *got, struct err *err);
    void (*close)(struct stream *stream); /* frees it and what it reads from */
};

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

/* What an expansion may do before it is called a bomb: both must be passed. */
struct stream_limits {
    uint64_t max_bytes; /* 0: none */
    uint32_t max_ratio; /* out / in, judged from 64 MiB out on; 0: none */
};

/* Reads fd by pread from offset 0; does not close fd. length: where it ends (bytes that come later are not seen). */
struct stream *stream_file(int fd, const char *name, uint64_t length, struct err *err);
/* A file that is still being filled: pass() waits until the bytes before upto can be read. */
struct stream_gate {
    bool (*pass)(void *context, uint64_t upto, struct err *err);
    void *context;
};
/* Reads bytes that stay the caller's. */
struct stream *stream_memory(struct str bytes, struct err *err);
/* Takes inner over, also on failure. gzip: all members; zstd: all frames. A truncated or corrupt body is
 * ERR_FILE "compression-error", a bomb ERR_FILE "compression-bomb". */
struct stream *stream_decompress(
    struct stream *inner, enum compression compression, struct stream_limits limits, struct err *err);
/* By magic bytes, never by name. */
enum compression compression_of(const void *head, size_t n);
const char *compression_name(enum compression compression);

/* Reads until n bytes or the end. */
bool stream_read_full(struct stream *stream, void *p, size_t n, size_t *got, struct err *err) MUST_CHECK;
/* The three steps for a file: looks at its magic, decompresses where needed. */
struct stream *stream_open_fd(int fd, const char *name, uint64_t length, struct stream_limits limits,
    enum compression *compression, struct err *err);
/* The same of a file that is still being filled. */
struct stream *stream_open_gated(int fd, const char *name, uint64_t length, struct stream_gate gate,
    struct stream_limits limits, enum compression *compression, struct err *err);
/* Reads n bytes and forgets them; *skipped < n only at the end. */
bool stream_skip(struct stream *stream, uint64_t n, uint64_t *skipped, struct err *err) MUST_CHECK;
/* Takes bytes as they come; false with err set ends the copy. */
typedef bool stream_sink_fn(void *context, const void *p, size_t n, struct err *err);
/* Hands the next n bytes to sink; *copied < n only at the end. UINT64_MAX: all there is. */
bool stream_copy(struct stream *stream, uint64_t n, stream_sink_fn *sink, void *context, uint64_t *copied,
    struct err *err) MUST_CHECK;
/* stream may be NULL. */
void stream_close(struct stream *stream);

#endif
