/* Where a reader's text comes from: segments of a stream or patches, through the transcoder. */
#ifndef WORKER_FORMAT_CSV_SOURCE_H
#define WORKER_FORMAT_CSV_SOURCE_H

#include "worker/format/csv/reader.h"
#include "worker/format/csv/transcode.h"

struct source {
    struct stream *stream;
    struct transcoder transcoder;
    struct segment *segments;
    size_t count, current;
    uint64_t stream_at; /* bytes of the stream taken */
    uint64_t taken;     /* bytes of the current segment taken */
    char *raw;          /* what is read before it is transcoded; NULL when that is not needed */
    bool ended;         /* the current segment has no more */
};

bool source_open(struct source *source, struct stream *stream, const struct segment *segments, size_t count,
    const struct dialect *dialect, struct err *err) MUST_CHECK;
void source_close(struct source *source);
/* Goes to the segment source->current names. */
bool source_begin(struct source *source, struct err *err) MUST_CHECK;
/* Appends text until room bytes are full (but for what a character may need) or source->ended. */
bool source_fill(struct source *source, char *out, size_t room, size_t *got, struct err *err) MUST_CHECK;

#endif
