/* Comparisons, tests, and what is chosen by comparing. */
#include <math.h>

#include "worker/expr/decimal.h"
#include "worker/expr/kernels.h"

static int64_t interval_span(const struct interval *interval, int64_t *micros)
{
    int64_t days = interval->micros / 86400000000 + interval->days + (int64_t)interval->months * 30;
    *micros = interval->micros % 86400000000;
    if (*micros < 0) {
        *micros += 86400000000;
        days--;
    }
    return days;
}

static int sign_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_interval(const struct interval *a, const struct interval *b)
{
    int64_t rest_a, rest_b, days_a = interval_span(a, &rest_a), days_b = interval_span(b, &rest_b);
    return days_a != days_b ? sign_of(days_a, days_b) : sign_of(rest_a, rest_b);
}

/* NaN equals itself and is larger than everything. */
static int compare_double(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int compare_at(const struct vec *a, const struct vec *b, uint32_t i)
{
    uint32_t x = i & a->mask, y = i & b->mask;
    switch (a->kind) {
    case KIND_BOOL:
        return a->u8[x] - b->u8[y];
    case KIND_TEXT:
    case KIND_UNKNOWN:
        return str_cmp(a->str[x], b->str[y]);
    case KIND_DOUBLE:
        return compare_double(a->f64[x], b->f64[y]);
    case KIND_INTERVAL:
        return compare_interval(&a->interval[x], &b->interval[y]);
    case KIND_DEC:
    case KIND_NUM: {
        struct numeric p = decimal_at(a, i), q = decimal_at(b, i);
        return numeric_compare(&p, &q);
    }
    default:
        return sign_of(a->i64[x], b->i64[y]);
    }
}

static bool in_64_bits(const struct vec *vec)
{
    switch (vec->kind) {
    case KIND_DEC:
        return vec->lane == LANE_64;
    case KIND_INT:
    case KIND_DATE:
    case KIND_TIME:
    case KIND_TS:
    case KIND_TSTZ:
        return true;
    default:
        return false;
    }
}

enum relation { EQUAL, UNEQUAL, LESS, LESS_EQUAL, MORE, MORE_EQUAL };

static inline __attribute__((always_inline)) bool holds(enum relation relation, int order)
{
    switch (relation) {
    case EQUAL:
        return order == 0;
    case UNEQUAL:
        return order != 0;
    case LESS:
        return order < 0;
    case LESS_EQUAL:
        return order <= 0;
    case MORE:
        return order > 0;
    default:
        return order >= 0;
    }
}

static inline __attribute__((always_inline)) void relate(
    const struct run *run, const struct vec *args, struct vec *out, enum relation relation)
{
    const struct vec *a = &args[0], *b = &args[1];
    if (in_64_bits(a) && in_64_bits(b) && a->scale == b->scale) {
        for (uint32_t i = 0; i < run->n; i++)
            out->u8[i] = holds(relation, sign_of(a->i64[i & a->mask], b->i64[i & b->mask]));
    } else if (a->kind == KIND_TEXT && (relation == EQUAL || relation == UNEQUAL)) {
        for (uint32_t i = 0; i < run->n; i++)
            out->u8[i] = vec_live(out, i) && str_eq(a->str[i & a->mask], b->str[i & b->mask]) == (relation == EQUAL);
    } else {
        for (uint32_t i = 0; i < run->n; i++)
            out->u8[i] = vec_live(out, i) && holds(relation, compare_at(a, b, i));
    }
}

void compare_equal(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    relate(run, args, out, EQUAL);
}

void compare_unequal(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    relate(run, args, out, UNEQUAL);
}

void compare_less(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    relate(run, args, out, LESS);
}

void compare_less_equal(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    relate(run, args, out, LESS_EQUAL);
}

void compare_more(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    relate(run, args, out, MORE);
}

void compare_more_equal(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    relate(run, args, out, MORE_EQUAL);
}

void bool_not(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    for (uint32_t i = 0; i < run->n; i++)
        out->u8[i] = !args->u8[i & args->mask];
}

/* For tests that look at NULL itself: failed rows stay failed, the rest has a value. */
static bool begin_test(struct run *run, const struct vec *args, uint32_t count, struct vec *out)
{
    if (!run_data(run, out))
        return false;
    for (uint32_t a = 0; a < count; a++) {
        for (uint32_t i = 0; args[a].state && i < run->n; i++) {
            if (vec_state(&args[a], i) != VALUE_FAILED)
                continue;
            run_null(run, out, i);
            if (run->out_of_memory)
                return false;
            out->state[i] = VALUE_FAILED;
        }
    }
    return true;
}

void test_null(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    if (!begin_test(run, args, 1, out))
        return;
    for (uint32_t i = 0; i < run->n; i++)
        out->u8[i] = vec_state(args, i) == VALUE_NULL;
}

static void test_boolean(struct run *run, const struct vec *args, struct vec *out, bool value)
{
    if (!begin_test(run, args, 1, out))
        return;
    for (uint32_t i = 0; i < run->n; i++)
        out->u8[i] = vec_live(args, i) && args->u8[i & args->mask] == value;
}

void test_true(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    test_boolean(run, args, out, true);
}

void test_false(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    test_boolean(run, args, out, false);
}

void test_distinct(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    if (!begin_test(run, args, 2, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        bool a = vec_live(&args[0], i), b = vec_live(&args[1], i);
        out->u8[i] = a != b || (a && vec_live(out, i) && compare_at(&args[0], &args[1], i) != 0);
    }
}

/* NULLs are passed over; NULL when there is nothing else. */
static void choose(struct run *run, const struct node *node, const struct vec *args, struct vec *out, int wanted)
{
    if (kind_is_decimal(out->kind))
        out->lane = LANE_NUMBER;
    if (!begin_test(run, args, node->arg_count, out))
        return;
    size_t size = kind_size(out->kind, out->lane);
    for (uint32_t i = 0; i < run->n; i++) {
        const struct vec *best = NULL;
        for (uint32_t a = 0; a < node->arg_count; a++) {
            if (vec_live(&args[a], i) && (!best || compare_at(&args[a], best, i) * wanted > 0))
                best = &args[a];
        }
        if (!vec_live(out, i))
            continue;
        if (!best)
            run_null(run, out, i);
        else if (kind_is_decimal(out->kind))
            out->numeric[i] = decimal_at(best, i);
        else
            memcpy((char *)out->data + i * size, (const char *)best->data + (i & best->mask) * size, size);
    }
    if (!decimal_narrow(run, out))
        run->out_of_memory = true;
}

void choose_greatest(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    choose(run, node, args, out, 1);
}

void choose_least(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    choose(run, node, args, out, -1);
}
