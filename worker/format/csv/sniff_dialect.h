/*
 * Delimiter, quote and escape by trial: each candidate splits the sample, and the one whose records are equally wide
 * and whose cells look like something wins (after van den Burg, Nazabal, Sutton: Wrangling Messy CSV Files by Detecting
 * Row and Type Patterns, 2019).
 */
#ifndef WORKER_FORMAT_CSV_SNIFF_DIALECT_H
#define WORKER_FORMAT_CSV_SNIFF_DIALECT_H

#include "worker/format/csv/dialect.h"
#include "worker/format/csv/sniff_split.h"

struct sniff_trial {
    struct split_rule rule;
    double score;       /* 0-1 */
    double consistency; /* share of the records that have width cells */
    double quality;     /* how much the cells look like something, 0-1 */
    double typed;       /* share of the non-blank cells that are numbers, dates, … */
    double blank;       /* share of the cells that are blank */
    double spaced;      /* share of the cells but the first that begin with one space */
    size_t width;       /* the records' usual width */
    size_t records, quoted, stray;
};

/* given: NULL, or what the contract fixes. knows(label) tells labels the contract expects; NULL: none. */
struct sniff_labels;
bool sniff_dialect_find(struct str text, const struct dialect *given, const struct sniff_labels *labels,
    struct sniff_trial *best, struct arena *arena, struct err *err) MUST_CHECK;

/* Labels and aliases the contract knows, for comparing as people do: without case, anything but letters and digits
 * alike. */
struct sniff_labels {
    const struct str *labels;
    size_t count;
};
bool sniff_labels_know(const struct sniff_labels *labels, struct str cell);

#endif
