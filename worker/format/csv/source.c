#include "worker/format/csv/source.h"

#include <stdlib.h>

enum { RAW_BYTES = 256 * 1024, SMALL_READ = 4096 };

bool source_open(struct source *source, struct stream *stream, const struct segment *segments, size_t count,
    const struct dialect *dialect, struct err *err)
{
    *source = (struct source){.stream = stream, .count = count};
    if (!transcoder_init(&source->transcoder, dialect, err))
        return false;
    source->segments = calloc(count ? count : 1, sizeof *segments);
    if (!source->transcoder.passes)
        source->raw = malloc(RAW_BYTES);
    if (!source->segments || (!source->raw && !source->transcoder.passes))
        return ERR(err, ERR_MEMORY, "no memory to read %zu segments", count);
    if (count)
        memcpy(source->segments, segments, count * sizeof *segments);
    return true;
}

void source_close(struct source *source)
{
    free(source->segments);
    free(source->raw);
}

bool source_begin(struct source *source, struct err *err)
{
    const struct segment *segment = &source->segments[source->current];
    source->taken = 0;
    source->ended = false;
    transcode_restart(&source->transcoder);
    if (segment->patch.p)
        return true;
    if (segment->offset < source->stream_at)
        return ERR(err, ERR_BUG, "segment %zu lies before its predecessor's end", source->current);
    uint64_t skipped;
    if (!stream_skip(source->stream, segment->offset - source->stream_at, &skipped, err))
        return false;
    source->stream_at += skipped;
    source->ended = source->stream_at < segment->offset;
    return true;
}

static bool read_some(struct source *source, char *out, size_t n, size_t *got, struct err *err)
{
    const struct segment *segment = &source->segments[source->current];
    uint64_t length = segment->patch.p ? segment->patch.n : segment->length;
    *got = 0;
    if (n > length - source->taken)
        n = (size_t)(length - source->taken);
    if (segment->patch.p) {
        memcpy(out, segment->patch.p + source->taken, n);
        *got = n;
    } else if (n) {
        if (!stream_read_full(source->stream, out, n, got, err))
            return false;
        source->stream_at += *got;
    }
    source->taken += *got;
    source->ended = *got < n || source->taken == length;
    return true;
}

bool source_fill(struct source *source, char *out, size_t room, size_t *got, struct err *err)
{
    *got = 0;
    if (source->transcoder.passes)
        return source->ended || read_some(source, out, room, got, err);
    while (!source->ended) {
        size_t n = (room - *got) / TRANSCODE_GROWTH, step;
        if (n < 2 * sizeof source->transcoder.pending || (*got && n < SMALL_READ))
            break;
        n -= sizeof source->transcoder.pending;
        if (!read_some(source, source->raw, n < RAW_BYTES ? n : RAW_BYTES, &step, err))
            return false;
        *got += transcode(&source->transcoder, (struct str){source->raw, step}, source->ended, out + *got);
    }
    return true;
}
