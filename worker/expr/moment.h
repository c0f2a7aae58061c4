/* Dates, times, timestamps and intervals from and to text. */
#ifndef WORKER_EXPR_MOMENT_H
#define WORKER_EXPR_MOMENT_H

#include "worker/expr/run.h"

#define MICROS_A_SECOND 1000000LL
#define MICROS_A_DAY 86400000000LL
#define EPOCH_2000 946684800000000LL
/* The least of PostgreSQL's timestamps, 4714-11-24 BC; ours end where 64 bits do, thirty years before its own. */
#define STAMP_BEYOND "a timestamp after the year 294246"
/* PostgreSQL 15 gives a wrong interval there. */
#define APART_BEYOND "timestamps of more than 292000 years apart"
#define STAMP_LEAST (-210866803200000000LL)
#define DATE_LEAST (-2440588LL)
#define DATE_END 2145042541LL /* exclusive */

/* NULL, or why not. */
const char *moment_parse(struct str text, enum kind kind, int64_t *out);
const char *interval_parse(struct str text, struct interval *out);
void moment_print(struct buf *out, enum kind kind, int64_t value);
void interval_print(struct buf *out, const struct interval *interval);

/* date_valid() for years before 1 too: the calendar repeats every 400 years. */
bool civil_valid(int64_t year, int month, int day);

static inline int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

#endif
