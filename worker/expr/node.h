/*
 * The typed graph of an expression, and the vectors its evaluation hands from node to node. A vector is a block of at
 * most RUN_BLOCK rows, or one scalar (mask 0) that stands for every row.
 */
#ifndef WORKER_EXPR_NODE_H
#define WORKER_EXPR_NODE_H

#include "worker/expr/expr.h"
#include "worker/expr/numeric.h"

enum kind {
    KIND_UNKNOWN, /* a string literal or NULL that has not met its type yet */
    KIND_BOOL,
    KIND_INT,
    KIND_DEC, /* numeric with a static scale */
    KIND_NUM, /* numeric whose scale is each value's own */
    KIND_DOUBLE,
    KIND_TEXT,
    KIND_DATE,
    KIND_TIME,
    KIND_TS,
    KIND_TSTZ,
    KIND_INTERVAL,
};

struct kind_type {
    enum kind kind;
    uint8_t scale; /* KIND_DEC */
    bool wide;     /* KIND_DEC: a part of it came from more than 18 digits */
    bool loose;    /* KIND_DEC: the value is exact, but PostgreSQL would carry another number of trailing zeros */
};

struct interval {
    int64_t micros;
    int32_t days, months;
};

/* Decimals lie in the narrowest lane that holds the whole block. */
enum lane { LANE_64, LANE_128, LANE_NUMBER };

struct vec {
    enum kind kind;
    enum lane lane; /* decimals only; LANE_NUMBER for KIND_NUM */
    int scale;      /* KIND_DEC */
    uint32_t mask;  /* index & mask: 0 for a scalar, all ones for a vector */
    uint8_t *state; /* enum value_state a row (a scalar: one); NULL: all present */
    union {
        void *data;
        int64_t *i64; /* integer, decimal, date, time, timestamp */
        int128 *i128;
        struct numeric *numeric;
        double *f64;
        uint8_t *u8;
        struct str *str;
        struct interval *interval;
    };
};

enum { RUN_BLOCK = 1024 };

struct node;
struct run;

/*
 * Computes out from args: mask, and for a strict function state, are set; for a strict function of a fixed type data is
 * allocated too. Rows are failed with run_fail(). Memory: run_alloc(), NULL ends the evaluation.
 */
typedef void kernel(struct run *run, const struct node *node, const struct vec *args, struct vec *out);

enum scale_rule {
    SCALE_NONE,
    SCALE_MAX,   /* both arguments brought to the larger scale, which is the result's */
    SCALE_SUM,   /* of the arguments' scales */
    SCALE_DIV,   /* each value's own, unless the divisor is a constant with the prime factors 2 and 5 only */
    SCALE_FIRST, /* the first argument's */
    SCALE_ZERO,
    SCALE_ASKED, /* the constant second argument */
    SCALE_ALIGN, /* both arguments brought to one scale; the result is no decimal */
    SCALE_FIELD, /* that of the field extract() names */
};

enum {
    FUNCTION_NULLS = 1,    /* not strict: sees its NULLs, allocates by itself */
    FUNCTION_SAFE = 2,     /* cannot fail */
    FUNCTION_OPERATOR = 4, /* not callable by name */
    FUNCTION_INT4 = 8,     /* PostgreSQL gives an integer of 32 bits: printed with ::bigint */
};

/*
 * One overload. args: a letter an argument: i bigint, n bigint passed on as integer, N numeric, d double, b boolean,
 * t text, c constant text, D date, m time, T timestamp, Z timestamptz, v interval; '*' behind the last letter: any
 * number more of it; 'a': anything, as text. result: one letter.
 */
struct preparation {
    uint32_t count;
    const struct node *const *args;
    struct arena *arena;
    struct expr_fault *fault;
    size_t offset;
    const void *out; /* becomes node.prepared */
};

struct function {
    const char *name, *args;
    char result;
    enum scale_rule scale;
    unsigned flags;
    kernel *run;
    const char *sql; /* how it is printed: $1 … the arguments, $! what was prepared (text); NULL: name($1, …) */
    bool (*prepare)(struct preparation *preparation); /* looks at constant arguments once; NULL: nothing to do */
};

enum form {
    FORM_CONST,
    FORM_SLOT,
    FORM_CALL,
    FORM_AND,
    FORM_OR,
    FORM_CASE, /* condition, value, …, else */
    FORM_COALESCE,
    FORM_LET,   /* the second argument, in which the first, computed once, stands for … */
    FORM_BOUND, /* … this */
};

struct node {
    enum form form;
    struct kind_type type;
    bool can_fail;
    bool literal; /* FORM_CONST written as an untyped string: its text, and kind KIND_UNKNOWN */
    size_t offset;
    uint32_t arg_count;
    const struct node **args;
    const struct node *let; /* FORM_BOUND: its FORM_LET */
    const struct function *function;
    uint32_t slot;
    struct str name;      /* FORM_SLOT */
    struct vec value;     /* FORM_CONST: a scalar */
    int64_t factor;       /* division by a constant: multiplied by this instead … */
    int64_t limit;        /* … where the unscaled dividend stays below this */
    int precision;        /* cast to numeric(p, s): p; 0: none */
    const void *prepared; /* what prepare() made of constant arguments: a compiled pattern, a zone, a unit */
};

static inline bool kind_is_decimal(enum kind kind)
{
    return kind == KIND_DEC || kind == KIND_NUM;
}

const char *kind_name(enum kind kind);
void node_print(const struct node *node, struct buf *out);
size_t kind_size(enum kind kind, enum lane lane);

#endif
