/*
 * What a cell looks like, by its form alone: enough to tell a header from data and a right delimiter from a wrong one.
 * Types proper are worker/value's business.
 */
#ifndef WORKER_FORMAT_CSV_SNIFF_KIND_H
#define WORKER_FORMAT_CSV_SNIFF_KIND_H

#include "shared/str.h"

enum kind {
    KIND_BLANK,
    KIND_ABSENT, /* stands for no value: NULL, N/A, -, … */
    KIND_INTEGER,
    KIND_NUMBER, /* decimal or grouped, with a sign, currency sign, exponent or % */
    KIND_DATE,
    KIND_TIME,
    KIND_MOMENT,  /* date and time */
    KIND_ADDRESS, /* URL, e-mail */
    KIND_CODE,    /* one word with a digit in it: A-17, 12B */
    KIND_WORD,    /* one word without */
    KIND_TEXT,
    KIND_COUNT
};

enum kind kind_of(struct str cell);
/* Integer to moment, and addresses: forms that a label does not have. */
static inline bool kind_is_typed(enum kind kind)
{
    return kind >= KIND_INTEGER && kind <= KIND_ADDRESS;
}
static inline bool kind_is_numeric(enum kind kind)
{
    return kind == KIND_INTEGER || kind == KIND_NUMBER;
}
/* A number whose commas all group three digits: "1,234", "12,345.60". */
bool kind_is_grouped(struct str cell);

#endif
