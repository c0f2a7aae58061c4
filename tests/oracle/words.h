/* Random texts: of every kind of character, and of the forms that patterns, formats and conversions look for. */
#ifndef TESTS_ORACLE_WORDS_H
#define TESTS_ORACLE_WORDS_H

#include "shared/buf.h"
#include "tests/oracle/dice.h"

void words_text(struct dice *dice, struct buf *out);
void words_integer(struct dice *dice, struct buf *out);
/* At most digits digits, scale of them behind the point. */
void words_decimal(struct dice *dice, int digits, int scale, struct buf *out);
void words_double(struct dice *dice, struct buf *out);
void words_date(struct dice *dice, struct buf *out);
void words_time(struct dice *dice, struct buf *out);
void words_stamp(struct dice *dice, struct buf *out);
void words_interval(struct dice *dice, struct buf *out);
void words_like(struct dice *dice, struct buf *out);
void words_regex(struct dice *dice, int depth, struct buf *out);
void words_quoted(struct buf *out, struct str text);

#endif
