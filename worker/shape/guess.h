/* What a column's values have in common: narrowed value by value, settled once at the end. */
#ifndef WORKER_SHAPE_GUESS_H
#define WORKER_SHAPE_GUESS_H

#include "worker/value/value.h"

enum {
    GUESS_READINGS = 7,   /* ways to read a number */
    GUESS_SPELLINGS = 12, /* of a boolean's words */
    GUESS_MASKS = 32,     /* different sets of fitting date forms */
    GUESS_TOKENS = 24,    /* words for "no value" */
};

/* Words that stand for no value: strong ones always, weak ones only among values of another type than text. */
struct guess_token {
    struct str text;
    bool weak;
};
extern const struct guess_token guess_tokens[GUESS_TOKENS];

/* All forms of dates and datetimes that are tried; the first is ISO. */
struct guess_forms {
    struct moment_format *list;
    uint32_t count; /* at most 128 */
};
bool guess_forms_init(struct guess_forms *forms, struct arena *arena, struct err *err) MUST_CHECK;

struct guess {
    uint64_t values; /* that are neither empty nor a token */
    bool token_seen[GUESS_TOKENS];
    bool empty_seen;
    /* numbers */
    unsigned readings; /* still possible, a bit each */
    uint32_t whole[GUESS_READINGS], fraction[GUESS_READINGS];
    bool zeros, long_integer, currency, percent, parentheses, trailing_minus, exponent;
    /* booleans */
    bool boolean;
    unsigned pairs; /* still possible */
    struct str spellings[GUESS_SPELLINGS];
    bool spelling_true[GUESS_SPELLINGS];
    uint32_t spelling_count;
    /* dates and times */
    bool moment, clock, colon;
    uint128 active, masks[GUESS_MASKS];
    uint32_t mask_count;
};

void guess_init(struct guess *guess);
bool guess_add(struct guess *guess, const struct guess_forms *forms, struct str text, struct arena *arena,
    struct err *err) MUST_CHECK;

struct guess_result {
    enum type_kind kind;
    bool missing;       /* some rows have no value */
    const char *remark; /* why it is so, or NULL; static or arena */
    struct value_format format;
    bool is_float;
    uint8_t precision, scale; /* decimal; precision 0: the default */
    const struct moment_format *moments[8];
    uint32_t moment_count;
};
bool guess_settle(const struct guess *guess, const struct guess_forms *forms, struct guess_result *result,
    struct arena *arena, struct err *err) MUST_CHECK;

/* The parts behind it. */
void guess_number_add(struct guess *guess, struct str text);
bool guess_number_settle(const struct guess *guess, struct guess_result *result);
void guess_moment_add(struct guess *guess, const struct guess_forms *forms, struct str text);
bool guess_moment_settle(const struct guess *guess, const struct guess_forms *forms, struct guess_result *result);

#endif
