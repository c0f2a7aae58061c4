/*
 * Records of a text under a guessed dialect: the splitter that detection scores with and `sluiced read` repairs with.
 * It works on UTF-8 in memory, one record a call; the data path has its own (reader.h). A quote opens a cell only at
 * its start, and closes it only before a delimiter, a line end or the end.
 */
#ifndef WORKER_FORMAT_CSV_SNIFF_SPLIT_H
#define WORKER_FORMAT_CSV_SNIFF_SPLIT_H

#include "shared/arena.h"

#include <stdint.h>

struct split_rule {
    struct str delimiter; /* empty: one column */
    int quote;            /* a byte, or DIALECT_NONE */
    int escape;           /* equal to quote: doubled; another byte; or DIALECT_NONE */
    bool skip_space;      /* spaces after a delimiter are not content */
    int comment;          /* lines that begin with this byte are no records; DIALECT_NONE: none do */
    uint32_t max_cells;   /* cells beyond are counted, not kept; 0: none is kept */
};

struct split_cell {
    struct str raw; /* content without its quotes, escapes not resolved */
    bool quoted;
    bool escaped; /* holds escapes: split_text() resolves them */
};

struct split {
    struct split_cell *cells; /* min(count, max_cells) */
    size_t capacity;
    size_t count;
    size_t stray;      /* quotes inside quoted cells that neither close nor escape */
    bool open;         /* a quoted cell ran into the end of the text */
    size_t lines;      /* physical lines it spans */
    size_t length;     /* bytes without the line end … */
    size_t total;      /* … and with it; 0 only at the end of the text */
    const char *end;   /* of its content */
    const char *plain; /* in: this opening quote is content; NULL: none */
};

/* Moves *at over comment lines; how many they were. */
size_t split_comments(const struct split_rule *rule, struct str text, size_t *at);
/* The record at from. False when memory is out; at the end of the text total is 0. */
bool split_next(
    const struct split_rule *rule, struct str text, size_t from, struct split *split, struct arena *arena) MUST_CHECK;
/*
 * The same, but a record that has not width cells is read again with one quote taken as content, then without escapes:
 * the first reading that has width cells stands. *repaired says whether it was needed.
 */
bool split_fitting(const struct split_rule *rule, struct str text, size_t from, size_t width, struct split *split,
    bool *repaired, struct arena *arena) MUST_CHECK;
/* The cell's content, escapes resolved. .p NULL: memory is out. */
struct str split_text(const struct split_rule *rule, const struct split_cell *cell, struct arena *arena);

#endif
