/*
 * Numbers about this process's work: CloudWatch's Embedded Metric Format, a JSON line on standard error for each run
 * that ended and each dataset's waiting files; and a text file for Prometheus, replaced as a whole. docs/metrics.md has
 * the names.
 */
#ifndef WORKER_NOTIFY_METRICS_H
#define WORKER_NOTIFY_METRICS_H

#include "worker/journal/journal.h"

struct metrics;

/* What it points to outlives it. */
struct metrics_options {
    bool emf;
    const char *file; /* NULL: none */
    const char *environment;
    struct str owner; /* whose runs count */
};

/* NULL: nothing is wanted (*wanted false), or memory is out. */
struct metrics *metrics_new(const struct metrics_options *options, bool *wanted);
void metrics_free(struct metrics *metrics); /* may be NULL, here and below */
/* What has ended since the last time; once a minute what waits, even when nothing has. A failure is logged. */
void metrics_report(struct metrics *metrics, struct journal *journal);

#endif
