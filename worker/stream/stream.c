#include "worker/stream/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEP_BYTES = 64 * 1024 };

struct file_stream {
    struct stream stream;
    char *name;
    uint64_t at, end;
    int fd;
    struct stream_gate gate;
};

struct memory_stream {
    struct stream stream;
    struct str rest;
};

static bool file_read(struct stream *stream, void *p, size_t n, size_t *got, struct err *err)
{
    struct file_stream *file = (struct file_stream *)stream;
    ssize_t done;
    *got = 0;
    if (n > file->end - file->at)
        n = (size_t)(file->end - file->at);
    if (!n)
        return true;
    if (file->gate.pass && !file->gate.pass(file->gate.context, file->at + n, err))
        return false;
    do
        done = pread(file->fd, p, n, (off_t)file->at);
    while (done < 0 && errno == EINTR);
    if (done < 0)
        return ERR_ERRNO(err, "cannot read %s", file->name);
    /* It was longer when it was measured. */
    if (!done)
        return ERR(err, ERR_CHANGED, "%s was cut short while it was read: it ends at byte %llu of %llu", file->name,
            (unsigned long long)file->at, (unsigned long long)file->end);
    file->at += (uint64_t)done;
    *got = (size_t)done;
    return true;
}

static void file_close(struct stream *stream)
{
    struct file_stream *file = (struct file_stream *)stream;
    free(file->name);
    free(file);
}

struct stream *stream_file(int fd, const char *name, uint64_t length, struct err *err)
{
    struct file_stream *file = calloc(1, sizeof *file);
    char *copy = strdup(name);
    if (!file || !copy) {
        free(file);
        free(copy);
        ERR(err, ERR_MEMORY, "no memory to read %s", name);
        return NULL;
    }
    *file = (struct file_stream){
        .stream = {file_read, file_close}, .name = copy, .end = length > INT64_MAX ? INT64_MAX : length, .fd = fd};
    return &file->stream;
}

static bool memory_read(struct stream *stream, void *p, size_t n, size_t *got, struct err *err)
{
    struct memory_stream *memory = (struct memory_stream *)stream;
    (void)err;
    *got = n < memory->rest.n ? n : memory->rest.n;
    if (*got)
        memcpy(p, memory->rest.p, *got);
    memory->rest.p += *got;
    memory->rest.n -= *got;
    return true;
}

static void memory_close(struct stream *stream)
{
    free(stream);
}

struct stream *stream_memory(struct str bytes, struct err *err)
{
    struct memory_stream *memory = calloc(1, sizeof *memory);
    if (!memory) {
        ERR(err, ERR_MEMORY, "no memory for a stream");
        return NULL;
    }
    *memory = (struct memory_stream){{memory_read, memory_close}, bytes.p ? bytes : STR("")};
    return &memory->stream;
}

bool stream_read_full(struct stream *stream, void *p, size_t n, size_t *got, struct err *err)
{
    *got = 0;
    while (*got < n) {
        size_t step;
        if (!stream->read(stream, (char *)p + *got, n - *got, &step, err))
            return false;
        if (!step)
            break;
        *got += step;
    }
    return true;
}

bool stream_copy(
    struct stream *stream, uint64_t n, stream_sink_fn *sink, void *context, uint64_t *copied, struct err *err)
{
    char *step = malloc(STEP_BYTES);
    bool ok = step || ERR(err, ERR_MEMORY, "no memory to copy a stream");
    *copied = 0;
    while (ok && *copied < n) {
        uint64_t left = n - *copied;
        size_t got;
        ok = stream->read(stream, step, left < STEP_BYTES ? (size_t)left : STEP_BYTES, &got, err);
        if (!ok || !got)
            break;
        ok = sink(context, step, got, err);
        *copied += got;
    }
    free(step);
    return ok;
}

static bool forget(void *context, const void *p, size_t n, struct err *err)
{
    (void)context;
    (void)p;
    (void)n;
    (void)err;
    return true;
}

bool stream_skip(struct stream *stream, uint64_t n, uint64_t *skipped, struct err *err)
{
    /* A plain file needs no reading to get ahead. */
    if (stream->read == file_read) {
        struct file_stream *file = (struct file_stream *)stream;
        *skipped = n < file->end - file->at ? n : file->end - file->at;
        file->at += *skipped;
        return true;
    }
    return stream_copy(stream, n, forget, NULL, skipped, err);
}

enum compression compression_of(const void *head, size_t n)
{
    if (n >= 2 && memcmp(head, "\x1f\x8b", 2) == 0)
        return COMPRESSION_GZIP;
    if (n >= 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
        return COMPRESSION_ZSTD;
    /* Skippable frames may come first: 0x184D2A50 to 0x184D2A5F, little-endian. */
    if (n >= 4 && memcmp((const char *)head + 1, "\x2a\x4d\x18", 3) == 0 &&
        (*(const unsigned char *)head & 0xF0) == 0x50)
        return COMPRESSION_ZSTD;
    return COMPRESSION_NONE;
}

const char *compression_name(enum compression compression)
{
    static const char *const names[] = {"none", "gzip", "zstd"};
    return names[compression];
}

struct stream *stream_open_fd(int fd, const char *name, uint64_t length, struct stream_limits limits,
    enum compression *compression, struct err *err)
{
    return stream_open_gated(fd, name, length, (struct stream_gate){0}, limits, compression, err);
}

struct stream *stream_open_gated(int fd, const char *name, uint64_t length, struct stream_gate gate,
    struct stream_limits limits, enum compression *compression, struct err *err)
{
    unsigned char head[4];
    size_t got;
    struct stream *stream = stream_file(fd, name, length, err);
    if (!stream)
        return NULL;
    ((struct file_stream *)stream)->gate = gate;
    if (!stream_read_full(stream, head, sizeof head, &got, err)) {
        stream_close(stream);
        return NULL;
    }
    ((struct file_stream *)stream)->at = 0;
    *compression = compression_of(head, got);
    return *compression == COMPRESSION_NONE ? stream : stream_decompress(stream, *compression, limits, err);
}

void stream_close(struct stream *stream)
{
    if (stream)
        stream->close(stream);
}
