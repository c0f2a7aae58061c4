/*
 * What is this file? Encoding, dialect, title lines, header, from its first bytes, with the reasons in words.
 */
#ifndef WORKER_FORMAT_CSV_SNIFF_H
#define WORKER_FORMAT_CSV_SNIFF_H

#include "worker/format/csv/dialect.h"

enum { SNIFF_SAMPLE_BYTES = 1024 * 1024 };

struct sniff {
    struct dialect dialect; /* resolved */
    struct str *labels;     /* the header's cells as they stand, UTF-8; NULL when header_rows is 0 */
    uint32_t width;         /* columns: of the header, else the records' usual count */
    uint64_t header_offset; /* where the header's first line begins in the original, and its length with line end(s) */
    uint64_t header_length;
    uint8_t *kinds;    /* enum kind (sniff_kind.h) of each column, width of them: what its cells look like */
    struct str *notes; /* sentences: "encoding windows-1252: byte 0x96 at offset 812 is not UTF-8", … */
    size_t note_count;
    double confidence;   /* 0-1, of the delimiter */
    const char *refused; /* forgiving only: the code a strict reader would have failed with; NULL: none … */
    struct str refusal;  /* … and the note that says why */
    bool binary;         /* forgiving only: no text at all, so nothing worth printing */
};

/*
 * given: what the contract fixes (unset members are detected); NULL: nothing. expected: labels and aliases the contract
 * knows, they pull the header's line and the delimiter; may be empty. whole: the sample is the whole file.
 * sample: decompressed bytes. Results live in arena.
 * ERR_FILE codes: empty-file, binary-file, format-error (looks like JSON, XML, HTML, Parquet, Excel, ZIP, PDF …:
 * named), encoding-error, header-error (labels are expected and no line looks like a header), too-many-columns.
 * forgiving (sluiced read): fails for empty-file and memory only, says in refused what a strict reader would have said;
 * width is the records' where they agree on more cells than there are labels. No header is invented where none was
 * found.
 */
struct sniff_request {
    struct str sample;
    bool whole;
    const struct dialect *given;
    const struct str *expected;
    size_t expected_count;
    bool forgiving;
};
bool sniff_csv(const struct sniff_request *request, struct sniff *out, struct arena *arena, struct err *err) MUST_CHECK;

#endif
