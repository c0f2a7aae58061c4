/* bigint and double precision. */
#include <math.h>

#include "worker/expr/kernels.h"

static const char out_of_range[] = "bigint out of range";

enum operation { ADD, SUBTRACT, MULTIPLY };

static inline __attribute__((always_inline)) void each_int(
    struct run *run, const struct vec *args, struct vec *out, enum operation operation)
{
    uint32_t bad = 0;
    for (int pass = 0; pass < 2 && (pass == 0 || bad); pass++) {
        for (uint32_t i = 0; i < run->n; i++) {
            int64_t x = args[0].i64[i & args[0].mask], y = args[1].i64[i & args[1].mask];
            bool overflow = operation == ADD        ? __builtin_add_overflow(x, y, &out->i64[i])
                            : operation == SUBTRACT ? __builtin_sub_overflow(x, y, &out->i64[i])
                                                    : __builtin_mul_overflow(x, y, &out->i64[i]);
            if (pass == 0)
                bad |= overflow;
            else if (overflow && vec_live(out, i))
                run_fail(run, out, i, out_of_range);
        }
    }
}

void int_add(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_int(run, args, out, ADD);
}

void int_subtract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_int(run, args, out, SUBTRACT);
}

void int_multiply(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_int(run, args, out, MULTIPLY);
}

static void each_quotient(struct run *run, const struct vec *args, struct vec *out, bool rest)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t x = args[0].i64[i & args[0].mask], y = args[1].i64[i & args[1].mask];
        if (y == 0)
            run_fail(run, out, i, "division by zero");
        else if (y != -1)
            out->i64[i] = rest ? x % y : x / y;
        else if (rest)
            out->i64[i] = 0;
        else if (x == INT64_MIN)
            run_fail(run, out, i, out_of_range);
        else
            out->i64[i] = -x;
    }
}

void int_divide(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_quotient(run, args, out, false);
}

void int_modulo(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_quotient(run, args, out, true);
}

static void each_int_sign(struct run *run, const struct vec *arg, struct vec *out, bool absolute)
{
    for (uint32_t i = 0; i < run->n; i++) {
        int64_t x = arg->i64[i & arg->mask];
        if (x == INT64_MIN && vec_live(out, i))
            run_fail(run, out, i, out_of_range);
        out->i64[i] = absolute && x >= 0 ? x : (int64_t)(0 - (uint64_t)x);
    }
}

void int_negate(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_int_sign(run, args, out, false);
}

void int_abs(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_int_sign(run, args, out, true);
}

void same_value(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)run;
    (void)node;
    uint8_t *state = out->state;
    enum kind kind = out->kind;
    *out = args[0];
    out->kind = kind;
    out->state = state;
}

enum double_operation { DOUBLE_ADD, DOUBLE_SUBTRACT, DOUBLE_MULTIPLY, DOUBLE_DIVIDE, DOUBLE_POWER };

/* PostgreSQL's float8 checks: an infinity or a zero that the operands do not explain. */
static const char *double_fault(enum double_operation operation, double x, double y, double result)
{
    if (isinf(result) && !isinf(x) && !isinf(y))
        return "value out of range: overflow";
    bool product = operation == DOUBLE_MULTIPLY || operation == DOUBLE_DIVIDE || operation == DOUBLE_POWER;
    if (product && fpclassify(result) == FP_ZERO && fpclassify(x) != FP_ZERO &&
        (operation == DOUBLE_MULTIPLY ? fpclassify(y) != FP_ZERO : !isinf(y)) && !isinf(x))
        return "value out of range: underflow";
    return NULL;
}

static const char *power(double x, double y, double *result)
{
    if (fpclassify(x) == FP_ZERO && y < 0)
        return "zero raised to a negative power is undefined";
    if (x < 0 && !isnan(y) && floor(y) < y)
        return "a negative number raised to a non-integer power yields a complex result";
    *result = pow(x, y);
    return double_fault(DOUBLE_POWER, x, y, *result);
}

static const char *compute(enum double_operation operation, double x, double y, double *result)
{
    if (operation == DOUBLE_POWER)
        return power(x, y, result);
    if (operation == DOUBLE_DIVIDE && fpclassify(y) == FP_ZERO && !isnan(x))
        return "division by zero";
    *result = operation == DOUBLE_ADD        ? x + y
              : operation == DOUBLE_SUBTRACT ? x - y
              : operation == DOUBLE_MULTIPLY ? x * y
                                             : x / y;
    return double_fault(operation, x, y, *result);
}

static void each_double(struct run *run, const struct vec *args, struct vec *out, enum double_operation operation)
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        const char *why =
            compute(operation, args[0].f64[i & args[0].mask], args[1].f64[i & args[1].mask], &out->f64[i]);
        if (why)
            run_fail(run, out, i, why);
    }
}

void double_add(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_double(run, args, out, DOUBLE_ADD);
}

void double_subtract(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_double(run, args, out, DOUBLE_SUBTRACT);
}

void double_multiply(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_double(run, args, out, DOUBLE_MULTIPLY);
}

void double_divide(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_double(run, args, out, DOUBLE_DIVIDE);
}

void double_power(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    each_double(run, args, out, DOUBLE_POWER);
}

static void map_double(struct run *run, const struct vec *arg, struct vec *out, double (*map)(double))
{
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i))
            out->f64[i] = map(arg->f64[i & arg->mask]);
    }
}

static double minus(double x)
{
    return -x;
}

static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

void double_negate(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    map_double(run, args, out, minus);
}

void double_abs(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    map_double(run, args, out, fabs);
}

void double_sign(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    map_double(run, args, out, sign);
}

void double_round(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    map_double(run, args, out, rint);
}

void double_trunc(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    map_double(run, args, out, trunc);
}

void double_floor(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    map_double(run, args, out, floor);
}

void double_ceil(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    map_double(run, args, out, ceil);
}

void double_sqrt(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++) {
        if (vec_live(out, i) && args->f64[i & args->mask] < 0)
            run_fail(run, out, i, "cannot take square root of a negative number");
    }
    map_double(run, args, out, sqrt);
}
