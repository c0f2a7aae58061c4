/*
 * PostgreSQL's regular expressions (AREs, as far as PCRE2 can match them alike) put into PCRE2's words: classes by the
 * letters of the C library, both cases of a letter written out, anchors and word ends as lookarounds. What the two read
 * differently (back references, \b, lookbehind, [. .], options …), and what PostgreSQL takes for a mistake, is refused.
 */
#ifndef WORKER_EXPR_REGEX_H
#define WORKER_EXPR_REGEX_H

#include "shared/buf.h"

struct regex_form {
    bool flat;         /* a row of single characters with quantifiers, groups side by side at most, no | */
    bool lazy, greedy; /* has quantifiers that prefer little, or much */
};

/* false: *why says what is not supported. fold: both cases match. out is for PCRE2_UTF | PCRE2_DOTALL. */
bool regex_translate(
    struct str pattern, bool fold, struct buf *out, struct regex_form *form, const char **why) MUST_CHECK;

#endif
