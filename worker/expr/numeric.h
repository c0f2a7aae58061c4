/*
 * A decimal of at most 256 bits (77 digits) with a scale of its own: the careful lane behind the int64 and int128 ones.
 * Scales and rounding follow PostgreSQL's numeric. Every operation is exact or says that it is not.
 */
#ifndef WORKER_EXPR_NUMERIC_H
#define WORKER_EXPR_NUMERIC_H

#include "shared/err.h"
#include "shared/str.h"
#include "worker/value/type.h"

/* What a row's error says then. */
#define NUMERIC_BEYOND "a number of more than 77 digits"
#define NUMERIC_UNCERTAIN "so large a number has decimals of unknown number here: wrap what is divided in round(x, n)"

enum { NUMERIC_WORDS = 4, NUMERIC_MAX_SCALE = 76, NUMERIC_TEXT_SIZE = 160 };

struct numeric {
    uint64_t w[NUMERIC_WORDS]; /* magnitude, least significant word first; value = magnitude / 10^scale */
    int32_t scale;             /* 0 … NUMERIC_MAX_SCALE */
    bool negative;             /* never for zero */
};

enum numeric_result { NUMERIC_OK, NUMERIC_OVERFLOW, NUMERIC_DIVISION_BY_ZERO };
enum numeric_round { NUMERIC_HALF_AWAY, NUMERIC_TRUNCATE, NUMERIC_FLOOR, NUMERIC_CEIL };

struct numeric numeric_of(int128 value, int scale);
/* The unscaled value; false when it needs more than 128 bits. */
bool numeric_unscaled(const struct numeric *a, int128 *out) MUST_CHECK;
bool numeric_is_zero(const struct numeric *a);
int numeric_compare(const struct numeric *a, const struct numeric *b);

enum numeric_result numeric_add(const struct numeric *a, const struct numeric *b, struct numeric *out);
enum numeric_result numeric_subtract(const struct numeric *a, const struct numeric *b, struct numeric *out);
enum numeric_result numeric_multiply(const struct numeric *a, const struct numeric *b, struct numeric *out);
/* To the scale PostgreSQL's select_div_scale() chooses: 16 significant digits, no less than the operands' scales. */
enum numeric_result numeric_divide(const struct numeric *a, const struct numeric *b, struct numeric *out);
/* a - trunc(a / b) * b, the sign of a. */
enum numeric_result numeric_modulo(const struct numeric *a, const struct numeric *b, struct numeric *out);
/* To exactly scale digits; a negative scale rounds to tens, hundreds … and gives scale 0. */
enum numeric_result numeric_rescale(const struct numeric *a, int scale, enum numeric_round how, struct numeric *out);

/* Digits with scale decimals, a NUL behind; returns the length. */
size_t numeric_print(const struct numeric *a, char out[NUMERIC_TEXT_SIZE]);

enum numeric_parsed { NUMERIC_PARSED, NUMERIC_NOT_A_NUMBER, NUMERIC_TOO_LARGE };
/* [sign] digits [. digits] [e exponent], nothing else. */
enum numeric_parsed numeric_parse(struct str text, struct numeric *out);

#endif
