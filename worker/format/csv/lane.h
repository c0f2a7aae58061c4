/* The reader's inside: the batch being filled, and the two lanes that fill it. */
#ifndef WORKER_FORMAT_CSV_LANE_H
#define WORKER_FORMAT_CSV_LANE_H

#include "worker/format/csv/record.h"
#include "worker/format/csv/scan.h"
#include "worker/format/csv/source.h"

enum { LEAST_FILL = 256 }; /* bytes of room that are worth a read */

struct cursor {
    size_t at;       /* in the text */
    uint64_t offset; /* in the original */
    uint64_t line;
};

struct reader {
    struct reader_options options;
    struct grammar grammar;
    struct source source;
    struct batch *batch; /* while reader_next() runs */
    struct text text;
    size_t capacity; /* the text may grow to this in its buffer */
    struct cursor cursor;
    uint64_t row;       /* number of the next record */
    uint32_t row_limit; /* records a batch */
    uint32_t row_room;  /* rows, cells and marks there is memory for */
    uint32_t final_row; /* rows before this one cannot be read again: a too long one among them was cut short */
    bool segment_begun, in_comment;
    struct buf carry; /* text behind the last batch's records */
    size_t row_bytes; /* of an average record, lately; 0: not known */
    uint64_t sequence;
    bool fast;
    struct scanner scanner;
};

/* What is odd about a record. */
struct findings {
    uint32_t count;
    bool any;
    struct cell surplus;
    int32_t null_cell, unclosed_cell; /* -1: none */
    bool too_long;
};

enum lane_result { LANE_GO_ON, LANE_DRY, LANE_FULL, LANE_NO_ROOM, LANE_FAILED };

/* Appends to the text what there is room for. */
bool lane_fill(struct reader *reader, struct err *err) MUST_CHECK;
/* Memory for extra more rows. */
bool lane_reserve(struct reader *reader, uint32_t extra, struct err *err) MUST_CHECK;
/* Pads, marks and counts row batch->n, whose cells are there. */
bool lane_end_row(struct reader *reader, const struct findings *findings, struct err *err) MUST_CHECK;
/* Reads records as long as they are honest. */
enum lane_result lane_fast(struct reader *reader, struct err *err) MUST_CHECK;
/* Reads one record, empty line or comment. */
enum lane_result lane_careful(struct reader *reader, struct err *err) MUST_CHECK;
/* Original bytes of a piece of the text. */
static inline uint64_t lane_length(const struct reader *reader, size_t from, size_t to)
{
    if (reader->source.transcoder.passes)
        return to - from;
    return transcode_length(&reader->source.transcoder, (struct str){reader->text.p + from, to - from});
}

#endif
