/*
 * The structure of honest CSV: one pass over 64-byte blocks that finds the delimiters and line ends outside quotes.
 * After Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (quotes by prefix xor), with the check that RFC
 * 4180 adds: a quote opens a field only at its start and closes it only at its end.
 */
#ifndef WORKER_FORMAT_CSV_SCAN_H
#define WORKER_FORMAT_CSV_SCAN_H

#include "worker/format/csv/record.h"

enum { SCAN_WINDOW = 256 * 1024, SCAN_BLOCK = 64 };

struct scan_marks {
    char delimiter, quote;
    bool quotes; /* false: there is no quote character */
};

/* Where things are, relative to the window's start. */
struct scan_index {
    uint32_t *ends; /* delimiters and LF outside quotes, ascending */
    size_t count;
    uint64_t *quotes; /* a bit a byte */
    uint64_t *lines;  /* LF, inside quotes too */
    size_t good;      /* bytes scanned: the window, or up to the first block that is not honest */
};

/*
 * p[0] is outside quotes, at the start of a record. n bytes, of which the last may be anywhere; up to 63 bytes behind
 * them are read and ignored. A block with a stray quote, a CR without LF or a NUL byte ends the scan before it.
 */
typedef void scan_fn(const struct scan_marks *marks, const char *p, size_t n, struct scan_index *index);

scan_fn scan_scalar;
#if defined(__x86_64__)
scan_fn scan_avx2;
scan_fn scan_avx512;
#endif
/* The best this machine has; $SLUICE_SCAN (scalar, avx2, avx512) names another one, for tests. NULL for "careful":
 * every record by the careful machine. */
scan_fn *scan_best(void);

struct scanner {
    scan_fn *scan;
    struct scan_marks marks;
    struct scan_index index;
    size_t window; /* bytes index has room for */
};

/* Whether the dialect is one that the scan understands. */
bool scanner_suits(const struct grammar *grammar);
bool scanner_init(struct scanner *scanner, const struct grammar *grammar, struct err *err) MUST_CHECK;
/* Room for windows of n bytes. */
bool scanner_reserve(struct scanner *scanner, size_t n, struct err *err) MUST_CHECK;
void scanner_dispose(struct scanner *scanner);

#endif
