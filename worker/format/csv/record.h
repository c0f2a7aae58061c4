/*
 * One record by the careful machine, which knows all that a dialect can say and all that a file can do wrong.
 * What it finds is left in place: cells point into the text. Only a cell with text behind its closing quote has to be
 * put together anew, in the room behind the text.
 */
#ifndef WORKER_FORMAT_CSV_RECORD_H
#define WORKER_FORMAT_CSV_RECORD_H

#include "worker/batch/batch.h"
#include "worker/format/csv/dialect.h"

struct grammar {
    char delimiter[4];
    size_t delimiter_n;
    int quote, escape, comment; /* bytes or DIALECT_NONE */
    bool skip_space;
    bool lone_cr; /* a CR without LF ends a record */
    size_t max_row;
};

void grammar_init(struct grammar *grammar, const struct dialect *dialect);
struct escapes grammar_escapes(const struct grammar *grammar);

struct text {
    char *p;
    size_t n;
    bool final;             /* nothing comes behind n */
    size_t tail, tail_end;  /* room for cells put together anew */
    uint64_t base;          /* where p[0] stands in the whole text of the segment */
    uint64_t doomed, until; /* a quoted field that is open at a line end in here is known never to close well */
};

enum record_result {
    RECORD_DONE,
    RECORD_MORE,     /* the text ends before the record does */
    RECORD_UNCLOSED, /* a quoted field never closes, or not well: record_line() reads the first line of it */
    RECORD_TOO_LONG, /* its first line is longer than max_row */
    RECORD_NO_ROOM,  /* the tail is full */
};

struct record {
    size_t start, end, next; /* in the text; end: of the content; next: behind the line end */
    struct cell *cells;      /* in: room for width */
    uint32_t width, count;   /* count may be larger */
    struct cell surplus;     /* the first cell beyond width */
    uint32_t lines;          /* physical lines up to next */
    bool any;                /* some cell has content */
    int32_t null_cell;       /* the first with a NUL byte, or -1 */
    int32_t unclosed_cell;   /* the first whose quote was taken as text, or -1 */
};

/* From record->start on. */
enum record_result record_read(const struct grammar *grammar, struct text *text, struct record *record);
/* The first physical line alone, quotes that do not close in it taken as text. Only RECORD_DONE or RECORD_NO_ROOM. */
enum record_result record_line(const struct grammar *grammar, struct text *text, struct record *record);
/* The length of the line end at p[at]: 0 (none), 1, 2; -1: the text ends before it can be told. */
int line_end_at(const struct grammar *grammar, const struct text *text, size_t at);
/* The first line end in [at, text.n); text.n when there is none. */
size_t line_end_find(const struct grammar *grammar, const struct text *text, size_t at);

#endif
