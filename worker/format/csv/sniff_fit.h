/*
 * Fits a record that has more or fewer cells than the header to its width, for `sluiced read`: stray quotes, one
 * delimiter too many or too few, a record delimited unlike the others, an unquoted delimiter within a text. Cells keep
 * their text; what was done is counted. Contracts never use it: there such a record is rejected.
 */
#ifndef WORKER_FORMAT_CSV_SNIFF_FIT_H
#define WORKER_FORMAT_CSV_SNIFF_FIT_H

#include "worker/format/csv/sniff.h"
#include "worker/format/csv/sniff_split.h"

enum fit_repair {
    FIT_QUOTE,     /* a quote was taken as content */
    FIT_DELIMITER, /* the record is delimited unlike the others */
    FIT_MISSING,   /* a delimiter was missing beside a quote */
    FIT_WRAPPED,   /* the record stood in quotes as a whole */
    FIT_BLANK,     /* blank cells too many were left out */
    FIT_JOINED,    /* cells too many were joined to the text before them */
    FIT_PADDED,    /* cells too few: blank ones were added */
    FIT_REPAIRS
};

struct fit {
    struct split_rule rule;
    size_t width;
    const uint8_t *kinds;
    size_t limit; /* a surplus beyond this is joined without looking where */
    struct split split;
    struct str *cells; /* out: width of them */
    uint64_t repairs[FIT_REPAIRS];
    struct arena *arena; /* of the split; the caller resets scratch, not this */
};

/* dialect and kinds are borrowed. */
bool fit_init(
    struct fit *fit, const struct dialect *dialect, size_t width, const uint8_t *kinds, struct arena *arena) MUST_CHECK;
/*
 * The record at *at as width cells in fit->cells (into text or scratch); *at moves behind it. *got false at the end of
 * the text. False: out of memory.
 */
bool fit_next(struct fit *fit, struct str text, size_t *at, bool *got, struct arena *scratch) MUST_CHECK;
/* "a quote was taken as content" … */
const char *fit_repair_text(enum fit_repair repair);

#endif
