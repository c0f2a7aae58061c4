/*
 * SQL expressions with PostgreSQL 15's semantics, for derive, rules, filter and partition: parsed once to a typed
 * graph, evaluated on vectors with three-valued logic, printed again as PostgreSQL SQL. TimeZone UTC, identifiers
 * folded to lower case unless quoted. Types: string=text, integer=bigint, decimal=numeric (static scale), double=double
 * precision, boolean, date, time, timestamp=timestamptz; `timestamp` without zone and interval exist inside expressions
 * only. Kept apart from PostgreSQL on purpose: integer is computed in 64 bits everywhere (::integer checks its range),
 * text is ordered by bytes, numbers end at 77 digits, dates as text are ISO, regular
 * expressions and zones are constants (worker/expr/regex.h says which forms are refused), and AND, OR, CASE, COALESCE
 * compute an operand only for the rows that those to its left leave open.
 */
#ifndef WORKER_EXPR_EXPR_H
#define WORKER_EXPR_EXPR_H

#include "shared/arena.h"
#include "shared/buf.h"
#include "worker/batch/batch.h"

struct expr_name {
    struct str name; /* "unit_price", or "rates.rate" */
    struct type type;
};

struct expr_scope {
    const struct expr_name *names; /* the index is the slot */
    uint32_t count;
};

struct expr_fault {
    size_t offset; /* byte in the text where it went wrong */
    char message[200];
};

struct expr;

/*
 * NULL and fault when the text is not an expression over scope. Scale of a decimal result is static: + - max scale, *
 * sum of scales, / and functions without a static scale are "unscaled" and must be wrapped: expr_type() is then refused
 * with "wrap it in round(x, n)". The expression lives in arena, is immutable, and may be evaluated by many threads.
 * warnings (may be NULL): appended sentences, one a line, e.g. integer / integer.
 */
const struct expr *expr_parse(struct str text, const struct expr_scope *scope, struct arena *arena,
    struct expr_fault *fault, struct buf *warnings);
/* The type of a result that can be stored (no interval, no zoneless timestamp, no unscaled decimal); false: fault. */
bool expr_storable_type(const struct expr *expr, struct type *type, struct expr_fault *fault) MUST_CHECK;
bool expr_is_boolean(const struct expr *expr);
/* The slots it reads, ascending. */
const uint32_t *expr_slots(const struct expr *expr, uint32_t *count);

/* A row on which evaluation failed (division by zero, overflow, a bad cast): its result is VALUE_FAILED. */
struct expr_error {
    uint32_t row;
    const char *message; /* PostgreSQL's words: "division by zero", "bigint out of range" */
};

struct expr_errors {
    struct expr_error *list;
    size_t count, capacity;
};

/*
 * slots[i]: the vector of slot i (only those of expr_slots() are read; n values each). active: a byte a row, 0 rows are
 * left alone (result VALUE_FAILED without an error); NULL: all. A row with a VALUE_FAILED input gives VALUE_FAILED
 * without an error. out's memory and the error list are scratch's. false only for ERR_MEMORY.
 */
bool expr_eval(const struct expr *expr, const struct vector *const *slots, uint32_t n, const uint8_t *active,
    struct vector *out, struct expr_errors *errors, struct arena *scratch, struct err *err) MUST_CHECK;

/* As PostgreSQL SQL that gives the same values over columns of the slots' names. */
void expr_print_sql(const struct expr *expr, struct buf *out);

#endif
