/* Decimals to another scale: round, trunc, floor, ceil, numeric(p, s). */
#include "worker/expr/decimal.h"

enum { MOST_DROPPED = 18 };

/* With power a constant of the caller the division becomes a multiplication. */
static inline __attribute__((always_inline)) void divide_64(
    const struct vec *arg, uint32_t n, int64_t power, int64_t *out)
{
    int64_t half = power / 2;
    for (uint32_t i = 0; i < n; i++) {
        int64_t value = arg->i64[i & arg->mask], quotient = value / power, rest = value % power;
        out[i] = quotient + (rest >= half) - (rest <= -half);
    }
}

static void round_64(const struct vec *arg, uint32_t n, int drop, int64_t *out)
{
    switch (drop) {
    case 1:
        divide_64(arg, n, 10, out);
        break;
    case 2:
        divide_64(arg, n, 100, out);
        break;
    case 3:
        divide_64(arg, n, 1000, out);
        break;
    case 4:
        divide_64(arg, n, 10000, out);
        break;
    case 5:
        divide_64(arg, n, 100000, out);
        break;
    case 6:
        divide_64(arg, n, 1000000, out);
        break;
    default:
        divide_64(arg, n, power_of_ten(drop), out);
    }
}

static bool scale_up_64(const struct vec *arg, uint32_t n, int64_t power, const struct vec *out)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool overflow = __builtin_mul_overflow(arg->i64[i & arg->mask], power, &out->i64[i]);
        bad |= overflow && vec_live(out, i);
    }
    return !bad;
}

static bool scale_up_128(const struct vec *arg, uint32_t n, int128 power, const struct vec *out)
{
    for (uint32_t i = 0; i < n; i++) {
        int128 value = arg->lane == LANE_64 ? arg->i64[i & arg->mask] : arg->i128[i & arg->mask];
        if (__builtin_mul_overflow(value, power, &out->i128[i]) && vec_live(out, i))
            return false;
    }
    return true;
}

static bool round_fast(struct run *run, const struct vec *arg, int scale, struct vec *out)
{
    int up = scale - arg->scale;
    if (arg->lane == LANE_64 && -up <= MOST_DROPPED && up <= MOST_DROPPED) {
        out->lane = LANE_64;
        if (!run_data(run, out))
            return true;
        if (up < 0) {
            round_64(arg, run->n, -up, out->i64);
            return true;
        }
        if (scale_up_64(arg, run->n, power_of_ten(up), out))
            return true;
    }
    if (arg->lane == LANE_NUMBER || up < 0 || up > 38)
        return false;
    out->lane = LANE_128;
    return !run_data(run, out) || scale_up_128(arg, run->n, power_of_ten_wide(up), out);
}

static void round_careful(struct run *run, const struct vec *arg, const struct vec *places, int scale,
    enum numeric_round how, struct vec *out)
{
    out->lane = LANE_NUMBER;
    if (!run_data(run, out))
        return;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        int64_t asked = places ? places->i64[i & places->mask] : scale;
        struct numeric value = decimal_at(arg, i);
        int digits = asked > 1000 ? 1000 : asked < -1000 ? -1000 : (int)asked;
        enum numeric_result result = numeric_rescale(&value, digits, how, &out->numeric[i]);
        if (result != NUMERIC_OK)
            decimal_fail(run, out, i, result);
    }
    if (!decimal_narrow(run, out))
        run->out_of_memory = true;
}

void decimal_round(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    const struct vec *places = node->arg_count > 1 ? &args[1] : NULL;
    bool fixed = out->kind == KIND_DEC && (!places || places->i64[0] >= 0);
    if (fixed && round_fast(run, args, out->scale, out))
        return;
    round_careful(run, args, fixed ? NULL : places, out->scale, NUMERIC_HALF_AWAY, out);
}

void decimal_trunc(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    round_careful(run, args, node->arg_count > 1 ? &args[1] : NULL, out->scale, NUMERIC_TRUNCATE, out);
}

void decimal_floor(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    round_careful(run, args, NULL, 0, NUMERIC_FLOOR, out);
}

void decimal_ceil(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    round_careful(run, args, NULL, 0, NUMERIC_CEIL, out);
}

/* To the node's own scale, or to numeric without one. */
void decimal_rescale(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    (void)node;
    if (out->kind == KIND_NUM) {
        struct vec wide = args[0];
        if (!decimal_widen(run, &wide, LANE_NUMBER))
            return;
        out->lane = LANE_NUMBER;
        out->numeric = wide.numeric;
        return;
    }
    if (!round_fast(run, args, out->scale, out))
        round_careful(run, args, NULL, out->scale, NUMERIC_HALF_AWAY, out);
}

void decimal_typmod(struct run *run, const struct node *node, const struct vec *args, struct vec *out)
{
    decimal_rescale(run, node, args, out);
    if (run->out_of_memory)
        return;
    struct numeric limit = numeric_of(power_of_ten_wide(node->precision), 0);
    int64_t narrow = node->precision <= MOST_DROPPED ? power_of_ten(node->precision) : INT64_MAX;
    for (uint32_t i = 0; i < run->n; i++) {
        if (!vec_live(out, i))
            continue;
        if (out->lane == LANE_64) {
            if (out->i64[i] >= narrow || out->i64[i] <= -narrow)
                run_fail(run, out, i, "numeric field overflow");
            continue;
        }
        struct numeric value = decimal_at(out, i);
        value.scale = 0;
        value.negative = false;
        if (numeric_compare(&value, &limit) >= 0)
            run_fail(run, out, i, "numeric field overflow");
    }
}
