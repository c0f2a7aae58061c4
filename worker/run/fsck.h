/*
 * The balance sheet computed again from the outputs themselves: rows of the Parquet files' footers, lines of the reject
 * files, hashes, originals; held against the journal, whose chain of audit lines is checked too.
 */
#ifndef WORKER_RUN_FSCK_H
#define WORKER_RUN_FSCK_H

#include "worker/journal/journal.h"
#include "worker/pg/pg.h"
#include "worker/storage/storage.h"

struct fsck_options {
    int64_t since;   /* only runs that ended at or after it; 0: all */
    uint32_t sample; /* looks into one output in so many; 0 and 1: all. Missing ones are found anyway */
};

/* One dataset's line: what the outputs hold, and what the journal says was read. */
struct fsck_sheet {
    struct str dataset;
    uint64_t runs, delivered, good, rejected, duplicate, filtered;
    uint64_t found_good, found_rejects; /* counted in the outputs */
};

struct fsck_report {
    struct fsck_sheet *sheets;
    size_t sheet_count, sheet_capacity;
    struct str *differences; /* one sentence each */
    size_t difference_count, difference_capacity;
    uint64_t outputs, runs, unfinished;
    struct arena *arena;
};

/* false only for faults of the machine; differences are in the report, whose arena must be set. */
bool fsck(struct storage *storage, struct journal *journal, const struct fsck_options *options,
    struct fsck_report *report, struct err *err) MUST_CHECK;
/* The warehouse's tables too: rows of each run that stands, and of no other. Changes nothing there. */
bool fsck_warehouse(struct pg *pg, struct journal *journal, const struct fsck_options *options,
    struct fsck_report *report, struct err *err) MUST_CHECK;
/* Appends a difference. */
bool fsck_differ(struct fsck_report *report, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
