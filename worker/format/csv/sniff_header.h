/* Which lines are titles, which the header, and what the columns below look like. */
#ifndef WORKER_FORMAT_CSV_SNIFF_HEADER_H
#define WORKER_FORMAT_CSV_SNIFF_HEADER_H

#include "worker/format/csv/sniff_dialect.h"

struct sniff_header {
    struct str *labels;   /* NULL: no header */
    size_t count;         /* labels, blank ones added up to width */
    size_t found;         /* labels that stand there */
    size_t width;         /* columns a record is fitted to */
    int rows;             /* lines of header, 0: none */
    uint64_t line;        /* physical, 1-based, of its first line */
    size_t offset, end;   /* in the text: its first byte, and behind its last line */
    size_t data;          /* offset of the first data record … */
    uint64_t data_line;   /* … and its line */
    size_t titles;        /* lines above it that are neither header nor data, blank ones included */
    size_t typed;         /* columns whose cells are numbers, dates, … */
    uint8_t *kinds;       /* enum kind a column, width of them: KIND_TEXT where they differ */
    bool by_expected;     /* found by the labels the contract expects */
    bool other_delimiter; /* the header's line is delimited differently from the records */
    size_t blank_dropped; /* blank labels left out because the records have no cell for them */
    bool forgiving;       /* in */
};

/* given: header_rows and header_line may be fixed. False: out of memory. */
bool sniff_header_find(struct str text, const struct sniff_trial *trial, const struct dialect *given,
    const struct sniff_labels *labels, struct sniff_header *header, struct arena *arena) MUST_CHECK;

#endif
