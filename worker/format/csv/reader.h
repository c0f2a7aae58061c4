/*
 * Records of a CSV stream as batches, in bounded memory. RFC 4180, and what real files do beyond it: a quote opens a
 * field only at its start; a stray quote does not swallow the file (a quoted field that would pass the limits is
 * re-read as a stray quote, its record gets unterminated-quote, and reading resumes at its next line).
 */
#ifndef WORKER_FORMAT_CSV_READER_H
#define WORKER_FORMAT_CSV_READER_H

#include "worker/batch/batch.h"
#include "worker/format/csv/transcode.h"
#include "worker/stream/stream.h"

/* A piece of the input with its own start: a range of the stream, or bytes that stand in for one (a patch). Whole file:
 * one segment from first_data_offset with length UINT64_MAX. Ordered by offset, not overlapping. */
struct segment {
    uint64_t offset;    /* in the decompressed original */
    uint64_t length;    /* UINT64_MAX: to the end */
    uint64_t first_row; /* row number and physical line of its first record */
    uint64_t first_line;
    struct str patch; /* .p not NULL: these bytes (in the original's encoding) are read in its place */
};

struct reader_options {
    const struct dialect *dialect; /* resolved */
    uint32_t width;                /* columns of the header: batch.width */
    uint32_t blank_tail; /* of these, trailing ones without a label: may be absent, a value there is extra-cell */
    bool reject_blank;   /* blankRows: reject */
    bool forgiving;      /* sluiced read: no row is rejected, cells fitted to the width */
    uint32_t max_rows;   /* records a batch; 0: READER_BATCH_ROWS */
    size_t chunk_bytes;  /* 0: READER_CHUNK_BYTES */
};

enum { READER_BATCH_ROWS = 32768, READER_CHUNK_BYTES = 512 * 1024 };

enum reader_result { READER_BATCH, READER_END, READER_FAILED };

struct reader;

/* stream is borrowed and must outlive the reader. segments are copied. */
struct reader *reader_open(struct stream *stream, const struct segment *segments, size_t segment_count,
    const struct reader_options *options, struct err *err);
/*
 * Resets batch and fills text, rows, cells, marks, n, width, first_row, sequence. Parse errors (missing-cell,
 * extra-cell, blank-row, unterminated-quote, row-too-long, null-byte) are in batch.errors, blank rows marked. Cells are
 * not checked for UTF-8: convert does that. Physical lines count LF, CRLF and lone CR, inside quotes too.
 */
enum reader_result reader_next(struct reader *reader, struct batch *batch, struct err *err) MUST_CHECK;
/* Bytes of the original taken so far, and physical lines. */
uint64_t reader_bytes(const struct reader *reader);
void reader_close(struct reader *reader);

#endif
