/*
 * The first records of a sample as cells with their kinds, and what stands in each column: what the search for the
 * header looks at.
 */
#ifndef WORKER_FORMAT_CSV_SNIFF_LOOK_H
#define WORKER_FORMAT_CSV_SNIFF_LOOK_H

#include "worker/format/csv/sniff_dialect.h"
#include "worker/format/csv/sniff_kind.h"

enum { LOOK_HEADER_ROWS = 5 }; /* a header has no more lines */

struct look_record {
    size_t offset, total;
    uint64_t line;
    size_t count, filled, lines;
    struct str *cells; /* min(count, DIALECT_MAX_COLUMNS) */
    uint8_t *kinds;
};

struct look_column {
    size_t filled, typed, years, kinds[KIND_COUNT];
};

struct look {
    const struct sniff_trial *trial;
    const struct sniff_labels *labels;
    struct str text;
    struct look_record *records;
    size_t n;
    size_t width, typical; /* cells of a usual record, and how many of them are filled */
    struct look_column *columns;
    size_t body; /* the first record that columns were made of */
    struct arena *arena;
};

/* Reads the first records of text. False: out of memory, as all of these. */
bool look_init(struct look *look, struct str text, const struct sniff_trial *trial, const struct sniff_labels *labels,
    struct arena *arena) MUST_CHECK;
/* The cells of a record just split. */
bool look_keep(
    struct look *look, const struct split_rule *rule, const struct split *split, struct look_record *record) MUST_CHECK;
/* Fills columns from the records at from and below. */
void look_at_columns(struct look *look, size_t from);
/* The same below a supposed header: further lines of words are left out, they may belong to it. */
void look_below(struct look *look, size_t header);
bool look_column_is_typed(const struct look_column *column);
size_t look_typed_columns(const struct look *look);
bool look_is_year(struct str cell);

#endif
